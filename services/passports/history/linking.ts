import { randomBytes } from 'node:crypto'
import type { Tx } from '#kernel'
import { endOf, hashOfLink, type Log } from './access.ts'
import { findLastLink, hasLinks, insertLink, nextEntries, readBetween } from './access-store.ts'
import type { Leaf } from './seals.ts'

/** Binds what was read up to the end of a day to what was read before it; a leaf for each passport. */
export async function* linkAccess(tx: Tx, day: string, from: Date): AsyncGenerator<Leaf[]> {
  const until = endOf(day)
  // A row that a slow clock wrote stands behind later ones, and comes a day after them.
  const since = (await hasLinks(tx)) ? new Date(from.getTime() - 24 * 3_600_000) : new Date(0)
  for await (const passportId of readBetween(tx, since, until)) {
    const leaf = await linkOne(tx, passportId, day, until)
    if (leaf) yield [leaf]
  }
}

async function linkOne(tx: Tx, passportId: string, day: string, until: Date): Promise<Leaf | undefined> {
  const last = await findLastLink(tx, passportId)
  let [number, after, previous] = [last?.number ?? 0, last?.lastId ?? '0', last?.hash.toString('hex') ?? null]
  let leaf: Leaf | undefined
  for (;;) {
    const { entries, lastId } = await nextEntries(tx, passportId, after, until)
    if (lastId === undefined) return leaf
    const log: Log = { passportId, number: ++number, day, salt: randomBytes(16), entries, previous }
    const hash = hashOfLink(log)
    await insertLink(tx, log, lastId, hash)
    previous = hash.toString('hex')
    after = lastId
    leaf = { passport: passportId, chain: 'access', version: number, hash: previous }
  }
}
