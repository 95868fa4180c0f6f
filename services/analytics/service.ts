import { defineService } from '#kernel'
import { settings } from './host.ts'
import { followChargers } from './sources/chargers.ts'
import { followSessions } from './sources/session-reactions.ts'
import { followStations } from './sources/stations.ts'
import { problems } from './problems.ts'
import { seriesRoutes } from './series/routes.ts'

/** Figures of all that happened, by the hour, day and month. */
export const analytics = defineService({
  name: 'analytics',
  about: 'Figures of all that happened: energy, sessions, revenue, utilisation, uptime, by hour, day and month.',
  problems,
  folder: import.meta.dirname,
  settings,
  start(host) {
    followSessions(host)
    followStations(host)
    followChargers(host)
    seriesRoutes(host)
  },
})
