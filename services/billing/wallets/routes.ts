import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import {
  createdIn,
  cursorOf,
  isId,
  isText,
  listQuery,
  listRoutes,
  Page,
  page,
  Problem,
  signedIn,
  withRole,
  type Actor,
  type Db,
} from '#kernel'
import { isCurrency } from '#money/amount'
import { accountsOf, isTransfer, statementOf } from '#money/ledger'
import type { BillingHost } from '../host.ts'
import { wish, wishesOf } from './low.ts'

export const WalletView = Type.Object(
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
    blocked: Type.Boolean({
      description: 'Whether chargers refuse the driver until what is owed is paid, or the wallet has enough',
    }),
    blockedFor: Type.Union([Type.Enum(['debt', 'balance'], { examples: ['debt'] }), Type.Null()], {
      description: '`balance`: each wallet holds less than `leastMinor`',
    }),
    leastMinor: {
      ...Minor,
      description: 'What a wallet must hold before a session starts, in its currency; 0 is nothing',
    },
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
    account: Type.Enum(['wallet', 'debt', 'receivable'], { examples: ['wallet'] }),
    about: Type.Unknown(),
  },
  { title: 'Posting' },
)

const Account = Type.Enum(['wallet', 'debt', 'receivable'], {
  description: '`receivable`: what a company owes by invoices',
  examples: ['wallet'],
})

const KeptView = Type.Object(
  {
    holderId: { ...Id, description: 'Of an account or organisation that is gone: a pseudonym' },
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

/** What somebody has and owes. */
export async function walletOf(
  db: Db,
  ownerId: string,
  { lowMinor, leastMinor }: { lowMinor: number; leastMinor: number },
): Promise<Static<typeof WalletView>> {
  const [accounts, wishes, [driver]] = await Promise.all([
    accountsOf(db, ownerId),
    wishesOf(db, ownerId),
    db<{ blockedFor: 'debt' | 'balance' | null }[]>`
      select case when blocked_at is not null then coalesce(blocked_for, 'debt') end as "blockedFor"
      from drivers where driver_id = ${ownerId}`,
  ])
  const currencies = [...new Set(accounts.map(({ currency }) => currency))]
  const balances = currencies.map(currency => {
    const of = (kind: string) => accounts.find(account => account.kind === kind && account.currency === currency)
    const { balanceMinor = 0n, heldMinor = 0n } = of('wallet') ?? {}
    const owed = (of('debt')?.balanceMinor ?? 0n) + (of('receivable')?.balanceMinor ?? 0n)
    return {
      currency,
      balanceMinor: Number(balanceMinor),
      heldMinor: Number(heldMinor),
      availableMinor: Number(balanceMinor - heldMinor),
      owedMinor: Number(-owed) + 0,
      lowBelowMinor: Number(wishes.get(currency) ?? lowMinor),
    }
  })
  const blockedFor = driver?.blockedFor ?? null
  return { balances, blocked: blockedFor !== null, blockedFor, leastMinor }
}

/** What came into an account of somebody and went out of it. */
export function postingRoutes(
  { db, http }: BillingHost,
  path: string,
  ownerOf: (actor: Actor) => string,
  about: { summary: string; refuses: readonly string[] },
): void {
  listRoutes(http, db, path, {
    config: { access: signedIn },
    schema: {
      ...about,
      of: 'postings',
      filters: { currency: Currency, account: Type.Optional(Account) },
      item: PostingView,
    },
    wanted: async ({ actor, query }) => {
      const { currency, account = 'wallet' } = query
      const found = (await accountsOf(db, ownerOf(actor), account)).find(one => one.currency === currency)
      if (!found) throw new Problem('not_found', 'wallet_unknown')
      return { id: found.id, currency, account, span: createdIn(query) }
    },
    rows: ({ id, span }, limit, after) => statementOf(db, id, limit, after?.[0] as string | undefined, span),
    order: [isTransfer],
    keysOf: ({ id }) => [id.toString()],
    view: ({ id, at, kind, cause, minor, about }, { currency, account }) => ({
      id: id.toString(),
      at: at.toISOString(),
      kind,
      causeId: cause,
      amountMinor: Number(minor),
      currency,
      account,
      about,
    }),
  })
}

/** What a driver has, owes, and how that came about. */
export function walletRoutes(host: BillingHost): void {
  const { db, http, settings } = host
  http.get(
    '/wallet',
    {
      config: { access: signedIn },
      schema: { summary: 'What one has and owes', response: { 200: WalletView } },
    },
    ({ actor: { userId } }) =>
      walletOf(db, userId, {
        lowMinor: settings.BILLING_LOW_BALANCE_MINOR,
        leastMinor: settings.BILLING_LEAST_BALANCE_MINOR,
      }),
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

  postingRoutes(host, '/wallet/postings', ({ userId }) => userId, {
    summary: 'What came into a wallet and went out of it, the newest first',
    refuses: ['wallet_unknown'],
  })

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
