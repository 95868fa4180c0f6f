import { partiesOf, withRole, type Actor } from '#kernel'

/** Who reads figures of charging. */
export const operators = withRole('operator')

/** Whose figures one sees; undefined is everybody's. */
export const ownersFor = (actor: Actor): string[] | undefined => (actor.role === 'admin' ? undefined : partiesOf(actor))
