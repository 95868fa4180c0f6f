import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import { defineService } from '#kernel'
import { needs, settings } from './host.ts'
import { reportPages } from './incidents/pages.ts'
import { incidentReactions, watchIncidents } from './incidents/reactions.ts'
import { incidentRoutes } from './incidents/routes.ts'
import { problems } from './problems.ts'

/** What does not work at stations, who sees to it, and until when. */
export const maintenance = defineService({
  name: 'maintenance',
  about: 'Maintenance: what does not work at stations, who sees to it, and until when.',
  problems,
  folder: import.meta.dirname,
  needs,
  settings,
  publishes: [IncidentOpened, IncidentClosed],
  start(host) {
    incidentReactions(host)
    incidentRoutes(host)
    reportPages(host)
    host.every('1 minute', 'open and close incidents by the clock', () => watchIncidents(host))
  },
})
