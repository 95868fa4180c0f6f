import Type, { type Static } from 'typebox'
import { Email, Id, Instant, Line, Owner } from '#contracts/shared'
import type { KeptToken } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** As 2.x names them; 1.6 knows none, and takes all for cards. */
export const TokenType = Type.Enum(
  [
    'ISO14443',
    'ISO15693',
    'eMAID',
    'EVCCID',
    'VIN',
    'KeyCode',
    'Local',
    'MacAddress',
    'Central',
    'DirectPayment',
    'NoAuthorization',
  ],
  { examples: ['ISO14443'] },
)

const TokenStatus = Type.Enum(['accepted', 'blocked'], { examples: ['accepted'] })

/** What an operator says of a token; what is left out stays. */
export const Said = {
  label: Type.Optional(nullable(Line(200, { examples: ['Blue card 17'] }))),
  userId: Type.Optional({ ...nullable(Id), description: 'The person whose sessions these are', examples: [null] }),
  userEmail: Type.Optional({ ...Email, description: 'The same, by their address' }),
  groupId: Type.Optional({
    ...nullable(Line(255, { examples: ['FLEET-7'] })),
    description: 'Tokens of one group end each other’s sessions (1.6: parentIdTag, 20 characters at most)',
  }),
  status: Type.Optional(TokenStatus),
  expiresAt: Type.Optional({ ...nullable(Instant), examples: ['2099-12-31T23:59:59.000Z'] }),
  exclusive: Type.Optional(Type.Boolean({ description: 'It has one session at a time' })),
}

export const Value = Line(255, {
  examples: ['04A2B9C1D2E380'],
  description: 'Compared without regard to case; contract ids and addresses of cars without separators too',
})

export const One = Type.Object({ id: Id })

export const TokenView = Type.Object(
  {
    id: Id,
    idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
    type: TokenType,
    owner: Owner,
    userId: nullable(Id),
    groupId: nullable(Type.String({ examples: ['FLEET-7'] })),
    label: nullable(Type.String({ examples: ['Blue card 17'] })),
    status: TokenStatus,
    blockedFor: {
      ...nullable(Type.String({ examples: ['funds'] })),
      description:
        'Why it is not accepted although its operator does: `funds` are owed, the `balance` of the wallet is too low, or its holder has `left` the company that pays',
    },
    expiresAt: nullable(Instant),
    exclusive: Type.Boolean(),
    createdAt: Instant,
    updatedAt: Instant,
    version: Type.Integer({ examples: [1] }),
  },
  { title: 'ChargingCard' },
)

export const view = ({ expiresAt, createdAt, updatedAt, ...token }: KeptToken): Static<typeof TokenView> => ({
  ...token,
  type: token.type as Static<typeof TokenType>,
  expiresAt: expiresAt && expiresAt.toISOString(),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})
