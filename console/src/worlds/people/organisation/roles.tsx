import { Stack, Text } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import schema from 'schema:post /api/auth/organisations/{id}/roles'
import changed from 'schema:patch /api/auth/organisations/{id}/roles/{roleId}'
import { useState } from 'react'
import { ask } from '../../../api/client.ts'
import { Adding } from '../../../blocks/adding.tsx'
import { Read, type AnswerOf } from '../../../blocks/data.tsx'
import { ActButton } from '../../../blocks/detail.tsx'
import { Editor } from '../../../blocks/editor.tsx'
import { Link } from '../../../blocks/link.tsx'
import { Empty } from '../../../blocks/empty.tsx'
import { Screen } from '../../../blocks/screen.tsx'
import { within } from '../../../blocks/screens.tsx'
import { Short } from '../../../blocks/short.tsx'
import { useTexts, wordFor } from '../../../texts/texts.tsx'
import { rolesOf } from './role-field.ts'
import { Choice } from '../../../blocks/choice.tsx'

type Roles = AnswerOf<typeof rolesOf>
type Own = Roles['items'][number]

/** The four, and those that the organisation has defined. */
export function Roles({ id, leads }: { id: string; leads: boolean }) {
  const texts = useTexts()
  return (
    <Stack>
      <Text>{texts.teams.rolesText}</Text>
      {leads && (
        <Adding
          name={`role of ${id}`}
          schema={schema}
          button={texts.teams.addRole}
          save={(body, headers) => ask('POST', `/api/auth/organisations/${id}/roles`, { body, headers })}
        />
      )}
      <Read path={rolesOf} params={{ id }}>
        {roles => (
          <Short
            name={texts.teams.roles}
            rows={[...roles.items, ...roles.predefined]}
            idOf={row => ('id' in row ? row.id : row.role)}
            columns={[
              {
                id: 'name',
                cell: row =>
                  !('id' in row) ? (
                    wordFor(texts, row.role)
                  ) : leads ? (
                    <Link to={`/organisations/${id}/roles/${row.id}`}>{row.name}</Link>
                  ) : (
                    row.name
                  ),
              },
              { id: 'permissions', kind: 'words' },
              { id: 'members', cell: row => ('id' in row ? row.members : '–') },
              { id: 'serviceAccounts', cell: row => ('id' in row ? row.serviceAccounts : '–') },
            ]}
          />
        )}
      </Read>
    </Stack>
  )
}

/** One of them: defined anew, or removed. */
export default function RoleScreen() {
  const { id, role } = useParams({ strict: false }) as { id: string; role: string }
  const texts = useTexts()
  return (
    <Read path={rolesOf} params={{ id }}>
      {roles => {
        const own = roles.items.find(each => each.id === role)
        if (!own) return <Empty title={texts.teams.roles} text={texts.teams.rolesText} />
        return <Defined key={role} id={id} own={own} roles={roles} />
      }}
    </Read>
  )
}

function Defined({ id, own, roles }: { id: string; own: Own; roles: Roles }) {
  const texts = useTexts()
  const navigate = useNavigate()
  const [initial] = useState({ data: within(own, changed) })
  const path = `/api/auth/organisations/${id}/roles/${own.id}`
  const back = () => void navigate({ to: `/organisations/${id}`, search: { tab: 'roles' } as never })
  return (
    <Screen title={own.name} within={texts.people.organisations}>
      <Text>{texts.teams.toldRole}</Text>
      <Editor
        name={path}
        schema={changed}
        initial={initial}
        button={texts.form.save}
        save={body => ask('PATCH', path, { body })}
        saved={back}
      />
      <Removing own={own} roles={roles} run={to => ask('DELETE', path, { query: { to } }).then(back)} />
    </Screen>
  )
}

function Removing({ own, roles, run }: { own: Own; roles: Roles; run: (to?: string) => Promise<void> }) {
  const texts = useTexts()
  const [to, become] = useState<string>('viewer')
  const isHeld = own.members + own.serviceAccounts > 0
  const four = roles.predefined.map(({ role }) => role).filter(role => role === 'editor' || role === 'viewer')
  return (
    <Stack align="flex-start">
      {isHeld && (
        <Choice
          label={texts.teams.becomes}
          data={[
            ...four.map(value => ({ value: value as string, label: wordFor(texts, value) })),
            ...roles.items.filter(({ id }) => id !== own.id).map(({ id, name }) => ({ value: id, label: name })),
          ]}
          value={to}
          choose={become}
        />
      )}
      <ActButton
        act={{
          name: () => texts.teams.removeRole,
          warns: () => texts.teams.removeRoleText,
          run: () => run(isHeld ? to : undefined),
        }}
      />
    </Stack>
  )
}
