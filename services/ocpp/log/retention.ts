import type { OcppHost } from '../host.ts'

const hour = 3_600_000

/** Lets messages go that are older than is said. */
export function keepMessages(host: OcppHost): void {
  host.every('1 hour', 'drop messages older than their retention', async () => void (await dropOldMessages(host)))
}

/** Parts last a day, or an eighth of the retention where that is less; the answer is how many went. */
async function dropOldMessages({ db, now, settings }: OcppHost): Promise<number> {
  const retention = settings.OCPP_MESSAGE_RETENTION
  const periodMs = Math.min(24 * hour, retention / 8)
  const before = new Date(now().getTime() - retention)
  const [tended] = await db.transaction(
    tx => tx<{ count: number }[]>`
      select kernel.tend('messages', ${now()}, ${periodMs} * interval '1 ms', ${before}) as count`,
  )
  return tended!.count
}
