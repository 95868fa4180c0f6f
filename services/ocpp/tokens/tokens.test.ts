import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findPerson, getPerson } from '#contracts/identity'
import { TransactionReported } from '#contracts/ocpp'
import { newId, Problem } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { connect, gateway, open } from '../testing.ts'

const soon = () => new Date().toISOString()
const start16 = (idTag: string, more: object = {}) => ({
  connectorId: 1,
  idTag,
  meterStart: 0,
  timestamp: soon(),
  ...more,
})
const event = (transactionId: string, eventType: string, seqNo: number, more: object = {}) => ({
  eventType,
  seqNo,
  timestamp: soon(),
  triggerReason: 'Authorized',
  transactionInfo: { transactionId },
  ...more,
})

test('a card is made, charges, is blocked, and charges no more; its case does not matter', async t => {
  const { as, charger } = await open(t)
  const ada = as()
  const made = await ada.post('/tokens', { idToken: '04a2B9', groupId: 'FLEET', expiresAt: '2099-01-01T00:00:00.000Z' })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  assert.deepEqual([made.body.type, made.body.status, made.body.version], ['ISO14443', 'accepted', 1])
  const it = await charger('CP-1')
  assert.deepEqual((await it.call('Authorize', { idTag: '04A2b9' })).idTagInfo, {
    status: 'Accepted',
    expiryDate: '2099-01-01T00:00:00.000Z',
    parentIdTag: 'FLEET',
  })
  const path = `/tokens/${made.body.id}`
  const blocked = await ada.put(path, { status: 'blocked' }, { 'if-match': '"1"' })
  assert.deepEqual([blocked.body.status, blocked.body.version], ['blocked', 2])
  assert.equal((await ada.put(path, { label: 'x' }, { 'if-match': '"1"' })).body.code, 'version_stale')
  assert.equal((await it.call('Authorize', { idTag: '04A2B9' })).idTagInfo.status, 'Blocked')
  assert.equal((await ada.post('/tokens', { idToken: '04A2B9' })).body.code, 'token_taken')
  assert.equal((await ada.delete(path)).status, 204)
  assert.equal((await it.call('Authorize', { idTag: '04A2B9' })).idTagInfo.status, 'Invalid')
  assert.equal((await ada.get(path)).body.code, 'token_unknown')
})

test('a token belongs to a person by their id or address, and their sessions say so', async t => {
  const userId = newId()
  const known = (id: string) => {
    if (id !== userId) throw new Problem('not_found', 'user_unknown')
    return { userId, email: 'ada@example.com', name: 'Ada', firstName: 'Ada', locale: 'en' as const, disabled: false }
  }
  const answers = [
    answering(findPerson, async ({ email }) => ({ email, userId: email === 'ada@example.com' ? userId : null })),
    answering(getPerson, async person => known(person.userId)),
  ]
  const { p, as, charger } = await open(t, { answers })
  const operator = as()
  assert.equal((await operator.post('/tokens', { idToken: 'A', userEmail: 'ada@example.com' })).body.userId, userId)
  assert.equal((await operator.post('/tokens', { idToken: 'B', userId })).body.userId, userId)
  for (const who of [{ userEmail: 'nobody@example.com' }, { userId: newId() }])
    assert.equal((await operator.post('/tokens', { idToken: 'C', ...who })).body.code, 'user_unknown')
  assert.equal((await operator.get(`/tokens?user=${userId}`)).body.items.length, 2)
  const it = await charger('CP-1')
  await it.call('StartTransaction', start16('a'))
  assert.deepEqual((await p.published(TransactionReported))[0]!.token, {
    idToken: 'a',
    type: 'ISO14443',
    userId,
    accepted: true,
  })
})

