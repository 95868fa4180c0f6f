import Type, { type Static } from 'typebox'
import { Currency } from '#contracts/shared'
import type { Db } from '#kernel'
import type { Charge } from '../charges/store.ts'

const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', maxLength: 5, examples: ['06:00'] })
const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const

/** When somebody may charge on their company's account; by the clock of the place, when the session begins. */
export const Policy = Type.Object(
  {
    daysOfWeek: Type.Optional(
      Type.Array(Type.Enum([...days], { examples: ['MONDAY'] }), { minItems: 1, maxItems: 7, uniqueItems: true }),
    ),
    from: Type.Optional(Clock),
    to: Type.Optional({ ...Clock, description: 'Not included; before `from` it is of the day after' }),
    most: Type.Optional(
      Type.Object(
        { amountMinor: Type.Integer({ minimum: 0, maximum: 1_000_000_000, examples: [20_000] }), currency: Currency },
        { description: 'In a month: what begins once that is spent is theirs to pay' },
      ),
    ),
  },
  { description: 'What begins otherwise is paid by the employee' },
)
export type Policy = Static<typeof Policy>

/** Whether the company of a card pays for a session. */
export async function allows(
  db: Db,
  { companyId, policy }: { readonly companyId: string; readonly policy: Policy | null },
  { sessionId, driverId, startedAt, place }: Charge,
): Promise<boolean> {
  if (!policy) return true
  const local = Temporal.Instant.fromEpochMilliseconds(startedAt.getTime()).toZonedDateTimeISO(place?.timeZone ?? 'UTC')
  const { daysOfWeek, from = '00:00', to = '24:00', most } = policy
  const time = local.toPlainTime().toString().slice(0, 5)
  const isWithin = from < to ? time >= from && time < to : time >= from || time < to
  if (!isWithin || (daysOfWeek && !daysOfWeek.includes(days[local.dayOfWeek - 1]!))) return false
  if (!most) return true
  const first = local.with({ day: 1 }).startOfDay()
  const [spent] = await db<{ minor: bigint }[]>`
    select coalesce(sum(total_minor), 0)::bigint as minor from charges
    where company_id = ${companyId} and driver_id = ${driverId} and currency = ${most.currency}
      and started_at >= ${new Date(first.epochMilliseconds)} and started_at <= ${startedAt} and session_id <> ${sessionId}`
  return spent!.minor < BigInt(most.amountMinor)
}
