import Type, { type Static } from 'typebox'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import { authorise, cursorOf, isId, listQuery, newId, ownerFor, Page, page, Problem } from '#kernel'
import { ownersFor, sellers } from '../access.ts'
import type { AdHoc } from '../ad-hoc/desk.ts'
import type { BillingHost } from '../host.ts'
import { eventRoutes } from './events.ts'
import { secretOf, secretsOf } from './signature.ts'
import { columns, findTerminal, type Terminal } from './store.ts'
import { webhookHosts } from './telling.ts'

const fields = {
  id: Id,
  owner: Owner,
  name: Type.String({ examples: ['Car park, level 2'] }),
  createdAt: Instant,
  heardAt: Type.Union([Instant, Type.Null()], { description: 'When it last said something that was proven' }),
  webhookUrl: Type.Union([Type.String({ examples: ['https://terminals.example.com/ohmnibus'] }), Type.Null()], {
    description: 'Where it is told of what it has to do',
  }),
  formerUntil: Type.Union([Instant, Type.Null()], { description: 'Until then the secret before the last holds, too' }),
}
const TerminalView = Type.Object(fields, { title: 'Terminal' })
const WithSecret = Type.Object(
  {
    ...fields,
    secretOnce: Type.String({ description: 'What it signs with; nobody sees it again', examples: ['whsec_…'] }),
  },
  { title: 'TerminalWithSecret' },
)

const view = ({
  id,
  owner,
  name,
  createdAt,
  heardAt,
  webhookUrl,
  formerUntil,
}: Terminal): Static<typeof TerminalView> => ({
  id,
  owner,
  name,
  createdAt: createdAt.toISOString(),
  heardAt: heardAt?.toISOString() ?? null,
  webhookUrl,
  formerUntil: formerUntil?.toISOString() ?? null,
})

/** Terminals of who sells; each has a secret of its own. */
export function terminalRoutes(host: BillingHost, adHoc: AdHoc): void {
  const { http, db, now } = host
  const key = host.secret('billing: terminals')
  const One = Type.Object({ id: Id })
  const config = { access: sellers }
  eventRoutes(host, adHoc, terminal => secretsOf(key, terminal, now()))

  http.post(
    '/terminals',
    {
      config,
      schema: {
        summary: 'Make a payment terminal known',
        description: 'It signs all it says with the secret of the answer.',
        honours: ['Idempotency-Key'],
        refuses: ['editor_required'],
        body: Type.Object({ name: Line(100, { examples: ['Car park, level 2'] }) }),
        response: { 201: WithSecret },
      },
    },
    async (request, reply) => {
      const owner = ownerFor(request.actor)
      const made = await db.once(request, async tx => {
        const at = now()
        const terminal = { id: newId(at.getTime()), owner, name: request.body.name, secretNumber: 1, createdAt: at }
        await tx`
          insert into terminals (id, owner_kind, owner_id, name, created_at)
          values (${terminal.id}, ${owner.kind}, ${owner.id}, ${terminal.name}, ${at})`
        return view({ ...terminal, heardAt: null, webhookUrl: null, formerUntil: null })
      })
      return reply.code(201).send({ ...made, secretOnce: secretOf(key, made.id, 1) })
    },
  )

  http.get(
    '/terminals',
    {
      config,
      schema: {
        summary: 'Payment terminals, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(TerminalView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const owners = ownersFor(actor)
      const rows = await db<Terminal[]>`
        select ${columns(db)} from terminals
        where deleted_at is null ${owners ? db`and owner_id = any(${owners}::uuid[])` : db``}
          ${before === undefined ? db`` : db`and id < ${before}`}
        order by id desc limit ${limit + 1}`
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.post(
    '/terminals/:id/secret',
    {
      config,
      schema: {
        summary: 'Give a payment terminal another secret',
        description:
          'The one it had holds for `BILLING_SECRET_OVERLAP`, so that nothing is lost meanwhile; with `atOnce`, as where somebody ' +
          'else knows it, no longer. The one before that proves nothing any more.',
        refuses: ['terminal_unknown', 'editor_required'],
        params: One,
        querystring: Type.Object({ atOnce: Type.Optional(Type.Boolean({ examples: [false] })) }),
        response: { 200: WithSecret },
      },
    },
    async ({ actor, params: { id }, query: { atOnce } }) => {
      authorise(actor, 'write', await findTerminal(db, id), 'terminal_unknown')
      const formerUntil = atOnce ? null : new Date(now().getTime() + host.settings.BILLING_SECRET_OVERLAP)
      const terminal = await db.transaction(async tx => {
        const [row] = await tx<Terminal[]>`
          update terminals set secret_number = secret_number + 1, former_until = ${formerUntil}
          where id = ${id} and deleted_at is null
          returning ${columns(tx)}`
        if (!row) throw new Problem('not_found', 'terminal_unknown')
        return row
      })
      return { ...view(terminal), secretOnce: secretOf(key, id, terminal.secretNumber) }
    },
  )

  const mayTell = webhookHosts(host)
  http.put(
    '/terminals/:id/webhook',
    {
      config,
      schema: {
        summary: 'Say where a payment terminal is told of what it has to do',
        description: 'At hosts that `BILLING_TERMINAL_WEBHOOK_HOSTS` names; null tells it no longer.',
        refuses: ['terminal_unknown', 'editor_required', 'webhook_refused'],
        params: One,
        body: Type.Object({
          url: Type.Union([
            Type.String({
              maxLength: 500,
              pattern: '^https?://',
              examples: ['https://terminals.example.com/ohmnibus'],
            }),
            Type.Null(),
          ]),
        }),
        response: { 200: TerminalView },
      },
    },
    async ({ actor, params: { id }, body: { url } }) => {
      authorise(actor, 'write', await findTerminal(db, id), 'terminal_unknown')
      if (url !== null && !mayTell(url)) throw new Problem('unprocessable', 'webhook_refused')
      const [row] = await db.transaction(
        tx => tx<Terminal[]>`
          update terminals set webhook_url = ${url} where id = ${id} and deleted_at is null returning ${columns(tx)}`,
      )
      if (!row) throw new Problem('not_found', 'terminal_unknown')
      return view(row)
    },
  )

  http.delete(
    '/terminals/:id',
    {
      config,
      schema: {
        summary: 'Hear a payment terminal no more',
        refuses: ['terminal_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      authorise(actor, 'write', await findTerminal(db, id), 'terminal_unknown')
      await db.transaction(tx => tx`update terminals set deleted_at = ${now()} where id = ${id}`)
      return await reply.code(204).send()
    },
  )
}
