import { type Db, Problem, type Tx } from '#kernel'
import type { Client } from './clients.ts'

/** Somebody a client sent here, and what it wants. */
export interface Visit {
  id: string
  clientId: string
  redirectUri: string
  scopes: string[]
  state: string | null
  nonce: string | null
  /** SHA-256 of what the client alone knows (RFC 7636), base64url. */
  challenge: string
  prompt: 'none' | 'login' | 'consent' | 'as needed'
  maxAgeS: number | null
  createdAt: Date
  expiresAt: Date
}

export interface Consent {
  id: string
  userId: string
  clientId: string
  organisationId: string | null
  scopes: string[]
  createdAt: Date
}

/** What a client holds of a person. */
export interface Grant {
  id: string
  userId: string
  clientId: string
  sessionId: string | null
  organisationId: string | null
  scopes: string[]
  nonce: string | null
  authenticatedAt: Date
  methods: string[]
  /** The provider by which its person had signed in. */
  issuer: string | null
  codeHash: Buffer
  redirectUri: string
  challenge: string
  /** Null until the code was spent. */
  refreshHash: Buffer | null
  previousHash: Buffer | null
  rotatedAt: Date
  createdAt: Date
  usedAt: Date
  expiresAt: Date
  endsAt: Date
}

const clientColumns = `
  id, organisation_id as "organisationId", name, first_party as "firstParty", secret_hash as "secretHash",
  redirect_uris as "redirectUris", post_logout_uris as "postLogoutUris", scopes, created_at as "createdAt"`

export async function insertClient(tx: Tx, c: Client): Promise<void> {
  await tx`
    insert into clients
      (id, organisation_id, name, first_party, secret_hash, redirect_uris, post_logout_uris, scopes, created_at)
    values (${c.id}, ${c.organisationId}, ${c.name}, ${c.firstParty}, ${c.secretHash}, ${c.redirectUris},
      ${c.postLogoutUris}, ${c.scopes}, ${c.createdAt})`
}

export async function findClient(db: Db, id: string): Promise<Client | undefined> {
  const [row] = await db<Client[]>`select ${db.unsafe(clientColumns)} from clients where id = ${id}`
  return row
}

/** Held until the transaction ends. */
export async function lockClient(tx: Tx, id: string, to: 'change' | 'stay'): Promise<Client | undefined> {
  const [row] = await tx<Client[]>`
    select ${tx.unsafe(clientColumns)} from clients where id = ${id} ${to === 'change' ? tx`for update` : tx`for share`}`
  return row
}

/** Those that a person looks after as owner of their organisation; all there are without one. The latest first. */
export const listClients = (
  db: Db,
  { ownerId, organisationId }: { ownerId?: string; organisationId?: string },
  after: string | undefined,
  limit: number,
): Promise<Client[]> => db<Client[]>`
  select ${db.unsafe(clientColumns)} from clients
  where ${ownerId ? db`organisation_id in (select organisation_id from members where user_id = ${ownerId} and role = 'owner')` : db`true`}
    ${organisationId ? db`and organisation_id = ${organisationId}` : db``}
    ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit + 1}`

