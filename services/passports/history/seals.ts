import type { JWK } from 'jose'
import type { Db, Tx } from '#kernel'
import { allViews, type Seen, type View } from '../audiences/views.ts'
import type { Chain } from './chain.ts'
import { segment } from './merkle.ts'

/** The head of a history, as a checkpoint seals it; of a deleted draft there is nothing but the hash. */
export interface Leaf {
  readonly passport: string | null
  readonly chain: Chain | 'access' | 'deleted'
  readonly version: number | null
  readonly hash: string
}

export interface Checkpoint {
  readonly day: string
  readonly size: number
  readonly root: Buffer
  readonly segments: Buffer
  readonly jws: string
  readonly key: JWK
}

const atOnce = 1000

/**
 * Heads that moved from a time on, before another, in the order of passports, and those of a day before that a process with a
 * slow clock wrote too late for its own; then what is left of deleted drafts.
 */
export async function* movedHeads(tx: Tx, from: Date, until: Date): AsyncGenerator<Leaf[]> {
  const since = new Date(Math.max(0, from.getTime() - 24 * 3_600_000))
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await tx<Head[]>`
      select p.id, v.version, v.hash, v.seen, v.hash_views as views, array(
        select s.chain || ' ' || s.version from seals s where s.passport_id = p.id and s.day >= ${since.toISOString()}::date
      ) as sealed
      from passports p cross join lateral (
        select version, hash, seen, hash_views from versions
        where passport_id = p.id and at < ${until} order by version desc limit 1
      ) v
      where p.id > ${after} and p.updated_at >= ${since} and (p.updated_at >= ${from} or not exists (
        select from seals s where s.passport_id = p.id and s.chain = 'owner' and s.version = v.version
      ))
      order by p.id limit ${atOnce}`
    if (rows.length === 0) break
    yield rows.flatMap(row => leavesOf(row, since))
    after = rows.at(-1)!.id
  }
  const gone = await tx<{ hash: Buffer }[]>`
    select hash from tombstones where at >= ${from} and at < ${until} order by hash`
  yield gone.map(({ hash }): Leaf => ({ passport: null, chain: 'deleted', version: null, hash: hash.toString('hex') }))
}

type Hashes = Partial<Record<View, string>>

interface Head {
  readonly id: string
  readonly version: number
  readonly hash: Buffer
  readonly seen: Seen | null
  readonly views: Hashes | null
  /** Its heads, by chain and version, that checkpoints hold already. */
  readonly sealed: readonly string[]
}

function leavesOf({ id, version, hash, seen, views, sealed }: Head, since: Date): Leaf[] {
  const own: Leaf = { passport: id, chain: 'owner', version, hash: hash.toString('hex') }
  const moved = allViews.filter(view => seen && views?.[view] && Date.parse(seen[view].at) >= since.getTime())
  const leaves = [
    own,
    ...moved.map((view): Leaf => ({ passport: id, chain: view, version: seen![view].version, hash: views![view]! })),
  ]
  return leaves.filter(({ chain, version }) => !sealed.includes(`${chain} ${version}`))
}

export async function insertLeaves(
  tx: Tx,
  day: string,
  from: number,
  leaves: readonly (Leaf & { leaf: Buffer })[],
): Promise<void> {
  if (leaves.length === 0) return
  const rows = leaves.map(({ passport, chain, version, leaf }, at) => ({
    day,
    place: from + at,
    leaf,
    passport_id: passport,
    chain,
    version,
  }))
  await tx`insert into seals ${tx(rows as never)}`
}

export async function insertCheckpoint(tx: Tx, checkpoint: Checkpoint, at: Date): Promise<void> {
  const { day, size, root, segments, jws, key } = checkpoint
  await tx`
    insert into checkpoints (day, size, root, segments, jws, key, made_at)
    values (${day}, ${size}, ${root}, ${segments}, ${jws}, ${tx.json(key as never)}, ${at})`
}

const columns = 'day::text, size, root, segments, jws, key'

export async function findLastCheckpoint(db: Db): Promise<Checkpoint | undefined> {
  const [checkpoint] = await db<Checkpoint[]>`
    select ${db.unsafe(columns)} from checkpoints order by checkpoints.day desc limit 1`
  return checkpoint
}

export async function findCheckpoint(db: Db, day: string): Promise<Checkpoint | undefined> {
  const [checkpoint] = await db<Checkpoint[]>`select ${db.unsafe(columns)} from checkpoints where day = ${day}`
  return checkpoint
}

/** The latest first, up to `limit`, before a day. */
export async function listCheckpoints(db: Db, limit: number, before = '9999-12-31'): Promise<Checkpoint[]> {
  return await db<Checkpoint[]>`
    select ${db.unsafe(columns)} from checkpoints where day < ${before} order by checkpoints.day desc limit ${limit}`
}

/** The keys that checkpoints were ever signed with. */
export async function listKeys(db: Db): Promise<JWK[]> {
  const rows = await db<{ key: JWK }[]>`select distinct key from checkpoints`
  return rows.map(({ key }) => key)
}

/** The latest seal of a history at one of these versions or before, with all leaves of its segment. */
export async function findSeal(db: Db, passportId: string, chain: Chain | 'access', upTo: number) {
  const [seal] = await db<{ day: string; place: number; version: number }[]>`
    select day::text, place, version from seals
    where passport_id = ${passportId} and chain = ${chain} and version <= ${upTo} order by seals.day desc limit 1`
  if (!seal) return undefined
  const first = seal.place - (seal.place % segment)
  const leaves = await db<{ leaf: Buffer }[]>`
    select leaf from seals where day = ${seal.day} and place >= ${first} and place < ${first + segment} order by place`
  return { ...seal, leaves: leaves.map(({ leaf }) => leaf) }
}
