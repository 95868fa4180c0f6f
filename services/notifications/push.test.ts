import assert from 'node:assert/strict'
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { importJWK, jwtVerify } from 'jose'
import { UserPasswordChanged } from '#contracts/identity'
import { PassportCreated } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, grace, open, self, type Person, type Platform } from './testing.ts'

/** A browser's half of a subscription: what it keeps to itself, and what it gives away. */
function browser(endpoint: string) {
  const keys = createECDH('prime256v1')
  const [publicKey, auth] = [keys.generateKeys(), randomBytes(16)]
  return {
    subscription: {
      endpoint,
      expirationTime: null,
      keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    },
    /** As RFC 8291 (3.4) and RFC 8188 say, step by step. */
    read(body: Buffer) {
      const [salt, size, length] = [body.subarray(0, 16), body.readUInt32BE(16), body[20]!]
      const [theirs, sealed] = [body.subarray(21, 21 + length), body.subarray(21 + length)]
      assert.ok(sealed.length <= size)
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, theirs])
      const input = Buffer.from(hkdfSync('sha256', keys.computeSecret(theirs), auth, info, 32))
      const key = Buffer.from(hkdfSync('sha256', input, salt, 'Content-Encoding: aes128gcm\0', 16))
      const nonce = Buffer.from(hkdfSync('sha256', input, salt, 'Content-Encoding: nonce\0', 12))
      const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(sealed.subarray(-16))
      const padded = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
      return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString())
    },
  }
}

/** A push service that takes what is proven to come from who the browser subscribed to (RFC 8292). */
async function pushService(t: TestContext) {
  const taken: { path: string; headers: Record<string, unknown>; body: Buffer }[] = []
  const it = { answer: 201, taken, tries: 0, url: '', key: '' }
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const [, token, key] = /^vapid t=([^,]+), ?k=(\S+)$/.exec(request.headers.authorization ?? '') ?? []
    const point = Buffer.from(key ?? '', 'base64url')
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(part => part.toString('base64url'))
    const good = await importJWK({ kty: 'EC', crv: 'P-256', x: x!, y: y! }, 'ES256')
      .then(known =>
        jwtVerify(token!, known, { audience: it.url, maxTokenAge: '24h' }).catch(() =>
          jwtVerify(token!, known, { audience: it.url }),
        ),
      )
      .then(
        ({ payload }) => /^(https:|mailto:)/.test(payload.sub ?? '') && payload.exp! * 1000 < Date.now() + 86_400_000,
      )
      .catch(() => false)
    it.tries++
    if (!good || key !== it.key) return void response.writeHead(403).end()
    if (it.answer === 201) taken.push({ path: request.url!, headers: request.headers, body })
    response.writeHead(it.answer).end()
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return it
}

const call = async (p: Platform, who: Person, status: number, request: string, payload?: object) => {
  const [method, path] = request.split(' ') as ['GET', string]
  const url = `/api/notifications${path}`
  const answer = await p.http.inject({ method, url, headers: p.as(who), ...(payload && { payload }) })
  assert.equal(answer.statusCode, status, `${request}: ${answer.body}`)
  return answer.body ? answer.json() : undefined
}
const told = (p: Platform, number: number, owner = self) =>
  p.publish(PassportCreated, {
    passport: { id: newId(), data: {} },
    identifier: `BP-${number}`,
    version: 1,
    owner,
  } as never)
const states = async (p: Platform) =>
  (
    (
      await p.http.inject({ url: '/api/notifications/deliveries?channel=push', headers: p.signedIn({ role: 'admin' }) })
    ).json().items as { status: string; error: string | null; to: string }[]
  ).map(({ status }) => status)

test('every device of a person shows what a browser decrypts: the title and where it leads, and nothing else', async t => {
  const service = await pushService(t)
  const p = await open(t, { environment: { NOTIFICATION_DIGEST: '0s' } })
  service.key = (await call(p, ada, 200, 'GET /push')).publicKey
  assert.equal((await call(p, ada, 200, 'GET /push')).publicKey, service.key, 'made once, and kept')
  assert.equal((await call(p, grace, 200, 'GET /push')).publicKey, service.key)
  const [phone, desk] = [browser(`${service.url}/phone`), browser(`${service.url}/desk`)]
  for (const [one, name] of [
    [phone, 'Phone'],
    [desk, 'Desk'],
    [phone, 'My phone'],
  ] as const)
    await call(p, ada, 201, 'POST /push/devices', { ...one.subscription, name })
  const { devices } = await call(p, ada, 200, 'GET /push')
  assert.deepEqual(
    devices.map(({ name }: { name: string }) => name).sort(),
    ['Desk', 'My phone'],
    'one browser is one device',
  )

  await told(p, 1)
  await p.publish(UserPasswordChanged, { userId: ada.userId, version: 2 })
  await p.settle()
  assert.equal(service.taken.length, 4)
  const shown = service.taken.filter(({ path }) => path === '/phone').map(({ body }) => phone.read(body))
  assert.deepEqual(shown.map(({ title }) => title).sort(), ['Passport BP-1 was created', 'Your password was changed'])
  for (const one of shown) {
    assert.deepEqual(Object.keys(one).sort(), ['event', 'id', 'link', 'title'])
    assert.ok(one.link.startsWith('https://ohmnibus.example.com'))
    assert.ok(!JSON.stringify(one).includes('Ada') && !JSON.stringify(one).includes(ada.email))
  }
  for (const { headers, body } of service.taken) {
    assert.equal(headers['content-encoding'], 'aes128gcm')
    assert.ok(Number(headers.ttl) > 0 && body.length < 1000)
    assert.match(String(headers.topic), /^[\w-]{1,32}$/)
  }
  assert.throws(() => desk.read(service.taken.find(({ path }) => path === '/phone')!.body), 'nobody else can read it')

  const url = '/api/notifications/preferences'
  await p.http.inject({ method: 'PUT', url, headers: p.as(ada), payload: { push: { 'passport.created': false } } })
  await told(p, 2)
  await p.settle()
  assert.equal(service.taken.length, 4, 'who wants no push of a kind gets none')
})

