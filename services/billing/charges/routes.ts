import Type, { type Static } from 'typebox'
import { getSessionCourse } from '#contracts/sessions'
import { ChargerId, Id, Instant, Minor, Owner } from '#contracts/shared'
import { cursorOf, isId, listQuery, Page, page, partiesOf, Problem, signedIn, type Actor } from '#kernel'
import { ownersFor, sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { PriceView, viewPrice } from '../quotes/routes.ts'
import { priceOf } from '../tariffs/price.ts'
import { termsOf } from '../tariffs/store.ts'
import { findCharge, listCharges, type Charge } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const ChargeView = Type.Object(
  {
    sessionId: Id,
    chargerId: ChargerId,
    stationId: nullable(Id),
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    seller: nullable(Owner),
    driverId: nullable(Id),
    startedAt: Instant,
    endedAt: nullable(Instant),
    energyWh: Type.Integer({ examples: [18_400] }),
    state: Type.Enum(['running', 'due', 'charged', 'free', 'refused'], {
      description: '`refused`: it would cost more than can be booked',
      examples: ['charged'],
    }),
    tariffId: nullable(Id),
    tariffVersion: nullable(Type.Integer({ examples: [1] })),
    quoteId: nullable(Id),
    price: nullable(PriceView),
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor,
    owedMinor: { ...Minor, description: 'Of it what the driver could not pay when it was booked' },
    revision: Type.Integer({ description: 'How often it was booked', examples: [1] }),
    chargedAt: nullable(Instant),
  },
  { title: 'Charge' },
)
type View = Static<typeof ChargeView>

const view = (charge: Charge): View => ({
  sessionId: charge.sessionId,
  chargerId: charge.chargerId,
  stationId: charge.stationId,
  evse: charge.evse,
  connector: charge.connector,
  seller: charge.seller,
  driverId: charge.driverId,
  startedAt: charge.startedAt.toISOString(),
  endedAt: charge.endedAt?.toISOString() ?? null,
  energyWh: Number(charge.energyWh),
  state: charge.state,
  tariffId: charge.tariffId,
  tariffVersion: charge.version,
  quoteId: charge.quoteId,
  price: charge.price as View['price'],
  netMinor: Number(charge.netMinor),
  taxMinor: Number(charge.taxMinor),
  totalMinor: Number(charge.totalMinor),
  owedMinor: Number(charge.owedMinor),
  revision: charge.revision,
  chargedAt: charge.chargedAt?.toISOString() ?? null,
})

/** A driver sees their own, who sells what is theirs, admins all. */
const mayRead = (actor: Actor, { driverId, seller }: Charge): boolean =>
  actor.role === 'admin' ||
  actor.userId === driverId ||
  (actor.role === 'operator' && seller !== null && partiesOf(actor).includes(seller.id))

export function chargeRoutes({ db, http, ask }: BillingHost): void {
  http.get(
    '/charges',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What the own sessions cost, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(ChargeView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      return page(
        await listCharges(db, { driverId: actor.userId }, limit + 1, before),
        limit,
        ({ sessionId }) => [sessionId],
        view,
      )
    },
  )

  http.get(
    '/sales',
    {
      config: { access: sellers },
      schema: {
        summary: 'What was sold, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(ChargeView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      return page(
        await listCharges(db, { sellers: ownersFor(actor) }, limit + 1, before),
        limit,
        ({ sessionId }) => [sessionId],
        view,
      )
    },
  )

  http.get(
    '/charges/:sessionId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What a session costs, also while it runs',
        description: 'The price of one that runs is what it would cost if it ended now.',
        refuses: ['charge_unknown', 'amount_too_great'],
        params: Type.Object({ sessionId: Id }),
        response: { 200: ChargeView },
      },
    },
    async ({ actor, params: { sessionId } }) => {
      const found = await findCharge(db, sessionId)
      if (!found || !mayRead(actor, found)) throw new Problem('not_found', 'charge_unknown')
      if (found.state !== 'running' || !found.tariffId) return view(found)
      const terms = (await termsOf(db, found.tariffId, found.version!))!
      const { course, energyWh } = await ask(getSessionCourse, { sessionId })
      const moments = course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
      const price = viewPrice(priceOf(terms, moments, found.place!.timeZone), terms)
      return { ...view(found), energyWh, price }
    },
  )
}
