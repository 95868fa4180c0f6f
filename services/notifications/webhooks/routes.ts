import { Id, Instant, linePattern } from '#contracts/shared'
import {
  createdIn,
  fail,
  isId,
  isInstant,
  listRoutes,
  newId,
  notModified,
  Problem,
  signedIn,
  type Actor,
} from '#kernel'
import Type, { type Static } from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { optionalKinds } from '../messages.ts'
import { hasArrived } from './post.ts'
import { count, disable, enqueueSending, reachesAnywhere, tryOnce, type SendJob } from './sending.ts'
import {
  countWebhooks,
  deleteWebhook,
  findCall,
  findCallBody,
  findWebhook,
  insertWebhook,
  listCalls,
  listWebhooks,
  reviveCalls,
  updateWebhook,
  type Call,
} from './store.ts'
import { secretOf, signed, type Webhook, type WebhookOwner } from './webhook.ts'

const mostWebhooks = 20
const hour = 3_600_000

const WebhookFields = {
  url: Type.String({
    maxLength: 2000,
    pattern: '^https?://[^\\s#]+$',
    examples: ['https://hooks.example.com/ohmnibus'],
  }),
  description: Type.String({ maxLength: 200, pattern: `^$|${linePattern}`, default: '', examples: ['Our warehouse'] }),
  events: Type.Array(Type.Enum(optionalKinds), {
    maxItems: 200,
    uniqueItems: true,
    default: [],
    description: 'What it is sent; all where none is named',
    examples: [['passport.created', 'passport.published']],
  }),
}

