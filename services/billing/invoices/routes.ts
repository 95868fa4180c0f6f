import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Line, Minor } from '#contracts/shared'
import {
  isId,
  isInstant,
  notModified,
  ownVersion,
  Problem,
  requireMatch,
  signedIn,
  listRoutes,
  createdIn,
  type Actor,
} from '#kernel'
import { checkTaxId } from '#money/tax'
import {
  asPdf,
  asUbl,
  findInvoice,
  invoiceRows,
  summaryOfRow,
  type Invoice,
  type InvoiceSummary,
} from '#money/invoices'
import { lockFirst, managedBy } from '../access.ts'
import { companyFor } from '../companies/access.ts'
import type { BillingHost } from '../host.ts'
import { findInvoicing, type Invoicing } from './wishes.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Day = Type.String({ format: 'date', examples: ['2027-03-01'] })

const fields = {
  id: Id,
  kind: Type.Enum(['invoice', 'credit-note'], { examples: ['invoice'] }),
  number: Type.String({ examples: ['INV-2027-000001'] }),
  issuedOn: Day,
  issuedAt: Instant,
  sellerId: Id,
  sellerName: Type.String({ examples: ['Example Charging GmbH'] }),
  buyerId: nullable(Id),
  buyerName: Type.String({ examples: ['Ada'] }),
  currency: Currency,
  netMinor: Minor,
  taxMinor: Minor,
  totalMinor: Minor,
  paidMinor: Minor,
  creditedMinor: Minor,
  state: Type.Enum(['open', 'paid', 'credited'], { examples: ['paid'] }),
  creditsId: nullable({ ...Id, description: 'The invoice that a credit note takes from' }),
}
const InvoiceSummaryView = Type.Object(fields, { title: 'InvoiceSummary' })
const InvoiceView = Type.Object(
  {
    ...fields,
    suppliedFrom: Day,
    suppliedTo: Day,
    lines: Type.Array(
      Type.Object({
        position: Type.Integer({ examples: [1] }),
        name: Type.String({ examples: ['Energy'] }),
        description: nullable(Type.String({ examples: ['18.4 kWh × 0.49 EUR, CP-1'] })),
        sessionId: nullable(Type.String()),
        netMinor: Minor,
        taxMinor: Minor,
        totalMinor: Minor,
        taxPercent: Type.String({ examples: ['19'] }),
      }),
    ),
  },
  { title: 'Invoice' },
)

const summary = (one: InvoiceSummary): Static<typeof InvoiceSummaryView> => ({
  id: one.id,
  kind: one.kind,
  number: one.number,
  issuedOn: one.issuedOn,
  issuedAt: one.issuedAt.toISOString(),
  sellerId: one.sellerId,
  sellerName: one.sellerName,
  buyerId: one.buyerId,
  buyerName: one.buyerName,
  currency: one.currency,
  netMinor: Number(one.netMinor),
  taxMinor: Number(one.taxMinor),
  totalMinor: Number(one.grossMinor),
  paidMinor: Number(one.paidMinor),
  creditedMinor: Number(one.creditedMinor),
  state: one.state,
  creditsId: one.creditsId,
})

const whole = (one: Invoice): Static<typeof InvoiceView> => ({
  ...summary({
    ...one,
    sellerId: one.seller.id,
    sellerName: one.seller.name,
    buyerId: one.buyer.id ?? null,
    buyerName: one.buyer.name,
    dueOn: one.dueOn ?? null,
    creditsId: one.credits?.id ?? null,
  }),
  suppliedFrom: one.suppliedFrom,
  suppliedTo: one.suppliedTo,
  lines: one.lines.map(line => ({
    position: line.position,
    name: line.name,
    description: line.description ?? null,
    sessionId: line.item && isId(line.item) ? line.item : null,
    netMinor: Number(line.netMinor),
    taxMinor: Number(line.taxMinor),
    totalMinor: Number(line.grossMinor),
    taxPercent: line.treatment.percent,
  })),
})

const Address = {
  name: Line(200, { examples: ['Ada Lovelace'] }),
  street: Type.Optional(Line(100, { examples: ['Ringstr. 5'] })),
  postalCode: Type.Optional(Line(12, { examples: ['10115'] })),
  city: Type.Optional(Line(80, { examples: ['Berlin'] })),
  country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
  taxId: Type.Optional(
    Type.String({
      maxLength: 20,
      description: 'Of a company; its form and check digits are looked at',
      examples: ['DE136695976'],
    }),
  ),
}
const Wishes = Type.Object({
  every: Type.Enum(['session', 'month'], { examples: ['month'] }),
  language: Type.Enum(['en', 'de'], { examples: ['en'] }),
  party: nullable(Type.Object(Address, { description: 'Null: by the name of the account' })),
})
const WishesView = Type.Object(
  {
    every: Type.Enum(['session', 'month'], { examples: ['month'] }),
    language: Type.Enum(['en', 'de'], { examples: ['en'] }),
    party: nullable(
      Type.Object({
        name: Type.String({ examples: ['Ada Lovelace'] }),
        street: Type.Optional(Type.String()),
        postalCode: Type.Optional(Type.String()),
        city: Type.Optional(Type.String()),
        country: Type.String({ examples: ['DE'] }),
        taxId: Type.Optional(Type.String({ examples: ['DE136695976'] })),
      }),
    ),
  },
  { title: 'Invoicing' },
)
const One = Type.Object({ id: Id })

