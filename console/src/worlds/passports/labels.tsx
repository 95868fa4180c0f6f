import { Button, Group, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import schema from 'schema:post /api/passports/labels'
import { useEffect, useState } from 'react'
import { base } from '../../api/base.ts'
import { answerTo } from '../../api/client.ts'
import { List } from '../../blocks/list/list.tsx'
import { SchemaForm } from '../../blocks/schema-form.tsx'
import { withValue, type Schema } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { formats as de } from '../../texts/de-formats.ts'
import { formats as en } from '../../texts/en-formats.ts'
import { fill, useLanguage, useTexts, wordFor } from '../../texts/texts.tsx'
import { list } from './passports.tsx'
import { SheetsButton } from './sheets.tsx'

const catalogues = { en, de }

/** How codes are made: what the API takes of a sheet, but whose they are. */
const { passportIds: _, parentId: _parent, after: _after, ...properties } = schema.properties!
const form: Schema = { ...schema, properties }
const usual = { symbology: 'qr', sizeMm: 30, dpi: 300, symbols: true, cylinder: false, paper: 'A4' }
const mostOfSheet = 1_000

/** Codes that go on batteries: how they are made, as one looks, and sheets of as many as one chooses. */
export default function Labels() {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const [value, enter] = useState<object>(usual)
  const [chosen, choose] = useState<readonly string[]>([])
  const published = {
    ...list,
    query: { status: 'published' },
    imports: undefined,
    acts: [
      {
        name: () => own.labels.add,
        run: async ({ id }: { id: string }) => choose(ids => [...new Set([...ids, id])]),
      },
    ],
  }
  const files = Math.ceil(chosen.length / mostOfSheet)
  const orders = Array.from({ length: files }, (_each, index) => ({
    ...value,
    passportIds: chosen.slice(index * mostOfSheet, (index + 1) * mostOfSheet),
  }))
  return (
    <Screen title={texts.labels.title}>
      <Text>{own.labels.about}</Text>
      <Group align="flex-start" gap="xl">
        <Stack className="editor grow" miw="17rem">
          <SchemaForm
            schema={form}
            value={value}
            errors={{}}
            set={(path, next) => enter((withValue(value, path, next) as object | undefined) ?? {})}
          />
        </Stack>
        <Stack className="grow" miw="17rem">
          <Preview id={chosen[0]} value={value} />
        </Stack>
      </Group>
      <Part title={own.labels.which}>
        <Group my="sm">
          <Text role="status">{fill(own.labels.chosen, { count: chosen.length })}</Text>
          <SheetsButton orders={orders} />
          <Button variant="default" disabled={chosen.length === 0} onClick={() => choose([])}>
            {own.labels.clear}
          </Button>
        </Group>
        <List list={published} embedded />
      </Part>
    </Screen>
  )
}

const formats = ['svg', 'png', 'pdf', 'zpl'] as const

/** The first of them in its size, beside a ruler, once a decoder has read it; or why it would not be read. */
function Preview({ id, value }: { id: string | undefined; value: object }) {
  const texts = useTexts()
  const own = catalogues[useLanguage()]
  const [settled] = useDebouncedValue(value, 300)
  const { paper: _paper, ...query } = settled as typeof usual
  const { data, error } = useQuery({
    queryKey: ['label', id, query],
    enabled: id !== undefined,
    gcTime: 0,
    retry: false,
    queryFn: async () => {
      const response = await answerTo('GET', `/api/passports/${id}/label`, { query })
      const [mm, on] = ['x-symbol-mm', 'x-symbol-on'].map(name => response.headers.get(name))
      return { picture: URL.createObjectURL(await response.blob()), mm, on }
    },
  })
  const picture = data?.picture
  useEffect(() => () => void (picture && URL.revokeObjectURL(picture)), [picture])
  if (!id) return <Text>{own.labels.none}</Text>
  if (error) return <Trouble error={error} />
  if (!data) return null
  const words = new URLSearchParams(Object.entries(query).map(([name, each]) => [name, String(each)]))
  return (
    <>
      <Text role="status">
        {own.labels.read} {data.mm && fill(own.labels.symbol, { mm: data.mm, on: wordFor(texts, data.on ?? '') })}
      </Text>
      <div className="label">
        <img src={data.picture} alt={own.labels.picture} style={{ width: `${query.sizeMm}mm` }} />
        <div className="ruler" aria-hidden="true" />
      </div>
      <Text size="sm">{own.labels.ruler}</Text>
      <Group>
        {formats.map(format => (
          <Button
            key={format}
            component="a"
            variant="default"
            size="compact-sm"
            href={`${base}/api/passports/${id}/label?format=${format}&${words}`}
          >
            {format.toUpperCase()}
          </Button>
        ))}
      </Group>
    </>
  )
}
