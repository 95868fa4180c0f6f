import {
  getConnector,
  getStation,
  StationConnected,
  StationCreated,
  StationDeleted,
  StationDisconnected,
  StationStatusChanged,
  StationUpdated,
} from '#contracts/stations'
import { importProblems, imports } from '#imports/imports'
import { defineService } from '#kernel'
import { answerConnector, answerStation } from './answers.ts'
import { asksLater, needs, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { reactions } from './live/reactions.ts'
import { streams } from './live/stream.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { searchPage } from './nearby/pages.ts'
import { nearbyRoutes } from './nearby/routes.ts'
import { sitemaps } from './nearby/sitemap.ts'
import { pages } from './pages.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { siteRoutes } from './sites/routes.ts'
import { moveRoutes } from './stations/moving.ts'
import { routes } from './stations/routes.ts'
import { transferRoutes } from './transfer/transfer.ts'
import { uptimeRoutes } from './uptime/routes.ts'
import { noteWorks } from './uptime/works.ts'

/** Where one can charge: sites, stations, their EVSEs and connectors, and how these are. */
export const stations = defineService({
  name: 'stations',
  about: 'Charging stations: where they stand, what they have, how their connectors are, and how well they work.',
  problems: { ...problems, ...importProblems },
  includes: [imports],
  folder: import.meta.dirname,
  personal,
  needs,
  asksLater,
  settings,
  publishes: [
    StationCreated,
    StationUpdated,
    StationDeleted,
    StationConnected,
    StationDisconnected,
    StationStatusChanged,
  ],
  start(host) {
    routes(host)
    moveRoutes(host)
    siteRoutes(host)
    nearbyRoutes(host)
    transferRoutes(host)
    uptimeRoutes(host)
    pages(host)
    searchPage(host)
    sitemaps(host)
    streams(host)
    reactions(host)
    noteWorks(host)
    forgetWhoLeaves(host)
    host.answer(getConnector, input => answerConnector(host.db, input))
    host.answer(getStation, input => answerStation(host.db, input))
    answerHoldings(host)
  },
})
