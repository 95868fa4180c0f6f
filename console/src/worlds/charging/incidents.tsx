import { Stack } from '@mantine/core'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { listOf, type RowAct } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, listScreen } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { usePerson } from '../../shell/person.tsx'
import { useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'
import { Photos } from './photos.tsx'
import { ticketsOf } from './tickets.tsx'
import './business.ts'

type Summary = components['schemas']['IncidentSummary']
type IncidentAnswer = components['schemas']['Incident']

const way = { to: '/incidents', name: (texts: Catalogue) => texts.charging.incidents }
const path = (id: string, rest: string): string => `/api/maintenance/incidents/${id}/${rest}`

const isOpen = ({ status }: Summary): boolean => status === 'open'
const openTicket: RowAct<Summary> = {
  name: texts => texts.field.openTicket,
  may: isOpen,
  run: ({ id, place, code, source }) =>
    ask('POST', '/api/maintenance/tickets', {
      body: { incidentId: id, title: `${place}: ${code ?? source}`.slice(0, 200) },
    }),
}
const close = (end: 'solved' | 'dismissed'): RowAct<Summary> => ({
  name: texts => texts.field.ends[end],
  may: isOpen,
  warns: texts => texts.field.endText,
  run: ({ id, version }) => ask('POST', path(id, 'close'), { body: { end }, headers: { 'if-match': `"${version}"` } }),
})
const acts = [openTicket, close('solved'), close('dismissed')]

const incidents = listOf('/api/maintenance/incidents', {
  columns: plain('place status:state priority:state source:word code chargerId openedAt:instant closedAt:instant?'),
  open: ({ id }) => `/incidents/${id}`,
  acts,
  every: 10_000,
})

const Led = listScreen(way.name, incidents)
const { acts: _, ...seen } = incidents
const Seen = listScreen(way.name, seen)
/** Who repairs decides nothing here. */
export const Incidents = () => (usePerson().role === 'technician' ? <Seen /> : <Led />)

export const Incident = detailScreen({
  path: '/api/maintenance/incidents/{id}',
  list: way,
  title: ({ place, code }) => [place, code].filter(Boolean).join(' · '),
  state: ({ status }) => status,
  every: 10_000,
  links: incident => <Acts incident={incident} />,
  tabs: (incident, texts) => [
    { id: 'about', name: texts.shell.details, content: () => <About incident={incident} /> },
    {
      id: 'reports',
      name: texts.field.reports,
      content: () => (
        <Short
          name={texts.field.reports}
          rows={incident.reports}
          columns={[
            ...plain('reportedAt:instant text'),
            { id: 'photos', name: texts.field.photos, cell: ({ photos }) => <Photos ids={photos} /> },
          ]}
          empty={texts.field.noReports}
        />
      ),
    },
    {
      id: 'remedies',
      name: texts.field.remedies,
      content: () => (
        <Short
          name={texts.field.remedies}
          rows={incident.remedies}
          columns={[
            { id: 'remedy', cell: ({ remedy }) => texts.field.tries[remedy] },
            ...plain('requestedAt:instant outcome:state status:state errorCode'),
          ]}
          empty={texts.field.noRemedies}
        />
      ),
    },
  ],
})

function Acts({ incident }: { incident: IncidentAnswer }) {
  if (usePerson().role === 'technician' || !isOpen(incident)) return null
  const { id, chargerId } = incident
  const remedies = chargerId ? (['reset', 'unlock'] as const) : []
  return (
    <>
      {acts.map(({ name, warns, run }, at) => (
        <ActButton key={at} act={{ name, ...(warns && { warns }), run: () => run!(incident) }} />
      ))}
      {remedies.map(remedy => (
        <ActButton
          key={remedy}
          act={{
            name: texts => texts.field.tries[remedy],
            run: () => ask('POST', path(id, 'remedies'), { body: { remedy } }),
          }}
        />
      ))}
    </>
  )
}

function About({ incident }: { incident: IncidentAnswer }) {
  const texts = useTexts()
  const { id, stationId, chargerId, place, ...rest } = incident
  const charger = `/chargers/${encodeURIComponent(chargerId ?? '')}`
  return (
    <Stack>
      <Facts
        facts={[
          { id: 'place', value: place, ...(stationId && { to: `/stations/${stationId}` }) },
          { id: 'chargerId', value: chargerId, to: charger },
          ...factsOf(
            rest,
            plain(
              'evse connector source:word code info priority:state openedAt:instant clearedAt:instant relapses:number closedAt:instant',
            ),
          ),
          { id: 'end', value: rest.end && wordFor(texts, `incident.${rest.end}`) },
        ]}
      />
      <List list={ticketsOf({ incidentId: id })} embedded />
    </Stack>
  )
}
