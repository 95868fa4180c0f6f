import { Problem, violates, type Db, type Tx } from '#kernel'
import type { Content } from './content.ts'
import type { Credited } from './credit.ts'
import type { Invoice, InvoiceKind, InvoiceLine, InvoiceState, InvoiceTax, Terms } from './invoice.ts'

/** What is known of an invoice right after it was issued. */
export interface Issued {
  readonly id: string
  readonly cause: string
  readonly kind: InvoiceKind
  readonly number: string
  readonly issuedOn: string
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly grossMinor: bigint
  /** False where its cause had one before: nothing happened now. */
  readonly isNew: boolean
}

interface Series {
  sellerId: string
  kind: string
  year: number
  prefix: string
  next: number
  lastOn: string | null
}

/** Numbers and keeps them, in their order. */
export async function write(tx: Tx, contents: readonly Content[]): Promise<Issued[]> {
  const series = await lockSeries(tx, contents)
  const found = await tx<(Issued & { sellerId: string })[]>`
    select id, cause, kind, number, issued_on::text as "issuedOn", net_minor as "netMinor", tax_minor as "taxMinor",
      gross_minor as "grossMinor", seller_id as "sellerId"
    from invoices where cause = any(${contents.map(({ cause }) => cause)})`
  const before = new Map(found.map(row => [row.cause, row]))
  const fresh = new Map<string, Content & { number: string; sequence: number; issuedOn: string }>()
  const issued: Issued[] = contents.map(content => {
    const { cause, day, seller, kind } = content
    const there = before.get(cause) ?? fresh.get(cause)
    if (there) {
      const { id, number, issuedOn, netMinor, taxMinor, grossMinor } = there
      if (there.kind !== kind || ('sellerId' in there ? there.sellerId : there.seller.id) !== seller.id)
        throw causeTaken(cause)
      return { id, cause, kind, number, issuedOn, netMinor, taxMinor, grossMinor, isNew: false }
    }
    const of = series.get(keyOf(content))!
    const sequence = of.next++
    const number = `${of.prefix}-${of.year}-${String(sequence).padStart(6, '0')}`
    of.lastOn = of.lastOn !== null && of.lastOn > day ? of.lastOn : day
    fresh.set(cause, { ...content, number, sequence, issuedOn: of.lastOn })
    const { id, netMinor, taxMinor, grossMinor } = content
    return { id, cause, kind, number, issuedOn: of.lastOn, netMinor, taxMinor, grossMinor, isNew: true }
  })
  if (fresh.size > 0) await insert(tx, [...fresh.values()], [...series.values()])
  return issued
}

const yearOf = (day: string): number => Number(day.slice(0, 4))
const keyOf = ({ seller, kind, day }: Content): string => `${seller.id} ${kind} ${yearOf(day)}`

const causeTaken = (cause: string): Problem =>
  new Problem('conflict', 'invoice_cause_taken', { detail: 'Something else was billed or credited for this.', cause })

const prefixTaken = (): Problem =>
  new Problem('conflict', 'invoice_prefix_taken', {
    detail: 'Invoices and credit notes of a seller begin with different letters.',
  })

/** In the order of their keys, so that two who number in the same series wait for each other and none for ever. */
async function lockSeries(tx: Tx, contents: readonly Content[]): Promise<Map<string, Series>> {
  const wanted = new Map(
    contents.map(content => {
      const { seller, kind, day, prefix } = content
      return [keyOf(content), { sellerId: seller.id, kind, year: yearOf(day), prefix }]
    }),
  )
  const rows = await tx<Series[]>`
    insert into invoice_series as s (seller_id, kind, year, prefix)
    select "sellerId", kind, year, prefix
    from json_to_recordset(${tx.json([...wanted.values()])}) as t ("sellerId" uuid, kind text, year smallint, prefix text)
    order by "sellerId", kind, year
    on conflict (seller_id, kind, year) do update set next = s.next
    returning seller_id as "sellerId", kind, year, prefix, next, last_on::text as "lastOn"`
  return new Map(rows.map(row => [`${row.sellerId} ${row.kind} ${row.year}`, row]))
}

type Numbered = Content & { number: string; sequence: number; issuedOn: string }

