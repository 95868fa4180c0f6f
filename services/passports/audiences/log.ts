import { madeIn, partiesOf, type Actor, type Db, type Span, type Tx } from '#kernel'
import { policyInForce, type Point } from '#law'
import type { Passport } from '../passports.ts'
import { readingOf, type Reading } from './reading.ts'
import { views, type View } from './views.ts'

/** An answer above point 1 that somebody got who is not of the owner. */
export interface Access {
  readonly readerId: string
  readonly organisationId: string | null
  readonly audience: string
  readonly route: string
  readonly at: Date
  /** Of an answer about one of its documents. */
  readonly docId: string | null
}

/** One as it stands in the log. */
export interface Noted extends Access {
  readonly number: number
  /** Of Art. 77(2), where their interest has one. */
  readonly purpose: string | null
  /** Of Annex XIII, that were open to them; null of those of before. */
  readonly points: readonly Point[] | null
}

/** The points of Annex XIII that are open to who reads so; all to who reads in the owner's place. */
const pointsOf = (audience: string): Point[] =>
  audience === 'admin'
    ? [1, 2, 3, 4]
    : [...new Set(views[audience as View].flatMap(one => policyInForce.audiences[one].points))].sort()

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
  const { userId: readerId, organisation } = reader
  const audience = view === 'owner' ? 'admin' : view
  const access = { readerId, organisationId: organisation?.id ?? null, audience, route, at, docId: null }
  await db.transaction(tx => insertAccess(tx, passportId, access))
}

/** The same where nobody is answered but who reads the whole of it: an admin, then, to whom it is not shared. */
export const noteWhole = (
  db: Parameters<typeof noteAccess>[0],
  passport: Passport,
  reader: Actor,
  route: string,
  at: Date,
): Promise<void> => noteAccess(db, passport.id, reader, readingOf(reader, passport)!, route, at)

/** With the purpose of the interest that they read by, and the points open to them. Of a passport that is gone nothing is noted. */
export async function insertAccess(tx: Tx, passportId: string, access: Access): Promise<void> {
  const { readerId, organisationId, audience, route, at, docId } = access
  const purpose =
    audience === 'interest' || audience === 'both'
      ? tx`(
          select purpose from readers r
          where r.passport_id = p.id and r.reader_id in (${readerId}, ${organisationId ?? readerId})
            and r.audience = 'interest' and (r.until_at is null or r.until_at > ${at})
          order by r.reader_id = ${readerId}, r.purpose limit 1)`
      : tx`null`
  await tx`
    insert into access_log (passport_id, reader_id, organisation_id, audience, route, at, doc_id, purpose, points)
    select id, ${readerId}::uuid, ${organisationId}::uuid, ${audience}, ${route}, ${at}, ${docId}::uuid, ${purpose},
      ${pointsOf(audience)}::integer[]
    from passports p where id = ${passportId}`
}

/** What was read of one passport, the latest first, below a number; what one reader read alone where `of` is given. */
export function listAccess(
  db: Db,
  { passportId, of, at }: { passportId: string; of: Actor | undefined; at: Span },
  limit: number,
  before = Number.MAX_SAFE_INTEGER,
) {
  const parties = of && partiesOf(of)
  return db<Noted[]>`
    select id::int as number, reader_id as "readerId", organisation_id as "organisationId", audience, route, at,
      doc_id as "docId", purpose, points
    from access_log
    where passport_id = ${passportId} and id < ${before} ${madeIn(db, 'at', at)}
      ${parties ? db`and (reader_id = any(${parties}) or organisation_id = any(${parties}))` : db``}
    order by id desc limit ${limit}`
}
