import Type, { type Static } from 'typebox'

/** What figures are of: rates are from 0 to 1, but for faults a session; money is with tax and without. */
export const Measure = Type.Enum(
  ['energy', 'sessions', 'busy-time', 'utilisation', 'revenue', 'revenue-net', 'uptime', 'incidents', 'fault-rate'],
  { examples: ['energy'] },
)
export type Measure = Static<typeof Measure>

/** What they are told apart by. */
export const Grouping = Type.Enum(['station', 'site', 'operator', 'connector-type', 'charger', 'tariff'], {
  examples: ['station'],
})
export type Grouping = Static<typeof Grouping>

/** How long each is of. */
export const Interval = Type.Enum(['hour', 'day', 'month'], { examples: ['day'] })
export type Interval = Static<typeof Interval>
