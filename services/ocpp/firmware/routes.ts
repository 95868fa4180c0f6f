import Type, { type Static } from 'typebox'
import { ChargerId } from '#contracts/ocpp'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  cursorOf,
  isId,
  listQuery,
  newId,
  ownerFor,
  Page,
  page,
  partiesOf,
  Problem,
  requireMatch,
  violates,
  withRole,
} from '#kernel'
import { manageable, scopesFor } from '../access.ts'
import { findCharger } from '../chargers/store.ts'
import { answerOf, refusals, type CallCharger } from '../commands/call.ts'
import { requestIdAt } from '../device/mirror.ts'
import type { OcppHost } from '../host.ts'
import { firmwareCall } from './firmware.ts'
import {
  cancelWaiting,
  chargersOf,
  countUpdates,
  findCampaign,
  insertCampaign,
  insertUpdate,
  insertUpdates,
  listCampaigns,
  listUpdates,
  lockCampaign,
  noteUpdate,
  updateCampaign,
  type Campaign,
  type Counts,
  type Update,
} from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Firmware = Type.Object({
  location: Type.String({
    maxLength: 512,
    pattern: '^[a-z]+://\\S+$',
    examples: ['https://files.example.com/v2-22/2.5.0.bin'],
  }),
  retrieveAt: Type.Optional({ ...Instant, description: 'When it is to be fetched; at once unless said' }),
  installAt: Type.Optional({ ...Instant, description: 'Not for unsigned firmware of 1.6' }),
  signingCertificate: Type.Optional(Type.String({ maxLength: 5500 })),
  signature: Type.Optional(Type.String({ maxLength: 800 })),
})

const UpdateState = Type.Enum(['waiting', 'asked', 'under-way', 'installed', 'failed', 'cancelled'], {
  examples: ['under-way'],
})

const UpdateView = Type.Object(
  {
    id: Id,
    campaignId: nullable(Id),
    chargerId: ChargerId,
    firmware: Firmware,
    state: UpdateState,
    said: nullable(Type.String({ description: 'The last that the charger said of it', examples: ['Downloading'] })),
    createdAt: Instant,
    changedAt: Instant,
  },
  { title: 'FirmwareUpdate' },
)

const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', maxLength: 5, examples: ['22:00'] })
const Share = Type.Integer({ minimum: 1, maximum: 1000, description: 'How many at a time', examples: [10] })
const StopAfter = Type.Integer({ minimum: 1, maximum: 10_000, description: 'So many failures end it', examples: [3] })

const CampaignView = Type.Object(
  {
    id: Id,
    owner: Owner,
    name: Type.String({ examples: ['2.5.0 for the V2-22'] }),
    firmware: Firmware,
    startsAt: Instant,
    from: nullable({ ...TimeOfDay, description: 'Where the charger is, as long as chargers may be asked' }),
    to: nullable(TimeOfDay),
    share: Share,
    stopAfter: StopAfter,
    state: Type.Enum(['running', 'paused', 'stopped', 'cancelled', 'done'], {
      description: '`stopped` where too many have failed',
      examples: ['running'],
    }),
    updates: Type.Object(
      Object.fromEntries(UpdateState.enum.map(state => [state, Type.Integer()])) as Record<
        Update['state'],
        Type.TInteger
      >,
    ),
    createdAt: Instant,
    endedAt: nullable(Instant),
    version: Type.Integer({ examples: [1] }),
  },
  { title: 'FirmwareCampaign' },
)

const NewCampaign = Type.Object({
  name: Line(200, { examples: ['2.5.0 for the V2-22'] }),
  firmware: Firmware,
  chargers: Type.Union(
    [
      Type.Array(ChargerId, { minItems: 1, maxItems: 1000 }),
      Type.Object({
        vendor: Type.Optional(Type.String({ maxLength: 50 })),
        model: Type.Optional(Type.String({ maxLength: 50 })),
        firmware: Type.Optional(Type.String({ maxLength: 50, description: 'That they have now' })),
      }),
    ],
    { description: 'By name, or all that have this in common', examples: [['CP-1']] },
  ),
  startsAt: Type.Optional(Instant),
  from: Type.Optional(TimeOfDay),
  to: Type.Optional(TimeOfDay),
  share: Type.Optional(Share),
  stopAfter: Type.Optional(StopAfter),
})

const One = Type.Object({ id: ChargerId })
const OneCampaign = Type.Object({ id: Id })
const config = { access: withRole('operator') }

