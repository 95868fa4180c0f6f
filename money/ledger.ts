import { join } from 'node:path'
import { defineModule, madeIn, type Db, type Span, type Tx } from '#kernel'
import type { Owner } from '#contracts/shared'

/**
 * Double entry, in the schema of whoever includes it. Money moves from one account to another of the same currency, so
 * the sum of all balances of a currency is zero at any time; balances follow from transfers by triggers, and the database
 * refuses to change what was booked.
 */
export const ledger = defineModule({ name: 'ledger', folder: join(import.meta.dirname, 'ledger') })

export interface AccountKey {
  /** In the words of who includes the ledger: `wallet`, `revenue`. */
  readonly kind: string
  /** Null for the platform's own. */
  readonly owner: Owner | null
  readonly currency: string
}

export interface Account extends AccountKey {
  readonly id: string
  /** Below zero for who owes, and for where money comes into the books from. */
  readonly balanceMinor: bigint
  /** What is spoken for of it. */
  readonly heldMinor: bigint
  /** What is left after holds never falls below it; null where there is no end. */
  readonly leastMinor: bigint | null
}

export interface Transfer {
  readonly from: string
  readonly to: string
  /** Above zero. */
  readonly minor: bigint
  /** The account that gives what `from` lacks; without one an entry that is not covered is not made. */
  readonly otherwise?: string
}

export interface Entry {
  /** Id of what caused it; booked once for each kind. */
  readonly cause: string
  /** `top-up`, `session`: what statements call it. */
  readonly kind: string
  readonly at: Date
  readonly about?: object
  readonly transfers: readonly Transfer[]
  /** Holds that end with it, so that what they kept is there to be moved. */
  readonly settles?: readonly string[]
}

export type Posted =
  | { readonly outcome: 'posted'; readonly transfers: readonly Transfer[] }
  /** It was, before: nothing happened now. */
  | { readonly outcome: 'before' }
  /** Nothing happened. */
  | { readonly outcome: 'short'; readonly account: string; readonly missingMinor: bigint }

const columns = (db: Db) => db`
  id, kind, case when owner_id is not null then json_build_object('kind', owner_kind, 'id', owner_id) end as owner,
  currency, balance_minor as "balanceMinor", held_minor as "heldMinor", least_minor as "leastMinor"`

/** What can be taken out of an account; undefined where there is no end. */
export const availableIn = ({ balanceMinor, heldMinor, leastMinor }: Account): bigint | undefined =>
  leastMinor === null ? undefined : balanceMinor - heldMinor - leastMinor

/** The id of the one account of a key, made at its first use; `least` then says how far it may fall. */
export async function accountFor(
  tx: Tx,
  id: string,
  { kind, owner, currency }: AccountKey,
  least: bigint | null,
): Promise<string> {
  const find = () => tx<{ id: string }[]>`
    select id from ledger_accounts
    where kind = ${kind} and owner_kind is not distinct from ${owner?.kind ?? null}
      and owner_id is not distinct from ${owner?.id ?? null}::uuid and currency = ${currency}`
  const [found] = await find()
  if (found) return found.id
  const [made] = await tx<{ id: string }[]>`
    insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, least_minor)
    values (${id}, ${kind}, ${owner?.kind ?? null}, ${owner?.id ?? null}, ${currency}, ${least})
    on conflict on constraint ledger_accounts_one do nothing returning id`
  return (made ?? (await find())[0]!).id
}

/** Accounts of a person or an organisation, of one kind if it is named. */
export const accountsOf = (db: Db, ownerId: string, kind?: string) => db<Account[]>`
  select ${columns(db)} from ledger_accounts
  where owner_id = ${ownerId} ${kind === undefined ? db`` : db`and kind = ${kind}`} order by kind, currency`

