import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'
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

const payments = listOf('/api/billing/webhooks/dead', {
  columns: plain('type provider attempts:number error receivedAt:instant'),
  acts: [
    { name: texts => texts.operations.replay, run: ({ id }) => ask('POST', `/api/billing/webhooks/dead/${id}/replay`) },
  ],
  empty: texts => ({ title: texts.operations.emptyTitle, text: texts.operations.emptyPayments }),
})

export const Payments = listScreen(texts => texts.operations.payments, payments)

const subscriptions = listOf('/api/events/subscriptions', {
  columns: plain('topic service purpose movedAt:instant orphanedAt:instant?'),
  idOf: ({ subscription }) => subscription,
  empty: texts => ({ title: texts.operations.subscriptions, text: texts.operations.emptySubscriptions }),
})

export const Subscriptions = listScreen(texts => texts.operations.subscriptions, subscriptions)
