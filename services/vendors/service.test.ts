import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SwitchTurned } from '#contracts/admin'
import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { CategoryCreated, ProductCreated, ReviewAdded } from '#contracts/marketplace'
import { OrderRefunded, PaymentSucceeded, RefundFailed } from '#contracts/orders'
import { VendorApproved, VendorRegistered, VendorSuspended, VendorUpdated } from '#contracts/vendors'
import { newId } from '#kernel'
import { ibanOf } from './profiles/iban.ts'
import { until } from '../../test/kernel/toys.ts'
import { open } from './testing.ts'

test('who wants to sell sees what is missing, hands it in, and is let in or told why not', async t => {
  const { p, as, admin, whole, sellers, evidence, foreign, clock } = await open(t)
  const ada = as()
  assert.deepEqual([(await ada.get('/profile')).status, (await ada.get('/profile')).body.code], [404, 'vendor_unknown'])
  const begun = await ada.put('/profile', { name: 'Völt & Söhne', status: 'active', verified: true })
  assert.equal(begun.body.errors[0].pointer, '/status', 'nobody lets themselves in')
  const first = await ada.put('/profile', { name: 'Völt & Söhne' })
  assert.deepEqual([first.status, first.body.slug, first.body.status], [200, 'volt-sohne', 'draft'])
  assert.deepEqual(
    first.body.checklist.map(({ step, done, missing }: any) => [step, done, missing]),
    [
      ['profile', false, ['description', 'email']],
      ['seller', false, ['seller']],
      ['payment', false, ['iban', 'accountHolder']],
      ['evidence', false, ['evidence']],
      ['terms', false, ['acceptTerms']],
    ],
  )
  const early = await ada.post('/profile/submit')
  assert.deepEqual([early.body.code, early.body.missing.length], ['onboarding_incomplete', 7])

  for (const [more, code] of [
    [{ iban: 'DE89 3704 0044 0532 0130 01' }, 'iban_invalid'],
    [{ iban: 'DE893704004405320130' }, 'iban_invalid'],
    [{ evidence: [newId()] }, 'evidence_unknown'],
    [{ evidence: [evidence, foreign] }, 'evidence_unknown'],
    [{ avatarId: newId() }, 'evidence_unknown'],
  ] as const)
    assert.equal((await ada.put('/profile', { ...whole, ...more })).body.code, code)
  const stale = await ada.put('/profile', whole, { 'if-match': '"7"' })
  assert.equal(stale.status, 412)
  const changed = await ada.put('/profile', whole, { 'if-match': '"1"' })
  assert.deepEqual([changed.body.iban, changed.body.evidence], ['DE•• •••• 3000', [evidence]], changed.text)
  assert.deepEqual((await ada.post('/profile/submit')).body.missing, ['seller'])
  sellers.add(ada.id)
  assert.equal((await ada.post('/profile/submit')).body.status, 'pending')
  assert.equal((await ada.post('/profile/submit')).body.code, 'vendor_state')

  assert.equal((await ada.post(`/${ada.id}/approve`, {})).status, 403)
  const queue = (await admin.get('/applications')).body.items
  assert.deepEqual([queue.length, queue[0].vendorId], [1, ada.id])
  assert.equal((await admin.post(`/${ada.id}/reject`, {})).status, 400, 'with a reason')
  const refused = await admin.post(`/${ada.id}/reject`, { reason: 'Of another company' })
  assert.deepEqual([refused.body.status, refused.body.reason], ['rejected', 'Of another company'])
  assert.equal((await ada.get('/profile')).body.reason, 'Of another company')
  clock.at = new Date('2027-03-02T12:00:00Z')
  await ada.post('/profile/submit')
  // What it takes away after that is missed before it is let in.
  await ada.put('/profile', { ...whole, iban: null })
  const lacking = await admin.post(`/${ada.id}/approve`, {})
  assert.deepEqual([lacking.body.code, lacking.body.missing], ['onboarding_incomplete', ['iban']])
  await ada.put('/profile', whole)
  // Of two admins one decides.
  const { version } = (await ada.get('/profile')).body
  const both = await Promise.all(
    [admin, as({ role: 'admin' })].map(one => one.post(`/${ada.id}/approve`, {}, { 'if-match': `"${version}"` })),
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412])
  const shown = await as().get(`/${ada.id}`)
  assert.deepEqual([shown.body.verified, shown.body.email, shown.body.iban], [true, undefined, undefined])
  const decided = (await admin.get(`/${ada.id}/decisions`)).body.items
  assert.deepEqual(
    decided.map(({ decision }: any) => decision),
    ['approve', 'reject'],
  )
  assert.equal((await p.published(VendorRegistered)).length, 1)
  const [approved] = await p.published(VendorApproved)
  assert.deepEqual([approved!.applicantId, approved!.status], [ada.id, 'active'])
  for (const told of await p.published(VendorUpdated))
    assert.doesNotMatch(JSON.stringify(told), /3704|shop@example/, 'where their money goes is told to nobody')
})

