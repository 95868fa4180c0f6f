import { ChargerChanged, ChargerId, ChargerRegistered, type ChargerStatus } from '#contracts/ocpp'
import { Line as LineSchema } from '#contracts/shared'
import { openImports } from '#imports/imports'
import { Column, newId, ownerFor, withRole, type Actor, type Line, type Tx } from '#kernel'
import { manageable } from './access.ts'
import { requireSense, revise, told } from './chargers/chargers.ts'
import { openPasswords, type Passwords } from './chargers/passwords.ts'
import { insertCharger, lockCharger, updateCharger } from './chargers/store.ts'
import type { OcppHost } from './host.ts'
import { keyOf } from './tokens/authorise.ts'
import { insertToken, lockTokenOf, updateToken, type KeptToken } from './tokens/store.ts'
import { TokenType } from './tokens/view.ts'

const access = withRole('operator')

/** What databases write where there is nothing. */
const nothing = /^(NULL|\\N)$/
const orNothing = <T>({
  read,
  ...column
}: {
  expects: string
  required: boolean
  read(text: string): T | undefined
}) => ({
  ...column,
  read: (text: string): T | null | undefined => (nothing.test(text) ? null : read(text)),
})
const text = (most: number) => orNothing(Column.text(LineSchema(most), `one line of at most ${most} characters`))
/** PostgreSQL writes t and f. */
const flag = orNothing({
  expects: 'yes or no',
  required: false,
  read: given => (/^(yes|true|t|1)$/i.test(given) ? true : /^(no|false|f|0)$/i.test(given) ? false : undefined),
})
/** Without a zone it is UTC, as SteVe keeps it. */
const instant = orNothing({
  expects: 'a time, like 2027-12-31T23:59:59Z',
  required: false,
  read(given) {
    const [, day, time = '00:00:00', zone = 'Z'] =
      /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(given) ?? []
    const at = new Date(`${day}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`)
    return Number.isNaN(at.getTime()) ? undefined : at
  },
})

// ── Chargers ──

export const chargerColumns = {
  id: Column.required(Column.text(ChargerId, 'an identity: 1 to 48 characters, no colon')),
  name: text(200),
  status: orNothing(Column.one(['accepted', 'pending', 'rejected'])),
  timeZone: text(64),
  password: text(255),
  security: orNothing(Column.one(['password', 'first', 'none'])),
} as const

/** Tables of SteVe (`charge_box`) and CitrineOS (`ChargingStations`): what it says of itself when it boots is left out. */
const chargerNames = {
  charge_box_id: 'id',
  description: 'name',
  registration_status: 'status',
  ...leftOut(
    'charge_box_pk endpoint_address ocpp_protocol charge_point_vendor charge_point_model ' +
      'charge_point_serial_number charge_box_serial_number fw_version fw_update_status iccid imsi ' +
      'fw_update_timestamp meter_type meter_serial_number diagnostics_status diagnostics_timestamp ' +
      'last_heartbeat_timestamp note location_latitude location_longitude address_pk admin_address ' +
      'insert_connector_status_after_transaction_msg auth_password security_profile ' +
      'pkId isOnline protocol latestOcppMessageTimestamp chargePointVendor chargePointModel ' +
      'chargePointSerialNumber chargeBoxSerialNumber firmwareVersion meterType meterSerialNumber ' +
      'coordinates floorLevel parkingRestrictions capabilities use16StatusNotification0 locationId ' +
      'tenantId createdAt updatedAt',
  ),
}

function leftOut(names: string): Record<string, null> {
  return Object.fromEntries(names.split(' ').map(name => [name, null]))
}

type ChargerLine = Line<typeof chargerColumns>

async function takeCharger(host: OcppHost, passwords: Passwords, tx: Tx<'ocpp'>, line: ChargerLine, actor: Actor) {
  const { id, name, timeZone, password } = line
  requireSense({ timeZone: timeZone ?? null })
  const before = await lockCharger(tx, id)
  if (before) {
    const charger = manageable(actor, 'write', before, 'charger_unknown')
    const said = { ...(name && { name }), ...(timeZone && { timeZone }) }
    const revised = revise(charger, said)
    const status: ChargerStatus = line.status ?? charger.status
    if (revised === charger && status === charger.status && charger.owner) return 'unchanged'
    const owner = charger.owner ?? ownerFor(actor)
    const changed = { ...revised, status, owner, version: charger.version + 1 }
    await updateCharger(tx, changed)
    await tx.publish(ChargerChanged, told(changed, charger))
    return 'updated'
  }
  const owner = ownerFor(actor)
  const status = line.status ?? 'accepted'
  const security = line.security ?? (password ? 'password' : 'first')
  const passwordDigest = password && security === 'password' ? passwords.digest(id, Buffer.from(password)) : null
  const adopts = passwordDigest === null && security !== 'none'
  const base = { id, owner, name: name ?? null, timeZone: timeZone ?? null, status, passwordDigest, adopts }
  await insertCharger(tx, { ...base, certificateSerial: null, createdAt: host.now() })
  await tx.publish(ChargerRegistered, { chargerId: id, owner, status, version: 1 })
  return 'created'
}

