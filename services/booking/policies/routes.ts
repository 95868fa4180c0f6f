import Type from 'typebox'
import { Currency, Id, Owner } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import { cursorOf, isId, listQuery, newId, ownerFor, Page, page, partiesOf, Problem, signedIn, withRole } from '#kernel'
import type { Actor } from '#kernel'
import { mayManage } from '../bookings/bookings.ts'
import { nullable, One, TermsView } from '../bookings/view.ts'
import type { BookingHost } from '../host.ts'
import { deletePolicy, findPolicy, listPolicies, putPolicy, termsFor, type Policy } from './store.ts'

const PolicyView = Type.Object(
  { id: Id, owner: Owner, stationId: nullable(Id), terms: TermsView },
  { title: 'BookingPolicy' },
)

const Amount = Type.Integer({ minimum: 0, maximum: 100_000_000, examples: [200] })
const Minutes = (maximum: number, example: number) => Type.Integer({ minimum: 0, maximum, examples: [example] })

const Body = Type.Object({
  stationId: Type.Optional({ ...Id, description: 'Where they hold; without it wherever nothing else is said' }),
  open: Type.Optional(Type.Boolean({ description: 'Whether bookings are taken', examples: [true] })),
  currency: Type.Optional({ ...Currency, description: 'Needed where something costs something' }),
  bookingFeeMinor: Type.Optional(Amount),
  noShowFeeMinor: Type.Optional(Amount),
  lateCancellationFeeMinor: Type.Optional(Amount),
  lateCancellationMinutes: Type.Optional(Minutes(10_080, 60)),
  graceMinutes: Type.Optional({ ...Minutes(1_440, 15), minimum: 1 }),
  holdMinutes: Type.Optional(Minutes(240, 15)),
  maxMinutes: Type.Optional({ ...Minutes(20_160, 720), minimum: 5 }),
  maxAheadDays: Type.Optional({ ...Minutes(7_300, 7_300), minimum: 1 }),
})

const owned = (actor: Actor, policy: Policy | undefined): Policy => {
  if (!policy || !mayManage(actor, policy.owner)) throw new Problem('not_found', 'policy_unknown')
  return policy
}

/** On which terms operators take bookings, and what drivers are shown of them. */
export function policyRoutes(host: BookingHost): void {
  const { http, db, ask } = host
  const config = { access: withRole('operator') }

  http.get(
    '/terms',
    {
      config: { access: signedIn },
      schema: {
        summary: 'On which terms bookings are taken at a station',
        description: 'Name their `version` when you book: should they be others by then, nothing is booked.',
        refuses: ['station_unknown'],
        querystring: Type.Object({ stationId: Id }, { additionalProperties: false }),
        response: { 200: TermsView },
      },
    },
    async ({ actor, query: { stationId } }) => {
      const { owner, public: isPublic, deleted } = await ask(getStation, { stationId })
      const isSeen = isPublic || mayManage(actor, owner) || (owner !== null && partiesOf(actor).includes(owner.id))
      if (deleted || !isSeen) throw new Problem('not_found', 'station_unknown')
      return await termsFor(host, owner, stationId)
    },
  )

  http.put(
    '/policies',
    {
      config,
      schema: {
        summary: 'Say on which terms bookings are taken',
        description:
          'At one station, or wherever nothing else is said. What is left out is as without a policy. Bookings that are ' +
          'made keep the terms that were shown.',
        refuses: ['station_unknown', 'editor_required'],
        body: Body,
        response: { 200: PolicyView },
      },
    },
    async ({ actor, body }) => {
      const { stationId, ...said } = body
      const fees = [said.bookingFeeMinor, said.noShowFeeMinor, said.lateCancellationFeeMinor]
      if (fees.some(minor => minor) && said.currency === undefined)
        throw new Problem('invalid', 'request_invalid', {
          errors: [{ pointer: '/currency', detail: 'is needed where something costs something' }],
        })
      const owner = stationId === undefined ? ownerFor(actor) : (await ask(getStation, { stationId })).owner
      if (owner === null || !mayManage(actor, owner)) throw new Problem('not_found', 'station_unknown')
      const usual = await termsFor(host, null, '')
      return await db.transaction(tx =>
        putPolicy(tx, { id: newId(), owner, stationId: stationId ?? null, terms: { ...usual, ...said } }),
      )
    },
  )

  http.get(
    '/policies',
    {
      config,
      schema: {
        summary: 'On which terms one takes bookings, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(PolicyView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listPolicies(db, actor, limit + 1, before)
      return page(
        rows,
        limit,
        ({ id }) => [id],
        policy => policy,
      )
    },
  )

  http.delete(
    '/policies/:id',
    {
      config,
      schema: {
        summary: 'Take back on which terms bookings are taken',
        refuses: ['policy_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const { id } = owned(actor, await findPolicy(tx, params.id))
        await deletePolicy(tx, id)
      })
      return reply.code(204).send()
    },
  )
}
