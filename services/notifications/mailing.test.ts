import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { PassportCreated } from '#contracts/passports'
import { SendOtp, UserEmailChanged, UserPasswordChanged } from '#contracts/identity'
import { newId } from '#kernel'
import { sendgridApi } from '../../test/engines/sendgrid.ts'
import { smtpServer } from '../../test/engines/smtp.ts'
import { mailSecret, signedBy } from '../../test/journeys/webhooks.ts'
import { saysNobody } from './mailing/closing.ts'
import { ada, grace, mails, open, self, type Person, type Platform } from './testing.ts'
import { othersOf } from '../../test/kernel/spellings.ts'

const data = { generalInformation: { batteryIdentifier: 'BP-1' } }
const told = (p: Platform, number: number, owner = self) =>
  p.publish(PassportCreated, { passport: { id: newId(), data }, identifier: `BP-${number}`, version: 1, owner })
const environment = { NOTIFICATION_DIGEST: '0s' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const oneClick = 'List-Unsubscribe=One-Click'

const preferences = async (p: Platform, who: Person) =>
  (await p.http.inject({ url: '/api/notifications/preferences', headers: p.as(who) })).json()
const pathOf = (link: string): string => new URL(link).pathname
const leaveIn = ({ lines }: { lines: string[] }): string =>
  pathOf(lines.flatMap(line => /^No more mails like this: (\S+)$/.exec(line)?.[1] ?? [])[0]!)

test('one click ends mails of a kind: the headers of RFC 8058 over SMTP, a POST without cookie or sign-in, nothing by a look', async t => {
  const server = await smtpServer(t)
  const p = await open(t, { environment: { ...environment, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(server.port) } })
  await told(p, 1)
  await p.publish(UserPasswordChanged, { userId: ada.userId, version: 2 })
  await p.settle()
  const [news, security] = ['passport.created', 'user.password-changed'].map(kind =>
    server.taken.find(mail => mail.headers.get('x-ohmnibus-event') === kind)!,
  )
  const raw = (mail: typeof news, name: string) => mail!.headerLines.find(({ key }) => key === name)?.line
  const [, link] = /^List-Unsubscribe: <(https:\/\/ohmnibus\.example\.com\/\S+)>$/i.exec(
    raw(news, 'list-unsubscribe')!.replace(/\r?\n\s+/g, ' '),
  )!
  assert.equal(raw(news, 'list-unsubscribe-post'), 'List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  assert.equal(raw(security, 'list-unsubscribe'), undefined, 'what may not be ended has no such button')
  assert.ok(news!.text!.includes(`No more mails like this: ${link}`))

  const url = pathOf(link!)
  for (const method of ['HEAD', 'GET'] as const) assert.equal((await p.http.inject({ method, url })).statusCode, 200)
  assert.equal((await preferences(p, ada)).email['passport.created'], true, 'a look changes nothing')
  const page = await p.http.inject({ url, headers: { 'accept-language': 'de' } })
  assert.match(page.body, /Ein Pass wurde angelegt/)
  assert.doesNotMatch(page.body, /<script/)
  assert.equal(page.headers['x-robots-tag'], 'noindex')

  const boundary = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
  for (const [headers, payload] of [
    [form, oneClick],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, boundary],
  ] as const) {
    const answer = await p.http.inject({ method: 'POST', url, headers, payload })
    assert.equal(answer.statusCode, 200, answer.body)
  }
  const { email, inApp } = await preferences(p, ada)
  assert.deepEqual(
    [email['passport.created'], email['passport.deleted'], inApp['passport.created']],
    [false, true, true],
  )
  await told(p, 2)
  await p.settle()
  assert.equal(server.taken.length, 2, 'no more of the kind')

  const choose = (what: string) => p.http.inject({ method: 'POST', url, headers: form, payload: `what=${what}` })
  await choose('all')
  assert.deepEqual(new Set(Object.values((await preferences(p, ada)).email)), new Set([false]))
  await choose('back-all')
  assert.equal((await preferences(p, ada)).email['passport.created'], true)
})

test('a link that was changed ends nothing: of another person, of another kind, cut off, or of our own making for another purpose', async t => {
  const p = await open(t, { environment })
  await told(p, 1)
  await p.settle()
  const link = leaveIn((await mails(p))[0]!)
  const [text, signature] = link.split('/').at(-1)!.split('.') as [string, string]
  const forged = (words: string) => `${Buffer.from(words).toString('base64url')}.${signature}`
  assert.match(Buffer.from(text, 'base64url').toString(), new RegExp(`^${ada.userId} `))
  for (const token of [
    forged(`${grace.userId} passport.created`),
    forged(`${ada.userId} all`),
    `${text}.`,
    text,
    `${text}.${signature.slice(1)}`,
    ...othersOf(text).map(other => `${other}.${signature}`),
    ...othersOf(signature).map(other => `${text}.${other}`),
    '.',
    'x'.repeat(500),
    encodeURIComponent('../../etc'),
  ]) {
    for (const path of ['unsubscribe', 'confirm']) {
      const url = `/api/notifications/${path}/${token}`
      const answer = await p.http.inject({ method: 'POST', url, headers: form, payload: oneClick })
      assert.ok(answer.statusCode === 404 || path === 'confirm', `${token}: ${answer.body}`)
      assert.ok(answer.statusCode >= 400)
    }
  }
  const url = link.replace('unsubscribe', 'confirm')
  assert.equal((await p.http.inject({ method: 'POST', url, headers: form })).statusCode, 404)
  for (const who of [ada, grace]) assert.equal((await preferences(p, who)).email['passport.created'], true)
})

test('an address whose server has nobody there gets no more news, its owner is told in the application, and a confirmed one is open again', async t => {
  let mailbox = false
  const server = await smtpServer(t, () => 'take', {
    onRcptTo: (_, __, done) =>
      mailbox ? done() : done(Object.assign(new Error('5.1.1 No such mailbox here'), { responseCode: 550 })),
  })
  const p = await open(t, { environment: { ...environment, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(server.port) } })
  await told(p, 1)
  await p.settle()
  const own = async () => (await p.http.inject({ url: '/api/notifications/email', headers: p.as(ada) })).json()
  assert.equal((await own()).closed.because, 'bounced')
  const notice = (await p.list(ada)).items.find(({ event }) => event === 'email.closed')!
  assert.equal(notice.title, 'No news is mailed to you any more')
  mailbox = true
  await told(p, 2)
  p.codes.set('00000000-0000-7000-8000-000000000001', '123456')
  await p.publish(SendOtp, {
    codeId: '00000000-0000-7000-8000-000000000001',
    email: ada.email,
    purpose: 'password-reset',
    name: 'Ada',
    locale: 'en',
    expiresAt: '2027-02-18T08:40:00.000Z',
  })
  await p.settle()
  assert.deepEqual(
    server.taken.map(mail => mail.headers.get('x-ohmnibus-event')),
    ['send-otp'],
    'a code that is waited for is tried; news is not',
  )
  const admin = p.signedIn({ role: 'admin' })
  const states = (await p.http.inject({ url: '/api/notifications/deliveries', headers: admin })).json().items as {
    event: string
    status: string
  }[]
  assert.deepEqual(
    states
      .filter(({ event }) => event === 'passport.created')
      .map(({ status }) => status)
      .sort(),
    ['dead', 'obsolete'],
  )
  const listed = (await p.http.inject({ url: '/api/notifications/closed-addresses', headers: admin })).json().items
  assert.deepEqual([listed.length, listed[0].address, listed[0].userId], [1, ada.email, ada.userId])

  const check = await p.http.inject({ method: 'POST', url: '/api/notifications/email/check', headers: p.as(ada) })
  assert.equal(check.statusCode, 202, check.body)
  await p.settle()
  const letter = server.taken.at(-1)!
  const url = pathOf(/https:\/\/\S+\/confirm\/\S+/.exec(letter.text!)![0])
  await p.http.inject({ url })
  assert.equal((await own()).open, false, 'a look opens nothing')
  assert.equal((await p.http.inject({ method: 'POST', url, headers: form })).statusCode, 200)
  assert.equal((await own()).open, true)
  await told(p, 3)
  await p.settle()
  assert.equal(server.taken.at(-1)!.subject, 'Passport BP-3 was created')
  const again = await p.http.inject({ method: 'POST', url: '/api/notifications/email/check', headers: p.as(ada) })
  assert.equal(again.json().code, 'address_open')
})

test('only what a server says of the mailbox closes an address: not our text, our name, its rules or a full box', () => {
  for (const said of [
    '550 5.1.1 The email account that you tried to reach does not exist',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound',
    '550 5.2.1 The account is disabled',
    '550 No such user here',
    '551 User unknown',
  ])
    assert.ok(saysNobody(said), said)
  for (const said of [
    '550 5.7.1 Relaying denied',
    '550 5.7.1 unknown sender is blocked by policy',
    '552 5.2.2 Mailbox full',
    '554 5.7.26 DMARC',
    '550 relay not permitted, unknown client',
    '550 Your host is on a blacklist, disabled',
    '554 Message looks like spam',
  ])
    assert.ok(!saysNobody(said), said)
})

test('what SendGrid tells counts when its signature is over these bytes: a bounce and a complaint close, a block does not', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const api = await sendgridApi(t)
  const key = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  const p = await open(t, { environment: { ...environment, ...api.environment, SENDGRID_WEBHOOK_KEY: key } })
  await told(p, 1)
  await p.settle()
  assert.match(api.taken[0]!.headers['List-Unsubscribe']!, /^<https:\/\/ohmnibus\.example\.com\/\S+>$/)
  const { message_id } = api.taken[0]!.custom_args
  const now = () => Math.floor(p.host.now().getTime() / 1000)
  const send = (events: unknown, { by = privateKey, at = now(), change = '' } = {}) => {
    const payload = JSON.stringify(events)
    const signature = createSign('sha256').update(String(at)).update(payload).sign(by, 'base64')
    return p.http.inject({
      method: 'POST',
      url: '/api/notifications/mail-events/sendgrid',
      headers: {
        'content-type': 'application/json',
        'x-twilio-email-event-webhook-signature': signature,
        'x-twilio-email-event-webhook-timestamp': String(at),
      },
      payload: payload + change,
    })
  }
  const bounce = {
    event: 'bounce',
    type: 'bounce',
    email: ada.email,
    timestamp: now(),
    message_id,
    reason: '550 5.1.1',
  }
  const isOpen = async (who: Person) =>
    (await p.http.inject({ url: '/api/notifications/email', headers: p.as(who) })).json().open as boolean

  const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  for (const hostile of [
    await send([bounce], { by: stranger }),
    await send([bounce], { change: ' ' }),
    await send([bounce], { at: now() - 3 * 86_400 }),
    await p.http.inject({ method: 'POST', url: '/api/notifications/mail-events/sendgrid', payload: [bounce] }),
  ])
    assert.deepEqual([hostile.statusCode, hostile.json().code], [401, 'mail_events_unproven'])
  assert.equal((await send([{ ...bounce, type: 'blocked' }, { event: 'open' }, null, 7])).statusCode, 204)
  assert.equal(await isOpen(ada), true)

  assert.equal((await send([bounce, bounce])).statusCode, 204)
  assert.equal(await isOpen(ada), false)
  await p.settle()
  assert.equal((await p.list(ada)).items.filter(({ event }) => event === 'email.closed').length, 1, 'told once')
  const dead = await p.http.inject({
    url: '/api/notifications/deliveries?status=dead',
    headers: p.signedIn({ role: 'admin' }),
  })
  assert.match(dead.json().items[0].error, /^It came back: 550 5\.1\.1/)

  // A confirmed address is open, and what was told before comes again without an effect.
  const { userId, email, name, locale } = ada
  await p.publish(UserEmailChanged, { userId, email, name, locale, formerEmail: 'old@example.com', version: 3 })
  await p.settle()
  assert.equal(await isOpen(ada), true)
  assert.equal((await send([{ ...bounce, timestamp: now() - 60 }])).statusCode, 204)
  assert.equal(await isOpen(ada), true, 'a bounce of before closes nothing')

  assert.equal((await send([{ event: 'spamreport', email: grace.email, timestamp: now() }])).statusCode, 204)
  const sent = api.taken.length
  await told(p, 2, { kind: 'person', id: grace.userId })
  await p.publish(UserPasswordChanged, { userId: grace.userId, version: 2 })
  await p.settle()
  assert.deepEqual(
    api.taken.slice(sent).map(mail => mail.custom_args.event),
    ['user.password-changed'],
    'who complains hears of their account’s safety alone',
  )
})

