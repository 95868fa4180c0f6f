import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionCharged } from '#contracts/billing'
import { DocumentDeleted } from '#contracts/documents'
import { UserDeleted, UserRegistered } from '#contracts/identity'
import { ProductCreated, ProductDeleted, ProductUpdated, type Listing } from '#contracts/marketplace'
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderRefunded,
  PaymentSucceeded,
  RefundFailed,
  StockChanged,
} from '#contracts/orders'
import { WishAvailable, WishCheaper, WishGone } from '#contracts/users'
import { newId } from '#kernel'
import { clock, open } from './testing.ts'

const registered = (userId: string) => ({
  userId,
  email: 'ada@example.com',
  firstName: 'Ada',
  name: 'Ada Lovelace',
  locale: 'de' as const,
  version: 1,
})

const product = (
  minor: number,
  more: Partial<Listing> = {},
  sale: Listing['variants'][0]['prices'][0]['sale'] = null,
) => {
  const owner = { kind: 'organisation' as const, id: newId() }
  return {
    productId: newId(),
    vendorId: owner.id,
    owner,
    name: 'Wallbox 11 kW',
    slug: 'wallbox-11-kw',
    kind: 'physical' as const,
    status: 'active' as const,
    forSale: true,
    categoryId: null,
    taxClass: 'standard',
    taxIncluded: true,
    thumbnail: null,
    passportId: null,
    variants: [
      {
        variantId: newId(),
        sku: 'WB-11',
        options: [],
        prices: [{ currency: 'EUR', priceMinor: minor, sale }],
        weightG: null,
        stockPolicy: 'deny' as const,
        availableAt: null,
        maxPerOrder: null,
        serial: null,
        delivery: null,
      },
    ],
    version: 1,
    ...more,
  }
}

const priced = (listing: ReturnType<typeof product>, minor: number, version: number) => ({
  ...listing,
  version,
  variants: [{ ...listing.variants[0]!, prices: [{ currency: 'EUR', priceMinor: minor, sale: null }] }],
})

test('who registers has a profile, changes what is theirs to change, and nothing that is of their account', async t => {
  const { p, as, picture } = await open(t)
  const ada = as()
  assert.partialDeepStrictEqual((await ada.get('/profile')).body, { displayName: null, version: 0 })
  await p.publish(UserRegistered, registered(ada.id))
  await p.settle()
  const first = await ada.get('/profile')
  assert.partialDeepStrictEqual(first.body, {
    displayName: 'Ada Lovelace',
    language: 'de',
    timeZone: 'UTC',
    version: 1,
  })

  const profile = {
    displayName: 'Ada L.',
    language: 'en',
    timeZone: 'Asia/Kolkata',
    country: 'IN',
    telephone: '+91 22 1',
  }
  const changed = await ada.put('/profile', { ...profile, avatarId: picture }, { 'if-match': '"1"' })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  assert.partialDeepStrictEqual(changed.body, {
    ...profile,
    avatar: `/api/documents/${picture}?download=1`,
    version: 2,
  })
  assert.equal((await ada.put('/profile', profile, { 'if-match': '"1"' })).status, 412)

  for (const [field, value] of [
    ['email', 'mallory@example.com'],
    ['role', 'admin'],
    ['userId', newId()],
    ['version', 9],
  ] as const) {
    const refused = await ada.put('/profile', { ...profile, [field]: value })
    assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, `/${field}`])
  }
  for (const [field, value, code] of [
    ['timeZone', 'Europe/Atlantis', 'time_zone_unknown'],
    ['avatarId', newId(), 'avatar_unknown'],
  ] as const) {
    const refused = await ada.put('/profile', { ...profile, [field]: value })
    assert.deepEqual([refused.status, refused.body.code], [422, code])
  }
  // A picture goes with its document.
  const file = { passportId: null, fileName: 'a.png', owner: { kind: 'person' as const, id: ada.id }, version: 2 }
  await p.publish(DocumentDeleted, { docId: picture, ...file })
  await p.settle()
  assert.partialDeepStrictEqual((await ada.get('/profile')).body, { avatarId: null, avatar: null, version: 3 })
})

