import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ChargerChanged, ChargerRegistered, ChargerRemoved } from '#contracts/ocpp'
import { newId } from '#kernel'
import { boot16, boot2, open } from '../testing.ts'

const production = { environment: { OCPP_UNKNOWN_CHARGERS: 'hold' } }
const password = 'a password of chargers: 0123456789'

test('a stranger waits until an operator approves it, and works from then on without connecting again', async t => {
  const { p, as, charger } = await open(t, production)
  const it = await charger('CP-1', 'ocpp1.6', { password })
  assert.equal((await it.call('BootNotification', boot16)).status, 'Pending')
  await assert.rejects(it.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }), {
    code: 'SecurityError',
  })
  const triggered = new Promise(resolve =>
    it.answers.set('TriggerMessage', (payload, _) => (resolve(payload), { status: 'Accepted' })),
  )
  const ada = as()
  const [found] = (await ada.get('/chargers?status=pending')).body.items
  assert.deepEqual([found.id, found.owner, found.connected, found.vendor], ['CP-1', null, true, 'Voltaic'])
  const approved = await ada.post('/chargers/CP-1/approve', undefined, { 'if-match': `"${found.version}"` })
  assert.equal(approved.status, 200, JSON.stringify(approved.body))
  assert.equal(approved.body.status, 'accepted')
  assert.equal(approved.body.owner.kind, 'person')
  assert.deepEqual(await triggered, { requestedMessage: 'BootNotification' })
  assert.equal((await it.call('BootNotification', boot16)).status, 'Accepted')
  await it.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  assert.deepEqual(
    (await ada.get('/chargers/CP-1')).body.connectors.map((c: any) => [c.evse, c.connector, c.status]),
    [[1, 1, 'available']],
  )
  assert.equal((await ada.post('/chargers/CP-1/approve')).body.version, approved.body.version, 'once more is nothing')
  assert.deepEqual(
    (await p.published(ChargerChanged)).map(({ status, owner, version }) => [status, owner, version]),
    [['accepted', approved.body.owner, 2]],
  )
  assert.equal((await ada.post('/chargers/CP-1/reject')).body.status, 'rejected')
  await p.settle()
  assert.equal((await it.call('BootNotification', boot16)).status, 'Rejected')
})

test('who turns a stranger away takes nothing, and another operator may still approve it', async t => {
  const { as, charger } = await open(t, production)
  await charger('CP-1', 'ocpp1.6', { password })
  assert.equal((await as().post('/chargers/CP-1/reject')).body.owner, null)
  assert.equal((await as().post('/chargers/CP-1/approve')).body.status, 'accepted')
})

test('a charger is made known with a password that is told once, and connects with it as text or as bytes', async t => {
  const { p, as, charger } = await open(t, production)
  const ada = as()
  const key = { 'idempotency-key': 'one' }
  const made = await ada.post('/chargers', { id: 'CP-1', name: 'Left' }, key)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { passwordOnce } = made.body
  assert.match(passwordOnce, /^[0-9a-f]{40}$/)
  assert.equal(made.headers.get('location'), '/api/ocpp/chargers/CP-1')
  assert.deepEqual(
    (await ada.post('/chargers', { id: 'CP-1', name: 'Left' }, key)).body,
    made.body,
    'told again to who repeats it',
  )
  const [kept] = await p.db('ocpp')`select string_agg(a::text, ' ') as text from kernel.answers a`
  assert.ok(!kept!.text?.includes(passwordOnce), 'the password is kept nowhere')
  assert.equal((await ada.post('/chargers', { id: 'CP-1' })).body.code, 'charger_taken')
  assert.equal((await ada.get('/chargers/CP-1')).body.passwordOnce, undefined)
  await assert.rejects(charger('CP-1'), /401/)
  const text = await charger('CP-1', 'ocpp1.6', { password: passwordOnce })
  await text.close()
  await charger('CP-1', 'ocpp1.6', { password: Buffer.from(passwordOnce, 'hex') })
  assert.deepEqual(
    (await p.published(ChargerRegistered)).map(({ status, version }) => [status, version]),
    [['accepted', 1]],
  )
  const open1 = await ada.post('/chargers', { id: 'CP-2', password: null })
  assert.deepEqual([open1.body.passwordOnce, open1.body.password], [null, 'none'])
  await charger('CP-2')
})

test('of two passwords the former is good until the new one is used for the first time', async t => {
  const { as, charger } = await open(t, production)
  const ada = as()
  const { passwordOnce: former } = (await ada.post('/chargers', { id: 'CP-1' })).body
  const { passwordOnce: next, password: state } = (await ada.post('/chargers/CP-1/password')).body
  assert.equal(state, 'changing')
  assert.notEqual(former, next)
  const before = await charger('CP-1', 'ocpp1.6', { password: former })
  await before.close()
  await (await charger('CP-1', 'ocpp1.6', { password: next })).close()
  assert.equal((await ada.get('/chargers/CP-1')).body.password, 'set')
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: former }), /401/)
})

