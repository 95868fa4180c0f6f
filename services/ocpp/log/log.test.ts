import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { OcppMessage } from '#contracts/ocpp'
import { newId } from '#kernel'
import { boot16, boot2, client, connect, gateway, open } from '../testing.ts'
import { withoutPasswords } from './secrets.ts'

const available = { connectorId: 1, errorCode: 'NoError', status: 'Available' }
const all = async (who: ReturnType<typeof client>, query = '') => {
  const items: any[] = []
  for (let after = ''; ;) {
    const { body, status } = await who.get(`/chargers/CP-1/messages?${query}${after && `&after=${after}`}`)
    assert.equal(status, 200, JSON.stringify(body))
    items.push(...body.items)
    if (body.nextCursor === null) return items
    after = body.nextCursor
  }
}

suite('the messages of a charger', () => {
  test('are found by action, direction, outcome, error, text and time, the latest first', async t => {
    const { as, charger } = await open(t)
    const it = await charger('CP-1')
    await it.call('DataTransfer', { vendorId: 'Voltaic' })
    await it.call('StatusNotification', available)
    const middle = new Date().toISOString()
    await assert.rejects(it.call('StatusNotification', { connectorId: 'one' }))
    await it.call('Authorize', { idTag: 'Card-7' })
    await it.call('Heartbeat', {})
    const root = as({ role: 'admin' })
    const actions = async (query: string) => (await all(root, query)).map(({ action }) => action)
    assert.deepEqual(await actions('limit=2'), [
      'Authorize',
      'StatusNotification',
      'StatusNotification',
      'DataTransfer',
    ])
    assert.deepEqual(await actions('action=Authorize'), ['Authorize'])
    assert.deepEqual(await actions('direction=sent'), [])
    assert.deepEqual(await actions('outcome=error'), ['StatusNotification'])
    assert.deepEqual(await actions('text=card-7'), ['Authorize'])
    assert.deepEqual(await actions('text=voltaic'), ['DataTransfer'])
    for (const name of ['to', 'createdTo'])
      assert.deepEqual(await actions(`${name}=${middle}`), ['StatusNotification', 'DataTransfer'])
    assert.deepEqual(await actions(`from=${middle}&action=StatusNotification`), ['StatusNotification'])
    const [failed] = await all(root, 'outcome=error')
    assert.deepEqual(await all(root, `errorCode=${failed.errorCode}`), [failed])
    assert.deepEqual([failed.payload, failed.answer], [{ connectorId: 'one' }, null])
    assert.ok(failed.tookMs >= 0 && failed.tookMs < 10_000, `answered after ${failed.tookMs} ms`)
    assert.deepEqual((await root.get(`/chargers/CP-1/messages/${failed.id}`)).body, failed)
    assert.equal((await root.get(`/chargers/CP-1/messages/${newId()}`)).body.code, 'message_unknown')
  })

  test('are only of the charger that is there now, and only for who looks after it', async t => {
    const { as, charger } = await open(t)
    const [ada, grace] = [as(), as()]
    await ada.post('/chargers', { id: 'CP-1', password: null })
    const it = await charger('CP-1')
    await it.call('Authorize', { idTag: 'SECRET' })
    assert.equal((await all(ada)).length, 1)
    assert.equal((await grace.get('/chargers/CP-1/messages')).body.code, 'charger_unknown')
    assert.equal((await grace.get('/chargers/CP-1/stream')).body.code, 'charger_unknown')
    assert.deepEqual((await grace.get('/messages')).body.items, [], 'nor among those of all')
    const [mine] = (await ada.get('/messages?action=Authorize')).body.items
    assert.deepEqual([mine.chargerId, mine.action], ['CP-1', 'Authorize'])
    assert.deepEqual((await ada.get('/messages?action=BootNotification&outcome=error')).body.items, [])
    await ada.delete('/chargers/CP-1')
    await it.closed
    await grace.post('/chargers', { id: 'CP-1', password: null })
    assert.deepEqual(await all(grace), [], 'who takes the identity next reads nothing of before')
    assert.deepEqual((await grace.get('/messages')).body.items, [])
  })

  test('cost no more where there are many: a rare one is found page by page', async t => {
    const { as, charger, db } = await open(t)
    const it = await charger('CP-1')
    await db`update chargers set created_at = now() - interval '1 day'`
    await it.call('Authorize', { idTag: 'RARE' })
    await db`
      insert into messages
      select kernel.uuid_at(clock_timestamp() + n * interval '1 ms'), now(), 'CP-1', 'received', 'ocpp1.6', n::text,
        'MeterValues', '{}', 'answered', '{}' from generate_series(1, 25000) n`
    const root = as({ role: 'admin' })
    const first = (await root.get('/chargers/CP-1/messages?action=Authorize')).body
    assert.deepEqual([first.items, typeof first.nextCursor], [[], 'string'])
    assert.equal((await all(root, 'action=Authorize')).length, 1)
    const across = (await root.get('/messages?action=Authorize')).body
    assert.deepEqual([across.items, typeof across.nextCursor], [[], 'string'])
    assert.equal((await root.get('/messages?action=MeterValues&limit=2')).body.items.length, 2)
    for (const path of ['/messages', '/chargers/CP-1/messages']) {
      const count = async (query: string) => (await root.get(`${path}/count?${query}`)).body
      assert.deepEqual(await count('action=MeterValues'), { count: 10_000, exact: false })
      assert.deepEqual(await count('action=Authorize'), { count: 0, exact: false }, 'it may be among those before')
      assert.deepEqual(await count('createdFrom=2999-01-01T00:00:00Z'), { count: 0, exact: true })
    }
  })

  test('are kept for as long as is said, and go by the day', async t => {
    let now = new Date()
    const environment = { OCPP_MESSAGE_RETENTION: '7d' }
    const { db, charger, periodically } = await open(t, { environment, now: () => now })
    const it = await charger('CP-1')
    await it.call('Authorize', { idTag: 'A' })
    const count = async () => (await db`select count(*)::int as n from messages`)[0]!.n
    await periodically(/messages/)
    assert.equal(await count(), 1)
    now = new Date(now.getTime() + 9 * 86_400_000)
    await periodically(/messages/)
    assert.equal(await count(), 0)
    const [left] = await db`select count(*)::int as n from pg_inherits where inhparent = 'ocpp.messages'::regclass`
    assert.equal(left!.n, 4, 'a part for today and for two more days, and the net')
    await it.call('Authorize', { idTag: 'A' })
    assert.equal(await count(), 1)
  })

  test('hold no password of a charger', async t => {
    assert.deepEqual(withoutPasswords({ key: 'AuthorizationKey', value: 'secret' }), {
      key: 'AuthorizationKey',
      value: '***',
    })
    const variable = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
    assert.deepEqual(withoutPasswords({ setVariableData: [{ ...variable, attributeValue: 'secret' }] }), {
      setVariableData: [{ ...variable, attributeValue: '***' }],
    })
    const { as, charger, p } = await open(t)
    const it = await charger('CP-1')
    await it.call('BootNotification', boot16)
    it.answers.set('ChangeConfiguration', () => ({ status: 'Accepted' }))
    const root = as({ role: 'admin' })
    const sent = { key: 'AuthorizationKey', value: '00112233445566778899aabbccddeeff' }
    const answer = await root.post('/chargers/CP-1/commands/ChangeConfiguration', sent)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const told = JSON.stringify([
      await all(root),
      await p.published(OcppMessage),
      (await root.get('/chargers/CP-1/commands')).body,
    ])
    assert.ok(told.includes('ChangeConfiguration') && !told.includes(sent.value))
  })
})

