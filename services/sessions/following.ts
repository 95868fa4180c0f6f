import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import type { Tx } from '#kernel'
import { advance, meterOf, type Measured, type Meter } from './energy.ts'
import { listMeasured, measured, rowsOf, writeReadings, writeSigned } from './readings.ts'
import {
  closedBy,
  follow,
  inPast,
  stopReasonOf,
  tellingOf,
  told,
  toldEnd,
  type Place,
  type Report,
  type Session,
} from './sessions.ts'
import { holdPlaces, lockSessions, writeSessions } from './store.ts'

type SessionsTx = Tx<'sessions'>

/** Takes what chargers said of their transactions: sessions, their readings, and what others are told of it. */
export async function take(tx: SessionsTx, events: readonly Report[]): Promise<void> {
  const reports = events.map(inPast)
  const measuredBy = new Map(reports.map(report => [report, rowsOf(report)]))
  // Chargers before sessions: who changes a charger's owner goes the same way.
  const places = await holdPlacesOf(
    tx,
    reports.filter(({ phase }) => phase === 'begun'),
  )
  const before = await lockSessions(tx, [...new Set(reports.map(({ transactionId }) => transactionId))])
  const unexpected = reports.filter(
    ({ transactionId, chargerId }) => !before.has(transactionId) && !places.has(chargerId),
  )
  for (const [id, place] of await holdPlacesOf(tx, unexpected)) places.set(id, place)

  const valuesOf = (report: Report): Measured[] => measuredBy.get(report)!.numbers.map(measured)
  const late = await listMeasured(tx, [...lateSessions(reports, before, valuesOf)])
  const now = new Map(before)
  const progressed = new Map<string, Session>()
  for (const report of reports) {
    const { transactionId: id, chargerId } = report
    const known = now.get(id)
    const all = late.get(id)
    all?.push(...valuesOf(report))
    const meter: Meter = all ? meterOf(all) : advance(known?.meter ?? {}, valuesOf(report))!
    const session = follow(known, report, meter, places.get(chargerId) ?? nowhere)
    now.set(id, session)
    if (!known) await tx.publish(SessionStarted, { ...told(session), offline: session.offline })
    const telling = tellingOf(known, session)
    // Of what goes on the last is told; an end, and each correction of one, by itself.
    if (telling === 'updated') progressed.set(id, session)
    else if (telling) progressed.delete(id)
    await tellEnd(tx, known, session)
  }
  for (const session of progressed.values())
    await tx.publish(SessionUpdated, { ...told(session), chargingState: session.chargingState })

  const changed = [...now.values()].filter(session => session !== before.get(session.id))
  await writeReadings(
    tx,
    [...measuredBy.values()].flatMap(({ numbers }) => numbers),
  )
  await writeSigned(
    tx,
    [...measuredBy.values()].flatMap(({ signed }) => signed),
  )
  tx.withCommit(writeSessions(tx, changed))
}

const nowhere: Place = { owner: null, stationId: null }

const holdPlacesOf = async (tx: SessionsTx, reports: readonly Report[]): Promise<Map<string, Place>> =>
  reports.length > 0
    ? await holdPlaces(
        tx,
        reports.map(({ chargerId }) => chargerId),
      )
    : new Map<string, Place>()

/** Those of whose values some are not behind what they have: then all of them have to be looked at. */
function lateSessions(
  reports: readonly Report[],
  before: ReadonlyMap<string, Session>,
  valuesOf: (report: Report) => Measured[],
): Set<string> {
  const meters = new Map([...before].map(([id, { meter }]) => [id, meter]))
  const late = new Set<string>()
  for (const report of reports) {
    const next = advance(meters.get(report.transactionId) ?? {}, valuesOf(report))
    if (next) meters.set(report.transactionId, next)
    else late.add(report.transactionId)
  }
  return late
}

/** Tells that a session ended, or that what was told of its end does not hold. */
export async function tellEnd(tx: SessionsTx, before: Session | undefined, session: Session): Promise<void> {
  const telling = tellingOf(before, session)
  if (telling === 'ended') await tx.publish(SessionEnded, toldEnd(session))
  if (telling === 'corrected')
    await tx.publish(SessionCorrected, {
      ...told(session),
      endedAt: session.endedAt?.toISOString() ?? null,
      stopReason: stopReasonOf(session),
      closedBy: closedBy(session),
      former: {
        startedAt: before!.startedAt.toISOString(),
        endedAt: before!.endedAt!.toISOString(),
        energyWh: before!.energyWh,
      },
    })
}
