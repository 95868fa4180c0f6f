import Type from 'typebox'
import { call } from './define.ts'
import { Id, Instant } from './shared.ts'

/** Services that take payments, each with an inbox of what its payment providers told. */
export const payers = ['billing', 'orders', 'users'] as const

/** What payment providers told a service and could not be worked: 10,000 at most, the oldest first. */
export const deadPaymentEventsOf = <const Owner extends string>(owner: Owner) =>
  call(
    owner,
    `${owner}_dead_payment_events`,
    Type.Object({}),
    Type.Object({
      events: Type.Array(
        Type.Object({
          id: Id,
          type: Type.String(),
          error: Type.Union([Type.String(), Type.Null()]),
          receivedAt: Instant,
        }),
      ),
    }),
  )

/** Has those of them that are dead still worked again, as if they had just come; says how many that were. */
export const replayPaymentEventsOf = <const Owner extends string>(owner: Owner) =>
  call(
    owner,
    `${owner}_replay_payment_events`,
    Type.Object({ ids: Type.Array(Id, { maxItems: 10_000 }) }),
    Type.Object({ replayed: Type.Integer({ minimum: 0 }) }),
  )
