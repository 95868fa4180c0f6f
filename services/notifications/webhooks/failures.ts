import { Id, Instant } from '#contracts/shared'
import {
  createdIn,
  cursorOf,
  fail,
  isId,
  isInstant,
  listQuery,
  listRoutes,
  Page,
  page,
  Problem,
  timeOf,
  withRole,
} from '#kernel'
import Type, { type Static } from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { optionalKinds } from '../messages.ts'
import { enqueueSending, type SendJob } from './sending.ts'
import {
  findDead,
  findWebhook,
  listDead,
  listFailing,
  mostShownDead,
  reviveCalls,
  reviveOldest,
  updateWebhook,
  type DeadCall,
  type FailingWebhook,
} from './store.ts'

/** In one transaction. */
const mostReplayed = 1_000
const config = { access: withRole('admin') }

const Owner = Type.Object({
  kind: Type.Enum(['person', 'organisation', 'role'], { examples: ['organisation'] }),
  id: Type.String({ examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] }),
})
/** What stands behind it in an address may let its reader in. */
const Origin = Type.String({ description: 'Without path and query', examples: ['https://hooks.example.com'] })
const Because = Type.Union([Type.Enum(['owner', 'failures', 'gone']), Type.Null()], { examples: ['failures'] })
const Text = Type.Union([Type.String(), Type.Null()], { examples: ['It answered 500 Internal Server Error'] })

const FailureView = Type.Object(
  {
    id: Id,
    owner: Owner,
    origin: Origin,
    description: Type.String({ examples: ['Our warehouse'] }),
    disabledBecause: Because,
    failingSince: Type.Union([Instant, Type.Null()]),
    failures: Type.Integer({ description: 'In a row', examples: [12] }),
    dead: Type.Integer({
      maximum: mostShownDead + 1,
      description: `Calls that were given up; ${mostShownDead + 1} where there are more`,
      examples: [3],
    }),
    lastError: Text,
    createdAt: Instant,
  },
  { title: 'WebhookFailure' },
)

const DeadCallView = Type.Object(
  {
    id: Id,
    webhookId: Id,
    owner: Owner,
    origin: Origin,
    event: Type.String({ examples: ['passport.created'] }),
    tries: Type.Integer({ examples: [11] }),
    answer: Type.Union([Type.Integer(), Type.Null()], { examples: [500] }),
    error: Text,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'DeadWebhookCall' },
)

const failureView = (webhook: FailingWebhook): Static<typeof FailureView> => ({
  id: webhook.id,
  owner: webhook.owner,
  origin: new URL(webhook.url).origin,
  description: webhook.description,
  disabledBecause: webhook.disabledBecause,
  failingSince: webhook.failingSince?.toISOString() ?? null,
  failures: webhook.failures,
  dead: webhook.dead,
  lastError: webhook.lastError,
  createdAt: webhook.createdAt.toISOString(),
})

const deadView = ({ id, webhookId, owner, url, event, tries, answer, error, ...call }: DeadCall) => ({
  id,
  webhookId,
  owner,
  origin: new URL(url).origin,
  event,
  tries,
  answer,
  error,
  createdAt: call.createdAt.toISOString(),
  updatedAt: call.updatedAt.toISOString(),
})

/** For who runs the platform: at which webhooks nothing arrives, whoever they are of, and what was given up there. */
export function failureRoutes({ acted, http, db, now }: NotificationsHost, send: SendJob): void {
  http.get(
    '/webhook-failures',
    {
      config,
      schema: {
        summary: 'Webhooks at which nothing arrives, of all owners, the latest first',
        querystring: listQuery({
          off: Type.Optional(
            Type.Boolean({ description: 'Only those that were switched off, or only those that are tried' }),
          ),
        }),
        response: { 200: Page(FailureView) },
      },
    },
    async ({ query: { off, limit, after } }) => {
      const behind = cursorOf(after, isId)?.[0] as string | undefined
      return page(await listFailing(db, off, behind, limit + 1), limit, last => [last.id], failureView)
    },
  )

  http.post(
    '/webhook-failures/:id/replay',
    {
      config,
      schema: {
        summary: 'Switch a webhook on again that was given up, and make its calls again',
        description: `The oldest ${mostReplayed} at once: ask again until it is 0. One that its owner switched off stays off.`,
        refuses: ['webhook_unknown', 'webhook_switched_off'],
        params: Type.Object({ id: Id }),
        body: Type.Object({ since: Type.Optional({ ...Instant, description: 'Only calls from then on' }) }),
        response: { 202: Type.Object({ replayed: Type.Integer({ examples: [3] }) }, { title: 'ReplayedFailure' }) },
      },
    },
    async ({ actor, params: { id }, body: { since } }, reply) => {
      const from = since === undefined ? new Date(0) : timeOf(since)
      const replayed = await db.transaction(async tx => {
        const webhook = (await findWebhook(tx, id, true)) ?? fail('not_found', 'webhook_unknown')
        if (webhook.disabledBecause === 'owner')
          throw new Problem('conflict', 'webhook_switched_off', {
            detail: 'Its owner switched it off, and switches it on.',
          })
        const well = { failures: 0, failingSince: null, restsUntil: null, disabledBecause: null }
        await updateWebhook(tx, { ...webhook, ...well, version: webhook.version + 1 }, now())
        const revived = await reviveOldest(tx, id, from, mostReplayed, now())
        await enqueueSending(tx, send, id)
        await acted(tx, actor, 'webhook.replayed', id, { replayed: revived })
        return revived
      })
      return reply.code(202).send({ replayed })
    },
  )

  listRoutes(http, db, '/webhook-calls', {
    config,
    schema: {
      summary: 'Calls of webhooks that were given up, of all owners, the newest first',
      of: 'calls of webhooks that were given up',
      filters: {
        webhookId: Type.Optional(Id),
        event: Type.Optional(Type.Enum(optionalKinds, { examples: ['passport.created'] })),
      },
      item: DeadCallView,
    },
    wanted: ({ query }) => ({ webhookId: query.webhookId, event: query.event, created: createdIn(query) }),
    rows: (wanted, limit, after) => listDead(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: deadView,
  })

  http.post(
    '/webhook-calls/:id/replay',
    {
      config,
      schema: {
        summary: 'Make a call again that was given up',
        description: 'Where its webhook is switched off it waits until that is on again.',
        refuses: ['call_unknown'],
        params: Type.Object({ id: Id }),
        response: { 202: Type.Object({ webhookId: Id }, { title: 'ReplayedWebhookCall' }) },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const webhookId = await db.transaction(async tx => {
        const dead = (await findDead(tx, id)) ?? fail('not_found', 'call_unknown')
        const [revived] = await reviveCalls(tx, dead.webhookId, { id }, now())
        if (!revived) fail('not_found', 'call_unknown')
        await enqueueSending(tx, send, dead.webhookId)
        await acted(tx, actor, 'webhook-call.replayed', id, { webhookId: dead.webhookId })
        return dead.webhookId
      })
      return reply.code(202).send({ webhookId })
    },
  )
}
