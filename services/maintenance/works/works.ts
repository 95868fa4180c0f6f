import { AvailabilityRequested, WorkChanged } from '#contracts/maintenance'
import { newId, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { isKept, listDue, updateWork, type Work } from './store.ts'

type MaintenanceTx = Tx<'maintenance'>

/** So long a charger has to answer, and after so long it is asked again. */
const waitMs = 60_000
const againMs = 5 * 60_000

/** Work in another state, with what its charger is asked for it. */
export async function turn(
  { now, log }: Pick<MaintenanceHost, 'now' | 'log'>,
  tx: MaintenanceTx,
  work: Work,
  state: Work['state'],
): Promise<Work> {
  const at = now()
  const operative = state !== 'active'
  const next = { ...work, state, version: work.version + (state === work.state ? 0 : 1) }
  if (state !== work.state) await tell(tx, next, at)
  // Nobody asks for what is so already: it was never begun, or other work goes on there.
  const isAsked = work.chargerId !== null && work.state !== 'planned' ? true : state === 'active'
  if (work.chargerId === null || !isAsked || (operative && (await isKept(tx, work, at)))) {
    const settled = { ...next, answered: true }
    await updateWork(tx, settled)
    return settled
  }
  const requestId = newId(at.getTime())
  const asked = { ...next, requestId, requestedAt: at, answered: false, answer: null }
  await updateWork(tx, asked)
  const { chargerId, evse } = work
  const until = new Date(at.getTime() + waitMs).toISOString()
  await tx.publish(AvailabilityRequested, { requestId, chargerId, evse, operative, until })
  log.info({ workId: work.id, chargerId, evse, operative }, 'a charger is asked to go out of service or back')
  return asked
}

async function tell(tx: MaintenanceTx, { id, fromAt, toAt, state, ...work }: Work, at: Date): Promise<void> {
  const { stationId, evse, title, plannedBy, version } = work
  const to = state === 'cancelled' && at < toAt ? (at < fromAt ? fromAt : at) : toAt
  const span = { from: fromAt.toISOString(), to: to.toISOString() }
  await tx.publish(WorkChanged, { workId: id, stationId, evse, title, state, ...span, plannedBy, version })
}

/** Begins and ends works by the clock; chargers that have not answered are asked again. */
export async function runWorks(host: MaintenanceHost): Promise<void> {
  const at = host.now()
  await host.db.transaction(async tx => {
    for (const work of await listDue(tx, at, new Date(at.getTime() - againMs)))
      await turn(host, tx, work, stateAt(work, at))
  })
}

const stateAt = ({ state, fromAt, toAt }: Work, at: Date): Work['state'] => {
  if (state === 'planned') return toAt <= at ? 'done' : fromAt <= at ? 'active' : 'planned'
  return state === 'active' && toAt <= at ? 'done' : state
}
