import { CommandEnded } from '#contracts/ocpp'
import type { Job, Tx } from '#kernel'
import type { Payments } from '#money/payments'
import type { Told } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { openAsking } from './asking.ts'
import { openProgress, type Progress } from './progress.ts'
import { openSettling, type Settling } from './settling.ts'
import { findVisit, forgetVisits, listCharging, listDueVisits, lockVisit, setFailed, takeSession } from './store.ts'
import { chargeWithinMs, mayBeVisit, payWithinMs, type Reason, type Visit } from './visits.ts'

type BillingTx = Tx<'billing'>

/** So far ahead it is looked whether what is reserved still reaches. */
const aheadMs = 60_000
/** After that mail addresses are forgotten, and who never paid. */
const rememberedMs = 90 * 86_400_000

/** Who charges without an account, from the payment to the receipt. */
export interface AdHoc extends Settling {
  /** The card is good for so much: the charger is asked to begin. */
  begin(tx: BillingTx, visit: Visit): Promise<void>
  /** Nothing is charged any more. */
  fail(tx: BillingTx, id: string, from: Visit['state'], reason: Reason): Promise<void>
  /** What is told of sessions. */
  session(tx: BillingTx, told: Told, idToken: string | undefined): Promise<void>
  /** A session goes on. */
  watch(tx: BillingTx, sessionId: string, idToken: string | undefined): Promise<void>
  /** Whoever paid wants no more. */
  stop(visit: Visit): Promise<void>
  /** How far it is. */
  progress(visit: Visit, now: Date): Promise<Progress | undefined>
}

export function openAdHoc(
  host: BillingHost,
  payments: Payments<'billing'>,
  invoice: (tx: BillingTx, sessionId: string) => Promise<void>,
  due: (tx: BillingTx, visitId: string) => Promise<void>,
): AdHoc {
  const { db, log, now } = host
  const looking: Job<{ visitId: string }> = host.job(
    'look after who pays by card',
    ({ visitId }: { visitId: string }) => look(visitId),
  )
  const starts = host.metrics.counter('ohmnibus_billing_ad_hoc_total', 'Charging without an account, by how it ended', [
    'outcome',
  ])
  const { progress, reachesTo } = openProgress(host)
  const { begin, askToStop, stop } = openAsking(host)

  async function fail(tx: BillingTx, id: string, from: Visit['state'], reason: Reason): Promise<void> {
    const { paymentId } = (await findVisit(tx, { id }))!
    if (paymentId) await payments.hold(tx, paymentId)
    const visit = await lockVisit(tx, { id })
    if (visit?.state !== from || visit.sessionId) return
    if (paymentId) await payments.cancel(tx, paymentId)
    await setFailed(tx, id, reason, now())
    if (visit.terminalId !== null) await due(tx, id)
    starts.inc({ outcome: reason })
  }

  /** Ends what is not paid for any longer. */
  async function look(visitId: string): Promise<void> {
    const visit = await findVisit(db, { id: visitId })
    if (visit?.state !== 'charging' || !visit.sessionId) return
    const provider = visit.paymentId === null ? 'other' : (await payments.find(visit.paymentId))!.provider
    const keptMs = provider === 'razorpay' ? chargeWithinMs.razorpay : chargeWithinMs.other
    const isOld = now().getTime() - visit.authorisedAt!.getTime() > keptMs
    if (visit.stopWantedAt || isOld || !(await reachesTo(visit, aheadMs))) await stop(visit)
  }

  host.on(
    CommandEnded,
    { id: 'ad-hoc', purpose: 'know whether chargers begin for who paid by card', from: 'beginning' },
    async ({ requestId, outcome, answer }, tx) => {
      const visit = requestId ? await findVisit(tx, { requestId }) : undefined
      // Who did not answer in time may begin all the same.
      if (!visit || outcome === 'timeout') return
      const { status } = (answer ?? {}) as { status?: unknown }
      if (outcome === 'answered' && status === 'Accepted') return
      await fail(tx, visit.id, 'starting', outcome === 'offline' ? 'offline' : 'refused')
    },
  )
  host.every('1 minute', 'look after charging that is paid for by card', async () => {
    const at = now()
    const due = await listDueVisits(db, { paying: new Date(at.getTime() - payWithinMs), now: at })
    for (const { id } of due) {
      const { state } = (await findVisit(db, { id }))!
      if (state === 'paying') await db.transaction(tx => fail(tx, id, 'paying', 'unpaid'))
      if (state === 'starting') await db.transaction(tx => fail(tx, id, 'starting', 'unstarted'))
    }
    for (const { id: visitId } of await listCharging(db))
      await db.transaction(tx => tx.enqueue(looking, { visitId }, { key: `ad-hoc ${visitId}` }))
  })

  host.every('1 day', 'forget who paid by card', async () => {
    await db.transaction(tx => forgetVisits(tx, new Date(now().getTime() - rememberedMs)))
  })

  const settling = openSettling(host, payments, { begin, invoice, due, ended: outcome => starts.inc({ outcome }) })
  return {
    ...settling,
    begin,
    fail,
    stop,
    progress,
    async session(tx, { sessionId, endedAt = null }, idToken) {
      if (!mayBeVisit(idToken)) return
      await takeSession(tx, idToken, sessionId)
      const visit = await findVisit(tx, { token: idToken })
      if (!visit || endedAt !== null) return
      // It began too late, or with a token that was used: nobody pays for it.
      if (visit.sessionId === sessionId && visit.state !== 'failed') return
      log.warn({ visitId: visit.id, sessionId }, 'a session began that nobody pays for')
      await askToStop(tx, visit, sessionId)
    },
    async watch(tx, sessionId, idToken) {
      const visit = mayBeVisit(idToken) ? await findVisit(tx, { sessionId }) : undefined
      if (visit?.state === 'charging') await tx.enqueue(looking, { visitId: visit.id }, { key: `ad-hoc ${visit.id}` })
    },
  }
}
