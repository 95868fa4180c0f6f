import { Stack, Title } from '@mantine/core'
import schema from 'schema:post /api/auth/keys'
import { useState } from 'react'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import type { ListDeclaration } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { Told, type Secret } from '../../blocks/told.tsx'
import { without } from '../../blocks/schema.ts'
import { useTexts } from '../../texts/texts.tsx'

type Key = components['schemas']['ApiKey']
type NewKey = components['schemas']['NewApiKey']

/** Who signed in long ago is asked for the password by the window itself. */
const making = without(schema, 'password')

/** What programs come in by: made, given another secret, and revoked. A secret is told once. */
export function Keys(props: {
  title: string
  path: string
  list: Omit<ListDeclaration<Key>, 'path' | 'columns' | 'acts'>
}) {
  const { title, path, list } = props
  const texts = useTexts()
  const [told, tell] = useState<readonly Secret[]>([])
  const also = ({ name, key }: NewKey) => tell(former => [...former, { name, secret: key }])
  const keys: ListDeclaration<Key> = {
    ...list,
    path,
    columns: plain(
      'name start:id scopes:words createdAt:instant? lastUsedAt:instant expiresAt:instant formerUntil:instant?',
    ),
    acts: [
      {
        name: words => words.teams.rotate,
        warns: words => words.teams.rotateText,
        run: async ({ id }) => also((await ask<NewKey>('POST', `/api/auth/keys/${id}/rotate`, { body: {} })).data),
      },
      {
        name: words => words.account.revoke,
        warns: words => words.account.revokeText,
        run: ({ id }) => ask('DELETE', `/api/auth/keys/${id}`),
      },
    ],
  }
  return (
    <Stack>
      <Title order={2}>{title}</Title>
      <Told secrets={told} close={() => tell([])} />
      <Adding
        name={path}
        schema={making}
        button={texts.teams.addKey}
        save={async (body, headers) => also((await ask<NewKey>('POST', path, { body, headers })).data)}
      />
      <List list={keys} embedded />
    </Stack>
  )
}
