import { listDocumentsOf, sizeIn } from '#contracts/documents'
import type { PassportStatus } from '#contracts/passports'
import {
  anyone,
  html,
  languageOf,
  mayRead,
  sendPage,
  type Html,
  type Language,
  type Reply,
  type Request,
  type Texts,
} from '#kernel'
import { noteWhole } from './audiences/log.ts'
import { searchable, type Searchable } from './columns.ts'
import type { PassportsHost } from './host.ts'
import type { Passport } from './passports.ts'
import { findPassport, findPublished } from './store.ts'
import { One } from './view.ts'

const en = {
  title: (identifier: string) => `Battery passport ${identifier}`,
  facts: {
    identifier: 'Identifier',
    model: 'Model',
    category: 'Category',
    chemistry: 'Chemistry',
    massKg: 'Mass (kg)',
    manufacturedOn: 'Manufactured on',
    status: 'Status',
    version: 'Version',
  },
  statuses: { draft: 'Draft', published: 'Published', archived: 'Archived' },
  documents: 'Documents',
  noDocuments: 'It has no documents.',
  documentsAway: 'The documents cannot be listed at the moment. Open the page again in a while.',
  data: 'Content',
  empty: 'none',
  more: 'Sign in to see what else is open to you.',
  signIn: 'Sign in',
  unknown: {
    title: 'There is no such passport',
    text: 'It is not there, or it is not shared with you. You may be signed in as somebody else.',
  },
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: identifier => `Batteriepass ${identifier}`,
    facts: {
      identifier: 'Kennung',
      model: 'Modell',
      category: 'Kategorie',
      chemistry: 'Zellchemie',
      massKg: 'Masse (kg)',
      manufacturedOn: 'Hergestellt am',
      status: 'Status',
      version: 'Version',
    },
    statuses: { draft: 'Entwurf', published: 'Veröffentlicht', archived: 'Archiviert' },
    documents: 'Dokumente',
    noDocuments: 'Er hat keine Dokumente.',
    documentsAway: 'Die Dokumente können gerade nicht gezeigt werden. Öffnen Sie die Seite später noch einmal.',
    data: 'Inhalt',
    empty: 'nichts',
    more: 'Melden Sie sich an, um zu sehen, was Ihnen sonst offensteht.',
    signIn: 'Anmelden',
    unknown: {
      title: 'Diesen Pass gibt es nicht',
      text: 'Er ist nicht da, oder er ist nicht mit Ihnen geteilt. Vielleicht sind Sie als jemand anderes angemeldet.',
    },
    home: 'Zur Startseite',
  },
}

/** The page that links in mails open: whole for whoever may read the passport, its public part for all once published. */
export function pages({ site, db, ask, log, now }: PassportsHost): void {
  site.get(
    '/passports/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of a passport',
        description: 'Whole for who may read it, by cookie; for others its public part, once it is published.',
        params: One,
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { visitor, params } = request
      const found = visitor && (await findPassport(db, params.id, visitor, undefined, now()))
      if (visitor && found && mayRead(visitor, found)) {
        await noteWhole(db, found, visitor, 'GET /passports/:id', now())
        const listed = await ask(listDocumentsOf, { passportId: found.id }).catch((error: unknown) => {
          log.warn({ err: error }, 'the documents of a passport cannot be listed')
          return undefined
        })
        return whole(request, reply, found, listed?.documents)
      }
      const published = await findPublished(db, params.id)
      if (published) return publicPart(request, reply, published)
      return visitor ? unknown(request, reply) : reply.redirect(signInTo(params.id), 303)
    },
  )
}

const signInTo = (id: string): string => `/api/auth/sign-in?return=${encodeURIComponent(`/passports/${id}`)}`