test('tokens are for who owns them, and lists find them by what is said of them', async t => {
  const { as } = await open(t)
  const acme = newId()
  const ada = as()
  const grace = as({ organisation: { id: acme, role: 'owner' } })
  const viewer = as({ organisation: { id: acme, role: 'viewer' } })
  const { id } = (await grace.post('/tokens', { idToken: 'ACME-1', label: 'Blue card', groupId: 'FLEET' })).body
  await ada.post('/tokens', { idToken: 'ADA-1', type: 'KeyCode', status: 'blocked' })
  const found = async (who: typeof ada, query = '') =>
    (await who.get(`/tokens?${query}`)).body.items.map(({ idToken }: any) => idToken)
  assert.deepEqual(await found(ada), ['ADA-1'])
  assert.deepEqual(await found(grace), ['ACME-1'])
  assert.deepEqual(await found(as({ role: 'admin' })), ['ADA-1', 'ACME-1'])
  for (const [query, values] of [
    ['q=blu', ['ACME-1']],
    ['q=acm', ['ACME-1']],
    ['group=FLEET', ['ACME-1']],
    ['type=KeyCode', ['ADA-1']],
    ['status=blocked', ['ADA-1']],
    ['type=KeyCode&status=accepted', []],
    ['createdFrom=2999-01-01T00:00:00Z', []],
  ] as const)
    assert.deepEqual(await found(as({ role: 'admin' }), query), values, query)
  assert.deepEqual((await as({ role: 'admin' }).get('/tokens/count?q=a')).body, { count: 2, exact: true })
  for (const answer of [
    await ada.get(`/tokens/${id}`),
    await ada.put(`/tokens/${id}`, {}),
    await ada.delete(`/tokens/${id}`),
  ])
    assert.equal(answer.body.code, 'token_unknown')
  assert.equal((await viewer.get(`/tokens/${id}`)).status, 200)
  assert.equal((await viewer.put(`/tokens/${id}`, { label: 'x' })).body.code, 'editor_required')
  assert.equal((await as({ role: 'user' }).get('/tokens')).body.code, 'role_insufficient')
  const first = (await as({ role: 'admin' }).get('/tokens?limit=1')).body
  assert.deepEqual(await found(as({ role: 'admin' }), `limit=1&after=${first.nextCursor}`), ['ACME-1'])
})

