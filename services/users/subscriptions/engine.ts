import {
  SubscriptionCancelled,
  SubscriptionChanged,
  SubscriptionPastDue,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  SubscriptionRenewed,
  SubscriptionStarted,
} from '#contracts/users'
import { newId, Problem, type Job, type Tx } from '#kernel'
import { openPayments, type Payment, type PaymentChange, type Payments } from '#money/payments'
import type { UsersHost } from '../host.ts'
import { dueFor, endOf, nextTry, periodAt, type Due } from './calendar.ts'
import {
  findBill,
  insertBill,
  liveOf,
  lockSubscription,
  nextNumber,
  openBill,
  updateBill,
  updateSubscription,
  type Bill,
  type EndReason,
  type Subscription,
} from './store.ts'

/** What becomes of subscriptions: by the clock, by payments, and by who has them. */
export interface Engine {
  readonly payments: Payments<'users'>
  /** Does what is due of one by now; nothing where nothing is. */
  turn(id: string): Promise<void>
  /** Where it begins, with or without a payment. */
  begin(tx: Tx<'users'>, subscription: Subscription, returnTo: string): Promise<void>
  /** What is to be paid for a change of plan; at once where nothing is. */
  bill(tx: Tx<'users'>, subscription: Subscription, wanted: Wanted): Promise<void>
  /** A payment that its payer makes, of what is open. */
  ask(tx: Tx<'users'>, subscription: Subscription, bill: Bill, returnTo: string): Promise<Payment>
  change(tx: Tx<'users'>, next: Subscription, change: Change, formerPlanId?: string): Promise<Subscription>
  end(tx: Tx<'users'>, subscription: Subscription, reason: EndReason): Promise<Subscription>
  /** Of who left. */
  endAll(tx: Tx<'users'>, userId: string): Promise<void>
}

export interface Wanted {
  readonly kind: Bill['kind']
  readonly plan: Pick<Bill, 'planId' | 'planName' | 'priceMinor' | 'interval'>
  readonly due: Due
  readonly number?: number
  readonly span?: { readonly from: Date; readonly to: Date }
  /** Where the browser goes of who has to pay it by hand. */
  readonly returnTo?: string
}

export type Change = 'plan' | 'paused' | 'resumed' | 'ending' | 'continued' | 'recovered'

/** What every event of a subscription says. */
const about = (one: Subscription, at: Date) => ({
  subscriptionId: one.id,
  userId: one.userId,
  planId: one.planId,
  planName: one.planName,
  seller: one.owner,
  currency: one.currency,
  priceMinor: Number(one.priceMinor),
  interval: one.interval,
  version: one.version,
  at: at.toISOString(),
})

const purpose = 'subscription'

/** What all of it needs. */
interface Works extends Pick<UsersHost, 'db' | 'now' | 'log'> {
  readonly payments: Payments<'users'>
  readonly invoicing: Job<{ billId: string }>
  /** How long before a period begins its subscriber is told. */
  readonly noticeMs: number
  /** On which days what was not paid is tried again. */
  readonly days: readonly number[]
}

export function openEngine(host: UsersHost, invoicing: Job<{ billId: string }>): Engine {
  const { db, now, log, settings } = host
  const payments = openPayments<'users'>(host, { onChange: (tx, change) => follow(works, tx, change) })
  const works: Works = {
    db,
    now,
    log,
    payments,
    invoicing,
    noticeMs: settings.USERS_RENEWAL_NOTICE,
    days: settings.USERS_DUNNING_DAYS.split(',').map(Number),
  }
  return {
    payments,
    turn: id => turn(works, id),
    async begin(tx, one, returnTo) {
      if (one.state === 'trialing') return await start(works, tx, one, 0n)
      await bill(works, tx, one, { kind: 'period', plan: one, due: dueFor(one, 0n), number: 1, returnTo })
    },
    bill: (...about) => bill(works, ...about),
    ask: (...about) => ask(works, ...about),
    change: (...about) => change(works, ...about),
    end: (...about) => end(works, ...about),
    async endAll(tx, userId) {
      for (const id of await liveOf(tx, userId)) {
        const one = await lockSubscription(tx, id)
        if (one && one.state !== 'cancelled') await end(works, tx, one, 'account-deleted')
      }
    },
  }
}

