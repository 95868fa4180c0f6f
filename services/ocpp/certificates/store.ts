import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'

export interface StoredAuthority {
  readonly id: string
  readonly certificate: string
  readonly sealedKey: string
  readonly createdAt: Date
}

export async function findAuthority(db: Db): Promise<StoredAuthority | undefined> {
  const [row] = await db<StoredAuthority[]>`
    select id, certificate, sealed_key as "sealedKey", created_at as "createdAt" from authority`
  return row
}

/** There is one; the first stays. */
export const insertAuthority = (tx: Tx, { id, certificate, sealedKey, createdAt }: StoredAuthority) => tx`
  insert into authority (id, certificate, sealed_key, created_at)
  values (${id}, ${certificate}, ${sealedKey}, ${createdAt}) on conflict do nothing`

/** A certificate as it was signed. */
export interface Signed {
  readonly serial: string
  readonly name: string
  readonly fingerprint: string
  readonly certificate: string
  /** With those of its issuers below the root, itself first. */
  readonly chain: string
  readonly beginsAt: Date
  readonly endsAt: Date
}

/** A certificate that was signed here. */
export interface Issued extends Omit<Signed, 'chain'> {
  readonly id: string
  /** Null once the charger was forgotten. */
  readonly chargerId: string | null
  readonly issuedAt: Date
  /** The charger took it, or did not. */
  readonly installedAt: Date | null
  readonly refusedAt: Date | null
  /** A connection was made with it for the first time. */
  readonly usedAt: Date | null
  readonly revokedAt: Date | null
  readonly renewalAskedAt: Date | null
}

const columns = (db: Db) => db`
  id, charger_id as "chargerId", serial, name, fingerprint, certificate, begins_at as "beginsAt", ends_at as "endsAt",
  issued_at as "issuedAt", installed_at as "installedAt", refused_at as "refusedAt", used_at as "usedAt",
  revoked_at as "revokedAt", renewal_asked_at as "renewalAskedAt"`

export const insertIssued = (tx: Tx, id: string, chargerId: string, signed: Signed, at: Date) => tx`
  insert into certificates
    (id, charger_id, serial, name, fingerprint, certificate, begins_at, ends_at, issued_at)
  values (${id}, ${chargerId}, ${signed.serial}, ${signed.name}, ${signed.fingerprint}, ${signed.certificate},
    ${signed.beginsAt}, ${signed.endsAt}, ${at})`

/** By the SHA-256 of the whole. */
export async function findIssued(db: Db, fingerprint: string): Promise<Issued | undefined> {
  const [row] = await db<Issued[]>`select ${columns(db)} from certificates where fingerprint = ${fingerprint}`
  return row
}

/** The same by its serial number, for a change. */
export async function lockIssued(tx: Tx, chargerId: string, serial: string): Promise<Issued | undefined> {
  const [row] = await tx<Issued[]>`
    select ${columns(tx)} from certificates where charger_id = ${chargerId} and serial = ${serial} for update`
  return row
}

/** The newest first. */
export const listIssued = (db: Db, chargerId: string, limit: number, before: string | undefined) => db<Issued[]>`
  select ${columns(db)} from certificates
  where charger_id = ${chargerId} ${before ? db`and id < ${before}` : db``} order by id desc limit ${limit}`

export async function countIssued(db: Db, chargerId: string, after: Date): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from certificates where charger_id = ${chargerId} and issued_at > ${after}`
  return row!.count
}

export const revokeIssued = (tx: Tx, id: string, at: Date) => tx`
  update certificates set revoked_at = ${at} where id = ${id}`

/** A charger came with it: from now on it has to. */
export async function noteUsed(tx: Tx, { id, chargerId, name }: Issued, at: Date): Promise<void> {
  await tx`update certificates set used_at = coalesce(used_at, ${at}) where id = ${id}`
  await tx`update chargers set certificate_serial = ${name} where id = ${chargerId}`
}

/** Whether it is still good; who revokes it meanwhile waits for this transaction, and finds the connection. */
export async function isGood(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx<{ good: boolean }[]>`
    select revoked_at is null as good from certificates where id = ${id} for share`
  return row?.good ?? false
}

/** A charger took what it was sent, or did not. */
export const noteAnswered = (tx: Tx, chargerId: string, chain: string, isTaken: boolean, at: Date) =>
  isTaken
    ? tx`
        update certificates set installed_at = ${at}
        where charger_id = ${chargerId} and starts_with(${chain}, certificate)`
    : tx`
        update certificates set refused_at = ${at}
        where charger_id = ${chargerId} and starts_with(${chain}, certificate)`

/** Of certificates that chargers have, those that are good and have no successor. */
const inUse = (db: Db) => db`
  c.revoked_at is null and (c.installed_at is not null or c.used_at is not null) and not exists (
    select from certificates n
    where n.charger_id = c.charger_id and n.id > c.id and n.revoked_at is null
      and (n.installed_at is not null or n.used_at is not null))`

/**
 * Chargers that are here and whose certificate ends within 30 days, or within a third of its life where that is less; a
 * few hundred at a time, each once a day.
 */
export async function takeEnding(tx: Tx, at: Date): Promise<string[]> {
  const rows = await tx<{ chargerId: string }[]>`
    update certificates set renewal_asked_at = ${at} where id in (
      select c.id from certificates c join chargers ch on ch.id = c.charger_id
      where ch.connection_id is not null and ${inUse(tx)} and c.ends_at < ${at}::timestamptz + interval '30 days'
        and c.ends_at - (c.ends_at - c.issued_at) / 3 < ${at}
        and (c.renewal_asked_at is null or c.renewal_asked_at < ${at}::timestamptz - interval '1 day')
      order by c.ends_at limit 500 for update of c skip locked)
    returning charger_id as "chargerId"`
  return rows.map(({ chargerId }) => chargerId)
}

/** Certificates of which nobody was told yet that they end between the two; a few hundred at a time. */
export const takeEndingSoon = (tx: Tx, from: Date, to: Date) => tx<
  { certificateId: string; chargerId: string; owner: Owner | null; endsAt: Date }[]
>`
  update certificates c set ending_told_at = ${from} from chargers ch
  where ch.id = c.charger_id and c.id in (
    select c.id from certificates c
    where c.charger_id is not null and c.ends_at >= ${from} and c.ends_at < ${to} and c.ending_told_at is null
      and ${inUse(tx)}
    order by c.ends_at limit 500 for update of c skip locked)
  returning c.id as "certificateId", c.charger_id as "chargerId", c.ends_at as "endsAt",
    case when ch.owner_id is not null then json_build_object('kind', ch.owner_kind, 'id', ch.owner_id) end as owner`

/** How many chargers have one that ends between the two, and no other. */
export async function countEndingSoon(db: Db, from: Date, to: Date): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from certificates c
    where c.charger_id is not null and c.ends_at >= ${from} and c.ends_at < ${to} and ${inUse(db)}`
  return row!.count
}
