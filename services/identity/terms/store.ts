import { Problem, type Db, type Tx } from '#kernel'
import { type Answered, isAhead, type Terms, type WholeTerms } from './terms.ts'

const headColumns = `id, key, kind, version, effective_at as "effectiveAt"`
const wholeColumns = `${headColumns}, texts, digest, published_at as "publishedAt", published_by as "publishedBy"`

/** Of every key all versions; there are few. */
export const listTerms = (db: Db) => db<Terms[]>`select ${db.unsafe(headColumns)} from terms order by key, version`

export const listWhole = (db: Db, ids: readonly string[]) => db<WholeTerms[]>`
  select ${db.unsafe(wholeColumns)} from terms where id = any(${ids as string[]}) order by key, version`

/** The latest first. */
export const listVersions = (db: Db, key: string | undefined, after: string | undefined, limit: number) => db<
  WholeTerms[]
>`
  select ${db.unsafe(wholeColumns)} from terms
  where true ${key ? db`and key = ${key}` : db``} ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit + 1}`

export async function findTerms(db: Db, id: string): Promise<WholeTerms | undefined> {
  const [row] = await db<WholeTerms[]>`select ${db.unsafe(wholeColumns)} from terms where id = ${id}`
  return row
}

/** The next version of a key. Who publishes takes turns. Fails with `terms_kind_fixed` where others of the key are of another kind. */
export async function insertTerms(tx: Tx, t: Omit<WholeTerms, 'version'>): Promise<WholeTerms> {
  await tx`select pg_advisory_xact_lock(hashtext('identity terms'))`
  const [others] = await tx<{ kind: string | null; last: number }[]>`
    select min(kind) as kind, coalesce(max(version), 0) as last from terms where key = ${t.key}`
  const { kind, last } = others!
  if (kind !== null && kind !== t.kind)
    throw new Problem('conflict', 'terms_kind_fixed', { detail: `“${t.key}” is of the kind ${kind} and stays so.` })
  const version = last + 1
  const announced = !isAhead({ ...t, version }, t.publishedAt)
  await tx`
    insert into terms (id, key, kind, version, texts, digest, effective_at, published_at, published_by, announced)
    values (${t.id}, ${t.key}, ${t.kind}, ${version}, ${tx.json(t.texts as never)}, ${t.digest}, ${t.effectiveAt},
      ${t.publishedAt}, ${t.publishedBy}, ${announced})`
  return { ...t, version }
}

/** One that nobody has answered; undefined where it holds by `now`, or is not there. */
export async function deleteTerms(tx: Tx, id: string, now: Date): Promise<Terms | undefined> {
  // Whoever answers it at this moment, by a clock that is ahead, is waited for.
  await tx`select from terms where id = ${id} for update`
  const [row] = await tx<Terms[]>`
    delete from terms
    where id = ${id} and effective_at > ${now} and not exists (select from terms_answers where terms_id = ${id})
    returning ${tx.unsafe(headColumns)}`
  return row
}

/**
 * Those who agreed to a version before and are to be told of this one next; undefined where all are, where it holds by
 * `now`, or is gone. Held against who is answering: they see how far it is.
 */
export async function announceNext(
  tx: Tx,
  id: string,
  now: Date,
  limit: number,
): Promise<{ terms: WholeTerms; userIds: string[] } | undefined> {
  const [terms] = await tx<(WholeTerms & { announcedTo: string | null })[]>`
    select ${tx.unsafe(wholeColumns)}, announced_to as "announcedTo" from terms
    where id = ${id} and not announced and effective_at > ${now} for no key update`
  if (!terms) return undefined
  const rows = await tx<{ id: string }[]>`
    select u.id from users u
    where ${terms.announcedTo ? tx`u.id > ${terms.announcedTo}` : tx`true`} and 'agreed' = (
      select a.answer from terms_answers a join terms t on t.id = a.terms_id
      where a.user_id = u.id and t.key = ${terms.key} order by a.id desc limit 1)
    order by u.id limit ${limit}`
  const userIds = rows.map(row => row.id)
  const isOver = userIds.length < limit
  await tx`
    update terms set announced = ${isOver}, announced_to = ${isOver ? null : userIds.at(-1)!} where id = ${id}`
  return { terms, userIds }
}

/** Newer versions that do not hold yet, of which this person would not be told any more, had they just agreed. */
export async function listAnnounced(tx: Tx, { key, version }: Terms, userId: string, now: Date): Promise<WholeTerms[]> {
  // By what does not change: who waits for a row sees it as it is by then.
  const rows = await tx<(WholeTerms & { announced: boolean; announcedTo: string | null })[]>`
    select ${tx.unsafe(wholeColumns)}, announced, announced_to as "announcedTo" from terms
    where key = ${key} and version > ${version} and effective_at > ${now} order by version for share`
  return rows.filter(({ announced, announcedTo }) => announced || (announcedTo !== null && userId <= announcedTo))
}

/** The last answer of a person to each key. */
export const answersOf = (db: Db, userId: string) => db<Answered[]>`
  select distinct on (t.key) t.key, t.version, a.answer, a.created_at as at
  from terms_answers a join terms t on t.id = a.terms_id
  where a.user_id = ${userId} order by t.key, a.id desc`

export interface Answer {
  id: string
  userId: string
  termsId: string
  answer: Answered['answer']
  /** Of the text that was shown. */
  locale: 'en' | 'de'
  device: string | null
  addressHash: Buffer | null
  createdAt: Date
}

export async function insertAnswer(tx: Tx, a: Answer): Promise<void> {
  await tx`
    insert into terms_answers (id, user_id, terms_id, answer, locale, device, address_hash, created_at)
    values (${a.id}, ${a.userId}, ${a.termsId}, ${a.answer}, ${a.locale}, ${a.device}, ${a.addressHash}, ${a.createdAt})`
}

/** Answers of a person, or to a version, the latest first. */
export const listAnswers = (
  db: Db,
  of: { userId: string } | { termsId: string },
  after: string | undefined,
  limit: number,
) => db<(Answer & Pick<Terms, 'key' | 'version'>)[]>`
  select a.id, a.user_id as "userId", a.terms_id as "termsId", a.answer, a.locale, a.device,
    a.address_hash as "addressHash", a.created_at as "createdAt", t.key, t.version
  from terms_answers a join terms t on t.id = a.terms_id
  where ${'userId' in of ? db`a.user_id = ${of.userId}` : db`a.terms_id = ${of.termsId}`}
    ${after ? db`and a.id < ${after}` : db``}
  order by a.id desc limit ${limit + 1}`

/** Of who leaves, what is proof stays for a while, and what tells where they were does not. */
export async function leaveAnswers(tx: Tx, userId: string, now: Date): Promise<void> {
  await tx`update terms_answers set device = null, address_hash = null, left_at = ${now} where user_id = ${userId}`
}

/** Those of who left before. */
export async function deleteLeftAnswers(tx: Tx, before: Date): Promise<void> {
  await tx`delete from terms_answers where left_at < ${before}`
}