async function insert(tx: Tx, invoices: readonly Numbered[], series: readonly Series[]): Promise<void> {
  const json = (rows: readonly object[]) => tx.json(JSON.parse(JSON.stringify(rows, plain)))
  const lines = invoices.flatMap(({ id, lines }) => lines.map(line => lineRow(id, line)))
  const taxes = invoices.flatMap(({ id, taxes }) =>
    taxes.map((tax, index) => ({ ...tax, invoiceId: id, position: index + 1 })),
  )
  const prepaid = invoices
    .filter(({ prepaidMinor }) => prepaidMinor > 0n)
    .map(({ id, prepaidMinor, payment, issuedAt }) => ({
      cause: `prepaid ${id}`,
      id,
      minor: prepaidMinor,
      means: payment?.means ?? 'card',
      issuedAt,
    }))
  await Promise.all([
    tx`
      update invoice_series s set next = t.next, last_on = t."lastOn"
      from json_to_recordset(${json(series)}) as t ("sellerId" uuid, kind text, year smallint, next integer, "lastOn" date)
      where s.seller_id = t."sellerId" and s.kind = t.kind and s.year = t.year`,
    tx`
      insert into invoices (id, cause, kind, seller_id, year, sequence, number, issued_on, issued_at, buyer_id, seller,
        buyer, currency, language, prices, supplied_from, supplied_to, due_on, net_minor, tax_minor, gross_minor,
        prepaid_minor, terms, credits, credits_number, credits_on, reason)
      select * from json_to_recordset(${json(invoices.map(invoiceRow))}) as t (id uuid, cause text, kind text,
        seller_id uuid, year smallint, sequence integer, number text, issued_on date, issued_at timestamptz,
        buyer_id uuid, seller json, buyer json, currency text, language text, prices text, supplied_from date,
        supplied_to date, due_on date, net_minor bigint, tax_minor bigint, gross_minor bigint, prepaid_minor bigint,
        terms json, credits uuid, credits_number text, credits_on date, reason text)`.catch(error => {
      if (violates(error, 'invoices_cause')) throw causeTaken(invoices[0]!.cause)
      if (violates(error, 'invoices_number')) throw prefixTaken()
      throw error
    }),
    tx`
      insert into invoice_lines (invoice_id, position, name, description, quantity, unit, price, net_minor, tax_minor,
        gross_minor, treatment, about, credits)
      select "invoiceId", position, name, description, quantity, unit, price, "netMinor", "taxMinor", "grossMinor",
        treatment, about, credits
      from json_to_recordset(${json(lines)}) as t ("invoiceId" uuid, position integer, name text, description text,
        quantity numeric, unit text, price numeric, "netMinor" bigint, "taxMinor" bigint, "grossMinor" bigint,
        treatment json, about json, credits integer)`,
    tx`
      insert into invoice_taxes (invoice_id, position, category, percent, reasons, net_minor, tax_minor, parts)
      select "invoiceId", position, category, percent, array(select json_array_elements_text(reasons)), "netMinor",
        "taxMinor", parts
      from json_to_recordset(${json(taxes)}) as t ("invoiceId" uuid, position integer, category text, percent numeric,
        reasons json, "netMinor" bigint, "taxMinor" bigint, parts json)`,
    tx`
      insert into invoice_states (invoice_id, gross_minor, due_on)
      select id, "grossMinor", "dueOn"
      from json_to_recordset(${json(invoices.map(row => ({ id: row.id, grossMinor: row.grossMinor, dueOn: dueOn(row) })))})
        as t (id uuid, "grossMinor" bigint, "dueOn" date)`,
    ...(prepaid.length > 0
      ? [
          tx`
            insert into invoice_payments (cause, invoice_id, minor, means, paid_at)
            select cause, id, minor, means, "issuedAt"
            from json_to_recordset(${json(prepaid)}) as t (cause text, id uuid, minor bigint, means text, "issuedAt" timestamptz)`,
        ]
      : []),
  ])
}

/** Amounts as texts, which JSON numbers could not hold. */
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

function invoiceRow(invoice: Numbered): object {
  const { payment, buyerReference, orderReference, note, credits } = invoice
  return {
    id: invoice.id,
    cause: invoice.cause,
    kind: invoice.kind,
    seller_id: invoice.seller.id,
    year: yearOf(invoice.issuedOn),
    sequence: invoice.sequence,
    number: invoice.number,
    issued_on: invoice.issuedOn,
    issued_at: invoice.issuedAt,
    buyer_id: invoice.buyer.id,
    seller: invoice.seller,
    buyer: invoice.buyer,
    currency: invoice.currency,
    language: invoice.language,
    prices: invoice.prices,
    supplied_from: invoice.suppliedFrom,
    supplied_to: invoice.suppliedTo,
    due_on: dueOn(invoice),
    net_minor: invoice.netMinor,
    tax_minor: invoice.taxMinor,
    gross_minor: invoice.grossMinor,
    prepaid_minor: invoice.prepaidMinor,
    terms: { payment, buyerReference, orderReference, note },
    credits: credits?.id,
    credits_number: credits?.number,
    credits_on: credits?.issuedOn,
    reason: invoice.reason,
  }
}

