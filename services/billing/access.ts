import type { Owner } from '#contracts/shared'
import { partiesOf, withRole, type Actor } from '#kernel'

/** Who sells. */
export const sellers = withRole('operator', 'admin')

/** Whose things a list has; undefined is everybody's. */
export const ownersFor = (actor: Actor): string[] | undefined => (actor.role === 'admin' ? undefined : partiesOf(actor))

/** Whether prices there are the actor's to say. */
export const sellsAt = (actor: Actor, owner: Owner | null): boolean =>
  actor.role === 'admin' || (owner !== null && partiesOf(actor).includes(owner.id))