test('neither the messages nor the wire show a password, however it is written and whoever sends it', async t => {
  const { url, as, charger, p } = await open(t)
  const it = await charger('CP-1', 'ocpp2.1')
  await it.call('BootNotification', boot2)
  const root = as({ role: 'admin' })
  const { events, until } = await listen(t, `${url}/api/ocpp/chargers/CP-1/stream`, root.headers)
  const secret = '00112233445566778899aabbccddeeff'
  const of = (name: string) => ({ component: { name: 'SecurityCtrlr' }, variable: { name } })
  const generatedAt = new Date().toISOString()
  const reportData = [{ ...of('BasicAuthPassword'), variableAttribute: [{ value: secret }] }]
  await it.call('NotifyReport', { requestId: 1, generatedAt, seqNo: 0, reportData })
  const eventData = [
    {
      ...of('basicAuthPassword'),
      eventId: 1,
      timestamp: generatedAt,
      trigger: 'Delta',
      actualValue: secret,
      eventNotificationType: 'HardWiredNotification',
    },
  ]
  await it.call('NotifyEvent', { generatedAt, seqNo: 0, eventData })
  // Letters that are written as their codes, and what is no JSON at all.
  const escaped = JSON.stringify(reportData).replace('BasicAuth', '\\u0042asicAuth')
  await it.frame(
    `[2,"odd","NotifyReport",{"requestId":2,"generatedAt":"${generatedAt}","seqNo":0,"reportData":${escaped}}]`,
    'odd',
  )
  await it.frame(`[2,"cut","NotifyReport",{"reportData":${escaped}`, '-1')
  it.answers.set('SetNetworkProfile', () => ({ status: 'Accepted' }))
  const connectionData = {
    ocppTransport: 'JSON',
    ocppCsmsUrl: 'wss://example.com',
    messageTimeout: 30,
    securityProfile: 1,
    ocppInterface: 'Wired0',
    basicAuthPassword: secret,
    vpn: { server: 'vpn', user: 'u', password: secret, key: secret, type: 'IPSec' },
    apn: { apn: 'internet', apnAuthentication: 'PAP', apnPassword: secret, simPin: 470012345 },
  }
  const set = await root.post('/chargers/CP-1/commands/SetNetworkProfile', { configurationSlot: 1, connectionData })
  assert.equal(set.status, 200, JSON.stringify(set.body))
  await until(() => events.some(({ data }) => data.direction === 'received' && /Accepted/.test(data.text)))
  const device = await Promise.all(['variables', 'alerts'].map(what => root.get(`/chargers/CP-1/${what}`)))
  const shown = JSON.stringify([events, await all(root), await p.published(OcppMessage), device])
  assert.ok(shown.includes('NotifyEvent') && shown.includes('SetNetworkProfile') && shown.includes('***'))
  assert.ok(!shown.includes(secret) && !shown.includes('470012345'))
})

