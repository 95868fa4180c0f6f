import type { Db, Tx } from '#kernel'

/** Who wants what is taken. */
export interface Wait {
  readonly id: string
  readonly driverId: string
  readonly stationId: string
  readonly evse: number
  readonly connector: number
  readonly fromAt: Date
  readonly toAt: Date
  readonly idToken: string | null
  readonly state: 'waiting' | 'offered' | 'served' | 'ended'
  readonly bookingId: string | null
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  id, driver_id as "driverId", station_id as "stationId", evse, connector, from_at as "fromAt", to_at as "toAt",
  id_token as "idToken", state, booking_id as "bookingId", created_at as "createdAt"`

export const insertWait = (tx: Tx, wait: Wait) => tx`
  insert into waits (id, driver_id, station_id, evse, connector, from_at, to_at, id_token, state, created_at)
  values (${wait.id}, ${wait.driverId}, ${wait.stationId}, ${wait.evse}, ${wait.connector}, ${wait.fromAt},
    ${wait.toAt}, ${wait.idToken}, ${wait.state}, ${wait.createdAt})`

/** The first who waits for an EVSE; who is served by somebody else at the moment is left out. */
export const lockWaits = (tx: Tx, stationId: string, evse: number, until: Date) => tx<Wait[]>`
  select ${columns(tx)} from waits
  where station_id = ${stationId} and evse = ${evse} and state = 'waiting' and to_at > ${until}
  order by created_at, id limit 50 for update skip locked`

export const noteOffer = (tx: Tx, id: string, bookingId: string) => tx`
  update waits set state = 'offered', booking_id = ${bookingId} where id = ${id}`

/** What became of an offer. */
export const endOffer = (tx: Tx, bookingId: string, state: 'served' | 'ended') => tx`
  update waits set state = ${state} where booking_id = ${bookingId} and state = 'offered'`

/** Nobody waits for what is past. */
export const endWaits = (tx: Tx, at: Date) => tx`
  update waits set state = 'ended' where state = 'waiting' and to_at <= ${at}`

export async function lockWait(tx: Tx, id: string): Promise<Wait | undefined> {
  const [row] = await tx<Wait[]>`select ${columns(tx)} from waits where id = ${id} for update`
  return row
}

export const endWait = (tx: Tx, id: string) => tx`update waits set state = 'ended' where id = ${id}`

/** Of a driver, the newest first. */
export const listWaits = (
  db: Db,
  driverId: string,
  limit: number,
  before: readonly [createdAt: string, id: string] | undefined,
) => db<Wait[]>`
  select ${columns(db)} from waits
  where driver_id = ${driverId}
    ${before ? db`and (created_at, id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by created_at desc, id desc limit ${limit}`

export const forgetWaits = (tx: Tx, driverId: string) => tx`delete from waits where driver_id = ${driverId}`
