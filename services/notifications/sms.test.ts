import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { UserPasswordChanged } from '#contracts/identity'
import { newId } from '#kernel'
import { ada, grace, mails, open, type Person, type Platform } from './testing.ts'

const [sid, token, number] = ['AC0123456789abcdef0123456789abcdef', 'token of the account', '+41791234567']

/** What takes SMS as Twilio does. */
async function twilio(t: TestContext) {
  const it = {
    taken: [] as Record<string, string>[],
    tries: 0,
    answer: (): { status: number; body: object } | 'hang up' => ({
      status: 201,
      body: { sid: 'SM1', status: 'queued' },
    }),
    environment: {} as Record<string, string>,
  }
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    it.tries++
    const isTheirs = request.headers.authorization === `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
    if (!isTheirs || request.url !== `/2010-04-01/Accounts/${sid}/Messages.json`)
      return void response.writeHead(401).end('{}')
    const answer = it.answer()
    if (answer === 'hang up') return void request.socket.destroy()
    if (answer.status === 201) it.taken.push(form)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  it.environment = {
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: token,
    TWILIO_FROM: '+41790000000',
    TWILIO_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
  return it
}

const call = async (p: Platform, who: Person, status: number, request: string, payload?: object) => {
  const [method, path] = request.split(' ') as ['GET', string]
  const url = `/api/notifications${path}`
  const answer = await p.http.inject({ method, url, headers: p.as(who), ...(payload && { payload }) })
  assert.equal(answer.statusCode, status, `${request}: ${answer.body}`)
  return answer.body ? answer.json() : undefined
}
const codeIn = (sms: Record<string, string>): string => /\d{6}/.exec(sms.Body!)![0]
const other = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

/** Proves a number, and asks for SMS about changes of the password. */
async function prove(p: Platform, api: Awaited<ReturnType<typeof twilio>>, who = ada): Promise<void> {
  await call(p, who, 202, 'PUT /phone', { number })
  await p.settle()
  await call(p, who, 200, 'POST /phone/verify', { code: codeIn(api.taken.at(-1)!) })
  await call(p, who, 200, 'PUT /preferences', { sms: { 'user.password-changed': true } })
}
let version = 1
const happens = async (p: Platform, who = ada) => {
  await p.publish(UserPasswordChanged, { userId: who.userId, version: ++version })
  await p.settle()
}
const states = async (p: Platform) =>
  (
    (
      await p.http.inject({ url: '/api/notifications/deliveries?channel=sms', headers: p.signedIn({ role: 'admin' }) })
    ).json().items as { status: string }[]
  ).map(({ status }) => status)

/** Posts a form as Twilio signs it. */
function tell(p: Platform, path: string, form: Record<string, string>, by = token, to = path) {
  const signed = `https://ohmnibus.example.com${to}${Object.entries(form).sort().flat().join('')}`
  return p.http.inject({
    method: 'POST',
    url: path,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', by).update(signed).digest('base64'),
    },
    payload: new URLSearchParams(form).toString(),
  })
}

test('a number gets nothing but its code before it is proven, and then what its owner asked for', async t => {
  const api = await twilio(t)
  const p = await open(t, { environment: api.environment })
  await call(p, ada, 200, 'PUT /preferences', { sms: { 'user.password-changed': true } })
  assert.deepEqual((await call(p, ada, 202, 'PUT /phone', { number })).verified, false)
  await happens(p)
  assert.equal(api.taken.length, 1)
  const code = codeIn(api.taken[0]!)
  assert.deepEqual([api.taken[0]!.To, api.taken[0]!.From], [number, '+41790000000'])
  await call(p, grace, 422, 'POST /phone/verify', { code })
  await call(p, ada, 422, 'POST /phone/verify', { code: other(code) })
  assert.equal((await call(p, ada, 200, 'POST /phone/verify', { code })).verified, true)
  await call(p, ada, 422, 'POST /phone/verify', { code })
  await happens(p)
  assert.equal(api.taken.length, 2)
  assert.match(api.taken[1]!.Body!, /^Ohmnibus: Your password was changed( https:\/\/ohmnibus\.example\.com\S*)?$/)
  assert.match(
    api.taken[1]!.StatusCallback!,
    /^https:\/\/ohmnibus\.example\.com\/api\/notifications\/sms\/status\/[0-9a-f-]{36}$/,
  )
  await happens(p, grace)
  assert.equal(api.taken.length, 2, 'nobody gets SMS who did not ask for them')
  await call(p, ada, 204, 'DELETE /phone')
  await happens(p)
  assert.equal(api.taken.length, 2)
})

