import Type from 'typebox'
import { Currency } from '#contracts/shared'

/** For whom a product is shown. */
export const shownQuery = {
  currency: Type.Optional({ ...Currency, description: 'In which prices are shown' }),
  language: Type.Optional(
    Type.Enum(['en', 'de'], { description: 'Where nothing is said, as Accept-Language has it', examples: ['en'] }),
  ),
}
