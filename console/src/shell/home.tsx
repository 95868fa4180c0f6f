import { Anchor, Button, Group, List, Stack, Table } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { ask } from '../api/client.ts'
import { Link } from '../blocks/link.tsx'
import { isCounted, mayAsk } from '../blocks/list/declaration.ts'
import { usePreference } from '../blocks/preferences.ts'
import { Part, Screen } from '../blocks/screen.tsx'
import { Step } from '../blocks/step.tsx'
import { useLanguage, useTexts, type Catalogue } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'

const HomeFigures = lazy(() => import('./home-figures.tsx'))

/** Rows of a list, and where they are worked on. */
interface Rows {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly name: (texts: Catalogue) => string
  readonly to: string
  readonly roles?: readonly string[]
}

const staff = ['operator', 'admin']

/** Those that wait for somebody: as many as the list has that one comes to. */
const waits = (path: string, to: string, name: Rows['name'], roles?: readonly string[]): Rows => ({
  path,
  to,
  name,
  query: Object.fromEntries(new URLSearchParams(to.split('?')[1])),
  ...(roles && { roles }),
})

const queues: readonly Rows[] = [
  waits('/api/ocpp/chargers', '/chargers?status=pending', texts => texts.home.pendingChargers),
  waits('/api/maintenance/tickets', '/tickets?open=true', texts => texts.home.tickets),
  waits('/api/vendors/applications', '/vendors/applications?status=pending', texts => texts.home.applications),
  waits('/api/vendors/products', '/products?status=pending', texts => texts.home.listings, ['admin']),
  waits('/api/events/dead-letters', '/operations/dead-letters', texts => texts.home.deadLetters),
  waits('/api/passports', '/passports?status=draft', texts => texts.home.drafts),
  waits('/api/notifications', '/notifications?unread=true', texts => texts.home.unread),
]

/** Done where the platform has one; nobody ticks anything off. */
const steps: readonly Rows[] = [
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
          return <Step key={to} name={name(texts)} to={done ? undefined : to} done={done} />
        })}
      </List>
      <Button variant="default" mt="md" onClick={() => hide(true)}>
        {texts.home.hide}
      </Button>
    </Part>
  )
}
