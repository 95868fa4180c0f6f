import type { Pool } from '../../kernel/database/database.ts'

/** So many clients move money at a time. */
export const clients = 20

interface Pair {
  readonly from: string
  readonly to: string
}

/** Who pays whom: each client from a wallet of its own, or all from one; each to a till of its own. */
export function pairs(accounts: readonly { id: string; kind: string }[], wallets: number): Pair[] {
  const of = (kind: string) => accounts.filter(account => account.kind.startsWith(kind)).map(({ id }) => id)
  const [from, to] = [of('wallet'), of('till')]
  return Array.from({ length: clients }, (_, at) => ({ from: from[at % wallets]!, to: to[at]! }))
}

/** How often `work` is done a second, by each pair one after the other. */
export async function roundOf(
  pairs: readonly Pair[],
  seconds: number,
  work: (pair: Pair) => Promise<unknown>,
): Promise<number> {
  const started = performance.now()
  let done = 0
  await Promise.all(
    pairs.map(async pair => {
      for (; performance.now() - started < seconds * 1000; done++) await work(pair)
    }),
  )
  return (done * 1000) / (performance.now() - started)
}

/** Wallets with a million each, and tills. */
export async function makeAccounts(sql: Pool): Promise<void> {
  await sql.begin(async tx => {
    await tx`set local search_path = books, extensions`
    await tx`
      insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, least_minor)
      select uuidv7(), kind || n, 'person', uuidv7(), 'EUR', case kind when 'wallet' then 0 end
      from generate_series(1, ${clients}::int) n, unnest(array['wallet', 'till', 'outside']) kind`
    await tx`insert into ledger_entries (cause_id, kind, at) values ('00000000-0000-7000-8000-000000000000', 'fund', now())`
    await tx`
      insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
      select '00000000-0000-7000-8000-000000000000', 'fund', o.id, w.id, 'EUR', 100000000
      from ledger_accounts w join ledger_accounts o on o.kind = 'outside1' where w.kind like 'wallet%'`
  })
}
