import { partiesOf, type Actor, type Db, type Tx } from '#kernel'
import type { Reading } from './reading.ts'

/** An answer above point 1 that somebody got who is not of the owner. */
export interface Access {
  readonly id: number
  readonly readerId: string
  readonly organisationId: string | null
  readonly audience: string
  readonly route: string
  readonly at: Date
}

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

/** The latest first, below the id `before`; of one reader alone where `of` is given. */
export async function listAccess(
  db: Db,
  passportId: string,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
  of?: Actor,
): Promise<Access[]> {
  return await db<Access[]>`
    select id::int, reader_id as "readerId", organisation_id as "organisationId", audience, route, at
    from access_log
    where passport_id = ${passportId} and id < ${before}
      ${of ? db`and (reader_id = any(${partiesOf(of)}) or organisation_id = any(${partiesOf(of)}))` : db``}
    order by id desc limit ${limit}`
}