/** Server-sent events as they come. */
async function listen(t: TestContext, url: string, headers: Record<string, string>) {
  const abort = new AbortController()
  t.after(() => abort.abort())
  const response = await fetch(url, { headers, signal: abort.signal })
  assert.equal(response.status, 200)
  const events: { id: string; event: string; data: any }[] = []
  void (async () => {
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map(line => line.split(/: (.*)/s)),
        )
        text = text.slice(end + 2)
        if (fields.event) events.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) })
      }
    }
  })().catch(() => {})
  const until = async (done: () => boolean) => {
    for (let tries = 0; !done() && tries < 300; tries++) await new Promise(next => setTimeout(next, 20))
    assert.ok(done(), JSON.stringify(events))
  }
  return { events, until }
}

suite('the wire, live', () => {
  test('has every frame both ways, as it was, and goes on where it was left', async t => {
    const { url, as, charger } = await open(t)
    const it = await charger('CP-1')
    const root = as({ role: 'admin' })
    const stream = `${url}/api/ocpp/chargers/CP-1/stream`
    const { events, until } = await listen(t, stream, root.headers)
    await it.call('Heartbeat', {}, 'beat')
    await it.frame('[2, "boot", "BootNotification", {"chargePointVendor": "V",  "chargePointModel": "M"}]', 'boot')
    await until(() => events.length >= 4)
    // What it is asked after its start follows.
    assert.deepEqual(
      events.slice(0, 4).map(({ data }) => [data.direction, data.text.slice(0, 12)]),
      [
        ['received', '[2,"beat","H'],
        ['sent', '[3,"beat",{"'],
        ['received', '[2, "boot", '],
        ['sent', '[3,"boot",{"'],
      ],
    )
    assert.ok(events[2]!.data.text.includes('"V",  "charge'))
    const again = await listen(t, stream, { ...root.headers, 'last-event-id': events[1]!.id })
    await again.until(() => again.events.length >= 2)
    assert.deepEqual(again.events.slice(0, 2), events.slice(2, 4))
    const lost = await listen(t, stream, { ...root.headers, 'last-event-id': 'of-elsewhere-7' })
    await lost.until(() => lost.events[0]?.event === 'gap')
  })

  test('of a charger that another process has comes what is written down', async t => {
    const { p, url, as } = await open(t)
    const other = await gateway(p)
    const it = await connect(t, `${other.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
    const { events, until } = await listen(t, `${url}/api/ocpp/chargers/CP-1/stream`, as({ role: 'admin' }).headers)
    await it.call('StatusNotification', available, 'well')
    await assert.rejects(it.call('StatusNotification', { connectorId: 'one' }, 'bad'))
    await until(() => events.length >= 4)
    assert.deepEqual(
      events.map(({ data }) => [data.direction, JSON.parse(data.text).slice(0, 3)[1], JSON.parse(data.text)[0]]),
      [
        ['received', 'well', 2],
        ['sent', 'well', 3],
        ['received', 'bad', 2],
        ['sent', 'bad', 4],
      ],
    )
  })
})

test('messages are counted by direction, version, action and outcome; what chargers make up is no name of a figure', async t => {
  const { url, charger, as } = await open(t)
  const [old, it] = [await charger('CP-1'), await charger('CP-2', 'ocpp2.0.1')]
  await old.call('BootNotification', boot16)
  await it.call('BootNotification', boot2)
  await it.call('Heartbeat', {})
  await assert.rejects(old.call('Heartbeats', {}), { code: 'NotImplemented' })
  it.answers.set('Reset', () => ({ status: 'Accepted' }))
  assert.equal((await as().post('/chargers/CP-2/commands/Reset', { type: 'OnIdle' })).status, 200)
  const text = await (await fetch(`${url}/metrics`)).text()
  const count = (direction: string, version: string, action: string, outcome: string) => {
    const labels = `direction="${direction}",version="${version}",action="${action}",outcome="${outcome}"`
    const line = text.split('\n').find(line => line.startsWith(`ohmnibus_ocpp_messages_total{${labels}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  assert.equal(count('received', 'ocpp1.6', 'BootNotification', 'answered'), 1)
  assert.equal(count('received', 'ocpp2.0.1', 'BootNotification', 'answered'), 1)
  assert.equal(count('received', 'ocpp2.0.1', 'Heartbeat', 'answered'), 1)
  assert.equal(count('received', 'ocpp1.6', 'Heartbeat', 'answered'), 0)
  assert.equal(count('received', 'ocpp1.6', 'other', 'error'), 1)
  assert.equal(count('sent', 'ocpp2.0.1', 'Reset', 'answered'), 1)
})