function whole(request: Request, reply: Reply, passport: Passport, documents: DocumentLine[] | undefined): Reply {
  const language = languageOf(request)
  const { data, empty, home, ...words } = texts[language]
  const facts = searchable(passport.data)
  return sendPage(reply.header('cache-control', 'private, no-store'), 200, {
    language,
    title: words.title(facts.identifier ?? passport.id),
    body: html`${factList(language, passport, facts)}
      <h2>${words.documents}</h2>
      ${documentList(language, documents)}
      <h2>${data}</h2>
      ${tree(passport.data, empty)}`,
    onward: [{ to: '/', text: home }],
  })
}

/** What Annex XIII (1) opens to everybody, as far as it stands in columns. */
function publicPart(request: Request, reply: Reply, passport: Passport): Reply {
  const language = languageOf(request)
  const { title, more, signIn, home } = texts[language]
  const facts = searchable(passport.data)
  return sendPage(reply.header('cache-control', 'no-cache').header('vary', 'cookie, authorization'), 200, {
    language,
    title: title(facts.identifier ?? passport.id),
    // The number of its version would tell of changes that nobody else may know of.
    body: html`${factList(language, { ...passport, version: null }, facts)}
      <p>${more}</p>`,
    onward: [
      { to: signInTo(passport.id), text: signIn },
      { to: '/', text: home },
    ],
  })
}

function unknown(request: Request, reply: Reply): Reply {
  const language = languageOf(request)
  const { unknown: told, home, signIn } = texts[language]
  return sendPage(reply.header('cache-control', 'private, no-store'), 404, {
    language,
    title: told.title,
    body: html`<p>${told.text}</p>`,
    onward: [
      { to: '/', text: home },
      { to: '/api/auth/sign-in', text: signIn },
    ],
  })
}

interface DocumentLine {
  readonly docId: string
  readonly title: string
  readonly fileName: string
  readonly sizeBytes: number
}

function factList(
  language: Language,
  { status, version }: Pick<Passport, 'status'> & { version: number | null },
  facts: Searchable,
): Html {
  const { facts: names, statuses } = texts[language]
  const values: Record<keyof typeof names, string | number | null> = {
    ...facts,
    status: statuses[status as PassportStatus],
    version,
  }
  const shown = (Object.keys(names) as (keyof typeof names)[]).filter(name => values[name] !== null)
  return html`<ul>
    ${shown.map(name => html`<li><strong>${names[name]}:</strong> <bdi>${values[name]}</bdi></li>`)}
  </ul>`
}

function documentList(language: Language, documents: readonly DocumentLine[] | undefined): Html {
  const { documentsAway, noDocuments } = texts[language]
  if (!documents) return html`<p>${documentsAway}</p>`
  if (documents.length === 0) return html`<p>${noDocuments}</p>`
  return html`<ul>
    ${documents.map(
      ({ docId, title, fileName, sizeBytes }) =>
        html`<li>
          <a href="${`/api/documents/${docId}?download=1`}"><bdi>${title}</bdi></a>
          (${title === fileName ? '' : html`<bdi>${fileName}</bdi>, `}${sizeIn(language, sizeBytes)})
        </li>`,
    )}
  </ul>`
}

/** Any JSON as nested lists, its names in words. */
function tree(value: unknown, empty: string): Html {
  if (typeof value !== 'object' || value === null) return html`<bdi>${value === null ? empty : String(value)}</bdi>`
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  if (entries.length === 0) return html`${empty}`
  const items = entries.map(([name, inner]) =>
    isList
      ? html`<li>${tree(inner, empty)}</li>`
      : html`<li>
          <strong><bdi>${inWords(name)}</bdi>:</strong> ${tree(inner, empty)}
        </li>`,
  )
  return isList
    ? html`<ol>
        ${items}
      </ol>`
    : html`<ul>
        ${items}
      </ul>`
}

/** `batteryMass` as `Battery mass`; what is no name of that kind as it is. */
function inWords(name: string): string {
  if (!/^[a-z][A-Za-z0-9]{0,99}$/.test(name)) return name
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
  return words[0]!.toUpperCase() + words.slice(1).replace(/ [A-Z](?=[a-z])/g, word => word.toLowerCase())
}
