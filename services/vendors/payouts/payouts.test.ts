import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { OrderRefunded } from '#contracts/orders'
import { PayoutFailed, PayoutPaid, PayoutRequested, VendorAccountChanged } from '#contracts/vendors'
import { newId } from '#kernel'
import { faultsOfBankFile } from '../../../test/invoices/schema.ts'
import { ibanOf } from '../profiles/iban.ts'
import { open as openVendors, refundOf } from '../testing.ts'
import { painOf } from './pain.ts'

const payer = { VENDORS_PAYOUT_IBAN: 'DE75512108001245126199', VENDORS_PAYOUT_HOLDER: 'Ohmnibus Börse GmbH' }
const open = (t: TestContext, environment: Record<string, string> = payer) => openVendors(t, environment)

test('what is available is paid out once: asked for, sent in a bank file, paid', async t => {
  const { p, vendor, settled, admin, earnings, isRight } = await open(t)
  const ada = await vendor()
  await settled(ada.owner)
  const asked = await ada.post('/payouts', { currency: 'EUR' })
  assert.deepEqual(
    [asked.status, asked.body.amountMinor, asked.body.status, asked.body.iban],
    [201, 90_00, 'approved', 'DE•• •••• 3000'],
    asked.text,
  )
  assert.deepEqual(await earnings(ada), [0, 0, 90_00, 0, 10_00])
  const file = await admin.post('/payout-files')
  assert.deepEqual([file.status, file.body.count, file.body.totalMinor], [201, 1, 90_00], file.text)
  assert.equal((await ada.get(`/payouts/${asked.body.id}`)).body.status, 'sent')
  assert.equal((await ada.post(`/payouts/${asked.body.id}/cancel`)).body.code, 'payout_state')
  const done = await admin.post(`/payout-files/${file.body.id}/paid`)
  assert.deepEqual(
    done.body.payouts.map(({ status }: any) => status),
    ['paid'],
  )
  await admin.post(`/payout-files/${file.body.id}/paid`)
  assert.deepEqual(await earnings(ada), [0, 0, 0, 90_00, 10_00])
  assert.deepEqual([(await p.published(PayoutRequested)).length, (await p.published(PayoutPaid)).length], [1, 1])
  for (const told of await p.published(PayoutRequested)) assert.doesNotMatch(JSON.stringify(told), /3704/)
  await isRight()
})

test('whatever an admin does to a payout is written down, with the event that tells it or by itself', async t => {
  const { p, vendor, settled, admin, acts } = await open(t)
  const ada = await vendor()
  const asked = async (amountMinor: number) => (await ada.post('/payouts', { currency: 'EUR', amountMinor })).body.id
  await settled(ada.owner, { totalMinor: 5_000_00, commissionMinor: 0 })
  const [small, other, back, large] = [await asked(1_00), await asked(2_00), await asked(3_00), await asked(2_000_00)]
  for (const [id, act] of [
    [large, 'approve'],
    [small, 'sent'],
    [back, 'cancel'],
  ] as const)
    assert.equal((await admin.post(`/payouts/${id}/${act}`)).status, 200, act)
  const file = (await admin.post('/payout-files')).body
  assert.equal((await admin.post(`/payouts/${large}/paid`)).status, 200)
  assert.equal(
    (await admin.post(`/payouts/${other}/failed`, { reason: 'The bank knows no such account.' })).status,
    200,
  )
  assert.equal((await admin.post(`/payouts/${other}/sent`)).status, 409, 'what was refused is not written down')
  await admin.get('/dac7/2027/csv')
  await p.settle()
  const by = `vendors ${admin.id}`
  assert.deepEqual(
    acts.toSorted(),
    [
      `${by} payout.approved ${large}`,
      `${by} payout.sent ${small}`,
      `${by} payout.cancelled ${back}`,
      `${by} payout-file.written ${file.id}`,
      `${by} tax-report.taken dac7/2027`,
    ].toSorted(),
  )
  // The others the audit log has from these, with who made them happen.
  const told = [...(await p.published(PayoutPaid)), ...(await p.published(PayoutFailed))]
  assert.deepEqual(
    told.map(({ payoutId, actor }) => [payoutId, actor.userId, actor.role]),
    [large, other].map(id => [id, admin.id, 'admin']),
  )
})