test('addresses of any shape are kept, one of them is the default, and nobody reads those of others', async t => {
  const { as } = await open(t)
  const [ada, mallory] = [as(), as()]
  const shapes = [
    { name: 'Ada', lines: ['Marktplatz 1'], postalCode: '10178', city: 'Berlin', country: 'DE' },
    // No postal code, and none of the parts that a form asks for.
    { name: 'أحمد', lines: ['برج خليفة', 'الطابق 12', 'شقة 3', 'وسط المدينة'], city: 'دبي', country: 'AE' },
    {
      name: '山田 太郎',
      lines: ['千代田1-1', '皇居前ビル 12F'],
      region: '東京都',
      postalCode: '100-0001',
      country: 'JP',
    },
    { name: 'Lee', lines: ['Blk 123 #05-67', 'Ang Mo Kio Ave 3'], postalCode: '560123', country: 'SG' },
  ]
  const made = []
  for (const shape of shapes) {
    const { status, body } = await ada.post('/addresses', shape)
    assert.equal(status, 201, JSON.stringify(body))
    assert.partialDeepStrictEqual(body, shape)
    made.push(body)
  }
  const defaults = async () =>
    (await ada.get('/addresses')).body.items.map(({ defaultBilling, defaultShipping }: any) => [
      defaultBilling,
      defaultShipping,
    ])
  const no = [false, false]
  assert.deepEqual(await defaults(), [[true, true], no, no, no])
  await Promise.all(
    made.slice(1).map(({ id }, at) => ada.put(`/addresses/${id}`, { ...shapes[at + 1], defaultShipping: true })),
  )
  const after = await defaults()
  assert.deepEqual(after[0], [true, false])
  assert.equal(after.filter(([, shipping]: boolean[]) => shipping).length, 1)

  assert.deepEqual((await mallory.get('/addresses')).body.items, [])
  for (const refused of [
    await mallory.put(`/addresses/${made[0].id}`, shapes[0]),
    await mallory.delete(`/addresses/${made[0].id}`),
  ])
    assert.deepEqual([refused.status, refused.body.code], [404, 'address_unknown'])
  assert.equal((await ada.post('/addresses', { ...shapes[0], lines: [] })).status, 400)
  assert.equal((await ada.delete(`/addresses/${made[0].id}`)).status, 204)
  assert.equal((await ada.get('/addresses')).body.items.length, 3)
})

