import type { Owner } from '#contracts/shared'
import { Problem } from '#kernel'
import type { AnyHost } from '../payments/payment.ts'
import { Refused } from '../payments/provider.ts'
import { findAccount, insertAccount, lockAccount, noteAccount, noteLook } from './store.ts'
import type { AccountSeen, Connect } from './stripe.ts'
import type { Heard, Onboarding, PaidAccount } from './transfer.ts'

/** Accounts of those who are paid, as they stand at the provider. */
export function openAccounts<Name extends string>(
  { db, now }: AnyHost<Name>,
  there: () => Connect,
  heard: Pick<Heard<Name>, 'onAccount'>,
) {
  async function look(providerId: string): Promise<PaidAccount | undefined> {
    const seen = await there()
      .account(providerId)
      .catch((error: unknown): AccountSeen => {
        // Its owner has closed it, or let the platform go.
        if (error instanceof Refused) return { ready: false, due: [], disabled: error.message.slice(0, 500) }
        throw error
      })
    return await db.transaction(async tx => {
      const before = await lockAccount(tx, providerId)
      if (!before) return undefined
      const isSame =
        before.ready === seen.ready && before.disabled === seen.disabled && before.due.join() === seen.due.join()
      if (isSame) {
        await noteLook(tx, providerId, now())
        return before
      }
      const account = await noteAccount(tx, providerId, seen, now())
      await heard.onAccount(tx, account, before, now())
      return account
    })
  }

  async function ensureAccount(owner: Owner, about: Onboarding): Promise<PaidAccount> {
    const known = await findAccount(db, owner.id)
    if (known) return known
    const providerId = await there().createAccount(owner, about)
    return await db.transaction(async tx => {
      const account = await insertAccount(tx, owner, providerId, now())
      await heard.onAccount(tx, account, undefined, now())
      return account
    })
  }

  return {
    look,
    /** Fails with `payout_account_refused`. */
    async onboard(owner: Owner, about: Onboarding): Promise<{ url: string; expiresAt: Date }> {
      try {
        const { providerId } = await ensureAccount(owner, about)
        return await there().link(providerId, about)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        throw new Problem('unprocessable', 'payout_account_refused', { detail: error.message })
      }
    },
  }
}