test('payout twice: with one key it is one, and of two that want all one is refused', async t => {
  const { vendor, settled, earnings, isRight } = await open(t)
  const ada = await vendor()
  await settled(ada.owner)
  const key = { 'idempotency-key': 'once' }
  const twice = await Promise.all([1, 2].map(() => ada.post('/payouts', { currency: 'EUR', amountMinor: 10_00 }, key)))
  assert.ok(twice.every(({ status }) => status === 201 || status === 409))
  const again = await ada.post('/payouts', { currency: 'EUR', amountMinor: 10_00 }, key)
  assert.equal(again.status, 201)
  assert.deepEqual(await earnings(ada), [0, 80_00, 10_00, 0, 10_00])
  const both = await Promise.all([1, 2].map(() => ada.post('/payouts', { currency: 'EUR' })))
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409])
  assert.deepEqual(both.find(({ status }) => status === 409)!.body.code, 'payout_short')
  assert.equal((await ada.get('/payouts')).body.items.length, 2)
  await isRight()
})

test('payout above what is settled, by ten at once: no more leaves than is there', async t => {
  const { vendor, settled, sold, earnings, isRight } = await open(t)
  const ada = await vendor()
  await settled(ada.owner)
  await sold([ada.owner])
  const above = await ada.post('/payouts', { currency: 'EUR', amountMinor: 90_01 })
  assert.deepEqual([above.body.code, above.body.availableMinor], ['payout_short', 90_00])
  const ten = await Promise.all(
    Array.from({ length: 10 }, () => ada.post('/payouts', { currency: 'EUR', amountMinor: 25_00 })),
  )
  assert.equal(ten.filter(({ status }) => status === 201).length, 3)
  assert.ok(ten.every(({ status, body }) => status === 201 || body.code === 'payout_short'))
  assert.deepEqual(await earnings(ada), [90_00, 15_00, 75_00, 0, 20_00])
  await isRight()
})

test('payout during a refund: in whichever order, all of it is booked, and what was paid out too much is owed', async t => {
  const { p, vendor, settled, earnings, isRight, clock } = await open(t)
  const ada = await vendor()
  const outcomes = new Set<number>()
  for (let round = 0; round < 30 && (round < 5 || outcomes.size < 2); round++) {
    const order = await settled(ada.owner)
    const [, before] = await earnings(ada)
    // In every other round the refund has a start, so that it comes first now and then.
    const refund = p.publish(OrderRefunded, refundOf(order, 1, clock.at)).then(() => p.settle())
    if (round % 2 === 1) await refund
    const [asked] = await Promise.all([
      ada.post('/payouts', { currency: 'EUR', amountMinor: Math.max(before!, 1) }),
      refund,
    ])
    outcomes.add(asked.status)
    if (asked.status !== 201) assert.equal(asked.body.code, 'payout_short')
    const [, available] = await earnings(ada)
    assert.equal(available, before! - 90_00 - (asked.status === 201 ? before! : 0))
    await isRight()
    // What is owed would keep all later payouts from going.
    if (available! < 0) await settled(ada.owner, { totalMinor: -available!, commissionMinor: 0 })
  }
  assert.deepEqual([...outcomes].toSorted(), [201, 409], 'each came first at least once')
})

