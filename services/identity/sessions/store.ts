import type { OrganisationRole } from '#contracts/shared'
import { madeIn, type Db, type Tx, type Span } from '#kernel'
import type { ActsFor } from '../accounts/accounts.ts'
import { userColumns, type User } from '../accounts/store.ts'

export interface Session {
  id: string
  userId: string
  organisationId: string | null
  refreshHash: Buffer
  previousHash: Buffer | null
  rotatedAt: Date
  device: string
  addressPrefix: string
  createdAt: Date
  usedAt: Date
  expiresAt: Date
  endsAt: Date
  /** When and how (RFC 8176) its owner proved last to be it. */
  authenticatedAt: Date
  methods: string[]
  /** The admin whose session it is, in the place of the person. */
  actedBy: string | null
  /** The provider by which they signed in. */
  issuer: string | null
}

const sessionColumns = `
  id, user_id as "userId", organisation_id as "organisationId", refresh_hash as "refreshHash",
  previous_hash as "previousHash", rotated_at as "rotatedAt", device, address_prefix as "addressPrefix",
  created_at as "createdAt", used_at as "usedAt", expires_at as "expiresAt", ends_at as "endsAt",
  coalesce(authenticated_at, created_at) as "authenticatedAt", methods,
  acted_by as "actedBy", issuer`

/**
 * False when the account was disabled, or got another password, role or second factor, since `user` was read: who proved
 * the old one does not get in, nor with the old rights.
 */
export async function insertSession(
  tx: Tx,
  s: Session,
  user: Pick<User, 'id' | 'passwordHash' | 'role' | 'secondFactor'>,
): Promise<boolean> {
  const [inserted] = await tx`
    insert into sessions
      (id, user_id, refresh_hash, rotated_at, device, address_prefix, created_at, used_at, expires_at, ends_at,
        authenticated_at, methods, issuer)
    select ${s.id}, id, ${s.refreshHash}, ${s.rotatedAt}, ${s.device}, ${s.addressPrefix},
      ${s.createdAt}, ${s.usedAt}, ${s.expiresAt}, ${s.endsAt}, ${s.authenticatedAt}, ${s.methods}, ${s.issuer}
    from users
    where id = ${user.id} and not disabled and password_hash = ${user.passwordHash} and role = ${user.role}
      and second_factor = ${user.secondFactor}
    for share
    returning id`
  return inserted !== undefined
}

/** Of an admin in the place of somebody; nobody has its refresh token. */
export async function insertActing(
  tx: Tx,
  s: Pick<Session, 'id' | 'userId' | 'organisationId' | 'device' | 'addressPrefix' | 'createdAt' | 'endsAt'> & {
    refreshHash: Buffer
    actedBy: string
  },
): Promise<void> {
  await tx`
    insert into sessions (id, user_id, organisation_id, refresh_hash, rotated_at, device, address_prefix, created_at,
      used_at, expires_at, ends_at, authenticated_at, methods, acted_by)
    values (${s.id}, ${s.userId}, ${s.organisationId}, ${s.refreshHash}, ${s.createdAt}, ${s.device}, ${s.addressPrefix},
      ${s.createdAt}, ${s.createdAt}, ${s.endsAt}, ${s.endsAt}, 'epoch', '{}', ${s.actedBy})`
}

/** Ends those that an admin has in the places of others. Answers which, and of whom. */
export const deleteActing = (tx: Tx, actedBy: string) => tx<{ id: string; userId: string }[]>`
  delete from sessions where acted_by = ${actedBy} returning id, user_id as "userId"`

const sessionWhere = (condition: string) => async (db: Db, id: string) =>
  (await db.unsafe<Session[]>(`select ${sessionColumns} from sessions where ${condition}`, [id], { prepare: true }))[0]

export const findSession = sessionWhere('id = $1')
const lockSession = sessionWhere('id = $1 for update')

