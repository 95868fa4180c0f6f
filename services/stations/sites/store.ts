import type { Owner } from '#contracts/shared'
import { madeIn, type Db, type Tx, type Span } from '#kernel'
import { placeColumns, placeRow, type Place } from '../place.ts'

/** Where several stations stand. */
export interface Site extends Place {
  readonly id: string
  readonly owner: Owner
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = (db: Db) => db`
  s.id, json_build_object('kind', s.owner_kind, 'id', s.owner_id) as owner, ${placeColumns(db, 's')}, s.version,
  s.created_at as "createdAt", s.updated_at as "updatedAt"`

export async function findSite(db: Db, id: string): Promise<Site | undefined> {
  const [row] = await db<Site[]>`select ${columns(db)} from sites s where s.id = ${id}`
  return row
}

/** A site that nobody removes until the transaction ends. */
export async function holdSite(tx: Tx, id: string): Promise<Site | undefined> {
  const [row] = await tx<Site[]>`select ${columns(tx)} from sites s where s.id = ${id} for key share`
  return row
}

/** A site that nobody else changes until the transaction ends. */
export async function lockSite(tx: Tx, id: string): Promise<Site | undefined> {
  const [row] = await tx<Site[]>`select ${columns(tx)} from sites s where s.id = ${id} for update`
  return row
}

function rowOf(tx: Tx, site: Site) {
  const { address, opening, fault_contact, ...place } = placeRow(site)
  const json = (value: object | null) => value && tx.json(value as never)
  return {
    ...place,
    address: json(address),
    opening: json(opening),
    fault_contact: json(fault_contact),
    version: site.version,
    updated_at: site.updatedAt,
  }
}

export async function insertSite(tx: Tx, site: Site): Promise<void> {
  const { id, owner, createdAt } = site
  const row = { id, owner_kind: owner.kind, owner_id: owner.id, created_at: createdAt, ...rowOf(tx, site) }
  await tx`insert into sites ${tx(row as never)}`
}

export const updateSite = (tx: Tx, site: Site) =>
  tx`update sites set ${tx(rowOf(tx, site) as never)} where id = ${site.id}`

/** False while stations stand there; those that are gone forget it. */
export async function deleteSite(tx: Tx, id: string): Promise<boolean> {
  const [station] = await tx`select from stations where site_id = ${id} and deleted_at is null limit 1`
  if (station) return false
  await tx`update stations set site_id = null where site_id = ${id}`
  await tx`delete from sites where id = ${id}`
  return true
}

/** The newest first, of these owners or of all, before the place `before` in the order. */
export const listSites = (
  db: Db,
  { owners, created, changed }: { owners: readonly string[] | undefined; created: Span; changed: Span },
  limit: number,
  before: readonly [at: string, id: string] | undefined,
) => {
  const beyond = before ? db`and (s.created_at, s.id) < (${before[0]}, ${before[1]})` : db``
  const branch = (owner?: string) => db`
    (select * from sites s where ${owner === undefined ? db`true` : db`s.owner_id = ${owner}`}
      ${madeIn(db, 's.created_at', created)} ${madeIn(db, 's.updated_at', changed)} ${beyond}
      order by s.created_at desc, s.id desc limit ${limit})`
  const branches = (owners?.map(branch) ?? [branch()]).reduce((all, one) => db`${all} union all ${one}`)
  return db<Site[]>`
    select ${columns(db)} from (${branches}) s
    order by s.created_at desc, s.id desc limit ${limit}`
}