test('refund after payout: what is available falls below zero, and what is sold next fills it first', async t => {
  const { vendor, settled, refunded, admin, earnings, isRight } = await open(t)
  const ada = await vendor()
  const order = await settled(ada.owner)
  await ada.post('/payouts', { currency: 'EUR' })
  const { id } = (await admin.post('/payout-files')).body
  await admin.post(`/payout-files/${id}/paid`)
  await refunded(order)
  assert.deepEqual(await earnings(ada), [0, -90_00, 0, 90_00, 0])
  const refused = await ada.post('/payouts', { currency: 'EUR' })
  assert.deepEqual([refused.body.code, refused.body.availableMinor], ['payout_short', -90_00])
  await settled(ada.owner, { totalMinor: 120_00, commissionMinor: 12_00 })
  assert.deepEqual((await earnings(ada))[1], 18_00)
  assert.equal((await ada.post('/payouts', { currency: 'EUR' })).body.amountMinor, 18_00)
  await isRight()
})

test('approval by the one who asked is refused, and by whoever belongs to who is paid', async t => {
  const { p, vendor, settled, admin, as, earnings, members } = await open(t)
  const organisation = newId()
  const boss = await vendor({ role: 'admin', organisation: { id: organisation, role: 'owner' } })
  await settled(boss.owner, { totalMinor: 2_000_00, commissionMinor: 0 })
  const asked = await boss.post('/payouts', { currency: 'EUR' })
  assert.equal(asked.body.status, 'requested', 'above what goes without a second person')
  const at = `/payouts/${asked.body.id}/approve`
  assert.deepEqual([(await boss.post(at)).status, (await boss.post(at)).body.code], [403, 'payout_own'])
  const alone = as({ userId: boss.id, role: 'admin' })
  assert.equal((await alone.post(at)).body.code, 'payout_own', 'nor acting for nobody')
  const colleague = as({ role: 'admin', organisation: { id: organisation, role: 'viewer' } })
  assert.equal((await colleague.post(at)).body.code, 'payout_own')
  const another = as({ role: 'admin' })
  members.set(organisation, [boss.id, another.id])
  assert.equal((await another.post(at)).body.code, 'payout_own', 'a member who acts for nobody just now')
  assert.equal((await as().post(at)).status, 403)
  assert.equal((await admin.post('/payout-files')).body.code, 'payouts_none', 'what waits goes nowhere')
  assert.equal((await admin.post(at)).body.approvedBy, admin.id)
  assert.equal((await admin.post(at)).body.code, 'payout_state')
  assert.equal((await admin.post('/payout-files')).body.count, 1)
  assert.deepEqual((await earnings(boss))[2], 2_000_00)
  assert.equal((await p.published(PayoutRequested))[0]!.status, 'requested')
})

test('in pieces a day’s payouts need a second person as the whole would; who has an editor’s role asks for none', async t => {
  const { vendor, settled, as, days } = await open(t)
  const organisation = newId()
  const ada = await vendor({ organisation: { id: organisation, role: 'admin' } })
  await settled(ada.owner, { totalMinor: 5_000_00, commissionMinor: 0 })
  const ask = async (amountMinor: number) => (await ada.post('/payouts', { currency: 'EUR', amountMinor })).body.status
  assert.deepEqual([await ask(600_00), await ask(400_00), await ask(1)], ['approved', 'approved', 'requested'])
  days(2)
  assert.equal(await ask(600_00), 'approved')
  const editor = as({ organisation: { id: organisation, role: 'editor' } })
  assert.equal((await editor.post('/payouts', { currency: 'EUR' })).body.code, 'account_manager_required')
  assert.equal((await editor.get('/account')).body.code, 'account_manager_required')
})

test('vendor suspended with a payout under way and let back in: it waits, and then goes on', async t => {
  const { vendor, settled, admin, earnings, isRight } = await open(t)
  const ada = await vendor()
  await settled(ada.owner)
  const asked = await ada.post('/payouts', { currency: 'EUR', amountMinor: 50_00 })
  await admin.post(`/${ada.vendorId}/suspend`, { reason: 'Sells what was called back' })
  assert.equal((await ada.post('/payouts', { currency: 'EUR' })).body.code, 'vendor_suspended')
  assert.equal((await admin.post('/payout-files')).body.code, 'payouts_none')
  assert.equal((await admin.post(`/payouts/${asked.body.id}/sent`)).body.code, 'vendor_suspended')
  assert.deepEqual(await earnings(ada), [0, 40_00, 50_00, 0, 10_00])
  await admin.post(`/${ada.vendorId}/reinstate`, {})
  assert.equal((await admin.post('/payout-files')).body.totalMinor, 50_00)
  await isRight()
})

