import type { Owner } from '#contracts/shared'
import { newId, type Db, type Tx } from '#kernel'

/** A card or another proof of who may charge, as who decides about it wants to know. */
export interface Token {
  readonly id: string
  readonly idToken: string
  readonly type: string
  readonly userId: string | null
  readonly groupId: string | null
  readonly status: 'accepted' | 'blocked'
  /** Why others than operators block it: `funds` (of debts), `balance` (of too little in the wallet), `left` (its holder the company). */
  readonly blockedFor: string | null
  readonly expiresAt: Date | null
  /** It has one session at a time. */
  readonly exclusive: boolean
  /** Of one that is exclusive: the transactions that are open, of the last days. */
  readonly charging: readonly string[]
}

/** By their value in capitals. */
export async function findTokens(db: Db, values: readonly string[]): Promise<Map<string, Token>> {
  // A charger that never said how one ended does not keep its driver from charging for ever.
  const rows = await db<Token[]>`
    select id, id_token as "idToken", type, user_id as "userId", group_id as "groupId", status,
      blocked_for as "blockedFor", expires_at as "expiresAt", exclusive,
      case when exclusive then array(
        select x.id::text from transactions x
        where token_key(x.token) = upper(t.id_token) and x.ended_at is null
          and x.received_at > now() - interval '2 days' limit 10) else '{}' end as charging
    from tokens t where upper(id_token) = any(${values.map(value => value.toUpperCase())})`
  return new Map(rows.map(token => [token.idToken.toUpperCase(), token]))
}

/** Who begins with a token that is exclusive waits for who does so at the same moment, wherever that is. */
export const holdTokens = (tx: Tx, ids: readonly string[]) => tx`
  select from tokens where id = any(${ids as string[]}::uuid[]) order by id for no key update`

/** A token as operators look after it. */
export interface KeptToken extends Omit<Token, 'charging'> {
  readonly owner: Owner
  readonly label: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly version: number
}

export const tokenColumns = (db: Db) => db`
  id, id_token as "idToken", type, json_build_object('kind', owner_kind, 'id', owner_id) as owner,
  user_id as "userId", group_id as "groupId", label, status, blocked_for as "blockedFor", expires_at as "expiresAt",
  exclusive, created_at as "createdAt", updated_at as "updatedAt", version`

const rowOf = ({ owner, ...token }: KeptToken) => ({
  id: token.id,
  id_token: token.idToken,
  type: token.type,
  owner_kind: owner.kind,
  owner_id: owner.id,
  user_id: token.userId,
  group_id: token.groupId,
  label: token.label,
  status: token.status,
  expires_at: token.expiresAt,
  exclusive: token.exclusive,
  created_at: token.createdAt,
  updated_at: token.updatedAt,
  version: token.version,
})

/** False where there is one of this value already. */
export async function insertToken(tx: Tx, token: KeptToken): Promise<boolean> {
  const added = await tx`
    insert into tokens ${tx(rowOf(token))} on conflict (upper(id_token)) do nothing returning id`
  return added.length > 0
}

export const updateToken = (tx: Tx, token: KeptToken) =>
  tx`update tokens set ${tx(rowOf(token))} where id = ${token.id}`

export const deleteToken = (tx: Tx, id: string) => tx`delete from tokens where id = ${id}`

export async function findToken(db: Db, id: string): Promise<KeptToken | undefined> {
  const [row] = await db<KeptToken[]>`select ${tokenColumns(db)} from tokens where id = ${id}`
  return row
}

/** The same, for a change. */
export async function lockToken(tx: Tx, id: string): Promise<KeptToken | undefined> {
  const [row] = await tx<KeptToken[]>`select ${tokenColumns(tx)} from tokens where id = ${id} for update`
  return row
}

/** A token that is no card: the platform made it for somebody who has none at hand. */
export const insertOwnToken = (
  tx: Tx,
  { idToken, type }: Pick<Token, 'idToken' | 'type'>,
  userId: string,
  createdAt: Date,
) => tx`
  insert into tokens (id, id_token, type, owner_kind, owner_id, user_id, status, created_at)
  values (${newId()}, ${idToken}, ${type}, 'person', ${userId}, ${userId}, 'accepted', ${createdAt})
  on conflict (upper(id_token)) do nothing`

/** A token that is nobody's, for one session of who paid in advance. */
export const insertPassingToken = (
  tx: Tx,
  { idToken, type }: Pick<Token, 'idToken' | 'type'>,
  visitId: string,
  { createdAt, expiresAt }: { createdAt: Date; expiresAt: Date },
) => tx`
  insert into tokens (id, id_token, type, owner_kind, owner_id, status, expires_at, exclusive, created_at)
  values (${newId()}, ${idToken}, ${type}, 'person', ${visitId}, 'accepted', ${expiresAt}, true, ${createdAt})
  on conflict (upper(id_token)) do nothing`

/** Those of a while ago. */
export const dropPassingTokens = (tx: Tx, before: Date) => tx`
  delete from tokens where type = 'Central' and user_id is null and exclusive and expires_at < ${before}`

/** By its value, whatever its case. */
export async function findTokenOf(db: Db, idToken: string): Promise<KeptToken | undefined> {
  const [row] = await db<KeptToken[]>`
    select ${tokenColumns(db)} from tokens where upper(id_token) = upper(${idToken})`
  return row
}

/** The same, for a change. */
export async function lockTokenOf(tx: Tx, idToken: string): Promise<KeptToken | undefined> {
  const [row] = await tx<KeptToken[]>`
    select ${tokenColumns(tx)} from tokens where upper(id_token) = upper(${idToken}) for update`
  return row
}