test('code guessing: after five tries a code is void, after ten minutes too; codes by person and number are bounded', async t => {
  const api = await twilio(t)
  let now = new Date('2027-02-18T08:30:00.000Z')
  const p = await open(t, { environment: { ...api.environment, RATE_LIMIT_FACTOR: '1' }, now: () => now })
  await call(p, ada, 202, 'PUT /phone', { number })
  await p.settle()
  const code = codeIn(api.taken[0]!)
  await Promise.all(Array.from({ length: 5 }, () => call(p, ada, 422, 'POST /phone/verify', { code: other(code) })))
  await call(p, ada, 422, 'POST /phone/verify', { code })
  await call(p, ada, 202, 'PUT /phone', { number })
  await p.settle()
  const second = codeIn(api.taken[1]!)
  assert.notEqual(second, code)
  now = new Date(now.getTime() + 11 * 60_000)
  await call(p, ada, 422, 'POST /phone/verify', { code: second })
  await call(p, ada, 202, 'PUT /phone', { number })
  await call(p, ada, 429, 'PUT /phone', { number })
  for (const who of [grace, grace, grace]) await call(p, who, 202, 'PUT /phone', { number })
  await call(p, grace, 429, 'PUT /phone', { number })
})

test('strangers use up neither what somebody is sent at a number, nor the number for who proved it', async t => {
  const api = await twilio(t)
  const p = await open(t, {
    environment: { ...api.environment, RATE_LIMIT_FACTOR: '1', SMS_DAILY_LIMIT: '50' },
    now: () => new Date('2027-02-18T08:30:00.000Z'),
  })
  const put = async (userId: string, place: string, to = number) =>
    (
      await p.http.inject({
        method: 'PUT',
        url: '/api/notifications/phone',
        headers: p.signedIn({ userId }),
        remoteAddress: place,
        payload: { number: to },
      })
    ).statusCode
  await prove(p, api)
  // One stranger has as much as anybody, and does not end it for the next.
  const mallory = newId()
  assert.deepEqual([await put(mallory, '192.0.2.1'), await put(mallory, '192.0.2.1')], [202, 202])
  assert.equal(await put(grace.userId, '198.51.100.7'), 202)
  // Nor do very many; the number has its peace of them at some time.
  const codes = []
  for (let n = 0; n < 20; n++) codes.push(await put(newId(), `203.0.113.${n}`))
  assert.deepEqual([codes[0], codes.at(-1)], [202, 429])
  assert.equal(await put(ada.userId, '198.51.100.1'), 202, 'who proved it is sent a code all the same')
  // Of one place no more go out than to one number.
  const places = []
  for (let n = 0; n < 21; n++) places.push(await put(newId(), '2001:db8::1', `+4179000${1000 + n}`))
  assert.deepEqual([places[19], places[20]], [202, 429])
})

