import type { Line } from '../measure.ts'
import { makePeople, signedIn, type World } from '../world.ts'
import { atBothSizes } from './growth.ts'

/** The same questions to an operator's few sessions and to many: who charges where, one client after the other. */
export async function sessions(world: World): Promise<Line[]> {
  const [few, many] = world.size.quick ? [1_000, 100_000] : [1_000, 1_000_000]
  const [small, large] = [await filled(world, few), await filled(world, many)]
  const lines = await atBothSizes(world, [small, large], {
    questions,
    base: '/api/sessions',
    name: work => `sessions, ${work}: ${few.toLocaleString('en')} and ${many.toLocaleString('en')}`,
  })
  await Promise.all([small.platform.close(), large.platform.close()])
  return lines
}

type Filled = Awaited<ReturnType<typeof filled>>
const questions: [string, (of: Filled) => string[]][] = [
  ['one by key', ({ some }) => some.map(({ id }) => `/${id}`)],
  ['the newest of an operator', () => ['']],
  ['of a charger', ({ some }) => some.map(({ charger }) => `?charger=${charger}`)],
  ['of a token', ({ some }) => some.map(({ token }) => `?token=${token}`)],
  ['of a driver', ({ some }) => some.map(({ driver }) => `?driver=${driver}`)],
  ['under way', () => ['?status=active']],
  ['of a day', () => ['?from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z']],
  ['ended, of a charger', ({ some }) => some.map(({ charger }) => `?status=ended&charger=${charger}`)],
  ['how many', () => ['/count']],
]

/**
 * Half are the operator's, at a hundred chargers whatever the count, by five hundred drivers; the latest two hundred
 * are under way, as no more can be there. They are spread over a year.
 */
async function filled(world: World, count: number) {
  const database = await world.database(`row_sessions_${count}`)
  const platform = await world.platform(database, ['identity', 'ocpp', 'sessions'])
  const [operator] = await makePeople(world.sqlOf(database), 1)
  await world.sqlOf(database)`update identity.users set role = 'operator' where id = ${operator!.id}`
  const sql = world.sqlOf(database, 'sessions')
  await sql`
    insert into sessions (id, charger_id, reference, evse, connector, owner_kind, owner_id, owner_told, driver_id, token,
      token_type, token_accepted, offline, begun_at, stopped_at, first_at, last_at, last_seq, heard_at, started_at,
      ended_at, stop_reason, meter, energy_wh, updated_at, thinned)
    select uuidv7(), 'CP-' || (n % 2) || '-' || n / 2 % 100, n::text, 1, 1, 'person',
      case when n % 2 = 0 then ${operator!.id}::uuid else md5('owner ' || n % 300)::uuid end, true,
      md5('driver ' || n % 500)::uuid, 'TAG' || n % 5000, 'ISO14443', true, false, at, at + interval '1 hour', at,
      at + interval '1 hour', 9, at + interval '1 hour', at,
      case when n <= ${count}::int - 200 then at + interval '1 hour' end, 'Local', '{}', 20000, at + interval '1 hour', true
    from generate_series(1, ${count}::int) n,
      lateral (select timestamptz '2026-01-01' + n * (interval '365 days' / ${count}::int) as at) times`
  await sql`vacuum analyze sessions`
  const some = await sql<{ id: string; charger: string; token: string; driver: string }[]>`
    select id, charger_id as charger, token, driver_id as driver from sessions where owner_id = ${operator!.id}
    order by md5(id::text) limit 100`
  return { platform, headers: await signedIn(platform, operator!), some }
}
