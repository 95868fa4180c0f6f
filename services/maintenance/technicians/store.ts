import { Problem, violates, type Db, type Tx } from '#kernel'
import type { Technician } from './technicians.ts'

const columns = (db: Db) => db`
  n.id, n.user_id as "userId", json_build_object('kind', n.owner_kind, 'id', n.owner_id) as owner, n.name, n.skills,
  n.latitude, n.longitude, n.radius_m as "radiusM", n.time_zone as "timeZone", n.hours, n.absences, n.version,
  n.created_at as "createdAt", n.deleted_at as "deletedAt"`

/** One who is not gone. */
export async function findTechnician(db: Db, id: string): Promise<Technician | undefined> {
  const [row] = await db<Technician[]>`
    select ${columns(db)} from technicians n where n.id = ${id} and n.deleted_at is null`
  return row
}

/** One who is not gone, and whom nobody changes until the transaction ends. */
export async function lockTechnician(
  tx: Tx,
  id: string,
  forWhat: 'change' | 'assign',
): Promise<Technician | undefined> {
  const [row] = await tx<Technician[]>`
    select ${columns(tx)} from technicians n where n.id = ${id} and n.deleted_at is null
    ${forWhat === 'change' ? tx`for update` : tx`for share`}`
  return row
}

const rowOf = (tx: Tx, technician: Technician) => ({
  name: technician.name,
  skills: technician.skills,
  latitude: technician.latitude,
  longitude: technician.longitude,
  radius_m: technician.radiusM,
  time_zone: technician.timeZone,
  hours: tx.json(technician.hours as never),
  absences: tx.json(technician.absences as never),
  version: technician.version,
  deleted_at: technician.deletedAt,
})

/** Fails with `technician_exists`. */
export async function insertTechnician(tx: Tx, technician: Technician): Promise<void> {
  const { id, userId, owner, createdAt } = technician
  const who = { id, user_id: userId, owner_kind: owner.kind, owner_id: owner.id, created_at: createdAt }
  try {
    await tx`insert into technicians ${tx({ ...who, ...rowOf(tx, technician) } as never)}`
  } catch (error) {
    if (violates(error, 'technicians_once')) throw new Problem('conflict', 'technician_exists')
    throw error
  }
}

export const updateTechnician = (tx: Tx, technician: Technician) =>
  tx`update technicians set ${tx(rowOf(tx, technician) as never)} where id = ${technician.id}`

type Position = readonly [createdAt: string, id: string]

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

function matching(
  db: Db,
  { owners, skill }: { owners?: readonly string[] | undefined; skill?: string | undefined },
): Fragment {
  return db`n.deleted_at is null ${owners ? db`and n.owner_id = any(${owners as string[]})` : db``}
    ${skill === undefined ? db`` : db`and ${skill} = any(n.skills)`}`
}

/** The newest first, of these owners or of all. */
export const listTechnicians = (
  db: Db,
  filters: { owners?: readonly string[] | undefined; skill?: string | undefined },
  limit: number,
  before: Position | undefined,
) => db<Technician[]>`
  select ${columns(db)} from technicians n where ${matching(db, filters)}
    ${before ? db`and (n.created_at, n.id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by n.created_at desc, n.id desc limit ${limit}`

export async function countTechnicians(
  db: Db,
  filters: { owners?: readonly string[] | undefined; skill?: string | undefined },
  most: number,
): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from technicians n where ${matching(db, filters)} limit ${most}) found`
  return row!.count
}

/** Those of an owner, with how many tickets each has. */
export const listLoads = (db: Db, ownerId: string) => db<(Technician & { load: number })[]>`
  select ${columns(db)}, (select count(*)::int from tickets t
    where t.technician_id = n.id and t.state not in ('resolved', 'closed')) as load
  from technicians n where n.owner_id = ${ownerId} and n.deleted_at is null order by n.created_at limit 500`

/** As whom a person can be sent, wherever. */
export const lockTechniciansOf = (tx: Tx, userId: string) => tx<Technician[]>`
  select ${columns(tx)} from technicians n where n.user_id = ${userId} and n.deleted_at is null order by n.id for update`

/** Whom an owner can send. */
export const lockTechniciansFor = (tx: Tx, ownerId: string) => tx<Technician[]>`
  select ${columns(tx)} from technicians n where n.owner_id = ${ownerId} and n.deleted_at is null order by n.id for update`

/** Who was sent where stays as a pseudonym: what they are called and where they live is in no ticket either. */
export async function forgetTechnician(tx: Tx, userId: string): Promise<void> {
  await tx`
    update ticket_notes n set text = null from technicians t
    where t.user_id = ${userId} and n.act = 'assign' and n.text = t.name`
  await tx`
    update technicians set name = '–', latitude = null, longitude = null, radius_m = null, absences = '[]'
    where user_id = ${userId}`
}

/** That somebody reported something stays, and what they wrote does not. */
export const forgetReports = (tx: Tx, userId: string) => tx`
  update reports set text = null, photos = '{}' where reporter_id = ${userId}`
