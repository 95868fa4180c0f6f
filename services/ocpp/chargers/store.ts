import type { ChargerStatus, OcppVersion } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import type { FreeVend } from '../tokens/free-vend.ts'

/** A charger, by the identity it connects with. */
export interface Charger {
  readonly id: string
  readonly owner: Owner | null
  readonly name: string | null
  readonly status: ChargerStatus
  /** Keyed digest of what it proves itself with; null where it need not. */
  readonly passwordDigest: Buffer | null
  /** Of a password that was told and not used yet. */
  readonly nextPasswordDigest: Buffer | null
  /** The first password it brings becomes its own. */
  readonly adopts: boolean
  readonly certificateSerial: string | null
  /** As it says, and 3 where it has to bring a certificate; null where it says nothing. */
  readonly securityProfile: number | null
  /** As IANA names it; UTC where there is none. */
  readonly timeZone: string | null
  readonly freeVend: readonly FreeVend[]
  readonly vendor: string | null
  readonly model: string | null
  readonly serialNumber: string | null
  readonly firmware: string | null
  readonly iccid: string | null
  readonly imsi: string | null
  readonly ocppVersion: OcppVersion | null
  readonly gatewayId: string | null
  readonly connectionId: string | null
  readonly address: string | null
  readonly bootedAt: Date | null
  readonly connectedAt: Date | null
  readonly disconnectedAt: Date | null
  readonly lastHeardAt: Date | null
  readonly createdAt: Date
  /** Of what it is and what its operator says of it. */
  readonly updatedAt: Date
  readonly version: number
}

export const chargerColumns = (db: Db) => db`
  c.id, case when c.owner_id is not null then json_build_object('kind', c.owner_kind, 'id', c.owner_id) end as owner,
  c.name, c.status, c.password_digest as "passwordDigest", c.next_password_digest as "nextPasswordDigest",
  c.adopts, c.certificate_serial as "certificateSerial", c.time_zone as "timeZone", coalesce((
    select json_agg(json_build_object('evse', f.evse, 'from', f.begins, 'to', f.ends) order by f.number)
    from free_vend f where f.charger_id = c.id), '[]') as "freeVend",
  greatest(case when c.certificate_serial is not null then 3 end, (
    select max(v.value::int) from variables v
    where v.charger_id = c.id and v.component in ('', 'SecurityCtrlr') and v.component_instance = '' and v.evse = 0
      and v.connector = 0 and v.variable = 'SecurityProfile' and v.variable_instance = '' and v.attribute = 'Actual'
      and v.value ~ '^[0-3]$')) as "securityProfile", c.vendor,
  c.model, c.serial_number as "serialNumber", c.firmware, c.iccid, c.imsi, c.ocpp_version as "ocppVersion",
  c.gateway_id as "gatewayId", c.connection_id as "connectionId", c.address, c.booted_at as "bootedAt",
  c.connected_at as "connectedAt", c.disconnected_at as "disconnectedAt", c.last_heard_at as "lastHeardAt",
  c.created_at as "createdAt", c.updated_at as "updatedAt", c.version`

export async function findCharger(db: Db, id: string): Promise<Charger | undefined> {
  const [row] = await db<Charger[]>`select ${chargerColumns(db)} from chargers c where c.id = ${id}`
  return row
}

export const findChargers = (db: Db, ids: readonly string[]) => db<Charger[]>`
  select ${chargerColumns(db)} from chargers c where c.id = any(${ids as string[]})`

/** The same, for a change. */
export async function lockCharger(tx: Tx, id: string): Promise<Charger | undefined> {
  const [row] = await tx<Charger[]>`select ${chargerColumns(tx)} from chargers c where c.id = ${id} for update`
  return row
}

/** Those of these identities, for a change; in one order, so that nobody waits for one who waits for them. */
export const lockChargers = (tx: Tx, ids: readonly string[]) => tx<Charger[]>`
  select ${chargerColumns(tx)} from chargers c where c.id = any(${ids as string[]}) order by c.id for update`

/** They are somebody else's from now on. */
export const moveChargers = (tx: Tx, ids: readonly string[], owner: Owner) => tx`
  update chargers set owner_kind = ${owner.kind}, owner_id = ${owner.id}, version = version + 1
  where id = any(${ids as string[]})`

