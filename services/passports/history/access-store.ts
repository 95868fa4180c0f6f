import type { Db, Tx } from '#kernel'
import { atOnce, type Entry, type Log } from './access.ts'

type EntryRow = Omit<Entry, 'organisation' | 'document' | 'purpose' | 'points' | 'at'> & {
  id: string
  organisation: string | null
  document: string | null
  purpose: string | null
  points: number[] | null
  at: Date
}
type LinkRow = Omit<Log, 'entries' | 'previous'> & {
  lastId: string
  hash: Buffer
  previous: Buffer | null
  from: string
}

/** What a row does not say its entry does not have: so those of before keep the hash that they were bound with. */
const toEntry = ({ id: _, organisation, document, purpose, points, at, ...entry }: EntryRow): Entry => ({
  ...entry,
  ...(organisation && { organisation }),
  ...(document && { document }),
  ...(purpose && { purpose }),
  ...(points && { points }),
  at: at.toISOString(),
})

const entry = `id, reader_id as reader, organisation_id as organisation, doc_id as document, audience, purpose, points, route, at`

/** Passports of which something was read from a time on, before another, in the order of their ids. */
export async function* readBetween(tx: Tx, from: Date, until: Date): AsyncGenerator<string> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await tx<{ id: string }[]>`
      select distinct passport_id as id from access_log
      where at >= ${from} and at < ${until} and passport_id > ${after} order by 1 limit ${atOnce}`
    for (const { id } of rows) yield id
    if (rows.length < atOnce) return
    after = rows.at(-1)!.id
  }
}

export async function hasLinks(db: Db): Promise<boolean> {
  return (await db<object[]>`select from access_links limit 1`).length > 0
}

export async function findLastLink(tx: Tx, passportId: string) {
  const [last] = await tx<{ number: number; lastId: string; hash: Buffer }[]>`
    select number, last_id as "lastId", hash from access_links
    where passport_id = ${passportId} order by number desc limit 1`
  return last
}

/** What was read after a row, before a time, up to the first that was read later: so that every row is in one link. */
export async function nextEntries(tx: Tx, passportId: string, after: string, until: Date) {
  const rows = await tx<EntryRow[]>`
    select ${tx.unsafe(entry)} from access_log
    where passport_id = ${passportId} and id > ${after} and id < coalesce(
      (select min(id) from access_log where passport_id = ${passportId} and id > ${after} and at >= ${until}),
      9223372036854775807)
    order by id limit ${atOnce}`
  return { entries: rows.map(toEntry), lastId: rows.at(-1)?.id }
}

export async function insertLink(
  tx: Tx,
  { passportId, number, day, salt, entries }: Log,
  lastId: string,
  hash: Buffer,
) {
  await tx`
    insert into access_links (passport_id, number, day, last_id, size, salt, hash)
    values (${passportId}, ${number}, ${day}, ${lastId}, ${entries.length}, ${salt}, ${hash})`
}

/** So many rows an answer takes, and those of one link. */
const most = 10 * atOnce

/** Links with the rows that stand under them now, the latest first, as many as an answer takes. */
export async function listLinks(
  db: Db,
  passportId: string,
  limit: number,
  before = 2 ** 31 - 1,
): Promise<{ links: { log: Log; hash: string }[]; hasMore: boolean }> {
  const rows = await db<(LinkRow & { size: number })[]>`
    select l.passport_id as "passportId", l.number, l.day::text, l.last_id as "lastId", l.size, l.salt, l.hash,
      coalesce(f.last_id, 0) as from, f.hash as previous
    from access_links l left join access_links f on f.passport_id = l.passport_id and f.number = l.number - 1
    where l.passport_id = ${passportId} and l.number < ${before} order by l.number desc limit ${limit + 1}`
  let total = 0
  const fitting = rows.slice(0, limit).filter(({ size }, at) => (total += size) <= most || at === 0)
  const links = []
  for (const { hash, previous, from, lastId, size, ...link } of fitting) {
    // One more than there were: one that was added afterwards shows.
    const entries = await db<EntryRow[]>`
      select ${db.unsafe(entry)} from access_log
      where passport_id = ${passportId} and id > ${from} and id <= ${lastId} order by id limit ${size + 1}`
    links.push({
      log: { ...link, entries: entries.map(toEntry), previous: previous?.toString('hex') ?? null },
      hash: hash.toString('hex'),
    })
  }
  return { links, hasMore: rows.length > fitting.length }
}

/** The hash of a link, as it was kept. */
export async function linkHashAt(db: Db, passportId: string, number: number): Promise<string | undefined> {
  const [row] = await db<{ hash: string }[]>`
    select encode(hash, 'hex') as hash from access_links where passport_id = ${passportId} and number = ${number}`
  return row?.hash
}
