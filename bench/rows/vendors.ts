import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../kernel/database/database.ts'
import { periodic } from '../../kernel/jobs/job.ts'
import type { Line } from '../measure.ts'
import { allServices, makePeople, signedIn, type World } from '../world.ts'

const sellers = 100

/** Money between parties: settling what was delivered, and a month of a busy vendor. */
export async function vendors(world: World): Promise<Line[]> {
  const count = world.size.quick ? 5_000 : 100_000
  const database = await world.database('row_vendors')
  const platform = await world.platform(database, allServices)
  const sql = world.sqlOf(database)
  try {
    const people = await makePeople(sql, sellers)
    const ids = people.map(({ id }) => id)
    await sell(sql, ids, count)
    const began = performance.now()
    await doPeriodic(sql, 'settle what was delivered long enough ago')
    const settled = async () =>
      (await sql<{ n: number }[]>`select count(*)::int as n from vendors.sold_parts where settled_at is not null`)[0]!.n
    while ((await settled()) < count) await sleep(50)
    const seconds = (performance.now() - began) / 1000
    const [books] = await sql<{ sum: number; available: number }[]>`
      select sum(balance_minor)::float8 as sum,
        sum(balance_minor) filter (where kind = 'available')::float8 as available
      from vendors.ledger_accounts`
    const isExact = books!.sum === 0 && books!.available === count * 9_000

    // All of the first one's in one month.
    const lines = 10_000
    await sell(sql, ids.slice(0, 1), lines)
    const headers = await signedIn(platform, people[0]!)
    const month = new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 7)
    const taken: number[] = []
    for (const form of ['', '/csv', '/pdf']) {
      const asked = performance.now()
      const answer = await fetch(`${platform.url}/api/vendors/statements/${month}${form}`, { headers })
      const bytes = (await answer.arrayBuffer()).byteLength
      if (!answer.ok || (form === '/csv' && bytes < lines * 50)) throw new Error(`no statement: ${answer.status}`)
      taken.push((performance.now() - asked) / 1000)
    }
    const inAll = (seconds * 100_000) / count
    return [
      {
        work: `settling orders of ${sellers} vendors: ${count.toLocaleString('en')} measured`,
        ohmnibus: `${seconds.toFixed(1)} s; all accounts sum to ${books!.sum}; at this rate 100,000 take ${inAll.toFixed(0)} s`,
        budget: '100,000 under 5 min',
        met: inAll < 300 && isExact,
      },
      {
        work: 'a month of a vendor with more than 10,000 entries: figures, CSV, PDF',
        ohmnibus: taken.map(one => `${one.toFixed(2)} s`).join(', '),
        budget: 'each under 2 s',
        met: taken.every(one => one < 2),
      },
    ]
  } finally {
    await platform.close()
  }
}

async function doPeriodic(sql: Pool, purpose: string): Promise<void> {
  const task = periodic('vendors', purpose)
  await sql`
    select graphile_worker.add_job(${task}, json_build_object('payload', '{}'::json, 'traceId', ''),
      queue_name => ${task}, job_key => ${task}, job_key_mode => 'replace')`
}

/** As if orders of 100.00 with 10.00 for the platform had been paid and delivered twenty days ago, by turns of each. */
async function sell(sql: Pool, ids: readonly string[], count: number): Promise<void> {
  await sql.begin(async tx => {
    await tx`set local search_path = vendors, extensions`
    await tx`
      insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, least_minor)
      select uuidv7(), k, 'person', v, 'EUR', case k when 'paying' then 0 end
      from unnest(${ids as string[]}::uuid[]) v,
        unnest(array['buyers', 'pending', 'available', 'paying', 'paid', 'commission']) k on conflict do nothing`
    await tx`
      create temporary table made on commit drop as
      select uuidv7() as order_id, uuidv7() as part_id, (${ids as string[]}::uuid[])[1 + n % ${ids.length}::int] as vendor_id
      from generate_series(1, ${count}::int) n`
    await tx`
      insert into sold_parts (order_id, vendor_id, part_id, owner_kind, number, position, currency, total_minor,
        commission_minor, goods, sold_at, delivered_at, pending_minor)
      select order_id, vendor_id, part_id, 'person', 'K7M2Q-9XWTB', 0, 'EUR', 10000, 1000, true,
        now() - interval '20 days', now() - interval '20 days', 9000 from made`
    await tx`
      insert into ledger_entries (cause_id, kind, at, about)
      select part_id, 'sale', now() - interval '20 days', json_build_object('orderId', order_id, 'number', 'K7M2Q-9XWTB')
      from made`
    for (const [to, minor] of [
      ['pending', 9_000],
      ['commission', 1_000],
    ] as const)
      await tx`
        insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
        select m.part_id, 'sale', f.id, o.id, 'EUR', ${minor}
        from made m join ledger_accounts f on f.owner_id = m.vendor_id and f.kind = 'buyers'
          join ledger_accounts o on o.owner_id = m.vendor_id and o.kind = ${to}`
  })
}
