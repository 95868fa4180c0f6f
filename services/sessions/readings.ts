import { stringify, type Db, type Tx } from '#kernel'
import { energyMeasurands, type Measured } from './energy.ts'
import type { Report } from './sessions.ts'

/** A value that a meter showed. */
export interface ReadingRow {
  readonly session_id: string
  readonly at: string
  readonly measurand: string
  readonly phase: string
  readonly location: string
  readonly context: string
  readonly value: number
  readonly unit: string
}

/** A value as the meter signed it. */
export interface SignedRow {
  readonly session_id: string
  readonly at: string
  readonly context: string
  readonly measurand: string
  readonly data: string
  readonly method: string | null
  readonly encoding: string | null
  readonly public_key: string | null
}

/** What a report measured: numbers, each once, and what is signed. A text that is signed alone (1.6) is no number. */
export function rowsOf({ transactionId: session_id, readings }: Report): {
  numbers: ReadingRow[]
  signed: SignedRow[]
} {
  const numbers: ReadingRow[] = []
  const signed: SignedRow[] = []
  for (const { at, measurand, phase = '', location = '', context = '', value, unit, signed: proof } of readings) {
    if (proof) {
      const { data, method = null, encoding = null, publicKey = null } = proof
      signed.push({ session_id, at, context, measurand, data, method, encoding, public_key: publicKey })
    }
    if (!proof || proof.encoding) numbers.push({ session_id, at, measurand, phase, location, context, value, unit })
  }
  return { numbers, signed }
}

export const measured = ({ at, measurand, phase, location, context, value }: ReadingRow): Measured => ({
  at: Date.parse(at),
  measurand,
  phase,
  location,
  context,
  value,
})

const keyOf = ({ session_id, at, measurand, phase, location, context }: ReadingRow): string =>
  [session_id, at, measurand, phase, location, context].join('\n')

/** Each is there once, however often it comes; of two that differ the greater stays, whichever came first. */
export async function writeReadings(tx: Tx, rows: readonly ReadingRow[]): Promise<void> {
  const each = new Map<string, ReadingRow>()
  for (const row of rows) {
    const before = each.get(keyOf(row))
    if (!before || before.value < row.value) each.set(keyOf(row), row)
  }
  if (each.size > 0)
    await tx`
      insert into readings as r
      select * from json_populate_recordset(null::readings, ${tx.typed(stringify([...each.values()]) as never, 705)})
      on conflict (session_id, at, measurand, phase, location, context) do update set value = excluded.value
      where r.value < excluded.value`
}

export async function writeSigned(tx: Tx, rows: readonly SignedRow[]): Promise<void> {
  if (rows.length > 0)
    await tx`
      insert into signed_values (session_id, at, context, measurand, data, method, encoding, public_key)
      select session_id, at, context, measurand, data, method, encoding, public_key
      from json_populate_recordset(null::signed_values, ${tx.typed(stringify(rows) as never, 705)})
      on conflict do nothing`
}

/** All that energy is told from, by session. */
export async function listMeasured(db: Db, sessionIds: readonly string[]): Promise<Map<string, Measured[]>> {
  const rows = await db<(Measured & { sessionId: string })[]>`
    select session_id as "sessionId", extract(epoch from at)::float8 * 1000 as at, measurand, phase, location, context,
      value
    from (select * from readings union all select * from quarters) r
    where session_id = any(${sessionIds as string[]}) and measurand = any(${energyMeasurands})`
  const found = new Map<string, Measured[]>(sessionIds.map(id => [id, []]))
  for (const { sessionId, at, ...row } of rows) found.get(sessionId)!.push({ ...row, at: Math.round(at) })
  return found
}

/** A value as a list has it. */
export interface Shown {
  readonly at: Date
  readonly measurand: string
  readonly phase: string
  readonly location: string
  readonly context: string
  readonly value: number
  readonly unit: string
}

const positions = (db: Db) => db`at, measurand, phase, location, context`

