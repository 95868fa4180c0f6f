import { Code, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { lazy } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { ActButton, Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, listScreen } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'
import { Attempts } from './attempts.tsx'

/** With the forms: nobody waits for them who only looks. */
const Commands = lazy(() => import('./commands.tsx'))
const Device = lazy(() => import('./device.tsx'))
const Side = lazy(() => import('./sides.tsx'))
const Many = lazy(async () => ({ default: (await import('./commands.tsx')).Many }))
const WireOf = lazy(async () => ({ default: (await import('./wire.tsx')).WireOf }))

type ChargerAnswer = components['schemas']['Charger']

const way = { to: '/chargers', name: (texts: Catalogue) => texts.charging.chargers }
const path = (id: string, rest = ''): string => `/api/ocpp/chargers/${encodeURIComponent(id)}${rest}`
const decide = (decision: 'approve' | 'reject') => ({
  name: (texts: Catalogue) => texts.charging[decision],
  run: ({ id }: { id: string }) => ask('POST', path(id, `/${decision}`)),
})

const list = listOf('/api/ocpp/chargers', {
  columns: [
    ...plain('id status:state connected:boolean'),
    { id: 'connectors', kind: 'words', value: ({ connectors }) => connectors.map(({ status }) => status) },
    ...plain('vendor model ocppVersion firmware? lastHeardAt:instant'),
  ],
  open: ({ id }) => `/chargers/${encodeURIComponent(id)}`,
  imports: { path: '/api/ocpp/chargers/import' },
  acts: [
    { ...decide('approve'), may: ({ status }) => status !== 'accepted' },
    { ...decide('reject'), may: ({ status }) => status !== 'rejected', warns: texts => texts.charging.rejectText },
    { name: texts => texts.charging.sendCommand, Asks: Many },
  ],
  empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptyChargers }),
  every: 3_000,
})

/** What one types into a charger; it appears in the list by itself. */
function Connect() {
  const texts = useTexts()
  const address = `${location.origin.replace(/^http/, 'ws')}${base}/ocpp/`
  return (
    <details>
      <summary>{texts.charging.connect}</summary>
      <Stack gap="xs" py="xs">
        <Text>{texts.charging.connectText}</Text>
        <Code block>{address}</Code>
        <Attempts />
      </Stack>
    </details>
  )
}

export const Chargers = listScreen(way.name, list, undefined, <Connect />)

export const Charger = detailScreen({
  path: '/api/ocpp/chargers/{id}',
  list: way,
  title: ({ id, name }) => (name ? `${id} · ${name}` : id),
  state: ({ status }) => status,
  changed: ({ lastHeardAt }) => lastHeardAt ?? undefined,
  every: 5_000,
  acts: ({ id, status }) =>
    status === 'accepted'
      ? [{ ...decide('reject'), warns: texts => texts.charging.rejectText, run: () => decide('reject').run({ id }) }]
      : [{ ...decide('approve'), run: () => decide('approve').run({ id }) }],
  links: charger => <Retire charger={charger} />,
  tabs: (charger, texts) => [
    { id: 'now', name: texts.charging.connectors, content: () => <Now charger={charger} /> },
    { id: 'sessions', name: texts.charging.sessions, content: () => <List list={sessionsOf(charger.id)} embedded /> },
    { id: 'commands', name: texts.charging.commands, content: () => <Commands charger={charger} /> },
    { id: 'wire', name: texts.charging.wire, content: () => <WireOf id={charger.id} embedded /> },
    { id: 'config', name: texts.charging.variables, content: () => <Device charger={charger} /> },
    ...(['firmware', 'certificates', 'localList', 'profiles', 'tickets'] as const).map(side => ({
      id: side,
      name: texts.charging.sides[side],
      content: () => <Side side={side} charger={charger} />,
    })),
    { id: 'about', name: texts.shell.details, content: () => <Facts facts={factsOf(charger)} /> },
  ],
})

/** Taken down for good: its sessions and invoices stay. */
function Retire({ charger: { id, version } }: { charger: ChargerAnswer }) {
  const navigate = useNavigate()
  const retire = async (): Promise<void> => {
    await ask('DELETE', path(id), { headers: { 'if-match': `"${version}"` } })
    await navigate({ to: way.to })
  }
  return <ActButton act={{ name: t => t.charging.retire, warns: t => t.charging.retireText, run: retire }} />
}

const factsOf = (charger: ChargerAnswer) => [
  { id: 'connected', kind: 'boolean' as const, value: charger.connected },
  ...(['vendor', 'model', 'serialNumber', 'firmware', 'ocppVersion', 'address', 'password'] as const).map(id => ({
    id,
    value: charger[id],
  })),
  ...(['connectedAt', 'disconnectedAt', 'bootedAt', 'lastHeardAt', 'createdAt'] as const).map(id => ({
    id,
    kind: 'instant' as const,
    value: charger[id],
  })),
]

function Now({ charger }: { charger: ChargerAnswer }) {
  const texts = useTexts()
  return (
    <Short
      name={texts.charging.connectors}
      rows={charger.connectors}
      columns={plain('evse connector status:state errorCode info at:instant')}
      empty={texts.charging.empty}
    />
  )
}

const sessionsOf = (charger: string) =>
  listOf('/api/sessions', {
    query: { charger },
    columns: plain('startedAt:instant status:state energyWh:Wh connector endedAt:instant'),
    open: ({ id }) => `/sessions/${id}`,
    empty: texts => ({ title: texts.charging.emptyTitle, text: texts.charging.emptySessions }),
  })
