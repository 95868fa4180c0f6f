import Type from 'typebox'
import { call } from './define.ts'
import { Id } from './shared.ts'

/** Services that keep something of persons, in the order in which an export lists them. */
export const keepers = [
  'identity',
  'users',
  'passports',
  'documents',
  'notifications',
  'ocpp',
  'stations',
  'sessions',
  'billing',
  'booking',
  'maintenance',
  'analytics',
  'marketplace',
  'cart',
  'orders',
  'vendors',
  'content',
  'admin',
] as const

/**
 * What a service keeps of a person, a page at a time: rows as they stand, but for secrets, by the table they are of.
 * `after` is `next` of the page before. The kernel answers it by what the service declares as `personal`.
 */
export const personalDataOf = <const Owner extends string>(owner: Owner) =>
  call(
    owner,
    `${owner}_personal_data`,
    Type.Object({ userId: Id, after: Type.Optional(Type.String({ maxLength: 4000 })) }),
    Type.Object({
      records: Type.Array(Type.Object({ of: Type.String(), record: Type.Record(Type.String(), Type.Unknown()) })),
      next: Type.Optional(Type.String()),
    }),
  )
