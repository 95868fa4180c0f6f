import type { OrganisationRole } from '#contracts/shared'
import { fail, Problem, madeIn, type Db, type Tx, type Span } from '#kernel'
import type { User } from '../accounts/store.ts'
import { issuerOf } from '../sessions/store.ts'
import { predefined, type Standing } from './roles.ts'
import { customOf } from './roles-store.ts'

export interface Organisation {
  id: string
  name: string
  version: number
  createdAt: Date
}

/** An organisation as one member sees it. */
export interface Membership extends Organisation, Standing {}

/** The same for an admin of the platform, who need not be one. */
export type Seen = Organisation & Pick<Standing, 'custom'> & { role: OrganisationRole | null }

export interface Member extends Standing, Pick<User, 'email' | 'firstName' | 'lastName' | 'locale' | 'disabled'> {
  userId: string
  joinedAt: Date
  secondFactor: boolean
  /** When they acted for the organisation last, in a session that still is. */
  usedAt: Date | null
}

export interface Invitation extends Standing {
  id: string
  organisationId: string
  email: string
  locale: 'en' | 'de'
  /** Null where it is not known; such an invitation is not accepted. */
  invitedBy: string | null
  tokenHash: Buffer
  sealed: Buffer
  createdAt: Date
  expiresAt: Date
}

const organisationColumns = (db: Db) => db`o.id, o.name, o.version, o.created_at as "createdAt"`

