import { Button, Group, Modal, Progress, Stack, Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import lists from 'api:lists'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { ActButton } from '../../blocks/detail.tsx'
import { Empty } from '../../blocks/empty.tsx'
import { Link } from '../../blocks/link.tsx'
import { mayAsk } from '../../blocks/list/declaration.ts'
import { Outcome, useImport } from '../../blocks/list/import.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { Trouble } from '../../blocks/trouble.tsx'
import { State } from '../../blocks/values.tsx'
import { nameOf, useTexts, wordFor, type Catalogue } from '../../texts/texts.tsx'
import { usePerson } from '../../shell/person.tsx'

type Import = components['schemas']['ImportLine']
type Order = components['schemas']['PassportSerialisation']

/** What runs in the background, however it was begun. */
interface Job {
  readonly id: string
  /** The list it stands in. */
  readonly path: string
  readonly what: string
  readonly name: string | null
  readonly to?: string
  readonly state: string
  readonly progress: number
  readonly created: number
  readonly failed: number
  readonly createdAt: string
  readonly endedAt: string | null
  /** At the API. */
  readonly at: string
  /** A file was tried, and nothing changed. */
  readonly dryRun?: boolean
}

const orders = '/api/passports/serialisations'
/** Whoever takes files says so in the API's document. */
const paths = [...Object.keys(lists).filter(path => path.endsWith('/imports')), orders]

const ofImport = (path: string, one: Import): Job => ({
  ...one,
  path,
  name: one.file,
  at: `${path}/${one.id}`,
})

const ofOrder = ({ id, modelId, total, done, ...one }: Order): Job => ({
  ...one,
  id,
  path: orders,
  what: 'items',
  name: null,
  to: `/passports/${modelId}`,
  progress: total > 0 ? done / total : 1,
  at: `/api/passports/${modelId}/items/${id}`,
})

async function jobsOf(path: string): Promise<Job[]> {
  const { data } = await ask<{ items: unknown[] }>('GET', path, { query: { limit: 100 } })
  return data.items.map(one => (path === orders ? ofOrder(one as Order) : ofImport(path, one as Import)))
}

/** What runs for somebody, and what came of it: it goes on while the page is gone, and is found from any browser. */
export default function Jobs() {
  const texts = useTexts()
  const { role } = usePerson()
  const answers = useQueries({
    queries: paths
      .filter(path => mayAsk(path, role))
      .map(path => ({
        queryKey: [path, 'jobs'],
        queryFn: () => jobsOf(path),
        refetchInterval: ({ state }: { state: { data?: Job[] | undefined } }) =>
          state.data?.some(({ endedAt }) => !endedAt) ? 1_000 : 15_000,
      })),
  })
  const [opened, open] = useState<Job>()
  const jobs = answers.flatMap(({ data }) => data ?? []).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  const error = answers.find(answer => answer.error)?.error
  return (
    <Screen title={texts.operations.jobs}>
      {error && <Trouble error={error} />}
      {jobs.length > 0 && <JobTable jobs={jobs} open={open} />}
      {jobs.length === 0 && answers.every(({ isPending }) => !isPending) && (
        <Empty title={texts.operations.jobs} text={texts.operations.emptyJobs} />
      )}
      {opened && <Lines job={opened} close={() => open(undefined)} />}
    </Screen>
  )
}

function JobTable({ jobs, open }: { jobs: readonly Job[]; open: (job: Job) => void }) {
  const texts = useTexts()
  return (
    <Short
      name={texts.operations.jobs}
      rows={jobs}
      idOf={({ id }) => id}
      columns={[
        {
          id: 'what',
          cell: ({ to, what }) => (to ? <Link to={to}>{wordFor(texts, what)}</Link> : wordFor(texts, what)),
        },
        { id: 'name', name: nameOf(texts, 'file') },
        { id: 'state', cell: job => <Standing job={job} /> },
        { id: 'created', name: nameOf(texts, 'made'), kind: 'number' },
        { id: 'failed', name: nameOf(texts, 'refused'), kind: 'number' },
        { id: 'createdAt', name: nameOf(texts, 'begunAt'), kind: 'instant' },
        { id: 'endedAt', kind: 'instant' },
      ]}
      acts={job => (
        <Group gap="xs">
          {job.path !== orders && (
            <Button
              variant="default"
              size="compact-sm"
              aria-label={`${texts.shell.details}: ${job.name ?? wordFor(texts, job.what)}`}
              onClick={() => open(job)}
            >
              {texts.shell.details}
            </Button>
          )}
          {actsOn(job).map(([act, name, warns]) => (
            <ActButton
              key={act}
              size="compact-sm"
              act={{ name, ...(warns && { warns }), run: () => ask('POST', `${job.at}/${act}`) }}
            />
          ))}
        </Group>
      )}
    />
  )
}

type Say = (texts: Catalogue) => string

/** What it takes as it stands: what it is called at the API and here, and what it means where one should know before. */
function actsOn({ path, state, endedAt, dryRun, created }: Job): (readonly [act: string, name: Say, warns?: Say])[] {
  if (endedAt)
    return path === '/api/passports/imports' && state !== 'undone' && !dryRun && created > 0
      ? [['undo', t => t.operations.undo, t => t.operations.undoText]]
      : []
  const rests: [string, Say] =
    state === 'paused' ? ['resume', t => t.operations.resume] : ['pause', t => t.operations.pause]
  return [...(path === orders ? [] : [rests]), ['cancel', t => t.list.stop]]
}

function Standing({ job }: { job: Job }) {
  const texts = useTexts()
  return (
    <Stack gap={2}>
      <State value={job.state} />
      {job.dryRun && <Text size="xs">{texts.operations.tried}</Text>}
      {!job.endedAt && <Progress aria-label={texts.operations.jobs} value={job.progress * 100} />}
    </Stack>
  )
}

/** What became of a file, line by line. */
function Lines({ job, close }: { job: Job; close: () => void }) {
  const texts = useTexts()
  const { data, error } = useImport(job.path, job.id)
  return (
    <Modal opened onClose={close} title={job.name ?? wordFor(texts, job.what)} size="lg">
      <Stack>
        {error && <Trouble error={error} />}
        {data && <Outcome outcome={data} path={job.path} />}
      </Stack>
    </Modal>
  )
}
