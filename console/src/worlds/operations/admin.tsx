import { Alert, Button, Group, Modal, Stack, Table, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read, read } from '../../blocks/data.tsx'
import { fill } from '../../blocks/fill.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { listScreen } from '../../blocks/screens.tsx'
import { messageOf } from '../../blocks/trouble.tsx'
import { Value } from '../../blocks/values.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'

type Group = components['schemas']['DeadLetterGroup']

/** Dead letters by what they have in common: a group goes at once, once a second person agrees. */
export function Groups() {
  const texts = useTexts()
  const [replaying, replay] = useState<Group>()
  return (
    <Read path="/api/admin/dead-letters" every={10_000}>
      {({ items }) =>
        items.length > 0 && (
          <div className="rows">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  {['error', 'topic', 'subscription', 'count', 'lastAt'].map(id => (
                    <Table.Th key={id}>{nameOf(texts, id)}</Table.Th>
                  ))}
                  <Table.Th>{texts.readiness.next}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map(group => (
                  <Table.Tr key={`${group.subscription} ${group.error}`}>
                    <Table.Td>{group.error}</Table.Td>
                    <Table.Td>{group.topic}</Table.Td>
                    <Table.Td>{group.subscription}</Table.Td>
                    <Table.Td>
                      <Value kind="number" value={group.count} />
                    </Table.Td>
                    <Table.Td>
                      <Value kind="instant" value={group.lastAt} />
                    </Table.Td>
                    <Table.Td>
                      <Button size="compact-sm" variant="default" onClick={() => replay(group)}>
                        {texts.operations.replayGroup}
                      </Button>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {replaying && <Reason group={replaying} close={() => replay(undefined)} />}
          </div>
        )
      }
    </Read>
  )
}

function Reason({ group, close }: { group: Group; close: () => void }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const [reason, say] = useState('')
  const { subscription, error, count } = group
  const send = async (): Promise<void> => {
    try {
      await ask('POST', '/api/admin/dead-letters/replay', { body: { subscription, error, reason } })
      notifications.show({ message: texts.operations.asked })
      close()
    } catch (refused) {
      notifications.show({ message: messageOf(refused, texts), color: 'red', autoClose: false })
    }
    await queries.invalidateQueries()
  }
  return (
    <Modal opened onClose={close} title={texts.operations.replayGroup}>
      <Stack>
        <Text>{fill(texts.operations.replayGroupText, { count })}</Text>
        <Textarea
          label={nameOf(texts, 'reason')}
          value={reason}
          maxLength={2_000}
          onChange={event => say(event.currentTarget.value)}
        />
        <Group>
          <Button disabled={reason.trim() === ''} onClick={() => void send()}>
            {texts.operations.askSecond}
          </Button>
          <Button variant="default" onClick={close}>
            {texts.list.cancel}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const decide = (decision: 'approve' | 'refuse' | 'withdraw') => ({
  may: ({ state }: { state: string }) => state === 'asked',
  run: ({ id }: { id: string }) =>
    ask('POST', `/api/admin/approvals/${id}/${decision}`, decision === 'withdraw' ? {} : { body: {} }),
})

const approvals = listOf('/api/admin/approvals', {
  columns: [
    { id: 'act', kind: 'word' },
    { id: 'state', kind: 'state' },
    { id: 'object' },
    { id: 'reason' },
    { id: 'askedBy', kind: 'id' },
    { id: 'askedAt', kind: 'instant' },
    { id: 'endsAt', kind: 'instant', aside: true },
    { id: 'decidedBy', kind: 'id', aside: true },
    { id: 'outcome', value: ({ outcome }) => outcome && JSON.stringify(outcome), aside: true },
  ],
  acts: [
    { name: texts => texts.operations.agree, ...decide('approve'), may: ({ mayApprove }) => mayApprove },
    { name: texts => texts.charging.reject, ...decide('refuse'), may: ({ mayApprove }) => mayApprove },
    { name: texts => texts.people.withdraw, ...decide('withdraw') },
  ],
  empty: texts => ({ title: texts.operations.approvals, text: texts.operations.emptyApprovals }),
})

export const Approvals = listScreen(texts => texts.operations.approvals, approvals)

const audit = listOf('/api/admin/audit', {
  columns: [
    { id: 'at', kind: 'instant' },
    { id: 'act' },
    { id: 'object' },
    { id: 'details', value: ({ details }) => JSON.stringify(details) },
    { id: 'actorId', kind: 'id' },
    { id: 'number', kind: 'number', aside: true },
  ],
  empty: texts => ({ title: texts.operations.audit, text: texts.operations.emptyAudit }),
})

/** Whether the book of what admins did is as it was written. */
function Verified() {
  const texts = useTexts()
  const [verdict, hear] = useState<components['schemas']['AuditVerdict']>()
  const verify = async (): Promise<void> => hear((await read('/api/admin/audit/verify')).data)
  return (
    <Stack gap="xs">
      <Group>
        <Button variant="default" onClick={() => void verify()}>
          {texts.operations.verify}
        </Button>
      </Group>
      {verdict && (
        <Alert role="status" title={verdict.intact ? texts.operations.intact : texts.operations.broken}>
          {fill(texts.operations.sealed, { count: verdict.sealed })}
        </Alert>
      )}
    </Stack>
  )
}

export const Audit = listScreen(texts => texts.operations.audit, audit, undefined, <Verified />)

const events = listOf('/api/admin/events', {
  columns: [
    { id: 'topic' },
    { id: 'publishedAt', kind: 'instant' },
    { id: 'service' },
    { id: 'key', kind: 'id' },
    { id: 'actor', value: ({ actor }) => actor.role, kind: 'word' },
    { id: 'traceId', kind: 'id', aside: true },
    { id: 'position', kind: 'number', aside: true },
  ],
  idOf: ({ eventId }) => eventId,
  // The whole chain of what happened to the same, over all services.
  open: ({ key }) => `/operations/events?key=${encodeURIComponent(key)}`,
  empty: texts => ({ title: texts.operations.events, text: texts.operations.emptyEvents }),
})

export const Events = listScreen(texts => texts.operations.events, events)
