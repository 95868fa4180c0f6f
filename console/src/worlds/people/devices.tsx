import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { fill } from '../../blocks/fill.ts'
import { messageOf } from '../../blocks/trouble.tsx'
import { Value } from '../../blocks/values.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { subscribe } from './pushing.ts'

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
  const queries = useQueryClient()
  const [busy, work] = useState(false)
  const show = async (): Promise<void> => {
    work(true)
    try {
      const refusal = await subscribe(publicKey)
      if (refusal) notifications.show({ message: texts.account[refusal], color: 'red', autoClose: false })
      await queries.invalidateQueries({ queryKey: [path] })
    } catch (error) {
      notifications.show({ message: messageOf(error, texts), color: 'red', autoClose: false })
    } finally {
      work(false)
    }
  }
  return (
    <Group>
      <Button variant="default" loading={busy} onClick={() => void show()}>
        {texts.account.pushHere}
      </Button>
    </Group>
  )
}

function Known({ devices }: { devices: readonly Device[] }) {
  const texts = useTexts()
  return (
    <div className="rows">
      <Table>
        <Table.Thead>
          <Table.Tr>
            {['name', 'service', 'createdAt', 'usedAt'].map(id => (
              <Table.Th key={id} scope="col">
                {nameOf(texts, id)}
              </Table.Th>
            ))}
            <Table.Th scope="col">{texts.readiness.next}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {devices.map(({ id, name, service, createdAt, usedAt }) => (
            <Table.Tr key={id}>
              <Table.Td>{name}</Table.Td>
              <Table.Td>{service}</Table.Td>
              <Table.Td>
                <Value kind="instant" value={createdAt} />
              </Table.Td>
              <Table.Td>
                <Value kind="instant" value={usedAt} />
              </Table.Td>
              <Table.Td>
                <Group gap="xs" wrap="nowrap">
                  <ActButton size="compact-sm" act={{ name: () => texts.account.try, run: () => tried(id, texts) }} />
                  <ActButton
                    size="compact-sm"
                    act={{ name: () => texts.people.remove, run: () => ask('DELETE', `${path}/devices/${id}`) }}
                  />
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
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
