import { Stack, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import schema from 'schema:post /api/auth/organisations/{id}/service-accounts'
import { useState } from 'react'
import { ask } from '../../../api/client.ts'
import { Adding } from '../../../blocks/adding.tsx'
import { Read, type AnswerOf } from '../../../blocks/data.tsx'
import { Editor } from '../../../blocks/editor.tsx'
import { Empty } from '../../../blocks/empty.tsx'
import { listOf } from '../../../blocks/list/declaration.ts'
import { List } from '../../../blocks/list/list.tsx'
import type { Schema } from '../../../blocks/schema.ts'
import { Screen } from '../../../blocks/screen.tsx'
import { useTexts } from '../../../texts/texts.tsx'
import { Keys } from '../keys.tsx'
import { useRoleField } from './role-field.ts'

const path = '/api/auth/organisations/{id}/service-accounts'
type Account = AnswerOf<typeof path>['items'][number]

const of = (id: string, account?: string): string =>
  `/api/auth/organisations/${id}/service-accounts${account ? `/${account}` : ''}`

const accountsOf = (id: string) =>
  listOf(path, {
    params: { id },
    columns: [
      { id: 'name' },
      { id: 'role', kind: 'word', value: ({ role, customRole }) => customRole?.name ?? role },
      { id: 'createdAt', kind: 'instant' },
    ],
    open: account => `/organisations/${id}/programs/${account.id}`,
    acts: [
      {
        name: texts => texts.people.remove,
        warns: texts => texts.teams.removeProgramText,
        run: account => ask('DELETE', of(id, account.id)),
      },
    ],
    empty: texts => ({ title: texts.teams.programs, text: texts.teams.emptyPrograms }),
  })

/** A role of programs: one of two, or one that the organisation has defined. */
function useAccountSchema(id: string): Schema {
  const role = useRoleField(id, ['editor', 'viewer'])
  return { ...schema, properties: { ...schema.properties, role } }
}

/** What acts for the organisation by itself. */
export function Programs({ id }: { id: string }) {
  const texts = useTexts()
  return (
    <Stack>
      <Text>{texts.teams.programsText}</Text>
      <Adding
        name={`program of ${id}`}
        schema={useAccountSchema(id)}
        button={texts.teams.addProgram}
        save={(body, headers) => ask('POST', of(id), { body, headers })}
      />
      <List list={accountsOf(id)} embedded />
    </Stack>
  )
}

/** One of them: its role, and its keys. */
export default function ProgramScreen() {
  const { id, account } = useParams({ strict: false }) as { id: string; account: string }
  const texts = useTexts()
  return (
    <Read path={path} params={{ id }} query={{ limit: '100' }}>
      {({ items }) => {
        const found = items.find(each => each.id === account)
        if (!found) return <Empty title={texts.teams.programs} text={texts.teams.emptyPrograms} />
        return (
          <Screen title={found.name} within={texts.people.organisations}>
            <About key={account} id={id} account={found} />
            <Keys
              title={texts.teams.keys}
              path={`${of(id, account)}/keys`}
              list={{ empty: words => ({ title: words.teams.keys, text: words.teams.emptyKeys }) }}
            />
          </Screen>
        )
      }}
    </Read>
  )
}

function About({ id, account }: { id: string; account: Account }) {
  const texts = useTexts()
  const [count, again] = useState(0)
  const { name, role, customRole } = account
  return (
    <Editor
      key={`${count} ${name} ${customRole?.id ?? role}`}
      name={of(id, account.id)}
      schema={useAccountSchema(id)}
      initial={{ data: { name, role: customRole?.id ?? role } }}
      button={texts.form.save}
      save={body => ask('PATCH', of(id, account.id), { body })}
      saved={() => again(count + 1)}
    />
  )
}
