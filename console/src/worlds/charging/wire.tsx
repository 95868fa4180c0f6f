import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { isNear, overhear } from '../../api/live.ts'
import { Read, read, type AnswerOf } from '../../blocks/data.tsx'
import { Detail, Facts } from '../../blocks/detail.tsx'
import { leavesOf } from '../../blocks/difference.ts'
import { Changes } from '../../blocks/history.tsx'
import { at as pathOf, listOf, type ListDeclaration } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { listScreen, WayButton } from '../../blocks/screens.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { shown } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { Attempts } from './attempts.tsx'

const all = '/api/ocpp/chargers/{id}/messages'
const one = `${all}/{messageId}` as const
type Message = AnswerOf<typeof one>
type Column = ListDeclaration<Message>['columns'][number]

const to = (id: string): string => `/chargers/${encodeURIComponent(id)}`

/** Which leaves say what a message is about, whatever else it has; without any the first ones do. */
const telling = new Set(
  (
    'status connectorStatus errorCode info chargePointVendor chargePointModel vendorName model firmwareVersion idTag ' +
    'idToken eventType triggerReason reason stoppedReason meterStart meterStop requestedMessage type vendorId key value'
  ).split(' '),
)

/** What a message says, short: what was wrong with it, else the values that tell, and what was answered. */
function said({ payload, answer, errorCode, errorDescription }: Message): string {
  if (errorCode) return [errorCode, errorDescription].filter(Boolean).join(': ')
  const leaves = [...leavesOf(payload), ...samplesIn(payload)].filter(({ value }) => typeof value !== 'object')
  const told = leaves.filter(({ path, value }) => telling.has(String(path.at(-1))) && value !== 'NoError')
  const words =
    told.length > 0 ? told.map(each => each.value) : leaves.map(({ path, value }) => `${path.at(-1)} ${value}`)
  const end = leavesOf(answer).find(({ path }) => path.at(-1) === 'status')
  return words.slice(0, 5).join(', ').slice(0, 120) + (end ? ` ⇒ ${end.value}` : '')
}

interface Metered {
  readonly meterValue?: readonly { readonly sampledValue?: readonly Record<string, unknown>[] }[]
}

/** What meters showed first. */
const samplesIn = (payload: unknown) =>
  ((payload as Metered | null)?.meterValue?.[0]?.sampledValue ?? []).map(({ measurand = 'Energy', value, unit }) => ({
    path: ['value'],
    value: [measurand, value, unit].filter(Boolean).join(' '),
  }))

/** Of 1.6 the connector alone, of 2.x also its EVSE. */
function placeOf({ payload }: Message): string {
  const { evseId, evse, connectorId } = (payload ?? {}) as Record<string, { id?: number; connectorId?: number }>
  return [evse?.id ?? evseId, evse?.connectorId ?? connectorId].filter(each => each !== undefined).join('.')
}

const columns: readonly Column[] = [
  { id: 'at', kind: 'moment' },
  { id: 'direction', kind: 'word', value: ({ direction }) => `wire.${direction}` },
  { id: 'action', value: ({ action }) => action || '?' },
  { id: 'summary', value: said },
  { id: 'connector', value: placeOf },
  ...plain('outcome:state tookMs:ms messageId?'),
  { id: 'payload', value: ({ payload }) => JSON.stringify(payload), aside: true },
  { id: 'answer', value: ({ answer }) => answer && JSON.stringify(answer), aside: true },
]

const messagesOf = (id: string) =>
  listOf(all, {
    params: { id },
    columns,
    open: message => `${to(id)}/wire/${message.id}`,
  })

/** The wire says that something came; what it is, is asked, so that filters and pairs are the same live and after. */
function useWire(id: string, follows: boolean) {
  const queries = useQueryClient()
  const [heard, tell] = useState<{ count: number; at?: string }>({ count: 0 })
  const [isLive, stand] = useState(false)
  useEffect(() => {
    if (!follows) return
    let timer: number | undefined
    const now = { count: 0, at: '' }
    const look = (): void => {
      timer = undefined
      tell({ ...now })
      void queries.invalidateQueries({
        queryKey: [pathOf(all, { id }), 'rows'],
        predicate: ({ state }) => isNear(state.data),
      })
    }
    const told = (event?: MessageEvent<string>): void => {
      if (event?.type === 'frame') {
        now.count++
        now.at = (JSON.parse(event.data) as { at: string }).at
      }
      timer ??= window.setTimeout(look, 700)
    }
    const stands = (standing: string) => stand(standing === 'live')
    const close = overhear(pathOf('/api/ocpp/chargers/{id}/stream', { id }), ['frame', 'gap'], { told, stands })
    return () => {
      close()
      // What was heard until then is shown.
      if (timer === undefined) return
      clearTimeout(timer)
      look()
    }
  }, [id, follows, queries])
  return { ...heard, isLive }
}

