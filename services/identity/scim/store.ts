import type { OrganisationRole } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import { roleOf, type Standing } from '../organisations/roles.ts'
import type { Sql } from './filter.ts'

/** How tokens begin, for programs that look for secrets where none should be. */
export const startOfScimTokens = 'ohm_scim_'

/** What a client says of a person, in the names of the schema. */
export interface Said {
  userName: string
  externalId?: string
  name?: { formatted?: string; familyName?: string; givenName?: string }
  displayName?: string
  emails?: { value?: string; type?: string; primary?: boolean }[]
  preferredLanguage?: string
  active?: boolean
}

export interface ScimUser {
  organisationId: string
  userId: string
  said: Said
  /** Whether they belong to the organisation. */
  active: boolean
  /** Whether the account was made for it. */
  made: boolean
  /** Whether what they are in the organisation follows from groups. */
  byGroups: boolean
  version: number
  createdAt: Date
  changedAt: Date
  groups: { id: string; name: string }[]
}

export interface ScimGroup {
  id: string
  organisationId: string
  displayName: string
  externalId: string | null
  role: OrganisationRole | null
  roleId: string | null
  version: number
  createdAt: Date
  changedAt: Date
}

export interface ScimToken {
  id: string
  organisationId: string
  start: string
  hash: Buffer
  createdAt: Date
  expiresAt: Date
  usedAt: Date | null
}

const tokenColumns = (db: Db) => db`
  id, organisation_id as "organisationId", start, hash, created_at as "createdAt", expires_at as "expiresAt",
  used_at as "usedAt"`

export async function insertScimToken(tx: Tx, t: ScimToken): Promise<void> {
  await tx`
    insert into scim_tokens (id, organisation_id, start, hash, created_at, expires_at)
    values (${t.id}, ${t.organisationId}, ${t.start}, ${t.hash}, ${t.createdAt}, ${t.expiresAt})`
}

/** Whose token this is, if it is good. Its use is noted once a minute. */
export async function findScimToken(db: Db, hash: Buffer, now: Date): Promise<ScimToken | undefined> {
  const [row] = await db<ScimToken[]>`
    select ${tokenColumns(db)} from scim_tokens where hash = ${hash} and expires_at > ${now}`
  return row
}

/** Until the transaction ends nobody ends it. */
export async function holdScimToken(tx: Tx, id: string, now: Date): Promise<boolean> {
  const [row] = await tx`
    select from scim_tokens where id = ${id} and expires_at > ${now} for key share`
  return row !== undefined
}

export async function noteScimUse(tx: Tx, id: string, now: Date): Promise<void> {
  await tx`
    update scim_tokens set used_at = ${now}
    where id = ${id} and coalesce(used_at, 'epoch') < ${now}::timestamptz - interval '1 minute'`
}

export const listScimTokens = (db: Db, organisationId: string): Promise<ScimToken[]> => db<ScimToken[]>`
  select ${tokenColumns(db)} from scim_tokens where organisation_id = ${organisationId} order by id`

export async function deleteScimToken(tx: Tx, organisationId: string, id: string): Promise<boolean> {
  const [row] = await tx`
    delete from scim_tokens where organisation_id = ${organisationId} and id = ${id} returning id`
  return row !== undefined
}

export async function deleteExpiredScimTokens(tx: Tx, before: Date): Promise<void> {
  await tx`delete from scim_tokens where expires_at <= ${before}`
}

const userColumns = (db: Db) => db`
  s.organisation_id as "organisationId", s.user_id as "userId", s.said, s.active, s.made, s.by_groups as "byGroups", s.version,
  s.created_at as "createdAt", s.changed_at as "changedAt",
  coalesce((
    select json_agg(json_build_object('id', g.id, 'name', g.display_name) order by g.id)
    from scim_members m join scim_groups g on g.id = m.group_id
    where m.organisation_id = s.organisation_id and m.user_id = s.user_id), '[]') as groups`

