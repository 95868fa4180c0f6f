import Type, { type Static } from 'typebox'
import { Id } from '#contracts/shared'
import { ConnectorStandard, PowerType } from '#contracts/stations'
import { signedIn, type Db } from '#kernel'
import type { StationsHost } from '../host.ts'
import { nullable, placeFields, shown } from '../place.ts'
import { classOf, kindOf } from './spots.ts'

const Query = Type.Object({
  lat: Type.Number({ minimum: -90, maximum: 90, examples: [52.52] }),
  lon: Type.Number({ minimum: -180, maximum: 180, examples: [13.405] }),
  radius: Type.Integer({ minimum: 1, maximum: 100_000, default: 5_000, description: 'Metres' }),
  connector: Type.Optional(ConnectorStandard),
  minPowerW: Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 }),
  available: Type.Boolean({ default: false, description: 'Only where such a connector can be used now' }),
  openNow: Type.Boolean({ default: false, description: 'Only where it is open; where nobody says when, it is' }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
})
type Query = Static<typeof Query>

const { name, address, coordinates, timeZone, openingTimes, operatorName } = placeFields
const Count = Type.Integer({ minimum: 0, examples: [2] })
const NearbyStation = shown(
  Type.Object(
    {
      id: Id,
      name,
      address,
      coordinates,
      timeZone,
      openingTimes,
      operatorName,
      online: Type.Boolean(),
      distanceM: Type.Integer({ minimum: 0, examples: [340] }),
      connectors: Type.Array(
        Type.Object({
          standard: nullable(ConnectorStandard),
          powerType: nullable(PowerType),
          maxPowerW: nullable(Type.Integer({ examples: [150_000] })),
          total: Count,
          available: { ...Count, description: 'Can be used now' },
        }),
      ),
    },
    { title: 'NearbyStation' },
  ),
)
export type NearbyStation = Static<typeof NearbyStation>

/** Stations around a position. */
export function nearbyRoutes({ http, db, now }: StationsHost): void {
  http.get(
    '/nearby',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Find public stations around a position, the nearest first',
        querystring: Query,
        response: { 200: Type.Object({ items: Type.Array(NearbyStation) }, { title: 'NearbyStations' }) },
      },
    },
    async ({ query }) => ({ items: await findNearby(db, query, now()) }),
  )
}

/** Those of a station `s` that are alike, counted. */
export const connectorsOf = (db: Db) => db`
  (select coalesce(json_agg(json_build_object('standard', c.standard, 'powerType', c.power_type,
      'maxPowerW', c.max_power_w, 'total', c.total, 'available', c.available)
      order by c.max_power_w desc nulls last, c.standard), '[]')
    from (select standard, power_type, max_power_w, count(*) as total, count(*) filter (where available) as available
      from connectors where station_id = s.id group by 1, 2, 3) c) as connectors`

/**
 * The nearest first: an index on kind and position gives them in that order, and the search ends at the last that is
 * wanted. What is asked for is a kind of the index as far as it can be; the rest is looked at one by one.
 */
export async function findNearby(db: Db, query: Query, at: Date): Promise<NearbyStation[]> {
  const { lat, lon, radius, connector, minPowerW, available, openNow, limit } = query
  const standard = connector ?? null
  const kind = kindOf(standard, classOf(minPowerW))
  return await db<NearbyStation[]>`
    select s.id, s.name, s.address, json_build_object('latitude', s.latitude, 'longitude', s.longitude) as coordinates,
      s.time_zone as "timeZone", s.opening as "openingTimes", s.operator_name as "operatorName", s.online,
      round(sec_to_gc(n.chord))::int as "distanceM",
      ${connectorsOf(db)}
    from spots_near(${kind}, ${lat}, ${lon}, ${radius}, ${standard}, ${minPowerW}, ${available},
      ${openNow ? at : null}, ${limit}) n
    join stations s on s.id = n.station_id
    where n.chord <= gc_to_sec(${radius}) order by n.chord, s.id`
}
