import type { VendorStatus } from '#contracts/vendors'
import type { Owner } from '#contracts/shared'
import { madeIn, type Cursor, type Db, type Tx, type Span } from '#kernel'

/** A vendor with all that the platform knows of it. */
export interface Profile {
  readonly id: string
  readonly owner: Owner
  readonly applicantId: string | null
  readonly name: string
  readonly slug: string
  readonly description: string
  readonly email: string | null
  readonly phone: string | null
  readonly website: string | null
  readonly avatarId: string | null
  readonly iban: string | null
  readonly accountHolder: string | null
  readonly evidence: readonly string[]
  readonly termsAt: Date | null
  readonly status: VendorStatus
  readonly verified: boolean
  readonly reason: string | null
  readonly decidedBy: string | null
  readonly decidedAt: Date | null
  readonly submittedAt: Date | null
  readonly version: number
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  v.id, json_build_object('kind', v.owner_kind, 'id', v.id) as owner, v.applicant_id as "applicantId", v.name, v.slug,
  v.description, v.email, v.phone, v.website, v.avatar_id as "avatarId", v.iban, v.account_holder as "accountHolder",
  v.evidence, v.terms_at as "termsAt", v.status, v.verified, v.reason, v.decided_by as "decidedBy",
  v.decided_at as "decidedAt", v.submitted_at as "submittedAt", v.version, v.created_at as "createdAt"`

export async function findProfile(db: Db, id: string): Promise<Profile | undefined> {
  const [row] = await db<Profile[]>`select ${columns(db)} from vendors v where v.id = ${id}`
  return row
}

/** By a name in addresses that it has or had. */
export async function findBySlug(db: Db, slug: string): Promise<Profile | undefined> {
  const [row] = await db<Profile[]>`
    select ${columns(db)} from slugs s join vendors v on v.id = s.vendor_id where s.slug = ${slug}`
  return row
}

export async function lockProfile(tx: Tx, id: string): Promise<Profile | undefined> {
  const [row] = await tx<Profile[]>`select ${columns(tx)} from vendors v where v.id = ${id} for update`
  return row
}

/** Writes a vendor, new or changed. */
export async function writeProfile(tx: Tx, vendor: Profile): Promise<void> {
  const { id, owner, iban, accountHolder, evidence, termsAt, decidedBy, decidedAt, submittedAt, createdAt } = vendor
  await tx`
    insert into vendors (id, owner_kind, applicant_id, name, slug, description, email, phone, website, avatar_id, iban,
      account_holder, evidence, terms_at, status, verified, reason, decided_by, decided_at, submitted_at, version,
      created_at)
    values (${id}, ${owner.kind}, ${vendor.applicantId}, ${vendor.name}, ${vendor.slug}, ${vendor.description},
      ${vendor.email}, ${vendor.phone}, ${vendor.website}, ${vendor.avatarId}, ${iban}, ${accountHolder},
      ${evidence as string[]}::uuid[], ${termsAt}, ${vendor.status}, ${vendor.verified}, ${vendor.reason}, ${decidedBy},
      ${decidedAt}, ${submittedAt}, ${vendor.version}, ${createdAt})
    on conflict (id) do update set applicant_id = excluded.applicant_id, name = excluded.name, slug = excluded.slug,
      description = excluded.description, email = excluded.email, phone = excluded.phone, website = excluded.website,
      avatar_id = excluded.avatar_id, iban = excluded.iban, account_holder = excluded.account_holder,
      evidence = excluded.evidence, terms_at = excluded.terms_at, status = excluded.status,
      verified = excluded.verified, reason = excluded.reason, decided_by = excluded.decided_by,
      decided_at = excluded.decided_at, submitted_at = excluded.submitted_at, version = excluded.version`
}

/** Takes a name in addresses for a vendor that is there, for ever; false where it is or was another's. */
export async function takeSlug(tx: Tx, vendorId: string, slug: string): Promise<boolean> {
  const [row] = await tx<{ vendorId: string }[]>`
    insert into slugs (slug, vendor_id) values (${slug}, ${vendorId})
    on conflict (slug) do update set vendor_id = slugs.vendor_id returning vendor_id as "vendorId"`
  return row!.vendorId === vendorId
}

/** Whether nobody else has or had a name in addresses. */
export async function isFree(db: Db, vendorId: string, slug: string): Promise<boolean> {
  const [row] = await db<{ vendorId: string }[]>`select vendor_id as "vendorId" from slugs where slug = ${slug}`
  return !row || row.vendorId === vendorId
}

/** In the order in which they came; those that wait in the order in which they were handed in. */
export const listProfiles = (
  db: Db,
  { status, created }: { status: VendorStatus | undefined; created: Span },
  limit: number,
  cursor: Cursor | undefined,
) => {
  const at = status === 'pending' ? db`v.submitted_at` : db`v.created_at`
  return db<Profile[]>`
    select ${columns(db)} from vendors v
    where ${status === undefined ? db`true` : db`v.status = ${status}`} ${madeIn(db, 'v.created_at', created)}
      and ${cursor ? db`(${at}, v.id) > (${cursor[0]!}, ${cursor[1]!})` : db`true`}
    order by ${at}, v.id limit ${limit}`
}

export interface Decision {
  readonly decision: 'approve' | 'reject' | 'suspend' | 'reinstate'
  readonly reason: string | null
  readonly decidedBy: string
  readonly decidedAt: Date
}

export async function insertDecision(tx: Tx, id: string, vendorId: string, decision: Decision): Promise<void> {
  await tx`
    insert into decisions (id, vendor_id, decision, reason, decided_by, decided_at)
    values (${id}, ${vendorId}, ${decision.decision}, ${decision.reason}, ${decision.decidedBy}, ${decision.decidedAt})`
}

/** The latest first. */
export const decisionsOn = (db: Db, vendorId: string) => db<Decision[]>`
  select decision, reason, decided_by as "decidedBy", decided_at as "decidedAt" from decisions
  where vendor_id = ${vendorId} order by decided_at desc, id desc limit 200`

/** What there is to show of a vendor beside what it says itself. */
export interface Figures {
  readonly productsCount: number
  readonly averageRating: number | null
  readonly revenue: readonly { currency: string; totalMinor: number }[]
}

/** By vendor; each is there. */
export async function figuresFor(db: Db, vendorIds: readonly string[]): Promise<Map<string, Figures>> {
  const rows = await db<(Figures & { id: string })[]>`
    select v.id,
      (select count(*)::int from products where vendor_id = v.id and for_sale and not gone) as "productsCount",
      (select round(avg(rating), 2)::float8 from reviews where vendor_id = v.id and shown) as "averageRating",
      (select coalesce(json_agg(r order by r.currency), '[]') from (
        select currency, sum(total_minor)::float8 as "totalMinor" from moves where vendor_id = v.id
        group by currency) r) as revenue
    from unnest(${vendorIds as string[]}::uuid[]) as v (id)`
  return new Map(rows.map(({ id, ...figures }) => [id, figures]))
}

export const figuresOf = async (db: Db, vendorId: string): Promise<Figures> =>
  (await figuresFor(db, [vendorId])).get(vendorId)!
