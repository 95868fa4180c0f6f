import Type, { type Static } from 'typebox'
import { listSellers } from '#contracts/orders'
import { Currency, Id, Line, Minor } from '#contracts/shared'
import { cellOf, newId, Problem, withRole, type Actor } from '#kernel'
import { decimalOf } from '#money/amount'
import { readTaxId } from '#money/tax/numbers'
import type { VendorsHost } from '../host.ts'
import { nullable } from '../profiles/profile.ts'
import { dpiOf, type DpiSeller } from './dpi.ts'
import { shownIban, yearOf, type SellerYear } from './report.ts'

const config = { access: withRole('admin') }
const One = Type.Object({ year: Type.Integer({ minimum: 2000, maximum: 2199, examples: [2027] }) })
const Text = (example: string) => nullable(Type.String({ examples: [example] }))
const Quarter = Type.Object({
  considerationMinor: { ...Minor, description: 'Paid or credited, without what the platform kept' },
  feesMinor: { ...Minor, description: 'What the platform kept' },
  transactions: Type.Integer({ minimum: 0, examples: [12] }),
})
const quarter = { considerationMinor: 1_250_000, feesMinor: 150_000, transactions: 12 }
const Seller = Type.Object({
  vendorId: Id,
  name: Text('Voltwerk GmbH'),
  address: nullable(
    Type.Object({
      street: Type.String({ examples: ['Ringstr. 5'] }),
      postalCode: Type.String({ examples: ['10115'] }),
      city: Type.String({ examples: ['Berlin'] }),
      region: Text('Berlin'),
      country: Type.String({ examples: ['DE'] }),
    }),
  ),
  taxId: Text('DE136695976'),
  vatId: Text('DE136695976'),
  iban: Text('DE•• •••• 3000'),
  accountHolder: Text('Voltwerk GmbH'),
  reportable: Type.Boolean({ description: 'Above the threshold: 30 sales, or more than 2,000 EUR' }),
  missing: Type.Array(Type.String({ examples: ['taxId'] })),
  currencies: Type.Array(
    Type.Object({
      currency: Currency,
      quarters: Type.Array(Quarter, { minItems: 4, maxItems: 4, examples: [Array.from({ length: 4 }, () => quarter)] }),
    }),
  ),
})
const Country = Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] })
const Day = Type.String({ format: 'date', examples: ['1985-12-10'] })
const Message = Type.Object({
  operator: Type.Object(
    {
      name: Line(200, { examples: ['Example Marketplace GmbH'] }),
      taxId: Line(50, { examples: ['DE136695976'] }),
      street: Line(200, { examples: ['Ringstr. 5'] }),
      postalCode: Line(20, { examples: ['10115'] }),
      city: Line(200, { examples: ['Berlin'] }),
      country: Country,
    },
    { description: 'Who runs the platform, resident in that country for tax purposes' },
  ),
  receivingCountry: Type.Optional({ ...Country, description: 'The same country where it is left out' }),
  persons: Type.Optional(
    Type.Array(
      Type.Object({
        vendorId: Id,
        firstName: Line(200, { examples: ['Ada'] }),
        lastName: Line(200, { examples: ['Lovelace'] }),
        birthDate: Day,
      }),
      {
        maxItems: 5_000,
        description: 'Of those who sell as persons: the platform keeps no days of birth',
        examples: [[]],
      },
    ),
  ),
  leaveOut: Type.Optional(
    Type.Boolean({ description: 'Leave those out of whom something is missing, in place of refusing the report' }),
  ),
})

/** Who reports, and a seller with what is known of them. */
type Message = Static<typeof Message>
type Reported = Static<typeof Seller> & SellerYear & { readonly kind: 'person' | 'organisation' | null }

const ReportView = Type.Object(
  { year: Type.Integer({ examples: [2027] }), sellers: Type.Array(Seller) },
  { title: 'TaxReport' },
)

