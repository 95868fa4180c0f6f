import { Alert, Button, Group, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read, read } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { fill } from '../../blocks/fill.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { nameOf, useTexts } from '../../texts/texts.tsx'

/** Dead letters by what they have in common: a group goes at once, once a second person agrees. */
export function Groups() {
  const texts = useTexts()
  return (
    <Read path="/api/admin/dead-letters" every={10_000}>
      {({ items }) =>
        items.length > 0 && (
          <Short
            name={texts.operations.deadLetters}
            rows={items}
            columns={plain('error topic subscription count:number lastAt:instant')}
            acts={({ subscription, error, count }) => (
              <ActButton
                size="compact-sm"
                act={{
                  name: t => t.operations.replayGroup,
                  warns: t => fill(t.operations.replayGroupText, { count }),
                  asks: t => nameOf(t, 'reason'),
                  run: async reason => {
                    await ask('POST', '/api/admin/dead-letters/replay', { body: { subscription, error, reason } })
                    notifications.show({ message: texts.operations.asked })
                  },
                }}
              />
            )}
          />
        )
      }
    </Read>
  )
}

const decide = (decision: 'approve' | 'refuse' | 'withdraw') => ({
  may: ({ state }: { state: string }) => state === 'asked',
  run: ({ id }: { id: string }) =>
    ask('POST', `/api/admin/approvals/${id}/${decision}`, decision === 'withdraw' ? {} : { body: {} }),
})

const approvals = listOf('/api/admin/approvals', {
  columns: [
    ...plain('act:word state:state object reason askedBy:id askedAt:instant endsAt:instant? decidedBy:id?'),
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
    ...plain('at:instant act object'),
    { id: 'details', value: ({ details }) => JSON.stringify(details) },
    ...plain('actorId:id number:number?'),
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
    ...plain('topic publishedAt:instant service key:id'),
    { id: 'actor', value: ({ actor }) => actor.role, kind: 'word' },
    ...plain('traceId:id? position:number?'),
  ],
  idOf: ({ eventId }) => eventId,
  // The whole chain of what happened to the same, over all services.
  open: ({ key }) => `/operations/events?key=${encodeURIComponent(key)}`,
  empty: texts => ({ title: texts.operations.events, text: texts.operations.emptyEvents }),
})

export const Events = listScreen(texts => texts.operations.events, events)