/** When it has to be looked at next, as long as nothing is owed. */
function wakes({ now, noticeMs }: Works, one: Subscription): Date {
  const notice = new Date(one.periodEndsAt.getTime() - noticeMs)
  return one.reminded > one.period || notice <= now() ? one.periodEndsAt : notice
}

async function change(
  { now }: Works,
  tx: Tx<'users'>,
  next: Subscription,
  change: Change,
  formerPlanId?: string,
): Promise<Subscription> {
  const changed = await updateSubscription(tx, next)
  await tx.publish(SubscriptionChanged, {
    ...about(changed, now()),
    change,
    formerPlanId: formerPlanId ?? null,
    periodEndsAt: changed.periodEndsAt.toISOString(),
  })
  return changed
}

async function start(works: Works, tx: Tx<'users'>, next: Subscription, paidMinor: bigint): Promise<void> {
  const started = await updateSubscription(tx, { ...next, nextAt: wakes(works, next) })
  await tx.publish(SubscriptionStarted, {
    ...about(started, works.now()),
    trial: started.state === 'trialing',
    periodEndsAt: started.periodEndsAt.toISOString(),
    paidMinor: Number(paidMinor),
  })
}

async function bill(works: Works, tx: Tx<'users'>, subscription: Subscription, wanted: Wanted): Promise<void> {
  const { kind, plan, due, number, span, returnTo = '/' } = wanted
  const { amountMinor, creditMinor } = due
  const made: Bill = {
    ...plan,
    id: newId(),
    subscriptionId: subscription.id,
    kind,
    number: number ?? (await nextNumber(tx, subscription.id, kind)),
    lines: due.lines,
    amountMinor,
    creditMinor,
    fromAt: span?.from ?? null,
    toAt: span?.to ?? null,
    state: 'open',
    attempts: 0,
    nextTryAt: null,
    paymentId: null,
    failure: null,
    invoiceId: null,
    createdAt: works.now(),
    paidAt: null,
  }
  if (!(await insertBill(tx, made))) return
  if (amountMinor === 0n) await settle(works, tx, subscription, made, null)
  else if (subscription.state === 'incomplete' || (kind === 'change' && subscription.method === null))
    await ask(works, tx, subscription, made, returnTo)
  else await attempt(works, tx, subscription, made)
}

/** Nobody shall pay it by the former payment any more. */
async function drop({ payments }: Works, tx: Tx<'users'>, { paymentId }: Bill): Promise<boolean> {
  if (paymentId === null) return true
  const [payment] = await tx<{ state: string }[]>`select state from payments where id = ${paymentId} for update`
  if (payment?.state === 'succeeded') return false
  await payments.cancel(tx, paymentId)
  return true
}

const wishOf = (subscription: Subscription, bill: Bill) => ({
  purpose,
  payer: { kind: 'person' as const, id: subscription.userId },
  money: { minor: bill.amountMinor, currency: subscription.currency },
  capture: 'automatic' as const,
  description: bill.planName,
  keep: true,
})

async function ask(
  works: Works,
  tx: Tx<'users'>,
  subscription: Subscription,
  bill: Bill,
  returnTo: string,
): Promise<Payment> {
  // Of what was paid already we hear in a moment.
  if (!(await drop(works, tx, bill))) throw new Problem('conflict', 'payment_over')
  const payment = await works.payments.prepare(tx, {
    ...wishOf(subscription, bill),
    reference: `${bill.id} by hand ${newId()}`,
    returnTo,
  })
  await updateBill(tx, { ...bill, paymentId: payment.id })
  return payment
}

/** With the card that is kept, and without its owner. */
async function attempt(works: Works, tx: Tx<'users'>, subscription: Subscription, bill: Bill): Promise<void> {
  if (!(await drop(works, tx, bill))) return
  const tried: Bill = { ...bill, attempts: bill.attempts + 1, nextTryAt: null, paymentId: null }
  const { customer, method } = subscription
  if (customer === null || method === null) return await fail(works, tx, subscription, tried, 'There is no card.')
  const payment = await works.payments.prepare(tx, {
    ...wishOf(subscription, bill),
    reference: `${bill.id} ${tried.attempts}`,
    returnTo: '/',
    saved: { customer, method },
  })
  await updateBill(tx, { ...tried, paymentId: payment.id })
  if (bill.kind === 'period') await updateSubscription(tx, { ...subscription, nextAt: null })
}

