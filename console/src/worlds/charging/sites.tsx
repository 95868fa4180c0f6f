import { Anchor, Group, List, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import siteSchema from 'schema:post /api/stations/sites'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { Read, useRead } from '../../blocks/data.tsx'
import { Facts } from '../../blocks/detail.tsx'
import { Figured } from '../../blocks/figured.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { createScreen, detailScreen, editScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { Part } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Step } from '../../blocks/step.tsx'
import { Value } from '../../blocks/values.tsx'
import { fill, nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'
import { stationsAt, useOwn, weekdays, type StationAnswer } from './business.ts'
import { Block, Works } from './works.tsx'

type SiteAnswer = components['schemas']['Site']
type TariffAnswer = components['schemas']['Tariff']

const way = { to: '/sites', name: (texts: Catalogue) => texts.charging.sites }

const sites = listOf('/api/stations/sites', {
  columns: [
    { id: 'name' },
    { id: 'city', value: ({ address }) => address?.city },
    ...plain('operatorName updatedAt:instant'),
  ],
  open: ({ id }) => `/sites/${id}`,
  empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptyStations }),
})

export const Sites = listScreen(way.name, sites, { to: '/sites/new', name: texts => texts.charging.newSite })

export const NewSite = createScreen({
  title: texts => texts.charging.newSite,
  list: way,
  schema: siteSchema,
  post: '/api/stations/sites',
  opened: ({ id }) => `/sites/${String(id)}`,
})

export const EditSite = editScreen({
  title: texts => texts.charging.sites,
  list: way,
  path: '/api/stations/sites/{id}',
  schema: siteSchema,
  opened: id => `/sites/${id}`,
})

export const Site = detailScreen({
  path: '/api/stations/sites/{id}',
  list: way,
  title: ({ name }) => name,
  changed: ({ updatedAt }) => updatedAt,
  links: ({ id }) => <WayButton to={`/sites/${id}/edit`} name={texts => texts.passports.edit} />,
  tabs: (site, texts) => [
    { id: 'now', name: texts.charging.stations, content: () => <Stations site={site} /> },
    { id: 'law', name: 'AFIR', content: () => <Law site={site} /> },
    { id: 'works', name: nameOf(texts, 'works'), content: () => <Windows site={site} /> },
    { id: 'about', name: texts.shell.details, content: () => <About site={site} /> },
  ],
})

/** The stations that stand there. */
function useStations({ id }: SiteAnswer) {
  return useQuery({ queryKey: ['/api/stations', 'site', id], queryFn: () => stationsAt(id), refetchInterval: 10_000 })
    .data
}

/** So many have their figures beside them. */
const most = 50

function Stations({ site }: { site: SiteAnswer }) {
  const texts = useTexts()
  const own = useOwn()
  const stations = useStations(site)
  return (
    <Stack>
      <Read path="/api/analytics/summary" query={{ siteId: site.id }}>
        {({ figures }) => (
          <Part title={own.lastDays}>
            <Figured figures={figures} />
          </Part>
        )}
      </Read>
      <Short
        name={texts.charging.stations}
        rows={(stations ?? []).slice(0, most)}
        idOf={({ id }) => id}
        columns={[
          { id: 'name', cell: ({ id, name }) => <Link to={`/stations/${id}`}>{name}</Link> },
          { id: 'online', kind: 'boolean' },
          {
            id: 'connectors',
            cell: ({ evses }) => (
              <Value
                kind="words"
                value={evses.flatMap(({ connectors }) => connectors.map(({ status }) => status ?? 'unknown'))}
              />
            ),
          },
          { id: 'price', cell: station => <Price station={station} /> },
          { id: 'uptime', name: own.uptime, cell: ({ id }) => <Uptime id={id} /> },
          { id: 'tickets', name: own.openTickets, cell: ({ id }) => <Tickets id={id} /> },
          { id: 'signs', name: own.signs, cell: station => <Signs station={station} /> },
        ]}
        empty={stations && own.noStations}
      />
      {stations && stations.length > most && <Text size="sm">{fill(own.firstOf, { count: most })}</Text>}
    </Stack>
  )
}

/** What anybody pays at a connector: of the tariffs in force there the nearest. */
function tariffsAt(tariffs: readonly TariffAnswer[], { id, evses }: StationAnswer): (TariffAnswer | undefined)[] {
  const uses = tariffs.flatMap(tariff => tariff.uses.map(use => ({ ...use, tariff }))).filter(use => !use.groupId)
  const near = (use: (typeof uses)[number]): number =>
    [use.stationId, use.evse, use.connector].filter(each => each !== null).length
  return evses.flatMap(({ evse, connectors }) =>
    connectors.map(
      ({ connector }) =>
        uses
          .filter(
            use =>
              [null, id].includes(use.stationId) &&
              [null, evse].includes(use.evse) &&
              [null, connector].includes(use.connector),
          )
          .toSorted((a, b) => near(b) - near(a))[0]?.tariff,
    ),
  )
}

const useTariffs = () => useRead('/api/billing/tariffs', {}, { limit: '100' }).data?.data.items

function Price({ station }: { station: StationAnswer }) {
  const own = useOwn()
  const tariffs = useTariffs()
  if (!tariffs) return null
  return [...new Set(tariffsAt(tariffs, station))].map(tariff => (
    <div key={tariff?.id}>{tariff ? <Link to={`/tariffs/${tariff.id}`}>{tariff.name}</Link> : own.free}</div>
  ))
}