const WebhookView = Type.Object(
  {
    id: Id,
    owner: Type.Object({
      kind: Type.Enum(['person', 'organisation', 'role']),
      id: Type.String({ examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
    }),
    ...WebhookFields,
    // What was let in before may be of several lines.
    description: Type.String({ examples: ['Our warehouse'] }),
    enabled: Type.Boolean(),
    disabledBecause: Type.Union([Type.Enum(['owner', 'failures', 'gone']), Type.Null()], {
      description: '`failures` after three days in which nothing arrived, `gone` where it answered 410',
      examples: [null],
    }),
    failingSince: Type.Union([Instant, Type.Null()], { examples: [null] }),
    formerSecretUntil: Type.Union([Instant, Type.Null()], {
      description: 'Until then calls are signed with the secret before, too',
      examples: [null],
    }),
    version: Type.Integer({ examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Webhook' },
)

const Secret = Type.String({
  description: 'Shown this once; calls are signed with it as Standard Webhooks says',
  examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDI8bNpXyJx1M='],
})
const WebhookWithSecret = Type.Object({ ...WebhookView.properties, secret: Secret }, { title: 'WebhookWithSecret' })

const WebhookCallView = Type.Object(
  {
    id: Id,
    event: Type.String({ examples: ['passport.created'] }),
    status: Type.Enum(['waiting', 'delivered', 'dead'], {
      description: '`waiting` will be tried (again) at `nextAt`, `dead` not',
    }),
    tries: Type.Integer({ examples: [1] }),
    nextAt: Type.Union([Instant, Type.Null()], { examples: [null] }),
    answer: Type.Union([Type.Integer(), Type.Null()], { description: 'Status of the last answer', examples: [204] }),
    error: Type.Union([Type.String(), Type.Null()], { examples: [null] }),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'WebhookCall' },
)

const WebhookCallContent = Type.Object(
  {
    ...WebhookCallView.properties,
    request: Type.Object(
      {
        url: Type.String({ examples: ['https://hooks.example.com/ohmnibus'] }),
        headers: Type.Record(Type.String(), Type.String(), {
          examples: [{ 'webhook-id': '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d', 'webhook-timestamp': '1771405200' }],
        }),
        body: Type.String({
          examples: ['{"type":"passport.created","timestamp":"2026-02-18T09:00:00.000Z","data":{}}'],
        }),
      },
      { description: 'As it would be made now: with the secret that holds, and the time of now' },
    ),
  },
  { title: 'WebhookCallContent' },
)

const TestView = Type.Object(
  {
    delivered: Type.Boolean(),
    answer: Type.Union([Type.Integer(), Type.Null()], { examples: [204] }),
    error: Type.Union([Type.String(), Type.Null()], { examples: [null] }),
    milliseconds: Type.Integer({ examples: [38] }),
  },
  { title: 'WebhookTest' },
)

const view = ({
  generation: _,
  formerUntil,
  failures: __,
  restsUntil: ___,
  failingSince,
  createdAt,
  ...webhook
}: Webhook) => ({
  ...webhook,
  enabled: webhook.disabledBecause === null,
  failingSince: failingSince?.toISOString() ?? null,
  formerSecretUntil: formerUntil?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
})

const callView = ({ status, nextAt, createdAt, updatedAt, ...call }: Call): Static<typeof WebhookCallView> => ({
  ...call,
  status: status === 'sending' ? 'waiting' : status,
  nextAt: status === 'waiting' ? nextAt.toISOString() : null,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

/** Whose webhooks these are for who asks: those of the organisation they act for or their own, and of their role. */
const ownersFor = ({ userId, role, organisation }: Actor): WebhookOwner[] => [
  organisation ? { kind: 'organisation', id: organisation.id } : { kind: 'person', id: userId },
  ...(role === 'user' ? [] : [{ kind: 'role' as const, id: role }]),
]

/** Fails for who belongs to an organisation and does not look after it. */
function requireManager({ organisation }: Actor, owner: WebhookOwner): void {
  if (owner.kind === 'organisation' && organisation!.role !== 'owner' && organisation!.role !== 'admin')
    throw new Problem('forbidden', 'webhook_manager_required')
}

function requireAddress(host: NotificationsHost, url: string): void {
  const to = URL.parse(url)
  const isTls = to?.protocol === 'https:' || reachesAnywhere(host)
  if (!to || !isTls || to.username || to.password) throw new Problem('invalid', 'webhook_address_refused')
}

export function webhookRoutes(host: NotificationsHost, send: SendJob): void {
  const { http, db, now } = host
  const tests = host.cache.limit('tests of webhooks', { points: 20, seconds: 60 })
  const params = Type.Object({ id: Id })

  /** A webhook that is in the hands of who asks, or none. */
  async function findFor(actor: Actor, id: string, tx: Parameters<typeof findWebhook>[0] = db, lock = false) {
    const webhook = await findWebhook(tx, id, lock)
    const isTheirs = ({ kind, id }: WebhookOwner) =>
      ownersFor(actor).some(owner => owner.kind === kind && owner.id === id)
    if (!webhook || !isTheirs(webhook.owner)) throw new Problem('not_found', 'webhook_unknown')
    requireManager(actor, webhook.owner)
    return webhook
  }

  http.get(
    '/webhooks',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Webhooks of who asks, of the organisation they act for, and of their role',
        refuses: ['webhook_manager_required'],
        response: { 200: Type.Object({ items: Type.Array(WebhookView) }, { title: 'Webhooks' }) },
      },
    },
    async ({ actor }) => {
      const owners = ownersFor(actor)
      for (const owner of owners) requireManager(actor, owner)
      return { items: (await listWebhooks(db, owners)).map(view) }
    },
  )

  http.post(
    '/webhooks',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Be sent what happens, signed, by POST to an address of one’s own',
        description:
          'Calls are what Standard Webhooks says: a body `{type, timestamp, data}`, and headers `webhook-id` (the same ' +
          'at every try: forget what you have seen), `webhook-timestamp` and `webhook-signature`. Answer with 2xx within ' +
          'ten seconds; else it is tried again for three days. `data.subject` is the id of what it is about.',
        refuses: ['webhook_manager_required', 'webhook_address_refused', 'too_many_webhooks', 'role_insufficient'],
        body: Type.Object({
          url: WebhookFields.url,
          description: Type.Optional(WebhookFields.description),
          events: Type.Optional(WebhookFields.events),
          for: Type.Optional(
            Type.Enum(['own', 'role'], {
              default: 'own',
              description: '`role`: what all who have the role of who asks are told, as operators of chargers',
            }),
          ),
        }),
        response: { 201: WebhookWithSecret },
      },
    },
    async ({ actor, body }, reply) => {
      const [own, ofRole] = ownersFor(actor)
      const owner = body.for === 'role' ? (ofRole ?? fail('forbidden', 'role_insufficient')) : own!
      requireManager(actor, owner)
      requireAddress(host, body.url)
      const webhook = await db.transaction(async tx => {
        if ((await countWebhooks(tx, owner)) >= mostWebhooks) throw new Problem('conflict', 'too_many_webhooks')
        const { url, description = '', events = [] } = body
        return await insertWebhook(tx, { owner, url, description, events }, now())
      })
      return reply.code(201).send({ ...view(webhook), secret: secretOf(host, webhook) })
    },
  )

  http.get(
    '/webhooks/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A webhook, and whether it is well',
        honours: ['If-None-Match'],
        refuses: ['webhook_unknown', 'webhook_manager_required'],
        params,
        response: { 200: WebhookView },
      },
    },
    async (request, reply) => {
      const webhook = await findFor(request.actor, request.params.id)
      return notModified(request, reply, `${webhook.version}-${webhook.failures}`) ? undefined : view(webhook)
    },
  )

  http.put(
    '/webhooks/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Change a webhook, or switch it off and on',
        description: 'What it was not sent while it was off comes by a replay.',
        refuses: ['webhook_unknown', 'webhook_manager_required', 'webhook_address_refused'],
        params,
        body: Type.Object({ ...WebhookFields, enabled: Type.Boolean({ default: true }) }),
        response: { 200: WebhookView },
      },
    },
    async ({ actor, params, body: { enabled, ...change } }) => {
      requireAddress(host, change.url)
      return await db.transaction(async tx => {
        const webhook = await findFor(actor, params.id, tx, true)
        const fresh = { failures: 0, failingSince: null, restsUntil: null }
        const isSwitchedOn = enabled && webhook.disabledBecause !== null
        const changed: Webhook = {
          ...webhook,
          ...change,
          ...(isSwitchedOn || change.url !== webhook.url ? fresh : {}),
          disabledBecause: enabled ? null : (webhook.disabledBecause ?? 'owner'),
          version: webhook.version + 1,
        }
        await updateWebhook(tx, changed, now())
        if (enabled) await enqueueSending(tx, send, webhook.id)
        return view(changed)
      })
    },
  )

  http.delete(
    '/webhooks/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Remove a webhook, and what it was to be sent',
        refuses: ['webhook_unknown', 'webhook_manager_required'],
        params,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const { id } = await findFor(actor, params.id, tx, true)
        await deleteWebhook(tx, id)
      })
      return reply.code(204).send(null)
    },
  )

  http.post(
    '/webhooks/:id/secret',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A new secret; calls are signed with the former too for as long as you like',
        refuses: ['webhook_unknown', 'webhook_manager_required'],
        params,
        body: Type.Object({
          overlapHours: Type.Integer({ minimum: 0, maximum: 168, default: 24, description: '0 where it was stolen' }),
        }),
        response: { 200: WebhookWithSecret },
      },
    },
    async ({ actor, params, body: { overlapHours } }) => {
      const webhook = await db.transaction(async tx => {
        const webhook = await findFor(actor, params.id, tx, true)
        const { generation, version } = webhook
        const formerUntil = overlapHours === 0 ? null : new Date(now().getTime() + overlapHours * hour)
        const renewed = { ...webhook, generation: generation + 1, formerUntil, version: version + 1 }
        await updateWebhook(tx, renewed, now())
        return renewed
      })
      return { ...view(webhook), secret: secretOf(host, webhook) }
    },
  )

  http.post(
    '/webhooks/:id/test',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Send a call now, and see what becomes of it',
        description: 'Its type is `webhook.test`. An answer of 410 switches the webhook off, as it always does.',
        refuses: ['webhook_unknown', 'webhook_manager_required'],
        params,
        response: { 200: TestView },
      },
    },
    async ({ actor, params }) => {
      await tests.take(actor.userId)
      const webhook = await findFor(actor, params.id)
      const body = JSON.stringify({
        type: 'webhook.test',
        timestamp: now().toISOString(),
        data: { subject: webhook.id },
      })
      const outcome = await tryOnce(host, webhook, newId(), body)
      count(host, outcome)
      if (outcome.status === 410 && !webhook.disabledBecause)
        await db.transaction(async tx => {
          const current = await findWebhook(tx, webhook.id, true)
          if (current && !current.disabledBecause) await disable(host, tx, current, 'gone')
        })
      const { status: answer, error, took: milliseconds } = outcome
      return { delivered: hasArrived(outcome), answer, error, milliseconds }
    },
  )

  callRoutes(host, send, findFor)
}