/** What was owed is paid. */
async function settle(
  works: Works,
  tx: Tx<'users'>,
  before: Subscription,
  bill: Bill,
  payment: Payment | null,
): Promise<void> {
  const at = works.now()
  const kept = payment?.keptMethod ? { customer: payment.customer, method: payment.keptMethod } : {}
  const subscription = { ...before, ...kept, creditMinor: bill.creditMinor }
  const paid: Bill = {
    ...bill,
    state: 'paid',
    paidAt: at,
    nextTryAt: null,
    failure: null,
    paymentId: payment?.id ?? null,
  }
  if (bill.kind === 'change') {
    const next = changed(subscription, bill, at)
    await updateBill(tx, { ...paid, fromAt: at, toAt: next.periodEndsAt })
    await change(works, tx, { ...next, nextAt: wakes(works, next) }, 'plan', before.planId)
  } else if (before.state === 'incomplete') {
    const anchor = { ...subscription, anchorAt: at, anchorPeriod: 0 }
    const periodEndsAt = endOf(anchor, 1)
    await updateBill(tx, { ...paid, fromAt: at, toAt: periodEndsAt })
    const begun = { ...anchor, state: 'active' as const, period: 1, periodStartsAt: at, periodEndsAt }
    await start(works, tx, begun, bill.amountMinor)
  } else {
    await updateBill(tx, paid)
    const active = { ...subscription, state: 'active' as const }
    const renewed = await updateSubscription(tx, { ...active, nextAt: wakes(works, active) })
    await tx.publish(SubscriptionRenewed, {
      ...about(renewed, at),
      periodStartsAt: renewed.periodStartsAt.toISOString(),
      periodEndsAt: renewed.periodEndsAt.toISOString(),
      paidMinor: Number(bill.amountMinor),
    })
    if (before.state === 'past-due') await change(works, tx, renewed, 'recovered')
  }
  if (bill.amountMinor > 0n) await tx.enqueue(works.invoicing, { billId: bill.id }, { key: `invoice ${bill.id}` })
}

/** It was not paid: it is tried again on some days, until it is given up. */
async function fail(works: Works, tx: Tx<'users'>, before: Subscription, bill: Bill, failure: string): Promise<void> {
  const at = works.now()
  const next = bill.kind === 'change' ? undefined : nextTry(bill.createdAt, bill.attempts, works.days, at)
  await updateBill(tx, {
    ...bill,
    failure: failure.slice(0, 500),
    nextTryAt: next ?? null,
    ...(bill.kind === 'change' && { state: 'void' as const }),
  })
  const dueMinor = Number(bill.amountMinor)
  const owing =
    bill.kind === 'change' ? before : await updateSubscription(tx, { ...before, state: 'past-due', nextAt: next ?? at })
  if (bill.kind !== 'change' && before.state !== 'past-due')
    await tx.publish(SubscriptionPastDue, { ...about(owing, at), dueMinor })
  await tx.publish(SubscriptionPaymentFailed, {
    ...about(owing, at),
    dueMinor,
    attempt: bill.attempts,
    nextTryAt: next?.toISOString() ?? null,
  })
  if (bill.kind === 'period' && !next) await end(works, tx, owing, 'unpaid')
}

async function end(works: Works, tx: Tx<'users'>, before: Subscription, endReason: EndReason): Promise<Subscription> {
  for (const kind of ['period', 'change'] as const) {
    const open = await openBill(tx, before.id, kind)
    if (!open) continue
    await drop(works, tx, open)
    await updateBill(tx, { ...open, state: 'void', nextTryAt: null })
  }
  const ended = await updateSubscription(tx, {
    ...before,
    state: 'cancelled',
    restMs: null,
    nextAt: null,
    endedAt: works.now(),
    endReason,
    customer: null,
    method: null,
  })
  await tx.publish(SubscriptionCancelled, { ...about(ended, works.now()), reason: endReason })
  return ended
}

