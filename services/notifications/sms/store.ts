import type { Db, Tx } from '#kernel'

export interface Phone {
  userId: string
  /** E.164 */
  number: string
  /** Of the code that proves it, counted from 1. */
  generation: number
  codeSentAt: Date
  codeTries: number
  verifiedAt: Date | null
  /** The number that this person proved last, also while it is to be proven again. */
  proven: string | null
  /** Since when nothing is sent there, and why. */
  stoppedAt: Date | null
  stoppedBecause: string | null
}

const columns = (db: Db) => db`
  user_id as "userId", number, generation, code_sent_at as "codeSentAt", code_tries as "codeTries",
  verified_at as "verifiedAt", proven, stopped_at as "stoppedAt", stopped_because as "stoppedBecause"`

export async function findPhone(db: Db, userId: string): Promise<Phone | undefined> {
  const [phone] = await db<Phone[]>`select ${columns(db)} from phones where user_id = ${userId}`
  return phone
}

/** A number to be proven by a new code; what was there before is forgotten, but how much went out today. */
export async function replacePhone(tx: Tx, userId: string, number: string, at: Date): Promise<Phone> {
  const [phone] = await tx<Phone[]>`
    insert into phones as p (user_id, number, generation, code_sent_at, counted_on)
    values (${userId}, ${number}, 1, ${at}, ${at}::timestamptz)
    on conflict (user_id) do update set number = excluded.number, generation = p.generation + 1,
      code_sent_at = excluded.code_sent_at, code_tries = 0, verified_at = null, stopped_at = null, stopped_because = null
    returning ${columns(tx)}`
  return phone!
}

/** Counts a try before it is looked at, so that many at once are not more than they are. */
export async function countTry(tx: Tx, userId: string): Promise<Phone | undefined> {
  const [phone] = await tx<Phone[]>`
    update phones set code_tries = code_tries + 1 where user_id = ${userId} and verified_at is null
    returning ${columns(tx)}`
  return phone
}

export async function markVerified(tx: Tx, userId: string, at: Date): Promise<Phone> {
  const [phone] = await tx<Phone[]>`
    update phones set verified_at = ${at}, proven = number, stopped_at = null, stopped_because = null where user_id = ${userId}
    returning ${columns(tx)}`
  return phone!
}

export const deletePhone = (tx: Tx, userId: string) => tx`delete from phones where user_id = ${userId}`

/** Numbers that are proven and wanted, by person. */
export async function listPhones(db: Db, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db<{ userId: string; number: string }[]>`
    select user_id as "userId", number from phones
    where user_id = any(${userIds as string[]}) and verified_at is not null and stopped_at is null`
  return new Map(rows.map(({ userId, number }) => [userId, number]))
}

/** Takes one of what a person may be sent a day; false where that is used up. The row decides where many ask at once. */
export async function takeOne(tx: Tx, userId: string, most: number, at: Date): Promise<boolean> {
  const { count } = await tx`
    update phones set counted_on = ${at}::timestamptz at time zone 'utc',
      counted = case when counted_on = (${at}::timestamptz at time zone 'utc')::date then counted + 1 else 1 end
    where user_id = ${userId}
      and (counted_on <> (${at}::timestamptz at time zone 'utc')::date or counted < ${most})`
  return count > 0
}

/** Resolves with whose numbers they were. */
export const stopNumber = (tx: Tx, number: string, because: string, at: Date) => tx<{ userId: string }[]>`
  update phones set stopped_at = ${at}, stopped_because = ${because.slice(0, 200)}
  where number = ${number} and stopped_at is null returning user_id as "userId"`

export const restartNumber = (tx: Tx, number: string) => tx<{ userId: string }[]>`
  update phones set stopped_at = null, stopped_because = null
  where number = ${number} and stopped_at is not null returning user_id as "userId"`

/** What was taken on the way and did not arrive: it can be sent again by hand. */
export async function markUndelivered(tx: Tx, id: string, error: string, at: Date): Promise<string | undefined> {
  const [row] = await tx<{ address: string }[]>`
    update deliveries set status = 'dead', error = ${error.slice(0, 500)}, updated_at = ${at}
    where id = ${id} and channel = 'sms' and status in ('sent', 'dead') returning address`
  return row?.address
}
