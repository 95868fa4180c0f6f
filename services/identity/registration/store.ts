import type { Db, Tx } from '#kernel'
import type { User } from '../accounts/store.ts'
import type { StoredCode } from './codes.ts'
import { deleteOldGuesses } from './guesses.ts'

/** What somebody says about themselves before the address is proven. */
export interface Registration extends Pick<
  User,
  'id' | 'email' | 'passwordHash' | 'firstName' | 'lastName' | 'locale'
> {
  addressPrefix: string
  createdAt: Date
  expiresAt: Date
  /** Where to go once the address is proven, a path of ours. */
  returnTo: string | null
}

export async function insertRegistration(tx: Tx, r: Registration): Promise<void> {
  await tx`
    insert into registrations
      (id, email, password_hash, first_name, last_name, locale, address_prefix, created_at, expires_at, return_to)
    values (${r.id}, ${r.email}, ${r.passwordHash}, ${r.firstName}, ${r.lastName}, ${r.locale}, ${r.addressPrefix},
      ${r.createdAt}, ${r.expiresAt}, ${r.returnTo})`
}

const registrationColumns = (db: Db) => db`
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", locale,
  address_prefix as "addressPrefix", created_at as "createdAt", expires_at as "expiresAt",
  return_to as "returnTo"`

/**
 * The registration somebody most likely means who knows only the address: their own, else one from where they are, else
 * the latest.
 */
export async function likelyRegistration(
  db: Db,
  email: string,
  own: string | undefined,
  addressPrefix: string,
  now: Date,
): Promise<Registration | undefined> {
  const [row] = await db<Registration[]>`
    select ${registrationColumns(db)} from registrations where email = ${email} and expires_at > ${now}
    order by (id = ${own ?? null}) is true desc, address_prefix = ${addressPrefix} desc, id desc limit 1`
  return row
}

/** All registrations for the address end, whoever made them; answers the one that was proven. */
export async function takeRegistration(tx: Tx, id: string, email: string): Promise<Registration | undefined> {
  const rows = await tx<
    Registration[]
  >`delete from registrations where email = ${email} returning ${registrationColumns(tx)}`
  await tx`delete from resends where email = ${email} or (email >= ${`${email} `} and email < ${`${email}!`})`
  return rows.find(row => row.id === id)
}

/** Whoever claimed the address. */
export async function deleteRegistrationsOf(tx: Tx, email: string): Promise<void> {
  await tx`delete from registrations where email = ${email}`
  await tx`delete from resends where email = ${email}`
}

export type CodeFor = { purpose: 'registration'; registrationId: string } | { purpose: 'email-change'; userId: string }

/** The code takes the place of the one before: there is one live code a purpose. */
export async function insertCode(tx: Tx, email: string, of: CodeFor, code: StoredCode): Promise<void> {
  const [registrationId, userId] = of.purpose === 'registration' ? [of.registrationId, null] : [null, of.userId]
  await tx`delete from codes where registration_id = ${registrationId} or user_id = ${userId}`
  await tx`
    insert into codes (id, purpose, email, registration_id, user_id, hash, link_hash, sealed, expires_at)
    values (${code.id}, ${of.purpose}, ${email}, ${registrationId}, ${userId}, ${code.hash},
      ${code.linkHash}, ${code.sealed}, ${code.expiresAt})`
}

export interface LiveCode {
  id: string
  email: string
  registrationId: string | null
  hash: Buffer
  expiresAt: Date
}

const codeColumns = (db: Db) => db`id, email, registration_id as "registrationId", hash, expires_at as "expiresAt"`

/** Codes of an address or of a change of address, held until the transaction ends; see `stillOpen`. */
export const lockCodes = async (
  tx: Tx,
  of: { email: string } | { userId: string },
  now: Date,
): Promise<LiveCode[]> => tx<LiveCode[]>`
  select ${codeColumns(tx)} from codes
  where ${'email' in of ? tx`email = ${of.email} and purpose = 'registration'` : tx`user_id = ${of.userId}`}
    and expires_at > ${now}
  order by id for update`

export async function findCodeByLink(db: Db, linkHash: Buffer, now: Date): Promise<LiveCode | undefined> {
  const [row] = await db<LiveCode[]>`
    select ${codeColumns(db)} from codes
    where link_hash = ${linkHash} and expires_at > ${now}`
  return row
}

export async function findRegistration(db: Db, id: string): Promise<Registration | undefined> {
  const [row] = await db<Registration[]>`select ${registrationColumns(db)} from registrations where id = ${id}`
  return row
}

export async function deleteCode(tx: Tx, id: string): Promise<void> {
  await tx`delete from codes where id = ${id}`
}

export async function findSealedCode(
  db: Db,
  id: string,
  now: Date,
): Promise<{ id: string; email: string; sealed: Buffer; expiresAt: Date } | undefined> {
  const [row] = await db<{ id: string; email: string; sealed: Buffer; expiresAt: Date }[]>`
    select id, email, sealed, expires_at as "expiresAt" from codes
    where id = ${id} and expires_at > ${now} and sealed is not null`
  return row
}

/**
 * Takes the right to one more code: at once, then after 1, 2, 4 … at most 15 minutes. Else answers from when on. An
 * hour of rest forgets it. `whose` is an address, for anybody, or an address, a space and what tells apart who asks.
 */
export async function takeResend(tx: Tx, whose: string, now: Date): Promise<{ notBefore: Date } | undefined> {
  const [taken] = await tx`
    insert into resends as r (email, times, next_at) values (${whose}, 1, ${now}::timestamptz + interval '1 minute')
    on conflict (email) do update set
      times = case when r.next_at < ${now}::timestamptz - interval '1 hour' then 1 else r.times + 1 end,
      next_at = ${now}::timestamptz + case
        when r.next_at < ${now}::timestamptz - interval '1 hour' then interval '1 minute'
        else least(interval '1 minute' * 2 ^ least(r.times, 10), interval '15 minutes') end
    where r.next_at <= ${now}
    returning email`
  if (taken) return undefined
  const [waiting] = await tx<{ notBefore: Date }[]>`select next_at as "notBefore" from resends where email = ${whose}`
  return waiting
}

export async function deleteExpiredCodes(tx: Tx, now: Date): Promise<void> {
  await tx`delete from codes where expires_at <= ${now}`
  await deleteOldGuesses(tx, now)
  await tx`delete from registrations where expires_at <= ${now}`
  await tx`delete from resends where next_at < ${now}::timestamptz - interval '1 hour'`
}
