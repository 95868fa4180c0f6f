import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Line, Minor } from '#contracts/shared'
import { isId, newId, Problem, listRoutes, createdIn, type Actor, type Tx } from '#kernel'
import { freshSellers, managedBy, sellers } from '../access.ts'
import type { AdHoc } from '../ad-hoc/desk.ts'
import { findCharge, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { bookCredit, creditable, creditOnInvoice, lockForCredit } from './crediting.ts'
import { decideCredit, findCredit, insertCredit, listCredits, listProposed, type Credit } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const One = Type.Object({ id: Id })
const OfSession = Type.Object({ sessionId: Id })

const CreditView = Type.Object(
  {
    id: Id,
    sessionId: Id,
    sellerId: Id,
    currency: Currency,
    amountMinor: { ...Minor, description: 'With tax' },
    taxMinor: Minor,
    reason: Type.String({ examples: ['The charger stopped twice'] }),
    state: Type.Enum(['proposed', 'booked', 'refused'], {
      description: '`proposed` waits for a second person',
      examples: ['booked'],
    }),
    proposedBy: Id,
    proposedAt: Instant,
    decidedBy: nullable(Id),
    decidedAt: nullable(Instant),
  },
  { title: 'SessionCredit' },
)
const view = ({ totalMinor, taxMinor, proposedAt, decidedAt, ...credit }: Credit): Static<typeof CreditView> => ({
  ...credit,
  amountMinor: Number(totalMinor),
  taxMinor: Number(taxMinor),
  proposedAt: proposedAt.toISOString(),
  decidedAt: decidedAt?.toISOString() ?? null,
})

const isTheirs = (actor: Actor, sellerId: string | undefined): boolean =>
  sellerId !== undefined && (actor.role === 'admin' || managedBy(actor).includes(sellerId))

/** Money that who sells gives back of a session by hand, with a reason. */
export function creditRoutes(host: BillingHost, adHoc: AdHoc): void {
  const { db, http, now, settings } = host
  const config = { access: sellers }
  const giving = { access: freshSellers }

  /** Books it, has a card given back what it paid, and takes it off the invoice. */
  async function give(tx: Tx<'billing'>, charge: Charge, wanted: Credit): Promise<Credit> {
    const booked = await bookCredit(host, tx, charge, wanted)
    if (!charge.driverId) {
      const before = (await listCredits(tx, [charge.sessionId])).filter(({ state }) => state === 'booked')
      await adHoc.settle(tx, charge, creditable(charge, before) - wanted.totalMinor)
    }
    return booked
  }

  http.post(
    '/charges/:sessionId/credits',
    {
      config: giving,
      schema: {
        summary: 'Give back a part of what a session cost',
        description:
          'To who was asked for it, with a credit note where it is on an invoice. What is above ' +
          '`BILLING_CREDIT_ALONE_MINOR`, together with what was given back of the session before, waits for a second person.',
        honours: ['Idempotency-Key'],
        refuses: ['charge_unknown', 'credit_above_charge'],
        params: OfSession,
        body: Type.Object({
          amountMinor: { ...Minor, minimum: 1, maximum: 1_000_000_000, description: 'With tax', examples: [490] },
          reason: Line(200, { examples: ['The charger stopped twice'] }),
        }),
        response: { 201: CreditView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const found = await findCharge(db, params.sessionId)
      if (!found || !isTheirs(actor, found.seller?.id)) throw new Problem('not_found', 'charge_unknown')
      const made = await db.once(request, async tx => {
        const charge = await lockForCredit(tx, found)
        const before = await listCredits(tx, [charge.sessionId])
        const left = creditable(charge, before)
        const totalMinor = BigInt(body.amountMinor)
        if (totalMinor > left) throw new Problem('conflict', 'credit_above_charge', { leftMinor: Number(left) })
        const at = now()
        const isAlone = charge.totalMinor - left + totalMinor <= BigInt(settings.BILLING_CREDIT_ALONE_MINOR)
        const proposed: Credit = {
          id: newId(at.getTime()),
          sessionId: charge.sessionId,
          sellerId: charge.seller!.id,
          currency: charge.currency!,
          totalMinor,
          taxMinor: 0n,
          reason: body.reason,
          state: 'proposed',
          proposedBy: actor.userId,
          proposedAt: at,
          decidedBy: null,
          decidedAt: null,
        }
        const credit: Credit = isAlone
          ? { ...(await give(tx, charge, proposed)), state: 'booked', decidedBy: actor.userId, decidedAt: at }
          : proposed
        await insertCredit(tx, credit)
        if (actor.role === 'admin' && !isAlone)
          await host.acted(tx, actor, 'credit.proposed', credit.id, { currency: credit.currency, ...body })
        if (isAlone) await creditOnInvoice(host, tx, onInvoice(charge))
        return view(credit)
      })
      return reply.code(201).send(made)
    },
  )

  http.get(
    '/charges/:sessionId/credits',
    {
      config,
      schema: {
        summary: 'What was given back of a session by hand',
        refuses: ['charge_unknown'],
        params: OfSession,
        response: { 200: Type.Object({ items: Type.Array(CreditView) }, { title: 'SessionCredits' }) },
      },
    },
    async ({ actor, params: { sessionId } }) => {
      const found = await findCharge(db, sessionId)
      if (!found || !isTheirs(actor, found.seller?.id)) throw new Problem('not_found', 'charge_unknown')
      return { items: (await listCredits(db, [sessionId])).map(view) }
    },
  )

  listRoutes(http, db, '/credits', {
    config,
    schema: {
      summary: 'What waits for a second person to agree, the oldest first',
      of: 'credits',
      filters: {},
      item: CreditView,
    },
    wanted: ({ actor, query }) => ({
      sellers: actor.role === 'admin' ? undefined : managedBy(actor),
      proposed: createdIn(query),
    }),
    rows: (wanted, limit, after) => listProposed(db, wanted, limit, after?.[0] as string | undefined),
    order: [isId],
    keysOf: ({ id }) => [id],
    view,
  })

  for (const [verb, state, summary] of [
    ['confirm', 'booked', 'Agree to what somebody else wants to give back'],
    ['refuse', 'refused', 'Refuse, or take back, what was to be given back'],
  ] as const)
    http.post(
      `/credits/:id/${verb}`,
      {
        config: giving,
        schema: {
          summary,
          refuses: ['credit_unknown', 'credit_decided', 'charge_unknown', 'credit_above_charge', 'credit_own'],
          params: One,
          response: { 200: CreditView },
        },
      },
      async ({ actor, params: { id } }) => {
        const proposed = await findCredit(db, id)
        if (!proposed || !isTheirs(actor, proposed.sellerId)) throw new Problem('not_found', 'credit_unknown')
        // Who proposed it may take it back, and no more.
        if (state === 'booked' && proposed.proposedBy === actor.userId) throw new Problem('forbidden', 'credit_own')
        const found = (await findCharge(db, proposed.sessionId))!
        return await db.transaction(async tx => {
          const charge = await lockForCredit(tx, found)
          const credits = await listCredits(tx, [charge.sessionId])
          // It may have been decided since, and the session may cost less by now.
          if ((await findCredit(tx, id))!.state !== 'proposed') throw new Problem('conflict', 'credit_decided')
          if (state === 'booked' && creditable(charge, credits) < 0n)
            throw new Problem('conflict', 'credit_above_charge')
          const decided = { state, decidedBy: actor.userId, decidedAt: now() }
          const credit = { ...(state === 'booked' ? await give(tx, charge, proposed) : proposed), ...decided }
          await decideCredit(tx, credit)
          if (actor.role === 'admin')
            await host.acted(tx, actor, `credit.${state}`, id, { sessionId: credit.sessionId })
          if (state === 'booked') await creditOnInvoice(host, tx, onInvoice(charge))
          return view(credit)
        })
      },
    )
}

/** Of one that is to be on another invoice soon, that has it. */
const onInvoice = (charge: Charge): Charge[] => (charge.invoicedRevision === charge.revision ? [charge] : [])
