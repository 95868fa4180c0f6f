import Type from 'typebox'
import { Id } from '#contracts/shared'
import { Count, counted, countQuery, Page, requireMatch, signedIn, withRole, type Reply, type Request } from '#kernel'
import type { StationsHost } from '../host.ts'
import { requirePossible, placeFrom } from '../place.ts'
import { changeStation, createStation, deleteStation } from './changing.ts'
import { countStations, listStations, stationFilters, stationQuery } from './list.ts'
import { manageableBy, StationBody, StationView, view, visibleTo } from './stations.ts'
import { findStation, lockStation } from './store.ts'

export const One = Type.Object({ id: Id })
const operators = withRole('operator')
const refusesBody = [
  'editor_required',
  'site_unknown',
  'charger_elsewhere',
  'reference_taken',
  'position_missing',
  'connector_twice',
  'time_zone_unknown',
  'opening_invalid',
] as const

export function routes({ http, db, now }: StationsHost): void {
  http.post(
    '/',
    {
      config: { access: operators },
      schema: {
        summary: 'Create a station',
        description:
          'Of the organisation one acts for, else of oneself. What it does not say itself is as its site has it. ' +
          'With the charger of a draft it takes the place of the draft.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: refusesBody,
        body: StationBody,
        response: { 201: StationView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      await requirePossible(db, placeFrom(body))
      const station = await db.once(request, async tx => view(await createStation(tx, actor, body, now())))
      reply.code(201).header('location', `/api/stations/${station.id}`).header('etag', `"${station.version}"`)
      return reply.send(station)
    },
  )

  http.get(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List stations, the newest first',
        description: 'Public ones; for operators those they operate and those that belong to nobody yet.',
        querystring: stationQuery,
        response: { 200: Page(StationView) },
      },
    },
    ({ actor, query }) => listStations(db, actor, query),
  )

  http.get(
    '/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many stations a list finds',
        querystring: countQuery(stationFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countStations(db, actor, query)),
  )

  const answer = (reply: Reply, station: Parameters<typeof view>[0]) =>
    reply.header('etag', `"${station.version}"`).send(view(station))

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read a station, with how its connectors are now',
        gives: ['ETag'],
        refuses: ['station_unknown'],
        params: One,
        response: { 200: StationView },
      },
    },
    async ({ actor, params }, reply) => answer(reply, visibleTo(actor, await findStation(db, params.id))),
  )

  http.put(
    '/:id',
    {
      config: { access: operators },
      schema: {
        summary: 'Describe a station anew',
        description: 'A station that belongs to nobody becomes that of who does; an admin leaves it as it is.',
        honours: ['If-Match'],
        refuses: ['station_unknown', ...refusesBody],
        params: One,
        body: StationBody,
        response: { 200: StationView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await requirePossible(db, placeFrom(body))
      const station = await db.transaction(async tx => {
        const before = manageableBy(actor, await lockStation(tx, params.id))
        requireMatch(request, before.version)
        return await changeStation(tx, actor, before, body, now())
      })
      return answer(reply, station)
    },
  )

  http.delete(
    '/:id',
    {
      config: { access: operators },
      schema: {
        summary: 'Delete a station',
        description:
          'It goes from maps and lists; sessions that refer to it stay. Its charger gets no other by itself.',
        honours: ['If-Match'],
        refuses: ['station_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request: Request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const station = manageableBy(actor, await lockStation(tx, (params as { id: string }).id))
        requireMatch(request, station.version)
        await deleteStation(tx, station, now())
      })
      return reply.code(204).send()
    },
  )
}