test('who wishes for something hears once that it is cheaper, there again, or gone, by the clock too', async t => {
  const time = clock('2027-03-01T10:00:00Z')
  const { p, as, periodically } = await open(t, { now: time.now })
  const [ada, grace] = [as(), as()]
  const box = product(50_000)
  assert.deepEqual((await ada.post('/wishlist', { productId: box.productId })).body.code, 'product_unavailable')
  const variantId = box.variants[0]!.variantId
  const stock = (available: number, version: number) =>
    p.publish(StockChanged, { variantId, productId: box.productId, available, version })
  await p.publish(ProductCreated, box)
  await stock(3, 1)
  await p.settle()
  const wish = await ada.post('/wishlist', { productId: box.productId })
  assert.partialDeepStrictEqual(wish, {
    status: 201,
    body: { priceMinor: 50_000, formerMinor: 50_000, available: true },
  })
  const set = await grace.post('/wishlist', { productId: box.productId, alarmMinor: 40_000 })
  assert.equal(set.status, 201)
  assert.equal(
    (await ada.post('/wishlist', { productId: box.productId, currency: 'USD' })).body.code,
    'currency_unavailable',
  )

  const cheaper = async () => (await p.published(WishCheaper)).map(({ userId, priceMinor }) => [userId, priceMinor])
  await p.publish(ProductUpdated, priced(box, 45_000, 3))
  // It comes late, and says nothing new.
  await p.publish(ProductUpdated, priced(box, 10_000, 2))
  await p.settle()
  assert.deepEqual(await cheaper(), [[ada.id, 45_000]])
  await p.publish(ProductUpdated, priced(box, 46_000, 4))
  await p.settle()
  assert.equal((await cheaper()).length, 1, 'dearer than what one was told is no news')

  // A sale that begins at noon.
  const sale = { priceMinor: 39_900, from: '2027-03-01T12:00:00.000Z', until: '2027-03-02T12:00:00.000Z' }
  const onSale = priced(box, 46_000, 5)
  onSale.variants[0]!.prices[0]!.sale = sale as never
  await p.publish(ProductUpdated, onSale)
  await p.settle()
  assert.equal((await cheaper()).length, 1)
  time.set('2027-03-01T12:00:30Z')
  await periodically(/prices that fall by the clock/)
  await periodically(/prices that fall by the clock/)
  assert.deepEqual(
    (await cheaper()).slice(1).toSorted(),
    [
      [ada.id, 39_900],
      [grace.id, 39_900],
    ].toSorted(),
  )
  assert.equal((await ada.get('/dashboard')).body.wishlist.cheaper, 1)

  await stock(0, 2)
  await p.settle()
  assert.equal((await ada.get('/wishlist')).body.items[0].available, false)
  await stock(0, 3)
  await stock(4, 4)
  await p.settle()
  assert.equal((await p.published(WishAvailable)).length, 2)

  await p.publish(ProductDeleted, { ...onSale, forSale: false, version: 6 })
  await p.publish(ProductDeleted, { ...onSale, forSale: false, version: 6 })
  await p.settle()
  assert.equal((await p.published(WishGone)).length, 2)
  assert.partialDeepStrictEqual((await ada.get('/wishlist')).body.items[0], { gone: true, priceMinor: null })
  assert.equal((await grace.delete(`/wishlist/${wish.body.id}`)).status, 404)
  assert.equal((await ada.delete(`/wishlist/${wish.body.id}`)).status, 204)
  assert.deepEqual((await ada.get('/wishlist')).body.items, [])
})

test('what one ordered is in the history with what became of it, in whatever order that is told', async t => {
  const { p, as } = await open(t)
  const [ada, grace] = [as(), as()]
  const at = '2027-03-01T10:00:00.000Z'
  const order = (userId: string, number: string) => {
    const [orderId, partId, vendorId] = [newId(), newId(), newId()]
    const amounts = { discountMinor: 0, netMinor: 420, taxMinor: 80, totalMinor: 500 }
    const owner = { kind: 'organisation' as const, id: vendorId }
    const none = { shippingMinor: 0, giftCardMinor: 0, discountMinor: 0, commissionMinor: 0 }
    return {
      ...none,
      ...amounts,
      orderId,
      number,
      userId,
      version: 1,
      currency: 'EUR',
      subtotalMinor: 500,
      status: 'pending' as const,
      paymentStatus: 'pending' as const,
      country: 'DE',
      cartId: newId(),
      parts: [{ partId, vendorId, vendor: owner, shippingMinor: 0, taxMinor: 80, totalMinor: 500, commissionMinor: 0 }],
      items: [
        {
          ...amounts,
          lineId: newId(),
          partId,
          vendorId,
          productId: newId(),
          variantId: newId(),
          productName: 'Type 2 cable',
          sku: 'T2',
          kind: 'physical' as const,
          quantity: 1,
          priceMinor: 500,
          commissionBasisPoints: 0,
          commissionMinor: 0,
          passportId: null,
        },
      ],
      at,
    }
  }
  const paid = { status: 'processing' as const, paymentStatus: 'paid' as const, version: 2 }
  const means = { paymentMethod: 'play', paymentId: newId(), paymentIntent: null }
  const all = async () => {
    await p.settle()
    const { body } = await ada.get('/purchases')
    return body.items.map((one: any) => [one.number, one.status, one.paymentStatus, one.refundedMinor])
  }
  const first = order(ada.id, 'K7M2Q-00001')
  const about = ({ orderId, number, userId }: typeof first, version: number) => ({
    orderId,
    number,
    userId,
    version,
    at,
  })
  const [{ lineId, productId, variantId, vendorId }] = first.items as [(typeof first.items)[0]]
  const items = [{ lineId, productId, variantId, vendorId, quantity: 1 }]
  await p.publish(OrderCompleted, { ...about(first, 3), items, completedAt: at })
  await p.publish(PaymentSucceeded, { ...first, ...paid, ...means })
  assert.deepEqual(await all(), [], 'nobody has said yet what was ordered')
  await p.publish(OrderCreated, first)
  assert.deepEqual(await all(), [['K7M2Q-00001', 'completed', 'paid', 0]])

  const refund = { refundId: newId(), currency: 'EUR', amountMinor: 200, reason: '', parts: [], items: [] }
  await p.publish(OrderRefunded, { ...about(first, 4), ...refund, whole: false })
  assert.deepEqual(await all(), [['K7M2Q-00001', 'completed', 'paid', 200]])
  await p.publish(RefundFailed, { ...about(first, 5), ...refund })
  assert.deepEqual(await all(), [['K7M2Q-00001', 'completed', 'paid', 0]])

  const second = order(ada.id, 'K7M2Q-00002')
  const whole = { refundId: newId(), currency: 'EUR', amountMinor: 500, reason: '', parts: [], items: [], whole: true }
  await p.publish(OrderRefunded, { ...about(second, 4), ...whole })
  await p.publish(OrderCancelled, { ...about(second, 3), whole: true, reason: 'buyer', partIds: [], items: [] })
  await p.publish(OrderCreated, { ...second, at: '2027-03-02T10:00:00.000Z' })
  await p.publish(OrderCreated, order(grace.id, 'K7M2Q-00003'))
  assert.deepEqual((await all())[0], ['K7M2Q-00002', 'cancelled', 'refunded', 500])
  assert.partialDeepStrictEqual((await ada.get('/dashboard')).body.orders, { count: 2, open: 0 })
  assert.equal((await ada.get('/purchases?status=completed')).body.items.length, 1)
})