/** What the platform reports of who sells on it (DAC7), for admins. */
export function taxReportRoutes({ acted, ask, db, http, now }: VendorsHost): void {
  http.get(
    '/dac7/:year',
    {
      config,
      schema: {
        summary: 'What sellers of goods were paid in a year, by quarter, as DAC7 asks for it',
        description:
          'Those below the threshold are there too, and say so. What is digital alone is no sale of goods. ' +
          'Account numbers stand whole in the CSV alone.',
        params: One,
        response: { 200: ReportView },
      },
    },
    async ({ params: { year } }) => {
      const sellers = await report(year)
      return { year, sellers: sellers.map(one => ({ ...one, iban: shownIban(one.iban) })) }
    },
  )

  http.get(
    '/dac7/:year/csv',
    {
      config,
      schema: {
        summary: 'The same of those above the threshold as CSV: a line a seller and currency',
        params: One,
        produces: ['text/csv'],
      },
    },
    async ({ actor, params: { year } }, reply) => {
      const sellers = (await report(year)).filter(({ reportable }) => reportable)
      await taken(actor, year, 'csv', sellers.length)
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="dac7-${year}.csv"`)
        .header('cache-control', 'private, no-store')
        .send(csvOf(sellers))
    },
  )

  http.post(
    '/dac7/:year/xml',
    {
      config,
      schema: {
        summary: 'The same as a message of the schema of the OECD (DPI XML 1.0), for the tax office',
        description: 'New data with an id of its own each time: what was handed in is not made again.',
        refuses: ['report_incomplete'],
        params: One,
        body: Message,
        produces: ['application/xml'],
      },
    },
    async ({ actor, params: { year }, body }, reply) => {
      const sellers = sellersOf(
        (await report(year)).filter(({ reportable }) => reportable),
        body,
      )
      const { operator, receivingCountry: to = operator.country } = body
      const { name, taxId, ...address } = operator
      const at = now()
      await taken(actor, year, 'xml', sellers.length)
      return reply
        .type('application/xml; charset=utf-8')
        .header('content-disposition', `attachment; filename="dac7-${year}.xml"`)
        .header('cache-control', 'private, no-store')
        .send(dpiOf({ id: newId(), year, at, operator: { name, taxId, address }, to, sellers }))
    },
  )

  /** Account numbers and tax ids of all who sell leave the platform: who took them is written down. */
  const taken = (actor: Actor, year: number, format: string, lines: number) =>
    db.transaction(tx => acted(tx, actor, 'tax-report.taken', `dac7/${year}`, { format, lines }))

  async function report(year: number): Promise<Reported[]> {
    const years = await yearOf(db, year)
    const known = new Map<string, Static<typeof listSellers.output>['items'][number]>()
    for (let from = 0; from < years.length; from += 1_000) {
      const ownerIds = years.slice(from, from + 1_000).map(({ vendorId }) => vendorId)
      for (const one of (await ask(listSellers, { ownerIds })).items) known.set(one.owner.id, one)
    }
    return await Promise.all(
      years.map(async one => {
        const { name = null, address = null, taxId = null, owner } = known.get(one.vendorId) ?? {}
        const kind = owner?.kind ?? null
        const vatId = taxId && address ? ((await readTaxId(taxId, address.country))?.number ?? null) : null
        const asked = { name, address, taxId, iban: one.iban }
        const missing = Object.entries(asked).flatMap(([what, value]) => (value === null ? [what] : []))
        return { ...one, kind, name, address, taxId, vatId, missing, currencies: [...one.currencies] as never }
      }),
    )
  }
}

/** As the message has them, one for each currency. Fails with `report_incomplete`. */
function sellersOf(sellers: readonly Reported[], { persons = [], leaveOut = false }: Message): DpiSeller[] {
  const people = new Map(persons.map(person => [person.vendorId, person]))
  const lacking: { vendorId: string; missing: string[] }[] = []
  const whole = sellers.flatMap(one => {
    const { vendorId, name, address, taxId, vatId, iban, accountHolder, kind } = one
    const person = kind === 'person' ? people.get(vendorId) : undefined
    if (name === null || address === null || (kind === 'person' && !person)) {
      const missing = one.missing.filter(what => what === 'name' || what === 'address')
      lacking.push({ vendorId, missing: kind === 'person' && !person ? [...missing, 'person'] : missing })
      return []
    }
    const known = { name, person, address, taxId, vatId, iban, accountHolder }
    return one.currencies.map(({ currency, quarters }) => ({
      ...known,
      reference: `${vendorId}-${currency}`,
      currency,
      quarters,
    }))
  })
  if (lacking.length > 0 && !leaveOut)
    throw new Problem('conflict', 'report_incomplete', { sellers: lacking.slice(0, 1_000) })
  return whole
}

const quarters = [1, 2, 3, 4].flatMap(number => [`consideration${number}`, `fees${number}`, `transactions${number}`])
const columns = ['vendor', 'name', 'street', 'postalCode', 'city', 'region', 'country', 'taxId', 'vatId', 'iban']

function csvOf(sellers: readonly Reported[]): string {
  const lines = sellers.flatMap(one =>
    one.currencies.map(({ currency, quarters }) => {
      const { street, postalCode, city, region, country } = one.address ?? {}
      const money = (minor: number): string => decimalOf({ minor: BigInt(minor), currency })
      const cells = [
        one.vendorId,
        one.name,
        street,
        postalCode,
        city,
        region,
        country,
        one.taxId,
        one.vatId,
        one.iban,
        one.accountHolder,
        currency,
        ...quarters.flatMap(quarter => [
          money(quarter.considerationMinor),
          money(quarter.feesMinor),
          quarter.transactions,
        ]),
      ]
      return cells.map(cellOf).join(',')
    }),
  )
  return [[...columns, 'accountHolder', 'currency', ...quarters].join(','), ...lines, ''].join('\r\n')
}
