import type { OrganisationIdentifier, OrganisationKind } from '#contracts/shared'
import { type Cursor, type Db, newId, type Tx } from '#kernel'
import type { Kind } from './kinds.ts'

const columns = (db: Db) => db`
  k.id, k.organisation_id as "organisationId", k.kind, k.state, k.evidence, k.asked_by as "askedBy",
  k.asked_at as "askedAt", k.decided_at as "decidedAt", k.note`

export const listKinds = (db: Db, organisationId: string) => db<Kind[]>`
  select ${columns(db)} from organisation_kinds k where organisation_id = ${organisationId} order by kind`

/** Those that wait for an admin, who has waited for longest first. */
export const listAsked = (db: Db, limit: number, after: Cursor | undefined) => db<Kind[]>`
  select ${columns(db)} from organisation_kinds k
  where state = 'asked' ${after ? db`and (asked_at, id) > (${String(after[0])}::timestamptz, ${String(after[1])})` : db``}
  order by asked_at, id limit ${limit}`

export const listIdentifiers = (db: Db, organisationId: string) => db<OrganisationIdentifier[]>`
  select scheme, value from organisation_identifiers where organisation_id = ${organisationId} order by scheme`

/** What the world is told: the kinds that an admin has verified, and the numbers. */
export async function standingOf(
  db: Db,
  organisationId: string,
): Promise<{ kinds: OrganisationKind[]; identifiers: OrganisationIdentifier[] }> {
  const [kinds, identifiers] = await Promise.all([listKinds(db, organisationId), listIdentifiers(db, organisationId)])
  return {
    kinds: kinds.filter(({ state }) => state === 'verified').map(({ kind }) => kind),
    identifiers: [...identifiers],
  }
}

/** Asked for, or asked for again with other documents. */
export async function askKind(
  tx: Tx,
  k: Pick<Kind, 'organisationId' | 'kind' | 'evidence' | 'askedBy' | 'askedAt'>,
): Promise<Kind> {
  const [row] = await tx<Kind[]>`
    insert into organisation_kinds as k (id, organisation_id, kind, state, evidence, asked_by, asked_at)
    values (${newId()}, ${k.organisationId}, ${k.kind}, 'asked', ${k.evidence}, ${k.askedBy}, ${k.askedAt})
    on conflict (organisation_id, kind) do update set id = excluded.id, state = 'asked', evidence = excluded.evidence,
      asked_by = excluded.asked_by, asked_at = excluded.asked_at, decided_by = null, decided_at = null, note = null
    returning ${columns(tx)}`
  return row!
}

export async function findKind(db: Db, id: string): Promise<Kind | undefined> {
  const [row] = await db<Kind[]>`select ${columns(db)} from organisation_kinds k where id = ${id}`
  return row
}

/** Which it was before; undefined where there is none. */
export async function deleteKind(tx: Tx, organisationId: string, kind: string): Promise<Kind | undefined> {
  const [row] = await tx<Kind[]>`
    delete from organisation_kinds k where organisation_id = ${organisationId} and kind = ${kind}
    returning ${columns(tx)}`
  return row
}

export async function decideKind(
  tx: Tx,
  id: string,
  decision: { state: 'verified' | 'refused'; note: string | null; by: string; at: Date },
): Promise<Kind> {
  const [row] = await tx<Kind[]>`
    update organisation_kinds k set state = ${decision.state}, note = ${decision.note}, decided_by = ${decision.by},
      decided_at = ${decision.at}
    where id = ${id} returning ${columns(tx)}`
  return row!
}

/** What was verified of another name, or of other numbers, is to be looked at again. True where something was verified. */
export async function askAnew(tx: Tx, organisationId: string, now: Date): Promise<boolean> {
  const former = await listKinds(tx, organisationId)
  for (const { id, state } of former)
    if (state !== 'refused')
      await tx`
        update organisation_kinds set id = ${newId()}, state = 'asked', decided_by = null, decided_at = null, note = null,
          asked_at = case when state = 'asked' then asked_at else ${now} end
        where id = ${id}`
  return former.some(({ state }) => state === 'verified')
}

export async function writeIdentifiers(
  tx: Tx,
  organisationId: string,
  identifiers: readonly OrganisationIdentifier[],
): Promise<void> {
  await tx`delete from organisation_identifiers where organisation_id = ${organisationId}`
  for (const { scheme, value } of identifiers)
    await tx`
      insert into organisation_identifiers (organisation_id, scheme, value) values (${organisationId}, ${scheme}, ${value})`
}

/** Of two that say the same number one is verified, whoever is quicker. */
export async function lockVerification(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('identity verifies organisations'))`
}

/** A number of the organisation that another one was verified with. */
export async function findTaken(tx: Tx, organisationId: string): Promise<OrganisationIdentifier | undefined> {
  const [row] = await tx<OrganisationIdentifier[]>`
    select mine.scheme, mine.value from organisation_identifiers mine
    join organisation_identifiers other on other.scheme = mine.scheme and other.value = mine.value
    where mine.organisation_id = ${organisationId} and other.organisation_id <> ${organisationId} and exists (
      select from organisation_kinds k where k.organisation_id = other.organisation_id and k.state = 'verified')
    limit 1`
  return row
}