const view = (campaign: Campaign, counts: Counts): Static<typeof CampaignView> => ({
  ...campaign,
  startsAt: campaign.startsAt.toISOString(),
  createdAt: campaign.createdAt.toISOString(),
  endedAt: campaign.endedAt?.toISOString() ?? null,
  updates: { waiting: 0, asked: 0, 'under-way': 0, installed: 0, failed: 0, cancelled: 0, ...counts },
})

const updateView = (update: Update) => ({
  ...update,
  createdAt: update.createdAt.toISOString(),
  changedAt: update.changedAt.toISOString(),
})

export function firmwareRoutes(host: OcppHost, call: CallCharger): void {
  campaignRoutes(host)
  const { http, db, now } = host

  http.post(
    '/chargers/:id/firmware',
    {
      config,
      schema: {
        summary: 'Have a charger take new firmware',
        description: 'By UpdateFirmware; by SignedUpdateFirmware where it is signed and the charger speaks 1.6.',
        refuses: ['charger_unknown', 'editor_required', 'firmware_under_way', ...refusals],
        params: One,
        body: Firmware,
        response: { 202: UpdateView },
      },
    },
    async ({ actor, params, body: firmware }, reply) => {
      const charger = manageable(actor, 'write', await findCharger(db, params.id), 'charger_unknown')
      const [id, at] = [newId(), now()]
      const about = { id, campaignId: null, chargerId: charger.id, firmware, said: null }
      const update: Update = { ...about, state: 'asked', createdAt: at, changedAt: at }
      const requestId = requestIdAt(at)
      await db
        .transaction(tx => insertUpdate(tx, { ...update, requestId }))
        .catch(error => {
          if (!violates(error, 'firmware_updates_active')) throw error
          throw new Problem('conflict', 'firmware_under_way')
        })
      try {
        const { action, payload } = firmwareCall(charger.ocppVersion ?? 'ocpp2.0.1', firmware, requestId, at)
        const { commandId, ended } = await call({ actor }, charger, action, payload)
        const { status = 'Accepted' } = answerOf(commandId, ended)
        if (!String(status).startsWith('Accepted'))
          throw new Problem('conflict', 'command_rejected', { detail: `The charger answers ${status}.`, commandId })
      } catch (error) {
        if (error instanceof Problem) await db.transaction(tx => noteUpdate(tx, id, 'failed', error.code, now()))
        throw error
      }
      return reply.code(202).send(updateView(update))
    },
  )

  http.get(
    '/chargers/:id/firmware',
    {
      config,
      schema: {
        summary: 'Firmware that a charger was to take, the latest first',
        refuses: ['charger_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(UpdateView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const { createdAt } = manageable(actor, 'read', await findCharger(db, params.id), 'charger_unknown')
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listUpdates(db, { chargerId: params.id, since: createdAt }, limit + 1, before)
      return page(rows, limit, ({ id }) => [id], updateView)
    },
  )
}

const failedTooOften = (failed: number): Problem =>
  new Problem('conflict', 'campaign_failed', {
    detail: `${failed} of its chargers have failed: it goes on with a higher stopAfter.`,
    errors: [{ pointer: '/stopAfter', detail: `must be more than ${failed}` }],
  })

function campaignRoutes({ http, db, now }: OcppHost): void {
  http.post(
    '/firmware-campaigns',
    {
      config,
      schema: {
        summary: 'Have many chargers take new firmware, a few at a time',
        description: 'Ten at a time, and three failures end it, unless said.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: ['charger_unknown', 'editor_required', 'campaign_empty', 'campaign_too_large'],
        body: NewCampaign,
        response: { 201: CampaignView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = ownerFor(actor)
      const { chargers, from = null, to = null, share = 10, stopAfter = 3 } = body
      if ((from === null) !== (to === null))
        throw new Problem('invalid', 'request_invalid', {
          errors: [{ pointer: from ? '/to' : '/from', detail: 'is required beside the other' }],
        })
      const named = Array.isArray(chargers) ? [...new Set(chargers)] : undefined
      const group = Array.isArray(chargers) ? { chargers: named } : chargers
      const ids = await chargersOf(db, group, scopesFor(actor, undefined))
      if (named && ids.length < named.length) throw new Problem('not_found', 'charger_unknown')
      if (ids.length === 0) throw new Problem('unprocessable', 'campaign_empty')
      if (ids.length > 10_000) throw new Problem('unprocessable', 'campaign_too_large')
      const campaign = await db.once(request, async tx => {
        const at = now()
        const { name, firmware, startsAt } = body
        const timing = { startsAt: startsAt ? new Date(startsAt) : at, from, to, createdAt: at, endedAt: null }
        const campaign: Campaign = {
          id: newId(),
          owner,
          name,
          firmware,
          ...timing,
          share,
          stopAfter,
          state: 'running',
          version: 1,
        }
        await insertCampaign(tx, campaign)
        await insertUpdates(
          tx,
          campaign,
          ids.map(() => newId()),
          ids,
        )
        return view(campaign, { waiting: ids.length })
      })
      return reply.code(201).header('location', `/api/ocpp/firmware-campaigns/${campaign.id}`).send(campaign)
    },
  )

  http.get(
    '/firmware-campaigns',
    {
      config,
      schema: {
        summary: 'Campaigns of firmware, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(CampaignView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const owners = actor.role === 'admin' ? undefined : partiesOf(actor)
      const rows = await listCampaigns(db, owners, limit + 1, before)
      const counts = await countUpdates(
        db,
        rows.map(({ id }) => id),
      )
      return page(
        rows,
        limit,
        ({ id }) => [id],
        row => view(row, counts(row.id)),
      )
    },
  )

  http.get(
    '/firmware-campaigns/:id',
    {
      config,
      schema: {
        summary: 'A campaign of firmware, and how far it is',
        gives: ['ETag'],
        refuses: ['campaign_unknown'],
        params: OneCampaign,
        response: { 200: CampaignView },
      },
    },
    async ({ actor, params }, reply) => {
      const campaign = manageable(actor, 'read', await findCampaign(db, params.id), 'campaign_unknown')
      const counts = await countUpdates(db, [campaign.id])
      return await reply.header('etag', `"${campaign.version}"`).send(view(campaign, counts(campaign.id)))
    },
  )

  http.get(
    '/firmware-campaigns/:id/updates',
    {
      config,
      schema: {
        summary: 'Chargers of a campaign of firmware, and how far each is',
        refuses: ['campaign_unknown'],
        params: OneCampaign,
        querystring: listQuery({ state: Type.Optional(UpdateState) }),
        response: { 200: Page(UpdateView) },
      },
    },
    async ({ actor, params, query: { limit, after, state } }) => {
      manageable(actor, 'read', await findCampaign(db, params.id), 'campaign_unknown')
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listUpdates(db, { campaignId: params.id, state }, limit + 1, before)
      return page(rows, limit, ({ id }) => [id], updateView)
    },
  )

  http.put(
    '/firmware-campaigns/:id',
    {
      config,
      schema: {
        summary: 'Pause, go on with or cancel a campaign of firmware, or change its pace',
        description:
          'Chargers that have begun go on by themselves. One that has stopped goes on with a `stopAfter` above the ' +
          'failures there are.',
        honours: ['If-Match'],
        refuses: ['campaign_unknown', 'editor_required', 'campaign_ended', 'campaign_failed'],
        params: OneCampaign,
        body: Type.Object({
          state: Type.Optional(Type.Enum(['running', 'paused', 'cancelled'], { examples: ['paused'] })),
          share: Type.Optional(Share),
          stopAfter: Type.Optional(StopAfter),
        }),
        response: { 200: CampaignView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const changed = await db.transaction(async tx => {
        const campaign = manageable(actor, 'write', await lockCampaign(tx, params.id), 'campaign_unknown')
        requireMatch(request, campaign.version)
        if (campaign.state === 'cancelled' || campaign.state === 'done') throw new Problem('conflict', 'campaign_ended')
        const state = body.state ?? campaign.state
        const endedAt = state === campaign.state ? campaign.endedAt : state === 'cancelled' ? now() : null
        const after: Campaign = { ...campaign, ...body, state, endedAt, version: campaign.version + 1 }
        if (state === 'running' && campaign.state !== 'running') {
          const { failed = 0 } = (await countUpdates(tx, [campaign.id]))(campaign.id)
          if (failed >= after.stopAfter) throw failedTooOften(failed)
        }
        await updateCampaign(tx, after)
        if (state === 'cancelled') await cancelWaiting(tx, campaign.id, now())
        return view(after, (await countUpdates(tx, [campaign.id]))(campaign.id))
      })
      return await reply.header('etag', `"${changed.version}"`).send(changed)
    },
  )
}
