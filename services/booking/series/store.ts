import type { Db, Tx } from '#kernel'
import type { Booking } from '../bookings/bookings.ts'
import { bookingColumns } from '../bookings/store.ts'
import type { Rule } from './days.ts'

export interface Series extends Rule {
  readonly id: string
  readonly driverId: string
  readonly stationId: string
  readonly evse: number
  readonly connector: number
  readonly place: string
  readonly idToken: string | null
  readonly state: 'active' | 'cancelled'
  readonly version: number
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  id, driver_id as "driverId", station_id as "stationId", evse, connector, place, time_zone as "timeZone", weekdays,
  starts, ends, first_day::text as "firstDay", last_day::text as "lastDay", id_token as "idToken", state, version,
  created_at as "createdAt"`

export const insertSeries = (tx: Tx, series: Series) => tx`
  insert into series (id, driver_id, station_id, evse, connector, place, time_zone, weekdays, starts, ends, first_day,
    last_day, id_token, state, version, created_at)
  values (${series.id}, ${series.driverId}, ${series.stationId}, ${series.evse}, ${series.connector},
    ${series.place}, ${series.timeZone}, ${series.weekdays as number[]}::int[], ${series.starts}, ${series.ends},
    ${series.firstDay}::text::date, ${series.lastDay}::text::date, ${series.idToken}, ${series.state},
    ${series.version}, ${series.createdAt})`

export async function findSeries(db: Db, id: string): Promise<Series | undefined> {
  const [row] = await db<Series[]>`select ${columns(db)} from series where id = ${id}`
  return row
}

export async function lockSeries(tx: Tx, id: string): Promise<Series | undefined> {
  const [row] = await tx<Series[]>`select ${columns(tx)} from series where id = ${id} for update`
  return row
}

export const cancelSeries = (tx: Tx, { id, version }: Series) => tx`
  update series set state = 'cancelled', version = ${version} where id = ${id}`

/** Of a driver, the newest first. */
export const listSeries = (
  db: Db,
  driverId: string,
  limit: number,
  before: readonly [createdAt: string, id: string] | undefined,
) => db<Series[]>`
  select ${columns(db)} from series
  where driver_id = ${driverId}
    ${before ? db`and (created_at, id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by created_at desc, id desc limit ${limit}`

/** What of it is still to come. */
export const lockAheadOf = (tx: Tx, seriesId: string, at: Date) => tx<Booking[]>`
  select ${bookingColumns(tx)} from bookings b
  where b.series_id = ${seriesId} and b.state = 'reserved' and b.expires_at > ${at}
  order by b.id for update of b`
