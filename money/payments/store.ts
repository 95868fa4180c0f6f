import type { Owner } from '#contracts/shared'
import { newId, type Db, type Tx } from '#kernel'
import type { Payment, Refund, Wish } from './payment.ts'
import type { ProviderEvent } from './provider.ts'

const fields = `id, purpose, reference, payer_kind as "payerKind", payer_id as "payerId", amount_minor as "amountMinor",
  currency, capture, description, return_to as "returnTo", provider, provider_id as "providerId",
  client_secret as "clientSecret", state, authorised_minor as "authorisedMinor", captured_minor as "capturedMinor",
  refunded_minor as "refundedMinor", capture_wanted_minor as "captureWantedMinor", cancel_wanted as "cancelWanted",
  keeps, customer, method, kept_method as "keptMethod", key_number as "keyNumber", failure, created_at as "createdAt", checked_at as "checkedAt", failed_at as "failedAt",
  authorised_at as "authorisedAt", cancelled_at as "cancelledAt", captured_at as "capturedAt"`

type Row = Omit<Payment, 'payer'> & { payerKind: Owner['kind'] | null; payerId: string | null }

const paymentOf = ({ payerKind, payerId, ...row }: Row): Payment => ({
  ...row,
  payer: payerKind === null ? null : { kind: payerKind, id: payerId! },
})

const first = (rows: readonly Row[]): Payment | undefined => rows[0] && paymentOf(rows[0])

/** The one there is for its purpose and reference, made now where there is none. */
export async function insertPayment(tx: Tx, wish: Wish, provider: string, at: Date): Promise<Payment> {
  const { purpose, reference, payer, money, capture, description, returnTo, keep = false, saved } = wish
  await tx`
    insert into payments (id, purpose, reference, payer_kind, payer_id, amount_minor, currency, capture, description,
      return_to, provider, keeps, customer, method, created_at, checked_at)
    values (${newId()}, ${purpose}, ${reference}, ${payer?.kind ?? null}, ${payer?.id ?? null}, ${money.minor},
      ${money.currency}, ${capture}, ${description}, ${returnTo}, ${provider}, ${keep},
      ${saved?.customer ?? null}, ${saved?.method ?? null}, ${at}, ${at})
    on conflict (purpose, reference) do nothing`
  return (await findByReference(tx, purpose, reference))!
}

export const findPayment = async (db: Db, id: string): Promise<Payment | undefined> =>
  first(await db<Row[]>`select ${db.unsafe(fields)} from payments where id = ${id}`)

export const findByReference = async (db: Db, purpose: string, reference: string): Promise<Payment | undefined> =>
  first(
    await db<Row[]>`
      select ${db.unsafe(fields)} from payments where purpose = ${purpose} and reference = ${reference}`,
  )

export const findByProviderId = async (db: Db, provider: string, id: string): Promise<Payment | undefined> =>
  first(await db<Row[]>`select ${db.unsafe(fields)} from payments where provider = ${provider} and provider_id = ${id}`)

/** Nobody else changes it until the transaction ends. */
export const lockPayment = async (tx: Tx, id: string): Promise<Payment | undefined> =>
  first(await tx<Row[]>`select ${tx.unsafe(fields)} from payments where id = ${id} for update`)

export const noteIntent = (
  tx: Tx,
  id: string,
  intent: { id: string; clientSecret: string | null; customer?: string | null },
) => tx`
  update payments set provider_id = ${intent.id}, client_secret = ${intent.clientSecret},
    customer = coalesce(${intent.customer ?? null}, customer)
  where id = ${id} and provider_id is null`

export const wantCapture = (tx: Tx, id: string, amountMinor: bigint) => tx`
  update payments set capture_wanted_minor = ${amountMinor} where id = ${id}`

export const wantCancel = (tx: Tx, id: string) => tx`update payments set cancel_wanted = true where id = ${id}`

/** From now on with another key, where nobody said so meanwhile. */
export const renewKey = (tx: Tx, { id, keyNumber }: Payment) => tx`
  update payments set key_number = key_number + 1 where id = ${id} and key_number = ${keyNumber}`

export const renewRefundKey = (tx: Tx, { id, keyNumber }: Refund) => tx`
  update payment_refunds set key_number = key_number + 1 where id = ${id} and key_number = ${keyNumber}`