/** What follows from a payment, in its transaction. */
async function follow(works: Works, tx: Tx<'users'>, change: PaymentChange): Promise<void> {
  const { payment } = change
  if (payment.purpose !== purpose || !['succeeded', 'failed', 'cancelled'].includes(change.kind)) return
  const found = (await findBill(tx, payment.reference.split(' ')[0]!))!
  const subscription = (await lockSubscription(tx, found.subscriptionId))!
  // It may have been paid while we waited.
  const bill = (await findBill(tx, found.id))!
  if (change.kind === 'succeeded') {
    if (bill.state === 'open') return await settle(works, tx, subscription, bill, payment)
    if (bill.paymentId === payment.id && bill.state === 'paid') return
    await works.payments.refund(tx, payment.id, { reference: 'not owed', amountMinor: change.amountMinor })
    works.log.warn({ payment: payment.id, bill: bill.id }, 'what nobody owed any more was paid; it goes back')
    return
  }
  if (bill.state !== 'open' || bill.paymentId !== payment.id) return
  // Who pays by hand sees on the page what happened.
  if (change.kind === 'failed' && payment.method !== null) await fail(works, tx, subscription, bill, change.failure)
  if (change.kind !== 'cancelled') return
  if (subscription.state === 'incomplete') await end(works, tx, subscription, 'unpaid')
  else if (bill.kind === 'change') await updateBill(tx, { ...bill, state: 'void', paymentId: null })
  else if (bill.nextTryAt !== null) await updateBill(tx, { ...bill, paymentId: null })
  else {
    const tried = { ...bill, attempts: Math.max(bill.attempts, 1), paymentId: null }
    await fail(works, tx, subscription, tried, 'It was not paid in time.')
  }
}

async function renew(works: Works, tx: Tx<'users'>, before: Subscription, at: Date): Promise<void> {
  if (before.cancelAtEnd) return void (await end(works, tx, before, 'subscriber'))
  const late = await openBill(tx, before.id, 'change')
  if (late) {
    await drop(works, tx, late)
    await updateBill(tx, { ...late, state: 'void' })
  }
  const { period, from, to } = periodAt(before, before.period + 1, at)
  const next = await updateSubscription(tx, {
    ...before,
    period,
    periodStartsAt: from,
    periodEndsAt: to,
    nextAt: null,
  })
  await bill(works, tx, next, {
    kind: 'period',
    plan: next,
    due: dueFor(next, next.creditMinor),
    number: period,
    span: { from, to },
  })
}

async function turn(works: Works, id: string): Promise<void> {
  await works.db.transaction(async tx => {
    const one = await lockSubscription(tx, id)
    const at = works.now()
    if (!one?.nextAt || one.nextAt > at) return
    if (one.state === 'past-due') {
      const open = await openBill(tx, id, 'period')
      if (open?.nextTryAt && open.nextTryAt <= at) await attempt(works, tx, one, open)
      else await updateSubscription(tx, { ...one, nextAt: open?.nextTryAt ?? null })
    } else if (one.state !== 'active' && one.state !== 'trialing')
      await updateSubscription(tx, { ...one, nextAt: null })
    else if (one.periodEndsAt <= at) await renew(works, tx, one, at)
    else {
      const { amountMinor } = dueFor(one, one.creditMinor)
      const told = await updateSubscription(tx, { ...one, reminded: one.period + 1, nextAt: one.periodEndsAt })
      if (!one.cancelAtEnd && amountMinor > 0n)
        await tx.publish(SubscriptionRenewalDue, {
          ...about(told, at),
          dueMinor: Number(amountMinor),
          renewsAt: one.periodEndsAt.toISOString(),
        })
    }
  })
}

/** With the plan that was paid for; one of another interval begins a period of its own. */
function changed(before: Subscription, bill: Bill, at: Date): Subscription {
  const { planId, planName, priceMinor, interval } = bill
  const next = { ...before, planId, planName, priceMinor, interval }
  if (before.state === 'trialing' || interval === before.interval) return next
  const period = before.period + 1
  const anchor = { ...next, anchorAt: at, anchorPeriod: before.period }
  return { ...anchor, period, periodStartsAt: at, periodEndsAt: endOf(anchor, period) }
}
