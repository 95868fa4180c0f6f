import Type from 'typebox'
import { Id } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  forForms,
  html,
  languageOf,
  Problem,
  sendPage,
  type Actor,
  type Reply,
  type Request,
} from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { signInFirst } from '../incidents/pages.ts'
import { usePart } from '../parts/routes.ts'
import { listParts, listUsed } from '../parts/store.ts'
import { comment, doing, mayWork } from '../tickets/routes.ts'
import { listToDo } from '../tickets/search.ts'
import { findTicket, listNotes } from '../tickets/store.ts'
import type { Act } from '../tickets/tickets.ts'
import { mostBytes, photoForm, takePhoto } from './photos.ts'
import { texts } from './texts.ts'
import { listView, ticketView } from './views.ts'

const root = '/maintenance/tickets'
const Params = Type.Object({ id: Id })
/** As a browser sends it: what nobody fills in is empty. */
const Fields = Type.Object({
  act: Type.String({ maxLength: 20 }),
  version: Type.String({ maxLength: 10 }),
  text: Type.Optional(Type.String({ maxLength: 8000 })),
  partId: Type.Optional(Id),
  quantity: Type.Optional(Type.String({ maxLength: 5 })),
})
type Sent = { act: string; version: string; text?: string; partId?: string; quantity?: string }

const workers = new Set(['technician', 'operator', 'admin'])
const unkept = (reply: Reply): Reply => reply.header('cache-control', 'private, no-store')

/** For a telephone in the field: what somebody has to do, and each ticket with its buttons. No script is needed. */
export function fieldPages(host: MaintenanceHost): void {
  const { site, db, now } = host
  const about = { produces: ['text/html'], hide: true }
  site.get(
    root,
    { config: { access: anyone }, schema: { ...about, summary: 'The page of what a technician has to do' } },
    async (request, reply) => {
      const { visitor: actor } = request
      if (!actor) return signInFirst(reply, root)
      const language = languageOf(request)
      const words = texts[language]
      if (!workers.has(actor.role)) return refuse(request, reply, 403, 'forTechnicians')
      return sendPage(unkept(reply), 200, {
        language,
        title: words.list,
        body: listView(language, await listToDo(db, actor.userId), now()),
        onward: [{ to: '/', text: words.home }],
      })
    },
  )
  forForms(site, forms => {
    forms.get(
      `${root}/:id`,
      { config: { access: anyone }, schema: { ...about, summary: 'The page of a ticket', params: Params } },
      async (request, reply) => {
        const { visitor: actor, params } = request
        if (!actor) return signInFirst(reply, `${root}/${params.id}`)
        return await show(host, request, reply, actor, params.id)
      },
    )
    forms.post(
      `${root}/:id`,
      {
        config: { access: anyoneAsThemselves },
        schema: {
          ...about,
          summary: 'The page of a ticket: its buttons',
          params: Params,
          refuses: 'any',
          body: Fields,
          consumes: ['application/x-www-form-urlencoded'],
        },
      },
      async (request, reply) => {
        const { visitor: actor, params, body } = request
        if (!actor) return signInFirst(reply, `${root}/${params.id}`)
        return await pressed(host, request, reply, actor, () => does(host, actor, params.id, body))
      },
    )
  })
  site.scope((app, forms) => {
    app.register(...photoForm)
    forms.post(
      `${root}/:id/photos`,
      {
        config: { access: anyoneAsThemselves },
        schema: {
          ...about,
          summary: 'The page of a ticket: a photo',
          params: Params,
          refuses: 'any',
          consumes: ['multipart/form-data'],
        },
        bodyLimit: mostBytes + 65_536,
      },
      async (request, reply) => {
        const { visitor: actor, params } = request
        if (!actor) return signInFirst(reply, `${root}/${params.id}`)
        return await pressed(host, request, reply, actor, () => takePhoto(host, request as Request, actor, params.id))
      },
    )
  })
}

/** Leads back to the ticket once something is done, or says there why it is not. */
async function pressed(
  host: MaintenanceHost,
  request: Pick<Request, 'headers'> & { readonly params: { readonly id: string } },
  reply: Reply,
  actor: Actor,
  work: () => Promise<unknown>,
): Promise<Reply> {
  const { id } = request.params
  try {
    await work()
    return reply.header('cache-control', 'no-store').redirect(`${root}/${id}`, 303)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const trouble = troubles[error.code] ?? error.code
    if (!(trouble in texts.en.told)) return refuse(request, reply, 404, 'unknown')
    return await show(host, request, reply, actor, id, trouble)
  }
}

/** What is told in the words of another. */
const troubles: Readonly<Record<string, string>> = {
  version_stale: 'ticket_state',
  form_invalid: 'photo_invalid',
  request_too_slow: 'photo_invalid',
}

/** Does what a button says. Fails as the routes do, and with `text` for words that are missing or too many. */
async function does(host: MaintenanceHost, actor: Actor, id: string, sent: Sent): Promise<void> {
  const text = sent.text?.replaceAll('\r\n', '\n').trim() || null
  if ((text?.length ?? 0) > 2000 || (sent.act === 'comment' && !text)) throw new Problem('invalid', 'text')
  const match = (version: number): void => {
    if (String(version) !== sent.version) throw new Problem('stale', 'version_stale')
  }
  await host.db.transaction(async tx => {
    const { act, partId } = sent
    if (act === 'comment') return await comment(host, tx, id, actor, { text: text! })
    if (act === 'start' || act === 'wait' || act === 'resolve')
      return await doing(host, tx, match, id, act satisfies Act, actor, { text })
    const quantity = /^[1-9]\d{0,4}$/.test(sent.quantity ?? '') ? Number(sent.quantity) : undefined
    if (act !== 'part' || !partId || !quantity) throw new Problem('conflict', 'ticket_state')
    return await usePart(host, tx, actor, id, { partId, quantity })
  })
}

async function show(
  { db }: MaintenanceHost,
  request: Pick<Request, 'headers'>,
  reply: Reply,
  actor: Actor,
  id: string,
  trouble?: string,
): Promise<Reply> {
  const ticket = await findTicket(db, id)
  if (!ticket || !mayWork(actor, ticket)) return refuse(request, reply, 404, 'unknown')
  const [notes, used, parts] = await Promise.all([
    listNotes(db, id),
    listUsed(db, id),
    listParts(db, actor, undefined, 100, undefined),
  ])
  const language = languageOf(request)
  const words = texts[language]
  return sendPage(unkept(reply), trouble ? 409 : 200, {
    language,
    title: words.title(ticket.number, ticket.title),
    body: ticketView(language, { ticket, notes, used, parts }, trouble),
    onward: [{ to: root, text: words.back }],
  })
}

function refuse(
  request: Pick<Request, 'headers'>,
  reply: Reply,
  status: number,
  why: 'unknown' | 'forTechnicians',
): Reply {
  const language = languageOf(request)
  const { title, text } = texts[language][why]
  return sendPage(unkept(reply), status, {
    language,
    title,
    body: html`<p>${text}</p>`,
    onward: [{ to: root, text: texts[language].back }],
  })
}
