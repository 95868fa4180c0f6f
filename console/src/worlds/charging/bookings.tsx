import { Button, Group, Select, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Day } from '../../blocks/choice.tsx'
import { Read, read, useRead } from '../../blocks/data.tsx'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { detailScreen, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { shown, State } from '../../blocks/values.tsx'
import { useLanguage, useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'
import { dayIn, isOn, pointAt, pointOf, seen, spanned, useOwn, type StationAnswer } from './business.ts'
import { Block, useWorks, Works } from './works.tsx'

type BookingAnswer = components['schemas']['Booking']

const way = { to: '/bookings', name: (texts: Catalogue) => texts.charging.bookings }
const isAhead = ({ state }: Pick<BookingAnswer, 'state'>): boolean => state === 'pending' || state === 'reserved'
const cancel = ({ id, version }: Pick<BookingAnswer, 'id' | 'version'>, reason?: string) =>
  ask('POST', `/api/bookings/${id}/cancel`, { body: reason ? { reason: reason.slice(0, 200) } : {}, ...seen(version) })

export function Bookings() {
  const texts = useTexts()
  const own = useOwn()
  const bookings = listOf('/api/bookings', {
    columns: [
      ...plain('place state:state from:instant to:instant evse connector?'),
      { id: 'hold', value: ({ hold }) => own.holds[hold] },
      { id: 'idToken', aside: true },
    ],
    open: ({ id }) => `/bookings/${id}`,
    acts: [
      {
        name: t => t.list.cancel,
        may: isAhead,
        warns: t => t.charging.cancelText,
        asks: () => own.reason,
        run: cancel,
      },
    ],
    empty: t => ({ title: t.charging.emptyTitle, text: own.emptyBookings }),
    every: 10_000,
  })
  return (
    <Screen
      title={way.name(texts)}
      acts={
        <>
          <WayButton to="/bookings?state=no-show" name={() => own.noShows} variant="default" />
          <WayButton to="/bookings?hold=refused" name={() => own.notKept} variant="default" />
          <WayButton to="/bookings/week" name={() => own.byWeek} />
        </>
      }
    >
      <List list={bookings} />
    </Screen>
  )
}

const dayMs = 86_400_000
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const thisMonday = (): string => dateOf(Date.now() - ((new Date().getUTCDay() + 6) % 7) * dayMs)

/** What is booked at a station in seven days, by charging point; station and week stand in the address. */
export function BookingWeek() {
  const texts = useTexts()
  const own = useOwn()
  const navigate = useNavigate()
  const asked = useSearch({ strict: false }) as { station?: string; from?: string }
  const { station, from = thisMonday() } = asked
  const look = (next: object): void => void navigate({ to: '.', search: { ...asked, ...next } as never, replace: true })
  const shift = (days: number): void => look({ from: dateOf(Date.parse(from) + days * dayMs) })
  return (
    <Screen
      title={own.byWeek}
      within={way.name(texts)}
      acts={<WayButton to="/bookings" name={() => own.asList} variant="default" />}
    >
      <Group align="flex-end">
        <StationChoice chosen={station} choose={id => look({ station: id })} />
        <Day label={own.weekOf} value={from} choose={day => day && look({ from: day })} />
        <Button variant="default" onClick={() => shift(-7)}>
          {own.weekBefore}
        </Button>
        <Button variant="default" onClick={() => shift(7)}>
          {own.weekAfter}
        </Button>
      </Group>
      {station ? (
        <Read path="/api/stations/{id}" params={{ id: station }} every={10_000}>
          {answer => <Week station={answer} from={from} />}
        </Read>
      ) : (
        <Text>{own.chooseStation}</Text>
      )}
    </Screen>
  )
}

/** One of however many stations: the platform looks for what is typed. */
function StationChoice({ chosen, choose }: { chosen: string | undefined; choose: (id: string) => void }) {
  const own = useOwn()
  const [typed, type] = useState('')
  const [q] = useDebouncedValue(typed, 200)
  const { data } = useRead('/api/stations', {}, { scope: 'managed', limit: '20', ...(q && { q }) })
  const { data: one } = useQuery({
    queryKey: ['/api/stations', 'chosen', chosen],
    enabled: chosen !== undefined,
    queryFn: () => read('/api/stations/{id}', { id: chosen! }),
  })
  const known = [...(data?.data.items ?? []), ...(one ? [one.data] : [])]
  const names = new Map(known.map(({ id, name, chargerId }) => [id, [name, chargerId].filter(Boolean).join(' · ')]))
  return (
    <Select
      label={own.station}
      searchable
      value={chosen ?? null}
      data={[...names].map(([value, label]) => ({ value, label }))}
      onSearchChange={text => type([...names.values()].includes(text) ? '' : text)}
      onChange={id => id && choose(id)}
      w="20rem"
      maw="100%"
    />
  )
}

function Week({ station, from }: { station: StationAnswer; from: string }) {
  const own = useOwn()
  const language = useLanguage()
  const timeZone = station.timeZone ?? 'UTC'
  const begin = Date.parse(from)
  // A day more at each side: days there begin at other times than here.
  const span = { from: new Date(begin - 2 * dayMs).toISOString(), to: new Date(begin + 8 * dayMs).toISOString() }
  const { data } = useRead('/api/bookings', {}, { stationId: station.id, limit: '100', ...span }, 10_000)
  const works = useWorks([station])
  const clock = new Intl.DateTimeFormat(language, { timeZone, hour: '2-digit', minute: '2-digit' })
  const times = (one: { from: string; to: string }): string =>
    `${clock.format(new Date(one.from))}–${clock.format(new Date(one.to))}`
  const days = Array.from({ length: 7 }, (_, at) => dateOf(begin + at * dayMs))
  const cell = (evse: number, date: string) => [
    ...(data?.data.items ?? [])
      .filter(
        one => one.evse === evse && isOn(timeZone, date, one) && one.state !== 'cancelled' && one.state !== 'rejected',
      )
      .toSorted((a, b) => (a.from < b.from ? -1 : 1))
      .map(one => (
        <div key={one.id}>
          <Link to={`/bookings/${one.id}`}>{times(one)}</Link> <State value={one.state} />
        </div>
      )),
    ...works
      .filter(one => (one.evse === null || one.evse === evse) && isOn(timeZone, date, one))
      .map(one => (
        <div key={one.id}>
          {times(one)} {own.blocked}: {one.title}
        </div>
      )),
  ]
  return (
    <Stack>
      <Group>
        <Book station={station} />
        <Block name={own.block} stations={[station]} />
      </Group>
      <Short
        name={own.byWeek}
        rows={station.evses}
        idOf={({ evse }) => `${evse}`}
        columns={[
          { id: 'evse', name: own.point, cell: pointOf },
          ...days.map(date => ({
            id: date,
            name: dayIn(language).format(Date.parse(date)),
            cell: ({ evse }: { evse: number }) => cell(evse, date),
          })),
        ]}
        empty={own.noPoints}
      />
      <Text size="sm">
        {own.clockThere} {timeZone}
        {data?.data.nextCursor && ` · ${own.cut}`}
      </Text>
      <Works stations={[station]} />
    </Stack>
  )
}

function Book({ station }: { station: StationAnswer }) {
  const own = useOwn()
  const idToken: Schema = { type: 'string', title: own.card, description: own.cardText, maxLength: 255 }
  const save = ({ body, headers }: { body: object; headers: Record<string, string> }) =>
    ask('POST', '/api/bookings', { body: { stationId: station.id, ...body }, headers })
  return (
    <Doing name={own.book} schema={spanned(own, { evse: pointAt(own.point, station), idToken }, 'evse')} save={save} />
  )
}

export const Booking = detailScreen({
  path: '/api/bookings/{id}',
  list: way,
  title: ({ place, from }) => `${place} · ${from.slice(0, 10)}`,
  state: ({ state }) => state,
  every: 10_000,
  links: booking => isAhead(booking) && <Acts booking={booking} />,
  tabs: (booking, texts) => [{ id: 'about', name: texts.shell.details, content: () => <About booking={booking} /> }],
})

function Acts({ booking }: { booking: BookingAnswer }) {
  const own = useOwn()
  const { id, version, from, to, evse } = booking
  const put = (body: object) => ask('PUT', `/api/bookings/${id}`, { body, ...seen(version) })
  const later = new Date(Date.parse(to) + 30 * 60_000).toISOString()
  return (
    <>
      <Doing
        name={own.move}
        schema={spanned(own, { evse: { type: 'integer', title: own.point } })}
        initial={{ from, to, evse }}
        save={({ body }) => put(body)}
      />
      <ActButton act={{ name: () => own.extend, run: () => put({ from, to: later }) }} />
      <ActButton
        act={{
          name: () => own.cancel,
          warns: texts => texts.charging.cancelText,
          asks: () => own.reason,
          run: reason => cancel(booking, reason),
        }}
      />
    </>
  )
}

function About({ booking }: { booking: BookingAnswer }) {
  const texts = useTexts()
  const own = useOwn()
  const language = useLanguage()
  const { fees, hold, holdAskedAt, keptBy } = booking
  const asked = holdAskedAt ? ` (${shown('instant', holdAskedAt, language)})` : ''
  const feeIn = ({ kind, amountMinor, currency, waived }: BookingAnswer['fees'][number]): string =>
    `${wordFor(texts, kind)} ${shown('money', amountMinor, language, currency)}${waived ? ` (${own.waived})` : ''}`
  return (
    <Facts
      facts={[
        { id: 'place', value: booking.place, to: `/stations/${booking.stationId}` },
        ...factsOf(booking, plain('evse connector from:instant to:instant')),
        { id: 'hold', value: `${own.holds[hold]}${asked}` },
        { id: 'keptBy', name: own.keptBy, value: keptBy && own.keepers[keptBy] },
        { id: 'holdFrom', name: own.holdFrom, kind: 'instant', value: booking.holdFrom },
        { id: 'expiresAt', name: own.noShowFrom, kind: 'instant', value: booking.expiresAt },
        { id: 'driverId', name: own.driver, kind: 'id', value: booking.driverId },
        { id: 'idToken', value: booking.idToken },
        { id: 'fees', name: own.fees, kind: 'list', value: fees.map(feeIn) },
        { id: 'sessionId', name: own.session, value: booking.sessionId, to: `/sessions/${booking.sessionId}` },
        { id: 'endedAt', kind: 'instant', value: booking.endedAt },
        { id: 'endedBy', name: own.endedBy, kind: 'word', value: booking.endedBy },
        { id: 'reason', value: booking.reason },
      ]}
    />
  )
}
