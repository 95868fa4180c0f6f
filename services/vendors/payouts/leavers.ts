import { Problem } from '#kernel'
import { accountsOf } from '#money/ledger'
import type { VendorsHost } from '../host.ts'
import { lockProfile, writeProfile } from '../profiles/store.ts'
import { requestPayout } from './paying-out.ts'
import type { Sending } from './sending.ts'

/**
 * Who has left is paid out what was theirs, as it becomes available; only when nothing of theirs is left on the platform is
 * it forgotten where it went to.
 */
export async function payOutWhoLeft({ db, log, now, settings }: VendorsHost, sending: Sending): Promise<void> {
  const left = await db<{ id: string }[]>`
    select id from vendors where status = 'closed' and (iban is not null or account_holder is not null) order by id`
  for (const { id } of left)
    await db
      .transaction(async tx => {
        const vendor = (await lockProfile(tx, id))!
        const at = now()
        for (const { kind, currency, balanceMinor } of await accountsOf(tx, id))
          if (kind === 'available' && balanceMinor > 0n)
            await requestPayout(tx, { settings, sending }, vendor, { currency, requestedBy: null }, at)
        const waits = (await accountsOf(tx, id)).some(
          ({ kind, balanceMinor }) =>
            ((kind === 'pending' || kind === 'paying') && balanceMinor !== 0n) ||
            (kind === 'available' && balanceMinor > 0n),
        )
        if (!waits) await writeProfile(tx, { ...vendor, iban: null, accountHolder: null })
      })
      .catch(error => {
        if (!(error instanceof Problem)) throw error
        log.warn({ vendor: id, problem: error.code }, 'what somebody left behind could not be paid out')
      })
}
