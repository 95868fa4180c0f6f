import { Anchor, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQueries } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { ask } from '../api/client.ts'
import { Link } from '../blocks/link.tsx'
import { isCounted } from '../blocks/list/declaration.ts'
import { Part, Screen } from '../blocks/screen.tsx'
import { desk as de } from '../texts/de-desk.ts'
import { desk as en } from '../texts/en-desk.ts'
import { useLanguage, useTexts } from '../texts/texts.tsx'
import { kindsFor } from './found.ts'
import { usePerson } from './person.tsx'

const catalogues = { en, de }

type Kind = ReturnType<typeof kindsFor>[number]

interface Hits {
  readonly kind: Kind
  readonly items: readonly Record<string, unknown>[]
  readonly count: string
}

/** The first of a kind, and how many there are. */
async function hitsOf(kind: Kind, signal: AbortSignal): Promise<Hits> {
  const { query } = kind
  const asked = ask<{ items: Hits['items']; nextCursor: string | null }>('GET', kind.path, {
    query: { ...query, limit: 20 },
    signal,
  })
  const counted = isCounted(kind)
    ? (await ask<{ count: number; exact: boolean }>('GET', `${kind.path}/count`, { query, signal })).data
    : undefined
  const { items, nextCursor } = (await asked).data
  const { count, exact } = counted ?? { count: items.length, exact: nextCursor === null }
  return { kind, items, count: `${count}${exact ? '' : '+'}` }
}

/** What the palette finds, as a page: of all kinds that one may read, or of one. */
export default function Search() {
  const texts = useTexts()
  const words = catalogues[useLanguage()].search
  const navigate = useNavigate()
  const { role } = usePerson()
  const { q = '', kind = '' } = useSearch({ strict: false }) as { q?: string; kind?: string }
  const [typed, type] = useState(q)
  const [settled] = useDebouncedValue(typed.trim(), 300)
  const go = (search: object): void => void navigate({ to: '.', search: search as never, replace: true })
  useEffect(() => {
    if (settled !== q) go({ q: settled, kind })
  }, [settled])
  const kinds = kindsFor(role, q)
  const answers = useQueries({
    queries: kinds.map(each => ({
      queryKey: ['search', each.path, q],
      enabled: q.length > 1,
      queryFn: ({ signal }: { signal: AbortSignal }) => hitsOf(each, signal),
    })),
  })
  const hits = answers.flatMap(({ data }) => (data && data.items.length > 0 ? [data] : []))
  const shown = hits.filter(one => kind === '' || one.kind.path === kind)
  return (
    <Screen title={words.title}>
      <TextInput
        type="search"
        maw="44rem"
        label={texts.fields.q}
        description={words.about}
        value={typed}
        maxLength={200}
        onChange={event => type(event.currentTarget.value)}
      />
      {hits.length > 1 && (
        <SegmentedControl
          aria-label={words.kinds}
          w="fit-content"
          maw="100%"
          value={kind}
          onChange={next => go({ q, kind: next })}
          data={[
            { value: '', label: words.everything },
            ...hits.map(one => ({ value: one.kind.path, label: `${one.kind.name(texts)} (${one.count})` })),
          ]}
        />
      )}
      <Text role="status">
        {q.length < 2
          ? words.begin
          : hits.length === 0 && answers.every(one => !one.isPending) && texts.shell.nothingFound}
      </Text>
      {shown.map(one => (
        <Part key={one.kind.path} title={`${one.kind.name(texts)} (${one.count})`}>
          <Stack gap="xs">
            {one.items.map(item => (
              <div key={one.kind.to(item)}>
                <Anchor component={Link} to={one.kind.to(item)}>
                  {one.kind.label(item)}
                </Anchor>
                <Text size="sm">{one.kind.about?.(item)}</Text>
              </div>
            ))}
            <Anchor component={Link} to={`${one.kind.list}?${new URLSearchParams(one.kind.query)}`}>
              {words.more}
            </Anchor>
          </Stack>
        </Part>
      ))}
    </Screen>
  )
}
