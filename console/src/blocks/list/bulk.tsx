import { Alert, Button, Group, Modal, Progress, Select, Stack, Text, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTexts } from '../../texts/texts.tsx'
import { fill } from '../fill.ts'
import { Short } from '../short.tsx'
import { messageOf } from '../trouble.tsx'
import type { Asked } from './address.ts'
import type { ListDeclaration, RowAct } from './declaration.ts'
import { through } from './rows.ts'

/** What was done to each row, and what could not be. */
interface Result<Row> {
  readonly done: number
  readonly failed: readonly { row: Row; error: unknown }[]
  readonly skipped: number
}

const atOnce = 4

interface Work<Row> {
  list: ListDeclaration<Row>
  asked: Asked
  act: RowAct<Row>
  chosen: readonly Row[] | 'matching'
}

function useBulk<Row>({ list, asked, act, chosen }: Work<Row>) {
  const queries = useQueryClient()
  const [progress, move] = useState<{ done: number; of: number }>()
  const [result, end] = useState<Result<Row>>()
  const stopped = useRef(false)
  const [reason, say] = useState('')

  async function run(rows: readonly Row[]): Promise<void> {
    end(undefined)
    stopped.current = false
    const able = rows.filter(row => act.may?.(row) ?? true)
    const failed: { row: Row; error: unknown }[] = []
    let next = 0
    let done = 0
    const work = async (): Promise<void> => {
      while (next < able.length && !stopped.current) {
        const row = able[next++]!
        try {
          await act.run(row, reason || undefined)
        } catch (error) {
          failed.push({ row, error })
        }
        move({ done: ++done, of: able.length })
      }
    }
    move({ done: 0, of: able.length })
    await Promise.all(Array.from({ length: atOnce }, work))
    end({ done: done - failed.length, failed, skipped: rows.length - able.length })
    void queries.invalidateQueries()
  }

  async function begin(): Promise<void> {
    if (chosen !== 'matching') return await run(chosen)
    const rows: Row[] = []
    for await (const row of through(list, asked)) rows.push(row)
    await run(rows)
  }
  return { progress, result, reason, say, run, begin, stop: () => void (stopped.current = true) }
}

/**
 * Something done to the chosen rows or to all that match: confirmed with their number, seen while it runs, and with a
 * result by row; what was refused can be tried again alone.
 */
export function Bulk<Row>(props: Work<Row> & { label: (row: Row) => string; close: () => void }) {
  const { act, chosen, label, close } = props
  const texts = useTexts()
  const { progress, result, reason, say, run, begin, stop } = useBulk(props)
  const able = chosen === 'matching' ? undefined : chosen.filter(row => act.may?.(row) ?? true).length
  return (
    <Modal opened onClose={close} title={act.name(texts)}>
      <Stack>
        {!progress && act.warns && <Text>{act.warns(texts)}</Text>}
        {!progress && act.asks && act.among && (
          <Select
            label={act.asks(texts)}
            data={act.among}
            value={reason || null}
            onChange={next => say(next ?? '')}
            data-autofocus
          />
        )}
        {!progress && act.asks && !act.among && (
          <Textarea
            label={act.asks(texts)}
            data-autofocus
            maxLength={1_000}
            value={reason}
            onChange={event => say(event.currentTarget.value)}
          />
        )}
        {!progress && (
          <Group>
            <Button
              data-autofocus={!act.asks || undefined}
              onClick={() => void begin()}
              disabled={able === 0 || (act.asks && reason.trim() === '')}
            >
              {able === undefined ? texts.list.selectMatching : fill(texts.list.confirm, { count: able })}
            </Button>
            <Button variant="default" onClick={close}>
              {texts.list.cancel}
            </Button>
          </Group>
        )}
        {progress && !result && (
          <>
            <Text role="status">{fill(texts.list.running, { done: progress.done, count: progress.of })}</Text>
            <Progress aria-label={act.name(texts)} value={(100 * progress.done) / Math.max(1, progress.of)} />
            <Button variant="default" onClick={stop}>
              {texts.list.stop}
            </Button>
          </>
        )}
        {result && (
          <>
            <Alert role="status" title={fill(texts.list.result, { done: result.done, failed: result.failed.length })} />
            {result.failed.length > 0 && <Refused result={result} label={label} retry={rows => void run(rows)} />}
            <Button variant="default" onClick={close}>
              {texts.shell.close}
            </Button>
          </>
        )}
      </Stack>
    </Modal>
  )
}

function Refused<Row>(props: {
  result: Result<Row>
  label: (row: Row) => string
  retry: (rows: readonly Row[]) => void
}) {
  const { result, label, retry } = props
  const texts = useTexts()
  return (
    <>
      <Short
        name={texts.list.whatIsWrong}
        rows={result.failed.slice(0, 100)}
        columns={[
          { id: 'row', name: texts.list.rows, cell: ({ row }) => label(row) },
          { id: 'error', cell: ({ error }) => messageOf(error, texts) },
        ]}
      />
      <Button onClick={() => retry(result.failed.map(({ row }) => row))}>{texts.list.retryFailed}</Button>
    </>
  )
}
