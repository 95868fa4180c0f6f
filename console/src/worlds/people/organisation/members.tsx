import { Alert, Group, Stack, Textarea } from '@mantine/core'
import { useState } from 'react'
import { ask } from '../../../api/client.ts'
import { ActButton } from '../../../blocks/detail.tsx'
import { listOf } from '../../../blocks/list/declaration.ts'
import { List } from '../../../blocks/list/list.tsx'
import { plain } from '../../../blocks/plain.ts'
import { messageOf } from '../../../blocks/trouble.tsx'
import { fill, nameOf, useTexts, wordFor } from '../../../texts/texts.tsx'
import { useRoleField } from './role-field.ts'
import { Choice } from '../../../blocks/choice.tsx'

const organisation = (id: string, rest: string): string => `/api/auth/organisations/${id}/${rest}`

type Given = { readonly role: string; readonly customRole?: { readonly id: string; readonly name: string } }
const role = { id: 'role', kind: 'word', value: ({ role, customRole }: Given) => customRole?.name ?? role } as const

/** Roles that one can give, by their names. */
function useRoles(id: string) {
  const texts = useTexts()
  const { enum: all = [], called = {} } = useRoleField(id, ['owner', 'admin', 'editor', 'viewer'])
  return all.map(String).map(value => ({ value, label: called[value] ?? wordFor(texts, value) }))
}

/** Who acts for an organisation, as what, and when they did last. */
export function Members({ id }: { id: string }) {
  const roles = useRoles(id)
  const list = listOf('/api/auth/organisations/{id}/members', {
    params: { id },
    columns: [...plain('name email'), role, ...plain('lastUsedAt:instant secondFactor:boolean joinedAt:instant')],
    idOf: ({ userId }) => userId,
    acts: [
      {
        name: texts => texts.people.role,
        asks: texts => nameOf(texts, 'role'),
        among: roles,
        run: ({ userId }, to) => ask('PUT', organisation(id, `members/${userId}`), { body: { role: to } }),
      },
      {
        name: texts => texts.people.remove,
        may: ({ role: is }) => is !== 'owner',
        warns: texts => texts.people.removeText,
        run: ({ userId }) => ask('DELETE', organisation(id, `members/${userId}`)),
      },
    ],
    empty: texts => ({ title: texts.people.emptyTitle, text: texts.people.emptyText }),
  })
  return <List list={list} embedded />
}

const invite = (id: string, email: string, as: string) =>
  ask('POST', organisation(id, 'invitations'), { body: { email, role: as } })

const invitationsOf = (id: string) =>
  listOf('/api/auth/organisations/{id}/invitations', {
    params: { id },
    columns: [{ id: 'email' }, role, { id: 'createdAt', kind: 'instant' }, { id: 'expiresAt', kind: 'instant' }],
    acts: [
      // The former link is good no more.
      {
        name: texts => texts.operations.sendAgain,
        run: ({ email, role: is, customRole }) => invite(id, email, customRole?.id ?? is),
      },
      { name: t => t.people.withdraw, run: ({ id: which }) => ask('DELETE', organisation(id, `invitations/${which}`)) },
    ],
    empty: texts => ({ title: texts.people.invitations, text: texts.people.emptyInvitations }),
  })

/** Who is invited; many at once, as they stand in a mail or a spreadsheet. */
export function Invitations({ id }: { id: string }) {
  const texts = useTexts()
  const roles = useRoles(id)
  const [typed, type] = useState('')
  const [as, choose] = useState('editor')
  const [result, tell] = useState<{ done: number; failed: number; refused: string[] }>()
  const addresses = [...new Set(typed.match(/[^\s,;<>"']+@[^\s,;<>"']+/g))]
  const send = async (): Promise<void> => {
    const refused: string[] = []
    const left: string[] = []
    for (const email of addresses)
      await invite(id, email, as).catch(error => {
        left.push(email)
        refused.push(`${email}: ${messageOf(error, texts)}`)
      })
    tell({ done: addresses.length - left.length, failed: left.length, refused })
    // Whom it did not reach stays, to be mended.
    type(left.join('\n'))
  }
  return (
    <Stack>
      <Stack maw="44rem" align="flex-start">
        <Textarea
          w="100%"
          autosize
          minRows={2}
          label={texts.people.addresses}
          description={texts.people.addressesText}
          value={typed}
          onChange={event => type(event.currentTarget.value)}
        />
        <Group align="flex-end">
          <Choice label={nameOf(texts, 'role')} data={roles} value={as} choose={choose} />
          <ActButton
            act={{ name: t => fill(t.people.inviteMany, { count: addresses.length }), run: send }}
            disabled={addresses.length === 0}
          />
        </Group>
        {result && (
          <Alert
            role="status"
            variant="default"
            title={fill(texts.people.invited, { done: result.done, failed: result.failed })}
          >
            {result.refused.map(each => (
              <p key={each}>{each}</p>
            ))}
          </Alert>
        )}
      </Stack>
      <List list={invitationsOf(id)} embedded />
    </Stack>
  )
}
