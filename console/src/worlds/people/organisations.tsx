import schema from 'schema:post /api/auth/organisations'
import invitation from 'schema:post /api/auth/organisations/{id}/invitations'
import { lazy, Suspense, type ReactNode } from 'react'
import { ask } from '../../api/client.ts'
import { Adding } from '../../blocks/adding.tsx'
import { Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { createScreen, detailScreen, listScreen } from '../../blocks/screens.tsx'
import { useTexts } from '../../texts/texts.tsx'
import type { Catalogue } from '../../texts/en.ts'
import { useRoleField } from './organisation/role-field.ts'

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
    { id: 'roles', name: texts.teams.roles, content: () => comes(<Roles id={id} leads={leads(role)} />) },
    // Owners and admins look after what acts for the organisation; those of the platform are like owners.
    ...(leads(role)
      ? [
          { id: 'programs', name: texts.teams.programs, content: () => comes(<Programs id={id} />) },
          ...(owns(role) ? [{ id: 'apps', name: texts.teams.apps, content: () => comes(<Apps id={id} />) }] : []),
          {
            id: 'sign-in',
            name: texts.teams.signIn,
            content: () => comes(<SignIn id={id} owns={owns(role)} />),
          },
        ]
      : []),
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

const owns = (role: string | null): boolean => role === null || role === 'owner'
const leads = (role: string | null): boolean => owns(role) || role === 'admin'

/** Nobody waits for the forms of these who only looks at the members. */
const Roles = lazy(async () => ({ default: (await import('./organisation/roles.tsx')).Roles }))
const Programs = lazy(async () => ({ default: (await import('./organisation/programs.tsx')).Programs }))
const Apps = lazy(async () => ({ default: (await import('./organisation/apps.tsx')).Apps }))
const SignIn = lazy(async () => ({ default: (await import('./organisation/sign-in.tsx')).SignIn }))
const comes = (content: ReactNode) => <Suspense>{content}</Suspense>

const membersOf = (id: string) =>
  listOf('/api/auth/organisations/{id}/members', {
    params: { id },
    columns: [
      { id: 'name' },
      { id: 'email' },
      { id: 'role', kind: 'word', value: ({ role, customRole }) => customRole?.name ?? role },
      { id: 'joinedAt', kind: 'instant' },
    ],
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
      { id: 'role', kind: 'word', value: ({ role, customRole }) => customRole?.name ?? role },
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

function Invitations({ id }: { id: string }) {
  const texts = useTexts()
  const role = useRoleField(id, ['owner', 'admin', 'editor', 'viewer'])
  return (
    <>
      <Adding
        name={`invitation ${id}`}
        schema={{ ...invitation, properties: { ...invitation.properties, role } }}
        button={texts.people.invite}
        save={body => ask('POST', `/api/auth/organisations/${id}/invitations`, { body })}
      />
      <List list={invitationsOf(id)} embedded />
    </>
  )
}
