import { createHash } from 'node:crypto'
import type { EventContract } from '#contracts/define'
import { madeIn, newId, stringify, type Cursor, type Db, type Delivered, type Span, type Tx } from '#kernel'

/** An act of an admin, as it is written down. */
export interface Entry {
  readonly id: string
  readonly at: Date
  readonly actorId: string
  readonly service: string
  /** A topic, or what the admin service itself did. */
  readonly act: string
  /** What it was done to. */
  readonly object: string
  /** A JSON object. */
  readonly details: string
}

/** One that is sealed: where it stands in the chain, and the hash of the chain up to it. */
export interface Sealed extends Entry {
  readonly number: number
  readonly hash: string
}

/** Writes down an act of the service itself, in the transaction that does it. */
export async function note(
  tx: Tx,
  at: Date,
  { actorId, act, object, details = {} }: { actorId: string; act: string; object: string; details?: object },
): Promise<void> {
  await insert(tx, [
    { id: newId(at.getTime()), at, actorId, service: 'admin', act, object, details: stringify(details) },
  ])
}

/** Writes down those of these events that an admin made happen, or `anybody`, with these fields of theirs. */
export async function noteAll<E extends EventContract>(
  tx: Tx,
  event: E,
  fields: readonly string[],
  events: readonly Delivered<E>[],
  anybody = false,
): Promise<void> {
  const entries = events.flatMap(one => {
    const { eventId: id, timestamp, actor } = one
    const { userId, by } = actor
    // Whoever sets a password by a mail is not signed in; that it is the person is all that is known.
    const self = anybody && 'userId' in one && typeof one.userId === 'string' ? one.userId : null
    const actorId = by ?? userId ?? self
    if (actorId === null || (!anybody && actor.role !== 'admin' && by === undefined)) return []
    const has = (path: readonly string[]): unknown => path.reduce((at: any, step) => at?.[step], one)
    return {
      id,
      at: new Date(timestamp),
      actorId,
      service: event.owner,
      act: event.topic,
      object: String(has(event.key.split('.'))),
      details: stringify({
        ...Object.fromEntries(fields.map(field => [field, has([field])])),
        ...(by !== undefined && { actedFor: userId }),
      }),
    }
  })
  if (entries.length > 0) await insert(tx, entries)
}

/** Writes down what another part of the platform did, once for each id. */
export const insertEntry = (
  tx: Tx,
  { details, ...entry }: Omit<Entry, 'details'> & { details: object },
): Promise<void> => insert(tx, [{ ...entry, details: stringify(details) }])

async function insert(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const rows = entries.map(({ actorId, ...entry }) => ({ ...entry, actor_id: actorId }))
  await tx`
    insert into audit
    select * from json_populate_recordset(null::audit, ${tx.typed(stringify(rows) as never, 705)})
    on conflict (id) do nothing`
}

const columns = (db: Db) => db`a.id, a.at, a.actor_id as "actorId", a.service, a.act, a.object, a.details`

export interface Wanted {
  readonly actor: string | undefined
  readonly act: string | undefined
  readonly object: string | undefined
  /** Within each of them. */
  readonly spans: readonly Span[]
}

/** The latest first; with where they stand in the chain, null for those that are not sealed yet. */
export const listEntries = (db: Db, wanted: Wanted, limit: number, cursor: Cursor | undefined) => db<
  (Entry & { number: number | null })[]
>`
  select ${columns(db)}, s.number::float8 as number from audit a left join seals s on s.entry_id = a.id
  where true
    ${wanted.actor ? db`and a.actor_id = ${wanted.actor}` : db``}
    ${wanted.act ? db`and a.act = ${wanted.act}` : db``}
    ${wanted.object ? db`and a.object = ${wanted.object}` : db``}
    ${wanted.spans.map(span => madeIn(db, 'a.at', span))}
    ${cursor ? db`and (a.at, a.id) < (${String(cursor[0])}::timestamptz, ${String(cursor[1])})` : db``}
  order by a.at desc, a.id desc limit ${limit}`

/** In the order of the chain, those behind a number. */
export const sealedAfter = (db: Db, number: number, limit: number) => db<Sealed[]>`
  select ${columns(db)}, s.number::float8 as number, encode(s.hash, 'hex') as hash
  from seals s join audit a on a.id = s.entry_id where s.number > ${number} order by s.number limit ${limit}`

const hashOf = (before: Buffer, text: string): Buffer => createHash('sha256').update(before).update(text).digest()
const beginning = Buffer.alloc(32)

const mostAtOnce = 5_000

/**
 * Adds what is not sealed yet to the end of the chain; one at a time, so that the chain has no branches. True where
 * more is left.
 */
export async function seal(tx: Tx): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(hashtext('admin seals'))`
  const open = await tx<{ id: string; text: string }[]>`
    with taken as (
      delete from unsealed where entry_id in (
        select u.entry_id from unsealed u join audit a on a.id = u.entry_id
        order by a.at, a.id limit ${mostAtOnce})
      returning entry_id)
    select a.id, audit_text(a) as text from audit a join taken on a.id = taken.entry_id order by a.at, a.id`
  if (open.length === 0) return false
  let { number, hash }: { number: number; hash: Buffer } = (await headOf(tx)) ?? { number: 0, hash: beginning }
  const rows = open.map(({ id, text }) => {
    hash = hashOf(hash, text)
    return { number: ++number, entry_id: id, hash: `\\x${hash.toString('hex')}` }
  })
  await tx`
    insert into seals
    select * from json_populate_recordset(null::seals, ${tx.typed(stringify(rows) as never, 705)})`
  return open.length === mostAtOnce
}

/** Whether each act is sealed, or waits for it. */
export async function noneIsLeftOut(db: Db): Promise<boolean> {
  const [row] = await db<{ left: boolean }[]>`
    select exists (
      select from audit a where not exists (select from seals s where s.entry_id = a.id)
        and not exists (select from unsealed u where u.entry_id = a.id)) as left`
  return !row!.left
}

/** The end of the chain. */
export async function headOf(db: Db): Promise<{ number: number; hash: Buffer } | undefined> {
  const [row] = await db<{ number: number; hash: Buffer }[]>`
    select number::float8 as number, hash from seals order by number desc limit 1`
  return row
}

/** Goes along the whole chain. `broken` is the first number that is not as it was sealed. */
export async function verify(db: Db): Promise<{ sealed: number; broken: number | null; head: string | null }> {
  let [number, hash]: [number, Buffer] = [0, beginning]
  for (;;) {
    const links = await db<{ number: number; hash: Buffer; text: string | null }[]>`
      select s.number::float8 as number, s.hash, audit_text(a) as text
      from seals s left join audit a on a.id = s.entry_id where s.number > ${number} order by s.number limit 2000`
    for (const link of links) {
      number++
      hash = hashOf(hash, link.text ?? '')
      if (link.number !== number || !link.hash.equals(hash)) return { sealed: number - 1, broken: number, head: null }
    }
    if (links.length === 0) return { sealed: number, broken: null, head: number === 0 ? null : hash.toString('hex') }
  }
}

/** The hash of the chain up to a number. */
export async function hashAt(db: Db, number: number): Promise<string | undefined> {
  const [row] = await db<{ hash: string }[]>`select encode(hash, 'hex') as hash from seals where number = ${number}`
  return row?.hash
}
