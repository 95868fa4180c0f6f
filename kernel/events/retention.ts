import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from '../database/database.ts'
import type { EventLog } from './events.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

const day = 24 * 3_600_000
const batch = 5_000

/**
 * What one process does every hour for the tables of the kernel. Parts of the event log last an eighth of its retention
 * (milliseconds; for ever without), so events stay that much longer at most.
 */
export async function tend(options: {
  pool: Pool
  events: EventLog
  log: Log
  now: Date
  retention: number | undefined
}): Promise<void> {
  const { pool, events, log, now, retention } = options
  const ago = (ms: number): Date => new Date(now.getTime() - ms)
  for (let count = batch; count === batch;)
    ({ count } = await pool`
      delete from kernel.answers where key in (
        select key from kernel.answers where answered_at < ${ago(day)} limit ${batch})`)

  const part = Math.max(day / 24, Math.min(30 * day, (retention ?? Infinity) / 8))
  try {
    while (await events.tend(ago(part), retention === undefined ? undefined : ago(retention)))
      log.info('dropped a part of the event log')
  } catch (error) {
    // Not free within a second, and nobody who publishes is to wait for us longer than that.
    if ((error as { code?: string }).code !== '55P03') throw error
    log.info('the event log is in use; its parts are looked after in an hour')
  }
}

/** Shows when a data folder was backed up last, as `ohmnibus backup` noted there; nothing where it never was. */
export function showLastBackup(metrics: Metrics, dataFolder: string): void {
  metrics.gauge(
    'ohmnibus_backup_last_timestamp_seconds',
    'When the data folder was backed up last (Unix time)',
    [],
    async gauge => {
      const text = await readFile(join(dataFolder, 'last-backup.json'), 'utf8').catch(() => undefined)
      if (text) gauge.set(Date.parse((JSON.parse(text) as { at: string }).at) / 1000)
    },
  )
}
