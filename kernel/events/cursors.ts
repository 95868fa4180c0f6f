import type { Db, Pool } from '../database/database.ts'
import { wholeLog, type Partition } from './transport.ts'

/** Where a subscription stands in a partition. */
export interface Mark {
  readonly offset: number
  readonly position: number
}

/** A mark, and what it is moved with: who takes the partition later has a greater one. */
export interface Taken extends Mark {
  readonly generation: number
}

/** The first offset there can be. */
export const beginningOf = (partition: number): number => (partition === wholeLog ? 1 : 0)

export const hasCursor = async (pool: Pool, subscription: string, partition: number): Promise<boolean> =>
  (await pool`select from kernel.cursors where subscription = ${subscription} and partition = ${partition}`).length > 0

/**
 * The cursor of a subscription in a partition, made where there is none, before the offset `first`. A partition of
 * Kafka is taken: its generation grows. What was handled while the event log itself was the transport is not handled
 * again over Kafka.
 */
export async function takeCursor(
  pool: Pool,
  { name, service }: { name: string; service: string },
  { number, incarnation = '' }: Pick<Partition, 'number' | 'incarnation'>,
  first = beginningOf(number),
): Promise<Taken> {
  const [taken] = await pool<Taken[]>`
    insert into kernel.cursors as c (subscription, partition, service, at_offset, position, incarnation)
    values (${name}, ${number}, ${service}, ${first - 1}, coalesce(
      (select position from kernel.cursors where subscription = ${name} and partition = ${wholeLog}), 0),
      ${incarnation})
    on conflict (subscription, partition) do update
      set generation = c.generation + ${number === wholeLog ? 0 : 1},
        position = greatest(c.position, excluded.position),
        at_offset = case when c.incarnation = ${incarnation} then c.at_offset else excluded.at_offset end,
        incarnation = ${incarnation}
    returning at_offset::float8 as offset, position::float8 as position, generation::float8 as generation`
  return taken!
}

/** Where the cursor stands; undefined when another has taken the partition since. */
export async function readCursor(
  pool: Pool,
  subscription: string,
  partition: number,
  generation: number,
): Promise<Mark | undefined> {
  const [mark] = await pool<Mark[]>`
    select at_offset::float8 as offset, position::float8 as position from kernel.cursors
    where subscription = ${subscription} and partition = ${partition} and generation = ${generation}`
  return mark
}

/**
 * Moves the cursor and holds it to the end of the transaction, so that no two work for a subscription at a time;
 * undefined when it is not there any more. Tells whether there are dead letters.
 */
export async function moveCursor(
  tx: Db,
  subscription: string,
  partition: number,
  generation: number,
  from: Mark,
  to: Mark,
): Promise<{ failed: boolean } | undefined> {
  const [moved] = await tx<{ failed: boolean }[]>`
    update kernel.cursors set at_offset = ${to.offset}, position = ${to.position}, updated_at = now()
    where subscription = ${subscription} and partition = ${partition} and at_offset = ${from.offset}
      and generation = ${generation}
    returning exists (select from kernel.dead_letters where subscription = ${subscription}) as failed`
  return moved
}

/** Goes on at `offset`, whoever works for it. */
export async function skipTo(pool: Pool, subscription: string, partition: number, offset: number): Promise<void> {
  await pool`
    update kernel.cursors set at_offset = ${offset - 1}, generation = generation + 1
    where subscription = ${subscription} and partition = ${partition} and at_offset <> ${offset - 1}`
}

/** Waits for batches at work, which may be putting the next of a key behind one that is about to go. */
export const lockCursors = (tx: Db, subscription: string) =>
  tx`select from kernel.cursors where subscription = ${subscription} order by partition for update`

/**
 * A subscription goes on at these offsets, by partition; whoever works for it is refused what it has in hand. Lock them
 * first.
 */
export async function rewindCursors(tx: Db, subscription: string, offsets: ReadonlyMap<number, number>): Promise<void> {
  for (const [partition, offset] of offsets)
    await tx`
      update kernel.cursors set at_offset = ${offset - 1}, position = ${partition === wholeLog ? offset - 1 : 0},
        generation = generation + 1
      where subscription = ${subscription} and partition = ${partition}`
  // Nor is anything over Kafka taken for handled because it was in the log's own partition once.
  if (!offsets.has(wholeLog))
    await tx`update kernel.cursors set position = 0 where subscription = ${subscription} and partition = ${wholeLog}`
}
