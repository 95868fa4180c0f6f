import { Anchor, Badge, Button, Group, Stack, Table, Text, TextInput } from '@mantine/core'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import attributes from 'law:attributes'
import { ask } from '../../api/client.ts'
import { Tick } from '../../blocks/choice.tsx'
import { Read } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { Part } from '../../blocks/screen.tsx'
import { Value } from '../../blocks/values.tsx'
import { battery as de } from '../../texts/de-battery.ts'
import { battery as en } from '../../texts/en-battery.ts'
import { fill, nameOf, useLanguage, useTexts, wordFor, type Language, type Catalogue } from '../../texts/texts.tsx'
import type { Passport } from './passports.tsx'
import type { Attribute } from './point.tsx'

/** With the forms: nobody waits for them who only looks. */
const Point = lazy(() => import('./point.tsx'))

const catalogues = { en, de }
const groups = Object.groupBy(Object.keys(attributes), id => attributes[id]!.group)

/** What a passport says of each attribute of the law, group by group: by whose word, for whom, and a form at each. */
export default function Attributes({ passport }: { passport: Passport }) {
  const language = useLanguage()
  const own = catalogues[language].data
  const [sought, seek] = useState('')
  const [all, show] = useState(false)
  const words = sought.toLowerCase().split(/\s+/)
  const isSought = (id: string): boolean => {
    const { en: one, de: other, article = '' } = attributes[id]!
    const said = `${id} ${one} ${other} ${article}`.toLowerCase()
    return words.every(word => said.includes(word))
  }
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput
          type="search"
          label={own.search}
          value={sought}
          onChange={event => seek(event.currentTarget.value)}
        />
        <Tick label={own.all} on={all} turn={show} />
      </Group>
      <Read path="/api/passports/{id}/attributes" params={{ id: passport.id }}>
        {({ items }) => {
          const told = new Map(items.map(item => [item.id, item]))
          const isShown = (id: string): boolean => (all || told.has(id)) && isSought(id)
          const some = Object.entries(groups).flatMap(([group, ids = []]) => {
            const here = ids.filter(isShown)
            return here.length === 0 ? [] : [{ group, ids: here }]
          })
          if (some.length === 0) return <Text role="status">{own.none}</Text>
          return some.map(({ group, ids }) => (
            <Part key={group} title={own.groups[group as 'identity']}>
              <Table className="facts" withRowBorders>
                <Table.Tbody>
                  {ids.map(id => (
                    <Row key={id} id={id} item={told.get(id)} passport={passport} />
                  ))}
                </Table.Tbody>
              </Table>
            </Part>
          ))
        }}
      </Read>
      <Given data={passport.data} />
    </Stack>
  )
}

/** All of it as it stands: with what the law has no name for. */
function Given({ data }: Pick<Passport, 'data'>) {
  const own = catalogues[useLanguage()].data
  const [opened, open] = useState(false)
  return (
    <details onToggle={event => open(event.currentTarget.open)}>
      <summary>{own.asGiven}</summary>
      {opened && <Value kind="json" value={data} />}
    </details>
  )
}

