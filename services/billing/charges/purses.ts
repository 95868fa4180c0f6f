import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import type { Transfer } from '#money/ledger'
import { accounts, owedBy } from '../wallets/accounts.ts'

/** Who is asked for money, from what they have or by invoice; `owner` is null while nobody is known. */
interface Asked {
  readonly owner: Owner | null
  readonly onAccount: boolean
}

/** Where money is taken from, what takes its place where that is too little, and what is owed by now. */
export interface Purse {
  readonly wallet: string
  readonly debt?: string | undefined
  readonly owedMinor: bigint
}

export async function purseOf(tx: Tx, asked: Asked | undefined, seller: Owner, currency: string): Promise<Purse> {
  const { owner = null, onAccount = false } = asked ?? {}
  if (!owner) return { wallet: await accounts.uncollected(tx, seller, currency), owedMinor: 0n }
  if (onAccount) return { wallet: await accounts.receivable(tx, owner, currency), owedMinor: 0n }
  const [wallet, debt] = [await accounts.wallet(tx, owner, currency), await accounts.debt(tx, owner, currency)]
  return { wallet, debt, owedMinor: await owedBy(tx, owner.id, currency) }
}

export const isSamePayer = (one: Asked | undefined, other: Asked): boolean =>
  (one?.owner?.id ?? null) === (other.owner?.id ?? null) && (one?.onAccount ?? false) === other.onAccount

export interface Share {
  readonly account: string
  readonly wasMinor: bigint
  readonly isMinor: bigint
}

/** What moves so that each account has what is due now: what is less pays debts first, what is more is taken. */
export function moved(shares: readonly Share[], former: Purse, purse: Purse): Transfer[] {
  const transfers: Transfer[] = []
  let owed = former.owedMinor
  const giveBack = (from: string, minor: bigint): void => {
    const paid = owed < minor ? owed : minor
    owed -= paid
    if (paid > 0n) transfers.push({ from, to: former.debt!, minor: paid })
    if (minor > paid) transfers.push({ from, to: former.wallet, minor: minor - paid })
  }
  const take = (to: string, minor: bigint): void => {
    if (minor > 0n) transfers.push({ from: purse.wallet, to, minor, ...(purse.debt && { otherwise: purse.debt }) })
  }
  for (const { account, wasMinor, isMinor } of shares)
    if (former !== purse) {
      giveBack(account, wasMinor)
      take(account, isMinor)
    } else if (isMinor < wasMinor) giveBack(account, wasMinor - isMinor)
    else take(account, isMinor - wasMinor)
  return transfers
}
