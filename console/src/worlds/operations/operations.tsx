import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { listScreen } from '../../blocks/screens.tsx'
import { useTexts, wordFor } from '../../texts/texts.tsx'
import { Groups } from './admin.tsx'

const deadLetters = listOf('/api/events/dead-letters', {
  columns: [
    ...plain('topic service state:state'),
    // Where it was thrown is for who reads the log.
    { id: 'error', value: ({ error }) => error?.split('\n')[0] },
    ...plain('attempts:number failedAt:instant publishedAt:instant? key:id? traceId:id?'),
  ],
  acts: [
    { name: texts => texts.operations.replay, run: ({ id }) => ask('POST', `/api/events/dead-letters/${id}/replay`) },
    {
      name: texts => texts.operations.giveUp,
      warns: texts => texts.operations.giveUpText,
      run: ({ id }) => ask('DELETE', `/api/events/dead-letters/${id}`),
    },
  ],
  empty: texts => ({ title: texts.operations.emptyTitle, text: texts.operations.emptyDeadLetters }),
})

export const DeadLetters = listScreen(texts => texts.operations.deadLetters, deadLetters, undefined, <Groups />)

const bounces = listOf('/api/notifications/closed-addresses', {
  columns: [{ id: 'address' }, { id: 'because', kind: 'word' }, { id: 'detail' }, { id: 'closedAt', kind: 'instant' }],
  idOf: ({ address }) => address,
  acts: [
    {
      name: texts => texts.operations.reopen,
      warns: texts => texts.operations.reopenText,
      run: ({ address }) => ask('POST', '/api/notifications/closed-addresses/reopen', { body: { address } }),
    },
  ],
  empty: texts => ({ title: texts.operations.bounces, text: texts.operations.emptyBounces }),
})

export const Bounces = listScreen(texts => texts.operations.bounces, bounces)

/** Services that take payments; what is told of all of them looks alike. */
const payers = ['billing', 'orders', 'users'] as const
const deadOf = (service: (typeof payers)[number]) =>
  listOf(`/api/${service}/webhooks/dead` as '/api/billing/webhooks/dead', {
    columns: plain('type provider attempts:number error receivedAt:instant'),
    acts: [
      {
        name: texts => texts.operations.replay,
        run: ({ id }) => ask('POST', `/api/${service}/webhooks/dead/${id}/replay`),
      },
    ],
    empty: texts => ({ title: texts.operations.emptyTitle, text: texts.operations.emptyPayments }),
  })

const paymentLists = payers.map(service => [service, deadOf(service)] as const)

/** What payment providers told and could not be worked, by the service that was told. */
export function Payments() {
  const texts = useTexts()
  return (
    <Screen title={texts.operations.payments}>
      {paymentLists.map(([service, list]) => (
        <Part key={service} title={wordFor(texts, service)}>
          <List list={list} embedded />
        </Part>
      ))}
    </Screen>
  )
}

const subscriptions = listOf('/api/events/subscriptions', {
  columns: plain('topic service purpose movedAt:instant orphanedAt:instant?'),
  idOf: ({ subscription }) => subscription,
  empty: texts => ({ title: texts.operations.subscriptions, text: texts.operations.emptySubscriptions }),
})

export const Subscriptions = listScreen(texts => texts.operations.subscriptions, subscriptions)