test('bank file twice: the same bytes each time, and each payout in one file', async t => {
  const { p, vendor, settled, admin, as } = await open(t)
  const ada = await vendor({}, { accountHolder: 'Müller & Søn <GmbH>' })
  await settled(ada.owner, { totalMinor: 300_00, commissionMinor: 0 })
  for (const amountMinor of [100_50, 9_99, 1]) await ada.post('/payouts', { currency: 'EUR', amountMinor })
  const key = { 'idempotency-key': 'file' }
  const first = await admin.post('/payout-files', undefined, key)
  assert.equal((await admin.post('/payout-files', undefined, key)).body.id, first.body.id)
  assert.equal((await admin.post('/payout-files')).body.code, 'payouts_none')
  const late = await ada.post('/payouts', { currency: 'EUR', amountMinor: 2_00 })
  // Of two who write a file at once one has it.
  const both = await Promise.all([admin.post('/payout-files'), as({ role: 'admin' }).post('/payout-files')])
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409])
  const xml = (await admin.get(`/payout-files/${first.body.id}/xml`)).text
  assert.equal((await admin.get(`/payout-files/${first.body.id}/xml`)).text, xml)
  assert.doesNotMatch(xml, new RegExp(late.body.id.replaceAll('-', '')))
  const all = (name: string) =>
    [...xml.matchAll(new RegExp(`<${name}[^>]*>([^<]*)</${name}>`, 'g'))].map(([, one]) => one)
  assert.match(xml, /<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain\.001\.001\.09">/)
  assert.deepEqual(
    [all('NbOfTxs'), all('CtrlSum')],
    [
      ['3', '3'],
      ['110.50', '110.50'],
    ],
  )
  assert.deepEqual(all('InstdAmt').toSorted(), ['0.01', '100.50', '9.99'])
  assert.deepEqual(new Set(all('EndToEndId')).size, 3)
  assert.ok(all('IBAN').every(one => ibanOf(one!) === one))
  assert.deepEqual([...new Set(all('Nm'))], ['Ohmnibus Borse GmbH', 'Muller Son GmbH'])
  assert.ok([...all('MsgId'), ...all('EndToEndId')].every(one => /^[0-9a-f]{32}$/.test(one!)))
  const files = await p.db(
    'vendors',
  )`select count(*)::int as files, count(distinct id)::int as payouts from payouts where file_id is not null`
  assert.deepEqual({ ...files[0] }, { files: 4, payouts: 4 })
  assert.equal((await as().get(`/payout-files/${first.body.id}/xml`)).status, 403)
})

/** One payout, to somebody whose name no bank can write. */
const bankFile = () =>
  painOf({
    id: newId(),
    currency: 'EUR',
    createdAt: new Date('2027-03-01T12:00:00Z'),
    debtor: { holder: 'A', iban: 'DE75512108001245126199' },
    transfers: [{ id: newId(), minor: 1n, iban: 'DE89370400440532013000', holder: '株式会社' }],
  })

test('the elements of a bank file stand in the order of its schema', () => {
  const xml = bankFile()
  const order = [...xml.matchAll(/<(\w+)[ >]/g)].map(([, name]) => name)
  assert.deepEqual(
    order.join(' '),
    'Document CstmrCdtTrfInitn GrpHdr MsgId CreDtTm NbOfTxs CtrlSum InitgPty Nm PmtInf PmtInfId PmtMtd NbOfTxs CtrlSum ' +
      'PmtTpInf SvcLvl Cd ReqdExctnDt Dt Dbtr Nm DbtrAcct Id IBAN DbtrAgt FinInstnId Othr Id ChrgBr CdtTrfTxInf PmtId ' +
      'EndToEndId Amt InstdAmt Cdtr Nm CdtrAcct Id IBAN RmtInf Ustrd',
  )
  assert.match(xml, /<Nm>NOTPROVIDED<\/Nm>/)
})

