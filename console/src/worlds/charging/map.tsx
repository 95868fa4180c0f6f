import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import outlines from 'map:outlines'
import type { components } from '../../api/api.gen'
import { Link } from '../../blocks/link.tsx'
import { gathered } from '../../blocks/list/rows.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { clustered, project, viewOf, type View } from '../../blocks/projection.ts'
import { Screen } from '../../blocks/screen.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { State } from '../../blocks/values.tsx'
import { fill, useTexts, wordFor } from '../../texts/texts.tsx'

type Station = components['schemas']['Station']

const aspect = 1.6
const list = listOf('/api/stations', {
  query: { scope: 'managed' },
  columns: [],
  empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptyStations }),
})

/** The first that is true of any connector is the state of a place: faulted before charging before free. */
const states = ['faulted', 'offline', 'charging', 'available'] as const
type Worst = (typeof states)[number]

function worstOf({ online, evses }: Station): Worst {
  const all = evses.flatMap(({ connectors }) => connectors.map(({ status }) => status))
  if (all.includes('faulted')) return 'faulted'
  if (!online) return 'offline'
  return all.some(status => status === 'charging' || status === 'occupied') ? 'charging' : 'available'
}

interface Place {
  readonly station: Station
  readonly at: readonly [number, number]
  readonly worst: Worst
}

const worstIn = (places: readonly Place[]): Worst =>
  states.find(state => places.some(({ worst }) => worst === state)) ?? 'available'

/** Stations where they stand, and the same as a list in step with what is seen; what is seen stands in the address. */
export default function StationMap() {
  const texts = useTexts()
  const navigate = useNavigate()
  const { view: seen } = useSearch({ strict: false }) as { view?: string }
  const { data, error, refetch } = useQuery({
    // By the clock alone: all of many stations are too many to be asked for at each hint.
    queryKey: ['map'],
    refetchInterval: 15_000,
    queryFn: async () => {
      const places: Place[] = []
      for (const station of (await gathered(list, {})).rows)
        if (station.coordinates) places.push({ station, at: project(station.coordinates), worst: worstOf(station) })
      return places
    },
  })
  if (error) return <Trouble error={error} retry={() => void refetch()} />
  const places = data ?? []
  const [x, y, width] = (seen ?? '').split(',').map(Number)
  const view: View = seen && width ? { x: x!, y: y!, width } : viewOf(places.map(({ at }) => at))
  const look = (next: Partial<View>): void => {
    const { x: left, y: top, width: wide } = { ...view, ...next }
    const text = [left, top, wide].map(value => value.toFixed(1)).join(',')
    void navigate({ to: '.', search: { view: text } as never, replace: true })
  }
  const shown = places.filter(
    ({ at }) => Math.abs(at[0] - view.x) < view.width / 2 && Math.abs(at[1] - view.y) < view.width / aspect / 2,
  )
  return (
    <Screen title={texts.charging.map}>
      {!data ? (
        <Skeleton height={400} aria-hidden />
      ) : (
        <Stack>
          <Steering view={view} look={look} all={() => void navigate({ to: '.', search: {} as never })} />
          <Canvas view={view} places={shown} look={look} />
          <Text size="sm" c="dimmed">
            {texts.charging.mapSource}
          </Text>
          <Text role="status">{fill(texts.charging.mapCount, { shown: shown.length, count: places.length })}</Text>
          <ul className="places">
            {shown.slice(0, 200).map(({ station, worst }) => (
              <li key={station.id}>
                <Link to={`/stations/${station.id}`}>{station.name}</Link> <State value={worst} />{' '}
                {station.address?.city}
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </Screen>
  )
}

function Canvas({ view, places, look }: { view: View; places: readonly Place[]; look: (next: Partial<View>) => void }) {
  const texts = useTexts()
  const navigate = useNavigate()
  const height = view.width / aspect
  const size = view.width / 40
  return (
    <svg
      className="map"
      viewBox={`${view.x - view.width / 2} ${view.y - height / 2} ${view.width} ${height}`}
      role="img"
      aria-label={texts.charging.mapLabel}
    >
      <path d={outlines} className="outlines" />
      {clustered(places, view.width / 24).map(({ x, y, things }) => (
        <g
          key={`${x} ${y}`}
          data-worst={worstIn(things)}
          // The list below leads to the same by keyboard.
          onClick={() =>
            things.length > 1
              ? look({ x, y, width: view.width / 3 })
              : void navigate({ to: `/stations/${things[0]!.station.id}` })
          }
        >
          <title>
            {things.length > 1
              ? fill(texts.charging.mapCluster, { count: things.length })
              : `${things[0]!.station.name}, ${wordFor(texts, things[0]!.worst)}`}
          </title>
          <circle cx={x} cy={y} r={things.length > 1 ? size * 0.75 : size * 0.5} />
          <text x={x} y={y} fontSize={size * 0.8} dominantBaseline="central" textAnchor="middle">
            {things.length > 1
              ? things.length
              : { faulted: '!', offline: '×', charging: '…', available: '' }[things[0]!.worst]}
          </text>
        </g>
      ))}
    </svg>
  )
}

function Steering(props: { view: View; look: (next: Partial<View>) => void; all: () => void }) {
  const { view, look, all } = props
  const texts = useTexts()
  const { x, y, width } = view
  const step = width / 4
  const ways = [
    ['+', texts.charging.closer, { width: width / 2 }],
    ['−', texts.charging.further, { width: Math.min(36_000, width * 2) }],
    ['←', texts.charging.west, { x: x - step }],
    ['→', texts.charging.east, { x: x + step }],
    ['↑', texts.charging.north, { y: y - step }],
    ['↓', texts.charging.south, { y: y + step }],
  ] as const
  return (
    <Group gap="xs">
      {ways.map(([sign, name, next]) => (
        <Button key={name} variant="default" aria-label={name} title={name} onClick={() => look(next)}>
          {sign}
        </Button>
      ))}
      <Button variant="default" onClick={all}>
        {texts.charging.mapAll}
      </Button>
    </Group>
  )
}
