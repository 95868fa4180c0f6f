import { Group, Stack } from '@mantine/core'
import priorities from 'schema:put /api/maintenance/tickets/{id}/priority'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { lazy } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { All } from '../../blocks/all.tsx'
import { Read } from '../../blocks/data.tsx'
import { ActButton, Detail, Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { Doing } from '../../blocks/doing.tsx'
import { plain } from '../../blocks/plain.ts'
import { listScreen, WayButton } from '../../blocks/screens.tsx'
import { usePerson } from '../../shell/person.tsx'
import { field as de } from '../../texts/de-field.ts'
import { field as en } from '../../texts/en-field.ts'
import { nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'

const catalogues = { en, de }

type TicketAnswer = components['schemas']['Ticket']

/** Comes for who works on it. */
const Work = lazy(() => import('./work.tsx'))

const way = { to: '/tickets', name: (texts: Catalogue) => texts.charging.tickets }
/** All of them, or those of a station or an incident. */
export const ticketsOf = (query: Record<string, string>) =>
  listOf('/api/maintenance/tickets', {
    query,
    columns: [
      { id: 'title', value: ({ number, title }) => `#${number} ${title}` },
      ...plain('state:state dueAt:instant priority:state place createdAt:instant? updatedAt:instant'),
    ],
    open: ({ id }) => `/tickets/${id}`,
    every: 10_000,
  })
const tickets = ticketsOf({})
const create = { to: '/tickets/new', name: (texts: Catalogue) => texts.field.openTicket }
const levels = <WayButton to="/tickets/levels" name={texts => texts.field.levels} variant="default" />
const Worked = listScreen(way.name, tickets)
const Led = listScreen(way.name, tickets, create, <Group>{levels}</Group>)

/** Who works on them opens none, and does not say how long they may take. */
export const Tickets = () => (usePerson().role === 'technician' ? <Worked /> : <Led />)

export function Ticket() {
  const { id } = useParams({ strict: false }) as { id: string }
  return (
    <Read path="/api/maintenance/tickets/{id}" params={{ id }} every={10_000}>
      {ticket => <Shown ticket={ticket} />}
    </Read>
  )
}

/** What only who operates the station does; the rest is work, and may be done without a network. */
const acts = ['close', 'reopen'] as const

function Shown({ ticket }: { ticket: TicketAnswer }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const isWorker = usePerson().role === 'technician'
  const { id, number, title, state, possible, version, updatedAt, priority } = ticket
  const headers = { 'if-match': `"${version}"` }
  return (
    <Detail
      title={`#${number} ${title}`}
      list={{ to: way.to, name: way.name(texts) }}
      id={id}
      path={`/api/maintenance/tickets/${id}`}
      state={state}
      owner={ticket.owner}
      changed={updatedAt}
      acts={acts
        .filter(act => !isWorker && possible.includes(act))
        .map(act => ({
          name: ({ charging }) => charging.ticket[act],
          run: () =>
            ask('POST', `/api/maintenance/tickets/${id}/${act}`, {
              body: {},
              headers,
            }),
        }))}
      links={
        !isWorker &&
        state !== 'closed' && (
          <Doing
            key={priority}
            name={nameOf(texts, 'priority')}
            schema={priorities}
            initial={{ priority }}
            save={({ body }) => ask('PUT', `/api/maintenance/tickets/${id}/priority`, { body, headers })}
          />
        )
      }
      tabs={[
        {
          id: 'work',
          name: own.work,
          content: () => <Work ticket={ticket} />,
        },
        ...(isWorker ? [] : [{ id: 'who', name: own.who, content: () => <Who ticket={ticket} /> }]),
        { id: 'about', name: texts.shell.details, content: () => <About ticket={ticket} /> },
      ]}
    />
  )
}

function About({ ticket }: { ticket: TicketAnswer }) {
  const own = catalogues[useLanguage()]
  const { place, address, chargerId, evse, priority, dueAt, escalation, skill, description, createdAt, parts } = ticket
  const { incidentId, stationId } = ticket
  return (
    <Stack>
      <Facts
        facts={[
          { id: 'place', value: place, to: `/stations/${stationId}` },
          { id: 'incident', kind: 'id', value: incidentId, to: `/incidents/${incidentId}` },
          { id: 'address', value: address },
          { id: 'chargerId', value: chargerId, to: `/chargers/${encodeURIComponent(chargerId ?? '')}` },
          { id: 'evse', value: evse },
          { id: 'priority', kind: 'state', value: priority },
          { id: 'dueAt', kind: 'instant', value: dueAt },
          { id: 'inTime', value: escalation === 2 ? own.late : own.inTime },
          { id: 'skill', value: skill },
          { id: 'text', value: description },
          { id: 'parts', kind: 'list', value: parts.map(each => `${each.quantity} × ${each.number} ${each.name}`) },
          { id: 'createdAt', kind: 'instant', value: createdAt },
        ]}
      />
    </Stack>
  )
}

/** Who might go, the best first, and why. */
function Who({ ticket: { id, technicianId, version, possible } }: { ticket: TicketAnswer }) {
  const own = catalogues[useLanguage()]
  const queries = useQueryClient()
  return (
    <All
      path="/api/maintenance/tickets/{id}/proposals"
      params={{ id }}
      name={own.who}
      idOf={one => one.technicianId}
      columns={[
        ...plain('name score:number'),
        { id: 'reasons', cell: ({ reasons }) => <span lang="en">{reasons.join(', ')}</span> },
      ]}
      acts={one =>
        technicianId === one.technicianId
          ? own.has
          : possible.includes('assign') && (
              <ActButton
                act={{
                  name: () => own.assign,
                  run: async () => {
                    await ask('POST', `/api/maintenance/tickets/${id}/assign`, {
                      body: { technicianId: one.technicianId },
                      headers: { 'if-match': `"${version}"` },
                    })
                    await queries.invalidateQueries()
                  },
                }}
              />
            )
      }
      empty={own.nobody}
    />
  )
}
