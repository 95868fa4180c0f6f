import type { OrganisationRole } from '#contracts/shared'
import { type Actor, type Db, fail, Problem, type Tx } from '#kernel'
import type { Standing } from './roles.ts'
import { findMember, findOrganisation, lacksFactor, type Seen } from './store.ts'

export const needsFactor = [
  'forbidden',
  'organisation_needs_factor',
  { detail: 'The organisation asks for a second factor. Set one up at /api/auth/security.' },
] as const

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
  if (actor.role !== 'admin' && (await lacksFactor(db, id, actor.userId))) fail(...needsFactor)
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
