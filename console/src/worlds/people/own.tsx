import { Anchor, List as Lines, Title } from '@mantine/core'
import { base } from '../../api/base.ts'
import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { useTexts } from '../../texts/texts.tsx'
import { Keys } from './keys.tsx'

const apps = listOf('/api/auth/consents', {
  columns: [
    { id: 'client', value: ({ client }) => client.name },
    { id: 'organisation', value: ({ client }) => client.organisation },
    ...plain('scopes:list createdAt:instant lastUsedAt:instant'),
  ],
  acts: [
    {
      name: texts => texts.people.end,
      warns: texts => texts.account.endText,
      run: ({ id }) => ask('DELETE', `/api/auth/consents/${id}`),
    },
  ],
  empty: texts => ({ title: texts.account.apps, text: texts.account.appsNone }),
})

const signIns = listOf('/api/auth/sign-ins', {
  columns: plain('at:instant outcome:state device addressPrefix methods:list'),
  empty: texts => ({ title: texts.account.signIns, text: texts.account.emptySignIns }),
})

/** What acts for one, who came in, and the pages on which one changes how. */
export function Own() {
  const { account: words } = useTexts()
  const pages = {
    '/api/auth/security': words.security,
    '/api/auth/ways-in': words.waysIn,
    '/api/auth/apps': words.apps,
    '/api/auth/agree': words.agreements,
    '/api/users/export': words.data,
    '/api/auth/leave': words.leave,
  }
  return (
    <>
      <Title order={2}>{words.apps}</Title>
      <List list={apps} embedded />
      <Keys
        title={words.keys}
        path="/api/auth/keys"
        list={{ empty: texts => ({ title: texts.account.keys, text: texts.account.emptyKeys }) }}
      />
      <Title order={2}>{words.signIns}</Title>
      <List list={signIns} embedded />
      <Title order={2}>{words.ways}</Title>
      <Lines>
        {Object.entries(pages).map(([path, name]) => (
          <Lines.Item key={path}>
            <Anchor href={base + path}>{name}</Anchor>
          </Lines.Item>
        ))}
      </Lines>
    </>
  )
}