const groupColumns = (db: Db) => db`
  s.id, s.organisation_id as "organisationId", s.display_name as "displayName", s.external_id as "externalId", s.role,
  s.role_id as "roleId", s.version, s.created_at as "createdAt", s.changed_at as "changedAt"`

type Condition = Sql | undefined

/** Those of an organisation that a filter picks, by when they came, a page of them; and how many there are. */
export async function listScimUsers(
  db: Db,
  organisationId: string,
  condition: Condition,
  { skip, limit }: { skip: number; limit: number },
): Promise<{ total: number; found: ScimUser[] }> {
  const are = db`from scim_users s where s.organisation_id = ${organisationId} ${condition ? db`and ${condition}` : db``}`
  const [count] = await db<{ total: number }[]>`select count(*)::int as total ${are}`
  const found =
    limit === 0
      ? []
      : await db<ScimUser[]>`
          select ${userColumns(db)} ${are} order by s.created_at, s.user_id limit ${limit} offset ${skip}`
  return { total: count!.total, found }
}

export async function findScimUser(db: Db, organisationId: string, userId: string): Promise<ScimUser | undefined> {
  const [row] = await db<ScimUser[]>`
    select ${userColumns(db)} from scim_users s where s.organisation_id = ${organisationId} and s.user_id = ${userId}`
  return row
}

/** False where the organisation has them, or one of this name, already. */
export async function insertScimUser(
  tx: Tx,
  u: Pick<ScimUser, 'organisationId' | 'userId' | 'said' | 'active' | 'made' | 'createdAt'>,
): Promise<boolean> {
  const { userName, externalId = null } = u.said
  const [row] = await tx`
    insert into scim_users
      (organisation_id, user_id, user_name, external_id, active, said, made, created_at, changed_at)
    values (${u.organisationId}, ${u.userId}, ${userName}, ${externalId}, ${u.active}, ${tx.json(u.said as never)}, ${u.made},
      ${u.createdAt}, ${u.createdAt})
    on conflict do nothing returning user_id`
  return row !== undefined
}

/** Whether the organisation has somebody else of this name. */
export async function isNameTaken(db: Db, organisationId: string, name: string, but: string): Promise<boolean> {
  const [row] = await db`
    select from scim_users
    where organisation_id = ${organisationId} and lower(user_name) = lower(${name}::text) and user_id <> ${but}`
  return row !== undefined
}

export async function writeScimUser(
  tx: Tx,
  organisationId: string,
  userId: string,
  { said, active }: Pick<ScimUser, 'said' | 'active'>,
  now: Date,
): Promise<void> {
  await tx`
    update scim_users set user_name = ${said.userName}, external_id = ${said.externalId ?? null}, active = ${active},
      said = ${tx.json(said as never)}, version = version + 1, changed_at = ${now}
    where organisation_id = ${organisationId} and user_id = ${userId}`
}

export async function writeByGroups(tx: Tx, organisationId: string, userId: string, byGroups: boolean): Promise<void> {
  await tx`
    update scim_users set by_groups = ${byGroups} where organisation_id = ${organisationId} and user_id = ${userId}`
}

export async function deleteScimUser(tx: Tx, organisationId: string, userId: string): Promise<void> {
  await tx`delete from scim_users where organisation_id = ${organisationId} and user_id = ${userId}`
}

export async function listScimGroups(
  db: Db,
  organisationId: string,
  condition: Condition,
  { skip, limit }: { skip: number; limit: number },
): Promise<{ total: number; found: ScimGroup[] }> {
  const are = db`from scim_groups s where s.organisation_id = ${organisationId} ${condition ? db`and ${condition}` : db``}`
  const [count] = await db<{ total: number }[]>`select count(*)::int as total ${are}`
  const found =
    limit === 0
      ? []
      : await db<ScimGroup[]>`
          select ${groupColumns(db)} ${are} order by s.created_at, s.id limit ${limit} offset ${skip}`
  return { total: count!.total, found }
}

