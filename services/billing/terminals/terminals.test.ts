import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { newId } from '#kernel'
import { stranger } from '../ad-hoc/testing.ts'
import { isProven, sign } from './signature.ts'

/** A terminal of who sells there, which signs what it says. */
async function terminal(t: TestContext, environment: Record<string, string> = {}) {
  const it = await stranger(t, { environment })
  const made = await it.operator.post('/terminals', { name: 'Car park' })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id, secretOnce } = made.body
  const at = `/api/billing/terminals/${id}`
  /** Sends as a terminal does. */
  const say = async (path: string, about?: object, how: { secret?: string; late?: number; body?: string } = {}) => {
    const body = how.body ?? (about ? JSON.stringify(about) : '')
    const proof = { id: newId(), timestamp: `${Math.floor(it.clock.at / 1000) - (how.late ?? 0)}` }
    const answer = await it.p.http.inject({
      method: about ? 'POST' : 'GET',
      url: `${at}${path}`,
      headers: {
        'webhook-id': proof.id,
        'webhook-timestamp': proof.timestamp,
        'webhook-signature': sign(how.secret ?? secretOnce, proof, body),
        ...(about && { 'content-type': 'application/json' }),
      },
      ...(about && { payload: how.body ? JSON.stringify(about) : body }),
    })
    return { status: answer.statusCode, body: answer.body ? answer.json() : undefined }
  }
  const card = {
    reference: 'AUTH-1',
    stationId: it.stationId,
    evse: 1,
    connector: 1,
    amountMinor: 5_000,
    currency: 'EUR',
  }
  return { ...it, id, secretOnce, say, card, one: () => say('/authorisations/AUTH-1') }
}