function lineRow(invoiceId: string, { item, from, to, costCentre, commodityCode, ...line }: InvoiceLine): object {
  return { ...line, invoiceId, about: { item, from, to, costCentre, commodityCode } }
}

/** Undefined where nothing is left to pay. */
function dueOn({ kind, issuedOn, dueInDays = 0, grossMinor, prepaidMinor }: Numbered): string | undefined {
  if (kind === 'credit-note' || grossMinor === prepaidMinor) return undefined
  return new Date(Date.parse(issuedOn) + dueInDays * 86_400_000).toISOString().slice(0, 10)
}

type Nullable<T> = { [K in keyof T]: T[K] | null }

/** Nulls of the database are what is not there. */
const without = <T extends object>(row: Nullable<T>): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T

type Row = Nullable<Omit<Invoice, 'lines' | 'taxes' | 'state' | 'credits' | keyof Terms>> & {
  terms: Terms
  creditsId: string | null
  creditsNumber: string | null
  creditsOn: string | null
}

/** Undefined where there is none. */
export async function find(db: Db, by: { id: string } | { cause: string }): Promise<Invoice | undefined> {
  const [row] = await db<Row[]>`
    select i.id, i.cause, i.kind, i.number, i.issued_on::text as "issuedOn", i.issued_at as "issuedAt", i.seller, i.buyer,
      i.currency, i.language, i.prices, i.supplied_from::text as "suppliedFrom", i.supplied_to::text as "suppliedTo",
      i.due_on::text as "dueOn", i.net_minor as "netMinor", i.tax_minor as "taxMinor", i.gross_minor as "grossMinor",
      i.prepaid_minor as "prepaidMinor", i.terms, i.credits as "creditsId", i.credits_number as "creditsNumber",
      i.credits_on::text as "creditsOn", i.reason, s.paid_minor as "paidMinor", s.credited_minor as "creditedMinor"
    from invoices i join invoice_states s on s.invoice_id = i.id
    where ${'id' in by ? db`i.id = ${by.id}` : db`i.cause = ${by.cause}`}`
  if (!row) return undefined
  const [lines, taxes] = await Promise.all([
    db<(Nullable<InvoiceLine> & { about: object })[]>`
      select position, name, description, quantity, unit, price, net_minor as "netMinor", tax_minor as "taxMinor",
        gross_minor as "grossMinor", treatment, about, credits
      from invoice_lines where invoice_id = ${row.id} order by position`,
    db<(InvoiceTax & { parts: { taxMinor: string }[] })[]>`
      select category, percent, reasons, net_minor as "netMinor", tax_minor as "taxMinor", parts
      from invoice_taxes where invoice_id = ${row.id} order by position`,
  ])
  const { terms, creditsId, creditsNumber, creditsOn, ...rest } = row
  const invoice = without(rest) as Omit<Invoice, 'lines' | 'taxes' | 'state'>
  return {
    ...invoice,
    ...terms,
    ...(creditsId && { credits: { id: creditsId, number: creditsNumber!, issuedOn: creditsOn! } }),
    state: stateOf(invoice),
    lines: lines.map(({ about, ...line }) => ({ ...without<InvoiceLine>(line as Nullable<InvoiceLine>), ...about })),
    taxes: taxes.map(tax => ({ ...tax, parts: tax.parts.map(part => ({ ...part, taxMinor: BigInt(part.taxMinor) })) })),
  }
}

const stateOf = (of: { grossMinor: bigint; paidMinor: bigint; creditedMinor: bigint }): InvoiceState['state'] =>
  of.paidMinor + of.creditedMinor < of.grossMinor
    ? 'open'
    : of.creditedMinor > 0n && of.creditedMinor >= of.grossMinor
      ? 'credited'
      : 'paid'

/** Locks what becomes of an invoice; false where there is none. */
export async function lockState(tx: Tx, invoice: string): Promise<boolean> {
  const rows = await tx`select from invoice_states where invoice_id = ${invoice} for update`
  return rows.length > 0
}

/** What was credited of each line of an invoice. */
export const creditedOf = (db: Db, invoice: string) => db<Credited[]>`
  select l.credits as position, sum(l.net_minor)::bigint as "netMinor", sum(l.tax_minor)::bigint as "taxMinor"
  from invoice_lines l join invoices c on c.id = l.invoice_id
  where c.credits = ${invoice} group by l.credits`

