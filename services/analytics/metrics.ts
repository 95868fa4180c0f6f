import { building, shown } from './generations.ts'
import type { AnalyticsHost } from './host.ts'

/** The few figures that tell whether all is well: what was charged in a day, and whether figures are being made anew. */
export function metrics({ db, metrics, now }: AnalyticsHost): void {
  const lastDay = async () => {
    const { number } = await shown(db)
    const [row] = await db<{ energyWh: number; sessions: number }[]>`
      select coalesce(sum(energy_wh), 0)::float8 as "energyWh", coalesce(sum(sessions), 0)::float8 as sessions
      from slots where generation = ${number} and at >= ${new Date(now().getTime() - 86_400_000)}`
    return row!
  }
  metrics.gauge(
    'ohmnibus_analytics_day_energy_wh',
    'Energy that was charged in the last 24 hours, by the half hour',
    [],
    async gauge => gauge.set({}, (await lastDay()).energyWh),
  )
  metrics.gauge(
    'ohmnibus_analytics_day_sessions',
    'Sessions that began in the last 24 hours, by the half hour',
    [],
    async gauge => gauge.set({}, (await lastDay()).sessions),
  )
  metrics.gauge(
    'ohmnibus_analytics_rebuild_seconds',
    'For how long figures are being made anew; 0 where they are not',
    [],
    async gauge => {
      const made = await building(db)
      gauge.set({}, made ? (now().getTime() - made.begunAt.getTime()) / 1000 : 0)
    },
  )
}
