import { Stack, Text, Title } from '@mantine/core'
import schema from 'schema:post /api/auth/terms'
import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { createScreen, detailScreen, listScreen } from '../../blocks/screens.tsx'
import { Facts } from '../../blocks/detail.tsx'
import type { Catalogue } from '../../texts/en.ts'

const here = { to: '/operations/terms', name: (texts: Catalogue) => texts.account.terms }

const versions = listOf('/api/auth/terms/versions', {
  columns: [
    { id: 'title', value: ({ titles }) => Object.values(titles)[0] },
    ...plain('key kind:word version:number effectiveAt:instant'),
    { id: 'languages', value: ({ titles }) => Object.keys(titles), kind: 'list' },
  ],
  open: ({ id }) => `/operations/terms/${id}`,
  acts: [
    {
      name: texts => texts.people.withdraw,
      may: ({ effectiveAt }) => new Date(effectiveAt) > new Date(),
      run: ({ id }) => ask('DELETE', `/api/auth/terms/${id}`),
    },
  ],
  empty: texts => ({ title: texts.account.terms, text: texts.account.emptyTerms }),
})

export const Terms = listScreen(here.name, versions, {
  to: '/operations/terms/new',
  name: texts => texts.account.newTerms,
})

export const NewTerms = createScreen({
  title: texts => texts.account.newTerms,
  list: here,
  schema,
  post: '/api/auth/terms',
  opened: ({ id }) => `/operations/terms/${String(id)}`,
})

const answersOf = (id: string) =>
  listOf('/api/auth/terms/{id}/answers', {
    params: { id },
    columns: plain('at:instant answer:state userId:id locale:word device addressHash:id?'),
    open: ({ userId }) => `/people/${userId}`,
    empty: texts => ({ title: texts.account.answers, text: texts.account.emptyAnswers }),
  })

export const TermsDetail = detailScreen({
  path: '/api/auth/terms/{id}',
  list: here,
  title: ({ texts, version }) => `${Object.values(texts)[0]?.title ?? ''} (${version})`,
  tabs: ({ id, key, kind, version, effectiveAt, publishedAt, digest, texts: all }, texts) => [
    {
      id: 'about',
      name: texts.shell.details,
      content: () => (
        <Stack>
          <Facts
            facts={[
              { id: 'key', value: key },
              { id: 'kind', kind: 'word', value: kind },
              { id: 'version', kind: 'number', value: version },
              { id: 'effectiveAt', kind: 'instant', value: effectiveAt },
              { id: 'publishedAt', kind: 'instant', value: publishedAt },
              { id: 'digest', kind: 'id', value: digest },
            ]}
          />
          {Object.entries(all).map(([language, { title, text }]) => (
            <div key={language} lang={language}>
              <Title order={2}>{title}</Title>
              <Text style={{ whiteSpace: 'pre-wrap' }}>{text}</Text>
            </div>
          ))}
        </Stack>
      ),
    },
    { id: 'answers', name: texts.account.answers, content: () => <List list={answersOf(id)} embedded /> },
  ],
})
