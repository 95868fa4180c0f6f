import { deleteExpiredUndos } from './accounts/undoing.ts'
import { deleteExpiredKeys } from './machines/store.ts'
import { deleteExpiredFactors } from './factors/store.ts'
import { deleteOldSignIns } from './history/store.ts'
import { deleteExpiredInvitations } from './organisations/store.ts'
import { deleteExpiredResets } from './passwords/store.ts'
import { deleteExpiredGrants } from './provider/store.ts'
import { deleteExpiredVisits } from './providers/store.ts'
import { deleteExpiredCodes } from './registration/store.ts'
import { deleteExpiredScimTokens } from './scim/store.ts'
import { deleteExpiredSessions, deleteOldRevocations } from './sessions/store.ts'

/** Codes and links go first: nothing that opens a door outlives its time. */
export async function forgetExpired(tx: Parameters<typeof deleteExpiredCodes>[0], now: Date): Promise<void> {
  await deleteExpiredCodes(tx, now)
  await deleteExpiredResets(tx, now)
  await deleteExpiredUndos(tx, now)
  await deleteExpiredFactors(tx, now)
  await deleteOldSignIns(tx, now)
  await deleteOldRevocations(tx)
  await deleteExpiredVisits(tx, now)
  await deleteExpiredGrants(tx, now)
  await deleteExpiredInvitations(tx, now)
  await deleteExpiredSessions(tx, now)
  await deleteExpiredScimTokens(tx, new Date(now.getTime() - 30 * 86_400_000))
  // Shown for a while as what they are.
  await deleteExpiredKeys(tx, new Date(now.getTime() - 30 * 86_400_000))
}