/** False where there is one of this identity already. */
export async function insertCharger(
  tx: Tx,
  charger: Pick<Charger, 'id' | 'owner' | 'name' | 'status' | 'passwordDigest' | 'certificateSerial' | 'createdAt'> &
    Partial<Pick<Charger, 'timeZone' | 'freeVend' | 'adopts'>>,
): Promise<boolean> {
  const { id, owner, name, status, passwordDigest, certificateSerial, createdAt } = charger
  const { timeZone = null, freeVend, adopts = false } = charger
  const added = await tx`
    insert into chargers
      (id, owner_kind, owner_id, name, status, password_digest, certificate_serial, time_zone, adopts, created_at,
       updated_at)
    values (${id}, ${owner?.kind ?? null}, ${owner?.id ?? null}, ${name}, ${status}, ${passwordDigest},
      ${certificateSerial}, ${timeZone}, ${adopts}, ${createdAt}, ${createdAt})
    on conflict (id) do nothing returning id`
  if (added.length > 0 && freeVend) await setFreeVend(tx, id, freeVend)
  return added.length > 0
}

/** What operators decide of a charger, with its version. */
export async function updateCharger(tx: Tx, charger: Charger): Promise<void> {
  const { id, owner } = charger
  const row = {
    owner_kind: owner?.kind ?? null,
    owner_id: owner?.id ?? null,
    name: charger.name,
    status: charger.status,
    next_password_digest: charger.nextPasswordDigest,
    certificate_serial: charger.certificateSerial,
    time_zone: charger.timeZone,
    version: charger.version,
  }
  await tx`update chargers set ${tx(row)} where id = ${id}`
}

/** Puts these in the place of all there were. */
export async function setFreeVend(tx: Tx, chargerId: string, rules: readonly FreeVend[]): Promise<void> {
  await tx`delete from free_vend where charger_id = ${chargerId}`
  const rows = rules.map(({ evse, from, to }, number) => ({
    charger_id: chargerId,
    number,
    evse,
    begins: from,
    ends: to,
  }))
  if (rows.length > 0) await tx`insert into free_vend ${tx(rows)}`
}

export const deleteCharger = (tx: Tx, id: string) => tx`delete from chargers where id = ${id}`

/** Takes the first password that a charger brings for its own; false where another was quicker. */
export async function adoptPassword(tx: Tx, id: string, digest: Buffer): Promise<boolean> {
  const adopted = await tx`
    update chargers set password_digest = ${digest}, adopts = false where id = ${id} and adopts returning id`
  return adopted.length > 0
}

/** A password was used for the first time: the former one ends. */
export const usePassword = (tx: Tx, id: string, digest: Buffer) => tx`
  update chargers set password_digest = next_password_digest, next_password_digest = null, adopts = false
  where id = ${id} and next_password_digest = ${digest}`

export interface Connecting {
  readonly id: string
  readonly gatewayId: string
  readonly connectionId: string
  readonly ocppVersion: OcppVersion
  readonly address: string
  readonly at: Date
}

/** A later connection takes the place of an earlier one. */
export const noteConnected = (tx: Tx, { id, gatewayId, connectionId, ocppVersion, address, at }: Connecting) => tx`
  update chargers set gateway_id = ${gatewayId}, connection_id = ${connectionId}, ocpp_version = ${ocppVersion},
    address = ${address}, connected_at = ${at}, last_heard_at = ${at}
  where id = ${id}`

/** False where another connection has taken its place. */
export async function noteDisconnected(tx: Tx, id: string, connectionId: string, at: Date): Promise<boolean> {
  const gone = await tx`
    update chargers set gateway_id = null, connection_id = null, disconnected_at = ${at}
    where id = ${id} and connection_id = ${connectionId} returning id`
  return gone.length > 0
}

/** When each was last heard of, of many. */
export const noteHeard = (tx: Tx, heard: readonly { id: string; at: Date }[]) => tx`
  update chargers c set last_heard_at = h.at::timestamptz
  from unnest(${heard.map(({ id }) => id)}::text[], ${heard.map(({ at }) => at.toISOString())}::text[]) as h (id, at)
  where c.id = h.id and c.last_heard_at < h.at::timestamptz`

export const seeGateway = (tx: Tx, id: string) => tx`
  insert into gateways values (${id}, now()) on conflict (id) do update set seen_at = now()`
export const removeGateway = (tx: Tx, id: string) => tx`delete from gateways where id = ${id}`

/** Chargers whose gateway was not seen for so many seconds, a few hundred at a time. */
export const listAbandoned = (db: Db, seconds: number) => db<{ id: string; connectionId: string }[]>`
  select c.id, c.connection_id as "connectionId" from chargers c
  where c.gateway_id is not null and not exists (
    select from gateways g where g.id = c.gateway_id and g.seen_at > now() - ${seconds} * interval '1 second')
  limit 500`
export const forgetGateways = (tx: Tx) => tx`delete from gateways where seen_at < now() - interval '1 hour'`
