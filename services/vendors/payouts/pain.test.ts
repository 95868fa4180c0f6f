import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '#kernel'
import { ibanOf } from '../profiles/iban.ts'
import { painOf } from './pain.ts'

const iban = fc.constantFrom('DE89370400440532013000', 'FR1420041010050500013M02606', 'NL91ABNA0417164300')
const holder = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom(
    'Müller & Søn <GmbH>',
    '株式会社',
    'Łódź "1"',
    '\u0000\u0007',
    '😀'.repeat(80),
    ' '.repeat(70),
    'A'.repeat(71),
  ),
)
const transfer = fc.record({ minor: fc.bigInt({ min: 1n, max: 99_999_999_999n }), iban, holder })

/** What stands in all elements of a name, in their order. */
const all = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(([, text]) => text!)
const minorOf = (decimal: string): bigint => BigInt(decimal.replace('.', ''))

test('whatever vendors are called and are owed, a bank file keeps to the lengths, signs and sums of pain.001.001.09', () => {
  fc.assert(
    fc.property(
      fc.array(transfer, { minLength: 1, maxLength: 20 }),
      holder,
      fc.date({ min: new Date('2026-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
      (owed, payer, createdAt) => {
        const transfers = owed.map(one => ({ id: newId(), ...one }))
        const xml = painOf({
          id: newId(),
          currency: 'EUR',
          createdAt,
          debtor: { holder: payer, iban: 'DE75512108001245126199' },
          transfers,
        })
        // Nothing of a name ends an element, and no sign stands that XML 1.0 has not.
        assert.match(xml, /^[\t\n\x20-\x7e]*$/)
        assert.doesNotMatch(xml.replaceAll(/&(amp|lt|gt|quot|apos);/g, ''), /&/)
        const opened = [...xml.matchAll(/<(\/?)([A-Za-z]\w*)[^>]*>/g)].reduce<string[]>((open, [, close, name]) => {
          if (!close) return [...open, name!]
          assert.equal(open.at(-1), name)
          return open.slice(0, -1)
        }, [])
        assert.deepEqual(opened, [], 'each element is closed where it was opened')

        const [amounts, sum] = [all(xml, 'InstdAmt'), transfers.reduce((whole, { minor }) => whole + minor, 0n)]
        assert.deepEqual(
          amounts.map(minorOf),
          transfers.map(({ minor }) => minor),
        )
        assert.ok(
          amounts.every(amount => /^\d{1,9}\.\d\d$/.test(amount)),
          'of at most 999,999,999.99, as SEPA has it',
        )
        assert.deepEqual(all(xml, 'CtrlSum').map(minorOf), [sum, sum])
        assert.deepEqual(all(xml, 'NbOfTxs'), [String(transfers.length), String(transfers.length)])
        for (const name of all(xml, 'Nm')) {
          const plain = name.replaceAll(/&(amp|lt|gt|quot|apos);/g, '.')
          assert.ok(plain.length > 0 && plain.length <= 70, plain)
          assert.match(plain, /^[A-Za-z0-9/?:().,'+ -]+$/, 'in the signs that every bank takes (EPC217-08)')
        }
        const references = ['MsgId', 'PmtInfId', 'EndToEndId'].flatMap(name => all(xml, name))
        assert.ok(references.every(one => /^[A-Za-z0-9]{1,35}$/.test(one)))
        assert.equal(new Set(all(xml, 'EndToEndId')).size, transfers.length)
        assert.ok(all(xml, 'Ustrd').every(text => text.length <= 140))
        assert.ok(all(xml, 'IBAN').every(one => ibanOf(one) === one))
        assert.deepEqual(
          [...xml.matchAll(/Ccy="(\w+)"/g)].map(([, currency]) => currency),
          transfers.map(() => 'EUR'),
        )
        const [at, day] = [all(xml, 'CreDtTm')[0]!, all(xml, 'Dt')[0]!]
        assert.deepEqual([new Date(at).getTime(), day], [createdAt.getTime(), createdAt.toISOString().slice(0, 10)])
      },
    ),
    { numRuns: 100 },
  )
})
