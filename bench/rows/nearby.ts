import type { ConnectorStandard } from '#contracts/stations'
import { kindOf, powerClasses } from '../../services/stations/nearby/spots.ts'
import { latencies, quantile, type Line } from '../measure.ts'
import { makePeople, signedIn, type World } from '../world.ts'

/** Stations around a position, among a thousand and among a million connectors: one client, one question after the other. */
export async function nearby(world: World): Promise<Line[]> {
  const lines: Line[] = []
  for (const connectors of world.size.quick ? [1_000, 100_000] : [1_000, 1_000_000]) {
    const { platform, headers, places } = await filled(world, connectors)
    for (const [work, query] of questions) {
      const paths = places.map(([lat, lon]) => `/api/stations/nearby?lat=${lat}&lon=${lon}${query}`)
      await latencies(platform.url, { paths, headers }, paths.length)
      const taken = await latencies(platform.url, { paths, headers }, world.size.quick ? 300 : 1_000)
      const p99 = quantile(taken, 0.99)
      lines.push({
        work: `nearby, ${work}: ${connectors.toLocaleString('en')} connectors`,
        ohmnibus: `p50 ${quantile(taken, 0.5).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
        budget: 'p99 < 10 ms',
        met: p99 < 10,
      })
    }
    await platform.close()
  }
  return lines
}

const questions: [string, string][] = [
  ['any', ''],
  ['in 50 km', '&radius=50000'],
  ['free CCS of 150 kW', '&connector=IEC_62196_T2_COMBO&minPowerW=150000&available=true'],
  ['free CCS of 120 kW', '&connector=IEC_62196_T2_COMBO&minPowerW=120000&available=true'],
  ['CHAdeMO that is open', '&connector=CHADEMO&openNow=true'],
  [
    'all that at once in 100 km, a hundred',
    '&radius=100000&connector=CHADEMO&minPowerW=50000&available=true&openNow=true&limit=100',
  ],
  ['what is not there, in 100 km', '&radius=100000&connector=MCS'],
]

/** Of ten stations: what their four connectors are. */
const kinds: [ConnectorStandard, number][][] = [
  ...Array.from({ length: 6 }, () =>
    Array.from({ length: 4 }, (): [ConnectorStandard, number] => ['IEC_62196_T2', 22_000]),
  ),
  ...Array.from({ length: 2 }, (): [ConnectorStandard, number][] => [
    ['IEC_62196_T2_COMBO', 50_000],
    ['IEC_62196_T2_COMBO', 50_000],
    ['CHADEMO', 50_000],
    ['IEC_62196_T2', 22_000],
  ]),
  [
    ['IEC_62196_T2_COMBO', 150_000],
    ['IEC_62196_T2_COMBO', 150_000],
    ['CHADEMO', 50_000],
    ['IEC_62196_T2', 22_000],
  ],
  Array.from({ length: 4 }, (): [ConnectorStandard, number] => ['IEC_62196_T2_COMBO', 350_000]),
]

/** Half of the stations in the ten largest of three hundred cities; one connector in two is free, one station in five shuts at night. */
async function filled(world: World, connectors: number) {
  const database = await world.database(`row_nearby_${connectors}`)
  const platform = await world.platform(database, ['identity', 'stations'])
  const sql = world.sqlOf(database, 'stations')
  const [person] = await makePeople(world.sqlOf(database), 1)
  const headers = await signedIn(platform, person!)
  await sql`select setseed(0.5)`
  await sql`create table bench_cities as
    select i, random() * 25 + 36 as lat, random() * 40 - 8 as lon, sum(1.0 / i) over (order by i) as upto
    from generate_series(1, 300) i`
  await sql`create table bench_kinds (i integer, evse integer, standard text, power integer)`
  await sql`insert into bench_kinds ${sql(
    kinds.flatMap((of, i) => of.map(([standard, power], at) => ({ i, evse: at + 1, standard, power }))),
  )}`
  await sql`create table bench_spots (standard text, least integer, kind integer)`
  const standards = [null, ...new Set(kinds.flatMap(of => of.map(([standard]) => standard)))]
  await sql`insert into bench_spots ${sql(
    standards.flatMap(standard => powerClasses.map(least => ({ standard, least, kind: kindOf(standard, least) }))),
  )}`
  await sql`
    insert into stations (id, owner_kind, owner_id, public, drafted, name, latitude, longitude, time_zone, words,
      open_week, online, version, created_at, updated_at)
    select gen_random_uuid(), 'person', ${person!.id}, true, false, 'Station ' || n, c.lat + (random() - random()) / 8,
      c.lon + (random() - random()) / 8, 'Europe/Berlin', to_tsvector('simple', 'Station ' || n),
      case when n % 5 = 0 then '{[360,1320),[1800,2760),[3240,4200),[4680,5640),[6120,7080),[7560,8520),[9000,9960)}'::int4multirange end,
      true, 1, now() - n * interval '1 second', now()
    from (select n, random() * (select max(upto) from bench_cities) as r from generate_series(1, ${connectors / 4}::int) n) s
    cross join lateral (select lat, lon from bench_cities where upto >= r order by upto limit 1) c`
  await sql`insert into evses (station_id, evse) select id, e from stations, generate_series(1, 4) e`
  await sql`
    insert into connectors (id, station_id, evse, connector, standard, max_power_w, status, status_at, available)
    select gen_random_uuid(), s.id, k.evse, 1, k.standard, k.power, case when f then 'available' else 'charging' end,
      now(), f
    from (select id, (row_number() over ())::int % 10 as i, random() from stations) s
    join bench_kinds k using (i) cross join lateral (select random() + k.evse * 0 < 0.5 as f) x`
  await sql`
    insert into spots (station_id, kind, standard, least_power_w, max_power_w, position, available)
    select s.id, b.kind, b.standard, b.least, max(c.max_power_w), ll_to_earth(s.latitude, s.longitude),
      bool_or(c.available and c.max_power_w >= b.least)
    from stations s join connectors c on c.station_id = s.id
    join bench_spots b on b.standard is null or b.standard = c.standard
    group by s.id, b.kind, b.standard, b.least having max(c.max_power_w) >= b.least`
  await sql`drop table bench_cities, bench_kinds, bench_spots`
  for (const table of ['stations', 'evses', 'connectors', 'spots']) await sql.unsafe(`vacuum analyze ${table}`)
  const places = await sql<{ latitude: number; longitude: number }[]>`
    select latitude, longitude from stations order by id limit 200`
  return { platform, headers, places: places.map(({ latitude, longitude }) => [latitude, longitude] as const) }
}
