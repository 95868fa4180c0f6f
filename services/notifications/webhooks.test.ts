import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Webhook as Verifier } from 'standardwebhooks'
import { UserPasswordChanged } from '#contracts/identity'
import { PassportCreated, PassportPublished } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, company, edith, grace, mails, open, self, victor, type Person, type Platform } from './testing.ts'

const day = 24 * 3_600_000
const passport = { passport: { id: newId(), data: {} }, identifier: 'BP-2024-011', version: 1 }

interface Got {
  headers: Record<string, string>
  body: string
}

/** Somebody's own server; answers what `answer` says, 204 unless told otherwise. */
async function receiver(t: TestContext) {
  const got: Got[] = []
  const its = {
    got,
    url: '',
    answer: (_: Got): number | 'nothing' => 204,
    types: () => got.map(({ body }) => JSON.parse(body).type as string),
  }
  const server = createServer(async (request, response) => {
    const one = { headers: request.headers as Record<string, string>, body: await text(request) }
    got.push(one)
    const answer = its.answer(one)
    if (answer === 'nothing') request.socket.destroy()
    else response.writeHead(answer, answer === 302 ? { location: its.url } : {}).end()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  its.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  return its
}

/** Calls of the API by somebody, for their organisation where one is named. */
const caller =
  (p: Platform, { userId }: Person, organisation?: { id: string; role: 'owner' | 'viewer' }, role?: 'operator') =>
  async (status: number, line: string, payload?: object) => {
    const [method, path] = line.split(' ') as ['GET', string]
    const headers = p.signedIn({ userId, ...(organisation ? { organisation } : {}), ...(role ? { role } : {}) })
    const answer = await p.http.inject({ method, url: `/api/notifications/webhooks${path}`, headers, payload })
    assert.equal(answer.statusCode, status, answer.body)
    return answer.body ? answer.json() : undefined
  }

const acting = { id: company.id, role: 'owner' as const }

test('what happens to an organisation’s things is sent to its address, once, and signed as Standard Webhooks says', async t => {
  const p = await open(t)
  const there = await receiver(t)
  const call = caller(p, ada, acting)
  const { id, secret, ...webhook } = await call(201, 'POST ', { url: there.url, events: ['passport.created'] })
  assert.deepEqual(webhook.owner, company)
  assert.equal((await call(200, `GET /${id}`)).secret, undefined, 'it is shown once')

  const eventId = newId()
  for (const owner of [company, company, self])
    await p.publish(PassportCreated, { ...passport, owner }, undefined, owner === company ? eventId : newId())
  await p.publish(PassportPublished, { ...passport, owner: company })
  await p.settle()

  assert.deepEqual(there.types(), ['passport.created'])
  const [{ body, headers }] = there.got as [Got]
  const { timestamp, ...news } = new Verifier(secret).verify(body, headers) as { timestamp: string }
  assert.deepEqual(news, {
    type: 'passport.created',
    data: {
      subject: passport.passport.id,
      passport: 'BP-2024-011',
      link: `https://ohmnibus.example.com/passports/${passport.passport.id}`,
    },
  })
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 600_000)
  assert.throws(() => new Verifier(secret).verify(body.replace('011', '012'), headers))
  const { items } = await call(200, `GET /${id}/calls`)
  assert.deepEqual(
    items.map(({ event, status, tries, answer }: Record<string, unknown>) => [event, status, tries, answer]),
    [['passport.created', 'delivered', 1, 204]],
  )
  assert.equal(items[0].id, headers['webhook-id'])
})

test('a secret that is changed goes on to hold as long as was asked for, beside the new one', async t => {
  let later = 0
  const p = await open(t, { now: () => new Date(Date.now() + later) })
  const there = await receiver(t)
  const call = caller(p, ada)
  const { id, secret: former } = await call(201, 'POST ', { url: there.url })
  const { secret } = await call(200, `POST /${id}/secret`, { overlapHours: 2 })
  assert.notEqual(secret, former)
  const signatures = async () => {
    await call(200, `POST /${id}/test`)
    const { headers } = there.got.at(-1)!
    return headers['webhook-signature']!.split(' ').length
  }
  assert.equal(await signatures(), 2)
  const { body, headers } = there.got.at(-1)!
  for (const known of [secret, former]) new Verifier(known).verify(body, headers)
  later = 3 * 3_600_000
  assert.equal(await signatures(), 1)
  await call(200, `POST /${id}/secret`, { overlapHours: 0 })
  assert.equal(await signatures(), 1, 'a stolen one holds no longer')
})

test('what does not arrive is tried again under the same id, for three days, and then by hand', async t => {
  let later = 0
  const now = () => new Date(Date.now() + later)
  const p = await open(t, { now })
  const there = await receiver(t)
  const call = caller(p, ada)
  const { id, secret } = await call(201, 'POST ', { url: there.url })
  let tries = 0
  there.answer = () => (++tries % 2 === 0 ? 302 : 500)
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  assert.equal(there.got.length, 1)
  const [first] = (await call(200, `GET /${id}/calls`)).items
  // As it would be made now, for who wants to try it themselves.
  const { request, ...seen } = await call(200, `GET /${id}/calls/${first.id}`)
  assert.deepEqual([seen, request.url, request.body], [first, there.url, there.got[0]!.body])
  new Verifier(secret).verify(request.body, request.headers)
  await call(404, `GET /${id}/calls/${newId()}`)
  assert.deepEqual([first.status, first.answer, first.error], ['waiting', 500, 'It answered 500 Internal Server Error'])

  for (let step = 0; step < 10; step++) {
    later += day
    await p.hurry()
  }
  const [given] = (await call(200, `GET /${id}/calls?status=dead`)).items
  assert.equal(given?.tries, there.got.length)
  assert.equal(new Set(there.got.map(({ headers }) => headers['webhook-id'])).size, 1)
  assert.equal((await call(200, `GET /${id}`)).disabledBecause, 'failures')
  await p.settle()
  assert.equal((await p.list(ada)).items[0]!.event, 'webhook.disabled')

  there.answer = () => 200
  const { url, description, events } = await call(200, `GET /${id}`)
  await call(200, `PUT /${id}`, { url, description, events, enabled: true })
  assert.deepEqual(await call(202, `POST /${id}/replay`, { since: new Date(0).toISOString() }), { replayed: 1 })
  await p.settle()
  const [delivered] = (await call(200, `GET /${id}/calls?status=delivered`)).items.filter(
    (one: { id: string }) => one.id === given.id,
  )
  assert.ok(delivered)
  await call(409, `POST /${id}/calls/${given.id}/replay`)
})

test('an address that says it is gone is switched off at once, and its owner hears of it', async t => {
  const p = await open(t)
  const there = await receiver(t)
  const call = caller(p, ada)
  const { id } = await call(201, 'POST ', { url: there.url })
  there.answer = () => 410
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  assert.equal((await call(200, `GET /${id}`)).disabledBecause, 'gone')
  assert.ok((await mails(p)).some(({ subject }) => /webhook at 127\.0\.0\.1:\d+ is switched off/.test(subject)))
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  assert.equal(there.got.length, 1)
})

test('one that gives no answer holds nobody else up', async t => {
  const p = await open(t)
  const [silent, well] = [await receiver(t), await receiver(t)]
  silent.answer = () => 'nothing'
  const call = caller(p, ada)
  await call(201, 'POST ', { url: silent.url })
  await call(201, 'POST ', { url: well.url })
  for (let i = 0; i < 60; i++) await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  assert.equal(well.got.length, 60)
  assert.ok(silent.got.length <= 60)
})

test('nobody sees or changes the webhooks of others, and of an organisation only who looks after it', async t => {
  const p = await open(t)
  const there = await receiver(t)
  const own = caller(p, ada, acting)
  const { id } = await own(201, 'POST ', { url: there.url })
  for (const stranger of [caller(p, grace), caller(p, ada), caller(p, grace, { id: newId(), role: 'owner' })]) {
    await stranger(404, `GET /${id}`)
    await stranger(404, `PUT /${id}`, { url: there.url, description: '', events: [], enabled: false })
    await stranger(404, `POST /${id}/secret`, { overlapHours: 0 })
    await stranger(404, `POST /${id}/test`)
    await stranger(404, `GET /${id}/calls`)
    await stranger(404, `DELETE /${id}`)
    assert.deepEqual((await stranger(200, 'GET ')).items, [])
  }
  const viewer = caller(p, victor, { id: company.id, role: 'viewer' })
  await viewer(403, 'GET ')
  await viewer(403, 'POST ', { url: there.url })
  await viewer(403, `GET /${id}`)
  await caller(p, edith)(403, 'POST ', { url: there.url, for: 'role' })
  const operator = caller(p, grace, undefined, 'operator')
  const { owner } = await operator(201, 'POST ', { url: there.url, for: 'role' })
  assert.deepEqual(owner, { kind: 'role', id: 'operator' })
  // What is not asked for is not taken.
  await own(400, 'POST ', { url: there.url, owner: { kind: 'role', id: 'admin' } })
})

test('in production a webhook reaches nothing beside the platform, by whatever name', async t => {
  const p = await open(t, { mode: 'production' })
  const call = caller(p, ada)
  for (const url of ['http://hooks.example.com/', 'https://user:word@hooks.example.com/', 'https://:'])
    assert.equal((await call(400, 'POST ', { url })).code, 'webhook_address_refused')
  for (const url of ['https://127.0.0.1:1/', 'https://localhost:1/', 'https://169.254.169.254/', 'https://[::1]:1/']) {
    const { id } = await call(201, 'POST ', { url })
    const { delivered, error } = await call(200, `POST /${id}/test`)
    assert.equal(delivered, false)
    assert.match(error, /not allowed/)
  }
})

test('about the safety of an account no webhook hears', async t => {
  const p = await open(t)
  const there = await receiver(t)
  const call = caller(p, ada)
  await call(201, 'POST ', { url: there.url })
  await call(400, 'POST ', { url: there.url, events: ['user.password-changed'] })
  await p.publish(UserPasswordChanged, { userId: ada.userId, version: 2 })
  await p.settle()
  assert.deepEqual(there.got, [])
})

test('an owner has twenty at the most, also where many are made at once', async t => {
  const p = await open(t)
  const call = caller(p, ada)
  const made = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const answer = await p.http.inject({
        method: 'POST',
        url: '/api/notifications/webhooks',
        headers: p.as(ada),
        payload: { url: 'https://hooks.example.com/' },
      })
      return answer.statusCode
    }),
  )
  assert.equal(made.filter(status => status === 201).length, 20)
  assert.equal((await call(200, 'GET ')).items.length, 20)
})

