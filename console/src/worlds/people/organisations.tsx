import schema from 'schema:post /api/auth/organisations'
import { lazy } from 'react'
import { listOf } from '../../blocks/list/declaration.ts'
import { createScreen, detailScreen, listScreen } from '../../blocks/screens.tsx'
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
  tabs: (organisation, texts) => {
    const { id, role } = organisation
    return [
      { id: 'members', name: texts.people.members, content: () => <Members id={id} /> },
      { id: 'invitations', name: texts.people.invitations, content: () => <Invitations id={id} /> },
      { id: 'roles', name: texts.teams.roles, content: () => <Roles id={id} leads={leads(role)} /> },
      // Owners and admins look after what acts for the organisation; those of the platform are like owners.
      ...(leads(role)
        ? [
            { id: 'programs', name: texts.teams.programs, content: () => <Programs id={id} /> },
            ...(owns(role) ? [{ id: 'apps', name: texts.teams.apps, content: () => <Apps id={id} /> }] : []),
            { id: 'sign-in', name: texts.teams.signIn, content: () => <SignIn id={id} owns={owns(role)} /> },
          ]
        : []),
      {
        id: 'about',
        name: texts.shell.details,
        content: () => <Standing organisation={organisation} owns={owns(role)} leads={leads(role)} />,
      },
    ]
  },
})

const owns = (role: string | null): boolean => role === null || role === 'owner'
const leads = (role: string | null): boolean => owns(role) || role === 'admin'

/** Nobody waits for the forms of these who only looks at the members. */
const Members = lazy(async () => ({ default: (await import('./organisation/members.tsx')).Members }))
const Invitations = lazy(async () => ({ default: (await import('./organisation/members.tsx')).Invitations }))
const Standing = lazy(async () => ({ default: (await import('./organisation/standing.tsx')).Standing }))
const Roles = lazy(async () => ({ default: (await import('./organisation/roles.tsx')).Roles }))
const Programs = lazy(async () => ({ default: (await import('./organisation/programs.tsx')).Programs }))
const Apps = lazy(async () => ({ default: (await import('./organisation/apps.tsx')).Apps }))
const SignIn = lazy(async () => ({ default: (await import('./organisation/sign-in.tsx')).SignIn }))
