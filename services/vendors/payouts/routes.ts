import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { Currency, Id } from '#contracts/shared'
import { PayoutStatus } from '#contracts/vendors'
import {
  fresh,
  isId,
  isInstant,
  partiesOf,
  Problem,
  signedIn,
  withRole,
  listRoutes,
  createdIn,
  type Actor,
  type Tx,
} from '#kernel'
import { asked, OfVendor } from '../earnings/routes.ts'
import type { VendorsHost } from '../host.ts'
import { managedBy } from '../profiles/account.ts'
import { vendorIdOf } from '../profiles/routes.ts'
import { findProfile, lockProfile } from '../profiles/store.ts'
import { approvePayout, endPayout, requestPayout, requireByHand, requireState } from './paying-out.ts'
import { moneyOf, PayoutView, view, type Payout } from './payout.ts'
import type { Sending } from './sending.ts'
import { findPayout, listPayouts, lockPayout, writePayout } from './store.ts'

const One = Type.Object({ id: Id })
const Reason = Type.String({
  minLength: 1,
  maxLength: 2_000,
  pattern: '^[^\\u0000]*$',
  description: 'The vendor reads it',
  examples: ['The bank knows no such account.'],
})

/** What vendors are paid out, and who lets it go. */
export function payoutRoutes(host: VendorsHost, sending: Sending): void {
  const { db, http, now, settings } = host

  http.post(
    '/payouts',
    {
      config: { access: fresh(signedIn, '5 minutes') },
      schema: {
        summary: 'Ask for what one earned',
        description:
          'All that is available, or an amount of it. Above what the platform lets go by itself in a day, and for a week ' +
          'after the account was changed, a second person approves it first.',
        honours: ['Idempotency-Key'],
        refuses: [
          'vendor_unknown',
          'vendor_state',
          'vendor_suspended',
          'account_manager_required',
          'account_missing',
          'payout_short',
          'payout_amount',
        ],
        body: Type.Object(
          {
            currency: Currency,
            amountMinor: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: Number.MAX_SAFE_INTEGER,
                description: 'All that is available where it is left out',
                examples: [10_000],
              }),
            ),
          },
          { examples: [{ currency: 'EUR' }] },
        ),
        response: { 201: PayoutView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const vendorId = managedBy(actor)
      const made = await db.once(request, async tx => {
        const vendor = await lockProfile(tx, vendorId)
        if (!vendor) throw new Problem('not_found', 'vendor_unknown')
        if (vendor.status === 'suspended') throw new Problem('conflict', 'vendor_suspended')
        if (vendor.status !== 'active') throw new Problem('conflict', 'vendor_state', { status: vendor.status })
        return view(
          await requestPayout(tx, { settings, sending }, vendor, { ...body, requestedBy: actor.userId }, now()),
        )
      })
      return reply.code(201).send(made)
    },
  )

  listRoutes(http, db, '/payouts', {
    config: { access: signedIn },
    schema: {
      summary: 'What one was paid out, the latest first',
      description: 'Of the vendor that one is; admins see everybody’s.',
      of: 'payouts',
      filters: { status: Type.Optional(PayoutStatus), vendorId: OfVendor },
      item: PayoutView,
    },
    wanted: ({ actor, query }) => ({
      vendorId: actor.role === 'admin' ? query.vendorId : asked(actor, query.vendorId),
      status: query.status,
      requested: createdIn(query),
    }),
    rows: (wanted, limit, after) => listPayouts(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ requestedAt, id }) => [requestedAt.toISOString(), id],
    view,
  })

  http.get(
    '/payouts/:id',
    {
      config: { access: signedIn },
      schema: { summary: 'A payout', refuses: ['payout_unknown'], params: One, response: { 200: PayoutView } },
    },
    async ({ actor, params }) => view(seen(actor, await findPayout(db, params.id))),
  )

  http.post(
    '/payouts/:id/cancel',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Take back a payout that was not sent yet',
        description: 'It is available again. By the vendor, or an admin.',
        refuses: ['payout_unknown', 'payout_state', 'account_manager_required'],
        params: One,
        response: { 200: PayoutView },
      },
    },
    async ({ actor, params }) =>
      await db.transaction(async tx => {
        const there = seen(actor, await lockPayout(tx, params.id))
        if (actor.role !== 'admin') managedBy(actor)
        const ended = await endPayout(tx, there, 'cancelled', { by: actor.userId, at: now() })
        if (actor.role === 'admin') await host.acted(tx, actor, 'payout.cancelled', ended.id, moneyOf(ended))
        return view(ended)
      }),
  )
  decisionRoutes(host, sending)
}

