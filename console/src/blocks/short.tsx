import { Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { nameOf, useTexts } from '../texts/texts.tsx'

/** A list that the API gives whole, and that is short: a row a thing, with what one does to it at its end. */
export function Short<Row>(props: {
  name: string
  rows: readonly Row[]
  idOf: (row: Row) => string
  columns: readonly { readonly id: string; readonly cell: (row: Row) => ReactNode }[]
  acts?: (row: Row) => ReactNode
  empty: string
}) {
  const { name, rows, idOf, columns, acts, empty } = props
  const texts = useTexts()
  if (rows.length === 0) return <Text>{empty}</Text>
  return (
    <div className="rows" role="region" aria-label={name} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ id }) => (
              <Table.Th key={id} scope="col">
                {nameOf(texts, id)}
              </Table.Th>
            ))}
            {acts && <Table.Th scope="col">{texts.readiness.next}</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(row => (
            <Table.Tr key={idOf(row)}>
              {columns.map(({ id, cell }) => (
                <Table.Td key={id}>{cell(row)}</Table.Td>
              ))}
              {acts && <Table.Td>{acts(row)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
