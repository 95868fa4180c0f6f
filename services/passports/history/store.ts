import { verbatim, type Db, type Tx } from '#kernel'
import type { PassportData, PassportStatus } from '#contracts/passports'
import { recountOne } from '../audiences/recount.ts'
import { bindingOf, newSalts, saidByPoint, type Chain, type Kept, type ViewHashes } from './chain.ts'

interface Row extends Omit<Kept, 'salts'> {
  readonly salts: Buffer | null
  readonly category: string | null
  readonly parentStatus: PassportStatus | null
  readonly hash: Buffer | null
  readonly views: ViewHashes | null
  readonly former: Buffer | null
  readonly formerViews: ViewHashes | null
}

/** Versions of a passport, each with what binds it to the one before, in this order. */
const rowsOf = (db: Db, id: string, where: ReturnType<Db>, order: ReturnType<Db>) => db<Row[]>`
  select v.passport_id as "passportId", v.version, v.status, v.actor_id as "actorId", v.actor_role as "actorRole", v.at,
    v.data::text as text, v.seen, v.reason, v.hash, v.hash_views as views, v.hash_salts as salts, v.said, p.category, p.parent_id as "parentId",
    case when v.owner_id is not null then json_build_object('id', v.owner_id, 'kind', v.owner_kind) end as owner,
    m.version as "parentVersion", m.status as "parentStatus", m.seen as "parentSeen", f.hash as former, f.hash_views as "formerViews"
  from versions v join passports p on p.id = v.passport_id
  left join versions f on f.passport_id = v.passport_id and f.version = v.version - 1
  left join versions m on m.passport_id = p.parent_id and m.version = coalesce(v.parent_version,
    (select max(version) from versions where passport_id = p.parent_id and at <= v.at), 1)
  where v.passport_id = ${id} and ${where} ${order}`

/**
 * Binds those versions of a passport to its history that are not yet; of one that nobody else changes until the
 * transaction ends.
 */
export async function chainUp(tx: Tx, id: string): Promise<void> {
  for (let after = 0; ;) {
    const [row] = await rowsOf(tx, id, tx`v.version > ${after} and v.hash is null`, tx`order by v.version limit 1`)
    if (!row) return
    // Of before anybody counted what others see.
    if (row.status !== 'draft' && !row.seen) await recountOne(tx, id)
    else if (row.parentStatus && row.parentStatus !== 'draft' && !row.parentSeen) await recountOne(tx, row.parentId!)
    else {
      await bind(tx, row)
      after = row.version
    }
  }
}

async function bind(tx: Tx, row: Row): Promise<void> {
  const salts = newSalts(row.status === 'draft' ? 1 : undefined)
  const data = verbatim<PassportData>(row.text)
  const said = row.status === 'draft' ? null : saidByPoint(data, row.category, row.at)
  const kept: Kept = { ...row, salts, said }
  const { hash, views } = bindingOf(kept, { hash: row.former?.toString('hex') ?? null, views: row.formerViews })
  await tx`
    update versions set hash = ${hash}, hash_salts = ${salts}, said = ${said && tx.json(said as never)},
      hash_views = ${views && tx.json(views as never)}, parent_version = ${row.parentVersion}
    where passport_id = ${row.passportId} and version = ${row.version}`
}

/** Passports with versions that are not bound yet, in the order of their ids, and nobody changes them meanwhile. */
export async function nextUnchained(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select id from passports where id in (select distinct passport_id from versions where hash is null limit ${limit})
    order by id for update`
  return rows.map(({ id }) => id)
}

export async function isUnchained(db: Db, id?: string): Promise<boolean> {
  const of = id ? db`and passport_id = ${id}` : db``
  return (await db<object[]>`select from versions where hash is null ${of} limit 1`).length > 0
}

/** A version in one history, with the hash that was kept when it was written. */
export interface Proven {
  readonly kept: Kept
  readonly hash: string
  readonly previous: string | null
}

/** Characters of data in one answer; those of a version more, as there is at least one. */
const most = 4_000_000

/**
 * Versions of one history up to the passport's version `upTo`, before that history's own `before`; the latest first, as
 * many as an answer takes.
 */
export async function listProven(
  db: Db,
  id: string,
  chain: Chain,
  { upTo, before = 2 ** 31 - 1, limit }: { upTo: number; before?: number; limit: number },
): Promise<{ proven: Proven[]; hasMore: boolean }> {
  const own =
    chain === 'owner'
      ? db`version < ${before}`
      : db`seen -> ${chain} -> 'fields' is not null and (seen -> ${chain} ->> 'version')::int < ${before}`
  const heads = await db<{ version: number; size: number }[]>`
    select version, length(data::text) as size from versions
    where passport_id = ${id} and version <= ${upTo} and ${own} order by version desc limit ${limit + 1}`
  let total = 0
  const fitting = heads.slice(0, limit).filter(({ size }, at) => (total += size) <= most || at === 0)
  const versions = fitting.map(({ version }) => version)
  const rows = await rowsOf(
    db,
    id,
    db`v.version = any(${versions}) and v.hash is not null`,
    db`order by v.version desc`,
  )
  return { proven: rows.map(row => provenIn(chain, row)), hasMore: heads.length > fitting.length }
}

/** The hash that a version of a history has, by its own numbers. */
export async function hashAt(db: Db, id: string, chain: Chain, version: number): Promise<string | undefined> {
  const [row] =
    chain === 'owner'
      ? await db<{ hash: string | null }[]>`
          select encode(hash, 'hex') as hash from versions where passport_id = ${id} and version = ${version}`
      : await db<{ hash: string | null }[]>`
          select hash_views ->> ${chain} as hash from versions
          where passport_id = ${id} and (seen -> ${chain} ->> 'version')::int = ${version} order by version limit 1`
  return row?.hash ?? undefined
}

function provenIn(chain: Chain, { hash, views, salts, former, formerViews, ...row }: Row): Proven {
  const kept: Kept = { ...row, salts: salts! }
  if (chain === 'owner') return { kept, hash: hash!.toString('hex'), previous: former?.toString('hex') ?? null }
  return { kept, hash: views![chain]!, previous: formerViews?.[chain] ?? null }
}

/** Keeps of a draft that goes nothing but the hash of its history. */
export async function insertTombstone(tx: Tx, id: string, at: Date): Promise<void> {
  await tx`
    insert into tombstones (hash, at)
    select hash, ${at} from versions where passport_id = ${id} and hash is not null order by version desc limit 1`
}
