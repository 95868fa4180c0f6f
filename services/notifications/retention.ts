import type { NotificationsHost } from './host.ts'
import { tend } from './store.ts'
import { dropMailings } from './deliveries.ts'

const day = 24 * 3_600_000

/** Milliseconds. A mail may be on its way for four days. */
export const leastRetention = 7 * day

/** Events before it are told nobody any more, and what was told of them goes. */
export const keptFrom = ({ settings, now }: NotificationsHost): Date =>
  new Date(now().getTime() - settings.NOTIFICATION_RETENTION)

/**
 * Parts last an eighth of the retention, a month at most. The clocks by which events got their ids may differ by an
 * hour.
 */
export async function dropOld(host: NotificationsHost): Promise<number> {
  const periodMs = Math.min(30 * day, host.settings.NOTIFICATION_RETENTION / 8)
  await host.db.transaction(tx => dropMailings(tx, new Date(host.now().getTime() - day)))
  return await host.db.transaction(tx => tend(tx, host.now(), periodMs, new Date(keptFrom(host).getTime() - day / 24)))
}
