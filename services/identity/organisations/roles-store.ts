import type { CustomRole, OrganisationRole } from '#contracts/shared'
import { type Db, fail, Problem, type Tx, violates } from '#kernel'
import { predefined, roleOf, type Standing } from './roles.ts'

export interface StoredRole extends CustomRole {
  version: number
  createdAt: Date
  /** How many members have it. */
  members: number
  serviceAccounts: number
}

/** The role behind `role_id` of a row, or null. */
export const customOf = (db: Db, row: 'm' | 'i' | 'a') => db`
  (select json_build_object('id', r.id, 'name', r.name, 'permissions', r.permissions)
    from organisation_roles r where r.id = ${db(row)}.role_id) as custom`

const columns = (db: Db) => db`
  r.id, r.name, r.permissions, r.version, r.created_at as "createdAt",
  (select count(*)::int from members m where m.role_id = r.id) as members,
  (select count(*)::int from service_accounts a where a.role_id = r.id) as "serviceAccounts"`

export const listRoles = (db: Db, organisationId: string): Promise<StoredRole[]> => db<StoredRole[]>`
  select ${columns(db)} from organisation_roles r where organisation_id = ${organisationId} order by lower(name)`

/** Fails with `role_unknown`, for that of another organisation too. */
export async function findRole(db: Db, organisationId: string, id: string): Promise<StoredRole> {
  const [row] = await db<StoredRole[]>`
    select ${columns(db)} from organisation_roles r where organisation_id = ${organisationId} and id = ${id}`
  return row ?? fail('not_found', 'role_unknown')
}

/** What a role comes to that somebody names. Fails with `role_unknown`. */
export async function standingFor(db: Db, organisationId: string, given: string): Promise<Standing> {
  if (Object.hasOwn(predefined, given)) return { role: given as OrganisationRole, custom: null }
  const { id, name, permissions } = await findRole(db, organisationId, given)
  return { role: roleOf(permissions), custom: { id, name, permissions } }
}

const named = async <T>(name: string, work: () => PromiseLike<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!violates(error, 'organisation_roles_name')) throw error
    throw new Problem('conflict', 'role_exists', { detail: `The organisation has a role “${name}” already.` })
  }
}

/** Fails with `role_exists`. */
export const insertRole = (tx: Tx, organisationId: string, r: CustomRole & { createdAt: Date }) =>
  named(
    r.name,
    () => tx`
      insert into organisation_roles (id, organisation_id, name, permissions, created_at)
      values (${r.id}, ${organisationId}, ${r.name}, ${r.permissions}, ${r.createdAt})`,
  )

/**
 * With another definition all its members are held: whoever is about to get a token as one waits for the new one. Who
 * they are. Fails with `role_exists`.
 */
export async function updateRole(tx: Tx, { id, name, permissions }: CustomRole): Promise<string[]> {
  await named(
    name,
    () => tx`
      update organisation_roles set name = ${name}, permissions = ${permissions}, version = version + 1
      where id = ${id}`,
  )
  const members = await tx<{ userId: string }[]>`
    update members set role = ${roleOf(permissions)} where role_id = ${id} returning user_id as "userId"`
  await tx`update invitations set role = ${roleOf(permissions)} where role_id = ${id}`
  return members.map(({ userId }) => userId).toSorted()
}

/** Its members become something else, its invitations go. Who they are. */
export async function deleteRole(tx: Tx, id: string, to: Standing | undefined): Promise<string[]> {
  const members = to
    ? await tx<{ userId: string }[]>`
        update members set role = ${to.role}, role_id = ${to.custom?.id ?? null} where role_id = ${id}
        returning user_id as "userId"`
    : []
  await tx`update scim_groups set role_id = null where role_id = ${id}`
  await tx`delete from organisation_roles where id = ${id}`
  return members.map(({ userId }) => userId).toSorted()
}
