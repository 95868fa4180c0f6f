import type { OrganisationRole, Owner } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'
import type { Actor } from './access.ts'

/**
 * What decides about a thing: whose it is, and who else was let in. The one rule for passports, documents and all that
 * is owned.
 */
export interface Owned {
  readonly owner: Owner
  readonly readers?: readonly Owner[]
}

/**
 * Ids under which the actor owns and is let in: the person, and the organisation they act for. For `owner_id = any(…)`.
 */
export const partiesOf = (actor: Actor): string[] =>
  actor.organisation ? [actor.userId, actor.organisation.id] : [actor.userId]

/** Reads: the owner's members, whom it was shared with, admins. */
export const mayRead = (actor: Actor, { owner, readers = [] }: Owned): boolean =>
  actor.role === 'admin' || [owner, ...readers].some(party => partiesOf(actor).includes(party.id))

/** Writes: the owner's editors (or stronger), admins. */
export const mayWrite = (actor: Actor, { owner }: Owned): boolean =>
  actor.role === 'admin' ||
  owner.id === actor.userId ||
  (owner.id === actor.organisation?.id && actor.organisation.role !== 'viewer')

/**
 * Refuses what the actor may not do: what they cannot read does not exist for them (404), what they may only read is
 * forbidden (403).
 */
export function authorise(actor: Actor, to: 'read' | 'write', thing: Owned | undefined, unknown: string): void {
  if (!thing || !mayRead(actor, thing)) throw new Problem('not_found', unknown)
  if (to === 'write' && !mayWrite(actor, thing))
    throw new Problem('forbidden', 'editor_required', {
      detail: 'You may read this, but only editors of its owner may change it.',
    })
}

/** To whom new things of the actor belong. Fails with `editor_required` for a viewer of an organisation. */
export function ownerFor(actor: Actor): Owner {
  if (!actor.organisation) return { kind: 'person', id: actor.userId }
  const owner: Owner = { kind: 'organisation', id: actor.organisation.id }
  if (!mayWrite(actor, { owner }))
    throw new Problem('forbidden', 'editor_required', { detail: 'Viewers of an organisation cannot add to it.' })
  return owner
}

/**
 * The organisation that the actor hands something of theirs to. Fails with `organisation_unknown` for one they do not
 * belong to, `editor_required` for its viewers, and for whose role there lacks the `permission`.
 */
export function organisationFor(
  actor: Actor,
  id: string,
  members: readonly {
    readonly userId: string
    readonly role: OrganisationRole
    readonly permissions?: readonly string[]
  }[],
  permission: string,
): Owner {
  const own = members.find(({ userId }) => userId === actor.userId)
  const role = own?.permissions?.includes(permission) === false ? 'viewer' : own?.role
  if (members.length === 0 || (!role && actor.role !== 'admin')) throw new Problem('not_found', 'organisation_unknown')
  return ownerFor({ ...actor, organisation: { id, role: role ?? 'owner' } })
}