export function invoiceRoutes({ db, http }: BillingHost): void {
  listRoutes(http, db, '/invoices', {
    config: { access: signedIn },
    schema: {
      summary: 'Invoices and credit notes, the newest first',
      of: 'invoices',
      filters: {
        as: Type.Optional(
          Type.Enum(['buyer', 'seller'], {
            description: 'As whom one asks; the buyer unless said',
            examples: ['buyer'],
          }),
        ),
        number: Type.Optional(Line(50, { examples: ['INV-2027-000001'] })),
      },
      item: InvoiceSummaryView,
    },
    wanted: ({ actor, query }) => ({
      ...(query.as === 'seller' ? sellersFor(actor) : { buyers: buyersFor(actor) }),
      number: query.number,
      ...createdIn(query),
    }),
    rows: (wanted, limit, last) =>
      invoiceRows(db, {
        ...wanted,
        limit,
        after: last && { issuedAt: new Date(String(last[0])), id: String(last[1]) },
      }),
    order: [isInstant, isId],
    keysOf: ({ issuedAt, id }) => [issuedAt.toISOString(), id],
    view: row => summary(summaryOfRow(row)),
  })

  http.get(
    '/invoices/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'An invoice or a credit note',
        refuses: ['invoice_unknown'],
        params: One,
        response: { 200: InvoiceView },
      },
    },
    async ({ actor, params: { id } }) => whole(readable(actor, await findInvoice(db, id))),
  )

  http.get(
    '/invoices/:id/ubl',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The same as UBL 2.1, by EN 16931',
        refuses: ['invoice_unknown'],
        params: One,
        produces: ['application/xml'],
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const invoice = readable(actor, await findInvoice(db, id))
      return reply
        .type('application/xml')
        .header('content-disposition', `attachment; filename="${invoice.number}.xml"`)
        .send(asUbl(invoice))
    },
  )

  http.get(
    '/invoices/:id/pdf',
    {
      config: { access: signedIn, aliases: ['/invoices/:id.pdf'] },
      schema: {
        summary: 'The same as PDF for people, which has the UBL in it',
        refuses: ['invoice_unknown'],
        params: One,
        produces: ['application/pdf'],
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const invoice = readable(actor, await findInvoice(db, id))
      return reply
        .type('application/pdf')
        .header('content-disposition', `attachment; filename="${invoice.number}.pdf"`)
        .send(await asPdf(invoice))
    },
  )

  http.get(
    '/invoicing',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How one is billed',
        honours: ['If-None-Match'],
        response: { 200: WishesView },
      },
    },
    async (request, reply) => {
      const found = await findInvoicing(db, request.actor.userId)
      return notModified(request, reply, ownVersion(found.version, request.actor)) ? reply.send() : wishesOf(found)
    },
  )

  http.put(
    '/invoicing',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say how one wants to be billed, and as whom',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['tax_id_invalid'],
        body: Wishes,
        response: { 200: WishesView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const taxId = body.party?.taxId ? await checkTaxId(body.party.taxId, body.party.country) : undefined
      const party = body.party && { ...body.party, taxId }
      const version = await db.transaction(async tx => {
        await lockFirst(tx, 'invoicing', actor.userId)
        const [row] = await tx<Pick<Invoicing, 'version'>[]>`
          select version from invoicing where driver_id = ${actor.userId} for update`
        requireMatch(request, row?.version ?? 0)
        const version = (row?.version ?? 0) + 1
        await tx`
          insert into invoicing (driver_id, every, party, language, version)
          values (${actor.userId}, ${body.every}, ${party && tx.json(party as never)}, ${body.language}, ${version})
          on conflict (driver_id) do update set every = excluded.every, party = excluded.party,
            language = excluded.language, version = excluded.version`
        return version
      })
      return reply.header('etag', `"${ownVersion(version, actor)}"`).send(wishesOf({ ...body, party }))
    },
  )
}

const wishesOf = ({ every, language, party }: Omit<Invoicing, 'version'>): Static<typeof WishesView> => ({
  every,
  language,
  party: party && { ...party, taxId: party.taxId?.number },
})

const sellersFor = (actor: Actor): { sellers?: string[] } =>
  actor.role === 'admin' ? {} : { sellers: managedBy(actor) }

/** Who buys for themselves, and for the company whose money they look after. */
export const buyersFor = (actor: Actor): string[] => [actor.userId, companyFor(actor) ?? []].flat()

/** For who bought, and who looks after the money of who sold. */
function readable(actor: Actor, invoice: Invoice | undefined): Invoice {
  if (!invoice) throw new Problem('not_found', 'invoice_unknown')
  const isTheirs = managedBy(actor).includes(invoice.seller.id) || buyersFor(actor).includes(invoice.buyer.id ?? '')
  if (actor.role === 'admin' || isTheirs) return invoice
  throw new Problem('not_found', 'invoice_unknown')
}