function Uptime({ id }: { id: string }) {
  const { data } = useRead('/api/stations/{id}/uptime', { id })
  return <Value kind="percent" value={data?.data.afir} />
}

function Tickets({ id }: { id: string }) {
  const { data } = useRead('/api/maintenance/tickets/count', {}, { stationId: id, open: 'true' })
  return <Link to={`/tickets?stationId=${id}&open=true`}>{data?.data.count ?? '…'}</Link>
}

function Signs({ station: { id, public: isPublic, evses } }: { station: StationAnswer }) {
  const language = useLanguage()
  const plugs = evses.flatMap(({ evse, connectors }) => connectors.map(({ connector }) => `${evse}.${connector}`))
  if (!isPublic || plugs.length === 0) return '–'
  const query = new URLSearchParams({ plugs: plugs.slice(0, 50).join(','), language })
  return (
    <Anchor href={`${base}/api/billing/ad-hoc/${id}/signs.pdf?${query}`} target="_blank">
      PDF
    </Anchor>
  )
}

type Law = 'price' | 'card' | 'described' | 'heard'

/** What of Regulation (EU) 2023/1804 a station lacks, as far as we can tell, and where one sees to it. */
function lackingAt(
  station: StationAnswer,
  tariffs: readonly TariffAnswer[],
  readers: number,
): Partial<Record<Law, string>> {
  const { id, chargerId, evses, online, public: isPublic, coordinates, address, operatorName, faultContact } = station
  const connectors = evses.flatMap(each => each.connectors)
  const isFast = connectors.some(({ maxPowerW }) => (maxPowerW ?? 0) >= 50_000)
  const kinds = tariffsAt(tariffs, station).map(tariff =>
    tariff?.terms.elements.flatMap(({ priceComponents }) => priceComponents.map(({ type }) => type)),
  )
  const isDescribed =
    [coordinates, address, operatorName, faultContact, station.openingTimes].every(each => each !== null) &&
    evses.every(({ evseId }) => evseId) &&
    connectors.every(({ standard, maxPowerW }) => standard && maxPowerW)
  return {
    ...(!kinds.every(each => each && (!isFast || each.includes('ENERGY'))) && { price: '/tariffs' }),
    // Below 50 kW a code that opens a page is enough, which every public station has.
    ...(!(isPublic && (!isFast || readers > 0)) && { card: `/stations/${id}/edit` }),
    ...(!(isPublic && isDescribed) && { described: `/stations/${id}/edit` }),
    ...(!(online && evses.every(({ status }) => status !== null)) && {
      heard: chargerId ? `/chargers/${encodeURIComponent(chargerId)}` : `/stations/${id}`,
    }),
  }
}

/** What Articles 5 and 20 ask of stations, and at which there is something left to do. */
function Law({ site }: { site: SiteAnswer }) {
  const own = useOwn()
  const stations = useStations(site)?.slice(0, most) ?? []
  const tariffs = useTariffs() ?? []
  const terminals = useRead('/api/billing/terminals', {}, { limit: '100' }).data?.data.items ?? []
  const readers = terminals.filter(({ heardAt }) => heardAt !== null).length
  const lacking = stations.map(one => ({ ...one, lacks: lackingAt(one, tariffs, readers) }))
  if (stations.length === 0) return <Text>{own.noStations}</Text>
  return (
    <Stack>
      <Text maw="44rem">{own.lawText}</Text>
      <List listStyleType="none" spacing="sm">
        {(['price', 'card', 'described', 'heard'] as const).map(law => (
          <Step key={law} name={own.rules[law]} done={lacking.every(({ lacks }) => !lacks[law])}>
            <List size="sm" withPadding>
              {lacking.flatMap(({ id, name, lacks: { [law]: to } }) =>
                to ? (
                  <List.Item key={id}>
                    <Link to={to}>{fill(own.mends[law], { name })}</Link>
                  </List.Item>
                ) : (
                  []
                ),
              )}
            </List>
          </Step>
        ))}
      </List>
    </Stack>
  )
}

function Windows({ site }: { site: SiteAnswer }) {
  const own = useOwn()
  const stations = useStations(site) ?? []
  return (
    <Stack>
      <Group>{stations.length > 0 && <Block name={own.block} stations={stations} />}</Group>
      <Works stations={stations} />
    </Stack>
  )
}

function About({ site }: { site: SiteAnswer }) {
  const own = useOwn()
  const days = weekdays(useLanguage())
  const { address, coordinates, timeZone, openingTimes, operatorName, faultContact } = site
  const hours = openingTimes?.twentyFourSeven
    ? own.always
    : openingTimes?.regular?.map(({ weekday, from, to }) => `${days[weekday - 1]} ${from}–${to}`)
  return (
    <Facts
      facts={[
        { id: 'address', kind: 'list', value: [address?.street, address?.postalCode, address?.city].filter(Boolean) },
        { id: 'coordinates', value: coordinates && `${coordinates.latitude}, ${coordinates.longitude}` },
        { id: 'zone', value: timeZone },
        { id: 'hours', name: own.hours, kind: 'list', value: hours },
        { id: 'operatorName', value: operatorName },
        { id: 'faultContact', name: own.contact, value: faultContact?.phone ?? faultContact?.email },
      ]}
    />
  )
}
