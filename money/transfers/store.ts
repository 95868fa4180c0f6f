import { newId, type Db, type Tx } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { AccountSeen } from './stripe.ts'
import type { PaidAccount, Reversal, Transfer } from './transfer.ts'

const accountColumns = (db: Db) => db`
  json_build_object('kind', owner_kind, 'id', owner_id) as owner, provider_id as "providerId", ready, due, disabled,
  version, checked_at as "checkedAt", created_at as "createdAt"`

export async function findAccount(db: Db, ownerId: string): Promise<PaidAccount | undefined> {
  const [row] = await db<PaidAccount[]>`
    select ${accountColumns(db)} from transfer_accounts where owner_id = ${ownerId}`
  return row
}

export async function lockAccount(tx: Tx, providerId: string): Promise<PaidAccount | undefined> {
  const [row] = await tx<PaidAccount[]>`
    select ${accountColumns(tx)} from transfer_accounts where provider_id = ${providerId} for update`
  return row
}

/**
 * The one there is where somebody else was quicker: of two who do so at once either of the table's unique indexes may tell
 * the second.
 */
export async function insertAccount(tx: Tx, owner: Owner, providerId: string, at: Date): Promise<PaidAccount> {
  await tx`
    insert into transfer_accounts (owner_id, owner_kind, provider_id, checked_at, created_at)
    values (${owner.id}, ${owner.kind}, ${providerId}, ${at}, ${at}) on conflict do nothing`
  return (await findAccount(tx, owner.id))!
}

export async function noteAccount(tx: Tx, providerId: string, seen: AccountSeen, at: Date): Promise<PaidAccount> {
  const [row] = await tx<PaidAccount[]>`
    update transfer_accounts set version = version + 1, ready = ${seen.ready}, due = ${seen.due as string[]},
      disabled = ${seen.disabled}, checked_at = ${at}
    where provider_id = ${providerId} returning ${accountColumns(tx)}`
  return row!
}

export const noteLook = (tx: Tx, providerId: string, at: Date) =>
  tx`update transfer_accounts set checked_at = ${at} where provider_id = ${providerId}`

/** Those that wait for something and were not looked at since. */
export const accountsNotSeenSince = (db: Db, since: Date) => db<{ providerId: string }[]>`
  select provider_id as "providerId" from transfer_accounts where not ready and checked_at <= ${since}
  order by checked_at limit 200`

const columns = (db: Db) => db`
  id, reference, owner_id as "ownerId", account, amount_minor as "amountMinor", currency, description, state,
  provider_id as "providerId", key_number as "keyNumber", failure, reversed_minor as "reversedMinor",
  created_at as "createdAt"`

/** False where there is one for the reference. */
export async function insertTransfer(
  tx: Tx,
  one: Pick<Transfer, 'id' | 'reference' | 'ownerId' | 'account' | 'amountMinor' | 'currency' | 'description'>,
  at: Date,
): Promise<boolean> {
  const rows = await tx`
    insert into transfers (id, reference, owner_id, account, amount_minor, currency, description, created_at, checked_at)
    values (${one.id}, ${one.reference}, ${one.ownerId}, ${one.account}, ${one.amountMinor}, ${one.currency},
      ${one.description}, ${at}, ${at})
    on conflict (reference) do nothing returning id`
  return rows.length > 0
}

export async function findTransfer(db: Db, id: string): Promise<Transfer | undefined> {
  const [row] = await db<Transfer[]>`select ${columns(db)} from transfers where id = ${id}`
  return row
}

export async function findByReference(db: Db, reference: string): Promise<Transfer | undefined> {
  const [row] = await db<Transfer[]>`select ${columns(db)} from transfers where reference = ${reference}`
  return row
}

/** Nobody else changes it; reversals of it may be asked for meanwhile by who holds what it pays. */
export async function lockTransfer(tx: Tx, id: string): Promise<Transfer> {
  const [row] = await tx<Transfer[]>`select ${columns(tx)} from transfers where id = ${id} for no key update`
  return row!
}