function Row({ id, item, passport }: { id: string; item: Attribute | undefined; passport: Passport }) {
  const texts = useTexts()
  const language = useLanguage()
  const [editing, edit] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const was = useRef(false)
  // Who leaves the form is where they entered it.
  useEffect(() => {
    if (was.current && !editing) button.current?.focus()
    was.current = editing
  }, [editing])
  const { article, computed, [language]: name } = attributes[id]!
  const isOwner = !passport.audience && passport.status !== 'archived' && !computed
  return (
    <Table.Tr>
      <Table.Th scope="row">
        {name}
        <Text size="sm" c="dimmed" lang="en">
          {article}
        </Text>
      </Table.Th>
      <Table.Td>
        {editing ? (
          <Suspense>
            <Point passport={passport} ids={[id]} close={() => edit(false)} />
          </Suspense>
        ) : (
          <Group justify="space-between" align="flex-start" wrap="nowrap">
            <div className="grow">{item ? <Told id={id} item={item} /> : <Value value={null} />}</div>
            {isOwner && (
              <Group gap="xs" justify="flex-end">
                <TakingAway passport={passport} id={id} />
                <Button
                  ref={button}
                  size="compact-sm"
                  variant="default"
                  aria-label={`${texts.passports.edit}: ${name}`}
                  onClick={() => edit(true)}
                >
                  {texts.passports.edit}
                </Button>
              </Group>
            )}
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

/** Takes a value away that stands by itself: what the passport says elsewhere too is edited there. */
function TakingAway({ passport, id }: { passport: Passport; id: string }) {
  const own = catalogues[useLanguage()].data
  const { data, parentId, granularity, status, version } = passport
  if (!Object.hasOwn((data.attributes as object | undefined) ?? {}, id)) return null
  const isModel = granularity === 'model' && status === 'published'
  const act = {
    name: () => (parentId ? own.takeModels : own.takeAway),
    ...(isModel && { warns: () => own.reasonText, asks: (texts: Catalogue) => nameOf(texts, 'reason') }),
    run: (reason: string) =>
      ask('PATCH', `/api/passports/${passport.id}/attributes`, {
        body: { attributes: { [id]: null }, ...(isModel && { reason }) },
        headers: { 'if-match': `"${version}"` },
      }),
  }
  return <ActButton size="compact-sm" act={act} />
}

/** The value as it was given, and what is known of it. */
function Told({ id, item }: { id: string; item: Attribute }) {
  const texts = useTexts()
  const language = useLanguage()
  const own = catalogues[language].data
  const { givenValue, givenUnit, value, unit, from, annexPoint, dynamic, at, notApplicable, withheld } = item
  const plain = typeof value === 'string' && unit && unit !== givenUnit ? numbered(value, language) : undefined
  return (
    <>
      {notApplicable !== undefined ? (
        <Text>{fill(own.notApplicable, { reason: notApplicable })}</Text>
      ) : (
        linesOf(attributes[id]!.type === 'enum' ? wordFor(texts, String(givenValue)) : givenValue, language).map(
          (line, index) => (
            <Text key={index} className="broken">
              {/^https?:\S+$/.test(line) ? (
                <Anchor href={line} rel="noreferrer" target="_blank">
                  {line}
                </Anchor>
              ) : (
                `${line}${givenUnit && typeof givenValue === 'string' ? ` ${givenUnit}` : ''}`
              )}
              {plain !== undefined && ` (${plain} ${unit})`}
            </Text>
          ),
        )
      )}
      <Group gap="xs">
        <Badge variant="default" className="state">
          {fill(own.point, { point: annexPoint })}: {own.readers[String(annexPoint) as '1']}
        </Badge>
        <Text size="sm">{own.from[from]}</Text>
        {dynamic && (
          <Text size="sm">
            {texts.readiness.on} <Value kind="instant" value={at} />
          </Text>
        )}
        {item.evidence !== undefined && <Text size="sm">{own.evidence}</Text>}
        {withheld && (
          <Text size="sm">
            {own.withheld} {withheld.until && <Value kind="date" value={withheld.until} />}
          </Text>
        )}
      </Group>
    </>
  )
}

/** All its digits, with the sign of the reader's language. */
const numbered = (text: string, language: Language): string =>
  language === 'de' && /^-?\d+\.\d+$/.test(text) ? text.replace('.', ',') : text

/** A line for each of several; what is measured with where it was. */
function linesOf(given: unknown, language: Language): string[] {
  if (Array.isArray(given)) return given.flatMap(each => linesOf(each, language))
  if (given === null || typeof given !== 'object') return [numbered(String(given as string), language)]
  const { value, unit, url, ...others } = given as Record<string, unknown>
  const about = Object.values(others).flatMap(each => linesOf(each, language))
  const links = typeof url === 'string' ? [url] : []
  if (value === undefined) return [...(about.length > 0 ? [about.join(' · ')] : []), ...links]
  const measured = `${linesOf(value, language).join(', ')}${typeof unit === 'string' ? ` ${unit}` : ''}`
  return [about.length > 0 ? `${about.join(' · ')}: ${measured}` : measured]
}
