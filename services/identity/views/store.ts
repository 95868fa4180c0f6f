import { violates, type Actor, type Db, type Tx } from '#kernel'

/** How somebody, or an organisation, looks at a list. */
export interface View {
  id: string
  /** Of a person, or of an organisation. */
  userId: string | null
  organisationId: string | null
  list: string
  name: string
  asked: Record<string, string>
  hidden: string[]
  compact: boolean
  createdAt: Date
  updatedAt: Date
}

const columns = `id, user_id as "userId", organisation_id as "organisationId", list, name, asked, hidden, compact,
  created_at as "createdAt", updated_at as "updatedAt"`

/** One's own, and those of the organisation one acts for. */
const seenBy = (db: Db, { userId, organisation }: Actor) =>
  organisation ? db`(user_id = ${userId} or organisation_id = ${organisation.id})` : db`user_id = ${userId}`

/** In the order in which they were saved, from the one after `after` on. */
export const listViews = (
  db: Db,
  actor: Actor,
  list: string | undefined,
  after: string | undefined,
  limit: number,
): Promise<View[]> => db<View[]>`
  select ${db.unsafe(columns)} from views
  where ${seenBy(db, actor)} ${list ? db`and list = ${list}` : db``} ${after ? db`and id > ${after}` : db``}
  order by id limit ${limit}`

export async function lockView(tx: Tx, actor: Actor, id: string): Promise<View | undefined> {
  const [row] = await tx<View[]>`
    select ${tx.unsafe(columns)} from views where id = ${id} and ${seenBy(tx, actor)} for update`
  return row
}

/** Of whom they are. */
export async function countViews(db: Db, { userId, organisationId }: Pick<View, 'userId' | 'organisationId'>) {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from views
    where ${organisationId ? db`organisation_id = ${organisationId}` : db`user_id = ${userId}`}`
  return row!.count
}

/** False where there is one of that name already. */
export async function insertView(tx: Tx, v: View): Promise<boolean> {
  const [inserted] = await tx`
    insert into views (id, user_id, organisation_id, list, name, asked, hidden, compact, created_at, updated_at)
    values (${v.id}, ${v.userId}, ${v.organisationId}, ${v.list}, ${v.name}, ${tx.json(v.asked)}, ${tx.json(v.hidden)},
      ${v.compact}, ${v.createdAt}, ${v.updatedAt})
    on conflict do nothing returning id`
  return inserted !== undefined
}

/** Fails as `nameTaken` tells where there is another one of that name. */
export async function updateView(tx: Tx, v: View): Promise<void> {
  await tx`
    update views set name = ${v.name}, asked = ${tx.json(v.asked)}, hidden = ${tx.json(v.hidden)},
      compact = ${v.compact}, updated_at = ${v.updatedAt}
    where id = ${v.id}`
}

export const nameTaken = (error: unknown): boolean =>
  violates(error, 'views_of_user') || violates(error, 'views_of_organisation')

export const deleteView = (tx: Tx, id: string) => tx`delete from views where id = ${id}`
