import { Button, Group, Stack, Table, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react'
import { ask } from '../../api/client.ts'
import { fill, nameOf, useTexts } from '../../texts/texts.tsx'
import { Trouble } from '../trouble.tsx'
import { cell } from './export.ts'
import { commit, Outcome, TryThenTake, useImport, type Import } from './import.tsx'

/** Rows of cells, each as it is written. */
export type Cells = readonly (readonly string[])[]

interface SheetProps {
  path: string
  columns: readonly string[]
  rows: Cells
  /** What each row says beside its cells. */
  fixed?: Readonly<Record<string, string>>
  taken: () => void
}

/** What stands in the cells, and what the platform says of it. */
function useSheet(props: SheetProps) {
  const { path, columns, fixed = {} } = props
  const texts = useTexts()
  const queries = useQueryClient()
  const blank = columns.map(() => '')
  const [rows, write] = useState<Cells>(props.rows.length > 0 ? props.rows : [blank])
  const before = useRef<Cells[]>([])
  const [sent, follow] = useState<Import>()
  const [trouble, tell] = useState<unknown>()
  const { data: now = sent } = useImport(path.replace(/import$/, 'imports'), sent?.id)
  const over = now?.endedAt ? now : undefined

  const change = (next: Cells): void => {
    before.current.push(rows)
    write(next)
    follow(undefined)
  }
  const undo = (): void => {
    const last = before.current.pop()
    if (last) write(last)
    follow(undefined)
  }
  const put = (row: number, column: number, text: string): void =>
    change(rows.map((cells, at) => (at === row ? cells.with(column, text) : cells)))

  function paste(event: ClipboardEvent, row: number, column: number): void {
    const text = event.clipboardData.getData('text/plain')
    if (!/[\t\n]/.test(text.trimEnd())) return
    event.preventDefault()
    const lines = text
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
      .map(line => line.split('\t'))
    const heads = lines[0]!.map(head => columns.findIndex(name => [name, nameOf(texts, name)].includes(head.trim())))
    // With its head each value goes to its column, in whatever order they stand.
    const named = heads.every(at => at >= 0)
    const next = rows.map(cells => [...cells])
    for (const [down, cells] of lines.slice(named ? 1 : 0).entries()) {
      const into = (next[row + down] ??= [...blank])
      for (const [across, value] of cells.entries()) {
        const at = named ? heads[across]! : column + across
        if (at < columns.length) into[at] = value.trim()
      }
    }
    change(next)
  }

  function press(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.key !== 'z' || before.current.length === 0) return
    event.preventDefault()
    undo()
  }

  const send = async (dryRun: boolean): Promise<void> => {
    tell(undefined)
    const lines = [
      [...columns, ...Object.keys(fixed)],
      ...filled(rows).map(cells => [...cells, ...Object.values(fixed)]),
    ].map(cells => cells.map(each => cell(each, ',')).join(','))
    try {
      if (!dryRun && over) return follow(await commit(queries, path, over))
      const body = new Blob([lines.join('\r\n')], { type: 'text/csv' })
      follow((await ask<Import>('POST', path, { query: { dryRun }, body })).data)
    } catch (error) {
      tell(error)
    }
  }
  const faultAt = (row: number, column: string): string | undefined =>
    now?.faults.find(fault => fault.line === row + 2 && (fault.column ?? columns[0]) === column)?.detail
  const addRow = (): void => change([...rows, blank])
  const canUndo = before.current.length > 0
  return { rows, put, paste, press, undo, canUndo, addRow, send, faultAt, trouble, now, over }
}

/**
 * A sheet that takes what was copied from a spreadsheet: tried first, with what is wrong at its cell, and taken over by
 * the import that files go by. What stands in no column stays as it is.
 */
export function Sheet(props: SheetProps) {
  const { columns, taken } = props
  const texts = useTexts()
  const queries = useQueryClient()
  const { rows, put, paste, press, undo, canUndo, addRow, send, faultAt, trouble, now, over } = useSheet(props)

  return (
    <Stack>
      <Text>{texts.sheet.about}</Text>
      <div className="scrolls" onKeyDown={press}>
        <Table className="sheet">
          <Table.Thead>
            <Table.Tr>
              {columns.map(name => (
                <Table.Th key={name}>{nameOf(texts, name)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((cells, row) => (
              <Table.Tr key={row}>
                {columns.map((name, column) => {
                  const fault = faultAt(row, name)
                  return (
                    <Table.Td key={name}>
                      <input
                        aria-label={fill(texts.sheet.cell, { name: nameOf(texts, name), row: row + 1 })}
                        aria-invalid={fault !== undefined}
                        title={fault}
                        value={cells[column] ?? ''}
                        onChange={event => put(row, column, event.currentTarget.value)}
                        onPaste={event => paste(event, row, column)}
                      />
                    </Table.Td>
                  )
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group>
        <Button variant="default" onClick={addRow}>
          {texts.sheet.row}
        </Button>
        <Button variant="default" disabled={!canUndo} onClick={undo}>
          {texts.sheet.undo}
        </Button>
      </Group>
      {trouble !== undefined && <Trouble error={trouble} />}
      {now && <Outcome outcome={now} />}
      <Group>
        <TryThenTake over={over} disabled={now && !over} send={dryRun => void send(dryRun)} />
        {over && !over.dryRun && (
          <Button onClick={() => void queries.invalidateQueries().then(taken)}>{texts.shell.close}</Button>
        )}
      </Group>
    </Stack>
  )
}

/** Rows in which nothing stands are none, but where others follow: lines are counted. */
const filled = (rows: Cells): Cells => rows.slice(0, rows.findLastIndex(cells => cells.some(Boolean)) + 1)