export interface InvoiceFilter {
  /** Ids of sellers and buyers, one of which it has to be of; all where neither is said. */
  readonly sellers?: readonly string[] | undefined
  readonly buyers?: readonly string[] | undefined
  readonly kind?: InvoiceKind | undefined
  readonly number?: string | undefined
  /** Only what is left to pay. */
  readonly open?: boolean | undefined
  /** Issued then or later, and before. */
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  /** The last of the page before. */
  readonly after?: { readonly issuedAt: Date; readonly id: string } | undefined
  readonly limit: number
}

export interface InvoiceSummary {
  readonly id: string
  readonly kind: InvoiceKind
  readonly number: string
  readonly issuedOn: string
  readonly issuedAt: Date
  readonly sellerId: string
  readonly sellerName: string
  readonly buyerId: string | null
  readonly buyerName: string
  readonly currency: string
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly grossMinor: bigint
  readonly dueOn: string | null
  readonly paidMinor: bigint
  readonly creditedMinor: bigint
  readonly state: InvoiceState['state']
  /** The invoice that a credit note takes from. */
  readonly creditsId: string | null
}

/**
 * Newest first. Each party's newest are taken from an index and the newest of all of these shown, so that it costs what is
 * shown and not what there is; of a seller and a buyer the buyer has fewer.
 */
export const list = async (db: Db, filter: InvoiceFilter): Promise<InvoiceSummary[]> =>
  (await rowsOf(db, filter)).map(summaryOf)

/** An invoice in a list, whose state follows from the rest. */
export type InvoiceRow = Omit<InvoiceSummary, 'state'>
export const summaryOf = (row: InvoiceRow): InvoiceSummary => ({ ...row, state: stateOf(row) })

/** The statement of a list, not yet on its way. Joins are left ones, so that a count leaves them out. */
export function rowsOf(db: Db, filter: InvoiceFilter) {
  const { sellers, buyers, kind, number, open, from, to, after, limit } = filter
  const parties = buyers ?? sellers
  const party = db(buyers ? 'buyer_id' : 'seller_id')
  // The same columns in both: what is open is found among the states.
  const page = db`
    select ${open ? db`invoice_id` : db`id`} as id, issued_at from ${open ? db`invoice_states` : db`invoices`}
    where ${parties ? db`${party} = party.id` : db`true`}
      ${open ? db`and kind = 'invoice' and paid_minor + credited_minor < gross_minor` : db``}
      ${kind === 'credit-note' ? db`and kind = 'credit-note'` : kind ? db`and kind = ${kind}` : db``}
      ${number === undefined ? db`` : db`and ${open ? db`exists (select from invoices i where i.id = invoice_id and i.number = ${number})` : db`number = ${number}`}`}
      ${buyers && sellers ? db`and seller_id = any(${sellers as string[]}::uuid[])` : db``}
      ${from ? db`and issued_at >= ${from}` : db``}
      ${to ? db`and issued_at < ${to}` : db``}
      ${after ? db`and (issued_at, ${open ? db`invoice_id` : db`id`}) < (${after.issuedAt}, ${after.id}::uuid)` : db``}
    order by issued_at desc, ${open ? db`invoice_id` : db`id`} desc limit ${limit}`
  return db<InvoiceRow[]>`
    select i.id, i.kind, i.number, i.issued_on::text as "issuedOn", i.issued_at as "issuedAt", i.seller_id as "sellerId",
      i.seller->>'name' as "sellerName", i.buyer_id as "buyerId", i.buyer->>'name' as "buyerName", i.currency,
      i.net_minor as "netMinor", i.tax_minor as "taxMinor", i.gross_minor as "grossMinor", s.due_on::text as "dueOn",
      s.paid_minor as "paidMinor", s.credited_minor as "creditedMinor", i.credits as "creditsId"
    from (
      select page.id, page.issued_at
      from ${parties ? db`unnest(${[...new Set(parties)]}::uuid[]) as party (id) cross join lateral` : db``} (${page}) as page
      order by page.issued_at desc, page.id desc limit ${limit}
    ) as page
    left join invoices i on i.id = page.id
    left join invoice_states s on s.invoice_id = page.id
    order by page.issued_at desc, page.id desc`
}

/** Numbers that a series gave and no invoice has: there are none, ever. */
export const gaps = (db: Db) => db<{ sellerId: string; kind: InvoiceKind; year: number; sequence: number }[]>`
  select s.seller_id as "sellerId", s.kind, s.year, n as sequence
  from invoice_series s, generate_series(1, s.next - 1) n
  where not exists (select from invoices i
    where i.seller_id = s.seller_id and i.kind = s.kind and i.year = s.year and i.sequence = n)
  order by 1, 2, 3, 4`