/** Books an entry once, all of it or nothing. Fails where accounts are unknown or of several currencies. */
export async function post(tx: Tx, entry: Entry): Promise<Posted> {
  const { cause, kind, at, about, settles = [] } = entry
  if (entry.transfers.some(({ minor }) => minor <= 0n)) throw new RangeError('a transfer moves more than zero')
  const ids = [...new Set(entry.transfers.flatMap(({ from, to, otherwise }) => [from, to, otherwise ?? from]))]
  // Sent at once, done one after the other: each sees what is there once the locks are held.
  const [accounts, , before, open] = await Promise.all([
    // Always in the order of their ids, so that two who want the same accounts wait for each other and none for ever.
    lockAccounts(tx, ids, settles),
    // Of two with one cause, whose accounts may differ, the second finds what the first booked.
    tx`select pg_advisory_xact_lock(hashtextextended(${`${kind} ${cause}`}, 0))`,
    tx`select from ledger_entries where cause_id = ${cause} and kind = ${kind}`,
    tx<{ id: string; accountId: string; minor: bigint }[]>`
      select id, account_id as "accountId", minor from ledger_holds
      where id = any(${settles as string[]}::uuid[]) and state = 'open'`,
  ])
  if (before.length > 0) return { outcome: 'before' }
  const holds = open.filter(({ accountId }) => accounts.some(({ id }) => id === accountId))
  const byId = new Map(accounts.map(account => [account.id, account]))
  const currencies = new Set(ids.map(id => byId.get(id)?.currency))
  if (currencies.size > 1 || currencies.has(undefined))
    throw new RangeError(`${kind} ${cause}: accounts are unknown or of several currencies`)
  const planned = plan(entry.transfers, byId, holds)
  if (!Array.isArray(planned)) return { outcome: 'short', ...planned }
  await Promise.all([
    ...(holds.length > 0
      ? [
          endHolds(
            tx,
            holds.map(({ id }) => id),
            'settled',
            at,
          ),
        ]
      : []),
    tx`insert into ledger_entries (cause_id, kind, at, about)
      values (${cause}, ${kind}, ${at}, ${about === undefined ? null : tx.json(about as never)})`,
    ...(planned.length > 0
      ? [
          tx`insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
            select ${cause}, ${kind}, t.from_id, t.to_id, ${[...currencies][0]!}, t.minor
            from unnest(${planned.map(({ from }) => from)}::uuid[], ${planned.map(({ to }) => to)}::uuid[],
              ${planned.map(({ minor }) => minor.toString())}::bigint[]) as t (from_id, to_id, minor)`,
        ]
      : []),
  ])
  return { outcome: 'posted', transfers: planned }
}

/**
 * Books many entries, each once, for accounts without an end that the caller has locked: what moves is all there is to
 * know of each. Resolves with the causes of those that were not booked before.
 */
export async function postMany(
  tx: Tx,
  currency: string,
  entries: readonly Pick<Entry, 'cause' | 'kind' | 'at' | 'about' | 'transfers'>[],
): Promise<string[]> {
  const heads = entries.map(({ cause, kind, at, about }) => ({ cause_id: cause, kind, at, about }))
  const moves = entries.flatMap(({ cause, kind, transfers }) =>
    transfers.map(({ from, to, minor }) => ({
      cause_id: cause,
      kind,
      from_id: from,
      to_id: to,
      minor: minor.toString(),
    })),
  )
  const rows = await tx<{ cause: string }[]>`
    with made as (
      insert into ledger_entries (cause_id, kind, at, about)
      select cause_id, kind, at, about from json_populate_recordset(null::ledger_entries, ${tx.json(heads as never)})
      on conflict do nothing returning cause_id, kind),
    moved as (
      insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
      select t.cause_id, t.kind, t.from_id, t.to_id, ${currency}, t.minor
      from json_populate_recordset(null::ledger_transfers, ${tx.json(moves)}) t join made using (cause_id, kind)
      returning 1)
    select cause_id as cause from made`
  return rows.map(({ cause }) => cause)
}

/** Locks accounts for the transaction, in the one order that everybody keeps. */
export const lockAccountsOf = (tx: Tx, ownerIds: readonly string[], currency: string) => tx<Account[]>`
  select ${columns(tx)} from ledger_accounts
  where owner_id = any(${ownerIds as string[]}::uuid[]) and currency = ${currency} order by id for update`

const lockAccounts = (tx: Tx, ids: readonly string[], holds: readonly string[]) => tx<Account[]>`
  select ${columns(tx)} from ledger_accounts
  where id = any(${ids as string[]}::uuid[])
    or id in (select account_id from ledger_holds where id = any(${holds as string[]}::uuid[]))
  order by id for update`

interface Shortage {
  readonly account: string
  readonly missingMinor: bigint
}

/** What moves in the end: in turn, each account as far as it reaches, and what else stands in for it. */
function plan(
  wanted: readonly Transfer[],
  accounts: ReadonlyMap<string, Account>,
  holds: readonly { accountId: string; minor: bigint }[],
): Transfer[] | Shortage {
  const left = new Map([...accounts].map(([id, account]) => [id, availableIn(account)]))
  const change = (id: string, minor: bigint): void => {
    const before = left.get(id)
    if (before !== undefined) left.set(id, before + minor)
  }
  for (const { accountId, minor } of holds) change(accountId, minor)
  const planned: Transfer[] = []
  const move = (from: string, to: string, minor: bigint): void => {
    if (minor <= 0n || from === to) return
    change(from, -minor)
    change(to, minor)
    planned.push({ from, to, minor })
  }
  for (const { from, to, minor, otherwise } of wanted) {
    const reach = left.get(from) ?? minor
    const own = reach >= minor ? minor : reach > 0n ? reach : 0n
    const rest = minor - own
    if (rest > 0n && otherwise === undefined) return { account: from, missingMinor: rest }
    move(from, to, own)
    if (otherwise !== undefined) move(otherwise, to, rest)
  }
  const short = [...left].find(([, rest]) => rest !== undefined && rest < 0n)
  return short ? { account: short[0], missingMinor: -short[1]! } : planned
}

