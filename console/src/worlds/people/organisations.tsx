import schema from 'schema:post /api/auth/organisations'
import invitation from 'schema:post /api/auth/organisations/{id}/invitations'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import { Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import type { Schema } from '../../blocks/schema.ts'
import { createScreen, detailScreen, listScreen } from '../../blocks/screens.tsx'
import { useTexts } from '../../texts/texts.tsx'
import type { Catalogue } from '../../texts/en.ts'

const title = (texts: Catalogue) => texts.people.organisations
const way = { to: '/organisations', name: title }

const list = listOf('/api/auth/organisations', {
  columns: [{ id: 'name' }, { id: 'role', kind: 'word' }, { id: 'createdAt', kind: 'instant' }],
  open: ({ id }) => `/organisations/${id}`,
  empty: texts => ({ title: texts.people.organisations, text: texts.people.emptyOrganisations }),
})

export const Organisations = listScreen(title, list, {
  to: '/organisations/new',
  name: texts => texts.people.newOrganisation,
})

export const NewOrganisation = createScreen({
  title: texts => texts.people.newOrganisation,
  list: way,
  schema,
  post: '/api/auth/organisations',
  opened: ({ id }) => `/organisations/${String(id)}`,
})

export const Organisation = detailScreen({
  path: '/api/auth/organisations/{id}',
  list: way,
  title: ({ name }) => name,
  tabs: ({ id, name, role, createdAt }, texts) => [
    { id: 'members', name: texts.people.members, content: () => <List list={membersOf(id)} embedded /> },
    { id: 'invitations', name: texts.people.invitations, content: () => <Invitations id={id} /> },
    {
      id: 'about',
      name: texts.shell.details,
      content: () => (
        <Facts
          facts={[
            { id: 'name', value: name },
            { id: 'role', kind: 'word', value: role },
            { id: 'createdAt', kind: 'instant', value: createdAt },
          ]}
        />
      ),
    },
  ],
})

const membersOf = (id: string) =>
  listOf('/api/auth/organisations/{id}/members', {
    params: { id },
    columns: [{ id: 'name' }, { id: 'email' }, { id: 'role', kind: 'word' }, { id: 'joinedAt', kind: 'instant' }],
    idOf: ({ userId }) => userId,
    acts: [
      {
        name: texts => texts.people.remove,
        may: ({ role }) => role !== 'owner',
        warns: texts => texts.people.removeText,
        run: ({ userId }) => ask('DELETE', `/api/auth/organisations/${id}/members/${userId}`),
      },
    ],
    empty: texts => ({ title: texts.people.emptyTitle, text: texts.people.emptyText }),
  })

const invitationsOf = (id: string) =>
  listOf('/api/auth/organisations/{id}/invitations', {
    params: { id },
    columns: [
      { id: 'email' },
      { id: 'role', kind: 'word' },
      { id: 'createdAt', kind: 'instant' },
      { id: 'expiresAt', kind: 'instant' },
    ],
    acts: [
      {
        name: texts => texts.people.withdraw,
        run: ({ id: which }) => ask('DELETE', `/api/auth/organisations/${id}/invitations/${which}`),
      },
    ],
    empty: texts => ({ title: texts.people.invitations, text: texts.people.emptyInvitations }),
  })

const { role, ...fields } = invitation.properties!
/** One of the four roles by its name; the other ones have ids, which nobody types. */
const inviting: Schema = {
  ...invitation,
  properties: { ...fields, role: { ...role, anyOf: role!.anyOf!.filter(({ enum: words }) => words) } },
}

function Invitations({ id }: { id: string }) {
  const texts = useTexts()
  return (
    <>
      <Adding
        name={`invitation ${id}`}
        schema={inviting}
        button={texts.people.invite}
        save={body => ask('POST', `/api/auth/organisations/${id}/invitations`, { body })}
      />
      <List list={invitationsOf(id)} embedded />
    </>
  )
}
