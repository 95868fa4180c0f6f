import Type, { type Static } from 'typebox'
import { Id, Instant, Minor, OwnPath } from '#contracts/shared'
import { fresh, newId, Problem, signedIn, withRole } from '#kernel'
import { payableOf } from '#money/payments'
import type { PaidAccount } from '#money/transfers'
import { lockVendors } from '../earnings/accounts.ts'
import type { VendorsHost } from '../host.ts'
import { managedBy } from '../profiles/account.ts'
import { nullable } from '../profiles/profile.ts'
import { findProfile } from '../profiles/store.ts'
import { labelOf, PayoutView, view } from './payout.ts'
import type { Sending } from './sending.ts'
import { lockPayout } from './store.ts'

const AccountView = Type.Object(
  {
    via: Type.Enum(['bank', 'stripe'], {
      description: 'How payouts go that are asked for now: in a file for the bank, or by Stripe Connect',
      examples: ['stripe'],
    }),
    offered: Type.Boolean({ description: 'Whether one can be paid by Stripe here', examples: [true] }),
    account: nullable(Type.String({ description: 'At Stripe', examples: ['Stripe •••• 9f2c'] })),
    ready: Type.Boolean(),
    due: Type.Array(Type.String({ examples: ['individual.verification.document'] }), {
      description: 'What Stripe wants to know, in its words',
    }),
    disabled: nullable(Type.String({ description: 'Why nothing goes there', examples: ['requirements.past_due'] })),
    checkedAt: nullable(Instant),
  },
  { title: 'VendorPayoutAccount' },
)

const accountView = (account: PaidAccount | undefined, offered: boolean): Static<typeof AccountView> => ({
  via: account?.ready ? 'stripe' : 'bank',
  offered,
  account: account ? labelOf(account.providerId) : null,
  ready: account?.ready ?? false,
  due: [...(account?.due ?? [])],
  disabled: account?.disabled ?? null,
  checkedAt: account?.checkedAt.toISOString() ?? null,
})

/** The account at Stripe of who is paid by transfer, and what comes back from it. */
export function connectingRoutes(host: VendorsHost, { transfers }: Sending): void {
  const { db, http, platform } = host

  http.get(
    '/payout-account',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How one is paid out, and what Stripe wants to know for it',
        description:
          'As of the last look; with `check` Stripe is asked now. Of an organisation for its owners and admins.',
        refuses: [
          'vendor_unknown',
          'account_manager_required',
          'payment_provider_unavailable',
          'transfers_unavailable',
        ],
        querystring: Type.Object({ check: Type.Optional(Type.Boolean({ examples: [false] })) }),
        response: { 200: AccountView },
      },
    },
    async ({ actor, query: { check } }) => {
      const vendorId = managedBy(actor)
      if (!(await findProfile(db, vendorId))) throw new Problem('not_found', 'vendor_unknown')
      const account = check ? await transfers.check(vendorId) : await transfers.account(db, vendorId)
      return accountView(account, transfers.isSetUp)
    },
  )

  http.post(
    '/payout-account/link',
    {
      config: { access: fresh(signedIn, '5 minutes', true) },
      schema: {
        summary: 'Open an account at Stripe, or tell Stripe more for the one there is',
        description:
          'Answers with an address for the browser, which works once and for some minutes. Once Stripe knows all it wants, ' +
          'payouts go there; the vendor is told, and for a week a second person sees each.',
        refuses: [
          'vendor_unknown',
          'vendor_closed',
          'account_manager_required',
          'account_missing',
          'transfers_unavailable',
          'payout_account_refused',
          'payment_provider_unavailable',
        ],
        body: Type.Object({
          returnTo: { ...OwnPath, examples: ['/console/payouts'] },
        }),
        response: {
          201: Type.Object(
            { url: Type.String({ examples: ['https://connect.stripe.com/setup/e/acct_1/x'] }), expiresAt: Instant },
            { title: 'PayoutAccountLink' },
          ),
        },
      },
    },
    async ({ actor, body: { returnTo } }, reply) => {
      transfers.requireSetUp()
      const vendor = await findProfile(db, managedBy(actor))
      if (!vendor) throw new Problem('not_found', 'vendor_unknown')
      if (vendor.status === 'closed') throw new Problem('conflict', 'vendor_closed')
      if (vendor.iban === null) throw new Problem('conflict', 'account_missing')
      const returnUrl = new URL(returnTo, platform.publicUrl).href
      const about = { country: vendor.iban.slice(0, 2), email: vendor.email, returnUrl, refreshUrl: returnUrl }
      const { url, expiresAt } = await transfers.onboard(vendor.owner, about)
      return reply.code(201).send({ url, expiresAt: expiresAt.toISOString() })
    },
  )
  reversalRoute(host, transfers)
}

function reversalRoute({ acted, db, http }: VendorsHost, transfers: Sending['transfers']): void {
  http.post(
    '/payouts/:id/reverse',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Take back from an account at Stripe what a vendor owes',
        description:
          'Of a payout that went there: as much as went back to buyers since and was not earned anew, or less. Stripe is asked soon.',
        refuses: ['payout_unknown', 'payout_state', 'payout_not_owed', 'transfers_unavailable'],
        params: Type.Object({ id: Id }),
        body: Type.Object({
          amountMinor: Type.Optional({ ...Minor, minimum: 1, description: 'All that is owed where it is left out' }),
        }),
        response: { 202: PayoutView },
      },
    },
    async ({ actor, params, body }, reply) => {
      transfers.requireSetUp()
      const payout = await db.transaction(async tx => {
        const there = await lockPayout(tx, params.id)
        if (!there) throw new Problem('not_found', 'payout_unknown')
        const { owner, currency, status, via } = there
        if (via !== 'stripe' || status !== 'paid') throw new Problem('conflict', 'payout_state', { status })
        // Whoever takes back of this vendor waits here, and then sees what was asked for.
        const { available } = (await lockVendors(tx, [owner], currency)).get(owner.id)!
        const { ofIt, ofAll } = await transfers.askedBack(tx, there.id)
        const owed = -available.balanceMinor - ofAll
        const left = there.amountMinor - there.reversedMinor - ofIt
        const most = payableOf({ minor: owed < left ? owed : left, currency })
        const wanted = body.amountMinor === undefined ? most : BigInt(body.amountMinor)
        if (wanted <= 0n || wanted > most)
          throw new Problem('conflict', 'payout_not_owed', { mostMinor: most > 0n ? Number(most) : 0 })
        await transfers.reverse(tx, there.id, { id: newId(), amountMinor: wanted })
        // How much is taken in the end the event says, which no admin makes happen.
        await acted(tx, actor, 'payout.reversal-asked', there.id, { currency, amountMinor: Number(wanted) })
        return there
      })
      return reply.code(202).send(view(payout))
    },
  )
}
