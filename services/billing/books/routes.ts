import Type from 'typebox'
import { Currency, Id, Instant, Minor, Owner } from '#contracts/shared'
import { createdIn, cursorOf, isId, listQuery, listRoutes, madeIn, Page, page, withRole } from '#kernel'
import { isTransfer } from '#money/ledger'
import { paymentsGo } from '#money/payments'
import type { BillingHost } from '../host.ts'

const admins = { access: withRole('admin') }
const Kind = Type.String({
  maxLength: 40,
  description: '`wallet`, `debt`, `receivable`, `sales`, `tax`, `uncollected`, or `outside` where money comes in from',
  examples: ['wallet'],
})
const nobody = Type.Union([Owner, Type.Null()], { description: 'Null: the platform’s own' })

const AccountView = Type.Object(
  {
    id: Id,
    kind: Kind,
    owner: nobody,
    currency: Currency,
    balanceMinor: { ...Minor, description: 'Below zero for who owes, and for where money comes in from' },
    heldMinor: { ...Minor, description: 'Of it what is spoken for' },
  },
  { title: 'LedgerAccount' },
)
const Side = Type.Object({ accountId: Id, kind: Kind, owner: nobody })
const TransferView = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9]+$', examples: ['4711'] }),
    at: Instant,
    kind: Type.String({ examples: ['top-up'] }),
    causeId: { ...Id, description: 'Of a session, a payment, a refund' },
    amountMinor: Minor,
    currency: Currency,
    from: Side,
    to: Side,
    about: Type.Unknown(),
  },
  { title: 'LedgerTransfer' },
)

interface Side {
  readonly accountId: string
  readonly kind: string
  readonly owner: Owner | null
}

interface Transfer {
  readonly id: bigint
  readonly at: Date
  readonly kind: string
  readonly causeId: string
  readonly minor: bigint
  readonly currency: string
  readonly from: Side
  readonly to: Side
  readonly about: unknown
}

/** The books, as those read them who answer for the money: every account, and every movement with both its sides. */
export function bookRoutes({ db, http, settings, platform }: BillingHost): void {
  const owner = (of: string) => db`
    case when ${db(of)}.owner_id is not null
      then json_build_object('kind', ${db(of)}.owner_kind, 'id', ${db(of)}.owner_id) end`
  type Fragment = ReturnType<typeof owner>
  const side = (of: string) =>
    db`json_build_object('accountId', ${db(of)}.id, 'kind', ${db(of)}.kind, 'owner', ${owner(of)})`

  http.get(
    '/ledger/accounts',
    {
      config: admins,
      schema: {
        summary: 'Accounts of the books, in the order of their ids',
        querystring: listQuery({
          kind: Type.Optional(Kind),
          currency: Type.Optional(Currency),
          owner: Type.Optional(Id),
        }),
        response: { 200: Page(AccountView) },
      },
    },
    async ({ query: { limit, after, kind, currency, owner: of } }) => {
      const behind = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await db<(Side & { id: string; currency: string; balance: bigint; held: bigint })[]>`
        select id, kind, ${owner('a')} as owner, currency, balance_minor as balance, held_minor as held
        from ledger_accounts a
        where true ${behind ? db`and id > ${behind}` : db``} ${kind ? db`and kind = ${kind}` : db``}
          ${currency ? db`and currency = ${currency}` : db``} ${of ? db`and owner_id = ${of}` : db``}
        order by id limit ${limit + 1}`
      return page(
        rows,
        limit,
        ({ id }) => [id],
        ({ balance, held, ...row }) => ({ ...row, balanceMinor: Number(balance), heldMinor: Number(held) }),
      )
    },
  )

  listRoutes(http, db, '/ledger', {
    config: admins,
    schema: {
      summary: 'What moved between accounts, the newest first',
      description: 'Each from one account to another, so that all balances of a currency are zero together.',
      of: 'transfers',
      filters: { account: Type.Optional({ ...Id, description: 'On either side' }) },
      item: TransferView,
    },
    wanted: ({ query }) => ({ account: query.account, span: createdIn(query) }),
    rows: ({ account, span }, limit, after) => {
      const beyond = db`${madeIn(db, 'e.at', span)} ${after ? db`and t.id < ${after[0]!}` : db``}`
      const found = (of: Fragment) => db`
        (select t.id, e.at, t.kind, t.cause_id, t.minor, t.currency, t.from_id, t.to_id, e.about
          from ledger_transfers t join ledger_entries e on e.cause_id = t.cause_id and e.kind = t.kind
          where ${of} ${beyond} order by t.id desc limit ${limit})`
      const meant = account
        ? db`(${found(db`t.from_id = ${account}`)} union all ${found(db`t.to_id = ${account}`)})`
        : found(db`true`)
      return db<Transfer[]>`
        select t.id, t.at, t.kind, t.cause_id as "causeId", t.minor, t.currency, ${side('f')} as from, ${side('o')} as to, t.about
        from ${meant} t
        join ledger_accounts f on f.id = t.from_id
        join ledger_accounts o on o.id = t.to_id
        order by t.id desc limit ${limit}`
    },
    order: [isTransfer],
    keysOf: ({ id }) => [id.toString()],
    view: ({ id, at, minor, ...row }) => ({
      ...row,
      id: id.toString(),
      at: at.toISOString(),
      amountMinor: Number(minor),
    }),
  })

  http.get(
    '/payments-go',
    {
      config: { access: withRole('operator', 'vendor') },
      schema: {
        summary: 'Whether money moves where somebody pays',
        response: {
          200: Type.Object(
            {
              payments: Type.Enum(['real', 'test', 'play', 'none'], {
                description: '`test`: by keys for trying out; `play`: by play money; `none`: nobody can pay',
                examples: ['real'],
              }),
            },
            { title: 'PaymentsGo' },
          ),
        },
      },
    },
    async () => ({ payments: paymentsGo(settings, platform.mode) }),
  )
}