export async function countClients(db: Db, organisationId: string | null): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from clients where organisation_id is not distinct from ${organisationId}::uuid`
  return row!.count
}

export async function updateClient(tx: Tx, c: Client): Promise<void> {
  await tx`
    update clients set name = ${c.name}, secret_hash = ${c.secretHash}, redirect_uris = ${c.redirectUris},
      post_logout_uris = ${c.postLogoutUris}, scopes = ${c.scopes}
    where id = ${c.id}`
}

export async function deleteClient(tx: Tx, id: string): Promise<void> {
  await tx`delete from clients where id = ${id}`
}

const visitColumns = `
  id, client_id as "clientId", redirect_uri as "redirectUri", scopes, state, nonce, challenge, prompt,
  max_age_s as "maxAgeS", created_at as "createdAt", expires_at as "expiresAt"`

export async function insertVisit(tx: Tx, v: Visit): Promise<void> {
  await tx`
    insert into client_visits
      (id, client_id, redirect_uri, scopes, state, nonce, challenge, prompt, max_age_s, created_at, expires_at)
    values (${v.id}, ${v.clientId}, ${v.redirectUri}, ${v.scopes}, ${v.state}, ${v.nonce}, ${v.challenge}, ${v.prompt},
      ${v.maxAgeS}, ${v.createdAt}, ${v.expiresAt})`
}

export async function findVisit(db: Db, id: string, now: Date): Promise<Visit | undefined> {
  const [row] = await db<Visit[]>`
    select ${db.unsafe(visitColumns)} from client_visits where id = ${id} and expires_at > ${now}`
  return row
}

/** False when it has been sent back already. */
export async function endVisit(tx: Tx, id: string): Promise<boolean> {
  const [ended] = await tx`delete from client_visits where id = ${id} returning id`
  return ended !== undefined
}

const consentColumns = `
  id, user_id as "userId", client_id as "clientId", organisation_id as "organisationId", scopes, created_at as "createdAt"`

export async function findConsent(
  db: Db,
  of: Pick<Consent, 'userId' | 'clientId' | 'organisationId'>,
): Promise<Consent | undefined> {
  const [row] = await db<Consent[]>`
    select ${db.unsafe(consentColumns)} from client_consents
    where user_id = ${of.userId} and client_id = ${of.clientId}
      and organisation_id is not distinct from ${of.organisationId}::uuid`
  return row
}

/** What was consented to before stays, and these scopes come to it; all of them, where any is new. */
export async function addConsent(tx: Tx, c: Consent): Promise<string[] | undefined> {
  const former = await findConsent(tx, c)
  const [row] = await tx<{ scopes: string[] }[]>`
    insert into client_consents (id, user_id, client_id, organisation_id, scopes, created_at, changed_at)
    values (${c.id}, ${c.userId}, ${c.clientId}, ${c.organisationId}, ${c.scopes}, ${c.createdAt}, ${c.createdAt})
    on conflict (user_id, client_id, organisation_id) do update set changed_at = excluded.changed_at,
      scopes = array(select distinct unnest(client_consents.scopes || excluded.scopes) order by 1)
    returning scopes`
  const { scopes } = row!
  return former && scopes.every(scope => former.scopes.includes(scope)) ? undefined : scopes
}

/** A consent with whom it is for, and when it was used last. */
export interface ShownConsent extends Consent {
  clientName: string
  clientOwner: string | null
  usedAt: Date | null
}

export const listConsents = (
  db: Db,
  userId: string,
  after: string | undefined,
  limit: number,
): Promise<ShownConsent[]> => db<ShownConsent[]>`
  select n.id, n.user_id as "userId", n.client_id as "clientId", n.organisation_id as "organisationId", n.scopes,
    n.created_at as "createdAt", c.name as "clientName", o.name as "clientOwner",
    (select max(g.used_at) from client_grants g where g.user_id = n.user_id and g.client_id = n.client_id
      and g.organisation_id is not distinct from n.organisation_id) as "usedAt"
  from client_consents n join clients c on c.id = n.client_id left join organisations o on o.id = c.organisation_id
  where n.user_id = ${userId} ${after ? db`and n.id < ${after}` : db``}
  order by n.id desc limit ${limit + 1}`

/** Fails with `consent_unknown`, for that of another person too. */
export async function deleteConsent(tx: Tx, userId: string, id: string): Promise<Consent & { clientName: string }> {
  const [row] = await tx<(Consent & { clientName: string })[]>`
    delete from client_consents where id = ${id} and user_id = ${userId}
    returning ${tx.unsafe(consentColumns)}, (select name from clients c where c.id = client_id) as "clientName"`
  if (!row) throw new Problem('not_found', 'consent_unknown')
  return row
}

const grantColumns = `
  id, user_id as "userId", client_id as "clientId", session_id as "sessionId", organisation_id as "organisationId", scopes,
  nonce, authenticated_at as "authenticatedAt", methods, issuer, code_hash as "codeHash", redirect_uri as "redirectUri", challenge,
  refresh_hash as "refreshHash", previous_hash as "previousHash", rotated_at as "rotatedAt", created_at as "createdAt",
  used_at as "usedAt", expires_at as "expiresAt", ends_at as "endsAt"`

export async function insertGrant(tx: Tx, g: Grant): Promise<void> {
  await tx`
    insert into client_grants
      (id, user_id, client_id, session_id, organisation_id, scopes, nonce, authenticated_at, methods, code_hash,
        redirect_uri, challenge, rotated_at, created_at, used_at, expires_at, ends_at, issuer)
    values (${g.id}, ${g.userId}, ${g.clientId}, ${g.sessionId}, ${g.organisationId}, ${g.scopes}, ${g.nonce},
      ${g.authenticatedAt}, ${g.methods}, ${g.codeHash}, ${g.redirectUri}, ${g.challenge}, ${g.rotatedAt},
      ${g.createdAt}, ${g.usedAt}, ${g.expiresAt}, ${g.endsAt}, ${g.issuer})`
}

/** By its code, also one that was spent, or by its id. */
export async function findGrant(db: Db, by: { codeHash: Buffer } | { id: string }): Promise<Grant | undefined> {
  const [row] = await db<Grant[]>`
    select ${db.unsafe(grantColumns)} from client_grants
    where ${'id' in by ? db`id = ${by.id}` : db`code_hash = ${by.codeHash}`}`
  return row
}

export async function lockGrant(tx: Tx, id: string): Promise<Grant | undefined> {
  const [row] = await tx<Grant[]>`select ${tx.unsafe(grantColumns)} from client_grants where id = ${id} for update`
  return row
}

export async function rotateGrant(
  tx: Tx,
  id: string,
  to: { refreshHash: Buffer; now: Date; expiresAt: Date },
): Promise<void> {
  await tx`
    update client_grants set previous_hash = refresh_hash, refresh_hash = ${to.refreshHash}, rotated_at = ${to.now},
      expires_at = least(${to.expiresAt}, ends_at)
    where id = ${id}`
}

/** When the next access token is to say that it was made, as for sessions. Undefined when it has ended. */
export async function stampGrant(tx: Tx, id: string, now: Date): Promise<Date | undefined> {
  const [row] = await tx<{ stamp: Date }[]>`
    update client_grants g set used_at = greatest(used_at, stamp)
    from (
      select greatest(${now}::timestamptz, (select before from revocations where session_id = ${id})) as stamp
    ) earliest
    where id = ${id} returning stamp`
  return row?.stamp
}

/** Which grants: one, all of a client, or those of a person that stand on a consent. */
export type GrantsOf = { id: string } | { clientId: string } | Pick<Consent, 'userId' | 'clientId' | 'organisationId'>

/** Which ended, and whose they were. */
export const deleteGrants = (tx: Tx, of: GrantsOf): Promise<{ id: string; userId: string }[]> => tx<
  { id: string; userId: string }[]
>`
  delete from client_grants where ${
    'userId' in of
      ? tx`user_id = ${of.userId} and client_id = ${of.clientId}
          and organisation_id is not distinct from ${of.organisationId}::uuid`
      : 'id' in of
        ? tx`id = ${of.id}`
        : tx`client_id = ${of.clientId}`
  }
  returning id, user_id as "userId"`

/** Holds the session in which a grant is given, until the transaction ends; false when it has ended. */
export async function holdSession(tx: Tx, id: string, now: Date): Promise<boolean> {
  const [row] = await tx`select from sessions where id = ${id} and expires_at > ${now} for share`
  return row !== undefined
}

export async function deleteExpiredGrants(tx: Tx, now: Date): Promise<void> {
  await tx`delete from client_visits where expires_at <= ${now}`
  await tx`delete from client_grants where expires_at <= ${now}`
}

/** Those of an organisation, held against who is about to be let in by them. */
export const lockClientsOf = (tx: Tx, organisationId: string) => tx<Client[]>`
  select ${tx.unsafe(clientColumns)} from clients where organisation_id = ${organisationId} order by id for update`

/** Whether what a token names is there by now, and the token made at `issuedAt` was not revoked. */
export async function isLive(db: Db, id: string, issuedAt: Date): Promise<boolean> {
  const [row] = await db<{ live: boolean }[]>`
    select (exists (select from sessions where id = ${id}) or exists (select from api_keys where id = ${id})
        or exists (select from client_grants where id = ${id}))
      and not exists (select from revocations where session_id = ${id} and before > ${issuedAt}) as live`
  return row!.live
}
