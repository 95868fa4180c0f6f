import type { SessionsHost } from './host.ts'
import { dropReadings, listUnthinned, thin } from './readings.ts'
import { dropRequests } from './requests.ts'

const day = 24 * 3_600_000

/** Keeps of old readings what is to stay, and drops the rest with its part. The answer is how many parts went. */
export async function thinReadings({ db, now, settings }: SessionsHost): Promise<number> {
  const at = now()
  const before = new Date(at.getTime() - settings.SESSION_READINGS_RETENTION)
  for (let ids = await listUnthinned(db, before); ids.length > 0; ids = await listUnthinned(db, before)) {
    const thinned = ids
    await db.transaction(tx => thin(tx, thinned))
  }
  await db.transaction(tx => dropRequests(tx, new Date(at.getTime() - 30 * day)))
  const periodMs = Math.min(7 * day, settings.SESSION_READINGS_RETENTION / 8)
  // Clocks by which sessions got their ids may differ by an hour.
  return await db.transaction(tx => dropReadings(tx, at, periodMs, new Date(before.getTime() - day / 24)))
}
