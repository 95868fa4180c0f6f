import { Alert, Anchor, Button, FileInput, Group, Modal, Progress, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import type { components } from '../../api/api.gen'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { Short } from '../short.tsx'
import { Trouble } from '../trouble.tsx'
import type { ImportOf } from './declaration.ts'

export type Import = components['schemas']['Import']

/** How far an import is, asked again until it is over; `path` is that of the list of such imports. */
export const useImport = (path: string, id: string | undefined) =>
  useQuery({
    queryKey: [path, 'one', id],
    enabled: id !== undefined,
    queryFn: async () => (await ask<Import>('GET', `${path}/${id}`)).data,
    refetchInterval: ({ state }) => (state.data?.endedAt ? false : 1_000),
  })

/** Takes over what was tried, by its id: exactly that file, as its heads were read. */
export async function commit(queries: QueryClient, path: string, { id }: Import): Promise<Import> {
  const list = path.replace(/import$/, 'imports')
  const { data } = await ask<Import>('POST', `${list}/${id}/commit`)
  queries.setQueryData([list, 'one', id], data)
  return data
}

/** As an address takes it, whatever is in it. */
const nameOfFile = ({ name }: File): string | undefined =>
  name.replaceAll(/\p{C}/gu, '').trim().slice(0, 200) || undefined

/** Columns that a file names and nobody knows, where one can say what they are. */
const unknownIn = (trouble: unknown): readonly string[] =>
  trouble instanceof ApiProblem && trouble.code === 'import_invalid'
    ? trouble.errors.map(({ pointer }) => pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~'))
    : []

/** A file is tried first, and says what it would do and what is wrong with which line; then it is taken over. */
export function ImportModal({ path, about, Heads, close }: ImportOf & { close: () => void }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const [file, choose] = useState<File | null>(null)
  const [sent, follow] = useState<Import>()
  const [trouble, tell] = useState<unknown>()
  const { data: now = sent } = useImport(path.replace(/import$/, 'imports'), sent?.id)
  const over = now?.endedAt ? now : undefined
  const send = async (dryRun: boolean): Promise<void> => {
    tell(undefined)
    try {
      if (!dryRun && over) return follow(await commit(queries, path, over))
      const { data } = await ask<Import>('POST', path, {
        query: { dryRun, file: nameOfFile(file!) },
        body: new Blob([file!], { type: 'text/csv' }),
      })
      follow(data)
    } catch (error) {
      tell(error)
    }
  }
  const finish = (): void => {
    void queries.invalidateQueries()
    close()
  }
  const unknown = Heads ? unknownIn(trouble) : []
  return (
    <Modal opened onClose={finish} title={texts.list.import} size="lg">
      <Stack>
        <Text>{texts.list.importText}</Text>
        {about && <Text>{about(texts)}</Text>}
        <FileInput
          label={texts.documents.file}
          accept=".csv,.txt,.xlsx,.json,.jsonl,.ndjson"
          value={file}
          onChange={next => {
            choose(next)
            follow(undefined)
            tell(undefined)
          }}
        />
        {Heads && unknown.length > 0 ? (
          <Suspense>
            <Heads key={unknown.join()} heads={unknown} saved={() => void send(true)} />
          </Suspense>
        ) : (
          trouble !== undefined && <Trouble error={trouble} />
        )}
        {now && <Outcome outcome={now} path={path.replace(/import$/, 'imports')} />}
        <Group>
          <TryThenTake over={over} disabled={!file || (now && !over)} send={dryRun => void send(dryRun)} />
          <Button variant="default" onClick={finish}>
            {texts.shell.close}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** Tries what is there, and takes over what that would make. */
export function TryThenTake(props: {
  over: Import | undefined
  disabled: boolean | undefined
  send: (dryRun: boolean) => void
}) {
  const { over, disabled, send } = props
  const texts = useTexts()
  return (
    <>
      <Button disabled={disabled} variant={over ? 'default' : 'filled'} onClick={() => send(true)}>
        {texts.list.try}
      </Button>
      {over?.dryRun && over.created + over.updated > 0 && (
        <Button onClick={() => send(false)}>{fill(texts.list.takeOver, { count: over.created + over.updated })}</Button>
      )}
    </>
  )
}

/** What came of a file; with the `path` of such imports also the file itself, as long as it is kept, with what is wrong in it. */
export function Outcome({ outcome, path }: { outcome: Import; path?: string }) {
  const texts = useTexts()
  const number = new Intl.NumberFormat(useLanguage())
  const { id, fileUntil, dryRun, endedAt, progress, created, updated, unchanged, failed, faults, losses } = outcome
  const counts = Object.entries({ created, updated, unchanged, failed }).map(([name, count]) => [
    name,
    number.format(count),
  ])
  return (
    <>
      {!endedAt && <Progress aria-label={texts.list.import} value={progress * 100} />}
      <Alert
        role="status"
        title={fill(
          dryRun ? texts.list.wouldDo : texts.list.hasDone,
          Object.fromEntries(counts) as Record<string, string>,
        )}
      />
      {path && failed > 0 && endedAt && fileUntil && (
        <Anchor href={`${base}${path}/${id}/marked`}>{texts.list.marked}</Anchor>
      )}
      <Short
        name={texts.list.whatIsWrong}
        rows={faults.slice(0, 100)}
        columns={[
          { id: 'line', name: texts.list.line },
          { id: 'column', name: texts.list.column },
          { id: 'detail', name: texts.list.whatIsWrong, cell: ({ detail }) => <span lang="en">{detail}</span> },
        ]}
      />
      {losses.length > 0 && <Text>{texts.list.notTaken}</Text>}
      <Short
        name={texts.list.notTaken}
        rows={losses.slice(0, 100)}
        columns={[
          { id: 'lines', name: texts.list.lines, kind: 'number' },
          { id: 'column', name: texts.list.column, cell: ({ column, pointer }) => column ?? pointer },
          { id: 'why', name: texts.list.why, cell: ({ detail }) => <span lang="en">{detail}</span> },
        ]}
      />
    </>
  )
}
