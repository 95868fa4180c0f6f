import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrderRefunded } from '#contracts/orders'
import { open, refundOf } from '../testing.ts'

test('a statement begins where the month before ended, and its entries add up to what it ends with', async t => {
  const { p, vendor, settled, sold, refunded, clock, admin, periodically, as } = await open(t)
  const ada = await vendor()
  await settled(ada.owner)
  const order = await sold([ada.owner], { totalMinor: 50_00, commissionMinor: 5_00 })
  await ada.post('/payouts', { currency: 'EUR', amountMinor: 80_00 })
  clock.at = new Date('2027-04-10T12:00:00Z')
  await refunded(order, 0.5)
  const march = (await ada.get('/statements/2027-03')).body
  assert.equal(march.issued, null)
  const [{ opening, movements, closing }] = march.currencies
  assert.deepEqual(opening, { pending: 0, available: 0, paying: 0, paid: 0, commission: 0 })
  assert.deepEqual(closing, { pending: 45_00, available: 10_00, paying: 80_00, paid: 0, commission: 15_00 })
  assert.deepEqual(
    movements.map(({ kind, count }: any) => [kind, count]),
    [
      ['payout', 1],
      ['sale', 2],
      ['settle', 1],
    ],
  )
  const april = (await ada.get('/statements/2027-04')).body.currencies[0]
  assert.deepEqual(april.opening, closing)
  assert.deepEqual(april.closing, { pending: 22_50, available: 10_00, paying: 80_00, paid: 0, commission: 12_50 })
  const csv = await ada.get('/statements/2027-03/csv')
  assert.match(String(csv.headers['content-type']), /^text\/csv/)
  const [head, ...lines] = csv.text.trim().split('\r\n')
  assert.equal(head, 'at,kind,order,cause,currency,pending,available,paying,paid,commission')
  const sums = [5, 6, 7, 8, 9].map(at =>
    Math.round(lines.reduce((sum, line) => sum + Number(line.split(',')[at]) * 100, 0)),
  )
  assert.deepEqual(sums, [45_00, 10_00, 80_00, 0, 15_00])
  const pdf = await ada.get('/statements/2027-03/pdf')
  assert.ok(pdf.text.startsWith('%PDF'))
  assert.equal((await ada.get('/statements/2027-03/pdf')).text, pdf.text)
  assert.equal((await ada.get('/statements/2030-01')).body.currencies[0].movements.length, 0)

  await periodically(/^issue statements/)
  assert.deepEqual(
    (await ada.get('/statements')).body.items.map(({ month, issued }: any) => [month, issued?.revision]),
    [
      ['2027-04', undefined],
      ['2027-03', 1],
    ],
  )
  for (const path of ['/statements', '/statements/2027-03', '/statements/2027-03/csv'])
    assert.doesNotMatch(
      (await as().get(`${path}?vendorId=${ada.vendorId}`)).text,
      /K7M2Q|sale/,
      'nobody reads another’s',
    )
  assert.equal((await admin.get(`/statements/2027-03?vendorId=${ada.vendorId}`)).body.currencies.length, 1)
  assert.equal((await p.db('vendors')`select from statements`).length, 1)
})

test('statement recomputed after a correction: what is told late makes another revision, and says so before', async t => {
  const { p, vendor, sold, clock, periodically } = await open(t)
  const ada = await vendor()
  const order = await sold([ada.owner])
  clock.at = new Date('2027-04-02T12:00:00Z')
  await periodically(/^issue statements/)
  assert.equal((await ada.get('/statements/2027-03')).body.issued, null, 'not before it is three days old')
  clock.at = new Date('2027-04-04T12:00:00Z')
  for (const _ of [1, 2]) await periodically(/^issue statements/)
  const issuedOf = async () => {
    const { revision, matches } = (await ada.get('/statements/2027-03')).body.issued
    return [revision, matches]
  }
  assert.deepEqual(await issuedOf(), [1, true])
  await p.publish(OrderRefunded, refundOf(order, 0.5, new Date('2027-03-31T23:00:00Z')))
  await p.settle()
  assert.deepEqual(await issuedOf(), [1, false])
  for (const _ of [1, 2]) await periodically(/^issue statements/)
  assert.deepEqual(await issuedOf(), [2, true])
  const rows = await p.db(
    'vendors',
  )`select figures->0->'closing'->>'pending' as pending from statements order by revision`
  assert.deepEqual(
    rows.map(({ pending }) => pending),
    ['9000', '4500'],
    'what was told first stays as it was',
  )
})
