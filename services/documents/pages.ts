import Type from 'typebox'
import { sizeIn } from '#contracts/documents'
import { Id } from '#contracts/shared'
import { anyone, html, languageOf, Problem, sendPage, type Language, type Reply, type Texts } from '#kernel'
import { readable } from './access.ts'
import type { Document } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { noteReading } from './readings.ts'

const en = {
  facts: { fileName: 'File', contentType: 'Type', size: 'Size', kind: 'Kind', language: 'Language' },
  scans: {
    waiting: 'The virus scanner has not looked at the file yet. Open the page again in a while.',
    infected: 'The virus scanner found something harmful in the file, so it was removed.',
  },
  missing: 'The file is not there. Operators have been told.',
  open: 'Get the file',
  passport: 'Go to the passport it belongs to',
  unknown: {
    title: 'There is no such document',
    text: 'It is not there, or it is not shared with you. You may be signed in as somebody else.',
  },
  signIn: 'Sign in',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    facts: { fileName: 'Datei', contentType: 'Typ', size: 'Größe', kind: 'Art', language: 'Sprache' },
    scans: {
      waiting: 'Der Virenscanner hat die Datei noch nicht geprüft. Öffnen Sie die Seite später noch einmal.',
      infected: 'Der Virenscanner hat in der Datei etwas Schädliches gefunden, sie wurde entfernt.',
    },
    missing: 'Die Datei ist nicht da. Der Betrieb weiß davon.',
    open: 'Die Datei holen',
    passport: 'Zum Pass, zu dem es gehört',
    unknown: {
      title: 'Dieses Dokument gibt es nicht',
      text: 'Es ist nicht da, oder es ist nicht mit Ihnen geteilt. Vielleicht sind Sie als jemand anderes angemeldet.',
    },
    signIn: 'Anmelden',
    home: 'Zur Startseite',
  },
}

const signIn = '/api/auth/sign-in'

/** The page that links in messages open, for who may read the document. */
export function pages(host: DocumentsHost): void {
  host.site.get(
    '/documents/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of a document',
        description: 'For who may read it, by cookie; for everybody one that is open to everybody.',
        params: Type.Object({ id: Id }),
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { visitor, params } = request
      const language = languageOf(request)
      reply.header('cache-control', 'private, no-store')
      const read = await readable(host, visitor, params.id).catch(error => {
        if (error instanceof Problem && ['document_unknown', 'token_missing'].includes(error.code)) return undefined
        throw error
      })
      if (!read && !visitor)
        return reply.redirect(`${signIn}?return=${encodeURIComponent(`/documents/${params.id}`)}`, 303)
      if (read?.tier) await noteReading(host, ofPassport(read.document), visitor, read.tier, 'GET /documents/:id')
      const document = read?.document
      return document ? known(reply, language, document) : unknown(reply, language)
    },
  )
}

const ofPassport = ({ id, passportId }: Document) => ({ passportId: passportId!, docId: id })

function known(reply: Reply, language: Language, document: Document): Reply {
  const { facts, scans, missing, open, passport, home } = texts[language]
  const { id, title, scan, passportId } = document
  const values = { ...document, size: sizeIn(language, document.sizeBytes) }
  const wrong = scan === 'waiting' || scan === 'infected' ? scans[scan] : document.missingSince && missing
  const names = (Object.keys(facts) as (keyof typeof facts)[]).filter(name => values[name] !== null)
  return sendPage(reply, 200, {
    language,
    title,
    body: html`<ul>
        ${names.map(name => html`<li><strong>${facts[name]}:</strong> <bdi>${values[name]}</bdi></li>`)}
      </ul>
      ${wrong && html`<p role="status">${wrong}</p>`}`,
    onward: [
      ...(wrong ? [] : [{ to: `/api/documents/${id}?download=1`, text: open }]),
      ...(passportId ? [{ to: `/passports/${passportId}`, text: passport }] : []),
      { to: '/', text: home },
    ] as never,
  })
}

function unknown(reply: Reply, language: Language): Reply {
  const { unknown, home, ...words } = texts[language]
  return sendPage(reply, 404, {
    language,
    title: unknown.title,
    body: html`<p>${unknown.text}</p>`,
    onward: [
      { to: '/', text: home },
      { to: signIn, text: words.signIn },
    ],
  })
}
