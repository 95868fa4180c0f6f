import type { Db, Tx } from '#kernel'

/** What an organisation was verified to be. */
export interface Operator {
  readonly organisationId: string
  readonly kinds: readonly string[]
  /** Of the organisation. */
  readonly version: number
}

/** Undefined where nothing was ever heard of it. */
export async function findOperator(db: Db, organisationId: string): Promise<Operator | undefined> {
  const [row] = await db<Operator[]>`
    select organisation_id as "organisationId", kinds, version from operators where organisation_id = ${organisationId}`
  return row
}

/** Whether an organisation was verified as an authority, in a statement. */
export const isAuthority = (db: Db, organisationId: string) =>
  db`exists (select from operators where organisation_id = ${organisationId} and 'authority' = any(kinds))`

/** Keeps it, unless something newer is known. */
export async function noteOperator(tx: Tx, { organisationId, kinds, version }: Operator): Promise<void> {
  await tx`
    insert into operators as o (organisation_id, kinds, version)
    values (${organisationId}, ${kinds as string[]}, ${version})
    on conflict (organisation_id) do update set kinds = excluded.kinds, version = excluded.version
      where o.version < excluded.version`
}

/** The organisation that a passport belongs to; undefined for one of a person, and for none. */
export async function organisationOf(db: Db, passportId: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`
    select owner_id as id from passports where id = ${passportId} and owner_kind = 'organisation'`
  return row?.id
}
