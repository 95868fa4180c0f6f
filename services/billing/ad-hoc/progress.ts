import { getSessionCourse } from '#contracts/sessions'
import { Problem } from '#kernel'
import type { Moment } from '#money/tariff-price'
import type { BillingHost } from '../host.ts'
import { termsOf } from '../tariffs/store.ts'
import { costOf } from './price.ts'
import type { Visit } from './visits.ts'

/** So long a charger is taken to charge as before while it says nothing. */
const silentMs = 15 * 60_000

export interface Progress {
  readonly startedAt: Date
  readonly endedAt: Date | null
  readonly energyWh: number
  readonly costMinor: bigint
}

/** What of a session is used, and what that costs. */
export function openProgress({ db, ask, now }: BillingHost) {
  const courseOf = async ({ sessionId }: Visit) => {
    if (!sessionId) return undefined
    return await ask(getSessionCourse, { sessionId }).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'session_unknown') return undefined
      throw error
    })
  }
  const costFor = async (visit: Visit, moments: readonly Moment[]): Promise<bigint> =>
    await costOf(db, visit, (await termsOf(db, visit.tariffId, visit.version))!, moments)

  /** What costs by the time goes on while the charger says nothing. */
  function momentsOf(
    course: readonly { at: string; energyWh: number }[],
    endedAt: string | null,
    at: number,
  ): Moment[] {
    const moments = course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
    const last = moments.at(-1)!
    return endedAt === null && at > last.at ? [...moments, { at, energyWh: last.energyWh }] : moments
  }

  return {
    async progress(visit: Visit, at: Date): Promise<Progress | undefined> {
      const found = await courseOf(visit)
      if (!found) return undefined
      const { startedAt, endedAt, energyWh, course } = found
      const cost = energyWh === 0 ? 0n : await costFor(visit, momentsOf(course, endedAt, at.getTime()))
      const costMinor = cost < visit.amountMinor ? cost : visit.amountMinor
      return {
        startedAt: new Date(startedAt),
        endedAt: endedAt === null ? null : new Date(endedAt),
        energyWh,
        costMinor,
      }
    },
    /** Whether what is reserved reaches for a while, at the pace of late. */
    async reachesTo(visit: Visit, ms: number): Promise<boolean> {
      const found = await courseOf(visit)
      if (!found || found.endedAt !== null) return true
      const known = found.course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
      const [before, last] = [known.at(-2)!, known.at(-1)!]
      const pace = last.at > before.at ? (last.energyWh - before.energyWh) / (last.at - before.at) : 0
      const until = Math.max(now().getTime(), last.at) + ms
      const unseenMs = Math.min(until - last.at, silentMs)
      const ahead = { at: until, energyWh: Math.round(last.energyWh + pace * unseenMs) }
      return (await costFor(visit, [...known, ahead])) < visit.amountMinor
    },
  }
}