/** What is said between a charger and the platform: each call with its answer, live, whatever one filters by. */
export function WireOf({ id, embedded = false }: { id: string; embedded?: boolean }) {
  const texts = useTexts()
  const language = useLanguage()
  const [follows, follow] = useState(true)
  const { count, at, isLive } = useWire(id, follows)
  return (
    <>
      <Group mb="sm">
        <Button variant="default" aria-pressed={follows} onClick={() => follow(!follows)}>
          {follows ? texts.wire.pause : texts.wire.follow}
        </Button>
        <Text size="sm" className="standing" data-standing={isLive ? 'live' : undefined}>
          <span aria-hidden="true">● </span>
          {!follows ? texts.wire.paused : isLive ? texts.shell.live : texts.shell.waiting}
          {at && ` · ${fill(texts.wire.heard, { count, at: shown('moment', at, language) })}`}
        </Text>
      </Group>
      <List list={messagesOf(id)} embedded={embedded} />
    </>
  )
}

export function ChargerWire() {
  const { id } = useParams({ strict: false }) as { id: string }
  const texts = useTexts()
  return (
    <Screen
      title={`${texts.charging.wire}: ${id}`}
      within={texts.charging.chargers}
      acts={<WayButton to={to(id)} name={t => t.wire.charger} />}
    >
      <WireOf id={id} />
    </Screen>
  )
}

const everywhere = listOf('/api/ocpp/messages', {
  columns: [columns[0]!, { id: 'chargerId' }, ...columns.slice(1)],
  open: ({ chargerId, id }) => `${to(chargerId)}/wire/${id}`,
  every: 3_000,
})

/** What is said with all chargers, and who was not let on the wire; where a message leads, its charger is near. */
export const Wire = listScreen(t => t.charging.wire, everywhere, undefined, <Attempts />)

/** One message, whole: with its answer, as it was on the wire, and beside the last of its kind. */
export function WireMessage() {
  const { id, message } = useParams({ strict: false }) as { id: string; message: string }
  return (
    <Read path={one} params={{ id, messageId: message }}>
      {data => <Shown id={id} message={data} />}
    </Read>
  )
}

function Shown({ id, message }: { id: string; message: Message }) {
  const texts = useTexts()
  const { action, at, payload, answer, outcome, direction, messageId, errorCode, errorDescription } = message
  const [call, reply] = framesOf(message)
  const copy = async (text: string): Promise<void> => {
    await navigator.clipboard.writeText(text)
    notifications.show({ message: texts.shell.copied })
  }
  const fixture = { chargerId: id, ocppVersion: message.ocppVersion, direction, at, call, answer: reply ?? null }
  const before = async (): Promise<unknown> => {
    const asked = { action, direction, to: at, limit: '1' }
    return (await read(all, { id }, asked)).data.items[0]?.payload ?? {}
  }
  return (
    <Detail
      title={action || '?'}
      list={{ to: `${to(id)}/wire`, name: `${texts.charging.wire}: ${id}` }}
      id={messageId}
      path={pathOf(one, { id, messageId: message.id })}
      state={outcome}
      acts={[
        { name: t => t.wire.copyFrame, run: () => copy(JSON.stringify(call)) },
        { name: t => t.wire.copyFixture, run: () => copy(JSON.stringify(fixture)) },
      ]}
      tabs={[
        {
          id: 'content',
          name: texts.wire.pair,
          content: () => (
            <Facts
              facts={[
                { id: 'at', kind: 'moment', value: at },
                { id: 'utc', value: at },
                { id: 'direction', kind: 'word', value: `wire.${direction}` },
                { id: 'summary', value: said(message) },
                { id: 'connector', value: placeOf(message) },
                { id: 'tookMs', kind: 'ms', value: message.tookMs },
                { id: 'errorCode', value: errorCode },
                { id: 'errorDescription', value: errorDescription },
                { id: 'payload', kind: 'json', value: payload },
                { id: 'answer', kind: 'json', value: answer },
              ]}
            />
          ),
        },
        {
          id: 'raw',
          name: texts.wire.raw,
          content: () => <Facts facts={[asSent('call', call), asSent('reply', reply)]} />,
        },
        {
          id: 'difference',
          name: texts.wire.difference,
          content: () => <Changes of={message.id} before={before} after={async () => payload} />,
        },
      ]}
    />
  )
}

const asSent = (id: string, frame: unknown) => ({ id, kind: 'id' as const, value: frame && JSON.stringify(frame) })

/** As they were on the wire, but for spaces. */
function framesOf({ messageId, action, payload, outcome, answer, errorCode, errorDescription }: Message) {
  const call = action === '' ? payload : [2, messageId, action, payload]
  if (outcome === 'answered') return [call, [3, messageId, answer]]
  return outcome === 'error' ? [call, [4, messageId, errorCode, errorDescription ?? '', {}]] : [call]
}
