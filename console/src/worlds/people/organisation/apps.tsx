import { Stack, Text } from '@mantine/core'
import schema from 'schema:post /api/auth/clients'
import { useState } from 'react'
import type { components } from '../../../api/api.gen'
import { ask } from '../../../api/client.ts'
import { Adding } from '../../../blocks/adding.tsx'
import { listOf } from '../../../blocks/list/declaration.ts'
import { List } from '../../../blocks/list/list.tsx'
import { plain } from '../../../blocks/plain.ts'
import { without } from '../../../blocks/schema.ts'
import { Told, type Secret } from '../../../blocks/told.tsx'
import { useTexts } from '../../../texts/texts.tsx'

type NewClient = components['schemas']['NewClient']

const registering = without(schema, 'password', 'organisationId', 'firstParty')

const clientsOf = (id: string, tell: (client: NewClient) => void) =>
  listOf('/api/auth/clients', {
    query: { organisationId: id },
    columns: plain('name kind:word id:id scopes:words redirectUris:list createdAt:instant?'),
    acts: [
      {
        name: texts => texts.teams.rotate,
        may: ({ kind }) => kind === 'confidential',
        warns: texts => texts.teams.rotateAppText,
        run: async client =>
          tell((await ask<NewClient>('POST', `/api/auth/clients/${client.id}/secret`, { body: {} })).data),
      },
      {
        name: texts => texts.people.remove,
        warns: texts => texts.teams.removeAppText,
        run: client => ask('DELETE', `/api/auth/clients/${client.id}`),
      },
    ],
    empty: texts => ({ title: texts.teams.apps, text: texts.teams.emptyApps }),
  })

/** Apps that the organisation has registered (OAuth clients). */
export function Apps({ id }: { id: string }) {
  const texts = useTexts()
  const [told, tell] = useState<readonly Secret[]>([])
  const also = ({ name, secret }: NewClient) => secret && tell(former => [...former, { name, secret }])
  return (
    <Stack>
      <Text>{texts.teams.appsText}</Text>
      <Told secrets={told} close={() => tell([])} />
      <Adding
        name={`app of ${id}`}
        schema={registering}
        button={texts.teams.addApp}
        save={async (body, headers) =>
          also(
            (
              await ask<NewClient>('POST', '/api/auth/clients', {
                body: { ...(body as object), organisationId: id },
                headers,
              })
            ).data,
          )
        }
      />
      <List list={clientsOf(id, also)} embedded />
    </Stack>
  )
}