test('what SMS may cost is bounded: so many a day and person, codes included, to countries that are named', async t => {
  const api = await twilio(t)
  let now = new Date('2027-02-18T08:30:00.000Z')
  const environment = { ...api.environment, SMS_DAILY_LIMIT: '3', SMS_COUNTRIES: '41,+49' }
  const p = await open(t, { environment, now: () => now })
  await call(p, ada, 422, 'PUT /phone', { number: '+8821612345678' })
  await call(p, ada, 400, 'PUT /phone', { number: '0791234567' })
  await prove(p, api)
  for (let time = 0; time < 4; time++) await happens(p)
  assert.equal(api.taken.length, 3)
  assert.deepEqual((await states(p)).sort(), ['obsolete', 'obsolete', 'sent', 'sent'])
  now = new Date('2027-02-19T00:00:01.000Z')
  await happens(p)
  assert.equal(api.taken.length, 4)
})

test('a stop word ends SMS to a number and a start word brings them back, where Twilio’s signature is over them', async t => {
  const api = await twilio(t)
  const p = await open(t, { environment: api.environment })
  await prove(p, api)
  const incoming = '/api/notifications/sms/incoming'
  const stop = { From: number, To: '+41790000000', Body: ' stop ' }
  for (const hostile of [
    await tell(p, incoming, stop, 'another token'),
    await tell(p, incoming, stop, token, '/elsewhere'),
    await p.http.inject({ method: 'POST', url: incoming, payload: stop }),
  ])
    assert.deepEqual([hostile.statusCode, hostile.json().code], [401, 'sms_unproven'])
  assert.equal((await tell(p, incoming, { ...stop, Body: 'do not stop' })).statusCode, 204)
  assert.equal((await call(p, ada, 200, 'GET /phone')).stopped, null)
  assert.equal((await tell(p, incoming, stop)).statusCode, 204)
  assert.equal((await call(p, ada, 200, 'GET /phone')).stopped.because, 'STOP')
  await happens(p)
  assert.equal(api.taken.length, 1)
  await tell(p, incoming, { ...stop, Body: 'Start' })
  await happens(p)
  assert.equal(api.taken.length, 2)
})

test('what becomes of an SMS: refused is dead, unanswered is not sent twice, away is tried again, undelivered can be sent anew', async t => {
  const api = await twilio(t)
  const p = await open(t, { environment: api.environment })
  await prove(p, api)
  const taking = api.answer
  api.answer = () => ({ status: 503, body: {} })
  await happens(p)
  assert.deepEqual(await states(p), ['failed'])
  api.answer = 'hang up' as never
  api.answer = () => 'hang up'
  const tries = api.tries
  await p.hurry()
  await p.hurry()
  assert.deepEqual([await states(p), api.tries], [['sent'], tries + 1], 'nobody gets it twice')
  api.answer = () => ({ status: 400, body: { code: 21211, message: 'Invalid To' } })
  await happens(p)
  assert.deepEqual(await states(p), ['dead', 'sent'])
  api.answer = taking
  await happens(p)
  const status = new URL(api.taken.at(-1)!.StatusCallback!).pathname
  await tell(p, status, { MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30003' }, 'another')
  assert.equal((await states(p))[0], 'sent')
  await tell(p, status, { MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30003' })
  assert.equal((await states(p))[0], 'dead')
  assert.equal((await call(p, ada, 200, 'GET /phone')).stopped, null, 'a telephone that is off is on again some time')
  await tell(p, status, { MessageSid: 'SM1', MessageStatus: 'failed', ErrorCode: '30005' })
  assert.equal((await call(p, ada, 200, 'GET /phone')).stopped.because, 'Twilio 30005')
})

test('where no SMS leaves the platform they are readable files, and half of the settings stops the start', async t => {
  const p = await open(t)
  await call(p, ada, 202, 'PUT /phone', { number })
  await p.settle()
  const [file] = await mails(p, 'sms')
  assert.equal(file!.to, number)
  const [, code] = /(\d{6})/.exec(file!.subject)!
  await call(p, ada, 200, 'POST /phone/verify', { code })
  await assert.rejects(open(t, { environment: { TWILIO_ACCOUNT_SID: sid } }), /TWILIO_AUTH_TOKEN/)
})
