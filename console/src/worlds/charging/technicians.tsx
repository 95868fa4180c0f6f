import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import changeSchema from 'schema:put /api/maintenance/technicians/{id}'
import newSchema from 'schema:post /api/maintenance/technicians'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { useRead } from '../../blocks/data.tsx'
import { ActButton, Facts } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, Editor, editScreen, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { usePerson } from '../../shell/person.tsx'
import { nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'
import { allOf, dayIn, isOn, oneOf, seen, spanned, useOwn, zone } from './business.ts'

type TechnicianAnswer = components['schemas']['Technician']
type Member = components['schemas']['Member']

const way = { to: '/technicians', name: (texts: Catalogue) => texts.charging.technicians }

const km = (radiusM: number | null): string => (radiusM === null ? '' : `${radiusM / 1_000} km`)

/** What each has to do still. */
function useLoads() {
  const { data = [] } = useQuery({
    queryKey: ['/api/maintenance/tickets', 'loads'],
    queryFn: () => allOf<{ technicianId: string | null }>('/api/maintenance/tickets', { open: 'true' }),
  })
  return Map.groupBy(data, ({ technicianId }) => technicianId)
}

export function Technicians() {
  const texts = useTexts()
  const own = useOwn()
  const loads = useLoads()
  const create = <WayButton to="/technicians/new" name={() => own.newTechnician} />
  const technicians = listOf('/api/maintenance/technicians', {
    columns: [
      ...plain('name skills:list'),
      { id: 'area', value: ({ radiusM }) => km(radiusM) },
      { id: 'tickets', value: ({ id }) => loads.get(id)?.length ?? 0, kind: 'number' },
      { id: 'createdAt', kind: 'instant', aside: true },
    ],
    open: ({ id }) => `/technicians/${id}`,
    empty: t => ({ title: t.charging.emptyTitle, text: own.emptyTechnicians }),
    begin: create,
  })
  return (
    <Screen title={way.name(texts)} acts={create}>
      <List list={technicians} />
    </Screen>
  )
}

/** Who is to be one: of the organisation by name, else by their id. */
export function NewTechnician() {
  const texts = useTexts()
  const own = useOwn()
  const navigate = useNavigate()
  const { organisation } = usePerson()
  const { data: members = [] } = useQuery({
    queryKey: ['/api/auth/organisations', 'members', organisation?.id],
    enabled: !!organisation,
    queryFn: () => allOf<Member>(`/api/auth/organisations/${organisation!.id}/members`, {}),
  })
  const people = members.map(({ userId: id, name, email }) => ({ id, name: name || email }))
  const person = people.length > 0 && { userId: oneOf(own.person, people) }
  return (
    <Screen title={own.newTechnician} within={way.name(texts)}>
      <Editor
        name="/api/maintenance/technicians"
        schema={{ ...newSchema, properties: { ...newSchema.properties, ...person } }}
        initial={begun}
        button={texts.form.create}
        save={(body, headers) => ask<TechnicianAnswer>('POST', '/api/maintenance/technicians', { body, headers })}
        saved={({ data: { id } }) => void navigate({ to: `/technicians/${id}` })}
      />
    </Screen>
  )
}

const begun = { data: { timeZone: zone } }

export const EditTechnician = editScreen({
  title: texts => texts.charging.technicians,
  list: way,
  path: '/api/maintenance/technicians/{id}',
  schema: changeSchema,
  opened: id => `/technicians/${id}`,
})

export const Technician = detailScreen({
  path: '/api/maintenance/technicians/{id}',
  list: way,
  title: ({ name }) => name,
  links: technician => <Acts technician={technician} />,
  tabs: (technician, texts) => [
    { id: 'calendar', name: nameOf(texts, 'calendar'), content: () => <Calendar technician={technician} /> },
    { id: 'load', name: texts.charging.tickets, content: () => <List list={ticketsOf(technician.id)} embedded /> },
    { id: 'about', name: texts.shell.details, content: () => <About technician={technician} /> },
  ],
})

function Acts({ technician }: { technician: TechnicianAnswer }) {
  const own = useOwn()
  const navigate = useNavigate()
  const { id, version, name, skills, position, radiusM, timeZone, hours, absences } = technician
  const path = `/api/maintenance/technicians/${id}`
  const said = { name, skills, position, radiusM, timeZone, hours }
  return (
    <>
      <WayButton to={`/technicians/${id}/edit`} name={texts => texts.passports.edit} />
      <Doing
        name={own.away}
        schema={spanned(own)}
        save={({ body }) => ask('PUT', path, { body: { ...said, absences: [...absences, body] }, ...seen(version) })}
      />
      <ActButton
        act={{
          name: texts => texts.people.remove,
          warns: () => own.removeTechnicianText,
          run: async () => {
            await ask('DELETE', path, seen(version))
            void navigate({ to: way.to })
          },
        }}
      />
    </>
  )
}

const ticketsOf = (technicianId: string) =>
  listOf('/api/maintenance/tickets', {
    query: { technicianId, open: 'true' },
    columns: [
      { id: 'title', value: ({ number, title }) => `#${number} ${title}` },
      ...plain('state:state priority:state dueAt:instant place'),
    ],
    open: ({ id }) => `/tickets/${id}`,
    empty: texts => ({ title: texts.charging.tickets, text: texts.home.nothing }),
  })

const dayMs = 86_400_000

/** Two weeks: when they work, when they are away, and what is due. */
function Calendar({ technician: { id, timeZone, hours, absences } }: { technician: TechnicianAnswer }) {
  const own = useOwn()
  const language = useLanguage()
  const { data } = useRead('/api/maintenance/tickets', {}, { technicianId: id, open: 'true', limit: '100' })
  const there = new Intl.DateTimeFormat('sv', { timeZone })
  const today = Date.parse(there.format(new Date()))
  const days = Array.from({ length: 14 }, (_, at) => {
    const day = new Date(today + at * dayMs)
    return { day, date: day.toISOString().slice(0, 10), weekday: day.getUTCDay() || 7 }
  })
  const due = (date: string) =>
    (data?.data.items ?? []).filter(({ dueAt }) => dueAt !== null && there.format(new Date(dueAt)) === date)
  return (
    <Stack>
      <Short
        name={own.calendar}
        rows={days}
        idOf={({ date }) => date}
        columns={[
          { id: 'day', cell: ({ day }) => dayIn(language).format(day) },
          {
            id: 'hours',
            name: own.hours,
            cell: ({ weekday }) =>
              hours
                .filter(one => one.weekday === weekday)
                .map(({ from, to }) => `${from}–${to}`)
                .join(', ') || own.off,
          },
          {
            id: 'away',
            name: own.absences,
            cell: ({ date }) => absences.some(one => isOn(timeZone, date, one)) && own.isAway,
          },
          {
            id: 'due',
            name: own.due,
            cell: ({ date }) =>
              due(date).map(({ id: ticket, number, title }) => (
                <div key={ticket}>
                  <Link to={`/tickets/${ticket}`}>
                    #{number} {title}
                  </Link>
                </div>
              )),
          },
        ]}
      />
      <Text size="sm">
        {own.clockThere} {timeZone}
      </Text>
    </Stack>
  )
}

function About({ technician }: { technician: TechnicianAnswer }) {
  const own = useOwn()
  const { userId, skills, position, radiusM, timeZone } = technician
  const place = position && `${position.latitude}, ${position.longitude}`
  return (
    <Facts
      facts={[
        { id: 'userId', kind: 'id', value: userId },
        { id: 'skills', kind: 'list', value: skills },
        { id: 'area', value: [place, km(radiusM)].filter(Boolean).join(' · ') },
        { id: 'zone', name: own.zone, value: timeZone },
      ]}
    />
  )
}
