import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { newId } from '#kernel'
import { asPdf, asUbl, credit, type DraftLine } from '../../money/invoices.ts'
import { contentOf } from '../../money/invoices/content.ts'
import type { InvoiceContent, InvoiceDraft } from '../../money/invoices/invoice.ts'
import { at, billing, draft, german } from '../../money/invoices/testing.ts'
import { treat } from '../../money/tax.ts'
import { readPdf } from './reading.ts'

/** As it would be read from the database. */
const invoice = (more: Partial<InvoiceDraft> = {}): InvoiceContent => ({
  ...contentOf(draft(more), '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b41'),
  number: 'INV-2026-000001',
  issuedOn: '2026-06-15',
  dueOn: '2026-06-29',
})
const hash = (pdf: Buffer): string => createHash('sha256').update(pdf).digest('hex')

const many = (count: number, more: Partial<DraftLine> = {}): DraftLine[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `Session ${index + 1}`,
    quantity: '18.437',
    unit: 'KWH',
    price: '0.4937',
    treatment: german,
    ...more,
  }))

suite('PDF', () => {
  test('an invoice shows who sold what to whom, in the order in which it is read', async () => {
    const { pages } = readPdf(await asPdf(invoice()))
    assert.equal(pages.length, 1)
    const [{ text, artifacts }] = pages as [(typeof pages)[0]]
    assert.deepEqual(text, [
      'Ladewerk Nürnberg GmbH',
      'Am Umspannwerk 7 · 90441 Nürnberg · Germany · +49 911 5550100 · rechnung@ladewerk.example',
      'Ada Fährmann',
      'Straße der Einheit 12',
      '10115 Berlin',
      'Germany',
      'Invoice INV-2026-000001',
      'Date of issue',
      '15 Jun 2026',
      'Supplied',
      '15 Jun 2026',
      'Payable by',
      '29 Jun 2026',
      'No.',
      'Description',
      'Quantity',
      'Price with tax',
      'Tax',
      'Gross',
      '1',
      'Energy',
      'Station Hauptmarkt, connector 2',
      '18.437 kWh',
      '€0.49',
      '19%',
      '€9.03',
      '2',
      'Occupied after charging',
      '12 min',
      '€0.10',
      '19%',
      '€1.20',
      'Total without tax',
      '€8.60',
      'Tax 19% on €8.60',
      '€1.63',
      'Total',
      '€10.23',
      'Please transfer it to DE02 1203 0000 0000 2020 51 (BIC BYLADEM1001).',
      'Reference: Ladewerk',
      'Attached is the same document for machines (UBL 2.1, EN 16931).',
    ])
    assert.match(
      artifacts.join(' '),
      /VAT ID DE136695976 · Tax number 241\/123\/45678 .*Änne Öztürk-Groß.* Page 1 of 1/,
    )
  })

  test('in German it speaks German, what was paid before is taken off, and reasons for no tax are told', async () => {
    const owed = { ...german, category: 'AE', percent: '0', parts: [], reason: 'reverse-charge' } as const
    const { pages } = readPdf(
      await asPdf(
        invoice({
          language: 'de',
          prepaidMinor: 500n,
          payment: { means: 'wallet' },
          buyer: { ...draft().buyer, taxId: 'FR40303265045' },
          lines: [{ ...draft().lines[0]!, treatment: owed, from: '2026-06-01', to: '2026-06-30', costCentre: '4711' }],
        }),
      ),
    )
    const text = pages[0]!.text.join('\n').replaceAll('\u00a0', ' ')
    for (const part of [
      'Rechnung INV-2026-000001',
      'Leistungszeitraum',
      '15.06.2026',
      '18,437 kWh',
      '01.06.2026 – 30.06.2026',
      'Kostenstelle: 4711',
      'Gesamtbetrag\n9,03 €',
      'Bereits gezahlt\n-5,00 €',
      'Zu zahlen\n4,03 €',
      'Steuerschuldnerschaft des Leistungsempfängers.',
      'Bezahlt aus Ihrem Guthaben.',
    ])
      assert.ok(text.includes(part), `${part} in\n${text}`)
  })

  test('in India it says where it is supplied, by state and code, the two halves of the tax, and GSTIN', async () => {
    const karnataka = { country: 'IN', region: 'KA' }
    const treatment = treat({
      sold: 'charging',
      seller: { established: karnataka },
      buyer: { kind: 'consumer' },
      place: karnataka,
      at,
    })
    const { pages } = readPdf(
      await asPdf(
        invoice({
          seller: { ...draft().seller, country: 'IN', taxId: '29AAPFU0939F1ZR' },
          currency: 'INR',
          prices: 'net',
          lines: [{ ...draft().lines[0]!, price: '18', treatment, commodityCode: '998714' }],
        }),
      ),
    )
    const text = pages[0]!.text.join('\n')
    assert.match(text, /Place of supply\nKA, 29\n[^]*HS code 998714/)
    assert.match(text, /CGST 9% on ₹331\.87\n₹29\.87\nSGST 9% on ₹331\.87\n₹29\.87\nTotal\n₹391\.61/)
    assert.match(text, /\(UBL 2\.1\)/)
    assert.match(pages[0]!.artifacts.join(' '), /GSTIN 29AAPFU0939F1ZR/)
  })

  test('it is tagged, has its fonts and the UBL within, and says its language and title', async () => {
    const content = invoice()
    const pdf = await asPdf(content)
    const { objects, attachments } = readPdf(pdf)
    const all = [...objects.values()].map(({ head }) => head).join('\n')
    for (const mark of [
      /\/Marked true/,
      /\/StructTreeRoot \d+ 0 R/,
      /\/Lang \(en\)/,
      /\/DisplayDocTitle true/,
      /\(Invoice INV-2026-000001\)/,
      /\/AFRelationship \/Alternative/,
      /\/S \/H1\n/,
      /\/S \/THead\n/,
      /\/Scope \/Column/,
      /\/Scope \/Row/,
    ])
      assert.match(all, mark)
    assert.match(pdf.toString('latin1'), /<pdfaid:part>3<\/pdfaid:part>\s*<pdfaid:conformance>A</)
    assert.equal(all.match(/\/FontFile2 \d+ 0 R/g)!.length, 2)
    // No font is left to the reader of the document.
    assert.equal(all.match(/\/Type \/FontDescriptor/g)!.length, 2)
    assert.deepEqual(attachments.map(String), [asUbl(content)])
  })

  test('its bytes are the same each time, whatever the process drew before', async () => {
    const content = invoice({ note: 'Ωμέγα, Ёлка, ŐŘŻ – fi ffl' })
    const first = hash(await asPdf(content))
    await asPdf(invoice({ note: 'ﬁ Ω Å ‐ \u2126 \u212b Ж Ώ' }))
    assert.equal(hash(await asPdf(content)), first)
    const program = `
      import { asPdf } from './money/invoices.ts'
      const text = await new Response(process.stdin).text()
      const content = JSON.parse(text, (key, value) => key.endsWith('Minor') ? BigInt(value) : key === 'issuedAt' ? new Date(value) : value)
      const { createHash } = await import('node:crypto')
      console.log(createHash('sha256').update(await asPdf(content)).digest('hex'))`
    const other = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '..', '..'),
      input: JSON.stringify(content, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    })
    assert.equal(String(other).trim(), first)
  })

  test('what was issued is drawn alike from the database, and a credit note cites what it takes from', async t => {
    const b = await billing(t)
    const { id } = await b.issue()
    const [one, two] = [await b.find(id), await b.find(id)]
    assert.equal(hash(await asPdf(one)), hash(await asPdf(two)))
    const { id: noted } = await b.within(tx =>
      credit(tx, { cause: newId(), invoice: id, lines: 'all', reason: 'The meter was wrong', at, timeZone: 'UTC' }),
    )
    // What becomes of an invoice does not change what it says.
    assert.equal(hash(await asPdf(await b.find(id))), hash(await asPdf(one)))
    const text = readPdf(await asPdf(await b.find(noted))).pages[0]!.text.join('\n')
    assert.match(
      text,
      /Credit note CN-2026-000001\n[^]*invoice INV-2026-000001 of 15 Jun 2026\n[^]*The meter was wrong/,
    )
    assert.match(text, /Credited\n€10\.23/)
  })

  test('many lines go on over pages, each with the titles of its columns; no line is lost, doubled or split', async () => {
    const { pages } = readPdf(await asPdf(invoice({ lines: many(300) })))
    assert.ok(pages.length > 5)
    const names = pages.flatMap(({ text }) => text.filter(part => /^Session \d+$/.test(part)))
    assert.deepEqual(
      names,
      many(300).map(({ name }) => name),
    )
    for (const [index, { text, artifacts }] of pages.entries()) {
      assert.ok(artifacts.includes(`Page ${index + 1} of ${pages.length}`))
      if (index > 0 && text.some(part => part.startsWith('Session')))
        assert.ok(artifacts.includes('INV-2026-000001, continued') && artifacts.includes('Quantity'))
      // Each line has its number, quantity, price, rate and amount on the page where its name is.
      const count = (pattern: RegExp) => text.filter(part => pattern.test(part)).length
      assert.equal(count(/^18\.437 kWh$/), count(/^Session/))
    }
  })

  test('two long ones drawn at once are each as if alone', async () => {
    const [one, other] = [invoice({ lines: many(150) }), invoice({ language: 'de', note: 'Ω', lines: many(99) })]
    const alone = [hash(await asPdf(one)), hash(await asPdf(other))]
    assert.deepEqual((await Promise.all([asPdf(one), asPdf(other)])).map(hash), alone)
  })

  test('texts of any length and any letters stand within the page', async () => {
    const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(5)
    const content = invoice({
      seller: { ...draft().seller, name: long, legalNote: long },
      buyer: { ...draft().buyer, name: `${long} & <b>` },
      note: `${'word '.repeat(3000)}\n你好`,
      lines: many(3, { name: long, description: `${'very '.repeat(900)}long` }),
    })
    const { pages } = readPdf(await asPdf(content))
    const words = pages.flatMap(({ text }) => text).join(' ')
    assert.equal(words.match(/\bvery\b/g)!.length, 2700)
    assert.equal(words.match(/\bword\b/g)!.length, 3000)
    assert.ok(words.includes('\ufffd\ufffd'))
  })
})
