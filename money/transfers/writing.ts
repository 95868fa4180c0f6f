import type { AnyHost } from '../payments/payment.ts'
import { insertReversal, lockTransfer, noteReversal, noteTransfer, reversalsOf, sumReversals } from './store.ts'
import type { TransferSeen } from './stripe.ts'
import type { Heard, Reversal, Transfer } from './transfer.ts'

/** Where transfers change, and the service is told of it in the same transaction. */
export function openWriting<Name extends string>({ db, now, log }: AnyHost<Name>, { onTransfer }: Heard<Name>) {
  return {
    /** What a look at the provider showed. */
    write: (id: string, view: TransferSeen) =>
      db.transaction(async tx => {
        const before = await lockTransfer(tx, id)
        const fault = faultOf(before, view)
        if (fault) throw new Error(`the transfer ${id} is another one at the provider: ${fault}`)
        const at = now()
        let transfer = await noteTransfer(tx, id, { state: 'succeeded', providerId: view.id, failure: null }, at)
        if (before.state !== 'succeeded') await onTransfer(tx, { kind: 'succeeded', transfer, at })
        const known = await reversalsOf(tx, id)
        for (const seen of view.reversals) {
          const there = known.find(one => one.id === seen.mark || one.providerId === seen.id)
          if (there?.state === 'succeeded') continue
          const { amountMinor, id: providerId } = seen
          const made =
            there ??
            (await insertReversal(tx, { transferId: id, amountMinor, state: 'asked', ours: false, providerId }, at))
          const reversal = await noteReversal(tx, made.id, { state: 'succeeded', providerId, failure: null }, at)
          if (!reversal.ours) log.warn({ transfer: id, providerId }, 'a transfer was reversed at the provider itself')
          transfer = await sumReversals(tx, id)
          await onTransfer(tx, { kind: 'reversed', transfer, reversal, at })
        }
      }),
    /** The provider does not make it. */
    fail: (id: string, failure: string) =>
      db.transaction(async tx => {
        const before = await lockTransfer(tx, id)
        if (before.state !== 'asked') return
        const at = now()
        const transfer = await noteTransfer(tx, id, { ...before, state: 'failed', failure }, at)
        await onTransfer(tx, { kind: 'failed', transfer, failure, at })
      }),
    /** The provider does not take it back. */
    refuse: (id: string, { id: reversalId }: Reversal, failure: string) =>
      db.transaction(async tx => {
        const transfer = await lockTransfer(tx, id)
        const there = (await reversalsOf(tx, id)).find(one => one.id === reversalId)!
        if (there.state !== 'asked') return
        const at = now()
        const reversal = await noteReversal(tx, reversalId, { state: 'failed', providerId: null, failure }, at)
        await onTransfer(tx, { kind: 'reversal-failed', transfer, reversal, at })
      }),
  }
}

/** In what one at the provider is not ours. */
export const faultOf = (
  transfer: Transfer,
  { mark, account, amountMinor, currency }: TransferSeen,
): string | undefined =>
  mark !== transfer.id
    ? `it is marked as ${mark}`
    : account !== transfer.account
      ? `it goes to ${account}`
      : amountMinor !== transfer.amountMinor || currency !== transfer.currency
        ? `it is ${amountMinor} ${currency}`
        : undefined

export type Writing = ReturnType<typeof openWriting>
