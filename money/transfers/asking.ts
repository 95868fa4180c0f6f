import type { Tx } from '#kernel'
import type { AnyHost } from '../payments/payment.ts'
import { Refused, Unclear } from '../payments/provider.ts'
import { findTransfer, noteWaiting, renewKey, renewReversalKey, reversalsOf } from './store.ts'
import type { Connect } from './stripe.ts'
import type { Reversal, Transfer } from './transfer.ts'
import type { Writing } from './writing.ts'

/** It comes about once the platform has money there: no failure, but a reason to wait. */
const waits = new Set(['balance_insufficient', 'insufficient_capabilities_for_transfer'])
/** Older keys the provider may have forgotten. */
const keysKeptMs = 20 * 3_600_000

/** What is written as wanted and has not come about is asked of the provider. */
export function openAsking({ db, log, now }: AnyHost, there: () => Connect, writing: Writing) {
  /** Asks for what is written as wanted, looks how it stands there, and writes that. Begun again it ends the same. */
  async function pursue(id: string): Promise<void> {
    const transfer = await findTransfer(db, id)
    if (!transfer || transfer.state === 'failed') return
    const providerId = transfer.providerId ?? (await send(transfer))
    if (providerId === undefined) return
    // Before the look: of a reversal with a newer key it shows what became of the older one.
    const reversals = await reversalsOf(db, id)
    let view = await there().lookUp(providerId)
    for (const reversal of reversals)
      if (reversal.state === 'asked' && !view.reversals.some(({ mark }) => mark === reversal.id))
        if (await takeBack(transfer, providerId, reversal)) view = await there().lookUp(providerId)
    await writing.write(id, view)
  }

  async function send(transfer: Transfer): Promise<string | undefined> {
    const again = transfer.keyNumber > 0 || now().getTime() - transfer.createdAt.getTime() > keysKeptMs
    try {
      return await there().transfer(transfer, again)
    } catch (error) {
      if (!(error instanceof Refused)) throw await renewed(error, tx => renewKey(tx, transfer))
      if (!waits.has(error.code)) return void (await writing.fail(transfer.id, error.message))
      log.warn({ transfer: transfer.id, cause: error.message }, 'a transfer waits for money at the provider')
      await db.transaction(async tx => {
        // It would say no again to the same key.
        await renewKey(tx, transfer)
        await noteWaiting(tx, transfer.id, error.message, now())
      })
      return undefined
    }
  }

  /** Whether it was taken. */
  async function takeBack({ id, currency }: Transfer, providerId: string, reversal: Reversal): Promise<boolean> {
    try {
      await there().reverse(providerId, reversal, currency)
      return true
    } catch (error) {
      if (!(error instanceof Refused)) throw await renewed(error, tx => renewReversalKey(tx, reversal))
      await writing.refuse(id, reversal, error.message)
      return false
    }
  }

  /** Where the answer would be repeated for the same key, another one is used from now on. */
  async function renewed(error: unknown, renew: (tx: Tx) => Promise<unknown>): Promise<unknown> {
    if (error instanceof Unclear && error.answered) await db.transaction(renew)
    return error
  }

  return { pursue }
}
