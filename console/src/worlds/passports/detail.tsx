import { Button, Stack } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { base } from '../../api/base.ts'
import { Read } from '../../blocks/data.tsx'
import { Detail, Facts } from '../../blocks/detail.tsx'
import { leavesOf } from '../../blocks/difference.ts'
import { Link } from '../../blocks/link.tsx'
import { valueAt } from '../../blocks/schema.ts'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { kindOf } from '../../blocks/kind.ts'
import { publish, titleOf, type Passport } from './passports.tsx'
import { Part } from '../../blocks/screen.tsx'

/** What one looks at comes when it is looked at. */
const Access = lazy(() => import('./access.tsx'))
const Documents = lazy(() => import('./documents-of.tsx'))
const Versions = lazy(() => import('./versions.tsx'))
const Readers = lazy(() => import('./readers.tsx'))
const Items = lazy(() => import('./items.tsx'))
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
  const { id, status, updatedAt, data, granularity } = passport
  const model = valueAt(data, ['generalInformation', 'batteryModel', 'id'])
  return (
    <Suspense>
      <Detail
        title={titleOf(passport)}
        list={{ to: '/passports', name: texts.passports.title }}
        id={id}
        path={`/api/passports/${id}`}
        state={status}
        changed={updatedAt}
        links={
          <>
            {status !== 'draft' && granularity !== 'model' && (
              <Button component="a" variant="default" href={`${base}/api/passports/${id}/label?format=svg`}>
                {texts.items.label}
              </Button>
            )}
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
            content: () => <Readiness id={id} editable={status !== 'archived'} />,
          },
          ...(granularity === 'model'
            ? [
                {
                  id: 'items',
                  name: texts.items.title,
                  content: () => <Items id={id} model={typeof model === 'string' ? model : null} />,
                },
              ]
            : []),
          { id: 'documents', name: texts.passports.documents, content: () => <Documents id={id} /> },
          { id: 'readers', name: texts.passports.readers, content: () => <Readers id={id} /> },
          { id: 'history', name: texts.passports.history, content: () => <Versions id={id} /> },
          { id: 'access', name: texts.passports.access, content: () => <Access id={id} /> },
        ]}
      />
    </Suspense>
  )
}

/** Group by group, as deep as it goes. */
function Data({ data }: { data: Record<string, unknown> }) {
  const texts = useTexts()
  return (
    <Stack>
      {Object.entries(data).map(([group, value]) => (
        <Part key={group} title={(texts.passports.groups as Record<string, string>)[group] ?? nameOf(texts, group)}>
          <Facts
            facts={leavesOf(value).map(({ path, value: after }) => ({
              id: path.length > 0 ? path.map(part => nameOf(texts, String(part))).join(' › ') : group,
              kind: kindOf(after),
              value: after,
            }))}
          />
        </Part>
      ))}
    </Stack>
  )
}