/** One’s own, and admins any. Fails with `payout_unknown`. */
function seen(actor: Actor, payout: Payout | undefined): Payout {
  if (!payout || (actor.role !== 'admin' && payout.owner.id !== vendorIdOf(actor)))
    throw new Problem('not_found', 'payout_unknown')
  return payout
}

/** What admins see to. */
function decisionRoutes({ acted, ask, db, http, now }: VendorsHost, sending: Sending): void {
  const config = { access: fresh(withRole('admin'), '5 minutes') }
  const locked = async (tx: Tx, id: string): Promise<Payout> => {
    const there = await lockPayout(tx, id)
    if (!there) throw new Problem('not_found', 'payout_unknown')
    return there
  }
  const byHand = async (tx: Tx, id: string): Promise<Payout> => {
    const there = await locked(tx, id)
    requireByHand(there)
    return there
  }

  http.post(
    '/payouts/:id/approve',
    {
      config,
      schema: {
        summary: 'Let a payout go that another person asked for',
        refuses: ['payout_unknown', 'payout_state', 'payout_own'],
        params: One,
        response: { 200: PayoutView },
      },
    },
    async ({ actor, params }) => {
      const owner = (await findPayout(db, params.id))?.owner
      // Who acts for themselves just now belongs to their organisations all the same.
      const members =
        owner?.kind === 'organisation' ? (await ask(listMembers, { organisationId: owner.id })).members : []
      return await db.transaction(async tx => {
        const there = await locked(tx, params.id)
        const vendor = (await findProfile(tx, there.owner.id))!
        const by = {
          by: actor.userId,
          parties: partiesOf(actor),
          members: members.map(({ userId }) => userId),
          at: now(),
        }
        const approved = await approvePayout(tx, there, vendor, by)
        await sending.soon(tx, approved)
        await acted(tx, actor, 'payout.approved', approved.id, moneyOf(approved))
        return view(approved)
      })
    },
  )

  http.post(
    '/payouts/:id/sent',
    {
      config,
      schema: {
        summary: 'Say that a payout was sent otherwise than by a bank file',
        description: 'One in a currency that SEPA does not know, say. No file takes it any more.',
        refuses: ['payout_unknown', 'payout_state', 'vendor_suspended'],
        params: One,
        response: { 200: PayoutView },
      },
    },
    async ({ actor, params }) =>
      await db.transaction(async tx => {
        const there = await locked(tx, params.id)
        requireState(there, ['approved'])
        if ((await findProfile(tx, there.owner.id))!.status === 'suspended')
          throw new Problem('conflict', 'vendor_suspended')
        const more = { via: 'bank', destination: null, sentAt: now(), version: there.version + 1 } as const
        const sent = { ...there, ...more, status: 'sent' as const }
        await writePayout(tx, sent)
        await acted(tx, actor, 'payout.sent', sent.id, moneyOf(sent))
        return view(sent)
      }),
  )

  http.post(
    '/payouts/:id/paid',
    {
      config,
      schema: {
        summary: 'Say that a payout has left the account',
        refuses: ['payout_unknown', 'payout_state'],
        params: One,
        response: { 200: PayoutView },
      },
    },
    async ({ actor, params }) =>
      await db.transaction(async tx =>
        view(await endPayout(tx, await byHand(tx, params.id), 'paid', { by: actor.userId, at: now() })),
      ),
  )

  http.post(
    '/payouts/:id/failed',
    {
      config,
      schema: {
        summary: 'Say that the bank did not take a payout, or sent it back',
        description: 'It is available again, and the vendor reads why.',
        refuses: ['payout_unknown', 'payout_state'],
        params: One,
        body: Type.Object({ reason: Reason }),
        response: { 200: PayoutView },
      },
    },
    async ({ actor, params, body: { reason } }) =>
      await db.transaction(async tx =>
        view(await endPayout(tx, await byHand(tx, params.id), 'failed', { by: actor.userId, reason, at: now() })),
      ),
  )
}