export async function insertOrganisation(tx: Tx, o: Organisation, ownerId: string): Promise<void> {
  await tx`insert into organisations (id, name, created_at) values (${o.id}, ${o.name}, ${o.createdAt})`
  const [owner] = await tx`
    insert into members (organisation_id, user_id, role, joined_at)
    select ${o.id}, id, 'owner', ${o.createdAt} from users where id = ${ownerId} for key share returning user_id`
  if (!owner) throw new Problem('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
}

export const listOrganisations = (
  db: Db,
  userId: string,
  after: string | undefined,
  limit: number,
  created: Span = {},
) => db<Membership[]>`
  select ${organisationColumns(db)}, m.role, ${customOf(db, 'm')} from members m join organisations o on o.id = m.organisation_id
  where m.user_id = ${userId} ${after ? db`and m.organisation_id > ${after}` : db``}
    ${madeIn(db, 'o.created_at', created)}
  order by m.organisation_id limit ${limit + 1}`

/** The organisation, with the role the person has in it, if any. */
export async function findOrganisation(db: Db, id: string, userId: string): Promise<Seen | undefined> {
  const [row] = await db<Seen[]>`
    select ${organisationColumns(db)}, m.role, ${customOf(db, 'm')} from organisations o
    left join members m on m.organisation_id = o.id and m.user_id = ${userId}
    where o.id = ${id}`
  return row
}

/**
 * Holds the organisation until the transaction ends, so that its changes come one after the other. Answers its new
 * version.
 */
export async function touchOrganisation(
  tx: Tx,
  id: string,
  unknown = (): never => fail('not_found', 'organisation_unknown'),
): Promise<number> {
  const [row] = await tx<
    { version: number }[]
  >`update organisations set version = version + 1 where id = ${id} returning version`
  return (row ?? unknown()).version
}

/** The same with all organisations of a person but these. */
export const touchOrganisationsOf = async (
  tx: Tx,
  userId: string,
  but: readonly string[],
): Promise<Pick<Organisation, 'id' | 'name' | 'version'>[]> => tx<Pick<Organisation, 'id' | 'name' | 'version'>[]>`
  update organisations set version = version + 1
  where id in (select organisation_id from members where user_id = ${userId}) and id <> all(${but as string[]}::uuid[])
  returning id, name, version`

/** An organisation with one owner who can sign in, and how many others belong to it. */
export interface OwnedAlone {
  id: string
  name: string
  others: number
}

/** Those that a person owns alone; a hundred at most. */
export const listOwnedAlone = async (db: Db, userId: string): Promise<OwnedAlone[]> => db<OwnedAlone[]>`
  select o.id, o.name, (select count(*)::int - 1 from members where organisation_id = o.id) as others
  from members m join organisations o on o.id = m.organisation_id
  where m.user_id = ${userId} and m.role = 'owner' and not exists (
    select from members other join users u on u.id = other.user_id
    where other.organisation_id = o.id and other.user_id <> m.user_id and other.role = 'owner' and not u.disabled)
  order by o.id limit 100`

/** How those have to sign in who act for an organisation. */
export interface SignInRules {
  needsFactor: boolean
  /** Its provider, as the settings name it, and by whom tokens of it are issued. */
  provider: string | null
  providerIssuer: string | null
  onlyProvider: boolean
}

const ruleColumns = (db: Db) => db`
  o.needs_factor as "needsFactor", o.provider, o.provider_issuer as "providerIssuer", o.only_provider as "onlyProvider"`

export async function findSignInRules(db: Db, id: string): Promise<SignInRules> {
  const [row] = await db<SignInRules[]>`select ${ruleColumns(db)} from organisations o where id = ${id}`
  return row ?? { needsFactor: false, provider: null, providerIssuer: null, onlyProvider: false }
}

export async function writeSignInRules(tx: Tx, id: string, r: SignInRules): Promise<void> {
  await tx`
    update organisations set needs_factor = ${r.needsFactor}, provider = ${r.provider},
      provider_issuer = ${r.providerIssuer}, only_provider = ${r.onlyProvider}
    where id = ${id}`
}

/** What the organisation asks for that the person, or their session, does not have; with its provider. */
export async function unmetRule(
  db: Db,
  id: string,
  userId: string,
  sessionId: string,
): Promise<{ lacksFactor: boolean; provider: string | null } | undefined> {
  const [row] = await db<{ lacksFactor: boolean; provider: string | null }[]>`
    select found.* from organisations o, users u, lateral (
      select o.needs_factor and not u.second_factor as "lacksFactor",
        case when o.only_provider and o.provider_issuer is distinct from ${issuerOf(db, sessionId)} then o.provider end
          as provider
    ) found
    where o.id = ${id} and u.id = ${userId} and (found."lacksFactor" or found.provider is not null)`
  return row
}

export async function deleteOrganisation(tx: Tx, id: string): Promise<void> {
  await tx`delete from organisations where id = ${id}`
}

export async function renameOrganisation(tx: Tx, id: string, name: string): Promise<void> {
  await tx`update organisations set name = ${name} where id = ${id}`
}

export const listMembersOf = (db: Db, organisationId: string, after?: string, limit?: number, joined: Span = {}) => db<
  Member[]
>`
  select u.id as "userId", u.email, u.first_name as "firstName", u.last_name as "lastName", u.locale,
    u.disabled, m.role, ${customOf(db, 'm')}, m.joined_at as "joinedAt", u.second_factor as "secondFactor",
    (select max(used_at) from sessions s where s.user_id = u.id and s.organisation_id = m.organisation_id) as "usedAt"
  from members m join users u on u.id = m.user_id
  where m.organisation_id = ${organisationId} ${after ? db`and m.user_id > ${after}` : db``}
    ${madeIn(db, 'm.joined_at', joined)}
  order by m.user_id ${limit ? db`limit ${limit + 1}` : db``}`

export async function findMember(db: Db, organisationId: string, userId: string): Promise<Standing | undefined> {
  const [row] = await db<Standing[]>`
    select m.role, ${customOf(db, 'm')} from members m
    where m.organisation_id = ${organisationId} and m.user_id = ${userId}`
  return row
}

export async function findMemberByEmail(
  db: Db,
  organisationId: string,
  email: string,
): Promise<(Standing & Pick<Member, 'userId'>) | undefined> {
  const [row] = await db<(Standing & Pick<Member, 'userId'>)[]>`
    select m.user_id as "userId", m.role, ${customOf(db, 'm')} from users u join members m on m.user_id = u.id
    where u.email = ${email} and m.organisation_id = ${organisationId}`
  return row
}

export async function insertMember(
  tx: Tx,
  organisationId: string,
  userId: string,
  { role, custom }: Standing,
  now: Date,
): Promise<void> {
  await tx`
    insert into members (organisation_id, user_id, role, role_id, joined_at)
    values (${organisationId}, ${userId}, ${role}, ${custom?.id ?? null}, ${now})`
}

/**
 * Gives a member another role, or with null ends the membership. Only after `touchOrganisation`: whoever comes second
 * sees what the first did, so one owner stays. Fails with `last_owner`.
 */
export async function changeMember(tx: Tx, organisationId: string, userId: string, to: Standing | null): Promise<void> {
  if (to)
    await tx`
      update members set role = ${to.role}, role_id = ${to.custom?.id ?? null}
      where organisation_id = ${organisationId} and user_id = ${userId}`
  else await tx`delete from members where organisation_id = ${organisationId} and user_id = ${userId}`
  // Another owner who cannot sign in is none, unless it is the same with the one who goes.
  const [owner] = await tx`
    select from members m join users u on u.id = m.user_id
    where m.organisation_id = ${organisationId} and m.role = 'owner'
      and (not u.disabled or (select disabled from users where id = ${userId}))
    limit 1`
  if (!owner)
    throw new Problem('conflict', 'last_owner', {
      detail: 'An organisation keeps at least one owner who can sign in. Make somebody else owner first.',
    })
}

const invitationColumns = (db: Db) => db`
  i.id, i.organisation_id as "organisationId", i.email, i.role, ${customOf(db, 'i')}, i.locale, i.invited_by as "invitedBy",
  i.token_hash as "tokenHash", i.sealed, i.created_at as "createdAt", i.expires_at as "expiresAt"`

/** Whether who made an invitation may still do so: `refuseMembership` for a row of it. */
const founded = (db: Db) => db`
  exists (
    select from users u left join members m on m.organisation_id = i.organisation_id and m.user_id = u.id
      left join organisation_roles own on own.id = m.role_id
      left join organisation_roles given on given.id = i.role_id
    where u.id = i.invited_by and not u.disabled
      and (u.role = 'admin' or m.role = 'owner' or (m.role = 'admin' and i.role <> 'owner')
        or ('people:write' = any(own.permissions) and i.role in ('editor', 'viewer') and own.permissions @>
          coalesce(given.permissions, case i.role when 'editor' then ${[...predefined.editor]}::text[]
            else ${[...predefined.viewer]}::text[] end))))`

/** Takes the place of an earlier invitation of the same address. */
export async function insertInvitation(tx: Tx, i: Invitation): Promise<void> {
  await tx`delete from invitations where organisation_id = ${i.organisationId} and email = ${i.email}`
  await tx`
    insert into invitations
      (id, organisation_id, email, role, role_id, locale, invited_by, token_hash, sealed, created_at, expires_at)
    values (${i.id}, ${i.organisationId}, ${i.email}, ${i.role}, ${i.custom?.id ?? null}, ${i.locale}, ${i.invitedBy}, ${i.tokenHash},
      ${i.sealed}, ${i.createdAt}, ${i.expiresAt})`
}

/** How many others wait for an answer: of the organisation, and to the address. */
export async function countWaiting(
  tx: Tx,
  organisationId: string,
  email: string,
  now: Date,
): Promise<{ ofOrganisation: number; toAddress: number }> {
  const [row] = await tx<{ ofOrganisation: number; toAddress: number }[]>`
    select
      (select count(*)::int from invitations
        where organisation_id = ${organisationId} and email <> ${email} and expires_at > ${now}) as "ofOrganisation",
      (select count(*)::int from invitations
        where email = ${email} and organisation_id <> ${organisationId} and expires_at > ${now}) as "toAddress"`
  return row!
}

export const listInvitations = async (
  db: Db,
  organisationId: string,
  now: Date,
  after: string | undefined,
  limit: number,
): Promise<Invitation[]> => db<Invitation[]>`
  select ${invitationColumns(db)} from invitations i
  where i.organisation_id = ${organisationId} and i.expires_at > ${now} and ${founded(db)}
    ${after ? db`and i.id > ${after}` : db``}
  order by i.id limit ${limit + 1}`

/** One that has not expired and that its maker stands behind. */
export async function findInvitation(
  db: Db,
  by: { id: string } | { tokenHash: Buffer },
  now: Date,
): Promise<Invitation | undefined> {
  const [row] = await db<Invitation[]>`
    select ${invitationColumns(db)} from invitations i
    where ${'id' in by ? db`i.id = ${by.id}` : db`i.token_hash = ${by.tokenHash}`} and i.expires_at > ${now}
      and ${founded(db)}`
  return row
}

/** False when it was answered or withdrawn meanwhile. */
export async function deleteInvitation(tx: Tx, organisationId: string, id: string): Promise<boolean> {
  const [row] = await tx`delete from invitations where organisation_id = ${organisationId} and id = ${id} returning id`
  return row !== undefined
}

/** Those to an address. */
export async function deleteInvitationsOf(tx: Tx, email: string): Promise<void> {
  await tx`delete from invitations where email = ${email}`
}

/** Those whose makers may not invite like that any more. */
export async function deleteUnfoundedInvitations(tx: Tx, organisationId: string): Promise<void> {
  await tx`delete from invitations i where organisation_id = ${organisationId} and not ${founded(tx)}`
}

export async function deleteExpiredInvitations(tx: Tx, now: Date): Promise<void> {
  await tx`delete from invitations where expires_at <= ${now}`
}

/** Whether a service ever had a place in this database; anybody may read the names of schemas. */
export async function hasSchema(db: Db, service: string): Promise<boolean> {
  const [row] = await db<{ there: boolean }[]>`select to_regnamespace(${service}) is not null as there`
  return row!.there
}