for (const version of ['ocpp1.6', 'ocpp2.0.1'] as const)
  test(`a charger of ${version} that is connected is sent its new password, which is kept and shown nowhere`, async t => {
    const { p, as, charger } = await open(t, production)
    const ada = as()
    const { passwordOnce: former } = (await ada.post('/chargers', { id: 'CP-1' })).body
    const it = await charger('CP-1', version, { password: former })
    await it.call('BootNotification', version === 'ocpp1.6' ? boot16 : boot2)
    const taken = new Promise<string>(resolve => {
      it.answers.set('ChangeConfiguration', (payload: any) => {
        resolve(payload.key === 'AuthorizationKey' && payload.value)
        return { status: 'Accepted' }
      })
      it.answers.set('SetVariables', (payload: any) => {
        const [{ attributeValue, component, variable }] = payload.setVariableData
        resolve(variable.name === 'BasicAuthPassword' && attributeValue)
        return { setVariableResult: [{ attributeStatus: 'Accepted', component, variable }] }
      })
    })
    const { passwordOnce: next } = (await ada.post('/chargers/CP-1/password')).body
    assert.equal(await taken, next)
    await it.close()
    await (await charger('CP-1', version, { password: next })).close()
    await assert.rejects(charger('CP-1', version, { password: former }), /401/)
    await p.settle()
    for (const table of ['ocpp.commands', 'ocpp.messages', 'kernel.log', 'kernel.answers']) {
      const [kept] = await p
        .db('kernel')
        .unsafe(`select count(*)::int as n from ${table} x where x::text like '%${next}%'`)
      assert.equal(kept!.n, 0, table)
    }
  })

test('an identity may have every character that is allowed', async t => {
  const { as, charger } = await open(t)
  const ada = as()
  for (const id of ['a/b', 'Säule 7', '%2F', 'ü'.repeat(48), '😀'.repeat(40), "it's #1?&=", '.x']) {
    const made = await ada.post('/chargers', { id, password: null })
    assert.equal(made.status, 201, `${id}: ${JSON.stringify(made.body)}`)
    const it = await charger(id)
    await it.call('BootNotification', boot16)
    const path = made.headers.get('location')!.replace('/api/ocpp', '')
    const { body } = await ada.get(path)
    assert.deepEqual([body.id, body.connected], [id, true])
    assert.equal((await ada.delete(path)).status, 204)
    assert.equal((await ada.get(path)).status, 404)
  }
})

test('a charger whose identity is a word of a path is looked after like any other', async t => {
  const { p, as, charger } = await open(t)
  const ada = as()
  const words = p.http.app.documented.flatMap(({ url }) => /^\/api\/ocpp\/chargers\/([^:/]+)/.exec(url)?.[1] ?? [])
  assert.ok(words.includes('count') && words.includes('imports'))
  for (const id of new Set([...words, '..', 'CP-1'])) {
    const made = await ada.post('/chargers', { id, password: null })
    assert.equal(made.status, 201, `${id}: ${JSON.stringify(made.body)}`)
    const location = made.headers.get('location')!.replace('/api/ocpp', '')
    // Whatever it is called, it may be written so.
    for (const path of [location, `/chargers/:${encodeURIComponent(id)}`]) {
      assert.equal((await ada.get(path)).body.id, id, path)
      assert.equal((await ada.put(path, { name: path })).body.name, path)
      assert.equal((await ada.post(`${path}/approve`)).status, 200)
      for (const list of ['messages', 'commands', 'variables'])
        assert.deepEqual((await ada.get(`${path}/${list}`)).body.items, [], `${path}/${list}`)
    }
    if (id === '..') continue
    const it = await charger(id)
    await it.call('Heartbeat', {})
    it.answers.set('ClearCache', () => ({ status: 'Accepted' }))
    const sent = await ada.post(`${location}/commands/ClearCache`, {})
    assert.equal(sent.status, 200)
    const kept = await ada.get(sent.headers.get('location')!.replace('/api/ocpp', ''))
    assert.equal(kept.body.chargerId, id)
    assert.equal((await ada.delete(location)).status, 204)
  }
  assert.equal((await ada.get('/chargers/count')).body.count, 1)
  assert.equal((await ada.get('/chargers/::CP-1')).body.code, 'request_invalid')
})

