import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Line, Minor, Owner } from '#contracts/shared'
import {
  anyone,
  authorise,
  cursorOf,
  isId,
  listQuery,
  newId,
  notModified,
  ownVersion,
  ownerFor,
  Page,
  page,
  partiesOf,
  Problem,
  requireMatch,
  withRole,
} from '#kernel'
import { isCurrency } from '#money/amount'
import { payableOf } from '#money/payments'
import { checkTaxId } from '#money/tax'
import { Country, nullable } from '../fields.ts'
import type { UsersHost } from '../host.ts'
import { findSeller, putSeller, type Seller } from './sellers.ts'
import { findPlan, insertPlan, listPlans, lockPlan, updatePlan, type Plan } from './store.ts'

const vendors = withRole('vendor')
const Amount = { ...Minor, minimum: 0, maximum: 1_000_000_000 }
const Sold = Type.Enum(['digital', 'services'], {
  description: 'How it is taxed: what needs no person (Art. 58 of Directive 2006/112), or a service',
  examples: ['digital'],
})
const Interval = Type.Enum(['month', 'year'], { examples: ['month'] })
const TrialDays = Type.Integer({ minimum: 0, maximum: 365, examples: [14] })
const written = {
  name: Line(120, { examples: ['Charging Plus'] }),
  description: Type.String({ maxLength: 2_000, examples: ['Charge for less at all of our stations.'] }),
  sold: Sold,
  priceMinor: { ...Amount, description: 'For a whole period, with tax' },
  trialDays: TrialDays,
}
const PlanView = Type.Object(
  {
    id: Id,
    owner: Owner,
    name: Type.String({ examples: ['Charging Plus'] }),
    description: Type.String(),
    sold: Sold,
    currency: Currency,
    priceMinor: Amount,
    interval: Interval,
    trialDays: TrialDays,
    withdrawnAt: nullable(Instant),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Plan' },
)
const One = Type.Object({ id: Id })

const view = ({ priceMinor, withdrawnAt, createdAt, ...plan }: Plan): Static<typeof PlanView> => ({
  ...plan,
  priceMinor: Number(priceMinor),
  withdrawnAt: withdrawnAt && withdrawnAt.toISOString(),
  createdAt: createdAt.toISOString(),
})

/** Of dinars nobody can pay the last digit: who offers a plan learns it, and not each who subscribes. */
function requirePayable({ priceMinor: minor, currency }: Pick<Plan, 'priceMinor' | 'currency'>): void {
  if (payableOf({ minor, currency }) === minor) return
  const detail = `cannot be paid: there is no such small coin of ${currency}`
  throw new Problem('invalid', 'request_invalid', { errors: [{ pointer: '/priceMinor', detail }] })
}

/** What people can subscribe to: anybody reads what is offered, vendors and admins offer it. */
export function planRoutes({ db, http, now }: UsersHost): void {
  http.get(
    '/plans',
    {
      config: { access: anyone },
      schema: {
        summary: 'Plans that are offered, the latest first',
        querystring: listQuery({ vendorId: Type.Optional({ ...Id, description: 'Of one vendor' }) }),
        response: { 200: Page(PlanView) },
      },
    },
    async ({ query: { after, limit, vendorId } }) => {
      const cursor = cursorOf(after, isId)
      const owners = vendorId === undefined ? undefined : [vendorId]
      const rows = await listPlans(db, { owners, offered: true }, limit + 1, cursor?.[0] as string | undefined)
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/plans/own',
    {
      config: { access: vendors },
      schema: {
        summary: 'Plans of the own, also those that are no longer offered',
        querystring: listQuery({}),
        response: { 200: Page(PlanView) },
      },
    },
    async ({ actor, query: { after, limit } }) => {
      const cursor = cursorOf(after, isId)
      const wanted = { owners: partiesOf(actor), offered: false }
      const rows = await listPlans(db, wanted, limit + 1, cursor?.[0] as string | undefined)
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/plans/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'A plan',
        gives: ['ETag'],
        refuses: ['plan_unknown'],
        params: One,
        response: { 200: PlanView },
      },
    },
    async ({ params }, reply) => {
      const found = await findPlan(db, params.id)
      if (!found) throw new Problem('not_found', 'plan_unknown')
      return reply.header('etag', `"${found.version}"`).send(view(found))
    },
  )

  http.post(
    '/plans',
    {
      config: { access: vendors },
      schema: {
        summary: 'Offer a plan',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'currency_unknown'],
        body: Type.Object({
          ...written,
          trialDays: Type.Optional(TrialDays),
          currency: Currency,
          interval: Interval,
        }),
        response: { 201: PlanView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      if (!isCurrency(body.currency))
        throw new Problem('unprocessable', 'currency_unknown', {
          errors: [{ pointer: '/currency', detail: 'is none' }],
        })
      const made = await db.once(request, async tx => {
        const plan: Plan = {
          ...body,
          id: newId(),
          owner: ownerFor(actor),
          priceMinor: BigInt(body.priceMinor),
          trialDays: body.trialDays ?? 0,
          withdrawnAt: null,
          version: 1,
          createdAt: now(),
        }
        requirePayable(plan)
        await insertPlan(tx, plan)
        return view(plan)
      })
      reply.code(201).header('location', `/api/users/plans/${made.id}`).header('etag', `"${made.version}"`)
      return reply.send(made)
    },
  )

  http.put(
    '/plans/:id',
    {
      config: { access: vendors },
      schema: {
        summary: 'Change a plan',
        description: 'Who has subscribed keeps the price there was; currency and interval stay.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['plan_unknown', 'plan_withdrawn', 'editor_required'],
        params: One,
        body: Type.Object(written),
        response: { 200: PlanView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const changed = await db.transaction(async tx => {
        const before = await lockPlan(tx, params.id)
        authorise(actor, 'write', before, 'plan_unknown')
        requireMatch(request, before!.version)
        if (before!.withdrawnAt) throw new Problem('conflict', 'plan_withdrawn')
        const next = { ...before!, ...body, priceMinor: BigInt(body.priceMinor), version: before!.version + 1 }
        requirePayable(next)
        await updatePlan(tx, next)
        return next
      })
      return reply.header('etag', `"${changed.version}"`).send(view(changed))
    },
  )

  http.delete(
    '/plans/:id',
    {
      config: { access: vendors },
      schema: {
        summary: 'Offer a plan no longer',
        description: 'Who has subscribed keeps it.',
        honours: ['If-Match'],
        refuses: ['plan_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await db.transaction(async tx => {
        const before = await lockPlan(tx, request.params.id)
        authorise(request.actor, 'write', before, 'plan_unknown')
        requireMatch(request, before!.version)
        if (!before!.withdrawnAt) await updatePlan(tx, { ...before!, withdrawnAt: now(), version: before!.version + 1 })
      })
      return reply.code(204).send()
    },
  )
}

const SellerBody = Type.Object({
  name: Line(200, { examples: ['Example Charging GmbH'] }),
  address: Type.Object({
    street: Line(100, { examples: ['Marktplatz 1'] }),
    postalCode: Line(12, { examples: ['10178'] }),
    city: Line(80, { examples: ['Berlin'] }),
    country: Country,
  }),
  taxId: Type.Union([Type.String({ maxLength: 20, examples: ['DE136695976'] }), Type.Null()], {
    description: 'Its form and check digits are looked at',
  }),
  smallBusiness: Type.Optional(Type.Boolean({ description: 'Asks no tax where it is established' })),
})
const SellerView = Type.Object(
  {
    name: Type.String({ examples: ['Example Charging GmbH'] }),
    address: Type.Object({
      street: Type.String({ examples: ['Marktplatz 1'] }),
      postalCode: Type.String({ examples: ['10178'] }),
      city: Type.String({ examples: ['Berlin'] }),
      country: Type.String({ examples: ['DE'] }),
    }),
    taxId: nullable(Type.String({ examples: ['DE136695976'] })),
    smallBusiness: Type.Boolean(),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'PlanSeller' },
)
const viewSeller = ({ ownerId: _, ...seller }: Seller): Static<typeof SellerView> => seller

/** Who sells plans: the organisation one acts for, or oneself. */
export function planSellerRoutes({ db, http }: UsersHost): void {
  http.get(
    '/plans/seller',
    {
      config: { access: vendors },
      schema: {
        summary: 'Who one sells plans as',
        honours: ['If-None-Match'],
        refuses: ['seller_unknown', 'editor_required'],
        response: { 200: SellerView },
      },
    },
    async (request, reply) => {
      const found = await findSeller(db, ownerFor(request.actor).id)
      if (!found) throw new Problem('not_found', 'seller_unknown')
      return notModified(request, reply, ownVersion(found.version, request.actor)) ? reply.send() : viewSeller(found)
    },
  )

  http.put(
    '/plans/seller',
    {
      config: { access: vendors },
      schema: {
        summary: 'Say who one sells plans as',
        description: 'Before it is said nothing is invoiced. Invoices keep what held when they were made.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['editor_required', 'tax_id_invalid'],
        body: SellerBody,
        response: { 200: SellerView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { id: ownerId } = ownerFor(actor)
      const { name, address, smallBusiness = false } = body
      const taxId = body.taxId === null ? null : (await checkTaxId(body.taxId, address.country)).number
      const seller = await db.transaction(async tx => {
        await tx`select pg_advisory_xact_lock(hashtextextended(${`seller ${ownerId}`}, 0))`
        requireMatch(request, (await findSeller(tx, ownerId))?.version ?? 0)
        const next = { ownerId, name, address, taxId, smallBusiness }
        return { ...next, version: await putSeller(tx, next) }
      })
      return reply.header('etag', `"${ownVersion(seller.version, actor)}"`).send(viewSeller(seller))
    },
  )
}