suite('who charges', () => {
  test('who has no funds is told so in the words of each version', async t => {
    const { db, card, charger } = await open(t)
    await card('POOR')
    await db`update tokens set blocked_for = 'funds'`
    const [one, two] = [await charger('CP-1'), await charger('CP-2', 'ocpp2.0.1')]
    assert.equal((await one.call('Authorize', { idTag: 'POOR' })).idTagInfo.status, 'Blocked')
    const idToken = { idToken: 'poor', type: 'ISO15693' }
    const { status, personalMessage } = (await two.call('Authorize', { idToken })).idTokenInfo
    assert.equal(status, 'NoCredit')
    assert.match(personalMessage.content, /^You owe money/, 'a display shows why')
  })

  test('a code is no card, and contract ids are the same with separators and without', async t => {
    const { as, charger } = await open(t)
    const ada = as()
    await ada.post('/tokens', { idToken: '1234', type: 'KeyCode' })
    const contract = await ada.post('/tokens', { idToken: 'DE-8AA-C12345678-X', type: 'eMAID' })
    assert.equal(contract.body.idToken, 'DE8AAC12345678X')
    const it = await charger('CP-1', 'ocpp2.0.1')
    const status = async (idToken: string, type: string) =>
      (await it.call('Authorize', { idToken: { idToken, type } })).idTokenInfo.status
    assert.equal(await status('1234', 'ISO14443'), 'Invalid')
    assert.equal(await status('1234', 'KeyCode'), 'Accepted')
    assert.equal(await status('de8aac12345678x', 'eMAID'), 'Accepted')
    assert.equal(await status('DE*8AA*C12345678*X', 'eMAID'), 'Accepted')
    assert.equal(await status('', 'NoAuthorization'), 'Accepted')
  })

  test('2.x hears of the group and until when to remember', async t => {
    const { as, charger } = await open(t)
    await as().post('/tokens', { idToken: 'A', groupId: 'FLEET', expiresAt: '2099-01-01T00:00:00.000Z' })
    await as().post('/tokens', { idToken: 'B', groupId: 'F'.repeat(37) })
    const [it, next] = [await charger('CP-1', 'ocpp2.0.1'), await charger('CP-2', 'ocpp2.1')]
    assert.deepEqual((await it.call('Authorize', { idToken: { idToken: 'a', type: 'ISO14443' } })).idTokenInfo, {
      status: 'Accepted',
      cacheExpiryDateTime: '2099-01-01T00:00:00.000Z',
      groupIdToken: { idToken: 'FLEET', type: 'Central' },
    })
    const long = { idToken: { idToken: 'b', type: 'ISO14443' } }
    assert.deepEqual((await it.call('Authorize', long)).idTokenInfo, { status: 'Accepted' }, 'too long for the version')
    assert.equal((await next.call('Authorize', long)).idTokenInfo.groupIdToken.idToken.length, 37)
    const one = await charger('CP-3')
    assert.deepEqual((await one.call('Authorize', { idTag: 'b' })).idTagInfo, { status: 'Accepted' })
  })

  test('a token that has one session at a time begins no second one, and all are recorded', async t => {
    const { p, as, charger } = await open(t)
    await as().post('/tokens', { idToken: 'ONE', exclusive: true })
    const [here, there] = [await charger('CP-1'), await charger('CP-2', 'ocpp2.0.1')]
    const body = start16('one')
    const first = await here.call('StartTransaction', body)
    assert.equal(first.idTagInfo.status, 'Accepted')
    assert.deepEqual(await here.call('StartTransaction', body), first, 'said again it is still the same one')
    const idToken = { idToken: 'ONE', type: 'ISO14443' }
    const evse = { id: 1, connectorId: 1 }
    assert.equal((await there.call('Authorize', { idToken })).idTokenInfo.status, 'Accepted', 'it may end the other')
    const second = await there.call('TransactionEvent', event('T-1', 'Started', 0, { idToken, evse }))
    assert.equal(second.idTokenInfo.status, 'ConcurrentTx')
    assert.equal(
      (await here.call('StartTransaction', start16('ONE', { connectorId: 2 }))).idTagInfo.status,
      'ConcurrentTx',
    )
    await there.call('TransactionEvent', event('T-1', 'Ended', 1))
    const [, , again] = await p.published(TransactionReported)
    assert.equal(again!.token!.accepted, false)
    const { transactionId } = first
    for (const id of [transactionId, transactionId + 1])
      await here.call('StopTransaction', { transactionId: id, meterStop: 1, timestamp: soon() })
    const third = await there.call('TransactionEvent', event('T-2', 'Started', 0, { idToken, evse }))
    assert.equal(third.idTokenInfo.status, 'Accepted')
    const own = await there.call('TransactionEvent', event('T-2', 'Updated', 1, { idToken }))
    assert.equal(own.idTokenInfo.status, 'Accepted', 'its own transaction is no other one')
  })

  test('a contract that has one session at a time begins no second one, however cars and chargers write it', async t => {
    const { as, charger } = await open(t)
    await as().post('/tokens', { idToken: 'DE-8AA-C12345678-X', type: 'eMAID', exclusive: true })
    const [one, other] = [await charger('CP-1', 'ocpp2.0.1'), await charger('CP-2', 'ocpp2.1')]
    const evse = { id: 1, connectorId: 1 }
    const begin = async (it: typeof one, id: string, idToken: string) =>
      (await it.call('TransactionEvent', event(id, 'Started', 0, { evse, idToken: { idToken, type: 'eMAID' } })))
        .idTokenInfo.status
    assert.equal(await begin(one, 'T-1', 'DE*8AA*C12345678*X'), 'Accepted')
    assert.equal(await begin(other, 'T-2', 'de-8aa-c12345678-x'), 'ConcurrentTx')
    assert.equal(await begin(other, 'T-3', 'DE8AAC12345678X'), 'ConcurrentTx')
    for (const id of ['T-2', 'T-3']) await other.call('TransactionEvent', event(id, 'Ended', 1))
    await one.call('TransactionEvent', event('T-1', 'Ended', 1))
    const both = await Promise.all([begin(one, 'T-4', 'DE8AA-C12345678X'), begin(other, 'T-5', 'DE*8AAC12345678X')])
    assert.deepEqual(both.toSorted(), ['Accepted', 'ConcurrentTx'], 'at once')
  })

  test('a token that has one session at a time begins one of those that begin at once, here and in another process', async t => {
    const { p, url, as, charger } = await open(t)
    await as().post('/tokens', { idToken: 'ONE', exclusive: true })
    const elsewhere = await gateway(p)
    const there = (id: string, address: string) => connect(t, `${address.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6')
    const lines = [
      ...(await Promise.all(['A', 'B', 'C'].map(id => there(id, url)))),
      ...(await Promise.all(['D', 'E', 'F'].map(id => there(id, elsewhere)))),
    ]
    const young = await charger('Y', 'ocpp2.0.1')
    for (const it of [...lines, young]) await it.call('Heartbeat', {})
    for (let round = 0; round < 10; round++) {
      const about = { idToken: { idToken: 'ONE', type: 'ISO14443' }, evse: { id: 1, connectorId: 1 } }
      const [event2, ...events] = await Promise.all([
        young.call('TransactionEvent', event(`T-${round}`, 'Started', 0, about)),
        ...lines.map(it => it.call('StartTransaction', start16('one'))),
      ])
      const said = [event2.idTokenInfo.status, ...events.map(({ idTagInfo }) => idTagInfo.status)]
      assert.deepEqual(said.toSorted(), ['Accepted', ...Array.from({ length: 6 }, () => 'ConcurrentTx')])
      await young.call('TransactionEvent', event(`T-${round}`, 'Ended', 1))
      for (const [index, { transactionId }] of events.entries())
        await lines[index]!.call('StopTransaction', { transactionId, meterStop: 1, timestamp: soon() })
    }
  })

  test('where anybody may charge everybody does, there and then, and nobody is remembered for it', async t => {
    let now = new Date('2026-06-01T21:30:00Z')
    const { p, as, charger, card } = await open(t, { now: () => now })
    await card('OUT', { expiresAt: new Date('2026-01-01T00:00:00Z') })
    const it = await charger('CP-1')
    const next = await charger('CP-2', 'ocpp2.0.1')
    const rules = { timeZone: 'Europe/Berlin', freeVend: [{ evse: 1, from: '22:00', to: '06:00' }] }
    const admin = as({ role: 'admin' })
    for (const id of ['CP-1', 'CP-2']) assert.equal((await admin.put(`/chargers/${id}`, rules)).status, 200)
    await p.settle()
    const info = async () => (await it.call('Authorize', { idTag: 'STRANGER' })).idTagInfo
    for (let tries = 0; (await info()).status !== 'Accepted' && tries < 100; tries++)
      await new Promise(done => setTimeout(done, 20))
    assert.deepEqual(await info(), { status: 'Accepted', expiryDate: '2026-06-01T21:31:00.000Z' })
    const started = async (idTag: string, connectorId: number) =>
      (await it.call('StartTransaction', { connectorId, idTag, meterStart: 0, timestamp: now.toISOString() })).idTagInfo
        .status
    assert.equal(await started('STRANGER', 1), 'Accepted')
    assert.equal(await started('STRANGER', 2), 'Invalid', 'not at the other one')
    assert.equal(await started('OUT', 1), 'Accepted')
    const idToken = { idToken: 'STRANGER', type: 'ISO14443' }
    const begun = {
      ...event('T-1', 'Started', 0, { idToken, evse: { id: 1, connectorId: 1 } }),
      timestamp: now.toISOString(),
    }
    assert.deepEqual((await next.call('TransactionEvent', begun)).idTokenInfo, {
      status: 'Accepted',
      cacheExpiryDateTime: '2026-06-01T21:31:00.000Z',
    })
    assert.deepEqual(
      (await p.published(TransactionReported)).map(({ token }) => token!.accepted),
      [true, false, true, true],
    )
    now = new Date('2026-06-02T04:00:00Z')
    assert.equal((await info()).status, 'Invalid', 'in the morning of the charger’s time zone')
  })

  test('what began while nobody could ask is recorded, whatever became of its token', async t => {
    const { p, card, charger } = await open(t)
    const hour = 3_600_000
    await card('GONE', { expiresAt: new Date(Date.now() - hour) })
    const it = await charger('CP-1')
    const early = new Date(Date.now() - 2 * hour).toISOString()
    const late = new Date(Date.now() - hour / 2).toISOString()
    for (const [idTag, timestamp, status] of [
      ['GONE', early, 'Accepted'],
      ['GONE', late, 'Expired'],
      ['NEVER', early, 'Invalid'],
    ] as const) {
      const { transactionId, idTagInfo } = await it.call('StartTransaction', start16(idTag, { timestamp }))
      assert.deepEqual([idTagInfo.status, transactionId > 0], [status, true])
    }
    const two = await charger('CP-2', 'ocpp2.0.1')
    const idToken = { idToken: 'NEVER', type: 'ISO14443' }
    const offline = event('T-1', 'Started', 0, { idToken, offline: true, evse: { id: 1, connectorId: 1 } })
    assert.equal((await two.call('TransactionEvent', offline)).idTokenInfo.status, 'Invalid')
    assert.deepEqual(
      (await p.published(TransactionReported)).map(({ phase, offline, token }) => [phase, offline, token!.accepted]),
      [
        ['begun', true, true],
        ['begun', true, false],
        ['begun', true, false],
        ['begun', true, false],
      ],
    )
  })
})
