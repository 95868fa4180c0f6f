import type { Owner } from '#contracts/shared'
import { Problem, violates, type Actor, type Db, type Tx } from '#kernel'
import { partiesOf } from '#kernel'

/** Something that is in stock. */
export interface Part {
  readonly id: string
  readonly owner: Owner
  readonly number: string
  readonly name: string
  readonly stock: number
  readonly version: number
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  p.id, json_build_object('kind', p.owner_kind, 'id', p.owner_id) as owner, p.number, p.name, p.stock, p.version,
  p.created_at as "createdAt"`

/** Operators see what is of their parties, technicians what is of who sends them, admins all. */
const scope = (db: Db, actor: Actor) =>
  actor.role === 'admin'
    ? db`true`
    : actor.role === 'technician'
      ? db`p.owner_id in (select owner_id from technicians where user_id = ${actor.userId} and deleted_at is null)`
      : db`p.owner_id = any(${partiesOf(actor)})`

export async function findPart(db: Db, actor: Actor, id: string): Promise<Part | undefined> {
  const [row] = await db<Part[]>`select ${columns(db)} from parts p where p.id = ${id} and ${scope(db, actor)}`
  return row
}

/** A part that nobody else changes until the transaction ends. */
export async function lockPart(tx: Tx, actor: Actor, id: string): Promise<Part | undefined> {
  const [row] = await tx<Part[]>`
    select ${columns(tx)} from parts p where p.id = ${id} and ${scope(tx, actor)} for update`
  return row
}

/** Fails with `part_exists` for a number of the owner that is there. */
async function numbered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (violates(error, 'parts_by_number')) throw new Problem('conflict', 'part_exists')
    throw error
  }
}

/** Fails with `part_exists`. */
export const insertPart = (tx: Tx, { id, owner, number, name, stock, version, createdAt }: Part) =>
  numbered(
    tx`
    insert into parts (id, owner_kind, owner_id, number, name, stock, version, created_at)
    values (${id}, ${owner.kind}, ${owner.id}, ${number}, ${name}, ${stock}, ${version}, ${createdAt})`.execute(),
  )

/** Fails with `part_exists`. */
export const updatePart = (tx: Tx, { id, number, name, stock, version }: Part) =>
  numbered(
    tx`
    update parts set number = ${number}, name = ${name}, stock = ${stock}, version = ${version} where id = ${id}`.execute(),
  )

export const listParts = (
  db: Db,
  actor: Actor,
  number: string | undefined,
  limit: number,
  before: readonly [string, string] | undefined,
) => db<Part[]>`
  select ${columns(db)} from parts p where ${scope(db, actor)} ${number === undefined ? db`` : db`and p.number = ${number}`}
    ${before ? db`and (p.created_at, p.id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by p.created_at desc, p.id desc limit ${limit}`

export async function countParts(db: Db, actor: Actor, number: string | undefined, most: number): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from parts p where ${scope(db, actor)}
      ${number === undefined ? db`` : db`and p.number = ${number}`} limit ${most}) found`
  return row!.count
}

/** False where so many are not left: the row decides, however many want the last one. */
export async function takeFromStock(tx: Tx, partId: string, quantity: number): Promise<boolean> {
  const taken = await tx`
    update parts set stock = stock - ${quantity}, version = version + 1
    where id = ${partId} and stock >= ${quantity} returning id`
  return taken.length > 0
}

export const useIn = (tx: Tx, ticketId: string, partId: string, quantity: number) => tx`
  insert into ticket_parts as u (ticket_id, part_id, quantity) values (${ticketId}, ${partId}, ${quantity})
  on conflict (ticket_id, part_id) do update set quantity = u.quantity + excluded.quantity`

export interface Used {
  readonly partId: string
  readonly number: string
  readonly name: string
  readonly quantity: number
}

export const listUsed = (db: Db, ticketId: string) => db<Used[]>`
  select u.part_id as "partId", p.number, p.name, u.quantity from ticket_parts u join parts p on p.id = u.part_id
  where u.ticket_id = ${ticketId} order by p.number`
