import { Stack, Title } from '@mantine/core'
import schema from 'schema:patch /api/auth/profile'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Read, read } from '../../blocks/data.tsx'
import { Editor } from '../../blocks/editor.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Screen } from '../../blocks/screen.tsx'
import { WayButton, within } from '../../blocks/screens.tsx'
import { useTexts } from '../../texts/texts.tsx'
import { Own } from './own.tsx'

const sessions = listOf('/api/auth/sessions', {
  columns: plain('device addressPrefix lastUsedAt:instant createdAt:instant current:boolean'),
  acts: [
    {
      name: texts => texts.people.end,
      may: ({ current }) => !current,
      run: ({ id }) => ask('DELETE', `/api/auth/sessions/${id}`),
    },
  ],
  empty: texts => ({ title: texts.people.sessions, text: '' }),
})

export default function Me() {
  const texts = useTexts()
  return (
    <Screen title={texts.people.profile} acts={<WayButton to="/me/messages" name={words => words.account.messages} />}>
      <Read path="/api/auth/profile">{(profile, tag) => <Profile key={tag} profile={profile} tag={tag} />}</Read>
      <Title order={2}>{texts.people.sessions}</Title>
      <List list={sessions} embedded />
      <Own />
    </Screen>
  )
}

function Profile({ profile, tag }: { profile: Record<string, unknown>; tag: string | undefined }) {
  const texts = useTexts()
  const [initial] = useState({ data: within(profile, schema), tag })
  return (
    <Stack>
      <Editor
        name="profile"
        schema={schema}
        initial={initial}
        button={texts.form.save}
        current={async () => {
          const now = await read('/api/auth/profile')
          return { data: within(now.data, schema), tag: now.tag }
        }}
        save={(body, headers) => ask('PATCH', '/api/auth/profile', { body, headers })}
        saved={() => {}}
      />
    </Stack>
  )
}