suite('a payment terminal', () => {
  test('says that a card is good, the charger begins once, and it is told what to take, and then that it is done', async t => {
    const it = await terminal(t)
    const said = await it.say('/authorised', it.card)
    assert.equal(said.status, 202, JSON.stringify(said.body))
    assert.deepEqual([said.body.state, said.body.toDo], ['starting', null])
    assert.equal((await it.say('/authorised', it.card)).status, 202)
    assert.equal((await it.starts()).length, 1)
    assert.equal((await it.say('/authorised', { ...it.card, amountMinor: 1 })).body.code, 'authorisation_differs')
    await it.answers('answered')
    const session = await it.session(7_000)
    await it.started({ ...session, energyWh: 3_000 })
    assert.equal((await it.one()).body.state, 'charging')
    const page = await it.page(new URL((await it.one()).body.page).pathname)
    assert.match(page.text, /3.00 kWh/)
    await it.ended(session)
    assert.deepEqual(
      (await it.say('/to-do')).body.items.map(({ reference, toDo }: any) => [reference, toDo]),
      [['AUTH-1', { captureMinor: 350 }]],
    )
    assert.equal((await it.say('/captured', { reference: 'AUTH-1', amountMinor: 351 })).body.code, 'authorisation_over')
    for (let time = 0; time < 2; time++)
      assert.equal((await it.say('/captured', { reference: 'AUTH-1', amountMinor: 350 })).status, 200)
    await it.settle()
    assert.deepEqual((await it.say('/to-do')).body.items, [])
    const { body } = await it.operator.get('/invoices?as=seller')
    assert.deepEqual(
      body.items.map(({ totalMinor, state }: any) => [totalMinor, state]),
      [[350, 'paid']],
    )
    assert.equal(await it.uncollected(), 0n)
    await it.isRight()
  })

  test('hears why nothing begins, and has to release the card', async t => {
    const it = await terminal(t)
    await it.say('/authorised', it.card)
    await it.answers('answered', 'Rejected')
    const { body } = await it.one()
    assert.deepEqual([body.state, body.reason, body.toDo], ['failed', 'refused', { captureMinor: 0 }])
    assert.equal((await it.say('/uncaptured', { reference: 'AUTH-1' })).body.toDo, null)
    it.known.online = false
    const next = { ...it.card, reference: 'AUTH-2' }
    assert.equal((await it.say('/authorised', next)).body.code, 'charger_unready')
  })

  test('ends a session whose card is good no more, or that somebody wants to end', async t => {
    const it = await terminal(t)
    await it.say('/authorised', it.card)
    await it.answers('answered')
    const session = await it.session(2_000)
    await it.started(session)
    assert.equal((await it.say('/stop', { reference: 'AUTH-1' })).status, 202)
    assert.equal((await it.stops()).length, 1)
    assert.equal((await it.say('/cancelled', { reference: 'AUTH-1' })).status, 200)
    await it.ended(session)
    assert.deepEqual((await it.one()).body.reason, 'lapsed')
    assert.equal(await it.booked(session), 0n)
    await it.isRight()
  })

  test('proves each word by its secret, over the bytes as they came, and of late', async t => {
    const it = await terminal(t)
    const codes = async (...tries: [object?, object?][]) => {
      const told: unknown[] = []
      for (const [about = it.card, how = {}] of tries) told.push((await it.say('/authorised', about, how)).body.code)
      return told
    }
    const unproven = 'terminal_unproven'
    assert.deepEqual(
      await codes(
        [it.card, { secret: 'whsec_bm90IGl0cyBzZWNyZXQ=' }],
        [it.card, { late: 301 }],
        [it.card, { late: -301 }],
        [it.card, { body: JSON.stringify({ ...it.card, amountMinor: 1 }) }],
      ),
      [unproven, unproven, unproven, unproven],
    )
    assert.equal((await it.p.http.inject({ url: `/api/billing/terminals/${it.id}/to-do` })).statusCode, 401)
    assert.equal((await it.p.http.inject({ url: `/api/billing/terminals/${newId()}/to-do` })).statusCode, 401)
    const { body } = await it.operator.post(`/terminals/${it.id}/secret?atOnce=true`)
    assert.equal((await it.say('/to-do')).status, 401, 'the former one proves nothing')
    assert.equal((await it.say('/to-do', undefined, { secret: body.secretOnce })).status, 200)
    const other = it.as({ role: 'operator', organisation: { id: newId(), role: 'admin' } })
    assert.equal((await other.delete(`/terminals/${it.id}`)).status, 404)
    assert.deepEqual((await other.get('/terminals')).body.items, [])
    assert.equal((await it.operator.delete(`/terminals/${it.id}`)).status, 204)
    assert.equal((await it.say('/to-do', undefined, { secret: body.secretOnce })).status, 401)
    assert.deepEqual((await it.operator.get('/terminals')).body.items, [])
  })

  test('has both its secrets for a day while it is given another one', async t => {
    const it = await terminal(t)
    const { body: first } = await it.operator.post(`/terminals/${it.id}/secret`)
    assert.equal(first.formerUntil, new Date(it.clock.at + 86_400_000).toISOString())
    const status = async (secret: string) => (await it.say('/to-do', undefined, { secret })).status
    assert.deepEqual([await status(it.secretOnce), await status(first.secretOnce)], [200, 200])
    const { body: second } = await it.operator.post(`/terminals/${it.id}/secret`)
    assert.deepEqual([await status(it.secretOnce), await status(first.secretOnce)], [401, 200])
    it.clock.at += 86_400_001
    assert.deepEqual([await status(first.secretOnce), await status(second.secretOnce)], [401, 200])
  })

  test('is told what to take by a webhook of its own, signed with both secrets, again until it answers', async t => {
    const heard: { headers: IncomingHttpHeaders; body: string }[] = []
    const answers = [500, 302, 204]
    const server = createServer(async (request, response) => {
      heard.push({ headers: request.headers, body: (await request.toArray()).join('') })
      response.writeHead(answers[heard.length - 1] ?? 204, { location: 'http://127.0.0.1:1/' }).end()
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise(done => server.once('listening', done))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const it = await terminal(t, { BILLING_TERMINAL_WEBHOOK_HOSTS: host })
    for (const url of ['http://169.254.169.254/', `http://user@${host}/`, 'http://localhost/']) {
      const refused = await it.operator.put(`/terminals/${it.id}/webhook`, { url })
      assert.deepEqual([refused.status, refused.body.code], [422, 'webhook_refused'], url)
    }
    const other = it.as({ role: 'operator', organisation: { id: newId(), role: 'admin' } })
    assert.equal((await other.put(`/terminals/${it.id}/webhook`, { url: null })).status, 404)
    const { body } = await it.operator.put(`/terminals/${it.id}/webhook`, { url: `http://${host}/hook` })
    assert.equal(body.webhookUrl, `http://${host}/hook`)
    const { body: fresh } = await it.operator.post(`/terminals/${it.id}/secret`)
    await it.say('/authorised', it.card)
    await it.answers('answered')
    const session = await it.session(7_000)
    await it.started(session)
    await it.ended(session)
    // The clock of jobs is not the test's: each try that failed is made again at once.
    for (let time = 0; time < 3; time++) {
      await it.p.db('kernel')`update graphile_worker._private_jobs set run_at = now() where attempts > 0`
      await it.p.db('kernel')`notify "jobs:insert", '{"count":1}'`
      await it.settle()
    }
    assert.equal(heard.length, 3)
    const [{ headers, body: text }] = heard as [(typeof heard)[0]]
    const { type, data } = JSON.parse(text)
    assert.deepEqual([type, data.reference, data.toDo], ['authorisation.to-do', 'AUTH-1', { captureMinor: 350 }])
    assert.equal(new Set(heard.map(({ headers }) => headers['webhook-id'])).size, 1)
    const proof = {
      id: headers['webhook-id'] as string,
      timestamp: headers['webhook-timestamp'] as string,
      signature: headers['webhook-signature'] as string,
    }
    for (const secret of [it.secretOnce, fresh.secretOnce])
      assert.ok(isProven(secret, proof, text, new Date(it.clock.at)), 'whichever it has')
  })

  test('of somebody else is not heard about a station', async t => {
    const it = await terminal(t)
    it.known.owner = { kind: 'organisation', id: newId() }
    assert.match((await it.say('/authorised', it.card)).body.code, /station_unknown|ad_hoc_unavailable/)
  })
})

suite('a sign', () => {
  test('has a QR code that opens the page of its connector, as picture for everybody and as sheet for who sells', async t => {
    const it = await stranger(t)
    const svg = await it.page(`/api/billing/ad-hoc/${it.stationId}/qr.svg?evse=1&connector=1`)
    assert.deepEqual([svg.status, svg.headers['content-type']], [200, 'image/svg+xml'])
    assert.match(svg.text, /<svg/)
    assert.equal((await it.page(`/api/billing/ad-hoc/${it.stationId}/qr.svg?evse=9&connector=1`)).status, 404)
    const sheet = (headers: Record<string, string>) =>
      it.page(`/api/billing/ad-hoc/${it.stationId}/signs.pdf?plugs=1.1,2.1`, undefined, headers)
    const own = await sheet(it.p.signedIn({ role: 'operator', organisation: it.organisation }))
    assert.equal(own.status, 200, own.text)
    assert.match(own.bytes.subarray(0, 5).toString(), /%PDF-/)
    assert.equal((await sheet(it.p.signedIn({ role: 'operator' }))).status, 404)
    if (process.env.OHMNIBUS_SCREENSHOTS) {
      const { writeFile } = await import('node:fs/promises')
      await writeFile(`${process.env.OHMNIBUS_SCREENSHOTS}/signs.pdf`, own.bytes)
      await writeFile(`${process.env.OHMNIBUS_SCREENSHOTS}/sign.svg`, svg.bytes)
    }
  })
})
