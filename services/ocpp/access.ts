import type { Owner } from '#contracts/shared'
import { authorise, ownerFor, partiesOf, type Actor } from '#kernel'

/**
 * What an operator may not do is refused: what is another party's does not exist for them (404), and viewers change
 * nothing. What is nobody's yet is every operator's to look after.
 */
export function manageable<T extends { readonly owner: Owner | null }>(
  actor: Actor,
  to: 'read' | 'write',
  thing: T | undefined,
  unknown: string,
): T {
  if (thing?.owner === null) {
    if (to === 'write') ownerFor(actor)
    return thing
  }
  authorise(actor, to, thing as (T & { owner: Owner }) | undefined, unknown)
  return thing!
}

/** Whose things a list has: an index finds a page for each. Undefined is everybody's. */
export function scopesFor(actor: Actor, owner: string | undefined): (string | null)[] | undefined {
  if (actor.role === 'admin') return owner ? [owner] : undefined
  const parties = partiesOf(actor)
  if (owner) return parties.includes(owner) ? [owner] : []
  return [...parties, null]
}
