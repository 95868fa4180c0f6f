import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../testing.ts'
import { isReportable } from './report.ts'

test('what sellers of goods were paid in a year stands by quarter, without what the platform kept and what went back', async t => {
  const { vendor, sold, refunded, admin, as, sellers } = await open(t)
  const [ada, bob] = [await vendor(), await vendor({}, { name: 'Bob' })]
  sellers.delete(bob.vendorId)
  const of = (at: string, more: object = {}) => ({ at, totalMinor: 3_000_00, commissionMinor: 300_00, ...more })
  await sold([ada.owner], of('2027-01-31T12:00:00.000Z'))
  // March, and its refund too.
  const back = await sold([ada.owner], of('2027-02-15T12:00:00.000Z'))
  await refunded(back)
  await sold([ada.owner], of('2027-12-31T23:59:59.999Z'))
  for (const at of ['2026-12-31T23:59:59.999Z', '2028-01-01T00:00:00.000Z']) await sold([ada.owner], of(at))
  await sold([ada.owner], of('2027-05-01T00:00:00.000Z', { kind: 'digital' }))
  await sold([bob.owner], of('2027-05-01T00:00:00.000Z', { totalMinor: 100_00, commissionMinor: 10_00 }))
  const { body } = await admin.get('/dac7/2027')
  const [one, two] = [ada, bob].map(({ vendorId }) => body.sellers.find((seller: any) => seller.vendorId === vendorId))
  assert.deepEqual(
    one.currencies[0].quarters.map(({ considerationMinor, feesMinor, transactions }: any) => [
      considerationMinor,
      feesMinor,
      transactions,
    ]),
    [
      [2_700_00, 300_00, 1],
      [0, 0, 0],
      [0, 0, 0],
      [2_700_00, 300_00, 1],
    ],
  )
  assert.deepEqual(
    [one.reportable, one.name, one.vatId, one.iban, one.missing],
    [true, 'Voltwerk GmbH', 'DE136695976', 'DE•• •••• 3000', []],
  )
  assert.deepEqual([two.reportable, two.missing], [false, ['name', 'address', 'taxId']])
  const csv = await admin.get('/dac7/2027/csv')
  const lines = csv.text.trim().split('\r\n')
  assert.equal(lines.length, 2, 'who is below the threshold is not reported')
  assert.match(
    lines[1]!,
    /Voltwerk GmbH,Ringstr\. 5,10115,Berlin,,DE,DE136695976,DE136695976,DE89370400440532013000,.*EUR,2700\.00,300\.00,1,/,
  )
  assert.equal((await as().get('/dac7/2027')).status, 403)
  assert.equal((await ada.get('/dac7/2027/csv')).status, 403)
})

test('a seller is reported from thirty sales on, or above 2,000 EUR', () => {
  const of = (transactions: number, considerationMinor: number, currency = 'EUR') => [
    { currency, quarters: [{ transactions, considerationMinor, feesMinor: 0 }] },
  ]
  assert.equal(isReportable(of(29, 2_000_00)), false)
  assert.equal(isReportable(of(30, 1)), true)
  assert.equal(isReportable(of(1, 2_000_01)), true)
  assert.equal(isReportable(of(1, 1, 'SEK')), true, 'of another currency the threshold says nothing')
})
