import Type from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { cursorOf, isId, isText, listQuery, Page, page, Problem, signedIn, withRole } from '#kernel'
import { isCurrency } from '#money/amount'
import { accountsOf, statementOf } from '#money/ledger'
import type { BillingHost } from '../host.ts'
import { wish, wishesOf } from './low.ts'

const WalletView = Type.Object(
  {
    balances: Type.Array(
      Type.Object({
        currency: Currency,
        balanceMinor: Minor,
        heldMinor: { ...Minor, description: 'Of it what is kept for sessions that run' },
        availableMinor: Minor,
        owedMinor: Minor,
        lowBelowMinor: { ...Minor, description: 'Below which balance one is told, once until there is more again' },
      }),
    ),
    blocked: Type.Boolean({ description: 'Whether chargers refuse the driver until what is owed is paid' }),
  },
  { title: 'Wallet' },
)

const LowBalance = Type.Object(
  {
    currency: Currency,
    belowMinor: Type.Union([{ ...Minor, minimum: 0, maximum: 1_000_000_000 }, Type.Null()], {
      description: 'Null is as the platform has it, 0 is never',
    }),
  },
  { title: 'LowBalance' },
)

const PostingView = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9]+$', examples: ['4711'] }),
    at: Instant,
    kind: Type.String({ examples: ['session'] }),
    causeId: { ...Id, description: 'Of a session, a payment, a refund' },
    amountMinor: { ...Minor, description: 'Above zero where it came in' },
    currency: Currency,
    account: Type.Enum(['wallet', 'debt'], { examples: ['wallet'] }),
    about: Type.Unknown(),
  },
  { title: 'Posting' },
)

const KeptView = Type.Object(
  {
    holderId: { ...Id, description: 'Of an account that is deleted: a pseudonym' },
    currency: Currency,
    amountMinor: Minor,
    reason: Type.Enum(['no-payment', 'refund-failed'], {
      description: '`no-payment`: it came from no payment that could be given back',
      examples: ['no-payment'],
    }),
    since: Instant,
  },
  { title: 'KeptMoney' },
)

/** What a driver has, owes, and how that came about. */
export function walletRoutes({ db, http, settings }: BillingHost): void {
  http.get(
    '/wallet',
    {
      config: { access: signedIn },
      schema: { summary: 'What one has and owes', response: { 200: WalletView } },
    },
    async ({ actor: { userId } }) => {
      const [accounts, wishes, [driver]] = await Promise.all([
        accountsOf(db, userId),
        wishesOf(db, userId),
        db<{ blockedAt: Date | null }[]>`select blocked_at as "blockedAt" from drivers where driver_id = ${userId}`,
      ])
      const currencies = [...new Set(accounts.map(({ currency }) => currency))]
      const balances = currencies.map(currency => {
        const of = (kind: string) => accounts.find(account => account.kind === kind && account.currency === currency)
        const { balanceMinor = 0n, heldMinor = 0n } = of('wallet') ?? {}
        return {
          currency,
          balanceMinor: Number(balanceMinor),
          heldMinor: Number(heldMinor),
          availableMinor: Number(balanceMinor - heldMinor),
          owedMinor: Number(-(of('debt')?.balanceMinor ?? 0n)) + 0,
          lowBelowMinor: Number(wishes.get(currency) ?? settings.BILLING_LOW_BALANCE_MINOR),
        }
      })
      return { balances, blocked: driver?.blockedAt != null }
    },
  )

  http.put(
    '/wallet/low-balance',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say below which balance of the own wallet to be told',
        refuses: ['currency_unknown'],
        body: LowBalance,
        response: { 200: LowBalance },
      },
    },
    async ({ actor: { userId }, body }) => {
      const { currency, belowMinor } = body
      if (!isCurrency(currency))
        throw new Problem('unprocessable', 'currency_unknown', {
          errors: [{ pointer: '/currency', detail: 'is none' }],
        })
      await db.transaction(tx => wish(tx, userId, currency, belowMinor))
      return body
    },
  )

  http.get(
    '/wallet/postings',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What came into a wallet and went out of it, the newest first',
        refuses: ['wallet_unknown'],
        querystring: listQuery({
          currency: Currency,
          account: Type.Optional(Type.Enum(['wallet', 'debt'], { examples: ['wallet'] })),
        }),
        response: { 200: Page(PostingView) },
      },
    },
    async ({ actor: { userId }, query: { limit, after, currency, account = 'wallet' } }) => {
      const found = (await accountsOf(db, userId, account)).find(one => one.currency === currency)
      if (!found) throw new Problem('not_found', 'wallet_unknown')
      const before = cursorOf(after, isText)?.[0] as string | undefined
      if (before !== undefined && !/^\d{1,18}$/.test(before)) throw new Problem('invalid', 'cursor_invalid')
      const rows = await statementOf(db, found.id, limit + 1, before === undefined ? undefined : BigInt(before))
      return page(
        rows,
        limit,
        ({ id }) => [id.toString()],
        ({ id, at, kind, cause, minor, about }) => ({
          id: id.toString(),
          at: at.toISOString(),
          kind,
          causeId: cause,
          amountMinor: Number(minor),
          currency,
          account,
          about,
        }),
      )
    },
  )

  http.get(
    '/wallets/kept',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Money of people who deleted their account that could not be given back',
        querystring: listQuery({}),
        response: { 200: Page(KeptView) },
      },
    },
    async ({ query: { limit, after } }) => {
      const [id, currency] = (cursorOf(after, isId, isText) ?? []) as string[]
      const rows = await db<{ holderId: string; currency: string; minor: bigint; reason: never; since: Date }[]>`
        select driver_id as "holderId", currency, minor, reason, since from kept_money
        where minor > 0 ${id ? db`and (driver_id, currency) > (${id}::uuid, ${currency!})` : db``}
        order by driver_id, currency limit ${limit + 1}`
      return page(
        rows,
        limit,
        ({ holderId, currency }) => [holderId, currency],
        ({ minor, since, ...kept }) => ({ ...kept, amountMinor: Number(minor), since: since.toISOString() }),
      )
    },
  )
}
