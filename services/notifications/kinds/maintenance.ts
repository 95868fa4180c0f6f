import { IncidentOpened, TicketAssigned, TicketSlaAtRisk, TicketSlaMissed } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { both, inAppOnly, inBulk, rule } from './kind.ts'
import { timeIn } from './wording.ts'

const whose = (owner: Owner | null): { audience: Owner }[] => (owner ? [{ audience: owner }] : [])

const person = (id: string | null): { audience: Owner }[] => (id ? [{ audience: { kind: 'person', id } }] : [])

interface Told {
  ticketId: string
  number: number
  place: string
  title: string
  owner: Owner | null
  assigneeId: string | null
  dueAt: string | null
}

/** What is said of a ticket, to whoever has it to do first. */
const ticket = (event: Told, to: readonly { audience: Owner }[]) =>
  to.map(one => ({
    ...one,
    facts: { number: event.number, place: event.place, about: event.title, due: event.dueAt },
    path: `/maintenance/tickets/${event.ticketId}`,
  }))
const concerned = (event: Told) => ticket(event, [...person(event.assigneeId), ...whose(event.owner)])

export const maintenance = {
  // What lasts at a charger is told by mail as `connector.failed` and `charger.lost`.
  'incident.opened': rule(IncidentOpened, inBulk(inAppOnly), {
    drafts: ({ owner, source, place, evse, code, openedAt }) =>
      whose(owner).map(to => ({
        ...to,
        facts: { place, reported: source === 'person', point: evse || null, fault: code ?? source, at: openedAt },
      })),
    many: {
      en: count => `${count} things do not work at your stations`,
      de: count => `${count} Störungen an Ihren Stationen`,
    },
    en: ({ place, reported, point, fault, at }) => ({
      title: `Something does not work: ${place}`,
      text: [
        `${reported ? 'Somebody reports' : 'The charger reports'} since ${timeIn('en', at)}${point ? ` at point ${point}` : ''}: ${fault}.`,
      ],
    }),
    de: ({ place, reported, point, fault, at }) => ({
      title: `Störung: ${place}`,
      text: [
        `${reported ? 'Jemand meldet' : 'Die Ladestation meldet'} seit ${timeIn('de', at)}${point ? ` an Punkt ${point}` : ''}: ${fault}.`,
      ],
    }),
  }),

  'ticket.assigned': rule(TicketAssigned, both, {
    drafts: event => ticket(event, person(event.assigneeId)),
    en: ({ number, place, about, due }) => ({
      title: `Ticket ${number} is yours: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`It should be done by ${timeIn('en', due)}.`] : [])],
      action: 'See the ticket',
    }),
    de: ({ number, place, about, due }) => ({
      title: `Auftrag ${number} ist Ihrer: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`Er soll bis ${timeIn('de', due)} erledigt sein.`] : [])],
      action: 'Auftrag ansehen',
    }),
  }),

  'ticket.sla-at-risk': rule(TicketSlaAtRisk, both, {
    drafts: concerned,
    en: ({ number, place, about, due }) => ({
      title: `Little time is left for ticket ${number}: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`It should be done by ${timeIn('en', due)}.`] : [])],
      action: 'See the ticket',
    }),
    de: ({ number, place, about, due }) => ({
      title: `Für Auftrag ${number} bleibt wenig Zeit: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`Er soll bis ${timeIn('de', due)} erledigt sein.`] : [])],
      action: 'Auftrag ansehen',
    }),
  }),

  'ticket.sla-missed': rule(TicketSlaMissed, both, {
    // Those it is escalated to first: they are told themselves, whatever the rest of their organisation gets.
    drafts: ({ escalatedTo = [], ...event }) => [
      ...ticket(event, escalatedTo.filter(id => id !== event.assigneeId).flatMap(person)),
      ...concerned(event),
    ],
    en: ({ number, place, about, due }) => ({
      title: `Ticket ${number} takes too long: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`It should have been done by ${timeIn('en', due)}.`] : [])],
      action: 'See the ticket',
    }),
    de: ({ number, place, about, due }) => ({
      title: `Auftrag ${number} dauert zu lange: ${about}`,
      text: [`${place}: ${about}.`, ...(due ? [`Er sollte bis ${timeIn('de', due)} erledigt sein.`] : [])],
      action: 'Auftrag ansehen',
    }),
  }),
}
