import { PayoutReversed, VendorAccountChanged, VendorRequirementsDue } from '#contracts/vendors'
import { newId, type Db, type Job, type Tx } from '#kernel'
import { post } from '#money/ledger'
import { openTransfers, type PaidAccount, type TransferChange, type Transfers } from '#money/transfers'
import { lockVendors, moved } from '../earnings/accounts.ts'
import type { VendorsHost } from '../host.ts'
import { told as aboutVendor } from '../profiles/profile.ts'
import { findProfile } from '../profiles/store.ts'
import { endPayout } from './paying-out.ts'
import { labelOf, told, type Payout } from './payout.ts'
import { lockPayout, waitingForTransfer, writePayout } from './store.ts'

/** Payouts that go by a transfer to an account at the provider. */
export interface Sending {
  readonly transfers: Transfers<'vendors'>
  /** Where a vendor is paid, where that is not their bank. */
  accountOf(db: Db, vendorId: string): Promise<PaidAccount | undefined>
  /** Sends an approved payout soon after the transaction. */
  soon(tx: Tx<'vendors'>, payout: Payout): Promise<void>
}

/** Opens them, and follows what becomes of transfers and accounts. */
export function openSending(host: VendorsHost): Sending {
  const { db, every, log } = host
  const transfers = openTransfers<'vendors'>(host, {
    onTransfer: (tx, change) => follow(host, tx, change),
    onAccount,
  })
  const job: Job<{ id: string }> = host.job('send payout', async ({ id }: { id: string }) => {
    await db.transaction(tx => send(tx, transfers, host.now(), id))
  })
  every('10 minutes', 'send payouts that wait for a transfer', async () => {
    for (const { id } of await waitingForTransfer(db)) await db.transaction(tx => send(tx, transfers, host.now(), id))
  })
  return {
    transfers,
    async accountOf(from, vendorId) {
      const account = await transfers.account(from, vendorId)
      return account?.ready ? account : undefined
    },
    async soon(tx, payout) {
      if (payout.via !== 'stripe' || payout.status !== 'approved') return
      await tx.enqueue(job, { id: payout.id }, { key: `payout ${payout.id}` })
      log.debug({ payout: payout.id }, 'a payout goes by transfer')
    },
  }
}

/** Once, whoever comes first: what is suspended, or not ready any more, waits for the clock. */
async function send(tx: Tx<'vendors'>, transfers: Transfers<'vendors'>, at: Date, id: string): Promise<void> {
  const payout = await lockPayout(tx, id)
  if (payout?.status !== 'approved' || payout.via !== 'stripe') return
  const vendor = (await findProfile(tx, payout.owner.id))!
  const account = await transfers.account(tx, vendor.id)
  if (vendor.status === 'suspended' || !account?.ready || account.providerId !== payout.destination) return
  await writePayout(tx, { ...payout, status: 'sent', sentAt: at, version: payout.version + 1 })
  const { amountMinor: minor, currency } = payout
  const description = `Payout ${payout.id}`
  await transfers.send(tx, { reference: payout.id, account, money: { minor, currency }, description })
}

async function follow({ log }: VendorsHost, tx: Tx<'vendors'>, change: TransferChange): Promise<void> {
  const { transfer, at } = change
  const payout = (await lockPayout(tx, transfer.reference))!
  const ending = { by: null, at }
  if (change.kind === 'succeeded') return void (await endPayout(tx, payout, 'paid', ending))
  if (change.kind === 'failed')
    return void (await endPayout(tx, payout, 'failed', { ...ending, reason: change.failure.slice(0, 2_000) }))
  const { reversal } = change
  if (change.kind === 'reversal-failed')
    return log.error({ payout: payout.id, reversal: reversal.id }, 'what was paid out could not be taken back')
  const { owner, currency } = payout
  const next = {
    ...payout,
    reversedMinor: payout.reversedMinor + reversal.amountMinor,
    version: payout.version + 1,
  }
  await writePayout(tx, next)
  const { available, paid } = (await lockVendors(tx, [owner], currency)).get(owner.id)!
  const transfers = moved(paid, available, reversal.amountMinor)
  await post(tx, { cause: reversal.id, kind: 'payout-reversed', at, about: { payoutId: payout.id }, transfers })
  await tx.publish(PayoutReversed, { ...told(next, at), takenMinor: Number(reversal.amountMinor) })
}

/** Who is paid is told where their money goes from now on, and what the provider wants to know of them. */
async function onAccount(
  tx: Tx<'vendors'>,
  account: PaidAccount,
  before: PaidAccount | undefined,
  at: Date,
): Promise<void> {
  const vendor = await findProfile(tx, account.owner.id)
  if (!vendor) return
  if (account.ready && !before?.ready) {
    const label = labelOf(account.providerId)
    await tx`
      insert into account_changes (id, vendor_id, iban, account_holder, replaced, changed_by, changed_at)
      values (${newId(at.getTime())}, ${vendor.id}, ${label}, ${vendor.accountHolder}, true, null, ${at})`
    await tx.publish(VendorAccountChanged, { ...aboutVendor(vendor), account: label, at: at.toISOString() })
  }
  const { due, disabled } = account
  const isMore = due.some(one => !before?.due.includes(one)) || (disabled !== null && !before?.disabled)
  // What it wants to know at first, which the first look shows, the provider asks by itself.
  if (before && before.version > 1 && isMore)
    await tx.publish(VendorRequirementsDue, {
      ...aboutVendor(vendor),
      due: due.slice(0, 50).map(one => one.slice(0, 200)),
      disabled: disabled?.slice(0, 500) ?? null,
      at: at.toISOString(),
    })
}
