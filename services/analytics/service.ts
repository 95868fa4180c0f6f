import { defineService, StartError } from '#kernel'
import { settings } from './host.ts'
import { metrics } from './metrics.ts'
import { passportRoutes } from './passports.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { rebuilding } from './rebuild.ts'
import { cohortRoutes } from './series/cohorts.ts'
import { exportRoutes } from './series/export.ts'
import { seriesRoutes } from './series/routes.ts'
import { isHalfHourly } from './series/span.ts'
import { summaryRoutes } from './series/summary.ts'
import { shopRoutes } from './shop.ts'
import { followChargers } from './sources/chargers.ts'
import { followIncidents } from './sources/incidents.ts'
import { followPassports } from './sources/passports.ts'
import { followSessions } from './sources/session-reactions.ts'
import { followShop } from './sources/shop.ts'
import { followStations } from './sources/stations.ts'

/** Figures of all that happened, by the hour, day and month. */
export const analytics = defineService({
  name: 'analytics',
  about: 'Figures of all that happened: energy, sessions, revenue, utilisation, uptime, by hour, day and month.',
  problems,
  folder: import.meta.dirname,
  personal,
  settings,
  async start(host) {
    const { ANALYTICS_TIME_ZONE: zone } = host.settings
    if (!isHalfHourly(zone, host.now()))
      throw new StartError(`ANALYTICS_TIME_ZONE=${zone} is no time zone that is whole half hours away from UTC.`)
    // What figures are made of: each source keeps tables of its own, and reacts in any order.
    followSessions(host)
    followStations(host)
    followChargers(host)
    followIncidents(host)
    followPassports(host)
    followShop(host)

    seriesRoutes(host)
    summaryRoutes(host)
    cohortRoutes(host)
    exportRoutes(host)
    passportRoutes(host)
    shopRoutes(host)
    metrics(host)
    await rebuilding(host)
  },
})
