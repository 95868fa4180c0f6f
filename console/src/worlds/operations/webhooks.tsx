import { Text, Title } from '@mantine/core'
import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { useTexts } from '../../texts/texts.tsx'

const failures = listOf('/api/notifications/webhook-failures', {
  columns: [
    ...plain('origin disabledBecause:word failingSince:instant failures:number dead:number lastError'),
    { id: 'owner', value: ({ owner }) => owner.id, kind: 'id' },
    ...plain('description? createdAt:instant?'),
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
  columns: plain('origin event:word answer:number error tries:number createdAt:instant webhookId:id?'),
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
