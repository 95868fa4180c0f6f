import Type, { type Static } from 'typebox'
import { Id, OwnPath } from '#contracts/shared'
import {
  cursorOf,
  isId,
  isInstant,
  listQuery,
  newId,
  Page,
  page,
  partiesOf,
  Problem,
  requireMatch,
  signedIn,
  listRoutes,
  createdIn,
  type Actor,
  type Reply,
  type Request,
  type Tx,
  type Cursor,
} from '#kernel'
import { asPdf, asUbl, findInvoice, type Invoice } from '#money/invoices'
import type { UsersHost } from '../host.ts'
import { findPlan, type Plan } from '../plans/store.ts'
import { findProfile } from '../profiles/store.ts'
import { daysAfter, dueForChange } from './calendar.ts'
import type { Engine } from './engine.ts'
import {
  findSubscription,
  insertSubscription,
  listBills,
  listSubscriptions,
  lockSubscription,
  openBill,
  openBillsOf,
  type Subscription,
} from './store.ts'
import { BillView, PayableView, SubscriptionView, viewAll, viewBill, viewPayment } from './view.ts'

const One = Type.Object({ id: Id })
const config = { access: signedIn }
const ReturnTo = Type.Optional(OwnPath)
const paying = [
  'payments_unavailable',
  'payment_refused',
  'payment_provider_unavailable',
  'payment_provider_unknown',
  'payment_over',
] as const

const wrongState = ({ state }: Subscription) =>
  new Problem('conflict', 'subscription_state_wrong', { detail: `The subscription is ${state}.`, state })

const sells = (actor: Actor, { owner }: Subscription): boolean =>
  actor.role === 'admin' || (actor.role === 'vendor' && partiesOf(actor).includes(owner.id))

/** Something of it is not paid yet. */
const owes = async (tx: Tx, id: string): Promise<boolean> => (await openBillsOf(tx, [id])).length > 0

const own = (actor: Actor, one: Subscription | undefined): Subscription => {
  if (!one || one.userId !== actor.userId) throw new Problem('not_found', 'subscription_unknown')
  return one
}

const offered = (plan: Plan | undefined): Plan => {
  if (!plan || plan.withdrawnAt)
    throw new Problem('unprocessable', 'plan_not_offered', {
      errors: [{ pointer: '/planId', detail: 'is no plan that is offered' }],
    })
  return plan
}

const momentIn = (cursor: Cursor | undefined): [Date, string] | undefined =>
  cursor && [new Date(cursor[0] as string), cursor[1] as string]
const cursorIn = (after: string | undefined) => momentIn(cursorOf(after, isInstant, isId))