test('a bank file is valid by the schema of ISO 20022', async t => {
  assert.equal(await faultsOfBankFile(t, bankFile()), '')
  const wrong = bankFile().replace('<NbOfTxs>', '<NbOfThem>').replace('</NbOfTxs>', '</NbOfThem>')
  assert.match(await faultsOfBankFile(t, wrong), /NbOfThem/)
})

test('no file without the account of the platform; other currencies are sent otherwise', async t => {
  const { vendor, settled, admin } = await open(t, {})
  const ada = await vendor()
  await settled(ada.owner, { currency: 'SEK' })
  const { id } = (await ada.post('/payouts', { currency: 'SEK' })).body
  assert.equal((await admin.post('/payout-files')).body.code, 'payer_account_missing')
  assert.equal((await admin.post(`/payouts/${id}/sent`)).body.status, 'sent')
  assert.equal((await admin.post(`/payouts/${id}/paid`)).body.status, 'paid')
})

test('what fails, or comes back from the bank, is available again, and the vendor reads why', async t => {
  const { p, vendor, settled, admin, earnings, isRight, as } = await open(t)
  const [ada, eve] = [await vendor(), await vendor({}, { name: 'Eve' })]
  await settled(ada.owner)
  const { id } = (await ada.post('/payouts', { currency: 'EUR' })).body
  assert.equal((await eve.get(`/payouts/${id}`)).body.code, 'payout_unknown')
  assert.equal((await eve.post(`/payouts/${id}/cancel`)).body.code, 'payout_unknown')
  assert.deepEqual((await eve.get(`/payouts?vendorId=${ada.vendorId}`)).body.items, [])
  assert.equal((await admin.post(`/payouts/${id}/paid`)).body.code, 'payout_state', 'not before it was sent')
  await admin.post('/payout-files')
  await admin.post(`/payouts/${id}/paid`)
  const failed = await admin.post(`/payouts/${id}/failed`, { reason: 'Account closed' })
  assert.deepEqual([failed.body.status, failed.body.reason], ['failed', 'Account closed'])
  assert.equal((await admin.post(`/payouts/${id}/failed`, { reason: 'Again' })).body.code, 'payout_state')
  assert.deepEqual(await earnings(ada), [0, 90_00, 0, 0, 10_00])
  const second = await ada.post('/payouts', { currency: 'EUR' })
  assert.equal((await ada.post(`/payouts/${second.body.id}/cancel`)).body.status, 'cancelled')
  assert.deepEqual(await earnings(ada), [0, 90_00, 0, 0, 10_00])
  assert.deepEqual(
    (await p.published(PayoutFailed)).map(({ reason }) => reason),
    ['Account closed'],
  )
  assert.equal((await as().get('/payouts')).body.items.length, 0)
  await isRight()
})

test('an account number that fails its check is refused; each change is written down, told, and wants a second person', async t => {
  const { p, vendor, settled, as, days } = await open(t)
  const ada = await vendor()
  await settled(ada.owner, { totalMinor: 500_00, commissionMinor: 0 })
  const put = (iban: string) => ada.put('/account', { iban, accountHolder: 'Voltwerk GmbH' })
  for (const iban of ['DE89370400440532013001', 'NL91ABNA0417164301', 'US64SVBKUS6S3300958879', 'DE'])
    assert.equal((await put(iban)).body.code, 'iban_invalid', iban)
  const pending = await ada.post('/payouts', { currency: 'EUR', amountMinor: 1_00 })
  assert.equal((await put('NL91 ABNA 0417 1643 00')).status, 200)
  const { iban, changes } = (await ada.get('/account')).body
  assert.deepEqual([iban, changes.length, changes[0].changedBy], ['NL•• •••• 4300', 2, ada.id])
  assert.deepEqual(
    (await p.published(VendorAccountChanged)).map(({ account }) => account),
    ['NL•• •••• 4300'],
  )
  assert.equal((await ada.get(`/payouts/${pending.body.id}`)).body.iban, 'DE•• •••• 3000', 'it goes where it was to go')
  const ask = async () => (await ada.post('/payouts', { currency: 'EUR', amountMinor: 1_00 })).body.status
  assert.equal(await ask(), 'requested')
  days(8)
  assert.equal(await ask(), 'approved')
  assert.equal((await as().get('/account')).body.code, 'vendor_unknown')
  const [log] = await p.db('vendors')`select count(*)::int as n from account_changes where iban ~ '[0-9]{6}'`
  assert.equal(log!.n, 0)
})

