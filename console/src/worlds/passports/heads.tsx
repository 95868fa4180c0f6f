import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import attributes from 'law:attributes'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { nameOf, useLanguage, useTexts } from '../../texts/texts.tsx'
import { useQuery } from '@tanstack/react-query'

const catalogues = { en, de }
const mapping = '/api/passports/import/mapping'

interface Target {
  readonly column: string
  readonly unit?: string
}
type Columns = AnswerOf<typeof mapping>['columns']
/** Beside what the law knows: what a file may say of the passport itself. */
const own = ['granularity', 'parentId', 'status', 'data']
const left = '-'

/** Columns of a file that nobody knows: what each is, or that it is left out; kept for all files to come. */
export default function Heads(props: { heads: readonly string[]; saved: () => void }) {
  const { heads } = props
  const proposal = useQuery({
    queryKey: [mapping, 'proposal', heads],
    queryFn: async () =>
      (
        await ask<{ columns: { head: string; target: Target | null }[] }>('POST', '/api/passports/import/proposal', {
          body: { columns: heads },
        })
      ).data.columns,
  })
  if (proposal.error) return <Trouble error={proposal.error} />
  if (!proposal.data) return null
  const guessed = Object.fromEntries(proposal.data.flatMap(({ head, target }) => (target ? [[head, target]] : [])))
  return <Read path={mapping}>{({ columns }) => <Form {...props} guessed={guessed} known={columns} />}</Read>
}

function Form(props: {
  heads: readonly string[]
  guessed: Readonly<Record<string, Target>>
  known: Columns
  saved: () => void
}) {
  const { heads, guessed, known, saved } = props
  const texts = useTexts()
  const language = useLanguage()
  const words = catalogues[language].columns
  const [said, say] = useState<Readonly<Record<string, Target | undefined>>>(guessed)
  const [trouble, tell] = useState<unknown>()
  const options = [
    { value: left, label: words.leaveOut },
    ...own.map(id => ({ value: id, label: nameOf(texts, id) })),
    ...Object.entries(attributes)
      .filter(([, { computed }]) => !computed)
      .map(([id, attribute]) => ({ value: id, label: `${attribute[language]} (${id})` }))
      .toSorted((a, b) => a.label.localeCompare(b.label, language)),
  ]
  const keep = async (): Promise<void> => {
    const columns = Object.fromEntries(
      heads.map(head => [head, said[head]?.column === left ? null : (said[head] ?? null)]),
    )
    try {
      await ask('PUT', mapping, { body: { columns: { ...known, ...columns } } })
      saved()
    } catch (error) {
      tell(error)
    }
  }
  return (
    <Stack role="group" aria-label={words.heads}>
      <Text>{words.headsText}</Text>
      {heads.map(head => {
        const target = said[head]
        const unit = target && attributes[target.column]?.unit
        return (
          <Group key={head} align="flex-end" wrap="nowrap">
            <Select
              className="grow"
              label={head}
              searchable
              allowDeselect={false}
              data={options}
              value={target?.column ?? null}
              onChange={column => say({ ...said, [head]: column ? { column } : undefined })}
            />
            {unit && (
              <TextInput
                w={90}
                label={words.unit}
                placeholder={unit}
                value={target.unit ?? ''}
                onChange={event =>
                  say({
                    ...said,
                    [head]: { column: target.column, ...(event.target.value && { unit: event.target.value }) },
                  })
                }
              />
            )}
          </Group>
        )
      })}
      {trouble !== undefined && <Trouble error={trouble} />}
      <Group>
        <Button disabled={heads.some(head => !said[head])} onClick={() => void keep()}>
          {words.keepHeads}
        </Button>
      </Group>
    </Stack>
  )
}
