import Type from 'typebox'
import { deadPaymentEventsOf, replayPaymentEventsOf } from '#contracts/payments'
import { Id, Instant } from '#contracts/shared'
import {
  anyone,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  Page,
  page,
  Problem,
  fresh,
  withRole,
  type Db,
  type Job,
  type Tx,
} from '#kernel'
import type { Desk } from './desk.ts'
import type { AnyHost, OnChange, Payment } from './payment.ts'
import type { Headers } from './provider.ts'
import type { Providers } from './providers.ts'
import {
  accountOf,
  countEvents,
  deadEvents,
  dueEvents,
  findByProviderId,
  findEvent,
  findPayment,
  forgetEvents,
  insertEvent,
  lockPayment,
  noteDispute,
  noteEvent,
  reviveEvent,
  type StoredEvent,
} from './store.ts'

/** Larger than any event of theirs. */
const mostBytes = 262_144
/** With twice the seconds between two of them each time: four and a half hours in all. */
const mostTries = 14
const keptDays = 90
/** So many are told at once; who has more has one cause. */
const mostDead = 10_000

/** What providers tell us by themselves: proven, stored, answered, then worked. */
export interface Inbox {
  /** `forged` is not stored. */
  receive(provider: string, body: Buffer, headers: Headers): Promise<'accepted' | 'duplicate' | 'forged'>
  /** Has what is due worked, where a job of it was lost. */
  sweep(): Promise<void>
}

/** In what an event and our payment contradict each other. */
class Contradiction extends Error {}
/** What the event is about is not here, or not yet. */
class Unknown extends Error {}

export function openInbox<Name extends string>(
  host: AnyHost<Name>,
  { providers, desk, onChange }: { providers: Providers; desk: Desk; onChange: OnChange<Name> },
): Inbox {
  const { db, now, log, name: service } = host
  const heard = figures(host as AnyHost)
  // Somebody stands at a charger or a checkout and waits for it.
  const job: Job<{ id: string }> = host.job('work payment event', async ({ id }: { id: string }) => work(id), {
    urgency: 'urgent',
  })
  const later = (tx: Tx, id: string, runAt?: Date) => tx.enqueue(job, { id }, { key: `payment event ${id}`, runAt })

  async function work(id: string): Promise<void> {
    const event = await findEvent(db, id)
    if (!event || event.state === 'done' || event.state === 'ignored' || event.state === 'dead') return
    const { about, dispute } = event.facts
    if (!about) return void (await db.transaction(tx => noteEvent(tx, id, { state: 'ignored' }, now())))
    try {
      const payment = await paymentFor(db, event)
      await desk.pursue(payment.id)
      await db.transaction(async tx => {
        if (dispute) await takeDispute(tx, payment.id, dispute)
        await noteEvent(tx, id, { state: 'done' }, now())
      })
    } catch (error) {
      await putOff(event, error)
    }
  }

  async function takeDispute(tx: Tx<Name>, paymentId: string, dispute: NonNullable<StoredEvent['facts']['dispute']>) {
    const payment = (await lockPayment(tx, paymentId))!
    const at = now()
    const { isNew, ended } = await noteDispute(tx, paymentId, dispute, at)
    const about = { payment, disputeId: dispute.id, amountMinor: BigInt(dispute.amountMinor), at }
    if (isNew) await onChange(tx, { kind: 'disputed', ...about })
    if (ended) await onChange(tx, { kind: ended === 'won' ? 'dispute-won' : 'dispute-lost', ...about })
  }

  /** What failed is tried again later; what contradicts us, or fails again and again, waits for a person. */
  async function putOff({ id, provider, eventId, type, attempts, facts }: StoredEvent, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error)
    const isLast = attempts + 1 >= mostTries
    // Of somebody else who has the same account at the provider; ours are marked.
    const isStrange = error instanceof Unknown && isLast && facts.about?.mark === undefined
    const isDead = error instanceof Contradiction || (isLast && !isStrange)
    const dueAt = new Date(now().getTime() + 1000 * 2 ** attempts)
    const about = { provider, eventId, type, cause: message }
    if (isDead) log.error(about, 'an event of a payment provider cannot be worked')
    else if (!isStrange) log.warn(about, 'an event of a payment provider is tried again later')
    await db.transaction(async tx => {
      if (isDead || isStrange)
        return void (await noteEvent(tx, id, { state: isDead ? 'dead' : 'ignored', error: message }, now()))
      const state = error instanceof Unknown ? 'parked' : 'waiting'
      await noteEvent(tx, id, { state, error: message, dueAt }, now())
      await later(tx, id, new Date(Date.now() + 1000 * 2 ** attempts))
    })
  }

  const inbox: Inbox = {
    async receive(provider, body, headers) {
      const event = await providers.named(provider).verify(body, headers)
      if (!event) {
        heard.inc({ service, provider, outcome: 'forged' })
        return 'forged'
      }
      const isNew = await db.transaction(async tx => {
        const id = await insertEvent(tx, provider, event, body.toString(), now())
        if (id) await later(tx, id)
        return id !== undefined
      })
      const outcome = isNew ? 'accepted' : 'duplicate'
      heard.inc({ service, provider, outcome })
      return outcome
    },
    async sweep() {
      for (const id of await dueEvents(db, now())) await db.transaction(tx => later(tx, id))
      await db.transaction(tx => forgetEvents(tx, new Date(now().getTime() - keptDays * 86_400_000)))
    },
  }
  webhooks(host, inbox)
  deadLetters(host, later)
  return inbox
}

