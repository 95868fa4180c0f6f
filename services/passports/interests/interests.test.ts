import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from '#kernel'
import { UserDeleted } from '#contracts/identity'
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

  test('two who give at once: it is given once', async t => {
    const { owner, request } = await asked(t)
    const answers = await Promise.all([act(owner, request, 'give'), act(owner, request, 'give')])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  })
})
