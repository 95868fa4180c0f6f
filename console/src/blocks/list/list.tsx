import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { fill, useLanguage, useTexts, wordFor } from '../../texts/texts.tsx'
import { Empty } from '../empty.tsx'
import { usePreference } from '../preferences.ts'
import { Trouble } from '../trouble.tsx'
import { useAsked } from './address.ts'
import { rolesFor, sortsOf, wordsOf, type ListDeclaration, type RowAct } from './declaration.ts'
import { Filters, without } from './filters.tsx'
import { Options } from './options.tsx'
import { useRowKeys } from './row-keys.ts'
import { rawOf } from './export.ts'
import { isForbidden, useRows } from './rows.ts'
import { Rows } from './table.tsx'
import { Views } from './views.tsx'

/** What few lists come to is brought when one does. */
const Bulk = lazy(async () => ({ default: (await import('./bulk.tsx')).Bulk })) as typeof import('./bulk.tsx').Bulk
const Grid = lazy(async () => ({ default: (await import('./grid.tsx')).Grid })) as typeof import('./grid.tsx').Grid

/** Beyond as many rows only those in view stand in the document. */
const mostInTable = 200

/**
 * A list of the API: filters, order and saved views stand in the address; rows come by cursor, their number is a
 * question of its own.
 */
export function List<Row>({ list, embedded = false }: { list: ListDeclaration<Row>; embedded?: boolean }) {
  const [asked, ask] = useAsked(embedded)
  const words = wordsOf(list)
  const { rows, count, all } = useRows(list, asked)
  const aside = list.columns.filter(column => column.aside).map(({ id }) => id)
  const [hidden, hide] = usePreference<readonly string[]>(`hidden ${list.path}`, aside)
  const [compact, setCompact] = usePreference('compact', false)
  const [selected, select] = useState<ReadonlySet<string>>(new Set())
  const [matching, selectMatching] = useState(false)
  const [act, doAct] = useState<RowAct<Row>>()
  const columns = list.columns.filter(({ id }) => !hidden.includes(id))
  const idOf = list.idOf ?? ((row: Row) => String((row as { id?: unknown }).id))
  const labelOf = (row: Row): string => String(rawOf(list.columns[0]!, row) ?? idOf(row))
  const chosen = all.filter(row => selected.has(idOf(row)))
  const isFiltered = words.some(({ name }) => asked[name] !== undefined)
  // What a filter hides is not chosen any more.
  const shape = JSON.stringify(asked)
  const deselect = () => {
    select(new Set())
    selectMatching(false)
  }
  useEffect(deselect, [shape])
  const names = words.map(({ name }) => name)
  useKeys(embedded ? [] : (list.acts ?? []), all, {
    idOf,
    selected,
    select,
    chosen: chosen.length > 0 || matching,
    doAct,
  })

  const shown = { list, columns, rows: all, idOf, labelOf, sorts: sortsOf(list), compact }
  const picked = pickedOf({ matching, selectMatching, selected, select }, all.map(idOf))
  const shared = { ...shown, asked, ask, ...picked }
  return (
    <Stack gap="sm" className="list">
      <Group justify="space-between" align="flex-start">
        <Filters words={words} asked={asked} ask={ask} isMain={!embedded} />
        <Options {...{ list, asked, columns, hidden, hide, compact, setCompact }} />
      </Group>
      {!embedded && (
        <Views
          list={list}
          look={{ asked, hidden, compact }}
          plain={{ asked: {}, hidden: aside, compact }}
          show={look => {
            ask(look.asked)
            hide(look.hidden)
            setCompact(look.compact)
          }}
        />
      )}
      {(chosen.length > 0 || matching) && (
        <Chosen
          count={chosen.length}
          all={count}
          acts={list.acts ?? []}
          matching={matching}
          selectMatching={rows.hasNextPage ? () => selectMatching(true) : undefined}
          doAct={doAct}
          deselect={deselect}
        />
      )}
      <Outcome list={list} rows={rows} unfilter={isFiltered ? () => ask(without(asked, names)) : undefined} />
      {all.length > 0 && (
        <Suspense fallback={<Rows {...shared} />}>
          {all.length > mostInTable ? <Grid {...shared} /> : <Rows {...shared} />}
        </Suspense>
      )}
      {all.length > 0 && (
        <Group justify="space-between">
          <Hits count={count} loaded={all.length} />
          {rows.hasNextPage && <More load={() => void rows.fetchNextPage()} busy={rows.isFetchingNextPage} />}
        </Group>
      )}
      {act && (
        <Suspense>
          <Bulk
            {...{ list, asked, act }}
            chosen={matching ? 'matching' : chosen}
            label={labelOf}
            close={() => doAct(undefined)}
          />
        </Suspense>
      )}
    </Stack>
  )
}

/** Acts by keys: to what is chosen, else to the row one is at, which is chosen then. */
function useKeys<Row>(
  acts: readonly RowAct<Row>[],
  rows: readonly Row[],
  list: {
    idOf: (row: Row) => string
    selected: ReadonlySet<string>
    select: (next: ReadonlySet<string>) => void
    chosen: boolean
    doAct: (act: RowAct<Row>) => void
  },
): void {
  const { idOf, selected, select, chosen, doAct } = list
  useRowKeys({
    acts,
    rows,
    pick: row => select(toggled(selected, idOf(row))),
    act: (act, row) => {
      if (!chosen && !row) return
      if (!chosen) select(new Set([idOf(row!)]))
      doAct(act)
    },
  })
}

