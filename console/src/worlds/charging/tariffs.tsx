import { Group, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, type ReactNode } from 'react'
import tariffSchema from 'schema:post /api/billing/tariffs'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { All } from '../../blocks/all.tsx'
import { useRead } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { same } from '../../blocks/schema.ts'
import { createScreen, detailScreen, editScreen, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { fill, nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'
import { oneOf, pricesIn, seen, stationsAt, useOwn, type Terms } from './business.ts'

type TariffAnswer = components['schemas']['Tariff']
type Use = TariffAnswer['uses'][number]

const way = { to: '/tariffs', name: (texts: Catalogue) => texts.charging.tariffs }

const withdraw = {
  name: (texts: Catalogue) => texts.people.withdraw,
  run: ({ id, version }: Pick<TariffAnswer, 'id' | 'version'>) =>
    ask('DELETE', `/api/billing/tariffs/${id}`, seen(version)),
}

export function Tariffs() {
  const texts = useTexts()
  const own = useOwn()
  const language = useLanguage()
  const create = <WayButton to="/tariffs/new" name={t => t.charging.newTariff} />
  const tariffs = listOf('/api/billing/tariffs', {
    columns: [
      { id: 'name' },
      { id: 'price', value: ({ terms }) => pricesIn(own, language, terms) },
      { id: 'uses', value: ({ uses }) => uses.length, kind: 'number' },
      ...plain('version:number createdAt:instant'),
    ],
    open: ({ id }) => `/tariffs/${id}`,
    acts: [{ ...withdraw, warns: () => own.withdrawText }],
    empty: t => ({ title: t.charging.emptyTitle, text: own.emptyTariffs }),
    begin: create,
  })
  return (
    <Screen title={way.name(texts)} acts={create}>
      <List list={tariffs} />
    </Screen>
  )
}

/** Comes for who looks at one. */
const Shown = lazy(() => import('./tariff-terms.tsx'))
const beside = (value: unknown): ReactNode => (
  <Suspense>
    <Shown terms={((value as { terms?: Terms }).terms ?? {}) as Terms} />
  </Suspense>
)

export const NewTariff = createScreen({
  title: texts => texts.charging.newTariff,
  list: way,
  schema: tariffSchema,
  post: '/api/billing/tariffs',
  initial: {
    terms: {
      currency: 'EUR',
      taxIncluded: true,
      elements: [{ priceComponents: [{ type: 'ENERGY', price: '0.49' }] }],
    },
  },
  opened: ({ id }) => `/tariffs/${String(id)}`,
  beside,
})

export const EditTariff = editScreen({
  title: texts => texts.charging.tariffs,
  list: way,
  path: '/api/billing/tariffs/{id}',
  schema: tariffSchema,
  sent: ({ uses, ...entered }) => ({ ...entered, uses: (uses as Use[] | undefined)?.map(usable) }),
  opened: id => `/tariffs/${id}`,
  beside,
})

export const Tariff = detailScreen({
  path: '/api/billing/tariffs/{id}',
  list: way,
  title: ({ name }) => name,
  state: ({ withdrawnAt }) => (withdrawnAt ? 'withdrawn' : ''),
  links: tariff => <Acts tariff={tariff} />,
  tabs: (tariff, texts) => [
    { id: 'prices', name: texts.fields.price, content: () => beside(tariff) },
    { id: 'uses', name: nameOf(texts, 'uses'), content: () => <Uses tariff={tariff} /> },
    { id: 'versions', name: texts.passports.history, content: () => <Versions id={tariff.id} /> },
  ],
})

function Acts({ tariff }: { tariff: TariffAnswer }) {
  const own = useOwn()
  const navigate = useNavigate()
  const { id, name, terms, withdrawnAt } = tariff
  // The same prices as a tariff of their own, which is in force nowhere yet.
  const copy = async (): Promise<void> => {
    const body = { name: fill(own.copyOf, { name }).slice(0, 120), terms }
    const { data } = await ask<{ id: string }>('POST', '/api/billing/tariffs', { body })
    void navigate({ to: `/tariffs/${data.id}/edit` })
  }
  return (
    <>
      {!withdrawnAt && <WayButton to={`/tariffs/${id}/edit`} name={texts => texts.passports.edit} />}
      <ActButton act={{ name: () => own.copy, run: copy }} />
      {!withdrawnAt && (
        <ActButton act={{ ...withdraw, warns: () => own.withdrawText, run: () => withdraw.run(tariff) }} />
      )}
    </>
  )
}

/** What takes a use takes nothing for what it leaves open. */
const usable = (use: Partial<Use>): Partial<Use> =>
  Object.fromEntries(Object.entries(use).filter(([, value]) => value !== null && value !== undefined))

const put = ({ id, name, terms, version }: TariffAnswer, uses: readonly Partial<Use>[]) =>
  ask('PUT', `/api/billing/tariffs/${id}`, { body: { name, terms, uses: uses.map(usable) }, ...seen(version) })

function Uses({ tariff }: { tariff: TariffAnswer }) {
  const own = useOwn()
  const { uses, withdrawnAt } = tariff
  const without = (use: Use) => put(tariff, uses.filter(each => each !== use)) // prettier-ignore
  return (
    <Stack>
      {!withdrawnAt && (
        <Group>
          <Apply tariff={tariff} />
        </Group>
      )}
      <Short
        name={own.inForce}
        rows={uses}
        columns={[
          { id: 'stationId', cell: ({ stationId }) => (stationId ? <StationName id={stationId} /> : own.everywhere) },
          ...plain('evse connector'),
          { id: 'groupId', name: own.group, cell: ({ groupId }) => (groupId ? <GroupName id={groupId} /> : own.all) },
        ]}
        acts={use =>
          withdrawnAt === null && (
            <ActButton
              act={{ name: texts => texts.people.remove, warns: () => own.removeUseText, run: () => without(use) }}
            />
          )
        }
        empty={own.unused}
      />
    </Stack>
  )
}

function StationName({ id }: { id: string }) {
  const { data } = useRead('/api/stations/{id}', { id })
  return <Link to={`/stations/${id}`}>{data?.data.name ?? id}</Link>
}

function GroupName({ id }: { id: string }) {
  const { data } = useRead('/api/billing/groups/{id}', { id })
  return data?.data.name ?? id
}

/** Brings a tariff into force: at all stations of a site, at one, or wherever nothing nearer is; for some or for all. */
function Apply({ tariff }: { tariff: TariffAnswer }) {
  const own = useOwn()
  const first = { limit: '100' }
  const sites = useRead('/api/stations/sites', {}, first).data?.data.items ?? []
  const stations = useRead('/api/stations', {}, { ...first, scope: 'managed' }).data?.data.items ?? []
  const groups = useRead('/api/billing/groups', {}, first).data?.data.items ?? []
  const save = async ({ body }: { body: object }): Promise<void> => {
    const { siteId, stationId, groupId } = body as Partial<Record<string, string>>
    const places = siteId ? (await stationsAt(siteId)).map(({ id }) => id) : [stationId]
    if (places.length === 0) throw new Error(own.noStations)
    const more = places.map(place => usable({ stationId: place, groupId }))
    const known = tariff.uses.map(usable)
    await put(tariff, [...known, ...more.filter(each => !known.some(one => same(one, each)))])
  }
  const properties = {
    siteId: { ...oneOf(own.site, sites), description: own.applyText },
    stationId: oneOf(own.station, stations),
    groupId: oneOf(own.group, groups),
  }
  return <Doing name={own.apply} schema={{ type: 'object', properties }} save={save} />
}

function Versions({ id }: { id: string }) {
  const own = useOwn()
  const language = useLanguage()
  return (
    <All
      path="/api/billing/tariffs/{id}/versions"
      params={{ id }}
      name={own.versions}
      columns={[
        ...plain('version:number since:instant'),
        { id: 'price', cell: ({ terms }) => pricesIn(own, language, terms) },
      ]}
    />
  )
}