export async function noteTransfer(
  tx: Tx,
  id: string,
  { state, providerId, failure }: Pick<Transfer, 'state' | 'providerId' | 'failure'>,
  at: Date,
): Promise<Transfer> {
  const [row] = await tx<Transfer[]>`
    update transfers set state = ${state}, provider_id = ${providerId}, failure = ${failure}, checked_at = ${at},
      ended_at = coalesce(ended_at, ${state === 'asked' ? null : at})
    where id = ${id} returning ${columns(tx)}`
  return row!
}

/** Only once for each answer that the provider would repeat. */
export const renewKey = (tx: Tx, { id, keyNumber }: Transfer) => tx`
  update transfers set key_number = key_number + 1 where id = ${id} and key_number = ${keyNumber}`

export const noteWaiting = (tx: Tx, id: string, failure: string, at: Date) =>
  tx`update transfers set failure = ${failure}, checked_at = ${at} where id = ${id} and state = 'asked'`

const reversalColumns = (db: Db) => db`
  id, transfer_id as "transferId", ours, amount_minor as "amountMinor", state, key_number as "keyNumber",
  provider_id as "providerId"`

export const reversalsOf = (db: Db, transferId: string) => db<Reversal[]>`
  select ${reversalColumns(db)} from transfer_reversals where transfer_id = ${transferId} order by created_at, id`

export async function insertReversal(
  tx: Tx,
  one: Pick<Reversal, 'transferId' | 'amountMinor' | 'state' | 'ours'> & { id?: string; providerId?: string },
  at: Date,
): Promise<Reversal> {
  const [row] = await tx<Reversal[]>`
    insert into transfer_reversals (id, transfer_id, ours, amount_minor, state, provider_id, created_at)
    values (${one.id ?? newId()}, ${one.transferId}, ${one.ours}, ${one.amountMinor}, ${one.state},
      ${one.providerId ?? null}, ${at})
    returning ${reversalColumns(tx)}`
  return row!
}

export async function noteReversal(
  tx: Tx,
  id: string,
  { state, providerId, failure }: { state: Reversal['state']; providerId: string | null; failure: string | null },
  at: Date,
): Promise<Reversal> {
  const [row] = await tx<Reversal[]>`
    update transfer_reversals set state = ${state}, provider_id = ${providerId}, failure = ${failure}, ended_at = ${at}
    where id = ${id} returning ${reversalColumns(tx)}`
  return row!
}

export const renewReversalKey = (tx: Tx, { id, keyNumber }: Reversal) => tx`
  update transfer_reversals set key_number = key_number + 1 where id = ${id} and key_number = ${keyNumber}`

export async function sumReversals(tx: Tx, id: string): Promise<Transfer> {
  const [row] = await tx<Transfer[]>`
    update transfers set reversed_minor = (
      select coalesce(sum(amount_minor), 0) from transfer_reversals where transfer_id = ${id} and state = 'succeeded')
    where id = ${id} returning ${columns(tx)}`
  return row!
}

/** What is asked back and has not come: of a transfer, and of all in its currency to its owner. */
export async function askedBack(db: Db, reference: string): Promise<{ ofIt: bigint; ofAll: bigint }> {
  const [row] = await db<{ ofIt: bigint; ofAll: bigint }[]>`
    select coalesce(sum(r.amount_minor) filter (where t.id = i.id), 0)::bigint as "ofIt",
      coalesce(sum(r.amount_minor), 0)::bigint as "ofAll"
    from transfers i join transfers t on t.owner_id = i.owner_id and t.currency = i.currency
    join transfer_reversals r on r.transfer_id = t.id and r.state = 'asked' where i.reference = ${reference}`
  return row!
}

/** Of which something is still to come about, and nobody asked for a while: noted as asked about now. */
export async function takeHanging(tx: Tx, at: Date, since: Date): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    update transfers set checked_at = ${at} where id in (
      select id from transfers t where checked_at <= ${since} and (state = 'asked'
        or exists (select from transfer_reversals r where r.transfer_id = t.id and r.state = 'asked'))
      order by checked_at limit 200 for update skip locked)
    returning id`
  return rows.map(({ id }) => id)
}

export const transfersSince = (db: Db, since: Date) => db<Transfer[]>`
  select ${columns(db)} from transfers where created_at >= ${since} order by created_at`

export const countUnderWay = (db: Db) => db<{ state: string; count: number }[]>`
  select case when failure is null then 'asked' else 'waiting' end as state, count(*)::int as count
  from transfers where state = 'asked' group by 1`
