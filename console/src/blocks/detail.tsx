import {
  ActionIcon,
  Breadcrumbs,
  Button,
  Code,
  Group,
  Menu,
  Modal,
  Stack,
  Table,
  Tabs,
  Text,
  Textarea,
  Title,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDots } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Suspense, useState, type ReactNode } from 'react'
import { base } from '../api/base.ts'
import { lastProblem } from '../api/problem.ts'
import { usePerson } from '../shell/person.tsx'
import { nameOf, useTexts, wordFor, type Catalogue } from '../texts/texts.tsx'
import { Link, useFollow } from './link.tsx'
import type { plain } from './plain.ts'
import { Screen } from './screen.tsx'
import { messageOf } from './trouble.tsx'
import { State, Value, type Kind } from './values.tsx'

export interface Act {
  readonly name: (texts: Catalogue) => string
  readonly run: (reason: string) => Promise<unknown>
  /** What it means, where one should know before: it is asked. */
  readonly warns?: (texts: Catalogue) => string
  /** Asks for a text that goes along, by this name. */
  readonly asks?: (texts: Catalogue) => string
}

export interface Tab {
  readonly id: string
  readonly name: string
  readonly content: () => ReactNode
}

interface Owner {
  readonly kind: string
  readonly id: string
}

/** An organisation by its page, where one may open it; a person by their name where it is oneself. */
function Owned({ by: { kind, id } }: { by: Owner }) {
  const texts = useTexts()
  const person = usePerson()
  if (id === person.id) return person.name
  const to = kind === 'organisation' ? `/organisations/${id}` : person.role === 'admin' ? `/people/${id}` : undefined
  return (
    <>
      {wordFor(texts, kind)} {led(to, <Code>{id}</Code>)}
    </>
  )
}

