import { RemedyRequested, type Remedy } from '#contracts/maintenance'
import { CommandEnded } from '#contracts/ocpp'
import { SessionEnded, SessionStarted } from '#contracts/sessions'
import { newId, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import type { Incident } from '../incidents/incidents.ts'
import {
  countRemedies,
  endRemedy,
  forgetSessions,
  insertRemedy,
  isCharging,
  listTroubled,
  noteSessions,
  type Tried,
} from './store.ts'
import { noteAnswer } from '../works/store.ts'

const day = 86_400_000
/** So long a charger has for a command. */
const waitMs = 60_000
/** So long one remedy has to work before another is tried. */
const workMs = 5 * 60_000

/** What is to be tried first: a lock that is stuck is unlocked, all else is started anew. */
export function nextRemedy(code: string | null, tried: readonly Remedy[]): Remedy | undefined {
  const isStuck = /lock/i.test(code ?? '')
  if (isStuck && !tried.includes('unlock')) return 'unlock'
  return tried.includes('reset') ? undefined : 'reset'
}

/** Asks a charger to try something; its end comes as an event. */
export async function requestRemedy(
  { now, log }: MaintenanceHost,
  tx: Tx<'maintenance'>,
  incident: Incident & { chargerId: string },
  remedy: Remedy,
  askedBy: string | null,
): Promise<Tried> {
  const { id: incidentId, chargerId, evse, connector } = incident
  const at = now()
  const tried: Tried = {
    id: newId(at.getTime()),
    incidentId,
    chargerId,
    remedy,
    askedBy,
    requestedAt: at,
    outcome: null,
    status: null,
    errorCode: null,
  }
  await insertRemedy(tx, tried)
  const until = new Date(at.getTime() + waitMs).toISOString()
  await tx.publish(RemedyRequested, { requestId: tried.id, incidentId, chargerId, remedy, evse, connector, until })
  log.info({ incidentId, chargerId, remedy, askedBy }, 'a charger is asked to try a remedy')
  return tried
}

/** Whether a charger may be asked once more today. */
export const mayTry = async ({ now, settings }: MaintenanceHost, tx: Tx, chargerId: string): Promise<boolean> =>
  (await countRemedies(tx, chargerId, new Date(now().getTime() - day))) < settings.MAINTENANCE_REMEDIES_A_DAY

/** Lets chargers try what helps most, before anybody drives there: each thing once an incident, never under a car. */
export async function tryRemedies(host: MaintenanceHost): Promise<void> {
  const { db, now, settings } = host
  const at = now().getTime()
  await db.transaction(async tx => {
    for (const { tried, lastAt, ...incident } of await listTroubled(
      tx,
      new Date(at - settings.MAINTENANCE_REMEDY_AFTER),
    )) {
      const remedy = nextRemedy(incident.code, tried)
      const chargerId = incident.chargerId!
      if (!remedy || (lastAt && at - lastAt.getTime() < workMs)) continue
      if (remedy === 'reset' && (await isCharging(tx, chargerId))) continue
      if (await mayTry(host, tx, chargerId)) await requestRemedy(host, tx, { ...incident, chargerId }, remedy, null)
    }
    await forgetSessions(tx, new Date(at - 30 * day))
  })
}

export function remedyReactions({ on, onMany }: MaintenanceHost): void {
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const
  onMany(SessionStarted, about('charging', 'know which chargers are not to be started anew'), (events, tx) =>
    noteSessions(tx, events, false),
  )
  onMany(SessionEnded, about('charged', 'know which chargers may be started anew'), (events, tx) =>
    noteSessions(tx, events, true),
  )
  on(CommandEnded, about('remedy', 'know what chargers answered'), async (event, tx) => {
    const { requestId, outcome, answer, errorCode = null } = event
    const { status } = (answer ?? {}) as { status?: unknown }
    if (!requestId) return
    await endRemedy(tx, requestId, { outcome, status: typeof status === 'string' ? status : null, errorCode })
    // Who could not be reached is asked again; who refuses is not.
    if (outcome === 'answered' || outcome === 'error')
      await noteAnswer(tx, requestId, typeof status === 'string' ? status : (errorCode ?? outcome))
  })
}
