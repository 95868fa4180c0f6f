import Type from 'typebox'
import { call } from './define.ts'
import { CartContent, Id } from './shared.ts'

/**
 * The cart of a person, or of a browser that nobody is signed in at. An order takes its lines and nothing else;
 * `order.created` empties it of them.
 */
export const getCart = call(
  'cart',
  'get_cart',
  Type.Object({
    userId: Type.Optional(Id),
    /** That a browser has in its cookie, where nobody is signed in. */
    token: Type.Optional(Type.String({ maxLength: 64 })),
  }),
  Type.Object({
    /** Null where nothing is in it. */
    cart: Type.Union([
      Type.Object({
        ...CartContent.properties,
        /** There is one order of a cart: once it is placed, what is bought next is in another. */
        cartId: Id,
        version: Type.Integer({ minimum: 1, examples: [1] }),
      }),
      Type.Null(),
    ]),
  }),
)
