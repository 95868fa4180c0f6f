import { CategoryCreated, CategoryUpdated, type Listing } from '#contracts/marketplace'
import { CommissionRuleChanged, type CommissionRule } from '#contracts/vendors'
import type { Db } from '#kernel'
import { exact, toWhole } from '#money/amount'
import type { OrdersHost } from '../host.ts'

/** What the platform keeps of a line. */
export interface Commission {
  readonly basisPoints: number
  readonly minor: bigint
}

export const noCommission: Commission = { basisPoints: 0, minor: 0n }

/** Rules in force, the later ones first, and of categories the way to each from the root. */
export interface Commissions {
  readonly rules: readonly Pick<CommissionRule, 'vendorId' | 'categoryId' | 'basisPoints' | 'fixed'>[]
  readonly ways: ReadonlyMap<string, readonly string[]>
}

/** The rules of who sells here, as `vendors` tells of them, and the tree of categories they are said for. */
export function followCommissions({ on }: OrdersHost): void {
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const
  on(CommissionRuleChanged, about('commission', 'know what the platform keeps'), async (rule, tx) => {
    const { ruleId, vendorId, categoryId, basisPoints, fixed, from, until, version } = rule
    await tx`
      insert into commission_rules (id, vendor_id, category_id, basis_points, fixed, from_at, until_at, version)
      values (${ruleId}, ${vendorId}, ${categoryId}, ${basisPoints}, ${fixed && tx.json(fixed)}, ${from}, ${until},
        ${version})
      on conflict (id) do update set until_at = excluded.until_at, version = excluded.version
      where commission_rules.version < excluded.version`
  })
  for (const event of [CategoryCreated, CategoryUpdated])
    on(event, about('category', 'know which category lies in which'), async ({ categoryId, path, version }, tx) => {
      await tx`
        insert into categories (id, path, version) values (${categoryId}, ${path}::uuid[], ${version})
        on conflict (id) do update set path = excluded.path, version = excluded.version
        where categories.version < excluded.version`
    })
}

export interface Rule extends Pick<CommissionRule, 'vendorId' | 'categoryId' | 'basisPoints' | 'fixed'> {
  readonly from: Date
  readonly until: Date | null
}

/** Rules of all times by their vendor, those of everybody under `everybody`; the later ones first. */
export type Rules = ReadonlyMap<string, readonly Rule[]>
export const everybody = 'everybody'

export async function findRules(db: Db, whose: readonly string[]): Promise<Map<string, readonly Rule[]>> {
  const vendors = whose.filter(key => key !== everybody)
  const rows = await db<Rule[]>`
    select vendor_id as "vendorId", category_id as "categoryId", basis_points as "basisPoints", fixed, from_at as from,
      until_at as until
    from commission_rules
    where vendor_id = any(${vendors}::uuid[]) or (vendor_id is null and ${whose.includes(everybody)}::boolean)
    order by from_at desc, id desc`
  return Map.groupBy(rows, ({ vendorId }) => vendorId ?? everybody)
}

export async function findWays(db: Db, categories: readonly string[]): Promise<Map<string, readonly string[]>> {
  const rows = await db<{ id: string; path: string[] }[]>`
    select id, path from categories where id = any(${categories as string[]}::uuid[])`
  return new Map(rows.map(({ id, path }) => [id, path]))
}

/** What holds at a moment for what these vendors sell. */
export const inForce = (rules: Rules, vendors: readonly string[], at: Date): Commissions['rules'] =>
  [...vendors, everybody]
    .flatMap(key => rules.get(key) ?? [])
    .filter(({ from, until }) => from <= at && (until === null || until > at))

/**
 * By the nearest rule: of the vendor in the category or one above it, of the vendor, of the category, of all. A share of
 * the net price and an amount a piece, never more than the net price. Pure.
 */
export function commissionOn(
  { netMinor, quantity, currency }: { netMinor: bigint; quantity: number; currency: string },
  { vendorId, categoryId }: Pick<Listing, 'vendorId' | 'categoryId'>,
  { rules, ways }: Commissions,
): Commission {
  const known = categoryId === null ? [] : (ways.get(categoryId) ?? [])
  const way = categoryId === null || known.length > 0 ? known : [categoryId]
  // How near a rule is: its vendor before its category, and of categories the deepest; -1 where it is of others.
  const nearness = (rule: Commissions['rules'][number]): number => {
    const depth = rule.categoryId === null ? 0 : way.indexOf(rule.categoryId) + 1
    const isOfOthers =
      (rule.vendorId !== null && rule.vendorId !== vendorId) || (rule.categoryId !== null && depth === 0)
    return isOfOthers ? -1 : (rule.vendorId === null ? 0 : 1_000) + depth
  }
  const [rule] = rules
    .map(rule => ({ rule, near: nearness(rule) }))
    .filter(({ near }) => near >= 0)
    .toSorted((a, b) => b.near - a.near)
  if (!rule) return noCommission
  const { basisPoints, fixed } = rule.rule
  const share = toWhole(
    exact(netMinor)
      .mul(exact(String(basisPoints)))
      .div(10_000),
  )
  const pieces = fixed?.currency === currency ? BigInt(fixed.amountMinor) * BigInt(quantity) : 0n
  const minor = share + pieces
  return { basisPoints, minor: minor < netMinor ? minor : netMinor }
}
