import { List, Stack, Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { ask } from '../../api/client.ts'
import { read, useRead } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { fill } from '../../texts/texts.tsx'
import { Link } from '../../blocks/link.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Short } from '../../blocks/short.tsx'
import { Value } from '../../blocks/values.tsx'
import { oneOf, pointAt, seen, spanned, useOwn, type StationAnswer } from './business.ts'

type Window = Partial<Readonly<Record<'stationId' | 'title' | 'from' | 'to', string>>> & {
  readonly evse?: number
  readonly cancels?: boolean
}

/** Bookings that are in the way of what is planned, as far as one asks at once. */
const inTheWay = async ({ evse, from = '', to = '' }: Window, stationId: string) => {
  const query = { stationId, state: 'reserved', to, limit: '100' }
  const { data } = await read('/api/bookings', {}, query)
  return data.items.filter(booking => booking.to > from && (evse === undefined || booking.evse === evse))
}

/** Takes charging points out of service for a time, and says first whom that touches. */
export function Block({ name, stations }: { name: string; stations: readonly StationAnswer[] }) {
  const own = useOwn()
  const [only] = stations.length === 1 ? stations : []
  const touched = (entered: Window) =>
    stations.filter(({ id }) => only !== undefined || entered.stationId === undefined || entered.stationId === id)
  const fields: Record<string, Schema> = {
    ...(only
      ? { evse: { ...pointAt(own.point, only), description: own.wholeText } }
      : { stationId: { ...oneOf(own.station, stations), description: own.allStations } }),
    title: { type: 'string', title: own.work, maxLength: 200 },
    cancels: { type: 'boolean', title: own.cancels },
  }
  const save = async ({ body, headers }: { body: object; headers: Record<string, string> }): Promise<void> => {
    const { cancels, stationId: _, ...work } = body as Window
    for (const { id } of touched(body as Window)) {
      await ask('POST', '/api/maintenance/works', {
        body: { ...work, stationId: id },
        headers: { 'idempotency-key': `${headers['idempotency-key']}-${id}` },
      })
      for (const booking of cancels ? await inTheWay(work, id) : [])
        await ask('POST', `/api/bookings/${booking.id}/cancel`, {
          body: { reason: work.title },
          ...seen(booking.version),
        })
    }
  }
  return (
    <Doing
      name={name}
      schema={spanned(own, fields, 'title')}
      save={save}
      beside={entered => <Touched window={entered as Window} stations={touched(entered as Window)} />}
    />
  )
}

/** Who has booked meanwhile, and who charges there now. */
function Touched({ window, stations }: { window: Window; stations: readonly StationAnswer[] }) {
  const own = useOwn()
  const { from, to } = window
  const isWhole = from !== undefined && to !== undefined && from < to
  const found = useQueries({
    queries: stations.map(({ id }) => ({
      queryKey: ['/api/bookings', 'in the way', id, window],
      enabled: isWhole,
      queryFn: () => inTheWay(window, id),
    })),
  })
  const bookings = found.flatMap(({ data }) => data ?? [])
  const active = useRead('/api/sessions', {}, { status: 'active', limit: '100' }).data?.data.items ?? []
  const here = new Set(stations.map(({ id }) => id))
  const charging = active.filter(({ stationId }) => here.has(stationId ?? ''))
  if (!isWhole) return null
  return (
    <Stack gap="xs" role="status">
      <Text>{fill(own.touches, { bookings: bookings.length, sessions: charging.length })}</Text>
      <List size="sm">
        {[
          ...bookings.map(({ id, place, evse, from: at }) => ({
            to: `/bookings/${id}`,
            name: `${place} · ${evse}`,
            at,
          })),
          ...charging.map(({ id, chargerId, startedAt: at }) => ({ to: `/sessions/${id}`, name: chargerId, at })),
        ].map(({ to: way, name, at }) => (
          <List.Item key={way}>
            <Link to={way}>{name}</Link> <Value kind="instant" value={at} />
          </List.Item>
        ))}
      </List>
    </Stack>
  )
}

/** What is planned at some stations and not over yet. */
export function useWorks(stations: readonly StationAnswer[]) {
  const found = useQueries({
    queries: stations.slice(0, 50).map(({ id: stationId }) => ({
      queryKey: ['/api/maintenance/works', 'rows', stationId],
      queryFn: () => read('/api/maintenance/works', {}, { stationId, limit: '100' }),
    })),
  })
  return found
    .flatMap(({ data }) => data?.data.items ?? [])
    .filter(({ state }) => state === 'planned' || state === 'active')
}

export function Works({ stations }: { stations: readonly StationAnswer[] }) {
  const own = useOwn()
  return (
    <Short
      name={own.works}
      rows={useWorks(stations)}
      idOf={({ id }) => id}
      columns={[
        ...plain('title place'),
        { id: 'evse', cell: ({ evse }) => evse ?? own.wholeStation },
        ...plain('from:instant to:instant state:state'),
        { id: 'answer', name: own.chargerSaid },
      ]}
      acts={({ id, version }) => (
        <ActButton
          act={{
            name: () => own.endWork,
            warns: () => own.endWorkText,
            run: () => ask('POST', `/api/maintenance/works/${id}/cancel`, seen(version)),
          }}
        />
      )}
      empty={own.noWorks}
    />
  )
}