/** How often who told us what with which outcome; what waits is looked up. */
function figures({ metrics, db, name: service }: AnyHost) {
  const heard = metrics.counter(
    'ohmnibus_payment_webhooks_total',
    'What payment providers told us, or somebody else did',
    ['service', 'provider', 'outcome'],
  )
  metrics.gauge(
    'ohmnibus_payment_events',
    'Events of payment providers that have not had their effect',
    ['service', 'state'],
    async gauge => {
      for (const state of ['waiting', 'parked', 'dead']) gauge.set({ service, state }, 0)
      for (const { state, count } of await countEvents(db)) gauge.set({ service, state }, count)
    },
  )
  return heard
}

/** The payment an event is about, which it has to agree with. */
async function paymentFor(db: Db, { provider, account, facts }: StoredEvent): Promise<Payment> {
  const { id, mark, currency, amountMinor } = facts.about!
  const found =
    (mark && /^[0-9a-f-]{36}$/.test(mark) ? await findPayment(db, mark) : undefined) ??
    (id ? await findByProviderId(db, provider, id) : undefined)
  if (!found) throw new Unknown(`there is no payment ${mark ?? id} here`)
  // Of Stripe only what is of somebody else's account names one.
  const known = provider === 'razorpay' ? await accountOf(db, provider) : null
  const faults = [
    found.provider !== provider && `the payment is at ${found.provider}`,
    known !== undefined && known !== account && `the account is ${account}, not ${known}`,
    found.providerId !== null && id !== undefined && found.providerId !== id && `it is ${id}, not ${found.providerId}`,
    currency !== undefined && currency !== found.currency && `the currency is ${currency}, not ${found.currency}`,
    amountMinor !== undefined &&
      BigInt(amountMinor) !== found.amountMinor &&
      `the amount is ${amountMinor}, not ${found.amountMinor}`,
  ].filter(fault => fault !== false)
  if (faults.length > 0) throw new Contradiction(faults.join('; '))
  return found
}

/** The address that providers are told of. */
function webhooks({ http }: AnyHost, inbox: Inbox): void {
  http.scope((app, scoped) => {
    // Signatures are over the bytes as they came.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
    scoped.post(
      '/webhooks/:provider',
      {
        config: { access: anyone },
        bodyLimit: mostBytes,
        schema: {
          summary: 'What a payment provider tells us',
          refuses: ['webhook_unproven', 'payment_provider_unknown'],
          consumes: ['application/json'],
          params: Type.Object({ provider: Type.Enum(['stripe', 'razorpay', 'play']) }),
          response: { 204: Type.Null() },
          hide: true,
        },
      },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const outcome = await inbox.receive(request.params.provider, body, request.headers)
        if (outcome === 'forged') throw new Problem('invalid', 'webhook_unproven')
        return await reply.code(204).send()
      },
    )
  })
}

const DeadEvent = Type.Object(
  {
    id: Id,
    provider: Type.String({ examples: ['stripe'] }),
    eventId: Type.String({ examples: ['evt_1PxQ2eK'] }),
    type: Type.String({ examples: ['payment_intent.succeeded'] }),
    attempts: Type.Integer({ examples: [14] }),
    error: Type.Union([Type.String(), Type.Null()]),
    receivedAt: Instant,
  },
  { title: 'DeadPaymentEvent' },
)

/** For admins: the events that had no effect, to be worked again once the reason is gone; one by one, or all that failed alike. */
function deadLetters(host: AnyHost, later: (tx: Tx, id: string) => Promise<unknown>): void {
  const { acted, http, db, now, name } = host
  const revive = async (tx: Tx, id: string): Promise<boolean> => {
    const revived = await reviveEvent(tx, id, now())
    if (revived) await later(tx, id)
    return revived
  }
  host.answer(deadPaymentEventsOf(name), async () => ({
    events: (await deadEvents(db, mostDead, undefined)).map(({ id, type, error, receivedAt }) => ({
      id,
      type,
      error,
      receivedAt: receivedAt.toISOString(),
    })),
  }))
  host.answer(replayPaymentEventsOf(name), async ({ ids }) =>
    db.transaction(async tx => {
      let replayed = 0
      for (const id of ids) if (await revive(tx, id)) replayed++
      return { replayed }
    }),
  )
  http.get(
    '/webhooks/dead',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Events of payment providers that could not be worked',
        description: 'They contradict the payment they are about, or failed again and again.',
        querystring: listQuery({}),
        response: { 200: Page(DeadEvent) },
      },
    },
    async ({ query }) => {
      const after = cursorOf(query.after, isInstant, isId) as [string, string] | undefined
      const rows = await deadEvents(db, query.limit + 1, after && [new Date(after[0]), after[1]])
      return page(
        rows,
        query.limit,
        row => [row.receivedAt.toISOString(), row.id],
        ({ id, provider, eventId, type, attempts, error, receivedAt }) => ({
          id,
          provider,
          eventId,
          type,
          attempts,
          error,
          receivedAt: receivedAt.toISOString(),
        }),
      )
    },
  )
  http.post(
    '/webhooks/dead/:id/replay',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Work a dead event of a payment provider again',
        refuses: ['payment_event_unknown'],
        params: Type.Object({ id: Id }),
        response: { 202: Type.Object({ id: Id }, { title: 'PaymentEventReplay' }) },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const isThere = await db.transaction(async tx => {
        const revived = await revive(tx, id)
        if (revived) await acted(tx, actor, 'payment-event.replayed', id)
        return revived
      })
      if (!isThere) throw new Problem('not_found', 'payment_event_unknown')
      return await reply.code(202).send({ id })
    },
  )
}
