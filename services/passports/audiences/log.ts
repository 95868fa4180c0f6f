import { listDocumentReadings } from '#contracts/documents'
import { partiesOf, type Actor, type Db, type Tx } from '#kernel'
import type { PassportsHost } from '../host.ts'
import type { Reading } from './reading.ts'

/** An answer above point 1 that somebody got who is not of the owner. */
export interface Access {
  readonly readerId: string
  readonly organisationId: string | null
  readonly audience: string
  readonly route: string
  readonly at: Date
  /** Of an answer about documents: which one, null for a list of them. */
  readonly docId?: string | null
}

/** How far somebody has read: below these numbers of what is noted here, and of what documents note. */
export type Place = readonly [passports: number, documents: number]
export const newest: Place = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]

/**
 * Notes who is about to read what the public may not, and waits until that stands. What the owner and those in their place
 * read, and what is open to everybody, is nobody's business.
 */
export async function noteAccess(
  db: { transaction<T>(work: (tx: Tx<'passports'>) => Promise<T>): Promise<T> },
  passportId: string,
  reader: Actor | undefined,
  { view, isAdmin }: Reading,
  route: string,
  at: Date,
): Promise<void> {
  if (!reader || view === 'public' || (view === 'owner' && !isAdmin)) return
  const audience = view === 'owner' ? 'admin' : view
  await db.transaction(async tx => {
    await tx`
      insert into access_log (passport_id, reader_id, organisation_id, audience, route, at)
      values (${passportId}, ${reader.userId}, ${reader.organisation?.id ?? null}, ${audience}, ${route}, ${at})`
  })
}

/**
 * What is noted here and what documents note of one passport, the latest first, each with the place to go on below; what
 * one reader read alone where `of` is given. Fails with what documents fail with.
 */
export async function listAccess(
  { db, ask }: Pick<PassportsHost, 'db' | 'ask'>,
  passportId: string,
  limit: number,
  [before, beforeDocuments]: Place,
  of?: Actor,
): Promise<(Access & { below: Place })[]> {
  const parties = of && partiesOf(of)
  const [own, { readings }] = await Promise.all([
    listOwn(db, passportId, limit, before, parties),
    ask(listDocumentReadings, { passportId, limit, before: beforeDocuments, ...(parties && { of: parties }) }),
  ])
  const theirs = readings.map(({ at, ...reading }) => ({ ...reading, at: new Date(at) }))
  const merged: (Access & { below: Place })[] = []
  let below: Place = [before, beforeDocuments]
  for (let [one, other] = [0, 0]; merged.length < limit && (one < own.length || other < theirs.length);) {
    const isOwn = other >= theirs.length || (one < own.length && own[one]!.at >= theirs[other]!.at)
    const { number, ...access } = isOwn ? own[one++]! : theirs[other++]!
    below = isOwn ? [number, below[1]] : [below[0], number]
    merged.push({ ...access, below })
  }
  return merged
}

const listOwn = (db: Db, passportId: string, limit: number, before: number, of?: string[]) =>
  db<(Access & { number: number })[]>`
    select id::int as number, reader_id as "readerId", organisation_id as "organisationId", audience, route, at
    from access_log
    where passport_id = ${passportId} and id < ${before}
      ${of ? db`and (reader_id = any(${of}) or organisation_id = any(${of}))` : db``}
    order by id desc limit ${limit}`