test('a device that its push service knows no more is forgotten; while the service is away the message waits', async t => {
  const service = await pushService(t)
  const p = await open(t, { environment: { NOTIFICATION_DIGEST: '0s' } })
  service.key = (await call(p, ada, 200, 'GET /push')).publicKey
  const one = browser(`${service.url}/one`)
  const { id } = await call(p, ada, 201, 'POST /push/devices', one.subscription)
  service.answer = 503
  await told(p, 1)
  await p.settle()
  assert.deepEqual(await states(p), ['failed'])
  service.answer = 201
  await p.hurry()
  assert.deepEqual([await states(p), service.taken.length], [['sent'], 1])
  service.answer = 413
  await told(p, 2)
  await p.settle()
  assert.deepEqual(await states(p), ['dead', 'sent'], 'what is refused is not tried again')

  assert.deepEqual((await call(p, ada, 200, `POST /push/devices/${id}/test`)).removed, false)
  service.answer = 410
  await told(p, 3)
  await p.settle()
  assert.deepEqual(await states(p), ['obsolete', 'dead', 'sent'])
  assert.deepEqual((await call(p, ada, 200, 'GET /push')).devices, [])
  const admin = p.signedIn({ role: 'admin' })
  const replayed = await p.http.inject({
    method: 'POST',
    url: '/api/notifications/deliveries/replay',
    headers: admin,
    payload: { channel: 'push' },
  })
  assert.deepEqual(replayed.json(), { replayed: 1 })
  await p.settle()
  assert.deepEqual(await states(p), ['obsolete', 'obsolete', 'sent'], 'to a device that is gone nothing is sent')
})

test('a hundred messages of a kind are not a hundred pushes', async t => {
  const service = await pushService(t)
  const p = await open(t)
  service.key = (await call(p, ada, 200, 'GET /push')).publicKey
  const one = browser(`${service.url}/one`)
  await call(p, ada, 201, 'POST /push/devices', one.subscription)
  await told(p, 0)
  await p.settle()
  for (let number = 1; number <= 100; number++) await told(p, number)
  await p.settle()
  await p.hurry()
  assert.deepEqual(
    service.taken.map(({ body }) => one.read(body).title),
    ['Passport BP-0 was created', '100 passports were created'],
  )
})

test('a browser that somebody else signs in with shows its former user’s messages no more, and devices of others are nobody’s', async t => {
  const service = await pushService(t)
  const p = await open(t, { environment: { NOTIFICATION_DIGEST: '0s' } })
  service.key = (await call(p, ada, 200, 'GET /push')).publicKey
  const shared = browser(`${service.url}/shared`)
  const { id } = await call(p, ada, 201, 'POST /push/devices', shared.subscription)
  await call(p, grace, 404, `DELETE /push/devices/${id}`)
  await call(p, grace, 404, `POST /push/devices/${id}/test`)
  await call(p, grace, 201, 'POST /push/devices', shared.subscription)
  assert.deepEqual((await call(p, ada, 200, 'GET /push')).devices, [])
  await told(p, 1)
  await p.settle()
  assert.equal(service.tries, 0)
})

test('in production no push goes to the own network, without TLS or with a password in the address, and keys are points of the curve', async t => {
  const service = await pushService(t)
  const p = await open(t, { mode: 'production', environment: { NOTIFICATION_DIGEST: '0s' } })
  service.key = (await call(p, ada, 200, 'GET /push')).publicKey
  const { keys } = browser('').subscription
  for (const endpoint of [`${service.url}/x`, 'http://push.example.com/x', 'https://me:secret@push.example.com/x'])
    await call(p, ada, 400, 'POST /push/devices', { endpoint, keys })
  const bad = { p256dh: Buffer.alloc(65, 4).toString('base64url'), auth: keys.auth }
  for (const wrong of [bad, { ...keys, auth: 'c2hvcnQ' }, { ...keys, p256dh: 'c2hvcnQ' }])
    await call(p, ada, 422, 'POST /push/devices', { endpoint: 'https://push.example.com/x', keys: wrong })
  // What is looked up only when it is sent to is judged then.
  for (const host of ['127.0.0.1', '169.254.169.254', '[::1]', 'localhost']) {
    const endpoint = `https://${host}:${new URL(service.url).port}/x`
    const { id } = await call(p, ada, 201, 'POST /push/devices', { endpoint, keys })
    const { taken, answer } = await call(p, ada, 200, `POST /push/devices/${id}/test`)
    assert.deepEqual([taken, answer], [false, null], host)
    await call(p, ada, 204, `DELETE /push/devices/${id}`)
  }
  assert.equal(service.tries, 0)
})
