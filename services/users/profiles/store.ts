import { alone } from '../alone.ts'
import type { Db, Tx } from '#kernel'

export interface Profile {
  readonly userId: string
  readonly displayName: string
  readonly telephone: string | null
  readonly avatarId: string | null
  readonly language: 'en' | 'de'
  readonly country: string | null
  readonly timeZone: string
  readonly version: number
  readonly createdAt: Date
}

const fields = `user_id as "userId", display_name as "displayName", telephone, avatar_id as "avatarId", language, country,
  time_zone as "timeZone", version, created_at as "createdAt"`

export async function findProfile(db: Db, userId: string): Promise<Profile | undefined> {
  const [row] = await db<Profile[]>`select ${db.unsafe(fields)} from profiles where user_id = ${userId}`
  return row
}

/** One there is stays, and who left has none. */
export async function insertFirst(
  tx: Tx,
  first: { userId: string; displayName: string; language: 'en' | 'de'; at: Date },
): Promise<void> {
  await alone(tx, first.userId)
  await tx`
  insert into profiles (user_id, display_name, language, time_zone, version, created_at)
  select ${first.userId}, ${first.displayName}, ${first.language}, 'UTC', 1, ${first.at}
  where not exists (select from leavers where user_id = ${first.userId})
  on conflict do nothing`
}

export async function lockProfile(tx: Tx, userId: string): Promise<Profile | undefined> {
  const [row] = await tx<Profile[]>`
    select ${tx.unsafe(fields)} from profiles where user_id = ${userId} for update`
  return row
}

export async function updateProfile(tx: Tx, next: Profile): Promise<void> {
  await tx`
    update profiles set display_name = ${next.displayName}, telephone = ${next.telephone}, avatar_id = ${next.avatarId},
      language = ${next.language}, country = ${next.country}, time_zone = ${next.timeZone}, version = ${next.version}
    where user_id = ${next.userId}`
}