suite('who may', () => {
  const ways = {
    read: ['get', ''],
    change: ['put', '', { name: 'Mine' }],
    approve: ['post', '/approve'],
    reject: ['post', '/reject'],
    password: ['post', '/password'],
    remove: ['delete', ''],
  } as const
  const each = async (client: any, id: string) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(ways).map(async ([way, [method, path, body]]) => {
          const answer = await client[method](`/chargers/${id}${path}`, body)
          return [way, `${answer.status} ${answer.body?.code ?? ''}`.trim()]
        }),
      ),
    )
  const all = (answer: string) => Object.fromEntries(Object.keys(ways).map(way => [way, answer]))

  test("drivers manage no charger, and another operator's is not there", async t => {
    const { as } = await open(t)
    const [acme, other] = [newId(), newId()]
    const of = (id: string, role: 'owner' | 'viewer') => as({ organisation: { id, role } })
    await of(acme, 'owner').post('/chargers', { id: 'CP-1' })
    assert.deepEqual(await each(as({ role: 'user' }), 'CP-1'), all('403 role_insufficient'))
    assert.deepEqual(await each(as(), 'CP-1'), all('404 charger_unknown'))
    assert.deepEqual(await each(of(other, 'owner'), 'CP-1'), all('404 charger_unknown'))
    assert.deepEqual(await each(of(acme, 'viewer'), 'CP-1'), { ...all('403 editor_required'), read: '200' })
    assert.equal((await of(acme, 'viewer').post('/chargers', { id: 'CP-2' })).body.code, 'editor_required')
    assert.equal((await as({ role: 'admin' }).get('/chargers/CP-1')).status, 200)
  })

  test("lists have one's own, the organisation's and nobody's; all for admins", async t => {
    const { as, charger } = await open(t)
    const acme = newId()
    const ada = as()
    const grace = as({ organisation: { id: acme, role: 'owner' } })
    await ada.post('/chargers', { id: 'CP-ada' })
    await grace.post('/chargers', { id: 'CP-acme' })
    await charger('CP-nobody')
    const ids = async (who: typeof ada, query = '') =>
      (await who.get(`/chargers?limit=50${query}`)).body.items.map(({ id }: any) => id)
    assert.deepEqual(await ids(ada), ['CP-nobody', 'CP-ada'])
    assert.deepEqual(await ids(grace), ['CP-nobody', 'CP-acme'])
    assert.deepEqual(await ids(as({ role: 'admin' })), ['CP-nobody', 'CP-acme', 'CP-ada'])
    assert.deepEqual(await ids(grace, `&owner=${acme}`), ['CP-acme'])
    assert.deepEqual(await ids(ada, `&owner=${acme}`), [])
    assert.deepEqual(await ids(ada, '&connected=true'), ['CP-nobody'])
    assert.deepEqual(await ids(ada, '&connected=false'), ['CP-ada'])
    assert.deepEqual(await ids(ada, '&q=nobo'), ['CP-nobody'])
    assert.deepEqual(await ids(ada, '&q=cp%20ad'), ['CP-ada'])
    assert.deepEqual((await ada.get('/chargers/count')).body, { count: 2, exact: true })
    const first = (await as({ role: 'admin' }).get('/chargers?limit=2')).body
    assert.equal(first.items.length, 2)
    const rest = (await as({ role: 'admin' }).get(`/chargers?limit=2&after=${first.nextCursor}`)).body
    assert.deepEqual([rest.items.map(({ id }: any) => id), rest.nextCursor], [['CP-ada'], null])
  })
})

test('what is said of a charger changes, with its version', async t => {
  const { as } = await open(t)
  const ada = as()
  await ada.post('/chargers', { id: 'CP-1', name: 'Left' })
  const freeVend = [{ evse: 1, from: '22:00', to: '06:00' }]
  const put = (body: object, version?: number) =>
    ada.put('/chargers/CP-1', body, version ? { 'if-match': `"${version}"` } : {})
  const changed = await put({ timeZone: 'Europe/Berlin', freeVend }, 1)
  assert.deepEqual(
    [
      changed.body.name,
      changed.body.timeZone,
      changed.body.freeVend,
      changed.body.version,
      changed.headers.get('etag'),
    ],
    ['Left', 'Europe/Berlin', freeVend, 2, '"2"'],
  )
  assert.equal((await put({ name: 'Right' }, 1)).body.code, 'version_stale')
  assert.equal((await put({ timeZone: 'Moon/Base' })).body.code, 'request_invalid')
  assert.equal((await put({ freeVend: [{ evse: null, from: '22:00', to: null }] })).body.code, 'request_invalid')
  assert.equal((await put({ freeVend })).body.version, 2, 'the same is no change')
})

test('a charger that is forgotten loses its connection, and comes again as a stranger', async t => {
  const { p, as, charger } = await open(t)
  const ada = as()
  await ada.post('/chargers', { id: 'CP-1', password: null })
  const it = await charger('CP-1', 'ocpp2.0.1')
  await it.call('BootNotification', boot2)
  assert.equal((await ada.delete('/chargers/CP-1')).status, 204)
  assert.equal(await it.closed, 1000)
  assert.equal((await p.published(ChargerRemoved))[0]!.version, 2)
  await charger('CP-1', 'ocpp2.0.1')
  assert.equal((await ada.get('/chargers/CP-1')).body.owner, null)
})
