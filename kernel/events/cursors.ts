import type { Db, Pool } from '../database/database.ts'
import { wholeLog, type Lane } from './transport.ts'

/** Where a subscription stands in a lane. */
export interface Mark {
  readonly offset: number
  readonly position: number
}

/** A mark, and what it is moved with: who takes the lane later has a greater one. */
export interface Taken extends Mark {
  readonly generation: number
}

/**
 * The cursor of a subscription in a lane, made where there is none. A partition is taken: its generation grows. What
 * was handled while the log itself was the road is not handled again over Kafka.
 */
export async function takeLane(
  pool: Pool,
  { name, service }: { name: string; service: string },
  lane: number,
  incarnation = '',
): Promise<Taken> {
  const shared = lane === wholeLog
  const [taken] = await pool<Taken[]>`
    insert into kernel.lanes as l (subscription, lane, service, at_offset, position, incarnation)
    values (${name}, ${lane}, ${service}, ${shared ? 0 : -1},
      coalesce((select position from kernel.lanes where subscription = ${name} and lane = ${wholeLog}), 0), ${incarnation})
    on conflict (subscription, lane) do update set generation = l.generation + ${shared ? 0 : 1}, position = greatest(l.position, excluded.position),
      at_offset = case when l.incarnation = ${incarnation} then l.at_offset else excluded.at_offset end, incarnation = ${incarnation}
    returning at_offset::float8 as offset, position::float8 as position, generation::float8 as generation`
  return taken!
}

/** Where the cursor stands; undefined when another has taken the lane since. */
export async function readLane(
  pool: Pool,
  subscription: string,
  lane: number,
  generation: number,
): Promise<Mark | undefined> {
  const [mark] = await pool<Mark[]>`select at_offset::float8 as offset, position::float8 as position from kernel.lanes
    where subscription = ${subscription} and lane = ${lane} and generation = ${generation}`
  return mark
}

/**
 * Moves the cursor and holds it to the end of the transaction, so that no two work for a subscription at a time;
 * undefined when it is not there any more. Tells whether something is parked.
 */
export async function moveLane(
  tx: Db,
  subscription: string,
  lane: number,
  generation: number,
  from: Mark,
  to: Mark,
): Promise<{ parked: boolean } | undefined> {
  const [moved] = await tx<{ parked: boolean }[]>`
    update kernel.lanes set at_offset = ${to.offset}, position = ${to.position}, updated_at = now()
    where subscription = ${subscription} and lane = ${lane} and at_offset = ${from.offset} and generation = ${generation}
    returning exists (select from kernel.parked where subscription = ${subscription}) as parked`
  return moved
}

/** All subscriptions of the lane's service go on at `offset`. */
export async function skipLane(pool: Pool, { service, topic, number }: Lane, offset: number): Promise<void> {
  await pool`update kernel.lanes set at_offset = ${offset - 1}, generation = generation + 1
    where service = ${service} and lane = ${number} and at_offset <> ${offset - 1}
    and subscription in (select name from kernel.subscriptions where topic = ${topic})`
}

/** Waits for batches at work, which may be putting the next of a key behind one that is about to go. */
export const lockLanes = (tx: Db, subscription: string) =>
  tx`select from kernel.lanes where subscription = ${subscription} order by lane for update`

/**
 * A subscription goes on at these offsets, by lane; whoever works for it is refused what it has in hand. Lock them
 * first.
 */
export async function rewindLanes(tx: Db, subscription: string, offsets: ReadonlyMap<number, number>): Promise<void> {
  for (const [lane, offset] of offsets)
    await tx`update kernel.lanes set at_offset = ${offset - 1}, position = ${lane === wholeLog ? offset - 1 : 0}, generation = generation + 1
      where subscription = ${subscription} and lane = ${lane}`
  // Nor is anything over Kafka taken for handled because it was in the log's own lane once.
  if (!offsets.has(wholeLog))
    await tx`update kernel.lanes set position = 0 where subscription = ${subscription} and lane = ${wholeLog}`
}