export async function findScimGroup(db: Db, organisationId: string, id: string): Promise<ScimGroup | undefined> {
  const [row] = await db<ScimGroup[]>`
    select ${groupColumns(db)} from scim_groups s where s.organisation_id = ${organisationId} and s.id = ${id}`
  return row
}

/** False where the organisation has one of this name already. */
export async function insertScimGroup(
  tx: Tx,
  g: Pick<ScimGroup, 'id' | 'organisationId' | 'displayName' | 'externalId' | 'createdAt'>,
): Promise<boolean> {
  const [row] = await tx`
    insert into scim_groups (id, organisation_id, display_name, external_id, created_at, changed_at)
    values (${g.id}, ${g.organisationId}, ${g.displayName}, ${g.externalId}, ${g.createdAt}, ${g.createdAt})
    on conflict do nothing returning id`
  return row !== undefined
}

export async function isGroupNameTaken(db: Db, organisationId: string, name: string, but: string): Promise<boolean> {
  const [row] = await db`
    select from scim_groups
    where organisation_id = ${organisationId} and lower(display_name) = lower(${name}::text) and id <> ${but}`
  return row !== undefined
}

export async function writeScimGroup(
  tx: Tx,
  id: string,
  { displayName, externalId }: Pick<ScimGroup, 'displayName' | 'externalId'>,
  now: Date,
): Promise<void> {
  await tx`
    update scim_groups set display_name = ${displayName}, external_id = ${externalId}, version = version + 1,
      changed_at = ${now}
    where id = ${id}`
}

export async function deleteScimGroup(tx: Tx, id: string): Promise<void> {
  await tx`delete from scim_groups where id = ${id}`
}

/** For which role a group stands; of the four, or one that the organisation has defined. */
export async function writeGroupRole(
  tx: Tx,
  id: string,
  { role, roleId }: Pick<ScimGroup, 'role' | 'roleId'>,
): Promise<void> {
  await tx`update scim_groups set role = ${role}, role_id = ${roleId} where id = ${id}`
}

export const membersOfGroups = (db: Db, ids: readonly string[]) => db<{ groupId: string; userId: string }[]>`
  select group_id as "groupId", user_id as "userId" from scim_members
  where group_id = any(${ids as string[]}::uuid[]) order by group_id, user_id`

/** Which of these the organisation knows from its provider. */
export const knownOf = async (db: Db, organisationId: string, ids: readonly string[]): Promise<string[]> =>
  (
    await db<{ userId: string }[]>`
      select user_id as "userId" from scim_users
      where organisation_id = ${organisationId} and user_id = any(${ids as string[]}::uuid[])`
  ).map(({ userId }) => userId)

export async function changeScimMembers(
  tx: Tx,
  { id, organisationId }: Pick<ScimGroup, 'id' | 'organisationId'>,
  { come, gone }: { come: readonly string[]; gone: readonly string[] },
  now: Date,
): Promise<void> {
  await tx`delete from scim_members where group_id = ${id} and user_id = any(${gone as string[]}::uuid[])`
  await tx`
    insert into scim_members (organisation_id, group_id, user_id)
    select ${organisationId}, ${id}, unnest(${come as string[]}::uuid[])`
  // Their groups stand in what is said of them.
  await tx`
    update scim_users set version = version + 1, changed_at = ${now}
    where organisation_id = ${organisationId} and user_id = any(${[...come, ...gone]}::uuid[])`
}

/** Roles that the groups of a person stand for. */
export async function standingsOf(db: Db, organisationId: string, userId: string): Promise<Standing[]> {
  const rows = await db<{ role: OrganisationRole | null; custom: Standing['custom'] }[]>`
    select g.role,
      (select json_build_object('id', r.id, 'name', r.name, 'permissions', r.permissions)
        from organisation_roles r where r.id = g.role_id) as custom
    from scim_members m join scim_groups g on g.id = m.group_id
    where m.organisation_id = ${organisationId} and m.user_id = ${userId} and (g.role is not null or g.role_id is not null)
    order by g.id`
  return rows.map(({ role, custom }) => ({ role: custom ? roleOf(custom.permissions) : role!, custom }))
}