/** Writes how a payment stands; each time is that of the first. */
export async function notePayment(
  tx: Tx,
  id: string,
  now: Pick<Payment, 'state' | 'authorisedMinor' | 'capturedMinor' | 'failure' | 'keptMethod'>,
  at: Date,
): Promise<Payment> {
  const { state, authorisedMinor, capturedMinor, failure, keptMethod } = now
  const [row] = await tx<Row[]>`
    update payments set state = ${state}, authorised_minor = ${authorisedMinor}, captured_minor = ${capturedMinor},
      failure = ${failure}, kept_method = coalesce(${keptMethod}, kept_method), checked_at = ${at},
      failed_at = coalesce(failed_at, case when ${state} = 'failed' then ${at}::timestamptz end),
      authorised_at = coalesce(authorised_at, case when ${authorisedMinor}::bigint > 0 then ${at}::timestamptz end),
      cancelled_at = coalesce(cancelled_at, case when ${state} = 'cancelled' then ${at}::timestamptz end),
      captured_at = coalesce(captured_at, case when ${capturedMinor}::bigint > 0 then ${at}::timestamptz end)
    where id = ${id}
    returning ${tx.unsafe(fields)}`
  return paymentOf(row!)
}

/** Counts what has gone back. */
export async function sumRefunds(tx: Tx, id: string): Promise<Payment> {
  const [row] = await tx<Row[]>`
    update payments set refunded_minor = least(captured_minor, (
      select coalesce(sum(amount_minor), 0) from payment_refunds where payment_id = ${id} and state = 'succeeded'))
    where id = ${id}
    returning ${tx.unsafe(fields)}`
  return paymentOf(row!)
}

const refundFields = `id, payment_id as "paymentId", reference, told, amount_minor as "amountMinor", state,
  key_number as "keyNumber", provider_id as "providerId", failure, created_at as "createdAt", ended_at as "endedAt"`

export const refundsOf = (db: Db, paymentId: string) => db<Refund[]>`
  select ${db.unsafe(refundFields)} from payment_refunds where payment_id = ${paymentId} order by created_at, id`

export async function insertRefund(
  tx: Tx,
  refund: Pick<Refund, 'paymentId' | 'reference' | 'told' | 'amountMinor' | 'state'> & { providerId?: string },
  at: Date,
): Promise<Refund> {
  const { paymentId, reference, told, amountMinor, state, providerId = null } = refund
  const [row] = await tx<Refund[]>`
    insert into payment_refunds (id, payment_id, reference, told, amount_minor, state, provider_id, created_at)
    values (${newId()}, ${paymentId}, ${reference}, ${told}, ${amountMinor}, ${state}, ${providerId}, ${at})
    returning ${tx.unsafe(refundFields)}`
  return row!
}

export async function noteRefund(
  tx: Tx,
  id: string,
  now: { state: Refund['state']; providerId: string | null; failure: string | null },
  at: Date,
): Promise<Refund> {
  const isOver = now.state === 'succeeded' || now.state === 'failed'
  const [row] = await tx<Refund[]>`
    update payment_refunds set state = ${now.state}, provider_id = coalesce(${now.providerId}, provider_id),
      failure = ${now.failure}, ended_at = ${isOver ? at : null}
    where id = ${id}
    returning ${tx.unsafe(refundFields)}`
  return row!
}

export interface Dispute {
  readonly id: string
  readonly amountMinor: number
  readonly state: 'open' | 'won' | 'lost'
}

/** What is new of a dispute: whether it is, and how it ended; one that ended stays so. */
export async function noteDispute(
  tx: Tx,
  paymentId: string,
  { id, amountMinor, state }: Dispute,
  at: Date,
): Promise<{ isNew: boolean; ended: 'won' | 'lost' | undefined }> {
  const inserted = await tx`
    insert into payment_disputes (payment_id, provider_id, amount_minor, state, created_at)
    values (${paymentId}, ${id}, ${amountMinor}, 'open', ${at})
    on conflict do nothing returning 1`
  const isNew = inserted.length > 0
  if (state === 'open') return { isNew, ended: undefined }
  const ended = await tx`
    update payment_disputes set state = ${state}, ended_at = ${at}
    where payment_id = ${paymentId} and provider_id = ${id} and state = 'open' returning 1`
  return { isNew, ended: ended.length > 0 ? state : undefined }
}