export interface Hold {
  /** Id of what it is for: held once. */
  readonly id: string
  readonly account: string
  /** Above zero. */
  readonly minor: bigint
  readonly at: Date
  /** Who is not settled by then gets it back. */
  readonly expiresAt: Date
}

/** Keeps money of an account for something. `missing` is above zero where there is too little, and then nothing is held. */
export async function hold(tx: Tx, { id, account, minor, at, expiresAt }: Hold): Promise<{ missing: bigint }> {
  const [found] = await lockAccounts(tx, [account], [])
  if (!found) throw new RangeError(`there is no account ${account}`)
  const [before] = await tx`select from ledger_holds where id = ${id}`
  if (before) return { missing: 0n }
  const available = availableIn(found)
  if (available !== undefined && available < minor) return { missing: minor - available }
  await tx`insert into ledger_holds (id, account_id, minor, created_at, expires_at)
    values (${id}, ${account}, ${minor.toString()}, ${at}, ${expiresAt}) on conflict (id) do nothing`
  return { missing: 0n }
}

/** Gives back what was held; false where it had ended before. */
export async function release(tx: Tx, id: string, at: Date): Promise<boolean> {
  await lockAccounts(tx, [], [id])
  return (await endHolds(tx, [id], 'released', at)) > 0
}

/** Gives back what was held longer than it was to be, some at a time; resolves with the ids of those holds. */
export async function releaseExpired(tx: Tx, at: Date): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select h.id from ledger_accounts a join ledger_holds h on h.account_id = a.id
    where h.state = 'open' and h.expires_at <= ${at} order by a.id limit 500 for update of a`
  const ids = rows.map(({ id }) => id)
  await endHolds(tx, ids, 'released', at)
  return ids
}

async function endHolds(tx: Tx, ids: readonly string[], state: 'settled' | 'released', at: Date): Promise<number> {
  const rows = await tx`
    update ledger_holds set state = ${state}, ended_at = ${at}
    where id = any(${ids as string[]}::uuid[]) and state = 'open'`
  return rows.count
}

/** A line of a statement. */
export interface Posting {
  readonly id: bigint
  readonly cause: string
  readonly kind: string
  readonly at: Date
  readonly about: object | null
  /** Above zero where it came in. */
  readonly minor: bigint
  /** The kind of the account on the other side. */
  readonly other: string
}

/** What a cursor of a statement has to hold: the number of a transfer. */
export const isTransfer = (key: unknown) => typeof key === 'string' && /^\d{1,18}$/.test(key)

/** The postings of an account within a span of time, the newest first, `limit` of them before one; none of no account. */
export function statementOf(db: Db, account: string | null, limit: number, before?: string, span: Span = {}) {
  const beyond = db`${madeIn(db, 'e.at', span)} ${before === undefined ? db`` : db`and t.id < ${before}`}`
  const booked = db`ledger_transfers t join ledger_entries e using (cause_id, kind)`
  return db<Posting[]>`
    select t.id, t.cause_id as cause, t.kind, t.at, t.about, t.minor, o.kind as other
    from (
      (select t.id, cause_id, kind, e.at, e.about, t.minor, t.from_id as other_id from ${booked}
        where t.to_id = ${account} ${beyond} order by t.id desc limit ${limit})
      union all
      (select t.id, cause_id, kind, e.at, e.about, -t.minor, t.to_id from ${booked}
        where t.from_id = ${account} ${beyond} order by t.id desc limit ${limit})
    ) t
    join ledger_accounts o on o.id = t.other_id
    order by t.id desc limit ${limit}`
}

/** Accounts whose balance is not the sum of their postings, or whose holds do not add up: none, unless somebody meddled. */
export const differencesIn = (db: Db) => db<{ id: string; balanceMinor: bigint; postedMinor: bigint }[]>`
  with posted as (
    select id, sum(minor) as minor
    from (select to_id as id, minor from ledger_transfers union all select from_id, -minor from ledger_transfers) t
    group by id),
  held as (select account_id as id, sum(minor) as minor from ledger_holds where state = 'open' group by account_id)
  select a.id, a.balance_minor as "balanceMinor", coalesce(p.minor, 0)::bigint as "postedMinor"
  from ledger_accounts a left join posted p using (id) left join held h using (id)
  where a.balance_minor <> coalesce(p.minor, 0) or a.held_minor <> coalesce(h.minor, 0)`
