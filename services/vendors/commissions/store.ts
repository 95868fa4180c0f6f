import type { CommissionRule } from '#contracts/vendors'
import type { Cursor, Db, Tx } from '#kernel'

export interface Rule {
  readonly id: string
  readonly vendorId: string | null
  readonly categoryId: string | null
  readonly basisPoints: number
  readonly fixed: CommissionRule['fixed']
  readonly from: Date
  readonly until: Date | null
  readonly version: number
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  r.id, r.vendor_id as "vendorId", r.category_id as "categoryId", r.basis_points as "basisPoints",
  case when r.currency is not null then json_build_object('currency', r.currency, 'amountMinor', r.fixed_minor) end
    as fixed,
  r.from_at as "from", r.until_at as until, r.version, r.created_at as "createdAt"`

export const insertRule = (tx: Tx, rule: Rule) => tx`
  insert into commission_rules (id, vendor_id, category_id, basis_points, fixed_minor, currency, from_at, until_at, version,
    created_at)
  values (${rule.id}, ${rule.vendorId}, ${rule.categoryId}, ${rule.basisPoints}, ${rule.fixed?.amountMinor ?? null},
    ${rule.fixed?.currency ?? null}, ${rule.from}, ${rule.until}, ${rule.version}, ${rule.createdAt})`

export async function lockRule(tx: Tx, id: string): Promise<Rule | undefined> {
  const [row] = await tx<Rule[]>`select ${columns(tx)} from commission_rules r where r.id = ${id} for update`
  return row
}

export const endRule = (tx: Tx, { id, until, version }: Rule) =>
  tx`update commission_rules set until_at = ${until}, version = ${version} where id = ${id}`

export const listRules = (
  db: Db,
  { vendorId, at }: { vendorId: string | undefined; at: Date | undefined },
  limit: number,
  cursor: Cursor | undefined,
) => db<Rule[]>`
  select ${columns(db)} from commission_rules r
  where ${vendorId === undefined ? db`true` : db`(r.vendor_id is null or r.vendor_id = ${vendorId})`}
    and ${at === undefined ? db`true` : db`(r.from_at <= ${at} and (r.until_at is null or r.until_at > ${at}))`}
    and ${cursor ? db`(r.from_at, r.id) > (${cursor[0]!}, ${cursor[1]!})` : db`true`}
  order by r.from_at, r.id limit ${limit}`

/** Those that could hold for what a vendor sells in a category, the nearest first: the first one does. */
export const holding = (db: Db, vendorId: string, categoryId: string | null, at: Date) => db<Rule[]>`
  with way as (
    select u.category_id, u.depth from categories c
    cross join unnest(c.path) with ordinality u (category_id, depth) where c.category_id = ${categoryId}
    -- Of one that has not been told of yet its own rules hold.
    union select ${categoryId}::uuid, 1 where ${categoryId}::uuid is not null
      and not exists (select from categories where category_id = ${categoryId}))
  select ${columns(db)} from commission_rules r left join way w on w.category_id = r.category_id
  where r.from_at <= ${at} and (r.until_at is null or r.until_at > ${at})
    and (r.vendor_id is null or r.vendor_id = ${vendorId}) and (r.category_id is null or w.category_id is not null)
  order by (r.vendor_id is not null and r.category_id is not null) desc, (r.vendor_id is not null) desc,
    w.depth desc nulls last, r.from_at desc, r.id desc`
