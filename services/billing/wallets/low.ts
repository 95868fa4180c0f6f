import { WalletLow } from '#contracts/billing'
import type { Db, Tx } from '#kernel'

interface Change {
  readonly driverId: string
  readonly currency: string
  /** It went down; what goes up and is still little is known to who has just paid it. */
  readonly fell: boolean
  readonly at: Date
}

/**
 * Tells a driver once that little is left, until there is more again. Who never had money here is told nothing. The
 * driver is locked.
 */
export async function watchBalance(
  tx: Tx<'billing'>,
  { driverId, currency, fell, at }: Change,
  usualMinor: number,
): Promise<void> {
  const [wallet] = await tx<{ balanceMinor: bigint; belowMinor: bigint; isTold: boolean }[]>`
    select a.balance_minor as "balanceMinor", coalesce(l.below_minor, ${usualMinor}::bigint) as "belowMinor",
      l.low_since is not null as "isTold"
    from ledger_accounts a left join low_balances l on l.driver_id = a.owner_id and l.currency = a.currency
    where a.kind = 'wallet' and a.owner_id = ${driverId} and a.currency = ${currency}
      and exists (select from ledger_transfers t where t.to_id = a.id)`
  if (!wallet) return
  const { balanceMinor, belowMinor, isTold } = wallet
  const isLow = balanceMinor < belowMinor
  if (isLow === isTold || (isLow && !fell)) return
  await tx`
    insert into low_balances (driver_id, currency, low_since) values (${driverId}, ${currency}, ${isLow ? at : null})
    on conflict (driver_id, currency) do update set low_since = excluded.low_since`
  if (isLow)
    await tx.publish(WalletLow, {
      driverId,
      currency,
      balanceMinor: Number(balanceMinor),
      belowMinor: Number(belowMinor),
      at: at.toISOString(),
    })
}

/** Below which balance of each currency a driver wants to be told, where they said so. */
export async function wishesOf(db: Db, driverId: string): Promise<Map<string, bigint>> {
  const rows = await db<{ currency: string; belowMinor: bigint }[]>`
    select currency, below_minor as "belowMinor" from low_balances
    where driver_id = ${driverId} and below_minor is not null`
  return new Map(rows.map(({ currency, belowMinor }) => [currency, belowMinor]))
}

/** From now on they are told below this; null is as the platform has it. */
export const wish = (tx: Tx, driverId: string, currency: string, belowMinor: number | null) => tx`
  insert into low_balances (driver_id, currency, below_minor) values (${driverId}, ${currency}, ${belowMinor})
  on conflict (driver_id, currency) do update set below_minor = excluded.below_minor`
