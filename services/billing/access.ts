import type { Owner } from '#contracts/shared'
import { fresh, partiesOf, withRole, type Actor, type Tx } from '#kernel'

/** Who sells. */
export const sellers = withRole('operator', 'admin')
/** Who sells, where money is given away or taken for paid. */
export const freshSellers = fresh(sellers, '5 minutes')

/** Whose things a list has; undefined is everybody's. */
export const ownersFor = (actor: Actor): string[] | undefined => (actor.role === 'admin' ? undefined : partiesOf(actor))

/** For whom the actor looks after money: themselves, and the organisation whose manager or operator they are. */
export const managedBy = ({ userId, role, organisation }: Actor): string[] =>
  organisation && (role === 'operator' || role === 'admin' || isManager(organisation))
    ? [userId, organisation.id]
    : [userId]

/** Owners and admins look after the money of an organisation, and whom it lets by a role of its own. */
export const isManager = ({ role, permissions }: NonNullable<Actor['organisation']>): boolean =>
  role === 'owner' || role === 'admin' || (permissions?.includes('billing:write') ?? false)

/** Whether prices there are the actor's to say. */
export const sellsAt = (actor: Actor, owner: Owner | null): boolean =>
  actor.role === 'admin' || (owner !== null && partiesOf(actor).includes(owner.id))

/** Of two who write the first version of something at once the second finds that of the first. */
export const lockFirst = (tx: Tx, what: string, id: string) =>
  tx`select pg_advisory_xact_lock(hashtextextended(${`${what} ${id}`}, 0))`