test('where asking to be let in is switched off, for all or for one, nobody gets on with it until it is on again', async t => {
  const { p, as, whole, sellers } = await open(t)
  const [ada, bob] = [as(), as()]
  for (const one of [ada, bob]) {
    sellers.add(one.id)
    await one.put('/profile', whole)
  }
  let version = 1
  const turn = async (how: object) => {
    const all = { name: 'vendors.registration', isOn: true, shareBasisPoints: 10_000, only: [], never: [], ...how }
    await p.publish(SwitchTurned, { ...all, version: ++version })
  }
  const codeOf = async (one: typeof ada) => (await one.post('/profile/submit')).body.code
  await turn({ isOn: false })
  await until(async () => (await codeOf(ada)) === 'feature_off')
  assert.equal((await ada.post('/profile/submit')).status, 403)
  assert.equal((await ada.put('/profile', { ...whole, name: 'Another' })).status, 200, 'all else goes on')
  await turn({ never: [bob.id] })
  await until(async () => (await codeOf(ada)) !== 'feature_off')
  assert.equal((await ada.get('/profile')).body.status, 'pending')
  assert.equal(await codeOf(bob), 'feature_off')
})

test('an account number that fails its check is none', () => {
  for (const good of ['DE89370400440532013000', 'gb82 west 1234 5698 7654 32', 'MT84MALT011000012345MTLCAST001S'])
    assert.ok(ibanOf(good), good)
  for (const bad of ['DE88370400440532013000', 'DE8937040044053201300', 'XX89370400440532013000', '', 'DE', '١٢'])
    assert.equal(ibanOf(bad), undefined, bad)
})

test('a vendor is suspended and let back in; who has two organisations is two vendors', async t => {
  const { p, as, admin, vendor } = await open(t)
  const [one, two] = [newId(), newId()]
  const ada = newId()
  const first = await vendor({ userId: ada, organisation: { id: one, role: 'owner' } })
  const second = await vendor({ userId: ada, organisation: { id: two, role: 'editor' } }, { name: 'Ampwerk' })
  assert.deepEqual(
    [(await first.get('/profile')).body.name, (await second.get('/profile')).body.name],
    ['Voltwerk', 'Ampwerk'],
  )
  const viewer = as({ organisation: { id: one, role: 'viewer' } })
  assert.equal((await viewer.get('/profile')).status, 200)
  assert.equal((await viewer.put('/profile', { name: 'Mine' })).body.code, 'editor_required')

  assert.equal((await admin.post(`/${one}/suspend`, { reason: 'Sells what was called back' })).status, 200)
  assert.deepEqual(
    [
      (await as().get(`/${one}`)).status,
      (await as().get('/shop/v/voltwerk')).status,
      (await as().get(`/${two}`)).status,
    ],
    [404, 404, 200],
  )
  assert.equal((await admin.post(`/${one}/suspend`, { reason: 'Again' })).body.code, 'vendor_state')
  assert.equal((await first.put('/profile', { name: 'Voltwerk' })).body.status, 'suspended', 'who changes stays so')
  assert.equal((await admin.post(`/${one}/reinstate`, {})).body.status, 'active')
  assert.equal((await as().get(`/${one}`)).status, 200)
  assert.deepEqual(
    (await p.published(VendorSuspended)).map(({ reason }) => reason),
    ['Sells what was called back'],
  )
})

test('a name in addresses that was taken stays with its vendor: changed it leads on, and nobody else gets it', async t => {
  const { as, vendor } = await open(t)
  const first = await vendor({}, { name: 'Ohm' })
  await first.put('/profile', { name: 'Ohm', slug: 'ohm-and-sons' })
  const moved = await as().get('/shop/v/ohm')
  assert.deepEqual([moved.status, moved.headers.location], [301, '/shop/v/ohm-and-sons'])
  const second = await vendor({}, { name: 'Ohm' })
  assert.equal((await second.get('/profile')).body.slug, 'ohm-2')
  assert.equal((await second.put('/profile', { name: 'Ohm', slug: 'ohm' })).body.code, 'slug_taken')
  assert.equal((await second.get('/profile')).body.slug, 'ohm-2', 'nothing of it stays')
  await first.put('/profile', { name: 'Ohm', slug: 'ohm' })
  assert.equal((await as().get('/shop/v/ohm-and-sons')).headers.location, '/shop/v/ohm')
})

