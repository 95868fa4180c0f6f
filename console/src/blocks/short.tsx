import { Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { nameOf, useTexts } from '../texts/texts.tsx'
import { Value, type Kind } from './values.tsx'

interface ShortColumn<Row> {
  /** Of the row's field, and of its name where it has no other. */
  readonly id: string
  readonly name?: string
  readonly kind?: Kind
  readonly currency?: string
  /** Where it is not the field itself. */
  readonly cell?: (row: Row) => ReactNode
}

const shownOf = (row: unknown, id: string, currency: string | undefined) => ({
  value: (row as Record<string, unknown>)[id],
  currency: currency ?? (row as { currency?: string }).currency,
})

/** A list that is there whole, and short: a row a thing, with what one does to it at its end. */
export function Short<Row>(props: {
  name: string
  rows: readonly Row[]
  /** The row's place among them, where it has no id. */
  idOf?: (row: Row) => string
  columns: readonly ShortColumn<Row>[]
  acts?: (row: Row) => ReactNode
  empty?: string
}) {
  const { name, rows, idOf, columns, acts, empty = '' } = props
  const texts = useTexts()
  if (rows.length === 0) return <Text>{empty}</Text>
  const shown = (row: Row, { id, kind, currency, cell }: ShortColumn<Row>) =>
    cell ? cell(row) : <Value kind={kind} {...shownOf(row, id, currency)} />
  return (
    <div className="rows short" role="region" aria-label={name} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ id, name: called }) => (
              <Table.Th key={id} scope="col">
                {called ?? nameOf(texts, id)}
              </Table.Th>
            ))}
            {acts && <Table.Th scope="col">{texts.readiness.next}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            <Table.Tr key={idOf?.(row) ?? index} data-row={idOf?.(row)}>
              {columns.map(column => (
                <Table.Td key={column.id} data-label={column.name ?? nameOf(texts, column.id)}>
                  {shown(row, column)}
                </Table.Td>
              ))}
              {acts && <Table.Td>{acts(row)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
