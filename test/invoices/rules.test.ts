import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '#kernel'
import { asPdf, asUbl, credit, type InvoiceDraft } from '../../money/invoices.ts'
import { at, billing, buyer, draft, german, seller } from '../../money/invoices/testing.ts'
import { treat, type Sale, type Treatment } from '../../money/tax.ts'
import { rules } from './rules.ts'

const [energy, idle] = draft().lines
const sale = (more: Partial<Sale>): Treatment =>
  treat({
    sold: 'charging',
    seller: { established: { country: 'DE' } },
    buyer: { kind: 'consumer' },
    place: { country: 'DE' },
    at,
    ...more,
  })
const french = {
  kind: 'business',
  place: { country: 'FR' },
  taxId: { country: 'FR', number: 'FR40303265045' },
} as const
const company = { ...buyer, name: 'Voitures & Fils <SARL> "Électriques"', country: 'FR', taxId: 'FR40303265045' }

/** What an invoice can be, by what is told of it. */
const kinds: Record<string, Partial<InvoiceDraft>> = {
  'of a session': {},
  'in German, paid before from the wallet': {
    language: 'de',
    prepaidMinor: 1023n,
    payment: { means: 'wallet' },
    note: 'Vielen Dank für Ihre Ladung!',
  },
  'paid by card in part': { prepaidMinor: 500n, payment: { means: 'card', reference: '•••• 4242' } },
  'to be transferred to nobody knows where': { payment: { means: 'transfer' } },
  'by direct debit': { payment: { means: 'direct-debit', reference: 'MANDATE-7' } },
  'with net prices, rounded by line, and a discount': {
    prices: 'net',
    rounding: 'line',
    lines: [energy!, idle!, { ...energy!, name: 'Welcome', quantity: '1', unit: 'C62', price: '-1.999' }],
    buyerReference: '04011000-12345-34',
    orderReference: 'PO 7',
  },
  'of nothing': { lines: [{ ...energy!, quantity: '0' }] },
  'that a business of another state owes the tax of': {
    buyer: company,
    lines: [{ ...energy!, treatment: sale({ place: { country: 'FR' }, buyer: french }) }],
  },
  'of goods sent to another state': {
    buyer: company,
    lines: [{ ...energy!, unit: 'H87', treatment: sale({ sold: 'goods', place: { country: 'IT' }, buyer: french }) }],
  },
  'of an export': {
    buyer: { ...buyer, country: 'CH' },
    lines: [{ ...energy!, treatment: sale({ sold: 'goods', place: { country: 'CH' } }) }],
  },
  'of what is out of scope': {
    buyer: { ...company, country: 'NO', taxId: undefined },
    lines: [{ ...energy!, treatment: sale({ buyer: { kind: 'reseller', place: { country: 'NO' } } }) }],
  },
  'of a small business': {
    seller: { ...seller, taxId: undefined },
    lines: [{ ...energy!, treatment: sale({ seller: { established: { country: 'DE' }, smallBusiness: true } }) }],
  },
  'in yen, Swiss francs of a Swiss seller aside': { currency: 'JPY', lines: [{ ...energy!, price: '55' }] },
  'of a Swiss seller': {
    seller: { ...seller, country: 'CH', taxId: 'CHE107787577MWST', taxNumber: undefined },
    currency: 'CHF',
    lines: [{ ...energy!, treatment: sale({ seller: { established: { country: 'CH' } }, place: { country: 'CH' } }) }],
  },
  'of two rates, by cost centre and with periods': {
    lines: [
      { ...energy!, costCentre: '4711', commodityCode: '2716', from: '2026-06-01', to: '2026-06-30' },
      { ...idle!, treatment: { ...german, percent: '7', parts: [{ name: 'VAT', percent: '7' }] } },
    ],
  },
  'with texts that mean something elsewhere': {
    note: ']]> & <script>"\r\n\u0001',
    lines: [{ ...energy!, name: 'A & B <C>', description: '"quoted" \u{1f50c}' }],
  },
}