type FindFor = (actor: Actor, id: string, tx?: Parameters<typeof findWebhook>[0], lock?: boolean) => Promise<Webhook>

/** What a webhook was sent, and how that went. */
function callRoutes(host: NotificationsHost, send: SendJob, findFor: FindFor): void {
  const { http, db, now } = host
  listRoutes(http, db, '/webhooks/:id/calls', {
    config: { access: signedIn },
    schema: {
      summary: 'What a webhook was sent in the last 30 days and how that went, the newest first',
      of: 'calls of a webhook',
      refuses: ['webhook_unknown', 'webhook_manager_required'],
      params: Type.Object({ id: Id }),
      filters: { status: Type.Optional(Type.Enum(['waiting', 'delivered', 'dead'])) },
      item: WebhookCallView,
    },
    wanted: async ({ actor, params, query }) => {
      const { id } = await findFor(actor, params.id)
      return { webhookId: id, status: query.status, created: createdIn(query) }
    },
    rows: (wanted, limit, after) => listCalls(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: callView,
  })

  http.get(
    '/webhooks/:id/calls/:callId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A call of a webhook, with the request that it makes',
        refuses: ['webhook_unknown', 'webhook_manager_required', 'call_unknown'],
        params: Type.Object({ id: Id, callId: Id }),
        response: { 200: WebhookCallContent },
      },
    },
    async ({ actor, params: { id, callId } }) => {
      const webhook = await findFor(actor, id)
      const { body, ...call } = (await findCallBody(db, id, callId)) ?? fail('not_found', 'call_unknown')
      const headers = signed(host, webhook, call.id, body, now())
      return { ...callView(call), request: { url: webhook.url, headers, body } }
    },
  )

  http.post(
    '/webhooks/:id/calls/:callId/replay',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Make a call again that was given up',
        refuses: ['webhook_unknown', 'webhook_manager_required', 'call_unknown', 'call_not_dead'],
        params: Type.Object({ id: Id, callId: Id }),
        response: { 202: WebhookCallView },
      },
    },
    async ({ actor, params: { id, callId } }, reply) => {
      const call = await db.transaction(async tx => {
        await findFor(actor, id, tx)
        const [revived] = await reviveCalls(tx, id, { id: callId }, now())
        if (!revived)
          throw (await findCall(tx, id, callId))
            ? new Problem('conflict', 'call_not_dead')
            : new Problem('not_found', 'call_unknown')
        await enqueueSending(tx, send, id)
        return revived
      })
      return reply.code(202).send(callView(call))
    },
  )

  http.post(
    '/webhooks/:id/replay',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Make all calls again that were given up, from a time on',
        refuses: ['webhook_unknown', 'webhook_manager_required'],
        params: Type.Object({ id: Id }),
        body: Type.Object({ since: Instant }),
        response: {
          202: Type.Object({ replayed: Type.Integer({ examples: [3] }) }, { title: 'ReplayedWebhookCalls' }),
        },
      },
    },
    async ({ actor, params: { id }, body: { since } }, reply) => {
      const replayed = await db.transaction(async tx => {
        await findFor(actor, id, tx)
        const revived = await reviveCalls(tx, id, { since: new Date(since) }, now())
        if (revived.length > 0) await enqueueSending(tx, send, id)
        return revived.length
      })
      return reply.code(202).send({ replayed })
    },
  )
}
