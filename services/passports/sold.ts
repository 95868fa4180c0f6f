import { BatterySold } from '#contracts/orders'
import type { PassportsHost } from './host.ts'
import { tellInterested } from './interested.ts'
import { insertInterested } from './readers.ts'
import { findHeld } from './store.ts'

/**
 * Who bought a battery reads of its passport what the law opens to its purchaser (Art. 77(2), third subparagraph, (b));
 * who answers for it stays who they are.
 */
export function openToBuyers({ on, now }: PassportsHost): void {
  on(
    BatterySold,
    { id: 'sold', purpose: 'let who bought a battery read its passport', from: 'beginning', afterFailure: 'pass' },
    async ({ passportId, buyer }, tx) => {
      const held = await findHeld(tx, passportId)
      // Gone, or theirs already.
      if (!held || held.owner.id === buyer.id) return
      if (await insertInterested(tx, passportId, buyer, now(), 'purchase')) await tellInterested(tx, held, buyer, true)
    },
  )
}
