import Type from 'typebox'
import { event } from './define.ts'
import { Currency, Id, Instant, Line, Minor } from './shared.ts'

const Amount = { ...Minor, minimum: 0 }

const wish = {
  wishId: Id,
  userId: Id,
  productId: Id,
  productName: Line(200, { examples: ['Wallbox 11 kW'] }),
  slug: Type.String({ maxLength: 120, examples: ['wallbox-11-kw'] }),
}

/** A product that somebody wishes for costs less than when they put it on their list, or no more than they wait for. */
export const WishCheaper = event(
  'users',
  'wish.cheaper',
  'wishId',
  Type.Object({
    ...wish,
    currency: Currency,
    priceMinor: Amount,
    /** When it was put on the list. */
    formerMinor: Amount,
    at: Instant,
  }),
)

/** A product that somebody wishes for can be bought again. */
export const WishAvailable = event('users', 'wish.available', 'wishId', Type.Object({ ...wish, at: Instant }))

/** A product that somebody wishes for is gone for good. */
export const WishGone = event('users', 'wish.gone', 'wishId', Type.Object({ ...wish, at: Instant }))