test('the account of a vendor is changed by who proved lately to be it, on either route, and its owner is told', async t => {
  const { p, vendor, as, whole, clock } = await open(t)
  const organisation = newId()
  const ada = await vendor({ organisation: { id: organisation, role: 'owner' } })
  const other = { iban: 'NL91 ABNA 0417 1643 00', accountHolder: 'Voltwerk GmbH' }
  const old = p.signedIn({ userId: ada.id, organisation: { id: organisation, role: 'owner' } })
  clock.at = new Date(clock.at.getTime() + 6 * 60_000)
  const stale = async (url: string, payload: object) => {
    const { statusCode, headers, body } = await p.http.inject({ method: 'PUT', url, headers: old, payload })
    return [statusCode, JSON.parse(body).code, headers['www-authenticate']]
  }
  for (const [path, body] of [
    ['account', other],
    ['profile', { ...whole, ...other }],
    ['profile', { ...whole, accountHolder: 'Mallory' }],
    ['profile', { ...whole, iban: null }],
    ['profile', { ...whole, accountHolder: null }],
  ] as const) {
    const [status, code, challenge] = await stale(`/api/vendors/${path}`, body)
    assert.deepEqual([status, code], [401, 'fresh_sign_in_required'], JSON.stringify(body))
    assert.match(String(challenge), /insufficient_user_authentication.*max_age="300"/)
  }
  const { iban: _, accountHolder: __, ...rest } = whole
  for (const same of [whole, { ...rest, name: 'Voltwerk Nord' }])
    assert.deepEqual((await stale('/api/vendors/profile', same)).slice(0, 1), [200], 'all else needs no proof')
  const editor = as({ organisation: { id: organisation, role: 'editor' } })
  assert.equal((await editor.put('/profile', { ...rest, name: 'Voltwerk' })).body.iban, 'DE•• •••• 3000')
  for (const [path, body] of [
    ['/account', other],
    ['/profile', { ...rest, ...other }],
  ] as const)
    assert.equal((await editor.put(path, body)).body.code, 'account_manager_required')
  assert.deepEqual(await p.published(VendorAccountChanged), [])
  assert.equal((await ada.put('/profile', { ...whole, ...other })).body.iban, 'NL•• •••• 4300')
  assert.equal((await ada.put('/profile', { ...whole, ...other, accountHolder: 'Voltwerk Nord GmbH' })).status, 200)
  assert.equal((await ada.put('/account', { iban: whole.iban, accountHolder: 'Voltwerk GmbH' })).status, 200)
  assert.deepEqual(
    (await p.published(VendorAccountChanged)).map(({ account, owner }) => [account, owner.id]),
    [
      ['NL•• •••• 4300', organisation],
      ['NL•• •••• 4300', organisation],
      ['DE•• •••• 3000', organisation],
    ],
  )
})

