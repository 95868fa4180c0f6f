import schema from 'schema:post /api/stations'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { createScreen, detailScreen, editScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { Value } from '../../blocks/values.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'

type StationAnswer = components['schemas']['Station']

const way = { to: '/stations', name: (texts: Catalogue) => texts.charging.stations }

const list = listOf('/api/stations', {
  query: { scope: 'managed' },
  columns: [
    { id: 'name' },
    { id: 'city', value: ({ address }) => address?.city },
    { id: 'online', kind: 'boolean' },
    { id: 'connectors', kind: 'words', value: statesOf },
    ...plain('public:boolean chargerId operatorName? updatedAt:instant'),
  ],
  open: ({ id }) => `/stations/${id}`,
  imports: { path: '/api/stations/import' },
  empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptyStations }),
})

function statesOf({ evses }: StationAnswer) {
  return evses.flatMap(({ connectors }) => connectors.map(({ status }) => status ?? 'unknown'))
}

export const Stations = listScreen(way.name, list, { to: '/stations/new', name: texts => texts.charging.newStation })

export const NewStation = createScreen({
  title: texts => texts.charging.newStation,
  list: way,
  schema,
  post: '/api/stations',
  initial: { evses: [{ evse: 1, connectors: [{ connector: 1 }] }] },
  opened: ({ id }) => `/stations/${String(id)}`,
})

export const Station = detailScreen({
  path: '/api/stations/{id}',
  list: way,
  title: ({ name }) => name,
  state: ({ online }) => (online ? 'online' : 'offline'),
  changed: ({ updatedAt }) => updatedAt,
  every: 10_000,
  links: ({ id, public: isPublic }, texts) => (
    <>
      {isPublic && <a href={`${base}/stations/${id}`}>{texts.passports.publicPage}</a>}
      <WayButton to={`/stations/${id}/edit`} name={t => t.passports.edit} />
    </>
  ),
  tabs: (station, texts) => [
    { id: 'now', name: texts.charging.connectors, content: () => <Connectors station={station} /> },
    { id: 'about', name: texts.shell.details, content: () => <Facts facts={factsOf(station)} /> },
  ],
})

const factsOf = ({ address, coordinates, chargerId, siteId, operatorName, timeZone, tariff }: StationAnswer) => [
  {
    id: 'address',
    value: [address?.street, address?.postalCode, address?.city, address?.country].filter(Boolean).join(', '),
  },
  { id: 'coordinates', value: coordinates && `${coordinates.latitude}, ${coordinates.longitude}` },
  { id: 'charger', value: chargerId, to: `/chargers/${encodeURIComponent(chargerId ?? '')}` },
  { id: 'siteId', value: siteId },
  { id: 'operatorName', value: operatorName },
  { id: 'zone', value: timeZone },
  { id: 'tariff', value: tariff },
]

function Connectors({ station }: { station: StationAnswer }) {
  const texts = useTexts()
  return (
    <Short
      name={texts.charging.connectors}
      rows={station.evses.flatMap(({ connectors, ...evse }) => connectors.map(one => ({ ...evse, ...one })))}
      idOf={({ connectorId }) => connectorId}
      columns={[
        { id: 'evse', cell: ({ evse, evseId }) => evseId ?? evse },
        ...plain('connector standard:word maxPowerW:W'),
        {
          id: 'status',
          cell: ({ status, errorCode }) => (
            <>
              <Value kind="state" value={status} /> {errorCode !== 'NoError' && errorCode}
            </>
          ),
        },
        { id: 'statusAt', kind: 'instant' },
      ]}
    />
  )
}

export const EditStation = editScreen({
  title: texts => texts.charging.stations,
  list: way,
  path: '/api/stations/{id}',
  schema,
  opened: id => `/stations/${id}`,
})
