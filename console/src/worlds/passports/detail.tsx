import { Button } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { base } from '../../api/base.ts'
import { Read } from '../../blocks/data.tsx'
import { Detail, type Act } from '../../blocks/detail.tsx'
import { Link } from '../../blocks/link.tsx'
import { valueAt } from '../../blocks/schema.ts'
import { useTexts } from '../../texts/texts.tsx'
import { end, publish, titleOf, type Passport } from './passports.tsx'

/** What one looks at comes when it is looked at. */
const Attributes = lazy(() => import('./attributes.tsx'))
const Proof = lazy(() => import('./proof.tsx'))
const Asking = lazy(() => import('./asking.tsx'))
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
  const navigate = useNavigate()
  const { id, status, updatedAt, data, granularity, audience } = passport
  // As everybody, or for the law alone.
  const reads = audience === 'public' || audience === 'authority'
  const model = valueAt(data, ['generalInformation', 'batteryModel', 'id'])
  return (
    <Suspense>
      <Detail
        title={titleOf(passport)}
        list={{ to: '/passports', name: texts.passports.title }}
        id={id}
        path={`/api/passports/${id}`}
        state={status}
        owner={passport.owner}
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
            {reads ? (
              <Asking id={id} />
            ) : (
              <Button component={Link} to={`/passports/${id}/edit`}>
                {texts.passports.edit}
              </Button>
            )}
          </>
        }
        acts={audience ? [] : actsOn(passport, () => void navigate({ to: '/passports' }))}
        tabs={[
          { id: 'data', name: texts.passports.data, content: () => <Attributes passport={passport} /> },
          ...(audience
            ? []
            : [
                {
                  id: 'readiness',
                  name: texts.passports.readiness,
                  content: () => <Readiness passport={passport} editable={status !== 'archived'} />,
                },
              ]),
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
          ...(audience ? [] : [{ id: 'readers', name: texts.passports.readers, content: () => <Readers id={id} /> }]),
          { id: 'history', name: texts.passports.history, content: () => <Versions passport={passport} /> },
          { id: 'proof', name: texts.passports.proof, content: () => <Proof passport={passport} /> },
          { id: 'access', name: texts.passports.access, content: () => <Access id={id} /> },
        ]}
      />
    </Suspense>
  )
}

/** What its owner does with it: a draft is published or deleted, what is published is archived. */
function actsOn(passport: Passport, leave: () => void): readonly Act[] {
  const { id, status } = passport
  if (status === 'draft')
    return [
      { name: t => t.passports.publish, warns: t => t.passports.publishText, run: () => publish(id) },
      { name: t => t.passports.remove, warns: t => t.passports.removeText, run: () => end(passport).then(leave) },
    ]
  if (status !== 'published') return []
  return [{ name: t => t.passports.archive, warns: t => t.passports.archiveText, run: () => end(passport) }]
}
