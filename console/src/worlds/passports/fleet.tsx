import { Anchor, Button, Group, Stack, Table, Text } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { base } from '../../api/base.ts'
import type { AnswerOf } from '../../blocks/data.tsx'
import { Read } from '../../blocks/data.tsx'
import { Link } from '../../blocks/link.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { WayButton } from '../../blocks/screens.tsx'
import { Short } from '../../blocks/short.tsx'
import { shown, Value } from '../../blocks/values.tsx'
import { fill, nameOf, useLanguage, useTexts } from '../../texts/texts.tsx'

const list = listOf('/api/passports/readiness', {
  columns: [
    { id: 'identifier', value: ({ identifier, id }) => identifier ?? id },
    { id: 'ready', kind: 'boolean' },
    { id: 'lacks', kind: 'number', value: ({ missing }) => missing.length },
    ...plain('category:word granularity:word scope:word'),
    { id: 'readyThen', kind: 'boolean', value: ({ changes }) => changes?.ready, aside: true },
    { id: 'lacksThen', kind: 'number', value: ({ changes }) => changes?.due.length, aside: true },
  ],
  open: ({ id }) => `/passports/${id}?tab=readiness`,
  empty: texts => ({ title: texts.passports.emptyTitle, text: texts.passports.emptyText }),
})

type Asked = Partial<Record<'on' | 'compare' | 'category', string>>

/** How all passports stand by the law, on this day and on another: what is asked stands in the address, as the list's. */
export default function Fleet() {
  const texts = useTexts()
  const { on, compare, category } = useSearch({ strict: false }) as Asked
  const query = { ...(on && { on }), ...(compare && { compare }), ...(category && { category }) }
  return (
    <Screen title={texts.readiness.fleet} acts={<Ways query={query} />}>
      <Stack gap="xl">
        <Read path="/api/passports/readiness/summary" query={query}>
          {summary => <Summary summary={summary} compare={compare} />}
        </Read>
        <Read path="/api/passports/rules">{rules => <Calendar rules={rules} asked={query} />}</Read>
        <Part title={texts.readiness.each}>
          <List list={list} />
        </Part>
      </Stack>
    </Screen>
  )
}

/** The same as a file, and what decides about it. */
function Ways({ query }: { query: Asked }) {
  const texts = useTexts()
  const report = (format: 'csv' | 'pdf') =>
    `${base}/api/passports/readiness/report?${new URLSearchParams({ ...query, format }).toString()}`
  return (
    <>
      {(['csv', 'pdf'] as const).map(format => (
        <Button key={format} component="a" variant="default" href={report(format)}>
          {texts.readiness.report} ({format.toUpperCase()})
        </Button>
      ))}
      <WayButton to="/passports/readiness/rules" name={t => t.readiness.rules} variant="default" />
      <WayButton to="/passports/readiness/settings" name={t => t.readiness.settings} variant="default" />
    </>
  )
}

type Shown = { summary: AnswerOf<'/api/passports/readiness/summary'>; compare: string | undefined }

function Summary({ summary, compare }: Shown) {
  const texts = useTexts()
  return (
    <Stack>
      <Text role="status">
        {texts.readiness.on} <Value kind="date" value={summary.on} />
        {!summary.complete && ` · ${texts.readiness.firstOnly}`}
      </Text>
      {summary.categories.length > 0 && <Standing summary={summary} compare={compare} />}
    </Stack>
  )
}

/** How many are ready of each category, and what most of them lack. */
function Standing({ summary, compare }: Shown) {
  const texts = useTexts()
  const language = useLanguage()
  return (
    <Group align="flex-start" gap="xl">
      <Short
        name={texts.readiness.fleet}
        rows={summary.categories}
        columns={[
          { id: 'category', kind: 'word' },
          { id: 'passports', name: texts.passports.title, kind: 'number' },
          { id: 'ready', kind: 'number' },
          ...(compare
            ? [
                {
                  id: 'readyThen',
                  name: `${nameOf(texts, 'ready')} ${shown('date', compare, language)}`,
                  kind: 'number' as const,
                },
              ]
            : []),
        ]}
      />
      <Part className="grow" title={texts.readiness.gaps}>
        <Short
          name={texts.readiness.gaps}
          rows={summary.missing.slice(0, 12)}
          idOf={({ dataPoint }) => String(dataPoint)}
          columns={[
            { id: 'dataPoint', cell: one => <span lang="en">{`${one.dataPoint}. ${one.name}`}</span> },
            { id: 'article', name: texts.readiness.article },
            { id: 'passports', name: texts.readiness.lackIt, kind: 'number' },
          ]}
          empty={texts.readiness.nothing}
        />
      </Part>
    </Group>
  )
}

/** Days on which the law begins to ask for more, or no longer does; each leads to how the passports stand then. */
function Calendar({ rules, asked }: { rules: AnswerOf<'/api/passports/rules'>; asked: Asked }) {
  const texts = useTexts()
  const cells = rules.calendar.flatMap(({ from, until, ...cell }) => [
    ...(from ? [{ ...cell, date: from, begins: true }] : []),
    ...(until ? [{ ...cell, date: until, begins: false }] : []),
  ])
  const days = [...new Set([rules.passportFrom.date, ...cells.map(({ date }) => date)])].toSorted()
  return (
    <Part title={texts.readiness.calendar}>
      <Table className="facts">
        <Table.Tbody>
          {days.map(date => {
            const points = new Set(cells.filter(cell => cell.date === date).map(({ dataPoint }) => dataPoint))
            return (
              <Table.Tr key={date}>
                <Table.Th scope="row">
                  <Anchor
                    component={Link}
                    to={`/passports/readiness?${new URLSearchParams({ ...asked, compare: date }).toString()}`}
                  >
                    <Value kind="date" value={date} />
                  </Anchor>
                </Table.Th>
                <Table.Td>
                  {date === rules.passportFrom.date &&
                    `${texts.readiness.passportFrom} (${rules.passportFrom.article}) `}
                  {points.size > 0 && fill(texts.readiness.pointsChange, { points: [...points].join(', ') })}
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Part>
  )
}
