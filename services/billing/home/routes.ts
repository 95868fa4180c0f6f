import Type, { type Static } from 'typebox'
import { Decimal } from '#contracts/billing'
import { listMembers } from '#contracts/identity'
import { ChargerId, Currency, Id, Instant, Minor } from '#contracts/shared'
import {
  cellOf,
  createdIn,
  cursorOf,
  isId,
  listQuery,
  listRoutes,
  newId,
  Page,
  page,
  Problem,
  signedIn,
  type Cursor,
} from '#kernel'
import { decimalOf, isCurrency } from '#money/amount'
import { lockFirst } from '../access.ts'
import { companyFor, companyOf } from '../companies/access.ts'
import { requireCompany } from '../companies/store.ts'
import type { BillingHost } from '../host.ts'
import { endHomes, insertHome, linesOf, listHomes, listStatements, type HomeCharger, type Statement } from './store.ts'

const config = { access: signedIn }
const manager = ['company_unknown', 'company_manager_required'] as const
const One = Type.Object({ id: Id })
const PaidBy = Type.Enum(['wallet', 'payroll'], {
  description:
    '`wallet`: from the wallet of the company into that of the employee once the month is over; `payroll`: by the company itself',
  examples: ['payroll'],
})
const terms = {
  chargerId: ChargerId,
  rate: { ...Decimal, description: 'For a kWh', examples: ['0.31'] },
  currency: Currency,
  paidBy: PaidBy,
}
const HomeView = Type.Object(
  { id: Id, organisationId: Id, userId: Id, ...terms, since: Instant },
  { title: 'HomeCharger' },
)
const Month = Type.String({
  pattern: '^20\\d{2}-(0[1-9]|1[0-2])$',
  maxLength: 7,
  description: 'In UTC',
  examples: ['2027-03'],
})
const StatementView = Type.Object(
  {
    id: Id,
    organisationId: Id,
    userId: Id,
    month: Month,
    currency: Currency,
    paidBy: PaidBy,
    sessions: Type.Integer({ examples: [12] }),
    energyWh: Type.Integer({ examples: [184_000] }),
    amountMinor: { ...Minor, description: 'Below zero where sessions of months before were corrected by more' },
    statedAt: Instant,
  },
  { title: 'ReimbursementStatement' },
)

const view = ({ until: _, since, ...home }: HomeCharger): Static<typeof HomeView> => ({
  ...home,
  since: since.toISOString(),
})
const viewStatement = ({
  energyWh,
  amountMinor,
  month,
  statedAt,
  ...statement
}: Statement): Static<typeof StatementView> => ({
  ...statement,
  month: month.slice(0, 7),
  energyWh: Number(energyWh),
  amountMinor: Number(amountMinor),
  statedAt: statedAt.toISOString(),
})

const statements = (db: BillingHost['db']) => ({
  rows: (wanted: Parameters<typeof listStatements>[1], limit: number, after: Cursor | undefined) =>
    listStatements(db, wanted, limit, after?.[0] as string | undefined),
  order: [isId],
  keysOf: ({ id }: Statement) => [id],
  view: viewStatement,
})

