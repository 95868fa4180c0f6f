import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../testing.ts'
import { newId } from '#kernel'
import { faultsByOwn } from '../../../test/invoices/schema.ts'
import { dpiOf } from './dpi.ts'
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

const operator = {
  name: 'Example Marketplace GmbH',
  taxId: 'DE136695976',
  street: 'Ringstr. 5',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
}

test('a report for the tax office says of each seller what the schema asks, and names of whom something is missing', async t => {
  const { vendor, sold, admin, sellers } = await open(t)
  const at = '2027-01-31T12:00:00.000Z'
  const nothing = await admin.post('/dac7/2026/xml', { operator })
  assert.match(nothing.text, /<MessageTypeIndic>DPI403</)
  const [ada, bob] = [await vendor(), await vendor({}, { name: 'Bob' })]
  await sold([ada.owner], { at, totalMinor: 3_000_50, commissionMinor: 300_00 })
  await sold([bob.owner], { at, totalMinor: 3_000_00, commissionMinor: 0, currency: 'SEK' })
  sellers.delete(bob.vendorId)
  const refused = await admin.post('/dac7/2027/xml', { operator })
  assert.deepEqual(
    [refused.status, refused.body.code, refused.body.sellers.find((one: any) => one.vendorId === bob.vendorId).missing],
    [409, 'report_incomplete', ['name', 'address']],
  )
  const person = { vendorId: ada.vendorId, firstName: 'Ada <script>', lastName: 'Lovelace', birthDate: '1985-12-10' }
  const { status, text, headers } = await admin.post('/dac7/2027/xml', { operator, persons: [person], leaveOut: true })
  assert.deepEqual([status, headers['content-type']], [200, 'application/xml; charset=utf-8'])
  assert.equal(text.match(/<ReportableSeller>/g)?.length, 1, 'of whom nothing is known nothing is told')
  for (const part of [
    '<FirstName>Ada &lt;script&gt;</FirstName>',
    '<BirthDate>1985-12-10</BirthDate>',
    '<TIN issuedBy="DE">DE136695976</TIN>',
    '<Identifier AccountNumberType="IBAN">DE89370400440532013000</Identifier>',
    '<ConsQ1 currCode="EUR">2701</ConsQ1>',
    '<FeesQ1 currCode="EUR">300</FeesQ1>',
    '<NumbQ1>1</NumbQ1>',
    '<ReportingPeriod>2027-12-31</ReportingPeriod>',
  ])
    assert.ok(text.includes(part), `${part} in ${text}`)
  assert.equal((await ada.post('/dac7/2027/xml', { operator })).status, 403)
})

/** A company and a person, of whom all is known. */
function report(): string {
  const address = { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', region: 'Berlin', country: 'DE' }
  const known = { address, taxId: null, vatId: 'DE136695976', iban: 'DE89370400440532013000', accountHolder: 'Ada' }
  const quarters = [1, 2, 3, 4].map(transactions => ({ considerationMinor: -150, feesMinor: 0, transactions }))
  const sold = { ...known, name: 'Voltwerk GmbH', currency: 'EUR', quarters }
  return dpiOf({
    id: newId(),
    year: 2027,
    at: new Date('2028-01-15T12:00:00Z'),
    operator: { name: 'Example', taxId: 'DE136695976', address },
    to: 'DE',
    sellers: [
      { ...sold, reference: 'one', person: undefined },
      { ...sold, reference: 'two', person: { firstName: 'Ada', lastName: 'Lovelace', birthDate: '1985-12-10' } },
    ],
  })
}

test('the elements of a report stand in the order of its schema', () => {
  const xml = report()
  const where = 'Address CountryCode AddressFix Street PostCode City CountrySubentity'
  const spec = 'DocSpec stf:DocTypeIndic stf:DocRefId'
  const four = (name: string): string => [1, 2, 3, 4].map(quarter => `${name}Q${quarter}`).join(' ')
  const activities =
    `RelevantActivities SaleOfGoods Consideration ${four('Cons')} NumberOfActivities ${four('Numb')} ` +
    `Fees ${four('Fees')} Taxes ${four('Tax')} ${spec}`
  assert.deepEqual(
    [...xml.matchAll(/<([\w:]+)[ >]/g)].map(([, name]) => name).join(' '),
    'DPI_OECD MessageSpec SendingEntityIN TransmittingCountry ReceivingCountry MessageType MessageRefId MessageTypeIndic ' +
      `ReportingPeriod Timestamp DPIBody PlatformOperator ResCountryCode TIN Name ${where} Nexus AssumedReporting ${spec} ` +
      `ReportableSeller Identity EntitySeller Standard EntSellerID ResCountryCode TIN VAT Name ${where} ` +
      `FinancialIdentifier Identifier AccountHolderName ${activities} ` +
      'ReportableSeller Identity IndividualSeller Standard IndSellerID ResCountryCode TIN VAT Name FirstName LastName ' +
      `${where} BirthInfo BirthDate FinancialIdentifier Identifier AccountHolderName ${activities}`,
  )
  assert.match(xml, /<TIN unknown="true">NOTIN<\/TIN>/)
  assert.match(xml, /<ConsQ1 currCode="EUR">-2<\/ConsQ1>/, 'whole units, halves away from zero')
})

test('a report is valid by the schema of the OECD, where somebody has it', t => {
  assert.equal(faultsByOwn(t, /DPIXML_v1\.0\.xsd$/, report()) ?? '', '')
})
