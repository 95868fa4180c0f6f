import { Button, Group, Modal, Stack, Text, Timeline } from '@mantine/core'
import { useState } from 'react'
import { changes as de } from '../texts/de-changes.ts'
import { changes as en } from '../texts/en-changes.ts'
import { fill, useLanguage, nameOf, useTexts, wordFor } from '../texts/texts.tsx'
import { Trouble } from './trouble.tsx'
import { useQuery } from '@tanstack/react-query'
import { ActButton } from './detail.tsx'
import { differences } from './difference.ts'
import { kindOf } from './kind.ts'
import { Short } from './short.tsx'
import { Value } from './values.tsx'

const catalogues = { en, de }

export interface Step {
  readonly version: number
  readonly at: string
  readonly status: string
  /** Not told to whom it does not concern. */
  readonly actor?: { readonly userId: string | null; readonly role: string } | undefined
  readonly updatedFields: readonly string[]
}

/** The versions of a thing, the latest first, with what each changed; `stateAt` gives it as it was. */
export function History(props: {
  steps: readonly Step[]
  stateAt: (at: string) => Promise<unknown>
  /** Makes it a new version as it was at one; left out for who may not. */
  restore?: (step: Step) => Promise<unknown>
}) {
  const { steps, stateAt, restore } = props
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const [compared, compare] = useState<number>()
  const step = compared === undefined ? undefined : steps[compared]
  return (
    <Stack>
      <Timeline bulletSize={16}>
        {steps.map(({ version, at, status, actor, updatedFields }, index) => (
          <Timeline.Item key={version} title={fill(own.history.version, { number: version })}>
            <Text size="sm">
              <Value kind="instant" value={at} /> {actor && <> · {wordFor(texts, actor.role)}</>} ·{' '}
              {wordFor(texts, status)}
            </Text>
            {updatedFields.length > 0 && <Text size="sm">{updatedFields.join(', ')}</Text>}
            <Group gap="xs" mt={4}>
              {index < steps.length - 1 && (
                <Button size="compact-sm" variant="default" onClick={() => compare(index)}>
                  {own.history.compare}
                </Button>
              )}
              {restore && index > 0 && (
                <ActButton
                  size="compact-sm"
                  act={{
                    name: () => own.history.restore,
                    warns: () => fill(own.history.restoreText, { number: steps[0]!.version + 1 }),
                    run: () => restore(steps[index]!),
                  }}
                />
              )}
            </Group>
          </Timeline.Item>
        ))}
      </Timeline>
      {step && (
        <Modal
          opened
          size="xl"
          onClose={() => compare(undefined)}
          title={fill(own.history.changes, { number: step.version })}
        >
          <Changes of={step.at} before={() => stateAt(steps[compared! + 1]!.at)} after={() => stateAt(step.at)} />
        </Modal>
      )}
    </Stack>
  )
}

/** Two states of a thing, and where they differ. */
export function Changes(props: { of: string; before: () => Promise<unknown>; after: () => Promise<unknown> }) {
  const { of, before, after } = props
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const { data, error } = useQuery({
    queryKey: ['changes', of],
    queryFn: async () => differences(...((await Promise.all([before(), after()])) as [unknown, unknown])),
    gcTime: 0,
  })
  if (error) return <Trouble error={error} />
  if (!data) return null
  if (data.length === 0) return <Text>{own.history.nothing}</Text>
  return (
    <Short
      name={own.history.compare}
      rows={data}
      columns={[
        {
          id: 'path',
          name: own.merge.field,
          cell: ({ path }) => path.map(part => nameOf(texts, String(part))).join(' › '),
        },
        {
          id: 'before',
          name: own.history.before,
          cell: ({ before: old }) => <Value kind={kindOf(old)} value={old} />,
        },
        { id: 'after', name: own.history.after, cell: ({ after: now }) => <Value kind={kindOf(now)} value={now} /> },
      ]}
    />
  )
}