test('rules of others for invoices', async t => {
  const check = await rules(t)

  await t.test(
    'every kind of invoice and its credit note hold to the schema of UBL 2.1 and the rules of EN 16931',
    async t => {
      const b = await billing(t)
      for (const [kind, more] of Object.entries(kinds)) {
        const invoice = await b.find((await b.issue(more)).id)
        assert.deepEqual(await check(asUbl(invoice)), [], `${kind}\n${asUbl(invoice)}`)
        if (invoice.grossMinor === 0n) continue
        const note = await b.within(tx =>
          credit(tx, {
            cause: newId(),
            invoice: invoice.id,
            lines: [{ position: 1, amountMinor: invoice.lines[0]!.netMinor / 3n }],
            reason: 'The meter was wrong',
            at,
            timeZone: 'Europe/Berlin',
          }),
        )
        const credited = asUbl(await b.find(note.id))
        assert.deepEqual(await check(credited), [], `credit note of one ${kind}\n${credited}`)
      }
    },
  )

  await t.test('whatever is sold at whichever prices and roundings, the sums hold to the rules', async t => {
    const b = await billing(t)
    const decimal = fc.integer({ min: 1, max: 9_999_999 }).map(thousandths => String(thousandths / 1000))
    const line = fc.record({ quantity: decimal, price: decimal, percent: fc.constantFrom('19', '8.1', '25.5') })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('net' as const, 'gross' as const),
        fc.constantFrom('line' as const, 'document' as const),
        async (lines, prices, rounding) => {
          const { id } = await b.issue({
            prices,
            rounding,
            lines: lines.map(({ percent, ...rest }) => ({
              ...rest,
              name: 'Energy',
              unit: 'KWH',
              treatment: { ...german, percent, parts: [{ name: 'VAT', percent }] },
            })),
          })
          assert.deepEqual(await check(asUbl(await b.find(id))), [])
        },
      ),
      { numRuns: 40 },
    )
  })

  await t.test('what is wrong is found: the rules do run', async t => {
    const b = await billing(t)
    const right = asUbl(await b.find((await b.issue()).id))
    const faults = await check(right.replace(/(<cbc:PayableAmount[^>]*>)10.23/, '$199.99'))
    assert.match(faults.join('\n'), /BR-CO-16/)
    assert.match((await check(right.replace('cbc:IssueDate', 'cbc:Date'))).join('\n'), /SAXParseException/)
  })

  await t.test(
    'outside of VAT, or without a number of it, an invoice is UBL and does not claim to be of the norm',
    async t => {
      const b = await billing(t)
      const karnataka = { country: 'IN', region: 'KA' }
      const { id } = await b.issue({
        seller: { ...seller, country: 'IN', taxId: '29AAPFU0939F1ZR' },
        buyer: { ...buyer, country: 'IN' },
        currency: 'INR',
        lines: [
          {
            ...energy!,
            price: '18',
            treatment: sale({ seller: { established: karnataka }, place: karnataka, buyer: { kind: 'consumer' } }),
          },
        ],
      })
      const invoice = await b.find(id)
      const [central, state] = invoice.taxes[0]!.parts
      assert.deepEqual([central!.name, state!.name, central!.taxMinor], ['CGST', 'SGST', state!.taxMinor])
      const ubl = asUbl(invoice)
      assert.ok(!ubl.includes('en16931') && ubl.includes('<cbc:ID>GST</cbc:ID>'))
      const small = { ...seller, taxId: undefined, taxNumber: undefined }
      assert.ok(!asUbl(await b.find((await b.issue({ seller: small })).id)).includes('en16931'))
      const faults = await check(ubl)
      assert.deepEqual(
        faults.filter(fault => fault.includes('SAXParseException')),
        [],
      )
    },
  )

  await t.test(
    'a PDF is one that lasts (PDF/A-3) and that a screen reader reads (PDF/UA), however long it is',
    async t => {
      const b = await billing(t)
      for (const [kind, more] of Object.entries(kinds)) {
        const { id } = await b.issue(more)
        assert.deepEqual(await check(await asPdf(await b.find(id))), [], kind)
      }
      const { id } = await b.issue({
        lines: Array.from({ length: 120 }, (_, index) => ({
          ...energy!,
          description: index === 60 ? 'word '.repeat(1500) : `Session ${index} of Ωμέγα & Čeněk`,
        })),
      })
      assert.deepEqual(await check(await asPdf(await b.find(id))), [])
    },
  )
})
