import { Readable } from 'node:stream'
import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { Id } from '#contracts/shared'
import { cellOf, isId, signedIn, listRoutes, createdIn } from '#kernel'
import { decimalOf } from '#money/amount'
import { ChargeView, viewCharge } from '../charges/view.ts'
import { listCompanyCharges, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { companyOf } from './access.ts'
import { codesOf } from './store.ts'

const manager = ['company_unknown', 'company_manager_required'] as const
const Month = Type.String({
  pattern: '^20\\d{2}-(0[1-9]|1[0-2])$',
  maxLength: 7,
  description: 'In which it ended (UTC)',
  examples: ['2027-03'],
})

const within = (month: string | undefined): { from?: Date; to?: Date } => {
  if (month === undefined) return {}
  const [year, number] = month.split('-').map(Number) as [number, number]
  return { from: new Date(Date.UTC(year, number - 1)), to: new Date(Date.UTC(year, number)) }
}

/** What a company pays for. */
export function companySessionRoutes({ db, http, ask }: BillingHost): void {
  listRoutes(http, db, '/company/charges', {
    config: { access: signedIn },
    schema: {
      summary: 'Sessions that the company pays for, the newest first',
      of: 'sessions',
      refuses: [...manager],
      filters: {
        month: Type.Optional(Month),
        costCentre: Type.Optional({ ...Id, description: 'Only those of this cost centre' }),
      },
      item: ChargeView,
    },
    wanted: ({ actor, query }) => ({
      companyId: companyOf(actor),
      costCentreId: query.costCentre,
      started: createdIn(query),
      ...within(query.month),
    }),
    rows: (wanted, limit, after) => listCompanyCharges(db, wanted, limit, after?.[0] as string | undefined),
    order: [isId],
    keysOf: ({ sessionId }) => [sessionId],
    view: viewCharge,
  })

  http.get(
    '/company/charges/csv',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The same of a month as CSV',
        refuses: [...manager],
        querystring: Type.Object({ month: Month }),
        produces: ['text/csv'],
      },
    },
    async ({ actor, query: { month } }, reply) => {
      const companyId = companyOf(actor)
      const { members } = await ask(listMembers, { organisationId: companyId })
      const names = new Map(members.map(({ userId, name }) => [userId, name]))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="sessions-${month}.csv"`)
        .header('cache-control', 'private, no-store')
        .send(Readable.from(lines(companyId, month, names), { objectMode: false }))
    },
  )

  async function* lines(companyId: string, month: string, names: ReadonlyMap<string, string>): AsyncGenerator<string> {
    yield `${columns.join(',')}\r\n`
    for (let before: string | undefined, rows: Charge[]; ; before = rows.at(-1)!.sessionId) {
      rows = await listCompanyCharges(db, { companyId, ...within(month) }, 500, before)
      if (rows.length === 0) return
      const codes = await codesOf(
        db,
        rows.flatMap(({ costCentreId }) => costCentreId ?? []),
      )
      const numbers = await db<{ id: string; number: string }[]>`
        select id, number from invoices where id = any(${rows.flatMap(({ invoiceId }) => invoiceId ?? [])}::uuid[])`
      const invoices = new Map(numbers.map(({ id, number }) => [id, number]))
      for (const row of rows) {
        const { code, name } = (row.costCentreId && codes.get(row.costCentreId)) || {}
        const money = (minor: bigint) => row.currency && decimalOf({ minor, currency: row.currency })
        const cells: Record<(typeof columns)[number], string | number | null | undefined> = {
          session: row.sessionId,
          started: row.startedAt.toISOString(),
          ended: row.endedAt?.toISOString(),
          costCentre: code,
          costCentreName: name,
          employee: names.get(row.driverId!) ?? row.driverId,
          card: row.token,
          charger: row.chargerId,
          kWh: decimalOf({ minor: row.energyWh, currency: 'KWD' }),
          net: money(row.netMinor),
          tax: money(row.taxMinor),
          total: money(row.totalMinor),
          currency: row.currency,
          invoice: row.invoiceId && invoices.get(row.invoiceId),
        }
        yield `${columns.map(column => cellOf(cells[column])).join(',')}\r\n`
      }
    }
  }
}

const columns = [
  'session',
  'started',
  'ended',
  'costCentre',
  'costCentreName',
  'employee',
  'card',
  'charger',
  'kWh',
  'net',
  'tax',
  'total',
  'currency',
  'invoice',
] as const
