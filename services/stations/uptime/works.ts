import { WorkChanged } from '#contracts/maintenance'
import type { StationsHost } from '../host.ts'
import { deleteExclusion, followWork } from './store.ts'

/** Time in which planned work goes on is none in which a station fails, by the US rule: it is noted by itself. */
export function noteWorks({ on }: StationsHost): void {
  on(
    WorkChanged,
    { id: 'work', purpose: 'note planned work, which is no outage', from: 'beginning' },
    async ({ workId: id, stationId, evse, title: note, state, from, to, plannedBy, version, timestamp }, tx) => {
      // Cancelled as it began.
      if (to <= from) return await deleteExclusion(tx, stationId, id)
      const span = { from: new Date(from), to: new Date(to) }
      const about = { id, stationId, evse, reason: 'scheduled-maintenance', note, createdBy: plannedBy }
      return await followWork(tx, { ...about, ...span, createdAt: new Date(timestamp) }, version, state === 'active')
    },
  )
}
