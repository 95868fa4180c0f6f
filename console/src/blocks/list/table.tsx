import { Checkbox, Table, UnstyledButton } from '@mantine/core'
import { useRef } from 'react'
import { fill, nameOf, useTexts } from '../../texts/texts.tsx'
import { Link } from '../link.tsx'
import { Value } from '../values.tsx'
import type { Asked } from './address.ts'
import type { Column, ListDeclaration } from './declaration.ts'
import { rawOf } from './export.ts'

export interface RowsShown<Row> {
  readonly list: ListDeclaration<Row>
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly idOf: (row: Row) => string
  readonly labelOf: (row: Row) => string
  readonly asked: Asked
  readonly ask: (next: Asked) => void
  readonly selected: ReadonlySet<string>
  readonly select: (next: ReadonlySet<string>) => void
  readonly sorts: readonly string[]
  readonly compact: boolean
}

/** A table of all rows that are loaded. */
export function Rows<Row>(shown: RowsShown<Row>) {
  const { list, columns, rows, idOf, labelOf, selected, select, compact } = shown
  const texts = useTexts()
  const pick = usePicking(shown)
  const picked = rows.filter(row => selected.has(idOf(row))).length
  // What scrolls is reached by keyboard, where nothing within it is.
  const alone = !list.acts && !list.open && { tabIndex: 0, role: 'region', 'aria-label': texts.list.rows }
  return (
    <div className="rows" {...alone}>
      <Table verticalSpacing={compact ? 2 : 'xs'} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {list.acts && (
              <Table.Th className="tick">
                <Checkbox
                  aria-label={texts.list.selectAll}
                  checked={picked === rows.length}
                  indeterminate={picked > 0 && picked < rows.length}
                  onChange={event => select(new Set(event.currentTarget.checked ? rows.map(idOf) : []))}
                />
              </Table.Th>
            )}
            {columns.map(column => (
              <Head key={column.id} column={column} {...shown} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            <Table.Tr key={idOf(row)} data-row={idOf(row)} data-selected={selected.has(idOf(row)) || undefined}>
              {list.acts && (
                <Table.Td className="tick">
                  <Checkbox
                    aria-label={`${texts.list.select}: ${labelOf(row)}`}
                    checked={selected.has(idOf(row))}
                    onChange={() => {}}
                    onClick={event => pick(index, event.shiftKey)}
                  />
                </Table.Td>
              )}
              {columns.map((column, place) => (
                <Table.Td key={column.id} data-label={nameOf(texts, column.id)}>
                  <Cell {...{ list, column, row, isFirst: place === 0 }} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

/** One row, or with Shift all from the last one on. */
export function usePicking<Row>({ rows, idOf, selected, select }: RowsShown<Row>) {
  const last = useRef<number>(undefined)
  return (index: number, range: boolean): void => {
    const next = new Set(selected)
    const on = !selected.has(idOf(rows[index]!))
    const [from, to] =
      range && last.current !== undefined ? [last.current, index].sort((a, b) => a - b) : [index, index]
    for (const row of rows.slice(from, to! + 1)) next[on ? 'add' : 'delete'](idOf(row))
    last.current = index
    select(next)
  }
}

/** The row's own where the column says no other. */
const currencyOf = <Row,>({ currency }: Column<Row>, row: Row): string | undefined =>
  currency ? currency(row) : (row as { currency?: string }).currency

export function Cell<Row>(props: { list: ListDeclaration<Row>; column: Column<Row>; row: Row; isFirst: boolean }) {
  const { list, column, row, isFirst } = props
  const value = <Value kind={column.kind} value={rawOf(column, row)} currency={currencyOf(column, row)} />
  const to = isFirst && list.open?.(row)
  return to ? (
    <Link to={to} className="row-link">
      {value}
    </Link>
  ) : (
    value
  )
}

/** What a column is sorted by next: up, down, not at all. */
export function nextSort(column: { sort?: string }, asked: Asked): Asked {
  const { sort, ...rest } = asked
  if (sort === column.sort) return { ...rest, sort: `-${column.sort}` }
  return sort === `-${column.sort}` ? rest : { ...rest, sort: column.sort! }
}

export const orderOf = ({ sort }: { sort?: string }, asked: Asked): 'ascending' | 'descending' | 'none' =>
  asked.sort === sort ? 'ascending' : asked.sort === `-${sort}` ? 'descending' : 'none'

export const arrows = { ascending: '↑', descending: '↓', none: '' } as const

function Head<Row>({ column, asked, ask, sorts }: RowsShown<Row> & { column: Column<Row> }) {
  const texts = useTexts()
  const name = nameOf(texts, column.id)
  if (!column.sort || !sorts.includes(column.sort)) return <Table.Th>{name}</Table.Th>
  const order = orderOf(column, asked)
  return (
    <Table.Th aria-sort={order}>
      <UnstyledButton
        className="sort"
        title={fill(texts.list.sortBy, { name })}
        onClick={() => ask(nextSort(column, asked))}
      >
        {name} <span aria-hidden="true">{arrows[order]}</span>
      </UnstyledButton>
    </Table.Th>
  )
}