test('any mail system tells in our words, signed as Standard Webhooks says', async t => {
  const p = await open(t, { environment: { ...environment, MAIL_EVENTS_SECRET: mailSecret } })
  await told(p, 1)
  await p.settle()
  const send = (body: object, headers = signedBy(mailSecret, JSON.stringify(body), p.host.now())) =>
    p.http.inject({
      method: 'POST',
      url: '/api/notifications/mail-events',
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(body),
    })
  const body = { events: [{ type: 'complained', address: ada.email }] }
  const late = signedBy(mailSecret, JSON.stringify(body), new Date(p.host.now().getTime() - 600_000))
  const other = signedBy(`whsec_${Buffer.alloc(32).toString('base64')}`, JSON.stringify(body), p.host.now())
  for (const headers of [late, other, {}]) assert.equal((await send(body, headers)).statusCode, 401)
  assert.equal((await send({ events: 'all' })).json().code, 'mail_events_malformed')
  assert.equal((await send(body)).statusCode, 204)
  const url = '/api/notifications/closed-addresses'
  const admin = p.signedIn({ role: 'admin' })
  assert.equal((await p.http.inject({ url, headers: admin })).json().items[0].because, 'complained')
  assert.equal((await p.http.inject({ url, headers: p.as(ada) })).statusCode, 403)
  const reopened = await p.http.inject({
    method: 'POST',
    url: `${url}/reopen`,
    headers: admin,
    payload: { address: ada.email },
  })
  assert.equal(reopened.statusCode, 204)
  assert.deepEqual((await p.http.inject({ url, headers: admin })).json().items, [])
})
