import Type from 'typebox'
import { Id } from '#contracts/shared'
import { fail, signedIn } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { enter, needsFactor, roleIn } from './access.ts'
import { refuseMemberChange } from './roles.ts'
import { findNeedsFactor, listMembersOf, touchOrganisation, writeNeedsFactor } from './store.ts'

const RulesView = Type.Object(
  {
    secondFactor: Type.Boolean({
      description: 'Whether who acts for the organisation, or looks after it, has to have a second factor',
      examples: [true],
    }),
  },
  { title: 'SignInRules' },
)

/** How those have to sign in who act for an organisation. */
export function signInRuleRoutes({ host: { db, http, now } }: Identity): void {
  const ById = Type.Object({ id: Id })

  http.get(
    '/organisations/:id/sign-in-rules',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How one has to sign in to act for an organisation',
        refuses: ['organisation_unknown', 'organisation_needs_factor'],
        params: ById,
        response: { 200: RulesView },
      },
    },
    async ({ actor, params: { id } }) => {
      await enter(db, actor, id)
      return { secondFactor: await findNeedsFactor(db, id) }
    },
  )

  http.put(
    '/organisations/:id/sign-in-rules',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say how one has to sign in to act for an organisation',
        description:
          'Only owners may, and who asks for a second factor has one. Members who lack it act for the organisation no ' +
          'longer, at once, nor do their keys; they set one up and are back. Service accounts go on.',
        refuses: [
          'organisation_unknown',
          'organisation_admin_required',
          'organisation_owner_required',
          'organisation_needs_factor',
        ],
        params: ById,
        body: RulesView,
        response: { 200: RulesView },
      },
    },
    async ({ actor, params: { id }, body: { secondFactor } }) => {
      await enter(db, actor, id)
      await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        refuseMemberChange(await roleIn(tx, actor, id), 'owner', null)
        if (secondFactor && !(await findUser(tx, actor.userId))?.secondFactor) fail(...needsFactor)
        if ((await findNeedsFactor(tx, id)) === secondFactor) return
        await writeNeedsFactor(tx, id, secondFactor)
        for (const { userId } of await listMembersOf(tx, id)) await revokeTokens(tx, userId, now())
      })
      return { secondFactor }
    },
  )
}
