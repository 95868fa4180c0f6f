import { Button, Stack, Title } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { base } from '../../api/base.ts'
import { Read, read } from '../../blocks/data.tsx'
import { Detail, Facts } from '../../blocks/detail.tsx'
import { leavesOf } from '../../blocks/difference.ts'
import { History } from '../../blocks/history.tsx'
import { Link } from '../../blocks/link.tsx'
import { List } from '../../blocks/list/list.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { kindOf } from '../../blocks/merge.tsx'
import { documentsOf, Upload } from './documents.tsx'
import { publish, titleOf, type Passport } from './passports.tsx'

const Readers = lazy(() => import('./readers.tsx'))
const Readiness = lazy(() => import('./readiness.tsx'))

export default function PassportScreen() {
  const { id } = useParams({ strict: false }) as { id: string }
  return (
    <Read path="/api/passports/{id}" params={{ id }}>
      {passport => <Shown passport={passport} />}
    </Read>
  )
}

function Shown({ passport }: { passport: Passport }) {
  const texts = useTexts()
  const { id, status, updatedAt, data } = passport
  return (
    <Detail
      title={titleOf(passport)}
      list={{ to: '/passports', name: texts.passports.title }}
      id={id}
      path={`/api/passports/${id}`}
      state={status}
      changed={updatedAt}
      links={
        <>
          {status !== 'draft' && (
            <Button component="a" variant="default" href={`${base}/passport/${id}`}>
              {texts.passports.publicPage}
            </Button>
          )}
          <Button component={Link} to={`/passports/${id}/edit`}>
            {texts.passports.edit}
          </Button>
        </>
      }
      acts={
        status === 'draft'
          ? [{ name: t => t.passports.publish, warns: t => t.passports.publishText, run: () => publish(id) }]
          : []
      }
      tabs={[
        { id: 'data', name: texts.passports.data, content: () => <Data data={data} /> },
        {
          id: 'readiness',
          name: texts.passports.readiness,
          content: () => (
            <Suspense>
              <Readiness id={id} editable={status !== 'archived'} />
            </Suspense>
          ),
        },
        {
          id: 'documents',
          name: texts.passports.documents,
          content: () => (
            <>
              <Upload passportId={id} />
              <List list={documentsOf({ passportId: id })} embedded />
            </>
          ),
        },
        {
          id: 'readers',
          name: texts.passports.readers,
          content: () => (
            <Suspense>
              <Readers id={id} />
            </Suspense>
          ),
        },
        { id: 'history', name: texts.passports.history, content: () => <Versions id={id} /> },
        { id: 'access', name: texts.passports.access, content: () => <List list={accessTo(id)} embedded /> },
      ]}
    />
  )
}

/** Group by group, as deep as it goes. */
function Data({ data }: { data: Record<string, unknown> }) {
  const texts = useTexts()
  return (
    <Stack>
      {Object.entries(data).map(([group, value]) => (
        <section key={group}>
          <Title order={2} size="h4">
            {(texts.passports.groups as Record<string, string>)[group] ?? nameOf(texts, group)}
          </Title>
          <Facts
            facts={leavesOf(value).map(({ path, value: after }) => ({
              id: path.length > 0 ? path.map(part => nameOf(texts, String(part))).join(' › ') : group,
              kind: kindOf(after),
              value: after,
            }))}
          />
        </section>
      ))}
    </Stack>
  )
}

/** Who looked at what is not for everybody. */
const accessTo = (id: string) =>
  listOf('/api/passports/{id}/access-log', {
    params: { id },
    columns: [
      { id: 'reader', value: ({ reader }) => reader.id },
      { id: 'kind', kind: 'word', value: ({ reader }) => reader.kind },
      { id: 'audience', kind: 'word' },
      { id: 'route' },
      { id: 'at', kind: 'instant' },
    ],
    idOf: row => JSON.stringify(row),
    empty: texts => ({ title: texts.passports.access, text: texts.passports.emptyAccess }),
  })

function Versions({ id }: { id: string }) {
  return (
    <Read path="/api/passports/{id}/versions" params={{ id }} query={{ limit: '100' }}>
      {({ items }) => (
        <History steps={items} stateAt={async at => (await read('/api/passports/{id}', { id }, { at })).data.data} />
      )}
    </Read>
  )
}