test('the dashboard shows what one charged, and nothing is kept of who deletes their account', async t => {
  const { p, as } = await open(t, { now: () => new Date('2027-03-02T10:00:00Z') })
  const ada = as()
  const box = product(50_000)
  await p.publish(UserRegistered, registered(ada.id))
  await p.publish(ProductCreated, box)
  const charged = {
    sessionId: newId(),
    revision: 1,
    chargerId: 'CP-1',
    stationId: null,
    evse: 1,
    connector: 1,
    seller: { kind: 'person' as const, id: newId() },
    driverId: ada.id,
    tariffId: null,
    energyWh: 10_000,
    startedAt: '2027-03-01T10:00:00.000Z',
    endedAt: '2027-03-01T11:00:00.000Z',
    currency: 'EUR',
    netMinor: 420,
    taxMinor: 80,
    totalMinor: 500,
    owedMinor: 0,
    at: '2027-03-01T11:00:01.000Z',
  }
  await p.publish(SessionCharged, { ...charged, revision: 2, totalMinor: 700 })
  await p.publish(SessionCharged, charged)
  await p.settle()
  await ada.post('/wishlist', { productId: box.productId })
  await ada.post('/addresses', { name: 'Ada', lines: ['Marktplatz 1'], country: 'DE' })
  const { body } = await ada.get('/dashboard')
  assert.deepEqual(body.charging.sums, [{ currency: 'EUR', sessions: 1, energyWh: 10_000, totalMinor: 700 }])
  assert.deepEqual([body.displayName, body.wishlist.count], ['Ada Lovelace', 1])

  await p.publish(UserDeleted, { userId: ada.id, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  // Told late.
  await p.publish(UserRegistered, registered(ada.id))
  await p.publish(SessionCharged, { ...charged, sessionId: newId() })
  await p.settle()
  for (const table of ['profiles', 'addresses', 'wishes', 'charges', 'purchases'])
    assert.deepEqual(
      [...(await p.db('users')`select * from ${p.db('users')(table)} where user_id = ${ada.id}`)],
      [],
      table,
    )
})
