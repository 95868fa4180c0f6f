import { Group, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { ask } from '../../api/client.ts'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { fill, useTexts } from '../../texts/texts.tsx'
import { subscribe } from './pushing.ts'
import { plain } from '../../blocks/plain.ts'
import { Short } from '../../blocks/short.tsx'

const path = '/api/notifications/push'
type Device = AnswerOf<typeof path>['devices'][number]

/** Browsers that show messages, and this one. */
export function Devices() {
  const { account: words } = useTexts()
  return (
    <Stack gap="xs">
      <Title order={2}>{words.push}</Title>
      <Text>{words.pushText}</Text>
      <Read path={path}>
        {({ publicKey, devices }) => (
          <>
            {devices.length > 0 ? <Known devices={devices} /> : <Text>{words.pushNone}</Text>}
            <Here publicKey={publicKey} />
          </>
        )}
      </Read>
    </Stack>
  )
}

function Here({ publicKey }: { publicKey: string }) {
  const texts = useTexts()
  const show = async (): Promise<void> => {
    const refusal = await subscribe(publicKey)
    if (refusal) notifications.show({ message: texts.account[refusal], color: 'red', autoClose: false })
  }
  return (
    <Group>
      <ActButton act={{ name: t => t.account.pushHere, run: show }} />
    </Group>
  )
}

function Known({ devices }: { devices: readonly Device[] }) {
  const texts = useTexts()
  return (
    <Short
      name={texts.account.push}
      rows={devices}
      idOf={({ id }) => id}
      columns={plain('name service createdAt:instant usedAt:instant')}
      acts={({ id }) => (
        <Group gap="xs" wrap="nowrap">
          <ActButton size="compact-sm" act={{ name: () => texts.account.try, run: () => tried(id, texts) }} />
          <ActButton
            size="compact-sm"
            act={{ name: () => texts.people.remove, run: () => ask('DELETE', `${path}/devices/${id}`) }}
          />
        </Group>
      )}
    />
  )
}

async function tried(id: string, { account: words }: ReturnType<typeof useTexts>): Promise<void> {
  const { data } = await ask<{ taken: boolean; error: string | null; removed: boolean }>(
    'POST',
    `${path}/devices/${id}/test`,
  )
  const { taken, error, removed } = data
  const message = taken ? words.tried : removed ? words.triedGone : fill(words.triedNot, { error: error ?? '' })
  notifications.show({ message, ...(!taken && { color: 'red', autoClose: false }) })
}