test('what was sent is forgotten after thirty days, and what a killed process left is taken up', async t => {
  let later = 0
  const p = await open(t, { now: () => new Date(Date.now() + later) })
  const there = await receiver(t)
  const call = caller(p, ada)
  const { id } = await call(201, 'POST ', { url: there.url })
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  // As it is where the process ends between the claim and the answer, and its job is lost.
  await p.db('notifications')`update webhook_calls set status = 'sending'`
  later = 3_600_000
  const { tendWebhooks } = await import('./webhooks/sending.ts')
  const send = { task: 'notifications.webhook', tries: 10, urgency: 'bulk' as const }
  await tendWebhooks(p.host, send)
  await p.settle()
  assert.equal(there.got.length, 2)
  later = 32 * day
  await tendWebhooks(p.host, send)
  assert.deepEqual((await call(200, `GET /${id}/calls`)).items, [])
})

test('who runs the platform finds what does not arrive, of all owners, without secrets, and has it sent again', async t => {
  const p = await open(t)
  const there = await receiver(t)
  const call = caller(p, ada)
  const { id } = await call(201, 'POST ', { url: `${there.url}?secret=quiet-trains` })
  await caller(p, ada)(201, 'POST ', { url: `${there.url}/well`, events: ['passport.published'] })
  const admin = async (status: number, method: 'GET' | 'POST', path: string, payload?: object) => {
    const headers = p.signedIn({ userId: grace.userId, role: 'admin' })
    const answer = await p.http.inject({
      method,
      url: `/api/notifications/${path}`,
      headers,
      ...(payload && { payload }),
    })
    assert.equal(answer.statusCode, status, answer.body)
    return answer.json()
  }
  assert.deepEqual((await admin(200, 'GET', 'webhook-failures')).items, [])
  there.answer = () => 500
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.publish(PassportCreated, { ...passport, owner: self })
  await p.settle()
  const [failing, ...others] = (await admin(200, 'GET', 'webhook-failures?off=false')).items
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(failing, {
    id,
    owner: self,
    disabledBecause: null,
    dead: 0,
    lastError: 'It answered 500 Internal Server Error',
  })
  assert.doesNotMatch(JSON.stringify(failing), /quiet-trains|hooks/)

  // As after eleven tries, over more than three days.
  await p.db('notifications')`update webhook_calls set status = 'dead', tries = 11, answer = 500, error = null`
  await p.db('notifications')`update webhooks set disabled_because = 'failures' where id = ${id}`
  assert.equal((await admin(200, 'GET', 'webhook-failures?off=true')).items[0].dead, 2)
  const dead = (await admin(200, 'GET', `webhook-calls?webhookId=${id}&event=passport.created`)).items
  assert.deepEqual(
    dead.map(({ webhookId, event, answer }: Record<string, unknown>) => [webhookId, event, answer]),
    [
      [id, 'passport.created', 500],
      [id, 'passport.created', 500],
    ],
  )
  there.answer = () => 204
  there.got.length = 0
  await admin(202, 'POST', `webhook-calls/${dead[0].id}/replay`)
  await admin(404, 'POST', `webhook-calls/${dead[0].id}/replay`)
  await p.settle()
  assert.equal(there.got.length, 0, 'it waits: the webhook is off')
  const since = new Date(0).toISOString()
  assert.deepEqual(await admin(202, 'POST', `webhook-failures/${id}/replay`, { since }), { replayed: 1 })
  await p.settle()
  assert.equal(there.got.length, 2)
  assert.deepEqual((await admin(200, 'GET', 'webhook-failures')).items, [])
  assert.equal((await call(200, `GET /${id}`)).enabled, true)

  const own = (await call(200, `GET /${id}`)) as Record<string, unknown>
  await call(200, `PUT /${id}`, { url: own.url, description: '', events: [], enabled: false })
  assert.equal((await admin(409, 'POST', `webhook-failures/${id}/replay`, {})).code, 'webhook_switched_off')
  await admin(404, 'POST', `webhook-failures/${newId()}/replay`, {})
  for (const path of ['webhook-failures', 'webhook-calls']) {
    const answer = await p.http.inject({ url: `/api/notifications/${path}`, headers: p.as(ada) })
    assert.equal(answer.statusCode, 403)
  }
})