/** The page of one thing: what it is, its state, what one can do with it, and its sides as tabs. */
export function Detail(props: {
  title: string
  list: { to: string; name: string }
  id: string
  /** Of the API. */
  path: string
  state?: string
  /** Whose it is. */
  owner?: Owner | null
  changed?: string
  acts?: readonly Act[]
  links?: ReactNode
  tabs: readonly Tab[]
}) {
  const { title, list, id, path, state, owner, changed, acts = [], links, tabs } = props
  const texts = useTexts()
  const navigate = useNavigate()
  const { tab } = useSearch({ strict: false }) as { tab?: string }
  const shown = tabs.find(each => each.id === tab) ?? tabs[0]!
  return (
    <Screen title={title} within={list.name} header={false}>
      <Stack gap="md">
        <Breadcrumbs>
          <Link to={list.to}>{list.name}</Link>
          <Text span>{title}</Text>
        </Breadcrumbs>
        <Group justify="space-between" align="flex-start">
          <div>
            <Group gap="sm">
              <Title order={1} tabIndex={-1} id="heading">
                {title}
              </Title>
              {state && <State value={state} />}
            </Group>
            <Text size="sm">
              <Code>{id}</Code>
              {owner && (
                <>
                  {' '}
                  · {nameOf(texts, 'owner')} <Owned by={owner} />
                </>
              )}
              {changed && (
                <>
                  {' '}
                  · {nameOf(texts, 'updatedAt')} <Value kind="instant" value={changed} />
                </>
              )}
            </Text>
          </div>
          <Group gap="xs">
            {links}
            {acts.map(act => (
              <ActButton key={act.name(texts)} act={act} />
            ))}
            <Copies id={id} path={path} hasHistory={tabs.some(each => each.id === 'history')} />
          </Group>
        </Group>
        <Tabs
          value={shown.id}
          onChange={next => void navigate({ to: '.', search: { tab: next ?? '' } as never, replace: true })}
          keepMounted={false}
        >
          <Tabs.List>
            {tabs.map(each => (
              <Tabs.Tab key={each.id} value={each.id}>
                {each.name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {tabs.map(each => (
            <Tabs.Panel key={each.id} value={each.id} pt="md">
              <Suspense>{each.content()}</Suspense>
            </Tabs.Panel>
          ))}
        </Tabs>
      </Stack>
    </Screen>
  )
}

/** Does what it says; asks before what cannot be taken back. */
export function ActButton({ act, size, disabled }: { act: Act; size?: string; disabled?: boolean }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const [asking, ask] = useState(false)
  const [busy, work] = useState(false)
  const [reason, say] = useState('')
  const run = async (): Promise<void> => {
    ask(false)
    work(true)
    try {
      await act.run(reason)
      say('')
    } catch (error) {
      notifications.show({ message: messageOf(error, texts), color: 'red', autoClose: false })
    } finally {
      // Where somebody else was first, what they did is seen.
      await queries.invalidateQueries()
      work(false)
    }
  }
  return (
    <>
      <Button
        variant="default"
        size={size}
        loading={busy}
        disabled={disabled}
        onClick={() => (act.warns ? ask(true) : void run())}
      >
        {act.name(texts)}
      </Button>
      {asking && (
        <Modal opened onClose={() => ask(false)} title={act.name(texts)}>
          <Stack>
            <Text>{act.warns?.(texts)}</Text>
            {act.asks && (
              <Textarea
                label={act.asks(texts)}
                value={reason}
                maxLength={500}
                onChange={event => say(event.currentTarget.value)}
              />
            )}
            <Group>
              <Button disabled={act.asks && reason.trim() === ''} onClick={() => void run()}>
                {act.name(texts)}
              </Button>
              <Button variant="default" onClick={() => ask(false)}>
                {texts.list.cancel}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  )
}

function Copies({ id, path, hasHistory }: { id: string; path: string; hasHistory: boolean }) {
  const texts = useTexts()
  const follow = useFollow()
  const { role } = usePerson()
  const copy = async (text: string): Promise<void> => {
    await navigator.clipboard.writeText(text)
    notifications.show({ message: texts.shell.copied })
  }
  // Where, what and when, and what was answered last that went wrong: what who looks into it asks for first.
  const report = [location.href, id, new Date().toISOString(), lastProblem()].filter(Boolean).join('\n')
  const curl = `curl ${location.origin}${base}${path} -H "authorization: Bearer $TOKEN"`
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={texts.shell.more}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void copy(location.href)}>{texts.shell.copyLink}</Menu.Item>
        <Menu.Item onClick={() => void copy(id)}>{texts.shell.copyId}</Menu.Item>
        <Menu.Item onClick={() => void copy(curl)}>{texts.shell.copyCurl}</Menu.Item>
        {hasHistory && (
          <Menu.Item onClick={() => follow(`${location.pathname.slice(`${base}/console`.length)}?tab=history`)}>
            {texts.passports.history}
          </Menu.Item>
        )}
        {role === 'admin' && (
          <Menu.Item onClick={() => follow(`/operations/events?key=${encodeURIComponent(id)}`)}>
            {texts.operations.chain.key}
          </Menu.Item>
        )}
        <Menu.Item onClick={() => void copy(report)}>{texts.shell.report}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

export interface Fact {
  readonly id: string
  /** Where it is not what the field is called. */
  readonly name?: string
  readonly kind?: Kind
  readonly value: unknown
  readonly to?: string
  readonly currency?: string
}

/** Of a thing's fields these, as what they are; sums of money in its own currency. */
export const factsOf = (thing: object, fields: ReturnType<typeof plain>): Fact[] =>
  fields.map(({ id, kind }) => {
    const { [id]: value, currency } = thing as Record<string, unknown> & { currency?: string }
    return { id, kind, value, currency }
  })

const led = (to: string | undefined, shown: ReactNode) => (to ? <Link to={to}>{shown}</Link> : shown)

/** What is known of a thing, a line each. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  const texts = useTexts()
  return (
    <Table className="facts" withRowBorders>
      <Table.Tbody>
        {facts.map(({ id, name, kind, value, to, currency }) => (
          <Table.Tr key={id}>
            <Table.Th scope="row">{name ?? nameOf(texts, id)}</Table.Th>
            <Table.Td>{led(value ? to : undefined, <Value kind={kind} value={value} currency={currency} />)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
