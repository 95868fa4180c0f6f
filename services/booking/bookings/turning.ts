import { BookingDue } from '#contracts/booking'
import { getConnector } from '#contracts/stations'
import { Problem, type Tx } from '#kernel'
import type { Books } from '../host.ts'
import { endWaits } from '../waiting/store.ts'
import type { Booking } from './bookings.ts'
import { end, keep, move, told, type Ending } from './making.ts'
import { bookingColumns, lockBooking } from './store.ts'

/** So many at a time. */
const most = 200
/** A charger that could not keep a booking is asked again after that. */
const againMs = 60_000
/** Bookings that begin within that are given up where their connector does not work. */
const soonMs = 30 * 60_000
/** One booking follows another where no more lies between. */
const followsMs = 15 * 60_000

/** What time alone brings about. */
export async function turnBookings(host: Books): Promise<void> {
  await endOffers(host)
  await missBookings(host)
  await remind(host)
  await keepBookings(host)
  await rescue(host)
  await host.db.transaction(tx => endWaits(tx, host.now()))
}

const endOffers = (host: Books) =>
  host.db.transaction(async tx => {
    const over = await tx<Booking[]>`
      select ${bookingColumns(tx)} from bookings b
      where b.state = 'pending' and b.offered_until <= ${host.now()}
      order by b.offered_until limit ${most} for update of b skip locked`
    for (const booking of over) await end(host, tx, booking, { state: 'rejected' })
  })

const missBookings = (host: Books) =>
  host.db.transaction(async tx => {
    const missed = await tx<Booking[]>`
      select ${bookingColumns(tx)} from bookings b
      where b.state = 'reserved' and b.hold_from_at <= ${host.now()} and b.expires_at <= ${host.now()}
      order by b.hold_from_at limit ${most} for update of b skip locked`
    for (const booking of missed) await end(host, tx, booking, await endingOf(tx, booking))
  })

/**
 * Who goes on charging from the booking before is there; where somebody else still does nobody could come; else it is a
 * no-show.
 */
async function endingOf(tx: Tx, { chargerId, stationId, evse, driverId, fromAt }: Booking): Promise<Ending> {
  const busy = await tx`
    select from connectors where charger_id = ${chargerId} and evse = ${evse}
      and status in ('occupied', 'charging', 'suspended-ev', 'suspended-evse', 'finishing') limit 1`
  if (busy.length === 0) return { state: 'no-show' }
  const [before] = await tx<{ sessionId: string }[]>`
    select session_id as "sessionId" from bookings
    where station_id = ${stationId} and evse = ${evse} and driver_id = ${driverId} and state = 'fulfilled'
      and coalesce(booked_to_at, to_at) between ${new Date(fromAt.getTime() - followsMs)} and ${fromAt}
    order by to_at desc limit 1`
  return before
    ? { state: 'fulfilled', sessionId: before.sessionId, startedAt: fromAt, stayed: true }
    : { state: 'failed', reason: 'occupied' }
}

const remind = ({ db, now, settings }: Books) =>
  db.transaction(async tx => {
    const at = now()
    const due = await tx<Booking[]>`
      with due as (
        select id from bookings
        where state = 'reserved' and reminded_at is null
          and from_at <= ${new Date(at.getTime() + settings.BOOKING_REMIND)}
        order by from_at limit ${most} for update skip locked)
      update bookings b set reminded_at = ${at} from due where b.id = due.id returning ${bookingColumns(tx)}`
    for (const booking of due) if (booking.fromAt > at) await tx.publish(BookingDue, told(booking))
  })

/** Chargers keep what begins now; those that came back are asked again, as some forget it. */
const keepBookings = (host: Books) =>
  host.db.transaction(async tx => {
    const at = host.now()
    const due = await tx<(Booking & { connection: string | null })[]>`
      select ${bookingColumns(tx)}, c.connection_id as connection
      from bookings b left join chargers c on c.id = b.charger_id
      where b.state = 'reserved' and b.hold_from_at <= ${at} and b.expires_at > ${at} and b.charger_id is not null
        and (b.hold = 'none' or b.hold_connection is distinct from c.connection_id
          or (b.hold in ('asked', 'refused') and b.hold_asked_at <= ${new Date(at.getTime() - againMs)}))
      order by b.hold_from_at limit ${most} for update of b skip locked`
    for (const { connection, ...booking } of due) await keep(host, tx, booking, connection)
  })

/** Bookings whose connector does not work are moved to one like it that is free, or given up. */
async function rescue(host: Books): Promise<void> {
  const { db, now, settings } = host
  const at = now()
  const troubled = await db<{ id: string }[]>`
    select b.id from bookings b
    where b.state = 'reserved' and b.hold_from_at <= ${new Date(at.getTime() + 2 * soonMs)}
      and b.from_at <= ${new Date(at.getTime() + soonMs)} and b.expires_at > ${at}
      and exists (select from connectors c where c.charger_id = b.charger_id and c.evse in (0, b.evse)
        and c.status = 'faulted' and c.since <= ${new Date(at.getTime() - settings.BOOKING_FAULT)})
    order by b.from_at limit ${most}`
  for (const { id } of troubled) await rescueOne(host, id)
}

async function rescueOne(host: Books, id: string): Promise<void> {
  for (const place of [...(await likeIt(host, id)), undefined])
    try {
      await host.db.transaction(async tx => {
        const booking = await lockBooking(tx, id)
        if (booking?.state !== 'reserved') return
        if (place) await move(host, tx, booking, place, true)
        else await end(host, tx, booking, { state: 'failed', reason: 'faulted' })
      })
      return
    } catch (error) {
      // Somebody was quicker there.
      if (!(error instanceof Problem && error.code === 'booking_taken')) throw error
    }
}

interface Place {
  readonly evse: number
  readonly connector: number
}

/** Connectors of the same charger that have the same plug, work, and are free by all that is known. */
async function likeIt({ db, ask }: Books, id: string): Promise<Place[]> {
  const places = await db<(Place & { stationId: string; now: Place })[]>`
    select b.station_id as "stationId", c.evse, c.connector,
      json_build_object('evse', b.evse, 'connector', b.connector) as now
    from bookings b join connectors c on c.charger_id = b.charger_id and c.evse > 0 and c.evse <> b.evse
    where b.id = ${id} and c.status not in ('faulted', 'unavailable')
      and not exists (select from connectors w where w.charger_id = b.charger_id and w.evse in (0, c.evse)
        and w.status = 'faulted')
    order by c.status <> 'available', c.evse, c.connector limit 20`
  const standardOf = async (stationId: string, { evse, connector }: Place) => {
    const found = await ask(getConnector, { stationId, evse, connector }).catch((error: unknown) => {
      if (error instanceof Problem && error.kind === 'not_found') return undefined
      throw error
    })
    return found?.standard ?? null
  }
  const [first] = places
  const wanted = first && (await standardOf(first.stationId, first.now))
  const like: Place[] = []
  for (const { stationId, evse, connector } of wanted ? places : [])
    if ((await standardOf(stationId, { evse, connector })) === wanted) like.push({ evse, connector })
  return like
}
