import { Readable } from 'node:stream'
import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { cellOf, signedIn, type Db } from '#kernel'
import { decimalOf } from '#money/amount'
import { asked, OfVendor } from '../earnings/routes.ts'
import type { VendorsHost } from '../host.ts'
import { nullable } from '../profiles/profile.ts'
import { findProfile } from '../profiles/store.ts'
import { columns, figuresOf, issuedOf, linesOf, monthsOf, same } from './statement.ts'

const Month = Type.String({ pattern: '^20\\d{2}-(0[1-9]|1[0-2])$', maxLength: 7, examples: ['2027-03'] })
const One = Type.Object({ month: Month })
const Query = Type.Object({ vendorId: OfVendor }, { additionalProperties: false, examples: [{}] })
const Amounts = Type.Object({
  pending: Minor,
  available: Minor,
  paying: Minor,
  paid: Minor,
  commission: { ...Minor, description: 'What the platform kept' },
})
const Issue = Type.Object({
  revision: Type.Integer({ minimum: 1, examples: [1] }),
  issuedAt: Instant,
  matches: Type.Boolean({ description: 'Whether the ledger still says what was issued' }),
})
export const StatementView = Type.Object(
  {
    vendorId: Id,
    month: Month,
    issued: nullable(Issue),
    currencies: Type.Array(
      Type.Object({
        currency: Currency,
        opening: Amounts,
        movements: Type.Array(
          Type.Object({
            kind: Type.String({ examples: ['sale'] }),
            count: Type.Integer({ minimum: 1, examples: [3] }),
            amounts: Amounts,
          }),
        ),
        closing: Amounts,
      }),
      { description: 'By currency: what the month began with, what happened, and what it ended with' },
    ),
  },
  { title: 'VendorStatement' },
)
type StatementView = Static<typeof StatementView>

async function statementOf(db: Db, vendorId: string, month: string): Promise<StatementView> {
  const [currencies, [last]] = await Promise.all([figuresOf(db, vendorId, month), issuedOf(db, vendorId, month)])
  const issued = last && {
    revision: last.revision,
    issuedAt: last.issuedAt.toISOString(),
    matches: same(last.figures, currencies),
  }
  return { vendorId, month, issued: issued ?? null, currencies: currencies as StatementView['currencies'] }
}

/** What a vendor earned in a month, recomputed from the ledger each time. */
export function statementRoutes({ db, http }: VendorsHost): void {
  http.get(
    '/statements',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Months in which something moved, the latest first',
        description:
          'A month is issued three days after its end, and again where the ledger says something else by then.',
        querystring: Query,
        response: {
          200: Type.Object(
            { items: Type.Array(Type.Object({ month: Month, issued: nullable(Type.Omit(Issue, ['matches'])) })) },
            { title: 'VendorStatements' },
          ),
        },
      },
    },
    async ({ actor, query }) => {
      const vendorId = asked(actor, query.vendorId)
      const [months, issued] = await Promise.all([monthsOf(db, vendorId), issuedOf(db, vendorId)])
      const items = months.map(month => {
        const last = issued.find(one => one.month === month)
        return { month, issued: last ? { revision: last.revision, issuedAt: last.issuedAt.toISOString() } : null }
      })
      return { items }
    },
  )

  http.get(
    '/statements/:month',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What one earned in a month: what it began with, what happened, what it ended with',
        description: 'Recomputed from the ledger, and compared with what was issued. Months begin and end in UTC.',
        params: One,
        querystring: Query,
        response: { 200: StatementView },
      },
    },
    ({ actor, params, query }) => statementOf(db, asked(actor, query.vendorId), params.month),
  )

  http.get(
    '/statements/:month/csv',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Every entry of a month as CSV',
        params: One,
        querystring: Query,
        produces: ['text/csv'],
      },
    },
    async ({ actor, params: { month }, query }, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="statement-${month}.csv"`)
        .header('cache-control', 'private, no-store')
        .send(Readable.from(csvOf(asked(actor, query.vendorId), month), { objectMode: false })),
  )

  http.get(
    '/statements/:month/pdf',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A month as PDF',
        params: One,
        querystring: Query,
        produces: ['application/pdf'],
      },
    },
    async ({ actor, params: { month }, query }, reply) => {
      const vendorId = asked(actor, query.vendorId)
      const [statement, vendor] = await Promise.all([statementOf(db, vendorId, month), findProfile(db, vendorId)])
      const { drawStatement } = await import('./pdf.ts')
      return reply
        .type('application/pdf')
        .header('content-disposition', `attachment; filename="statement-${month}.pdf"`)
        .header('cache-control', 'private, no-store')
        .send(await drawStatement(vendor?.name ?? vendorId, statement))
    },
  )

  async function* csvOf(vendorId: string, month: string): AsyncGenerator<string> {
    yield `at,kind,order,cause,currency,${columns.join(',')}\r\n`
    const lines = await linesOf(db, vendorId, month)
    for (let from = 0; from < lines.length; from += 500)
      yield lines
        .slice(from, from + 500)
        .map(({ at, kind, orderNumber, causeId, currency, amounts }) => {
          const money = columns.map(column => decimalOf({ minor: BigInt(amounts[column]), currency }))
          const cells = [at.toISOString(), kind, orderNumber, causeId, currency, ...money]
          return `${cells.map(cellOf).join(',')}\r\n`
        })
        .join('')
  }
}
