import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { ChargerConnected, CommandEnded, ConnectorReported, ReservationReported } from '#contracts/ocpp'
import { SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { StationDeleted, StationUpdated } from '#contracts/stations'
import { stringify, type Tx } from '#kernel'
import type { Books } from '../host.ts'
import { forgetWaits } from '../waiting/store.ts'
import { arrive, freeRest, type Begun } from './arriving.ts'
import type { Hold } from './bookings.ts'
import { end, told } from './making.ts'
import { followPaying } from './paying.ts'
import { lockAhead, noteSpot } from './store.ts'
import { BookingChanged } from '#contracts/booking'

/** What others tell that bookings depend on. */
export function followWorld(host: Books): void {
  const { on, onMany } = host
  followPaying(host)
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const

  on(StationUpdated, about('station', 'know whose stations are, and their chargers'), async (event, tx) => {
    const { stationId, chargerId, owner, name: place, version: stationVersion } = event
    const before = await lockAhead(tx, { stationId }, host.now())
    await noteSpot(tx, { stationId, chargerId, owner, place, stationVersion })
    for (const booking of before) {
      if (booking.stationVersion >= stationVersion || booking.chargerId === chargerId) continue
      await tx`update bookings set version = version + 1, hold = 'none' where id = ${booking.id}`
      const version = booking.version + 1
      await tx.publish(BookingChanged, { ...told({ ...booking, chargerId, owner, place, version }), moved: false })
    }
  })
  on(StationDeleted, about('gone', 'give up bookings at stations that are gone'), async ({ stationId }, tx) => {
    for (const booking of await lockAhead(tx, { stationId }, host.now()))
      await end(host, tx, booking, { state: 'failed', reason: 'station-gone' })
  })
  on(UserDeleted, about('leave', 'cancel what people booked who are gone'), async ({ userId }, tx) => {
    await forgetWaits(tx, userId)
    await tx`delete from calendars where user_id = ${userId}`
    await tx`
      update series set state = 'cancelled', version = version + 1 where driver_id = ${userId} and state = 'active'`
    for (const booking of await lockAhead(tx, { driverId: userId }, host.now()))
      await end(host, tx, booking, { state: 'cancelled', by: 'system' })
  })
  const gone = about('organisation-gone', 'forget the terms and calendars of organisations that are gone')
  on(OrganisationDeleted, gone, async ({ organisationId }, tx) => {
    await tx`delete from policies where owner_id = ${organisationId}`
    await tx`delete from calendars where owner_id = ${organisationId}`
  })

  const arrived = (events: readonly Begun[], tx: Tx<'booking'>) => arrive(host, tx, events)
  onMany(SessionStarted, about('arrive', 'know who came'), arrived)
  // Who charges may be told after the begin.
  onMany(SessionUpdated, about('arrive', 'know who came'), arrived)
  onMany(SessionEnded, about('arrive', 'know who came, and free what they left'), async (events, tx) => {
    await arrived(events, tx)
    await freeRest(host, tx, events)
  })

  onMany(ConnectorReported, about('connectors', 'know which connectors do not work'), async (events, tx) => {
    // One after the other where a connector says several things: from the last alone nobody knows since when it is so.
    const turns: object[][] = []
    const told = new Map<string, number>()
    for (const { chargerId, evse, connector, status, receivedAt, eventId } of events) {
      const place = `${evse} ${connector} ${chargerId}`
      const turn = told.get(place) ?? 0
      told.set(place, turn + 1)
      ;(turns[turn] ??= []).push({
        charger_id: chargerId,
        evse,
        connector,
        status,
        heard_at: receivedAt,
        event_id: eventId,
        since: receivedAt,
      })
    }
    for (const rows of turns) await noteConnectors(tx, rows)
  })
  onMany(ChargerConnected, about('connected', 'know which chargers came back'), async (events, tx) => {
    await tx`
      insert into chargers as c (id, connection_id)
      select distinct on (id) id, connection_id
      from unnest(${events.map(({ chargerId }) => chargerId)}::text[],
        ${events.map(({ connectionId }) => connectionId)}::uuid[]) as e (id, connection_id)
      order by id, connection_id desc
      on conflict (id) do update set connection_id = excluded.connection_id
      where c.connection_id < excluded.connection_id`
  })
  on(CommandEnded, about('answer', 'know what chargers keep'), async (event, tx) => {
    if (event.requestId)
      await tx`
        update bookings set hold = ${heldBy(event)} where hold_request_id = ${event.requestId} and hold = 'asked'`
  })
  on(ReservationReported, about('lost', 'know what chargers keep no longer'), async (event, tx) => {
    const { chargerId, reservationId, status } = event
    // One that expired is over here, too.
    if (status === 'removed')
      await tx`
        update bookings set hold = 'refused'
        where charger_id = ${chargerId} and reservation_id = ${reservationId} and state = 'reserved' and hold = 'kept'`
  })
}

/** Chargers that know no reservations, or are told not to have any (1.6 §5.13), are not asked again. */
const strangers = new Set(['NotImplemented', 'NotSupported', 'command_unsupported', 'command_invalid'])

function heldBy({ outcome, answer, errorCode }: { outcome: string; answer?: unknown; errorCode?: string }): Hold {
  const { status } = (answer ?? {}) as { status?: unknown }
  if (outcome === 'answered' && status === 'Accepted') return 'kept'
  if (outcome === 'answered' && status === 'Rejected') return 'unsupported'
  return outcome === 'error' && strangers.has(errorCode ?? '') ? 'unsupported' : 'refused'
}

/** Of each connector what was heard last, each once; `since` stays while it says the same. */
const noteConnectors = (tx: Tx, rows: readonly object[]) => tx`
  insert into connectors as c
  select * from json_populate_recordset(null::connectors, ${tx.typed(stringify(rows) as never, 705)})
  order by charger_id, evse, connector
  on conflict (charger_id, evse, connector) do update set status = excluded.status, heard_at = excluded.heard_at,
    event_id = excluded.event_id, since = case when c.status = excluded.status then c.since else excluded.since end
  where (c.heard_at, c.event_id) < (excluded.heard_at, excluded.event_id)`
