import Type from 'typebox'
import { getSessionCourse } from '#contracts/sessions'
import { Id } from '#contracts/shared'
import { isId, partiesOf, Problem, signedIn, listRoutes, createdIn, type Actor } from '#kernel'
import { ownersFor, sellers } from '../access.ts'
import { companyFor } from '../companies/access.ts'
import type { BillingHost } from '../host.ts'
import { viewPrice } from '../quotes/routes.ts'
import { priceOf } from '#money/tariff-price'
import { termsOf } from '../tariffs/store.ts'
import { findCharge, listCharges, type Charge } from './store.ts'
import { ChargeView, viewCharge } from './view.ts'

/** A driver sees their own, a company what it pays for, who sells what is theirs, admins all. */
const mayRead = (actor: Actor, { driverId, companyId, seller }: Charge): boolean =>
  actor.role === 'admin' ||
  actor.userId === driverId ||
  (companyId !== null && companyId === companyFor(actor)) ||
  (actor.role === 'operator' && seller !== null && partiesOf(actor).includes(seller.id))

/** Who charges on a company's account does not see whether that can pay. */
const viewFor =
  (actor: Actor) =>
  (charge: Charge): ReturnType<typeof viewCharge> =>
    charge.companyId !== null && charge.companyId !== companyFor(actor) && actor.userId === charge.driverId
      ? { ...viewCharge(charge), owedMinor: 0 }
      : viewCharge(charge)

export function chargeRoutes({ db, http, ask }: BillingHost): void {
  const listed = { of: 'sessions', filters: {}, item: ChargeView }
  const keys = { order: [isId], keysOf: ({ sessionId }: Charge) => [sessionId] }

  listRoutes(http, db, '/charges', {
    config: { access: signedIn },
    schema: { summary: 'What the own sessions cost, the newest first', ...listed },
    wanted: ({ actor, query }) => ({ actor, driverId: actor.userId, started: createdIn(query) }),
    rows: (wanted, limit, after) => listCharges(db, wanted, limit, after?.[0] as string | undefined),
    ...keys,
    view: (charge, { actor }) => viewFor(actor)(charge),
  })

  listRoutes(http, db, '/sales', {
    config: { access: sellers },
    schema: { summary: 'What was sold, the newest first', ...listed },
    wanted: ({ actor, query }) => ({ actor, sellers: ownersFor(actor), started: createdIn(query) }),
    rows: (wanted, limit, after) => listCharges(db, wanted, limit, after?.[0] as string | undefined),
    ...keys,
    view: (charge, { actor }) => viewFor(actor)(charge),
  })

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
      if (found.state !== 'running' || !found.tariffId) return viewFor(actor)(found)
      const terms = (await termsOf(db, found.tariffId, found.version!))!
      const { course, energyWh } = await ask(getSessionCourse, { sessionId })
      const moments = course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
      const price = viewPrice(priceOf(terms, moments, found.place!.timeZone), terms)
      return { ...viewFor(actor)(found), energyWh, price }
    },
  )
}
