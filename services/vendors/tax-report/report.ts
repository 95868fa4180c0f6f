import type { Db } from '#kernel'
import { masked } from '../profiles/iban.ts'

/**
 * What Directive (EU) 2021/514 (DAC7) asks platforms to report of who sells goods on them, by calendar year and quarter
 * (Annex V, section III B). A seller is left out with fewer than 30 sales that brought at most 2,000 EUR in the year
 * (section I B 4).
 */
export const thresholds = { sales: 30, euroMinor: 200_000 }

export interface Quarter {
  /** What was paid or credited to the seller, without what the platform kept. */
  readonly considerationMinor: number
  /** Fees and commission that the platform kept. */
  readonly feesMinor: number
  readonly transactions: number
}

export interface SellerYear {
  readonly vendorId: string
  readonly currencies: readonly { readonly currency: string; readonly quarters: readonly Quarter[] }[]
  /** Shown by its country and its end, but for the report itself. */
  readonly iban: string | null
  readonly accountHolder: string | null
  readonly reportable: boolean
}

const none: Quarter = { considerationMinor: 0, feesMinor: 0, transactions: 0 }

/** Of each who sold goods in a year, from the ledger. What went back counts in the quarter in which it did. */
export async function yearOf(db: Db, year: number): Promise<SellerYear[]> {
  const [from, to] = [new Date(Date.UTC(year, 0)), new Date(Date.UTC(year + 1, 0))]
  const rows = await db<(Quarter & { vendorId: string; currency: string; quarter: number })[]>`
    with moves as (
      select a.owner_id as vendor_id, a.currency, a.kind as account, t.cause_id, t.kind, t.minor
      from ledger_transfers t join ledger_accounts a on a.id = t.to_id
      where a.kind in ('pending', 'available', 'commission')
      union all
      select a.owner_id, a.currency, a.kind, t.cause_id, t.kind, -t.minor
      from ledger_transfers t join ledger_accounts a on a.id = t.from_id
      where a.kind in ('pending', 'available', 'commission')),
    traded as (
      select m.vendor_id, m.currency, s.order_id, s.sold_at, e.at,
        sum(m.minor) filter (where m.account <> 'commission') as consideration,
        sum(m.minor) filter (where m.account = 'commission') as fees
      from moves m join ledger_entries e using (cause_id, kind)
        join sold_parts s on s.order_id::text = e.about->>'orderId' and s.vendor_id = m.vendor_id
      where e.kind <> 'settle' and s.goods and e.at < ${to}
      group by m.vendor_id, m.currency, s.order_id, s.sold_at, e.at),
    -- A sale of which nothing is left was none.
    kept as (
      select vendor_id, currency, order_id, sold_at from traded group by 1, 2, 3, 4
      having sum(coalesce(consideration, 0) + coalesce(fees, 0)) > 0 and sold_at >= ${from}),
    money as (
      select vendor_id, currency, extract(quarter from at at time zone 'UTC')::int as quarter,
        sum(coalesce(consideration, 0))::float8 as consideration, sum(coalesce(fees, 0))::float8 as fees
      from traded where at >= ${from} group by 1, 2, 3),
    sales as (
      select vendor_id, currency, extract(quarter from sold_at at time zone 'UTC')::int as quarter, count(*)::int as sales
      from kept group by 1, 2, 3)
    select m.vendor_id as "vendorId", m.currency, m.quarter, m.consideration as "considerationMinor",
      m.fees as "feesMinor", coalesce(s.sales, 0) as transactions
    from money m left join sales s using (vendor_id, currency, quarter) order by 1, 2, 3`
  const accounts = await accountsOf(db, [...new Set(rows.map(({ vendorId }) => vendorId))])
  return [...Map.groupBy(rows, ({ vendorId }) => vendorId)].map(([vendorId, of]) => {
    const currencies = [...Map.groupBy(of, ({ currency }) => currency)].map(([currency, quarters]) => ({
      currency,
      quarters: [1, 2, 3, 4].map(quarter => {
        const { considerationMinor, feesMinor, transactions } = quarters.find(one => one.quarter === quarter) ?? none
        return { considerationMinor, feesMinor, transactions }
      }),
    }))
    const { iban = null, accountHolder = null } = accounts.get(vendorId) ?? {}
    return { vendorId, currencies, iban, accountHolder, reportable: isReportable(currencies) }
  })
}

/** In another currency than the one of the threshold nothing is below it. */
export function isReportable(currencies: SellerYear['currencies']): boolean {
  const all = currencies.flatMap(({ quarters }) => quarters)
  const sum = (of: (one: Quarter) => number): number => all.reduce((total, one) => total + of(one), 0)
  return (
    sum(one => one.transactions) >= thresholds.sales ||
    sum(one => one.considerationMinor) > thresholds.euroMinor ||
    currencies.some(({ currency }) => currency !== 'EUR')
  )
}

/** Where their money goes; of who has left, where it went last. */
async function accountsOf(db: Db, ids: readonly string[]) {
  const rows = await db<{ id: string; iban: string | null; accountHolder: string | null }[]>`
    select v.id, coalesce(v.iban, p.iban) as iban, coalesce(v.account_holder, p.account_holder) as "accountHolder"
    from vendors v left join lateral (
      select iban, account_holder from payouts where vendor_id = v.id order by requested_at desc, id desc limit 1) p on true
    where v.id = any(${ids as string[]}::uuid[])`
  return new Map(rows.map(({ id, ...account }) => [id, account]))
}

export const shownIban = (iban: string | null): string | null => iban && masked(iban)
