import { partiesOf, withRole, type Actor } from '#kernel'

/** Who sells. */
export const vendors = withRole('vendor', 'admin')

/** Whose things a list has; undefined is everybody's. */
export const vendorsFor = (actor: Actor): string[] | undefined =>
  actor.role === 'admin' ? undefined : partiesOf(actor)

/** Whether what this vendor sells is the actor's to see to. */
export const sellsAs = (actor: Actor, vendorId: string | null): boolean =>
  actor.role === 'admin' || (actor.role === 'vendor' && vendorId !== null && partiesOf(actor).includes(vendorId))

/** The vendor that the actor is. */
export const vendorOf = (actor: Actor) =>
  actor.organisation
    ? ({ kind: 'organisation', id: actor.organisation.id } as const)
    : ({ kind: 'person', id: actor.userId } as const)
