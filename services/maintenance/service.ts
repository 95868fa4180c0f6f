import {
  AvailabilityRequested,
  IncidentClosed,
  IncidentOpened,
  PhotoTaken,
  RemedyRequested,
  TicketAssigned,
  TicketChanged,
  TicketOpened,
  TicketSlaAtRisk,
  TicketSlaMissed,
  WorkChanged,
} from '#contracts/maintenance'
import { defineService } from '#kernel'
import { fieldPages } from './field/pages.ts'
import { handOver, photoRoutes } from './field/photos.ts'
import { figures } from './figures.ts'
import { needs, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { reportPages } from './incidents/pages.ts'
import { incidentReactions, watchIncidents } from './incidents/reactions.ts'
import { incidentRoutes } from './incidents/routes.ts'
import { partRoutes } from './parts/routes.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { slaRoutes } from './sla/routes.ts'
import { remedyReactions, tryRemedies } from './remedies/remedies.ts'
import { technicianReactions } from './technicians/reactions.ts'
import { technicianRoutes } from './technicians/routes.ts'
import { ticketRoutes } from './tickets/routes.ts'
import { openTickets, watchClocks } from './tickets/working.ts'
import { workRoutes } from './works/routes.ts'
import { runWorks } from './works/works.ts'

/** What does not work at stations, who sees to it, and until when. */
export const maintenance = defineService({
  name: 'maintenance',
  about: 'Maintenance: what does not work at stations, who sees to it, and until when.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  settings,
  publishes: [
    IncidentOpened,
    IncidentClosed,
    RemedyRequested,
    AvailabilityRequested,
    TicketOpened,
    TicketChanged,
    TicketAssigned,
    TicketSlaAtRisk,
    TicketSlaMissed,
    PhotoTaken,
    WorkChanged,
  ],
  start(host) {
    incidentReactions(host)
    remedyReactions(host)
    technicianReactions(host)
    incidentRoutes(host)
    ticketRoutes(host)
    technicianRoutes(host)
    partRoutes(host)
    workRoutes(host)
    slaRoutes(host)
    reportPages(host)
    fieldPages(host)
    photoRoutes(host)
    handOver(host)
    figures(host)
    host.every('1 minute', 'open and close incidents by the clock', () => watchIncidents(host))
    host.every('1 minute', 'have chargers try remedies', () => tryRemedies(host))
    host.every('1 minute', 'give incidents that last a ticket', () => openTickets(host))
    host.every('1 minute', 'tell of tickets whose time runs out', () => watchClocks(host))
    host.every('1 minute', 'begin and end planned works', () => runWorks(host))
    answerHoldings(host)
  },
})
