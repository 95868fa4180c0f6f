import { Alert, Button, Group, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read, read } from '../../blocks/data.tsx'
import { base } from '../../api/base.ts'
import { ActButton, Facts, factsOf } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { detailScreen, listScreen, WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { fill, nameOf, useTexts, type Catalogue } from '../../texts/texts.tsx'

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
        {(['csv', 'jsonl'] as const).map(format => (
          <Button key={format} component="a" variant="default" href={`${base}/api/admin/audit/export?format=${format}`}>
            {fill(texts.list.exportAll, { format: format.toUpperCase() })}
          </Button>
        ))}
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
  open: ({ position }) => `/operations/events/${position}`,
  empty: texts => ({ title: texts.operations.events, text: texts.operations.emptyEvents }),
})

const eventWay = { to: '/operations/events', name: (texts: Catalogue) => texts.operations.events }
export const Events = listScreen(eventWay.name, events)

/** One event: what it says, and what became of it with each who reacts to it. */
export const Event = detailScreen({
  path: '/api/admin/events/{position}',
  list: eventWay,
  title: ({ topic }) => topic,
  every: 10_000,
  // The whole chain of what happened to the same, and of what one request did, over all services.
  links: ({ key, traceId }) =>
    Object.entries({ key, traceId }).map(([word, value]) => (
      <WayButton
        key={word}
        to={`/operations/events?${new URLSearchParams({ [word]: value })}`}
        name={texts => texts.operations.chain[word as 'key']}
        variant="default"
      />
    )),
  tabs: (event, texts) => [
    {
      id: 'about',
      name: texts.shell.details,
      content: () => (
        <Facts
          facts={[
            ...factsOf(event, plain('publishedAt:moment service key:id traceId:id position:number')),
            { id: 'actor', kind: 'word', value: event.actor.role },
            { id: 'actorId', kind: 'id', value: event.actor.userId },
            { id: 'data', kind: 'json', value: event.data },
          ]}
        />
      ),
    },
    {
      id: 'reactions',
      name: texts.operations.reactions,
      content: () => (
        <Short
          name={texts.operations.reactions}
          rows={event.reactions}
          columns={plain('service purpose state:state attempts:number error')}
          empty={texts.operations.noReactions}
        />
      ),
    },
  ],
})
