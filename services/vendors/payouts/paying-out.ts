import { PayoutFailed, PayoutPaid, PayoutRequested, type PayoutStatus } from '#contracts/vendors'
import { newId, Problem, type Db, type Tx } from '#kernel'
import { post } from '#money/ledger'
import { payableOf } from '#money/payments'
import { lockVendors, moved } from '../earnings/accounts.ts'
import type { VendorsHost } from '../host.ts'
import type { Profile } from '../profiles/store.ts'
import { told, type Payout } from './payout.ts'
import { accountReplacedSince, insertPayout, unseenSince, writePayout } from './store.ts'

const dayMs = 86_400_000
/** So long after the account was changed every payout wants a second person. */
const newAccountDays = 7

/** How vendors are paid that have an account at the provider. */
interface Paying {
  accountOf(db: Db, vendorId: string): Promise<{ readonly providerId: string } | undefined>
  soon(tx: Tx<'vendors'>, payout: Payout): Promise<void>
}

export interface Wish {
  readonly currency: string
  /** All that is available where it is left out. */
  readonly amountMinor?: number | undefined
  readonly requestedBy: string | null
}

/**
 * Takes what is to be paid out from `available`. The vendor is locked, so that of ten at once each sees what the one before
 * left. Fails with `account_missing`, `payout_short`, `payout_amount`.
 */
export async function requestPayout(
  tx: Tx<'vendors'>,
  { settings, sending }: Pick<VendorsHost, 'settings'> & { readonly sending: Paying },
  vendor: Profile,
  { currency, amountMinor, requestedBy }: Wish,
  at: Date,
): Promise<Payout> {
  const { owner, iban, accountHolder } = vendor
  if (iban === null || accountHolder === null) throw new Problem('conflict', 'account_missing')
  const { available, paying } = (await lockVendors(tx, [owner], currency)).get(owner.id)!
  const there = available.balanceMinor
  const connected = await sending.accountOf(tx, owner.id)
  const payable = (minor: bigint) => (connected ? payableOf({ minor, currency }) : minor)
  const minor = amountMinor === undefined ? payable(there) : BigInt(amountMinor)
  if (minor <= 0n || minor > there) throw new Problem('conflict', 'payout_short', { availableMinor: Number(there) })
  if (minor !== payable(minor))
    throw new Problem('unprocessable', 'payout_amount', { mostMinor: Number(payable(minor)) })
  const unseen = await unseenSince(tx, owner.id, currency, new Date(at.getTime() - dayMs))
  const needsSecond =
    // In pieces it is as much.
    unseen + minor > BigInt(settings.VENDORS_PAYOUT_ALONE_MINOR) ||
    (await accountReplacedSince(tx, owner.id, new Date(at.getTime() - newAccountDays * dayMs)))
  const payout: Payout = {
    id: newId(at.getTime()),
    owner,
    currency,
    amountMinor: minor,
    iban,
    accountHolder,
    status: needsSecond ? 'requested' : 'approved',
    requestedBy,
    requestedAt: at,
    approvedBy: null,
    approvedAt: needsSecond ? null : at,
    fileId: null,
    sentAt: null,
    endedAt: null,
    endedBy: null,
    reason: null,
    via: connected ? 'stripe' : 'bank',
    destination: connected?.providerId ?? null,
    reversedMinor: 0n,
    version: 1,
  }
  await insertPayout(tx, payout)
  await post(tx, { cause: payout.id, kind: 'payout', at, transfers: moved(available, paying, minor) })
  await tx.publish(PayoutRequested, told(payout, at))
  await sending.soon(tx, payout)
  return payout
}

/** From which states each leads, and between which accounts money moves then. */
const endings = {
  cancelled: { from: ['requested', 'approved'], kind: 'payout-cancelled' },
  paid: { from: ['sent'], kind: 'payout-paid' },
  // Banks send money back days after they took it.
  failed: { from: ['sent', 'paid'], kind: 'payout-failed' },
} as const satisfies Record<string, { from: readonly PayoutStatus[]; kind: string }>

/** How a payout ended. It is locked. Fails with `payout_state`. */
export async function endPayout(
  tx: Tx<'vendors'>,
  payout: Payout,
  ending: keyof typeof endings,
  { by, reason = null, at }: { by: string | null; reason?: string | null; at: Date },
): Promise<Payout> {
  const { from, kind } = endings[ending]
  requireState(payout, from)
  const ended = { ...payout, status: ending, endedAt: at, endedBy: by, reason, version: payout.version + 1 }
  await writePayout(tx, ended)
  const { owner, currency, amountMinor } = payout
  const { available, paying, paid } = (await lockVendors(tx, [owner], currency)).get(owner.id)!
  const transfers =
    ending === 'paid'
      ? moved(paying, paid, amountMinor)
      : moved(payout.status === 'paid' ? paid : paying, available, amountMinor)
  await post(tx, { cause: payout.id, kind, at, transfers })
  if (ending === 'paid') await tx.publish(PayoutPaid, told(ended, at))
  if (ending === 'failed') await tx.publish(PayoutFailed, told(ended, at))
  return ended
}

/**
 * A second person has seen it. `parties` are those for whom they may act, `members` who belongs to the vendor, whomever
 * they act for just now. Fails with `payout_state`, and `payout_own` for who asked or belongs to who is paid.
 */
export async function approvePayout(
  tx: Tx,
  payout: Payout,
  vendor: Profile,
  { by, parties, members, at }: { by: string; parties: readonly string[]; members: readonly string[]; at: Date },
): Promise<Payout> {
  if (by === payout.requestedBy || by === vendor.applicantId || parties.includes(vendor.id) || members.includes(by))
    throw new Problem('forbidden', 'payout_own')
  requireState(payout, ['requested'])
  const approved = {
    ...payout,
    status: 'approved' as const,
    approvedBy: by,
    approvedAt: at,
    version: payout.version + 1,
  }
  await writePayout(tx, approved)
  return approved
}

/** Of what goes by transfer the provider says what became of it. Fails with `payout_state`. */
export function requireByHand({ status, via, fileId }: Payout): void {
  if (via === 'stripe' && fileId === null && status !== 'approved')
    throw new Problem('conflict', 'payout_state', {
      status,
      detail: 'It goes by transfer; the provider says how it ends.',
    })
}

export function requireState(payout: Payout, from: readonly PayoutStatus[]): void {
  if (!from.includes(payout.status)) throw new Problem('conflict', 'payout_state', { status: payout.status })
}