test('the page and the figures of a vendor are those of what it sold, in whatever order that is told', async t => {
  const { p, as, vendor, clock } = await open(t)
  const { vendorId, get } = await vendor()
  const owner = { kind: 'person', id: vendorId } as const
  const [productId, orderId, partId, lineId, refundId] = Array.from({ length: 5 }, () => newId()) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const listing = {
    productId,
    vendorId,
    owner,
    name: 'Wallbox <11> kW',
    slug: 'wallbox-11',
    kind: 'physical' as const,
    status: 'active' as const,
    forSale: true,
    categoryId: null,
    taxClass: 'standard',
    taxIncluded: true,
    thumbnail: null,
    passportId: null,
    variants: [],
    version: 2,
  }
  await p.publish(ProductCreated, { ...listing, variants: [] as never })
  await p.publish(ReviewAdded, { reviewId: newId(), productId, vendorId, userId: null, rating: 4, version: 1 })
  await p.publish(ReviewAdded, { reviewId: newId(), productId, vendorId, userId: null, rating: 5, version: 1 })
  const order = { orderId, number: 'K7M2Q-9XWTB', userId: newId(), version: 2, currency: 'EUR' }
  const back = {
    ...order,
    refundId,
    amountMinor: 50_00,
    parts: [{ partId, vendorId, amountMinor: 50_00, commissionMinor: 5_00 }],
    at: '2027-03-01T13:00:00.000Z',
  }
  // That it failed is told before that it was made, and both before the payment.
  await p.publish(RefundFailed, { ...back, refundId: newId() })
  await p.publish(OrderRefunded, { ...back, whole: false, reason: 'broken', items: [] })
  await p.publish(PaymentSucceeded, {
    ...order,
    subtotalMinor: 200_00,
    discountMinor: 0,
    shippingMinor: 5_00,
    taxMinor: 0,
    totalMinor: 205_00,
    giftCardMinor: 0,
    status: 'processing',
    paymentStatus: 'paid',
    country: 'DE',
    cartId: newId(),
    parts: [
      { partId, vendorId, vendor: owner, shippingMinor: 5_00, taxMinor: 0, totalMinor: 205_00, commissionMinor: 20_00 },
    ],
    items: [
      {
        lineId,
        partId,
        vendorId,
        productId,
        variantId: newId(),
        productName: listing.name,
        sku: 'W',
        kind: 'physical',
        quantity: 2,
        priceMinor: 100_00,
        discountMinor: 0,
        netMinor: 200_00,
        taxMinor: 0,
        totalMinor: 200_00,
        commissionBasisPoints: 1_000,
        commissionMinor: 20_00,
        passportId: null,
      },
    ],
    at: '2027-02-28T23:59:59.999Z',
    paymentMethod: 'stripe',
    paymentId: null,
    paymentIntent: null,
  })
  await p.settle()
  const own = (await get('/profile')).body
  assert.deepEqual(
    [own.productsCount, own.averageRating, own.totalRevenue],
    [1, 4.5, [{ currency: 'EUR', totalMinor: 205_00 }]],
    'one refund was made, and another one failed',
  )
  const { days, totals, topProducts } = (await get('/analytics')).body
  assert.deepEqual(
    days.map(({ day, orders, pieces, totalMinor, commissionMinor }: any) => [
      day,
      orders,
      pieces,
      totalMinor,
      commissionMinor,
    ]),
    [
      ['2027-02-28', 1, 2, 205_00, 20_00],
      ['2027-03-01', 0, 0, 0, 0],
    ],
  )
  assert.deepEqual(totals, [{ currency: 'EUR', orders: 1, pieces: 2, totalMinor: 205_00, commissionMinor: 20_00 }])
  assert.deepEqual([topProducts.length, topProducts[0].pieces], [1, 2])
  assert.deepEqual((await get('/analytics?from=2027-03-01&to=2027-03-01')).body.days.length, 1)
  for (const query of ['from=2027-03-02&to=2027-03-01', 'from=2020-01-01&to=2027-03-01'])
    assert.equal((await get(`/analytics?${query}`)).status, 400)
  assert.equal((await as().get('/analytics')).body.code, 'vendor_unknown', 'nobody reads what another one sold')

  const { status, text } = await as().get('/shop/v/voltwerk', undefined, { 'accept-language': 'de' })
  assert.equal(status, 200)
  for (const part of ['Wallboxes &#60;from&#62; Regensburg.', 'Wallbox &#60;11&#62; kW', '4,5 von 5', 'seit 2027'])
    assert.ok(text.includes(part), part)
  clock.at = new Date('2027-05-01T00:00:00Z')
  assert.deepEqual((await get('/analytics')).body.days, [], 'the last thirty days')
})