/** What one subscribes to, pays, and does with it. */
export function subscriptionRoutes(host: UsersHost, engine: Engine): void {
  const { db, http, now } = host

  /** With the payment that its payer has to make, where one waits for them. */
  async function payable(id: string): Promise<Static<typeof PayableView>> {
    const one = (await findSubscription(db, id))!
    const [view] = await viewAll(db, [one])
    const open = (await openBill(db, id, 'change')) ?? (await openBill(db, id, 'period'))
    const payment = open?.paymentId ? await engine.payments.find(open.paymentId) : undefined
    const waits = payment && payment.method === null && !['succeeded', 'cancelled'].includes(payment.state)
    return { ...view!, payment: waits ? viewPayment(await engine.payments.open(payment.id)) : null }
  }

  const answer = async (reply: Reply, id: string) => {
    const view = await payable(id)
    return reply.header('etag', `"${view.version}"`).send(view)
  }

  /** What its subscriber does with it. */
  const act = <R extends Request>(
    request: R,
    id: string,
    work: (tx: Tx<'users'>, one: Subscription) => Promise<unknown>,
  ) =>
    db.once(request, async tx => {
      const one = own(request.actor as Actor, await lockSubscription(tx, id))
      requireMatch(request, one.version)
      await work(tx, one)
      return { id }
    })

  listRoutes(http, db, '/subscriptions', {
    config,
    schema: {
      summary: 'What one subscribes to, the latest first',
      of: 'subscriptions',
      filters: {},
      item: SubscriptionView,
    },
    wanted: ({ actor, query }) => ({ userId: actor.userId, created: createdIn(query) }),
    rows: ({ userId, created }, limit, after) => listSubscriptions(db, userId, limit, momentIn(after), created),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    views: rows => viewAll(db, rows),
  })

  http.post(
    '/subscriptions',
    {
      config,
      schema: {
        summary: 'Subscribe to a plan',
        description:
          'It begins with its first payment, at `payment.page` or by the SDK of the provider, and the card is kept for ' +
          'the next periods. A trial, and what costs nothing, begins at once. Not paid within a day it is over.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: ['plan_not_offered', 'subscription_exists', ...paying],
        body: Type.Object({ planId: Id, returnTo: ReturnTo }),
        response: { 201: PayableView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { userId } = actor
      const { id } = await db.once(request, async tx => {
        const plan = offered(await findPlan(tx, body.planId))
        const timeZone = (await findProfile(tx, userId))?.timeZone ?? 'UTC'
        const at = now()
        const one = begun(plan, { userId, timeZone, at })
        if (!(await insertSubscription(tx, one))) throw new Problem('conflict', 'subscription_exists')
        await engine.begin(tx, one, body.returnTo ?? '/')
        return { id: one.id }
      })
      reply.code(201).header('location', `/api/users/subscriptions/${id}`)
      return reply.send(await payable(id))
    },
  )

  http.get(
    '/subscriptions/:id',
    {
      config,
      schema: {
        summary: 'A subscription of the own, and the payment that it waits for',
        gives: ['ETag'],
        refuses: ['subscription_unknown', ...paying],
        params: One,
        response: { 200: PayableView },
      },
    },
    async ({ actor, params }, reply) => {
      return await answer(reply, own(actor, await findSubscription(db, params.id)).id)
    },
  )

  http.delete(
    '/subscriptions/:id',
    {
      config,
      schema: {
        summary: 'Cancel a subscription',
        description:
          'At the end of the period that is paid for, or now: then nothing of it is given back. One that is not paid, or ' +
          'rests, ends now. Who sells the plan cancels too.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['subscription_unknown', 'subscription_state_wrong'],
        params: One,
        querystring: Type.Object(
          { when: Type.Optional(Type.Enum(['end', 'now'], { default: 'end' })) },
          { additionalProperties: false },
        ),
        response: { 200: SubscriptionView },
      },
    },
    async (request, reply) => {
      const { actor, params, query } = request
      const one = await db.transaction(async tx => {
        const one = await lockSubscription(tx, params.id)
        if (!one || (one.userId !== actor.userId && !sells(actor, one)))
          throw new Problem('not_found', 'subscription_unknown')
        requireMatch(request, one.version)
        if (one.state === 'cancelled') throw wrongState(one)
        const goesOn = one.state === 'active' || one.state === 'trialing'
        if (goesOn && query.when !== 'now')
          return one.cancelAtEnd ? one : await engine.change(tx, { ...one, cancelAtEnd: true }, 'ending')
        return await engine.end(tx, one, one.userId === actor.userId ? 'subscriber' : 'seller')
      })
      return reply.header('etag', `"${one.version}"`).send((await viewAll(db, [one]))[0]!)
    },
  )

  const verb = (path: string, about: { summary: string; description?: string; refuses?: readonly string[] }) => ({
    path: `/subscriptions/:id/${path}`,
    schema: {
      ...about,
      gives: ['ETag'] as 'ETag'[],
      honours: ['Idempotency-Key', 'If-Match'] as ('Idempotency-Key' | 'If-Match')[],
      refuses: ['subscription_unknown', 'subscription_state_wrong', ...paying, ...(about.refuses ?? [])],
      params: One,
      response: { 200: PayableView },
    },
  })

  const going = verb('continue', { summary: 'Let a subscription go on that was to end with its period' })
  http.post(going.path, { config, schema: going.schema }, async (request, reply) => {
    const { id } = await act(request, request.params.id, async (tx, one) => {
      if (one.state === 'cancelled' || !one.cancelAtEnd) throw wrongState(one)
      await engine.change(tx, { ...one, cancelAtEnd: false }, 'continued')
    })
    return await answer(reply, id)
  })

  const pausing = verb('pause', {
    summary: 'Let a subscription rest',
    description: 'What is left of the period is kept, and goes on when it is resumed.',
  })
  http.post(pausing.path, { config, schema: pausing.schema }, async (request, reply) => {
    const { id } = await act(request, request.params.id, async (tx, one) => {
      const rest = one.periodEndsAt.getTime() - now().getTime()
      if (one.state !== 'active' || rest <= 0 || (await owes(tx, one.id))) throw wrongState(one)
      await engine.change(tx, { ...one, state: 'paused', restMs: BigInt(rest), nextAt: null }, 'paused')
    })
    return await answer(reply, id)
  })

  const resuming = verb('resume', { summary: 'Let a subscription go on that rests' })
  http.post(resuming.path, { config, schema: resuming.schema }, async (request, reply) => {
    const { id } = await act(request, request.params.id, async (tx, one) => {
      if (one.state !== 'paused') throw wrongState(one)
      const periodEndsAt = new Date(now().getTime() + Number(one.restMs))
      const periodStartsAt = new Date(
        periodEndsAt.getTime() - (one.periodEndsAt.getTime() - one.periodStartsAt.getTime()),
      )
      const anchor = { anchorAt: periodEndsAt, anchorPeriod: one.period, periodStartsAt, periodEndsAt }
      await engine.change(tx, { ...one, ...anchor, state: 'active', restMs: null, nextAt: now() }, 'resumed')
    })
    return await answer(reply, id)
  })

  const owing = verb('payment', {
    summary: 'Pay by hand what is not paid',
    description: 'With another card, which is kept from then on.',
  })
  http.post(
    owing.path,
    { config, schema: { ...owing.schema, body: Type.Object({ returnTo: ReturnTo }) } },
    async (request, reply) => {
      const { id } = await act(request, request.params.id, async (tx, one) => {
        const open = (await openBill(tx, one.id, 'change')) ?? (await openBill(tx, one.id, 'period'))
        if (!open || one.state === 'cancelled') throw wrongState(one)
        await engine.ask(tx, one, open, request.body.returnTo ?? '/')
      })
      return await answer(reply, id)
    },
  )

  const changing = verb('plan', {
    summary: 'Change to another plan',
    description:
      'What is left of the period is charged at the other price, less what was paid for it; less than nothing is paid of ' +
      'the next periods. A plan with another interval begins a whole period. It comes once it is paid.',
    refuses: ['plan_not_offered', 'plan_same', 'plan_currency_differs'],
  })
  http.post(
    changing.path,
    { config, schema: { ...changing.schema, body: Type.Object({ planId: Id }) } },
    async (request, reply) => {
      const { id } = await act(request, request.params.id, async (tx, one) => {
        const plan = offered(await findPlan(tx, request.body.planId))
        if (plan.id === one.planId) throw new Problem('conflict', 'plan_same')
        if (plan.currency !== one.currency || plan.owner.id !== one.owner.id)
          throw new Problem('conflict', 'plan_currency_differs')
        if ((one.state !== 'active' && one.state !== 'trialing') || (await owes(tx, one.id))) throw wrongState(one)
        const after = { planId: plan.id, planName: plan.name, priceMinor: plan.priceMinor, interval: plan.interval }
        if (one.state === 'trialing') return void (await engine.change(tx, { ...one, ...after }, 'plan', one.planId))
        const span = { from: one.periodStartsAt, to: one.periodEndsAt }
        const due = dueForChange(one, after, span, one.creditMinor, now())
        await engine.bill(tx, one, { kind: 'change', plan: after, due })
      })
      return await answer(reply, id)
    },
  )
}

/** As it begins: with a trial, for nothing, or when it is paid. */
function begun(plan: Plan, who: { userId: string; timeZone: string; at: Date }): Subscription {
  const { userId, timeZone, at } = who
  const trialEndsAt = daysAfter(at, plan.trialDays, timeZone)
  return {
    id: newId(),
    userId,
    planId: plan.id,
    planName: plan.name,
    owner: plan.owner,
    currency: plan.currency,
    priceMinor: plan.priceMinor,
    interval: plan.interval,
    timeZone,
    state: plan.trialDays > 0 ? 'trialing' : 'incomplete',
    anchorAt: trialEndsAt,
    anchorPeriod: 0,
    period: 0,
    periodStartsAt: at,
    periodEndsAt: trialEndsAt,
    cancelAtEnd: false,
    restMs: null,
    creditMinor: 0n,
    customer: null,
    method: null,
    nextAt: null,
    reminded: 0,
    version: 1,
    createdAt: at,
    endedAt: null,
    endReason: null,
  }
}

/** What was billed, and invoices of it. */
export function billRoutes({ db, http }: UsersHost): void {
  http.get(
    '/subscriptions/:id/bills',
    {
      config,
      schema: {
        summary: 'What was billed for a subscription, the latest first',
        refuses: ['subscription_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(BillView) },
      },
    },
    async ({ actor, params, query }) => {
      const { id } = own(actor, await findSubscription(db, params.id))
      const rows = await listBills(db, id, query.limit + 1, cursorIn(query.after))
      return page(rows, query.limit, ({ createdAt, id }) => [createdAt.toISOString(), id], viewBill)
    },
  )

  const readable = async (actor: Actor, id: string): Promise<Invoice> => {
    const found = await findInvoice(db, id)
    const isParty = found && [found.buyer.id, found.seller.id].some(party => party && partiesOf(actor).includes(party))
    if (!found || (!isParty && actor.role !== 'admin')) throw new Problem('not_found', 'invoice_unknown')
    return found
  }
  const file = (type: string) => ({ params: One, refuses: ['invoice_unknown'], produces: [type] })

  http.get(
    '/invoices/:id/pdf',
    { config, schema: { summary: 'An invoice of a subscription as PDF', ...file('application/pdf') } },
    async ({ actor, params }, reply) => {
      const found = await readable(actor, params.id)
      return reply.type('application/pdf').send(await asPdf(found))
    },
  )
  http.get(
    '/invoices/:id/ubl',
    { config, schema: { summary: 'An invoice of a subscription as UBL (EN 16931)', ...file('application/xml') } },
    async ({ actor, params }, reply) => {
      const found = await readable(actor, params.id)
      return reply.type('application/xml; charset=utf-8').send(asUbl(found))
    },
  )
}
