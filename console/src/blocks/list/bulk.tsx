import { Alert, Button, Group, Modal, Progress, Select, Stack, Text, Textarea } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { Short } from '../short.tsx'
import { messageOf, Trouble } from '../trouble.tsx'
import type { Asked as Query } from './address.ts'
import type { ListDeclaration, RowAct } from './declaration.ts'
import { nameFor, saveTable } from './export.ts'
import { gathered, type Gathered } from './rows.ts'

/** What was done to rows, what could not be, and what was left when it was stopped. */
interface Result<Row> {
  readonly done: number
  readonly failed: readonly { row: Row; error: unknown }[]
  readonly left: number
}

const atOnce = 4

interface Work<Row> {
  list: ListDeclaration<Row>
  asked: Query
  act: RowAct<Row>
  chosen: readonly Row[] | 'matching'
}

/** Which rows it is about: of all that match, those that do when it is asked, so that none comes in while it runs. */
function useMeant<Row>({ list, asked, act, chosen }: Work<Row>) {
  const [found, tell] = useState(0)
  const [once] = useState(() => crypto.randomUUID())
  const { data, error } = useQuery({
    queryKey: ['bulk', once],
    enabled: chosen === 'matching',
    staleTime: Infinity,
    gcTime: 0,
    queryFn: ({ signal }) => gathered(list, asked, tell, signal),
  })
  const meant: Gathered<Row> | undefined = chosen === 'matching' ? data : { rows: chosen, isCut: false }
  return { found, error, meant, able: meant?.rows.filter(row => act.may?.(row) ?? true) }
}

function useBulk<Row>({ act }: Work<Row>) {
  const queries = useQueryClient()
  const [progress, move] = useState<{ done: number; of: number }>()
  const [result, end] = useState<Result<Row>>()
  const stopped = useRef(false)
  const [reason, say] = useState('')
  const each = useRef(act.run)

  async function run(rows: readonly Row[], work = each.current): Promise<void> {
    each.current = work
    end(undefined)
    stopped.current = false
    const failed: { row: Row; error: unknown }[] = []
    let next = 0
    let done = 0
    const worker = async (): Promise<void> => {
      while (next < rows.length && !stopped.current) {
        const row = rows[next++]!
        try {
          await work?.(row, reason || undefined)
        } catch (error) {
          failed.push({ row, error })
        }
        move({ done: ++done, of: rows.length })
      }
    }
    move({ done: 0, of: rows.length })
    await Promise.all(Array.from({ length: atOnce }, worker))
    end({ done: done - failed.length, failed, left: rows.length - done })
    void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'bulk' })
  }
  return { progress, result, reason, say, run, stop: () => void (stopped.current = true) }
}

/**
 * Something done to the chosen rows or to all that match: confirmed with their number and how many it cannot be done to,
 * seen while it runs, and with a result by row; what was refused can be taken away as a file, and tried again alone.
 */
export function Bulk<Row>(props: Work<Row> & { label: (row: Row) => string; close: () => void }) {
  const { list, act, label, close } = props
  const texts = useTexts()
  const number = new Intl.NumberFormat(useLanguage())
  const { found, error, meant, able } = useMeant(props)
  const { progress, result, reason, say, run, stop } = useBulk(props)
  const counted = (text: string, count: number): string => fill(text, { count: number.format(count) })
  // Nothing goes on that nobody sees.
  const leave = (): void => {
    stop()
    close()
  }
  return (
    <Modal opened onClose={leave} title={act.name(texts)} size={act.Asks && 'xl'}>
      <Stack>
        {!progress && act.warns && <Text>{act.warns(texts)}</Text>}
        {error && <Trouble error={error} />}
        {!meant && !error && <Text role="status">{counted(texts.list.looking, found)}</Text>}
        {!progress && meant && able && (
          <>
            {able.length < meant.rows.length && (
              <Text>{counted(texts.list.unable, meant.rows.length - able.length)}</Text>
            )}
            {meant.isCut && <Text>{counted(texts.list.cut, meant.rows.length)}</Text>}
          </>
        )}
        {!progress && act.Asks && able && (
          <act.Asks rows={able} go={(work, rows = able) => void run(rows, work)} close={leave} />
        )}
        {!progress && <Asked {...{ act, reason, say }} />}
        {!progress && !act.Asks && (
          <Group>
            {able && (
              <Button
                data-autofocus={!act.asks || undefined}
                onClick={() => void run(able)}
                disabled={able.length === 0 || (act.asks && reason.trim() === '')}
              >
                {counted(texts.list.confirm, able.length)}
              </Button>
            )}
            <Button variant="default" onClick={leave}>
              {texts.list.cancel}
            </Button>
          </Group>
        )}
        {progress && !result && (
          <>
            <Text role="status">
              {fill(texts.list.running, { done: number.format(progress.done), count: number.format(progress.of) })}
            </Text>
            <Progress aria-label={act.name(texts)} value={(100 * progress.done) / Math.max(1, progress.of)} />
            <Button variant="default" onClick={stop}>
              {texts.list.stop}
            </Button>
          </>
        )}
        {result && (
          <>
            <Alert
              role="status"
              title={fill(texts.list.result, {
                done: number.format(result.done),
                failed: number.format(result.failed.length),
              })}
            >
              {result.left > 0 && counted(texts.list.left, result.left)}
            </Alert>
            {result.failed.length > 0 && (
              <Refused
                {...{ result, label }}
                name={`${nameFor(list.path)}-refused.csv`}
                retry={rows => void run(rows)}
              />
            )}
            <Button variant="default" onClick={leave}>
              {texts.shell.close}
            </Button>
          </>
        )}
      </Stack>
    </Modal>
  )
}

/** What goes along, where the act asks for it. */
function Asked<Row>({ act, reason, say }: { act: RowAct<Row>; reason: string; say: (next: string) => void }) {
  const texts = useTexts()
  if (!act.asks) return null
  return act.among ? (
    <Select
      label={act.asks(texts)}
      data={act.among}
      value={reason || null}
      onChange={next => say(next ?? '')}
      data-autofocus
    />
  ) : (
    <Textarea
      label={act.asks(texts)}
      data-autofocus
      maxLength={1_000}
      value={reason}
      onChange={event => say(event.currentTarget.value)}
    />
  )
}

function Refused<Row>(props: {
  result: Result<Row>
  label: (row: Row) => string
  name: string
  retry: (rows: readonly Row[]) => void
}) {
  const { result, label, name, retry } = props
  const texts = useTexts()
  const all = result.failed.map(({ row, error }) => [label(row), messageOf(error, texts)] as const)
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
      <Group>
        <Button onClick={() => retry(result.failed.map(({ row }) => row))}>{texts.list.retryFailed}</Button>
        <Button variant="default" onClick={() => saveTable([[texts.list.rows, texts.list.why], ...all], name)}>
          {texts.list.refusedFile}
        </Button>
      </Group>
    </>
  )
}
