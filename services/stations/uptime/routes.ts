import Type from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import { cursorOf, isId, isInstant, listQuery, newId, Page, page, Problem, timeOf, withRole, type Db } from '#kernel'
import type { StationsHost } from '../host.ts'
import { nullable, shown } from '../place.ts'
import { manageableBy, type WholeStation } from '../stations/stations.ts'
import { findStation } from '../stations/store.ts'
import {
  deleteExclusion,
  insertExclusion,
  knownSince,
  listExclusions,
  listOnline,
  listTurns,
  type Exclusion,
} from './store.ts'
import { closedWithin, outagesOf, uptimeOf, type Stretch } from './uptime.ts'

const Minutes = Type.Number({ minimum: 0, examples: [525_600] })
const Percent = nullable(Type.Number({ minimum: 0, maximum: 100, examples: [99.2] }))
const figures = {
  nevi: { ...Percent, description: 'By 23 CFR 680.116(b)(3); null where nothing is known' },
  afir: { ...Percent, description: 'Share of time that it was operational (Regulation (EU) 2023/1804, Art. 20(2)(c))' },
}
const UptimeView = Type.Object(
  {
    stationId: Id,
    from: Instant,
    to: Instant,
    ...figures,
    evses: Type.Array(
      Type.Object({
        evse: Type.Integer({ examples: [1] }),
        totalMinutes: { ...Minutes, description: 'Since anything is known' },
        outageMinutes: Minutes,
        excludedMinutes: Minutes,
        ...figures,
      }),
    ),
  },
  { title: 'Uptime' },
)

/** 23 CFR 680.116(b)(3). */
const reasons = ['utility-interruption', 'vehicle-fault', 'scheduled-maintenance', 'vandalism', 'natural-disaster']
const exclusion = {
  evse: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 1_000, examples: [1] }))),
  from: Instant,
  to: { ...Instant, examples: ['2027-02-18T18:00:00.000Z'] },
  reason: Type.Enum(reasons, { examples: ['scheduled-maintenance'] }),
  note: Type.Optional(nullable(Line(500, { examples: ['Cable replaced'] }))),
}
const ExclusionView = shown(
  Type.Object({ id: Id, ...exclusion, createdBy: nullable(Id), createdAt: Instant }, { title: 'Exclusion' }),
)
const One = Type.Object({ id: Id })
const config = { access: withRole('operator') }
const yearMs = 365 * 86_400_000
const mostExclusions = 1_000

const view = ({ stationId: _, from, to, createdAt, ...one }: Exclusion) => ({
  ...one,
  from: from.toISOString(),
  to: to.toISOString(),
  createdAt: createdAt.toISOString(),
})

/** How well stations work. */
export function uptimeRoutes({ http, db, now }: StationsHost): void {
  http.get(
    '/:id/uptime',
    {
      config,
      schema: {
        summary: 'How well a station worked, by the US and by the EU rule',
        description: 'Of the last twelve months, unless it is said from when to when (no more than 366 days).',
        refuses: ['station_unknown', 'editor_required', 'opening_invalid'],
        params: One,
        querystring: Type.Object({ from: Type.Optional(Instant), to: Type.Optional(Instant) }),
        response: { 200: UptimeView },
      },
    },
    async ({ actor, params, query }) => {
      const at = now()
      const to = query.to === undefined ? at : timeOf(query.to)
      const from = query.from === undefined ? new Date(to.getTime() - yearMs) : timeOf(query.from)
      if (to <= from || to.getTime() - from.getTime() > yearMs + 86_400_000)
        throw new Problem('invalid', 'request_invalid', {
          errors: [{ pointer: '/to', detail: 'must be after from, and no more than 366 days' }],
        })
      const station = manageableBy(actor, await findStation(db, params.id))
      return {
        stationId: station.id,
        from: from.toISOString(),
        to: to.toISOString(),
        ...(await work(db, station, from, to, at)),
      }
    },
  )

  http.post(
    '/:id/exclusions',
    {
      config,
      schema: {
        summary: 'Note time that does not count as outage, and why',
        honours: ['Idempotency-Key'],
        refuses: ['station_unknown', 'editor_required', 'opening_invalid'],
        params: One,
        body: Type.Object(exclusion),
        response: { 201: ExclusionView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const [from, to] = [timeOf(body.from), timeOf(body.to)]
      if (to <= from)
        throw new Problem('unprocessable', 'opening_invalid', {
          errors: [{ pointer: '/to', detail: 'must be after `from`' }],
        })
      const station = manageableBy(actor, await findStation(db, params.id))
      const { evse = null, note = null, reason } = body
      const one = {
        evse,
        note,
        reason,
        from,
        to,
        id: newId(),
        stationId: station.id,
        createdBy: actor.userId,
        createdAt: now(),
      }
      const noted = await db.once(request, async tx => {
        await insertExclusion(tx, one)
        return view(one)
      })
      return reply.code(201).send(noted)
    },
  )

  http.get(
    '/:id/exclusions',
    {
      config,
      schema: {
        summary: 'List time that does not count as outage, the earliest first',
        refuses: ['station_unknown', 'editor_required'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(ExclusionView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const station = manageableBy(actor, await findStation(db, params.id))
      const cursor = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listExclusions(db, station.id, {}, limit + 1, cursor)
      return page(rows, limit, ({ from, id }) => [from.toISOString(), id], view)
    },
  )

  http.delete(
    '/:id/exclusions/:exclusionId',
    {
      config,
      schema: {
        summary: 'Let time count as outage again',
        refuses: ['station_unknown', 'editor_required', 'exclusion_unknown'],
        params: Type.Object({ id: Id, exclusionId: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const station = manageableBy(actor, await findStation(db, params.id))
      const isGone = await db.transaction(tx => deleteExclusion(tx, station.id, params.exclusionId))
      if (!isGone) throw new Problem('not_found', 'exclusion_unknown')
      return reply.code(204).send()
    },
  )
}

/** The figures of each EVSE, and of the station their mean; of time that is over and of which anything is known. */
async function work(db: Db, station: WholeStation, from: Date, to: Date, now: Date) {
  const since = await knownSince(db, station.id)
  const whole: Stretch = [Math.max(from.getTime(), since ?? Infinity), Math.min(to.getTime(), now.getTime())]
  if (since === undefined || whole[1] <= whole[0] || station.chargerId === null)
    return { nevi: null, afir: null, evses: [] }
  const [online, turns, exclusions] = await Promise.all([
    listOnline(db, station.chargerId, now),
    listTurns(db, station.chargerId, new Date(whole[1])),
    listExclusions(db, station.id, { from, to }, mostExclusions),
  ])
  const { openingTimes, timeZone } = station
  const evses = station.evses.map(({ evse }) => {
    const outages = outagesOf({ online, turns }, evse, whole)
    const closed = outages.flatMap(outage => closedWithin(openingTimes, timeZone ?? 'UTC', outage))
    const noted = exclusions
      .filter(one => one.evse === null || one.evse === evse)
      .map(one => [one.from.getTime(), one.to.getTime()] as const)
    return { evse, ...uptimeOf(whole, outages, [...closed, ...noted]) }
  })
  const mean = (name: 'nevi' | 'afir') =>
    evses.length === 0
      ? null
      : Math.round((evses.reduce((sum, evse) => sum + (evse[name] ?? 0), 0) / evses.length) * 10_000) / 10_000
  return { nevi: mean('nevi'), afir: mean('afir'), evses }
}
