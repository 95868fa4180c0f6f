import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from '#kernel'
import { UserDeleted } from '#contracts/identity'
import { BatterySold } from '#contracts/orders'
import { PassportInterestChanged, PassportShared } from '#contracts/passports'
import { codeOf, member, open, publishable, type Client } from '../testing.ts'

const wish = { name: 'ReCell GmbH', purpose: 'treatment', reason: 'It stands in our workshop' }

async function asked(t: Parameters<typeof open>[0]) {
  const { p, as } = await open(t)
  const [owner, recycler] = [as(), as({ userId: newId(), ...member(newId(), 'editor') })]
  const attributes = { dismantlingInformation: [{ title: 'How to open it', url: 'https://voltaic.example/open' }] }
  const { id } = await owner.make({ ...publishable('BP-1'), attributes })
  assert.equal((await owner.post(`/${id}/publish`)).status, 200)
  const { status, body } = await recycler.post(`/${id}/requests`, wish)
  assert.equal(status, 201, JSON.stringify(body))
  return { p, as, owner, recycler, id, request: body.id as string }
}

const reads = async (client: Client, id: string): Promise<string> => (await client.get(`/${id}`)).body.audience
const act = async (client: Client, request: string, move: string, body: object = {}) =>
  await client.post(`/requests/${request}/${move}`, body)

async function sell({ publish, settle }: Awaited<ReturnType<typeof asked>>['p'], passportId: string, buyer: string) {
  const person = (id: string) => ({ kind: 'person' as const, id })
  const line = { orderId: newId(), lineId: newId(), productId: newId(), serial: null, at: '2027-02-18T08:00:00.000Z' }
  await publish(BatterySold, { ...line, passportId, seller: person(newId()), buyer: person(buyer) })
  await settle()
}