/** Those of which nobody has heard for a while, and longer the older they are; they count as asked about from now on. */
export const takeHanging = async (tx: Tx, at: Date, most: number): Promise<string[]> => {
  const rows = await tx<{ id: string }[]>`
    update payments set checked_at = ${at} where id in (
      select id from payments
      where id in (
          select id from payments where state not in ('cancelled', 'succeeded') and (state = 'asked' or provider_id is not null)
          union all select payment_id from payment_refunds where state in ('asked', 'pending'))
        and checked_at < ${at}::timestamptz - greatest(interval '4 minutes', (${at}::timestamptz - created_at) / 10)
      order by checked_at limit ${most})
    returning id`
  return rows.map(({ id }) => id)
}

/** Of those that nobody has paid for so long, and nobody will: the service is told that they are cancelled. */
export const abandon = (tx: Tx, before: Date) => tx`
  update payments set cancel_wanted = true
  where state in ('asked', 'pending', 'failed') and (state = 'asked' or provider_id is not null)
    and created_at < ${before} and not cancel_wanted`

/** An event of a provider as it was stored. */
export interface StoredEvent {
  readonly id: string
  readonly provider: string
  readonly eventId: string
  readonly type: string
  readonly account: string | null
  readonly facts: ProviderEvent
  readonly state: 'waiting' | 'parked' | 'done' | 'ignored' | 'dead'
  readonly attempts: number
  readonly error: string | null
  readonly receivedAt: Date
}

const eventFields = `id, provider, event_id as "eventId", type, account, facts, state, attempts, error,
  received_at as "receivedAt"`

/** Its id here; undefined where it is there already. */
export async function insertEvent(
  tx: Tx,
  provider: string,
  event: ProviderEvent,
  body: string,
  at: Date,
): Promise<string | undefined> {
  const [row] = await tx<{ id: string }[]>`
    insert into payment_events (id, provider, event_id, type, account, facts, body, received_at, due_at)
    values (${newId()}, ${provider}, ${event.id}, ${event.type}, ${event.account}, ${tx.json(event as never)}, ${body},
      ${at}, ${at})
    on conflict (provider, event_id) do nothing returning id`
  return row?.id
}

export async function findEvent(db: Db, id: string): Promise<StoredEvent | undefined> {
  const [row] = await db<StoredEvent[]>`select ${db.unsafe(eventFields)} from payment_events where id = ${id}`
  return row
}

export const noteEvent = (
  tx: Tx,
  id: string,
  now: { state: StoredEvent['state']; error?: string; dueAt?: Date },
  at: Date,
) => tx`
  update payment_events set state = ${now.state}, error = ${now.error ?? null}, attempts = attempts + 1,
    due_at = ${now.dueAt ?? at}, ended_at = ${now.state === 'waiting' || now.state === 'parked' ? null : at}
  where id = ${id}`

/** To whom the provider spoke first: who speaks to somebody else later means somebody else. */
export async function accountOf(db: Db, provider: string): Promise<string | null | undefined> {
  const [row] = await db<{ account: string | null }[]>`
    select account from payment_events where provider = ${provider} and state = 'done' order by received_at limit 1`
  return row?.account
}

/** Not yet done though it is time. */
export const dueEvents = async (db: Db, at: Date): Promise<string[]> => {
  const rows = await db<{ id: string }[]>`
    select id from payment_events where state in ('waiting', 'parked') and due_at <= ${at} order by due_at limit 200`
  return rows.map(({ id }) => id)
}

export const deadEvents = (db: Db, limit: number, after: [Date, string] | undefined) => db<StoredEvent[]>`
  select ${db.unsafe(eventFields)} from payment_events
  where state = 'dead' ${after ? db`and (received_at, id) > (${after[0]}, ${after[1]})` : db``}
  order by received_at, id limit ${limit}`

/** A dead one waits again, as if it had just come; whether there was one. */
export async function reviveEvent(tx: Tx, id: string, at: Date): Promise<boolean> {
  const rows = await tx`
    update payment_events set state = 'waiting', attempts = 0, due_at = ${at}, ended_at = null
    where id = ${id} and state = 'dead' returning 1`
  return rows.length > 0
}

export const forgetEvents = (tx: Tx, before: Date) => tx`
  delete from payment_events where state in ('done', 'ignored') and received_at < ${before}`

export const countEvents = (db: Db) => db<{ state: string; count: number }[]>`
  select state, count(*)::int as count from payment_events where state in ('waiting', 'parked', 'dead') group by 1`
