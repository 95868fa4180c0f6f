import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import { newId, within, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { lockChargers } from '../places/places.ts'
import { closed, follow, told, type Incident, type Signal } from './incidents.ts'
import { listHeard, listOrphans, placeIncidents, takeUntold, writeHeard, writeIncidents } from './store.ts'

type MaintenanceTx = Tx<'maintenance'>

/** Takes what was said of things at chargers, in the order it was heard: opens what is bad, and notes what is well. */
export async function takeSignals(host: MaintenanceHost, tx: MaintenanceTx, signals: readonly Signal[]): Promise<void> {
  const heard = await listHeard(tx, signals, false)
  const before = new Map(heard)
  // What begins and is over before anybody looks is among them with both.
  const names = new Set([...heard.keys(), ...signals.filter(({ bad }) => bad).map(nameOf)])
  const relevant = signals.filter(signal => names.has(nameOf(signal)))
  if (relevant.length === 0) return
  const chargers = await lockChargers(
    tx,
    relevant.map(({ chargerId }) => chargerId),
  )
  // What others wrote while it waited.
  for (const [name, now] of await listHeard(tx, relevant, true)) {
    heard.set(name, now)
    before.set(name, now)
  }
  const ended: Incident[] = []
  for (const signal of relevant) {
    const known = heard.get(nameOf(signal))
    const next = follow(known, signal, host.settings.MAINTENANCE_CALM, opened, one => ended.push(one))
    if (next) heard.set(nameOf(signal), next)
  }
  const changed = [...heard].filter(([name, now]) => now !== before.get(name))
  // An index lets one of a key be open: what ends goes before what begins.
  await writeIncidents(tx, ended)
  await writeIncidents(
    tx,
    changed.map(([, { incident }]) => incident),
  )
  await writeHeard(tx, new Map(changed))
  // Those that were told of before; of the others it is told with their beginning.
  for (const incident of ended) await tellClosed(host, tx, incident)
  await tell(host, tx, chargers)
}

const nameOf = ({ chargerId, key }: Signal): string => `${chargerId}\n${key}`

const opened = (signal: Signal): Incident => ({
  id: newId(),
  source: signal.source,
  chargerId: signal.chargerId,
  stationId: null,
  key: signal.key,
  evse: signal.evse,
  connector: signal.connector,
  owner: null,
  place: signal.chargerId,
  code: signal.code,
  info: signal.info,
  priority: signal.priority,
  openedAt: signal.at,
  clearedAt: null,
  relapses: 0,
  closedAt: null,
  end: null,
  told: false,
  version: 1,
})

/** Puts the incidents of chargers where these stand, tells of those that are new, and ends those of chargers that are gone. */
export async function tell(host: MaintenanceHost, tx: MaintenanceTx, chargerIds: readonly string[]): Promise<void> {
  await placeIncidents(tx, chargerIds)
  for (const incident of await takeUntold(tx, chargerIds)) {
    await asWho(incident, () => tx.publish(IncidentOpened, told(incident)))
    const { id: incidentId, chargerId, source, code, priority } = incident
    host.log.info({ incidentId, chargerId, source, code, priority }, 'an incident is open')
    // It was over before anybody could be told.
    if (incident.closedAt) await tellClosed(host, tx, incident)
  }
  for (const { removedAt, ...incident } of await listOrphans(tx, chargerIds))
    await closeIncident(host, tx, closed(incident, 'removed', laterOf(removedAt, incident.openedAt)))
}

/** What a charger noticed nobody did, whoever told what it took to know whose the charger is. */
const asWho = <T>({ source }: Incident, tell: () => T): T =>
  source === 'person' ? tell() : within({ actor: { userId: null, role: 'system' } }, tell)

const laterOf = (one: Date, other: Date): Date => (one < other ? other : one)

/** Writes that an incident has ended, and tells it. */
export async function closeIncident(host: MaintenanceHost, tx: MaintenanceTx, incident: Incident): Promise<void> {
  await writeIncidents(tx, [incident])
  await tellClosed(host, tx, incident)
}

async function tellClosed({ log }: MaintenanceHost, tx: MaintenanceTx, incident: Incident): Promise<void> {
  const { id: incidentId, chargerId, stationId, source, end, closedAt } = incident
  if (!incident.told) return
  await asWho(incident, () =>
    tx.publish(IncidentClosed, { ...told(incident), closedAt: closedAt!.toISOString(), end: end! }),
  )
  log.info({ incidentId, chargerId, stationId, source, end }, 'an incident is closed')
}