/** In the order of time, behind the keys of the last one. */
export const listReadings = (
  db: Db,
  sessionId: string,
  { measurand, after, limit }: { measurand?: string | undefined; after?: readonly string[] | undefined; limit: number },
) => db<Shown[]>`
  select ${positions(db)}, value, unit from (
    select * from readings where session_id = ${sessionId}
    union all
    select q.* from quarters q where q.session_id = ${sessionId} and not exists (
      select from readings r where (r.session_id, r.at, r.measurand, r.phase, r.location, r.context)
        = (q.session_id, q.at, q.measurand, q.phase, q.location, q.context))) r
  where true ${measurand === undefined ? db`` : db`and measurand = ${measurand}`}
    ${after ? db`and (${positions(db)}) > (${after[0]!}::timestamptz, ${after[1]!}, ${after[2]!}, ${after[3]!}, ${after[4]!})` : db``}
  order by ${positions(db)} limit ${limit}`

/** So many values of each series at the most are shown at once: the last of each part of the time. */
const parts = 120
const mostShown = 5_000

export const listSeries = (db: Db, sessionId: string, from: Date, to: Date) => db<Shown[]>`
  select * from (
    select distinct on (measurand, phase, location, part) ${positions(db)}, value, unit from (
      select r.*, floor(extract(epoch from r.at - ${from}::timestamptz)
        / greatest(60, extract(epoch from ${to}::timestamptz - ${from}::timestamptz) / ${parts})) as part
      from (select * from readings union all select * from quarters) r where r.session_id = ${sessionId}) r
    order by measurand, phase, location, part, at desc, context) shown
  order by measurand, location, phase, at limit ${mostShown}`

export interface SignedValue {
  readonly at: Date
  readonly context: string
  readonly measurand: string
  readonly digest: string
  readonly data: string
  readonly method: string | null
  readonly encoding: string | null
  readonly publicKey: string | null
}

export const listSigned = (db: Db, sessionId: string, after: readonly string[] | undefined, limit: number) => db<
  SignedValue[]
>`
  select at, context, measurand, digest, data, method, encoding, public_key as "publicKey"
  from signed_values where session_id = ${sessionId}
    ${after ? db`and (at, context, measurand, digest) > (${after[0]!}::timestamptz, ${after[1]!}, ${after[2]!}, ${after[3]!})` : db``}
  order by at, context, measurand, digest limit ${limit}`

// ── By age ──

/** Sessions that are over since before then and have all their readings, by their age. */
export async function listUnthinned(db: Db, before: Date): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    select id from sessions where not thinned and id < kernel.uuid_at(${before}) and ended_at is not null
      and updated_at < ${before}
    order by id limit 200`
  return rows.map(({ id }) => id)
}

/**
 * Keeps of readings the last of each quarter of an hour, begin and end; of intervals their sum. They themselves go with
 * their part.
 */
export async function thin(tx: Tx, ids: readonly string[]): Promise<void> {
  const sessions = ids as string[]
  await tx`
    insert into quarters
    select session_id, at, measurand, phase, location, context,
      case when measurand like '%.Interval' then total else value end, unit
    from (
      select r.*, row_number() over (quarter order by at desc, context) as place, sum(value) over quarter as total
      from (
        select *, context in ('Transaction.Begin', 'Transaction.End') as edge,
          context = 'Sample.Clock' as clock, date_bin('15 minutes', at, 'epoch') as part
        from readings where session_id = any(${sessions})) r
      window quarter as (partition by session_id, measurand, phase, location, edge, clock, case when edge then at else part end)
    ) r
    where place = 1
    on conflict (session_id, at, measurand, phase, location, context) do update set value = excluded.value`
  await tx`update sessions set thinned = true where id = any(${sessions})`
}

/** Ends parts that are older, but those of sessions whose readings are not thinned yet. The answer is how many went. */
export async function dropReadings(tx: Tx, at: Date, periodMs: number, before: Date): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select kernel.tend('readings', ${at}, ${periodMs} * interval '1 ms', least(${before}::timestamptz, (
      select to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
      from sessions where not thinned order by id limit 1))) as count`
  return row!.count
}