suite('the desk of legitimate interests', () => {
  test('one asks, the owner asks back, gives until a time, and takes it back at once', async t => {
    const { p, owner, recycler, id, request } = await asked(t)
    const [waiting] = (await owner.get('/requests?state=open')).body.items
    assert.deepEqual(
      [waiting.id, waiting.askerName, waiting.identifier, waiting.points, waiting.verifiedAs],
      [request, 'ReCell GmbH', 'BP-1', [1, 2, 4], []],
    )
    assert.equal(await reads(recycler, id), 'public')
    assert.equal((await act(owner, request, 'ask', { question: 'Since when?' })).body.state, 'asked_back')
    assert.equal((await act(recycler, request, 'answer', { answer: 'Since Monday' })).body.state, 'open')
    const given = (await act(owner, request, 'give', { until: '2999-01-01T00:00:00.000Z' })).body
    assert.deepEqual([given.state, given.givenUntil], ['given', '2999-01-01T00:00:00.000Z'])
    assert.equal(await reads(recycler, id), 'interest')
    const [own] = (await recycler.get('/requests?as=asker')).body.items
    assert.deepEqual([own.state, own.question, own.answer], ['given', 'Since when?', 'Since Monday'])
    assert.equal((await recycler.get(`/${id}/access-log`)).body.items.length > 0, true, 'each sees their own uses')

    assert.equal((await act(owner, request, 'revoke', { reason: 'Sold' })).body.decision, 'Sold')
    assert.equal(await reads(recycler, id), 'public')
    assert.deepEqual(
      (await p.published(PassportInterestChanged)).map(({ state }) => state),
      ['open', 'asked_back', 'open', 'given', 'revoked'],
    )
    assert.deepEqual(
      (await p.published(PassportShared)).map(({ shared }) => shared),
      [true, false],
    )
  })

  test('a time that is over is neither asked for nor given', async t => {
    const { owner, recycler, id, request } = await asked(t)
    const past = { until: '2020-01-01T00:00:00.000Z' }
    assert.deepEqual(await codeOf(owner.post(`/requests/${request}/give`, past)), [400, 'request_invalid'])
    assert.equal((await owner.get(`/requests/${request}`)).body.state, 'open')
    assert.equal(await reads(recycler, id), 'public')
    await act(recycler, request, 'withdraw')
    assert.deepEqual(await codeOf(recycler.post(`/${id}/requests`, { ...wish, ...past })), [400, 'request_invalid'])
  })

  test('what nobody says the end of ends after a year, and what is given up is shut', async t => {
    const { owner, recycler, id, request } = await asked(t)
    const { givenUntil } = (await act(owner, request, 'give')).body
    assert.ok(Math.abs(Date.parse(givenUntil) - Date.now() - 365 * 86_400_000) < 60_000)
    assert.deepEqual(await codeOf(recycler.post(`/${id}/requests`, wish)), [409, 'interest_needless'])
    assert.equal((await act(recycler, request, 'withdraw')).body.state, 'withdrawn')
    assert.equal(await reads(recycler, id), 'public')
  })

  test('each decides for their side, once; to all others there is nothing', async t => {
    const { as, owner, recycler, id, request } = await asked(t)
    assert.deepEqual(await codeOf(act(recycler, request, 'give')), [404, 'interest_unknown'])
    assert.deepEqual(await codeOf(act(owner, request, 'answer', { answer: 'No' })), [404, 'interest_unknown'])
    assert.deepEqual(await codeOf(act(as(), request, 'refuse', { reason: 'No' })), [404, 'interest_unknown'])
    assert.deepEqual((await as().get('/requests')).body.items, [])
    assert.deepEqual(await codeOf(recycler.post(`/${id}/requests`, wish)), [409, 'interest_asked'])
    assert.equal((await act(owner, request, 'refuse', { reason: 'It is not yours' })).body.state, 'refused')
    assert.deepEqual(await codeOf(act(owner, request, 'give')), [409, 'interest_settled'])
    assert.equal((await recycler.post(`/${id}/requests`, wish)).status, 201, 'and may ask again')
  })

  test('a draft cannot be asked for, and who leaves has asked nothing', async t => {
    const { p, as, owner } = await asked(t)
    const { id } = await owner.make(publishable('BP-2'))
    const userId = newId()
    const eve = as({ userId })
    assert.deepEqual(await codeOf(eve.post(`/${id}/requests`, wish)), [404, 'passport_unknown'])
    await owner.post(`/${id}/publish`)
    assert.equal((await eve.post(`/${id}/requests`, wish)).status, 201)
    await p.publish(UserDeleted, { userId, email: 'eve@example.com', locale: 'en', version: 2 })
    await p.settle()
    assert.equal((await owner.get('/requests')).body.items.length, 1)
  })

  test('who reads by an interest is in the log with its purpose and what was open, whoever gave it', async t => {
    const { p, as, owner, recycler, id, request } = await asked(t)
    const [repairer, buyer, officer, helper] = [newId(), newId(), newId(), newId()]
    const name = (who: string, body: object) => owner.put(`/${id}/readers/${who}`, { kind: 'person', ...body })
    assert.equal((await name(repairer, { audience: 'interest', purpose: 'treatment' })).status, 204)
    assert.equal((await name(helper, { audience: 'interest' })).status, 204)
    assert.deepEqual(await codeOf(name(newId(), { purpose: 'treatment' })), [400, 'request_invalid'])
    assert.deepEqual(await codeOf(name(newId(), { audience: 'interest', purpose: 'fun' })), [400, 'request_invalid'])
    await act(owner, request, 'give')
    await sell(p, id, buyer)
    const named = (await owner.get(`/${id}/readers?limit=100`)).body.items
    const purposeOf = (one: string) => named.find((reader: any) => reader.id === one).purpose
    assert.deepEqual([repairer, helper, buyer].map(purposeOf), ['treatment', undefined, 'purchase'])
    assert.equal(named.find(({ kind }: any) => kind === 'organisation').purpose, 'treatment')
    const root = { userId: newId(), role: 'admin' as const }
    const readers = [repairer, helper, buyer].map(userId => as({ userId }))
    const authority = as({ userId: officer, role: 'authority' })
    for (const client of [recycler, ...readers, authority, as(root)])
      assert.equal((await client.get(`/${id}`)).status, 200)
    const log = (await owner.get(`/${id}/access-log`)).body.items
    assert.deepEqual(log.map(({ audience, purpose, points }: any) => [audience, purpose, points]).toReversed(), [
      ['interest', 'treatment', [1, 2, 4]],
      ['interest', 'treatment', [1, 2, 4]],
      ['interest', null, [1, 2, 4]],
      ['interest', 'purchase', [1, 2, 4]],
      ['authority', null, [1, 2, 3]],
      ['admin', null, [1, 2, 3, 4]],
    ])
  })

  test('what is taken back ends what it opened, and no other share', async t => {
    const { p, as, owner } = await asked(t)
    const again = async () => {
      const who = { userId: newId() }
      const client = as(who)
      const { id } = await owner.make(publishable(newId()))
      await owner.post(`/${id}/publish`)
      const request = (await client.post(`/${id}/requests`, wish)).body.id as string
      return { client, id, request, share: (body: object) => owner.put(`/${id}/readers/${who.userId}`, body) }
    }
    const all = { kind: 'person' }
    const take = (request: string) => act(owner, request, 'revoke', { reason: 'Done' })

    // All of it, said before it was given, and after.
    const before = await again()
    await before.share(all)
    assert.equal((await act(owner, before.request, 'give')).body.state, 'given')
    assert.equal((await before.client.get(`/${before.id}`)).body.audience, undefined, 'nothing is narrowed')
    assert.equal((await take(before.request)).body.state, 'revoked')
    assert.equal((await before.client.get(`/${before.id}`)).body.audience, undefined)
    const after = await again()
    await act(owner, after.request, 'give')
    await after.share(all)
    await take(after.request)
    assert.equal((await after.client.get(`/${after.id}`)).body.audience, undefined)

    // An interest for longer.
    const longer = await again()
    await longer.share({ ...all, audience: 'interest', purpose: 'purchase' })
    await act(owner, longer.request, 'give')
    await act(longer.client, longer.request, 'withdraw')
    assert.equal(await reads(longer.client, longer.id), 'interest')

    // What ran out before is no share.
    const over = await again()
    await over.share({ ...all, until: new Date(Date.now() - 60_000).toISOString() })
    await act(owner, over.request, 'give')
    assert.equal(await reads(over.client, over.id), 'interest')
    await take(over.request)
    assert.equal(await reads(over.client, over.id), 'public')
    const shared = (await p.published(PassportShared)).filter(({ passport }) => passport.id === over.id)
    assert.deepEqual(shared.map(({ shared }) => shared).slice(-2), [true, false])
  })

  test('who buys a battery of which all was open to them for a time reads by their interest for good, and no more', async t => {
    const { p, as, owner, id } = await asked(t)
    const buyer = newId()
    const until = new Date(Date.now() - 60_000).toISOString()
    await owner.put(`/${id}/readers/${buyer}`, { kind: 'person', until })
    assert.equal(await reads(as({ userId: buyer }), id), 'public')
    await sell(p, id, buyer)
    assert.equal(await reads(as({ userId: buyer }), id), 'interest')
  })

  test('requests go with the passport that changes hands, and its new owner lists them', async t => {
    const { p, as, known } = await open(t)
    const [who, acme] = [{ userId: newId() }, newId()]
    known.members.set(acme, [[who.userId, 'owner']])
    const [seller, asker] = [as(who), as()]
    const { id } = await seller.make(publishable('BP-1'))
    await seller.post(`/${id}/publish`)
    const request = (await asker.post(`/${id}/requests`, wish)).body.id
    const listed = async (client: Client) => (await client.get('/requests')).body.items.map(({ id }: any) => id)
    assert.deepEqual(await listed(seller), [request])
    assert.equal((await seller.post('/move', { organisationId: acme, ids: [id] })).status, 200)
    const company = as({ userId: newId(), organisation: { id: acme, role: 'owner' } })
    assert.deepEqual(await listed(company), [request])
    assert.deepEqual(await listed(seller), [])
    const [{ plan }] = (await p.db('passports').begin(async tx => {
      await tx`set local enable_seqscan = off`
      const lines = await tx`
        explain select id from interest_requests where owner_id = any(${[acme]}::uuid[]) order by id desc limit 20`
      return [{ plan: lines.map(line => line['QUERY PLAN']).join('\n') }]
    })) as [{ plan: string }]
    assert.match(plan, /interest_requests_of_owner/)
  })

  test('two who give at once: it is given once', async t => {
    const { owner, request } = await asked(t)
    const answers = await Promise.all([act(owner, request, 'give'), act(owner, request, 'give')])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  })
})
