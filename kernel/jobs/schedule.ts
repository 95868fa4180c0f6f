import { within } from '../telemetry/context.ts'
import type { Pool } from '../database/database.ts'
import type { Log } from '../telemetry/log.ts'
import type { Interval } from '../service.ts'
import { entry } from '../telemetry/tracing.ts'

const units = { ms: 1, second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Milliseconds of `10 minutes`. */
export function milliseconds(interval: Interval): number {
  const [number, unit] = interval.split(' ') as [string, string]
  return Number(number) * units[(unit === 'ms' ? unit : unit.replace(/s$/, '')) as keyof typeof units]
}

/** Periodic work: every process asks, the row decides which one does it. */
export function openSchedule({ pool, log, on }: { pool: Pool; log: Log; on: boolean }) {
  const timers: NodeJS.Timeout[] = []
  const running = new Set<Promise<void>>()

  async function attempt(service: string, purpose: string, ms: number, work: () => Promise<void>): Promise<void> {
    try {
      const [mine] = await pool`
        insert into kernel.schedules as s (service, purpose, next_at) values (${service}, ${purpose}, now() + ${ms} * interval '1 ms')
        on conflict (service, purpose) do update set next_at = excluded.next_at where s.next_at <= now() returning 1`
      if (mine) await within({}, () => entry(`every ${purpose}`, 'internal', { 'ohmnibus.service': service }, work))
    } catch (error) {
      log.error({ err: error, service, purpose }, 'periodic work failed')
    }
  }

  return {
    every(service: string, interval: Interval, purpose: string, work: () => Promise<void>): void {
      if (!on) return
      const ms = milliseconds(interval)
      const pace = Math.min(ms, 60_000)
      let busy: Promise<void> | undefined
      const tick = () => {
        if (busy) return
        // A tick that comes a moment early still counts, or every second one would be lost.
        const attempted = attempt(service, purpose, ms - pace / 10, work).finally(() => {
          running.delete(attempted)
          busy = undefined
        })
        running.add((busy = attempted))
      }
      timers.push(setInterval(tick, pace))
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(running)
    },
  }
}
