import { Anchor, Button, Group, List, Stack, Table } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { ask } from '../api/client.ts'
import { Link } from '../blocks/link.tsx'
import { isCounted, mayAsk } from '../blocks/list/declaration.ts'
import { usePreference } from '../blocks/preferences.ts'
import { Part, Screen } from '../blocks/screen.tsx'
import type { Catalogue } from '../texts/en.ts'
import { useLanguage, useTexts } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'

const HomeFigures = lazy(() => import('./home-figures.tsx'))

/** How many rows of a list wait for somebody, and where they are worked on. */
interface Queue {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly name: (texts: Catalogue) => string
  readonly to: string
  readonly roles?: readonly string[]
}

const staff = ['operator', 'admin']

const queues: readonly Queue[] = [
  {
    path: '/api/ocpp/chargers',
    query: { status: 'pending' },
    name: texts => texts.home.pendingChargers,
    to: '/chargers?status=pending',
  },
  {
    path: '/api/maintenance/tickets',
    query: { open: 'true' },
    name: texts => texts.home.tickets,
    to: '/tickets?open=true',
  },
  {
    path: '/api/vendors/applications',
    query: { status: 'pending' },
    name: texts => texts.home.applications,
    to: '/vendors/applications?status=pending',
  },
  {
    path: '/api/vendors/products',
    query: { status: 'pending' },
    name: texts => texts.home.listings,
    to: '/products?status=pending',
    roles: ['admin'],
  },
  { path: '/api/events/dead-letters', name: texts => texts.home.deadLetters, to: '/operations/dead-letters' },
  {
    path: '/api/passports',
    query: { status: 'draft' },
    name: texts => texts.home.drafts,
    to: '/passports?status=draft',
  },
  {
    path: '/api/notifications',
    query: { unread: 'true' },
    name: texts => texts.home.unread,
    to: '/notifications?unread=true',
  },
]

interface Start {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly name: (texts: Catalogue) => string
  readonly to: string
  readonly roles?: readonly string[]
}

/** Done where the platform has one; nobody ticks anything off. */
const steps: readonly Start[] = [
  { path: '/api/auth/organisations', name: texts => texts.home.steps.organisation, to: '/organisations/new' },
  { path: '/api/passports', name: texts => texts.home.steps.passport, to: '/passports/new' },
  {
    path: '/api/passports',
    query: { status: 'published' },
    name: texts => texts.home.steps.publish,
    to: '/passports?status=draft',
  },
  { path: '/api/ocpp/chargers', name: texts => texts.home.steps.charger, to: '/chargers', roles: staff },
  {
    path: '/api/stations',
    query: { scope: 'managed' },
    name: texts => texts.home.steps.station,
    to: '/stations/new',
    roles: staff,
  },
  { path: '/api/vendors/products', name: texts => texts.home.steps.product, to: '/products/new', roles: ['vendor'] },
]

interface Counted {
  readonly count: number
  /** There are more than were looked at. */
  readonly more: boolean
}

async function countOf({ path, query }: { path: string; query?: object }): Promise<Counted> {
  if (isCounted({ path })) {
    const { data } = await ask<{ count: number; exact: boolean }>('GET', `${path}/count`, { query })
    return { count: data.count, more: !data.exact }
  }
  const { data } = await ask<{ items: unknown[]; nextCursor: string | null }>('GET', path, {
    query: { ...query, limit: 100 },
  })
  return { count: data.items.length, more: data.nextCursor !== null }
}

const useCounts = (asked: readonly { path: string; query?: object }[]) =>
  useQueries({
    queries: asked.map(each => ({ queryKey: [each.path, 'home', each.query], queryFn: () => countOf(each) })),
  })

/** What waits for this person, and how to begin where there is nothing yet. */
export default function Home() {
  const texts = useTexts()
  const { role } = usePerson()
  const number = new Intl.NumberFormat(useLanguage())
  const own = queues.filter(({ path, roles }) => mayAsk(path, role) && (!roles || roles.includes(role)))
  const counts = useCounts(own)
  const waiting = own.flatMap((queue, index) => {
    const counted = counts[index]?.data
    return counted && counted.count > 0 ? [{ ...queue, ...counted }] : []
  })
  const settled = counts.every(({ isPending }) => !isPending)
  return (
    <Screen title={texts.home.welcome}>
      <Stack gap="xl">
        {settled && waiting.length === 0 && <p>{texts.home.nothing}</p>}
        {waiting.length > 0 && (
          <Table className="facts">
            <Table.Tbody>
              {waiting.map(({ to, name, count, more }) => (
                <Table.Tr key={to}>
                  <Table.Th scope="row">
                    <Anchor component={Link} to={to}>
                      {name(texts)}
                    </Anchor>
                  </Table.Th>
                  <Table.Td>
                    {number.format(count)}
                    {more && '+'}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {staff.includes(role) && (
          <Suspense>
            <HomeFigures />
          </Suspense>
        )}
        <FirstSteps />
      </Stack>
    </Screen>
  )
}

function FirstSteps() {
  const texts = useTexts()
  const { role } = usePerson()
  const [hidden, hide] = usePreference('first steps hidden', false)
  const own = steps.filter(({ path, roles }) => mayAsk(path, role) && (!roles || roles.includes(role)))
  const counts = useCounts(own)
  if (hidden)
    return (
      <Group>
        <Button variant="default" onClick={() => hide(false)}>
          {texts.home.show}
        </Button>
      </Group>
    )
  return (
    <Part title={texts.home.start}>
      <List spacing="xs" listStyleType="none" className="steps">
        {own.map(({ to, name }, index) => {
          const done = (counts[index]?.data?.count ?? 0) > 0
          return (
            <List.Item key={name(texts)}>
              <span aria-hidden="true">{done ? '✓' : '○'}</span>{' '}
              {done ? (
                name(texts)
              ) : (
                <Anchor component={Link} to={to}>
                  {name(texts)}
                </Anchor>
              )}{' '}
              ({done ? texts.home.done : texts.home.open})
            </List.Item>
          )
        })}
      </List>
      <Button variant="default" mt="md" onClick={() => hide(true)}>
        {texts.home.hide}
      </Button>
    </Part>
  )
}
