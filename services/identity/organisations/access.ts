import type { OrganisationRole } from '#contracts/shared'
import { type Actor, type Db, fail, Problem, type Tx } from '#kernel'
import { refuseMemberChange, type Standing } from './roles.ts'
import { findMember, findOrganisation, type Seen, unmetRule } from './store.ts'

export const needsFactor = [
  'forbidden',
  'organisation_needs_factor',
  { detail: 'The organisation asks for a second factor. Set one up at /api/auth/security.' },
] as const

/** Where somebody is signed in by a provider. */
const wayTo = (provider: string): string => `/api/auth/oauth/${provider}`

/** Fails with `organisation_needs_provider`, which says where to sign in. */
export const needsProvider = (provider: string): never =>
  fail('forbidden', 'organisation_needs_provider', {
    detail: `The organisation asks its people to sign in by its own provider: begin at ${wayTo(provider)}.`,
    provider,
    signIn: wayTo(provider),
  })

/** How who is not an owner or admin of an organisation, or not signed in as it asks, is refused. */
export const guarded = [
  'organisation_unknown',
  'organisation_needs_factor',
  'organisation_needs_provider',
  'organisation_admin_required',
] as const

/** Fails where the organisation asks for a factor that the person lacks, or for another sign-in than that of the session. */
export async function refuseUnmet(db: Db, id: string, userId: string, sessionId: string): Promise<void> {
  const unmet = await unmetRule(db, id, userId, sessionId)
  if (unmet?.lacksFactor) fail(...needsFactor)
  if (unmet?.provider) needsProvider(unmet.provider)
}

/**
 * The organisation and what the actor may be in it; an admin of the platform is like an owner. Others do not learn that
 * it exists.
 */
export async function enter(
  db: Db,
  actor: Actor,
  id: string,
): Promise<{ organisation: Seen; own: OrganisationRole; standing: Standing }> {
  const organisation = await findOrganisation(db, id, actor.userId)
  const own = actor.role === 'admin' ? 'owner' : organisation?.role
  if (!organisation || !own) throw new Problem('not_found', 'organisation_unknown')
  if (actor.role !== 'admin') await refuseUnmet(db, id, actor.userId, actor.sessionId)
  const custom = actor.role === 'admin' ? null : organisation.custom
  return { organisation, own, standing: { role: own, custom } }
}

/** What the actor may be in the organisation by now. Only after `touchOrganisation`. */
export async function standingOf(tx: Tx, actor: Actor, id: string): Promise<Standing> {
  const own =
    actor.role === 'admin' ? ({ role: 'owner', custom: null } as const) : await findMember(tx, id, actor.userId)
  if (!own) throw new Problem('not_found', 'organisation_unknown')
  return own
}

/** The same for what only the four decide about. */
export const roleIn = async (tx: Tx, actor: Actor, id: string): Promise<OrganisationRole> =>
  (await standingOf(tx, actor, id)).role

/** The organisation is looked after by its owners and admins alone: others are told `organisation_admin_required`. */
export async function enterAsAdmin(db: Db, actor: Actor, id: string): Promise<void> {
  refuseMemberChange((await enter(db, actor, id)).own, undefined, null)
}

/** The same within a change, as it stands then. */
export async function requireAdmin(tx: Tx, actor: Actor, id: string): Promise<void> {
  refuseMemberChange(await roleIn(tx, actor, id), undefined, null)
}
