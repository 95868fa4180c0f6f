import { getStation } from '#contracts/stations'
import { IncidentOpened } from '#contracts/maintenance'
import { mayRead, newId, Problem, type Actor, type Once } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { mayManage } from '../places/places.ts'
import { priorityOfReport, told, type Fault, type Incident } from './incidents.ts'
import { findReported, insertReported, writeReport } from './store.ts'

/** What a person says of a station. */
export interface Report {
  readonly stationId: string
  readonly evse: number | null
  readonly fault: Fault
  readonly text: string | null
  readonly photos: readonly string[]
}

/** Where one may report something. Fails with `station_unknown` where one may not even look. */
export async function reportable({ ask }: Pick<MaintenanceHost, 'ask'>, actor: Actor, stationId: string) {
  const station = await ask(getStation, { stationId })
  const { owner, deleted } = station
  const isSeen = station.public || mayManage(actor, owner) || (owner !== null && mayRead(actor, { owner }))
  if (deleted || !isSeen) throw new Problem('not_found', 'station_unknown')
  return station
}

/** The incident that a person's words belong to: a new one, or what others reported of the same before. */
export async function report(host: MaintenanceHost, request: Once & { actor: Actor }, said: Report): Promise<string> {
  const { db, now, log } = host
  const { actor } = request
  const station = await reportable(host, actor, said.stationId)
  const { stationId, evse, fault, text, photos } = said
  const key = `${fault} ${evse ?? ''}`.trim()
  const at = now()
  return await db.once(request, async tx => {
    const incident: Incident = {
      id: newId(at.getTime()),
      source: 'person',
      chargerId: station.chargerId,
      stationId,
      key,
      evse,
      connector: null,
      owner: station.owner,
      place: station.name,
      code: fault,
      info: null,
      priority: priorityOfReport(fault),
      openedAt: at,
      clearedAt: null,
      relapses: 0,
      closedAt: null,
      end: null,
      told: true,
      version: 1,
    }
    const isNew = !(await findReported(tx, stationId, key)) && (await insertReported(tx, incident))
    const id = isNew ? incident.id : (await findReported(tx, stationId, key))!.id
    await writeReport(tx, id, { reporterId: actor.userId, text, photos, reportedAt: at })
    if (isNew) {
      await tx.publish(IncidentOpened, told(incident))
      log.info({ incidentId: id, stationId, source: 'person', code: fault }, 'an incident is open')
    }
    return id
  })
}