interface Selection {
  readonly matching: boolean
  readonly selectMatching: (all: boolean) => void
  readonly selected: ReadonlySet<string>
  readonly select: (next: ReadonlySet<string>) => void
}

/** Where all that match are chosen, those that are loaded are seen to be; who takes one out chooses among these again. */
const pickedOf = ({ matching, selectMatching, selected, select }: Selection, loaded: readonly string[]) => ({
  selected: matching ? new Set(loaded) : selected,
  select: (next: ReadonlySet<string>) => {
    selectMatching(false)
    select(next)
  },
})

function toggled(all: ReadonlySet<string>, one: string): Set<string> {
  const next = new Set(all)
  if (!next.delete(one)) next.add(one)
  return next
}

/** Comes by itself where the end of the list is near, and by a button. */
function More({ load, busy }: { load: () => void; busy: boolean }) {
  const texts = useTexts()
  const button = useRef<HTMLButtonElement>(null)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    const seen = new IntersectionObserver(
      entries => entries.some(({ isIntersecting }) => isIntersecting) && latest.current(),
      { rootMargin: '600px' },
    )
    seen.observe(button.current!)
    return () => seen.disconnect()
  }, [busy])
  return (
    <Button ref={button} variant="default" loading={busy} onClick={load}>
      {texts.list.more}
    </Button>
  )
}

/** As high as what will stand there; shown when it takes longer. */
function Waiting() {
  const [late, show] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => show(true), 200)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Stack gap="xs" aria-hidden="true" mih="20rem">
      {late && Array.from({ length: 8 }, (_, index) => <Skeleton key={index} height={36} />)}
    </Stack>
  )
}

/** What is chosen, and what can be done with it. */
function Chosen<Row>(props: {
  count: number
  /** How many match, where the platform counts. */
  all?: Counted
  acts: readonly RowAct<Row>[]
  matching: boolean
  selectMatching?: () => void
  doAct: (act: RowAct<Row>) => void
  deselect: () => void
}) {
  const { count, all, acts, matching, selectMatching, doAct, deselect } = props
  const texts = useTexts()
  const hits = useHits(all)
  const told = (counted: string, uncounted: string): string => (hits ? fill(counted, { count: hits }) : uncounted)
  return (
    <Group role="group" aria-label={texts.list.select} className="chosen">
      <Text role="status">
        {matching ? told(texts.list.allOfMatching, texts.list.allMatching) : fill(texts.list.selected, { count })}
      </Text>
      {!matching && selectMatching && (
        <Button size="compact-sm" variant="default" onClick={selectMatching}>
          {told(texts.list.selectOfMatching, texts.list.selectMatching)}
        </Button>
      )}
      {acts.map(act => (
        <Button size="compact-sm" key={act.name(texts)} onClick={() => doAct(act)}>
          {act.name(texts)}
        </Button>
      ))}
      <Button size="compact-sm" variant="default" onClick={deselect}>
        {texts.list.deselect}
      </Button>
    </Group>
  )
}

interface Counted {
  readonly count: number
  readonly exact: boolean
}

/** How many there are, in words, where the platform counts. */
function useHits(all: Counted | undefined): string | undefined {
  const texts = useTexts()
  const number = new Intl.NumberFormat(useLanguage())
  if (!all) return undefined
  return all.exact ? number.format(all.count) : fill(texts.list.moreThan, { count: number.format(all.count) })
}

/** How many there are in all; else how many are loaded. */
function Hits({ count, loaded }: { count?: Counted; loaded: number }) {
  const texts = useTexts()
  const number = new Intl.NumberFormat(useLanguage())
  const all = useHits(count)
  return (
    <Text size="sm" role="status">
      {all ? fill(texts.list.hits, { count: all }) : fill(texts.list.loaded, { count: number.format(loaded) })}
    </Text>
  )
}

/** What stands there instead of rows: that they come, why they do not, or that there are none. */
function Outcome<Row>(props: {
  list: ListDeclaration<Row>
  rows: ReturnType<typeof useRows<Row>>['rows']
  unfilter?: () => void
}) {
  const { list, rows, unfilter } = props
  const texts = useTexts()
  if (isForbidden(rows.error)) {
    const roles = rolesFor(list).map(role => wordFor(texts, role))
    const text = roles.length > 0 ? fill(texts.list.isFor, { roles: roles.join(', ') }) : texts.problems.forbidden!
    return <Empty title={texts.list.forbidden} text={text} />
  }
  if (rows.error) return <Trouble error={rows.error} retry={() => void rows.refetch()} />
  if (!rows.data) return <Waiting />
  if (rows.data.pages.some(({ items }) => items.length > 0)) return null
  const none = { title: texts.charging.emptyTitle, text: texts.charging.empty }
  if (!unfilter) return <Empty {...(list.empty?.(texts) ?? none)}>{list.begin}</Empty>
  return (
    <Empty title={texts.list.noMatch} text="">
      <Button onClick={unfilter}>{texts.list.clear}</Button>
    </Empty>
  )
}