/** What a company pays employees for what they charge at home. */
export function homeRoutes(host: BillingHost): void {
  const { db, http, now, ask } = host
  http.put(
    '/company/employees/:id/home',
    {
      config,
      schema: {
        summary: 'Pay an employee for what they charge at home',
        description: 'At this charger, by their own token or app, from sessions that begin from now on.',
        refuses: [...manager, 'employee_unknown', 'currency_unknown'],
        params: One,
        body: Type.Object(terms),
        response: { 200: HomeView },
      },
    },
    async ({ actor, body, params }) => {
      const organisationId = companyOf(actor)
      await requireCompany(db, organisationId)
      const { members } = await ask(listMembers, { organisationId })
      if (!members.some(({ userId }) => userId === params.id)) throw new Problem('not_found', 'employee_unknown')
      if (!isCurrency(body.currency) || Number(body.rate) === 0)
        throw new Problem('unprocessable', 'currency_unknown', {
          errors: [{ pointer: Number(body.rate) === 0 ? '/rate' : '/currency', detail: 'is none' }],
        })
      const home = { id: newId(), organisationId, userId: params.id, ...body, since: now(), until: null }
      await db.transaction(async tx => {
        await lockFirst(tx, 'home', `${organisationId} ${params.id}`)
        await endHomes(tx, { organisationId, userId: params.id }, home.since)
        await insertHome(tx, home)
      })
      return view(home)
    },
  )

  http.delete(
    '/company/employees/:id/home',
    {
      config,
      schema: {
        summary: 'Pay an employee no longer for what they charge at home',
        refuses: [...manager, 'home_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const organisationId = companyOf(actor)
      const ended = await db.transaction(tx => endHomes(tx, { organisationId, userId: params.id }, now()))
      if (ended === 0) throw new Problem('not_found', 'home_unknown')
      return reply.code(204).send(null)
    },
  )

  http.get(
    '/company/homes',
    {
      config,
      schema: {
        summary: 'Where employees charge at home, and what they are paid for it',
        refuses: [...manager],
        querystring: listQuery({}),
        response: { 200: Page(HomeView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const last = cursorOf(after, isId)?.[0] as string | undefined
      return page(
        await listHomes(db, { organisationId: companyOf(actor) }, limit + 1, last),
        limit,
        ({ id }) => [id],
        view,
      )
    },
  )

  listRoutes(http, db, '/company/reimbursements', {
    config,
    schema: {
      summary: 'What employees are paid for charging at home, by the month, the newest first',
      of: 'statements',
      refuses: [...manager],
      filters: { month: Type.Optional(Month) },
      item: StatementView,
    },
    wanted: ({ actor, query }) => ({
      organisationId: companyOf(actor),
      month: query.month,
      stated: createdIn(query),
    }),
    ...statements(db),
  })

  http.get(
    '/company/reimbursements/csv',
    {
      config,
      schema: {
        summary: 'The same of a month as CSV, session by session, for the payroll',
        refuses: [...manager],
        querystring: Type.Object({ month: Month }),
        produces: ['text/csv'],
      },
    },
    async ({ actor, query: { month } }, reply) => {
      const organisationId = companyOf(actor)
      const { members } = await ask(listMembers, { organisationId })
      const names = new Map(members.map(({ userId, name }) => [userId, name]))
      const statements = await listStatements(db, { organisationId, month }, 10_000)
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="reimbursements-${month}.csv"`)
        .header('cache-control', 'private, no-store')
        .send(await csvOf(host, statements, names))
    },
  )
  ownRoutes(host)
}

/** What employees see of it themselves. */
function ownRoutes({ db, http, now }: BillingHost): void {
  http.get(
    '/homes',
    {
      config,
      schema: {
        summary: 'Which companies pay one for what one charges at home',
        querystring: listQuery({}),
        response: { 200: Page(HomeView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const last = cursorOf(after, isId)?.[0] as string | undefined
      return page(await listHomes(db, { userId: actor.userId }, limit + 1, last), limit, ({ id }) => [id], view)
    },
  )

  http.delete(
    '/homes/:id',
    {
      config,
      schema: {
        summary: 'Be paid no longer for what one charges at home',
        description: 'The company sees no more of what one charges there.',
        refuses: ['home_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      await db.transaction(async tx => {
        const [own] = await tx`select organisation_id, user_id from home_chargers where id = ${id} and until is null`
        const isTheirs = own && (own.user_id === actor.userId || own.organisation_id === companyFor(actor))
        if (!isTheirs) throw new Problem('not_found', 'home_unknown')
        await endHomes(tx, { id }, now())
      })
      return reply.code(204).send(null)
    },
  )

  listRoutes(http, db, '/reimbursements', {
    config,
    schema: {
      summary: 'What one is paid for charging at home, by the month, the newest first',
      of: 'statements',
      filters: {},
      item: StatementView,
    },
    wanted: ({ actor, query }) => ({ userId: actor.userId, stated: createdIn(query) }),
    ...statements(db),
  })
}

const columns = ['employee', 'session', 'ended', 'charger', 'kWh', 'rate', 'amount', 'currency', 'paidBy'] as const

async function csvOf(
  { db }: BillingHost,
  statements: readonly Statement[],
  names: ReadonlyMap<string, string>,
): Promise<string> {
  const byId = new Map(statements.map(statement => [statement.id, statement]))
  const lines = await linesOf(db, [...byId.keys()])
  const rows = lines.map(line => {
    const { userId, currency, paidBy } = byId.get(line.statementId)!
    const cells: Record<(typeof columns)[number], string> = {
      employee: names.get(userId) ?? userId,
      session: line.sessionId,
      ended: line.endedAt.toISOString(),
      charger: line.chargerId,
      kWh: decimalOf({ minor: line.energyWh, currency: 'KWD' }),
      rate: line.rate,
      amount: decimalOf({ minor: line.amountMinor, currency }),
      currency,
      paidBy,
    }
    return `${columns.map(column => cellOf(cells[column])).join(',')}\r\n`
  })
  return [`${columns.join(',')}\r\n`, ...rows].join('')
}
