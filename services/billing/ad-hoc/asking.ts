import { AdHocStartRequested, AdHocStopRequested } from '#contracts/billing'
import { newId, type Tx } from '#kernel'
import { findCharge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { lockVisit, noteStopAsked, setStarting, wantStop } from './store.ts'
import { beginWithinMs, type Visit } from './visits.ts'

type BillingTx = Tx<'billing'>

/** A charger that cannot be reached is not asked any more after that. */
const askWithinMs = 60_000

/** Asks chargers to begin and to end. */
export function openAsking({ db, now }: BillingHost) {
  /** The card is good for so much. */
  async function begin(tx: BillingTx, { id, chargerId, evse, connector, token }: Visit): Promise<void> {
    const at = now()
    const requestId = newId(at.getTime())
    const beginBy = new Date(at.getTime() + beginWithinMs)
    await setStarting(tx, id, { requestId, beginBy, at })
    await tx.publish(AdHocStartRequested, {
      requestId,
      visitId: id,
      chargerId,
      evse,
      connector,
      idToken: token,
      remoteStartId: (parseInt(requestId.replaceAll('-', '').slice(-8), 16) % (2 ** 31 - 1)) + 1,
      until: new Date(at.getTime() + askWithinMs).toISOString(),
      tokenUntil: beginBy.toISOString(),
    })
  }

  async function askToStop(tx: BillingTx, visit: Pick<Visit, 'id' | 'chargerId'>, sessionId: string): Promise<void> {
    const at = now()
    await noteStopAsked(tx, visit.id, at)
    await tx.publish(AdHocStopRequested, {
      requestId: newId(at.getTime()),
      chargerId: visit.chargerId,
      sessionId,
      until: new Date(at.getTime() + askWithinMs).toISOString(),
    })
  }

  /** Wants one that goes on to end, and asks again while the charger does not. */
  async function stop({ id }: Pick<Visit, 'id'>): Promise<void> {
    await db.transaction(async tx => {
      const visit = await lockVisit(tx, { id })
      if (visit?.state !== 'charging' || !visit.sessionId) return
      await wantStop(tx, id, now())
      const isAsked = visit.stopAskedAt && now().getTime() - visit.stopAskedAt.getTime() < askWithinMs
      const charge = await findCharge(tx, visit.sessionId)
      if (!isAsked && charge?.state === 'running') await askToStop(tx, visit, visit.sessionId)
    })
  }

  return { begin, askToStop, stop }
}