test('who has left is paid what was theirs, and forgotten when nothing of it is left; a dispute lost after the vendor left is owed', async t => {
  const { p, vendor, settled, sold, delivered, days, disputed, periodically, admin, earnings, isRight } = await open(t)
  const organisation = newId()
  const ada = await vendor()
  const team = await vendor({ organisation: { id: organisation, role: 'owner' } }, { name: 'Team' })
  const first = await settled(ada.owner)
  const late = await sold([ada.owner])
  await p.publish(UserDeleted, { userId: ada.id, email: 'ada@example.com', locale: 'en', version: 9 })
  await p.publish(OrganisationDeleted, { organisationId: organisation, version: 9 } as never)
  await p.settle()
  const kept = async (id: string) => {
    const [row] = await p.db('vendors')`select iban, email, status from vendors where id = ${id}`
    return { ...row }
  }
  await periodically(/who has left/)
  assert.deepEqual(
    await kept(team.vendorId),
    { iban: null, email: null, status: 'closed' },
    'nothing is left of theirs',
  )
  assert.deepEqual(await kept(ada.vendorId), { iban: 'DE89370400440532013000', email: null, status: 'closed' })
  const of = (what: string) => admin.get(`/${what}?vendorId=${ada.vendorId}`)
  assert.deepEqual(
    (await of('payouts')).body.items.map(({ amountMinor, requestedBy }: any) => [amountMinor, requestedBy]),
    [[90_00, null]],
  )
  await admin.post(`/payout-files/${(await admin.post('/payout-files')).body.id}/paid`)
  await delivered(late)
  days(15)
  await periodically(/^settle/)
  await periodically(/who has left/)
  const { id } = (await admin.post('/payout-files')).body
  await periodically(/who has left/)
  assert.notEqual((await kept(ada.vendorId)).iban, null, 'it is on its way')
  await admin.post(`/payout-files/${id}/paid`)
  await periodically(/who has left/)
  assert.equal((await kept(ada.vendorId)).iban, null)
  for (const state of ['opened', 'lost'] as const) await disputed(first, state)
  assert.deepEqual(
    await earnings({ get: path => admin.get(`${path}?vendorId=${ada.vendorId}`) }),
    [0, -90_00, 0, 180_00, 10_00],
  )
  await periodically(/who has left/)
  await isRight()
})

test('ended between any two steps of a payout nothing of it is there, and again it is there once', async t => {
  const { p, vendor, settled, admin, earnings, isRight } = await open(t)
  const ada = await vendor()
  await settled(ada.owner, { totalMinor: 900_00, commissionMinor: 0 })
  const db = p.db('vendors')
  const broken = async (at: string, work: () => Promise<{ status: number }>) => {
    await db.unsafe(`
      create function public.broken() returns trigger language plpgsql as $$ begin raise exception 'ended here'; end $$;
      create trigger broken after insert or update on ${at} for each statement execute function public.broken()`)
    assert.equal((await work()).status, 500, at)
    await db.unsafe(`drop trigger broken on ${at}; drop function public.broken()`)
  }
  const steps = ['vendors.payouts', 'vendors.ledger_entries', 'vendors.ledger_transfers', 'vendors.ledger_accounts']
  const ask = () => ada.post('/payouts', { currency: 'EUR', amountMinor: 100_00 })
  for (const at of steps) await broken(at, ask)
  assert.deepEqual(await earnings(ada), [0, 900_00, 0, 0, 0])
  const { id } = (await ask()).body
  for (const at of ['vendors.payout_files', 'vendors.payouts']) await broken(at, () => admin.post('/payout-files'))
  assert.equal((await ada.get(`/payouts/${id}`)).body.status, 'approved')
  const file = (await admin.post('/payout-files')).body
  for (const at of steps) await broken(at, () => admin.post(`/payout-files/${file.id}/paid`))
  assert.deepEqual(await earnings(ada), [0, 800_00, 100_00, 0, 0])
  await admin.post(`/payout-files/${file.id}/paid`)
  for (const at of steps) await broken(at, () => admin.post(`/payouts/${id}/failed`, { reason: 'Returned' }))
  assert.deepEqual(await earnings(ada), [0, 800_00, 0, 100_00, 0])
  await isRight()
})