/** A session, held to change it, and before it its owner, held to stay as they are: asked for at once, locked in this order. */
export async function lockOwned(tx: Tx, id: string): Promise<{ user?: User; session?: Session }> {
  const [[user], session] = await Promise.all([
    tx.unsafe<User[]>(
      `select ${userColumns} from users where id = (select user_id from sessions where id = $1) for share`,
      [id],
      { prepare: true },
    ),
    lockSession(tx, id),
  ])
  return { ...(user && { user }), ...(session && { session }) }
}

/** Live sessions of a person, the latest first, from the one after `after` on. */
export const listSessions = (
  db: Db,
  userId: string,
  now: Date,
  after: string | undefined,
  limit: number,
  created: Span = {},
) => db<Session[]>`
  select ${db.unsafe(sessionColumns)} from sessions
  where user_id = ${userId} and expires_at > ${now} ${madeIn(db, 'created_at', created)} ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit + 1}`

/**
 * The account of an address, and whether it is in use from this address prefix already. One statement, as every sign-in
 * waits for it.
 */
export async function findAccountAt(
  db: Db,
  email: string,
  addressPrefix: string,
  now: Date,
): Promise<{ user?: User; knownPlace: boolean }> {
  const [row] = await db<(User & { knownPlace: boolean })[]>`
    select ${db.unsafe(userColumns)}, exists (
      select from sessions s where s.user_id = users.id and s.address_prefix = ${addressPrefix} and s.expires_at > ${now}
    ) as "knownPlace"
    from users where email = ${email}`
  if (!row) return { knownPlace: false }
  const { knownPlace, ...user } = row
  return { user, knownPlace }
}

/** When the next access token is to say that it was made: now, but not before the last revocation, which a faster clock may have dated. */
const stamp = `greatest($1::timestamptz, (select before from revocations where session_id = $2))`

const stampedBy = async (tx: Tx, change: string, values: (Date | string | Buffer)[]): Promise<Date | undefined> => {
  const text = `
    update sessions s set used_at = greatest(used_at, stamp)${change} from (select ${stamp} as stamp) earliest
    where id = $2 returning stamp`
  const [row] = await tx.unsafe<{ stamp: Date }[]>(text, values, { prepare: true })
  return row?.stamp
}

/** Keeps when the next access token of a session says that it was made, so that the next revocation comes after it. Undefined when the session has ended. */
export const stampToken = (tx: Tx, id: string, now: Date): Promise<Date | undefined> => stampedBy(tx, '', [now, id])

/** The same, with a new refresh token. */
export const rotateSession = (
  tx: Tx,
  id: string,
  {
    refreshHash,
    now,
    expiresAt,
    addressPrefix,
  }: { refreshHash: Buffer; now: Date; expiresAt: Date; addressPrefix: string },
): Promise<Date | undefined> =>
  stampedBy(
    tx,
    `, previous_hash = refresh_hash, refresh_hash = $3, rotated_at = $1, expires_at = least($4, ends_at), address_prefix = $5`,
    [now, id, refreshHash, expiresAt, addressPrefix],
  )

/** Its owner proved again to be it. */
export async function proveAnew(tx: Tx, id: string, methods: readonly string[], now: Date): Promise<void> {
  await tx`update sessions set authenticated_at = ${now}, methods = ${methods as string[]} where id = ${id}`
}

export async function actFor(tx: Tx, id: string, organisationId: string | null): Promise<void> {
  await tx`update sessions set organisation_id = ${organisationId} where id = ${id}`
}

type Which = { only?: string; except?: string }

/**
 * Ends sessions of a person, the one named, all but the one named, or all, and what they let clients do in them; with
 * more than one also what they let clients do without. Answers which.
 */
