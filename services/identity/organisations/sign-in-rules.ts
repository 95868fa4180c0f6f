import Type, { type Static } from 'typebox'
import { Id } from '#contracts/shared'
import { type Actor, fail, fresh, Problem, signedIn, type Tx } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { findSession } from '../sessions/store.ts'
import { enter, needsFactor, needsProvider, roleIn } from './access.ts'
import { verifiedDomainsOf } from './domains-store.ts'
import { refuseMemberChange } from './roles.ts'
import { findSignInRules, listMembersOf, type SignInRules, touchOrganisation, writeSignInRules } from './store.ts'

const secondFactor = Type.Boolean({
  description: 'Whether who acts for the organisation, or looks after it, has to have a second factor',
  examples: [true],
})
const provider = Type.Union([Type.String({ maxLength: 40 }), Type.Null()], {
  description: 'The provider of the organisation, of those that people sign in by here (`GET /api/auth/providers`)',
  examples: ['acme'],
})
const onlyProvider = Type.Boolean({
  description: 'Whether who acts for the organisation, or looks after it, has to have signed in by its provider',
  examples: [false],
})

const RulesView = Type.Object({ secondFactor, provider, onlyProvider }, { title: 'SignInRules' })

/** What is left out stays. */
const RulesBody = Type.Object({
  secondFactor,
  provider: Type.Optional({ ...provider, examples: [null] }),
  onlyProvider: Type.Optional(onlyProvider),
})

const view = ({ needsFactor, provider, onlyProvider }: SignInRules): Static<typeof RulesView> => ({
  secondFactor: needsFactor,
  provider,
  onlyProvider,
})

/** How those have to sign in who act for an organisation. */
export function signInRuleRoutes({ host, providers }: Identity): void {
  const { db, http, now } = host
  const ById = Type.Object({ id: Id })

  http.get(
    '/organisations/:id/sign-in-rules',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How one has to sign in to act for an organisation',
        refuses: ['organisation_unknown', 'organisation_needs_factor', 'organisation_needs_provider'],
        params: ById,
        response: { 200: RulesView },
      },
    },
    async ({ actor, params: { id } }) => {
      await enter(db, actor, id)
      return view(await findSignInRules(db, id))
    },
  )

  /** Nobody locks themselves out: who makes a rule meets it. An admin of the platform only takes rules away. */
  async function refuseLockOut(
    tx: Tx,
    actor: Actor,
    id: string,
    former: SignInRules,
    next: SignInRules,
  ): Promise<void> {
    const user = await findUser(tx, actor.userId)
    if (next.needsFactor && !former.needsFactor && !user?.secondFactor) fail(...needsFactor)
    const isNew = next.onlyProvider && !(former.onlyProvider && former.providerIssuer === next.providerIssuer)
    if (!isNew) return
    if ((await findSession(tx, actor.sessionId))?.issuer !== next.providerIssuer) needsProvider(next.provider!)
    const domains = await verifiedDomainsOf(tx, id)
    if (!domains.some(domain => user?.email.endsWith(`@${domain}`)))
      throw new Problem('conflict', 'domain_needed', {
        detail: 'Verify the domain of your address as one of the organisation first (/domains).',
      })
  }

  http.put(
    '/organisations/:id/sign-in-rules',
    {
      config: { access: fresh(signedIn, '15 minutes', true) },
      schema: {
        summary: 'Say how one has to sign in to act for an organisation',
        description:
          'Only owners may, and who asks for a second factor has one; who asks for sign-ins by the provider alone is ' +
          'signed in by it, with an address in a verified domain of the organisation. Members who do not meet the rules ' +
          'act for the organisation no longer, at once, nor do their keys; they sign in as it asks and are back. Service ' +
          'accounts go on. Where the provider is lost an admin of the platform takes the rule away.',
        refuses: [
          'organisation_unknown',
          'organisation_admin_required',
          'organisation_owner_required',
          'organisation_needs_factor',
          'organisation_needs_provider',
          'provider_unknown',
          'provider_needed',
          'domain_needed',
        ],
        params: ById,
        body: RulesBody,
        response: { 200: RulesView },
      },
    },
    async ({ actor, params: { id }, body }) => {
      await enter(db, actor, id)
      const named = body.provider ? providers.find(body.provider) : undefined
      return await db.transaction(async tx => {
        await touchOrganisation(tx, id)
        refuseMemberChange(await roleIn(tx, actor, id), 'owner', null)
        const former = await findSignInRules(tx, id)
        const next: SignInRules = {
          ...former,
          needsFactor: body.secondFactor,
          ...(body.provider !== undefined && {
            provider: named?.id ?? null,
            providerIssuer: named?.issuer.href ?? null,
          }),
          onlyProvider: body.onlyProvider ?? former.onlyProvider,
        }
        if (next.onlyProvider && !next.provider)
          throw new Problem('conflict', 'provider_needed', { detail: 'Say which provider the organisation has.' })
        if (Object.keys(next).every(key => next[key as keyof SignInRules] === former[key as keyof SignInRules]))
          return view(former)
        await refuseLockOut(tx, actor, id, former, next)
        await writeSignInRules(tx, id, next)
        await host.acted(tx, actor, 'sign-in-rules.changed', id, view(next))
        for (const { userId } of await listMembersOf(tx, id)) await revokeTokens(tx, userId, now())
        return view(next)
      })
    },
  )
}