// ── Tokens ──

export const tokenColumns = {
  idToken: Column.required(Column.text(LineSchema(255), 'one line of at most 255 characters')),
  type: orNothing(Column.one(TokenType.enum)),
  label: text(200),
  groupId: text(255),
  status: orNothing(
    Column.one([
      'accepted',
      'blocked',
      'expired',
      'invalid',
      'unknown',
      'nocredit',
      'concurrenttx',
      'notallowedtypeevse',
      'notatthislocation',
      'notatthistime',
    ]),
  ),
  expiresAt: instant,
  exclusive: flag,
  concurrent: flag,
  blocked: flag,
  mostSessions: orNothing(Column.whole(-1_000_000, 1_000_000)),
} as const

/** Tables of SteVe (`ocpp_tag`) and CitrineOS (`Authorizations`, before that joined with `IdTokens`). */
const tokenNames = {
  id_tag: 'idToken',
  parent_id_tag: 'groupId',
  expiry_date: 'expiresAt',
  max_active_transaction_count: 'mostSessions',
  note: 'label',
  idTokenType: 'type',
  cacheExpiryDateTime: 'expiresAt',
  groupAuthorizationId: 'groupId',
  concurrentTransaction: 'concurrent',
  ...leftOut(
    'ocpp_tag_pk in_transaction id idTokenId idTokenInfoId additionalInfo chargingPriority language1 language2 ' +
      'personalMessage customData allowedConnectorTypes disallowedEvseIdPrefixes realTimeAuth realTimeAuthUrl ' +
      'realTimeAuthTimeout realTimeAuthLastAttempt tenantId tenantPartnerId createdAt updatedAt',
  ),
}

type TokenLine = Line<typeof tokenColumns>

/** What a line says: SteVe blocks by letting a tag have no session at all. */
function saidOf({ label, groupId, status, expiresAt, exclusive, concurrent, mostSessions, blocked }: TokenLine) {
  const isExclusive =
    exclusive ??
    (concurrent == null ? undefined : !concurrent) ??
    (mostSessions == null ? undefined : mostSessions === 1)
  const isBlocked = blocked || mostSessions === 0 || (status != null && status !== 'accepted' && status !== 'expired')
  return {
    ...(label && { label }),
    ...(groupId && { groupId }),
    ...(expiresAt && { expiresAt }),
    ...((status != null || mostSessions != null || blocked != null) && {
      status: isBlocked ? ('blocked' as const) : ('accepted' as const),
    }),
    ...(isExclusive !== undefined && { exclusive: isExclusive }),
  }
}

async function takeToken({ now }: OcppHost, tx: Tx<'ocpp'>, line: TokenLine, actor: Actor) {
  const type = line.type ?? 'ISO14443'
  const idToken = keyOf(line.idToken, type)
  const said = saidOf(line)
  const before = await lockTokenOf(tx, idToken)
  if (before) {
    const token = manageable(actor, 'write', before, 'token_unknown')
    const revised: KeptToken = { ...token, ...said, ...(line.type && { type }) }
    if (JSON.stringify(revised) === JSON.stringify(token)) return 'unchanged'
    await updateToken(tx, { ...revised, updatedAt: now(), version: token.version + 1 })
    return 'updated'
  }
  const at = now()
  const none = { userId: null, groupId: null, label: null, blockedFor: null, expiresAt: null }
  const base = {
    id: newId(at.getTime()),
    idToken,
    type,
    owner: ownerFor(actor),
    createdAt: at,
    updatedAt: at,
    version: 1,
  }
  await insertToken(tx, { ...none, status: 'accepted', exclusive: false, ...said, ...base })
  return 'created'
}

/** Takes over chargers and tokens from files of our own, and from tables of SteVe and CitrineOS as they are. */
export function importRoutes(host: OcppHost): void {
  const passwords = openPasswords(host)
  openImports(host, {
    what: 'chargers',
    at: '/chargers',
    access,
    columns: chargerColumns,
    names: chargerNames,
    example: 'id,name,status,security\nCP-1,"Car park, left",accepted,first\n',
    take: (tx, line, actor) => takeCharger(host, passwords, tx, line, actor),
  })
  openImports(host, {
    what: 'tokens',
    at: '/tokens',
    access,
    columns: tokenColumns,
    names: tokenNames,
    example: 'idToken,label,groupId,expiresAt\n04A2B9C1D2E380,Blue card 17,FLEET-7,2099-12-31T23:59:59Z\n',
    take: (tx, line, actor) => takeToken(host, tx, line, actor),
  })
}