export async function takeSessions(
  tx: Tx,
  userId: string,
  which: Which,
): Promise<{ sessions: string[]; grants: string[] }> {
  const are = (id: string) =>
    which.only
      ? tx`and ${tx(id)} = ${which.only}`
      : which.except
        ? tx`and ${tx(id)} is distinct from ${which.except}::uuid`
        : tx``
  // Who is about to let a client in holds the session until the grant is there.
  await tx`select from sessions where user_id = ${userId} ${are('id')} for update`
  const grants = await tx<{ id: string }[]>`
    delete from client_grants where user_id = ${userId} ${are('session_id')} returning id`
  const sessions = await tx<{ id: string }[]>`delete from sessions where user_id = ${userId} ${are('id')} returning id`
  const idOf = ({ id }: { id: string }) => id
  return { sessions: sessions.map(idOf), grants: grants.map(idOf) }
}

/** The same; all of which tokens name. */
export async function deleteSessions(tx: Tx, userId: string, which: Which): Promise<string[]> {
  const { sessions, grants } = await takeSessions(tx, userId, which)
  return [...sessions, ...grants]
}

/**
 * Sessions of a person, keys of their programs, and what clients hold of them, and when their latest tokens say that they
 * were made.
 */
export const sessionsOf = async (db: Db, userId: string): Promise<{ id: string; usedAt: Date }[]> => db<
  { id: string; usedAt: Date }[]
>`
  select id, used_at as "usedAt" from sessions where user_id = ${userId}
  union all select id, used_at from api_keys where user_id = ${userId} and used_at is not null
  union all select id, used_at from api_keys where service_account_id = ${userId} and used_at is not null
  union all select id, used_at from client_grants where user_id = ${userId}`

/**
 * The organisation as the person acts for it, held until the transaction ends; nothing where it asks for a factor they
 * lack, or for a sign-in by its provider. `by` is the session, key or grant; null for an admin in their place.
 */
export async function holdMembership(
  tx: Tx,
  organisationId: string,
  userId: string,
  by: string | null,
): Promise<ActsFor | undefined> {
  const [row] = await tx<{ id: string; role: OrganisationRole; roleId: string | null }[]>`
    select o.id, m.role, m.role_id as "roleId" from members m join organisations o on o.id = m.organisation_id join users u on u.id = m.user_id
    where m.organisation_id = ${organisationId} and m.user_id = ${userId} and (u.second_factor or not o.needs_factor)
      and (${by}::uuid is null or not o.only_provider or o.provider_issuer = ${issuerOf(tx, by)})
    for share of m`
  if (!row?.roleId) return row && { id: row.id, role: row.role }
  // Asked for once the membership is held: who changes the role holds it too.
  const [custom] = await tx<{ permissions: string[] }[]>`
    select permissions from organisation_roles where id = ${row.roleId}`
  return { id: row.id, role: row.role, permissions: custom!.permissions }
}

/** By which provider was signed in where this session, key or grant is from. */
export const issuerOf = (db: Db, by: string | null) => db`
  (select issuer from sessions where id = ${by}::uuid
    union all select issuer from api_keys where id = ${by}::uuid
    union all select issuer from client_grants where id = ${by}::uuid)`

export async function deleteExpiredSessions(tx: Tx, now: Date): Promise<void> {
  await tx`delete from sessions where expires_at <= ${now}`
}

export async function insertRevocations(tx: Tx, ids: readonly string[], before: Date): Promise<void> {
  await tx`insert into revocations (session_id, before) select unnest(${ids as string[]}::uuid[]), ${before}
    on conflict (session_id) do update set before = greatest(revocations.before, excluded.before), revoked_at = now()`
}

/** Those of the last `youngerThanMs`, by session, `limit` at most; all without one. */
export const listRevoked = (
  db: Db,
  youngerThanMs: number,
  { after = null, limit = null }: { after?: string | null; limit?: number | null },
): Promise<{ sessionId: string; before: Date }[]> => db<{ sessionId: string; before: Date }[]>`
  select session_id as "sessionId", before from revocations
  where revoked_at > now() - make_interval(secs => ${youngerThanMs / 1000})
    and (${after}::uuid is null or session_id > ${after}::uuid)
  order by session_id limit ${limit}`

/** No access token lives that long. */
export async function deleteOldRevocations(tx: Tx): Promise<void> {
  await tx`delete from revocations where revoked_at < now() - interval '1 day'`
}