test('the nearest rule says what the platform keeps, and which one it is can be seen', async t => {
  const { p, admin, vendor, clock } = await open(t)
  const { vendorId, get, post } = await vendor()
  const [root, leaf, stranger] = [newId(), newId(), newId()]
  const names = { en: 'x', de: 'x' }
  await p.publish(CategoryCreated, { categoryId: root, parentId: null, path: [root], slug: 'a', names, version: 1 })
  await p.publish(CategoryCreated, {
    categoryId: leaf,
    parentId: root,
    path: [root, leaf],
    slug: 'b',
    names,
    version: 1,
  })
  await p.settle()
  const rule = async (basisPoints: number, more: object = {}) => {
    const made = await admin.post('/commission-rules', { basisPoints, ...more })
    assert.equal(made.status, 201, made.text)
    clock.at = new Date(clock.at.getTime() + 1000)
    return made.body.id as string
  }
  assert.equal((await post('/commission-rules', { basisPoints: 0 })).status, 403)
  const kept = async (categoryId?: string) =>
    (await get(`/commission${categoryId ? `?categoryId=${categoryId}` : ''}`)).body.basisPoints
  assert.equal(await kept(), 0)
  await rule(1_000)
  const later = await rule(900)
  await rule(500, { vendorId: newId() })
  assert.equal(await kept(), 900, 'of two as near the later one')
  await rule(800, { categoryId: root })
  const deep = await rule(700, { categoryId: leaf, fixed: { currency: 'EUR', amountMinor: 30 } })
  assert.deepEqual([await kept(), await kept(root), await kept(leaf), await kept(stranger)], [900, 800, 700, 900])
  await rule(600, { vendorId })
  const nearest = await rule(300, { vendorId, categoryId: root })
  assert.deepEqual([await kept(), await kept(leaf)], [600, 300])
  const shown = (await get(`/commission?categoryId=${leaf}`)).body.rules.map(({ basisPoints }: any) => basisPoints)
  assert.deepEqual(shown, [300, 600, 700, 800, 900, 1_000])
  await rule(100, { vendorId, from: '2027-04-01T00:00:00.000Z' })
  assert.equal(await kept(), 600, 'what begins later does not hold yet')

  for (const id of [nearest, deep, later]) assert.equal((await admin.delete(`/commission-rules/${id}`)).status, 204)
  assert.equal((await admin.delete(`/commission-rules/${later}`)).body.code, 'rule_ended')
  assert.deepEqual([await kept(leaf), await kept(stranger)], [600, 600])
  for (const more of [{ from: '2020-01-01T00:00:00.000Z' }, { until: '2020-01-01T00:00:00.000Z' }])
    assert.equal((await admin.post('/commission-rules', { basisPoints: 1, ...more })).body.code, 'rule_period')
  assert.equal((await admin.get('/commission-rules?inForce=true')).body.items.length, 4)
})

test('who leaves sells nothing any more, and nothing says any more who they were', async t => {
  const { p, as, admin, vendor, periodically } = await open(t)
  const organisation = newId()
  const ada = await vendor()
  const team = await vendor({ organisation: { id: organisation, role: 'owner' } }, { name: 'Team' })
  await p.publish(UserDeleted, { userId: ada.id, email: 'ada@example.com', locale: 'en', version: 9 })
  await p.publish(OrganisationDeleted, { organisationId: organisation, version: 9 } as never)
  await p.settle()
  // Where their money goes is kept until they have all of it: nothing is left here.
  await periodically(/who has left/)
  for (const { vendorId } of [ada, team]) {
    assert.equal((await as().get(`/${vendorId}`)).status, 404)
    const rows = await p.db(
      'vendors',
    )`select iban, email, status, applicant_id, evidence from vendors where id = ${vendorId}`
    assert.deepEqual([...rows], [{ iban: null, email: null, status: 'closed', applicant_id: null, evidence: [] }])
  }
  assert.equal((await ada.put('/profile', { name: 'Again' })).body.code, 'vendor_closed')
  assert.equal((await admin.post(`/${ada.id}/reinstate`, {})).body.code, 'vendor_state')
})
