import { Text, Title } from '@mantine/core'
import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'

const failures = listOf('/api/notifications/webhook-failures', {
  columns: [
    { id: 'origin' },
    { id: 'disabledBecause', kind: 'word' },
    { id: 'failingSince', kind: 'instant' },
    { id: 'failures', kind: 'number' },
    { id: 'dead', kind: 'number' },
    { id: 'lastError' },
    { id: 'owner', value: ({ owner }) => owner.id, kind: 'id' },
    { id: 'description', aside: true },
    { id: 'createdAt', kind: 'instant', aside: true },
  ],
  acts: [
    {
      name: texts => texts.account.replayCalls,
      may: ({ disabledBecause }) => disabledBecause !== 'owner',
      run: ({ id }) => ask('POST', `/api/notifications/webhook-failures/${id}/replay`, { body: {} }),
    },
  ],
  empty: texts => ({ title: texts.operations.emptyTitle, text: texts.account.emptyFailures }),
})

const calls = listOf('/api/notifications/webhook-calls', {
  columns: [
    { id: 'origin' },
    { id: 'event', kind: 'word' },
    { id: 'answer', kind: 'number' },
    { id: 'error' },
    { id: 'tries', kind: 'number' },
    { id: 'createdAt', kind: 'instant' },
    { id: 'webhookId', kind: 'id', aside: true },
  ],
  acts: [
    {
      name: texts => texts.operations.sendAgain,
      run: ({ id }) => ask('POST', `/api/notifications/webhook-calls/${id}/replay`),
    },
  ],
  empty: texts => ({ title: texts.operations.emptyTitle, text: texts.account.emptyDeadCalls }),
})

/** Where nothing arrives, of all owners; and what was given up there. */
export default function Webhooks() {
  const texts = useTexts()
  return (
    <Screen title={texts.account.failures}>
      <Text>{texts.account.failuresText}</Text>
      <List list={failures} embedded />
      <Title order={2}>{texts.account.deadCalls}</Title>
      <List list={calls} embedded />
    </Screen>
  )
}
