import Type from 'typebox'
import { anyone, anyoneAsThemselves, forForms, languageOf, newId, Problem } from '#kernel'
import { onTo, paths, pathTo } from '../entrance/paths.ts'
import { openVisitors } from '../entrance/visitors.ts'
import type { Identity } from '../identity.ts'
import { pagesIn } from '../pages.ts'
import { digest } from '../secrets.ts'
import { findInvitation, findOrganisation, listOrganisations } from './store.ts'

export const Token = Type.String({
  maxLength: 100,
  description: 'As it stands in the mail',
  examples: ['q3Jx0b8mUuRzv2c5wYt7hA…'],
})

/** Organisations on a page. */
const mostShown = 100

const pathOf = (token: string) => `/api/auth/invitations/${token}`

/** The page that messages about organisations lead to. */
export function membershipPage(identity: Identity): void {
  const { db, http } = identity.host
  const visitors = openVisitors(identity)
  http.get(
    '/memberships',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of the organisations one belongs to',
        produces: ['text/html'],
        hide: true,
        response: { 200: Type.Null() },
      },
    },
    async (request, reply) => {
      const holder = await visitors.holderOf(request)
      if (!holder) return onTo(reply, pathTo(paths.signIn, { return: paths.memberships }))
      const all = await listOrganisations(db, holder.user.id, undefined, mostShown)
      return pagesIn(languageOf(request)).memberships(reply, all.slice(0, mostShown), all.length > mostShown)
    },
  )
}

/** What the link of an invitation opens; `accept` makes a member, or fails with what is wrong. */
export function invitationPages(
  identity: Identity,
  accept: (person: { userId: string }, token: string) => Promise<{ name: string }>,
): void {
  const { host, sessions } = identity
  const { db, http, now } = host
  const visitors = openVisitors(identity)

  forForms(http, http => {
    const Params = Type.Object({ token: Token })
    const found = async (token: string) => {
      const invitation = await findInvitation(db, { tokenHash: digest(token) }, now())
      return {
        invitation,
        organisation: invitation && (await findOrganisation(db, invitation.organisationId, newId())),
      }
    }

    http.get(
      '/invitations/:token',
      {
        config: { access: anyone },
        schema: {
          summary: 'The page an invitation opens',
          params: Params,
          produces: ['text/html'],
          response: { 200: Type.Null(), 404: Type.Null() },
        },
      },
      async (request, reply) => {
        const { invitation, organisation } = await found(request.params.token)
        if (!invitation || !organisation) return pagesIn(languageOf(request)).expired(reply)
        const { invited, signIn, another } = pagesIn(invitation.locale)
        const holder = await visitors.holderOf(request)
        const path = pathOf(request.params.token)
        if (!holder) return signIn(reply, 200, organisation.name, invitation.email, path)
        if (holder.user.email !== invitation.email)
          return another(reply, 200, invitation.email, holder.user.email, path)
        return invited(reply, organisation.name)
      },
    )

    http.post(
      '/invitations/:token',
      {
        config: { access: anyoneAsThemselves },
        schema: {
          summary: 'Accept an invitation with its button',
          description: 'Whoever is not signed in, or as somebody else, gets a page that leads on.',
          refuses: ['origin_not_allowed'],
          params: Params,
          consumes: ['application/x-www-form-urlencoded'],
          produces: ['text/html'],
          response: { 200: Type.Null(), 401: Type.Null(), 403: Type.Null(), 404: Type.Null(), 409: Type.Null() },
        },
      },
      async (request, reply) => {
        if (!request.visitor) sessions.refuseForgery(request)
        const { token } = request.params
        const [holder, path] = [await visitors.holderOf(request), pathOf(token)]
        const { invitation, organisation } = await found(token)
        if (!holder && invitation && organisation)
          return pagesIn(invitation.locale).signIn(reply, 401, organisation.name, invitation.email, path)
        if (!holder) return pagesIn(languageOf(request)).expired(reply)
        const { user } = holder
        try {
          const { name } = await accept({ userId: user.id }, token)
          return pagesIn(user.locale).joined(reply, name)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          if (error.code === 'invitation_unknown') return pagesIn(languageOf(request)).expired(reply)
          if (error.code === 'member_exists' && organisation)
            return pagesIn(user.locale).already(reply, organisation.name)
          if (error.code !== 'invitation_for_another' || !invitation) throw error
          return pagesIn(user.locale).another(reply, 403, invitation.email, user.email, path)
        }
      },
    )
  })
}
