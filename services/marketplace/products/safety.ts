import Type, { type Static } from 'typebox'
import { Email, Line } from '#contracts/shared'

const Party = Type.Object({
  name: Line(200, { examples: ['Voltwerk GmbH'] }),
  address: Line(300, { examples: ['Ringstr. 5, 10115 Berlin, Germany'] }),
  email: { ...Email, description: 'Where people write to; it is shown to everybody' },
})

/** What an offer has to say of who is behind a product (Regulation (EU) 2023/988, Art. 19). */
export const Safety = Type.Object(
  {
    manufacturer: Party,
    responsible: Type.Optional(
      Type.Union([
        { ...Party, description: 'Who answers for it in the Union, where its maker is outside' },
        Type.Null(),
      ]),
    ),
    warnings: Type.Optional(
      Type.String({ maxLength: 2_000, pattern: '^[^\\u0000]*$', examples: ['To be installed by an electrician.'] }),
    ),
  },
  {
    description:
      'Who made it and who answers for it (Regulation (EU) 2023/988, Art. 19): the page of the product shows it',
    examples: [
      {
        manufacturer: {
          name: 'Voltwerk GmbH',
          address: 'Ringstr. 5, 10115 Berlin, Germany',
          email: 'safety@voltwerk.example',
        },
        warnings: 'To be installed by an electrician.',
      },
    ],
  },
)
export type Safety = Static<typeof Safety>

const Shown = Type.Object({ name: Type.String(), address: Type.String(), email: Type.String() })

/** The same as it is answered: what was taken in is not looked at again. */
export const SafetyView = Type.Object(
  {
    manufacturer: Shown,
    responsible: Type.Optional(Type.Union([Shown, Type.Null()])),
    warnings: Type.Optional(Type.String()),
  },
  { title: 'ProductSafety' },
)
