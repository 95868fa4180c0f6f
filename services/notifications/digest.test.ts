import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassportCreated, PassportPublished, PassportUpdated } from '#contracts/passports'
import { UserLoggedIn, UserRegistered } from '#contracts/identity'
import { newId } from '#kernel'
import { smtpServer } from '../../test/engines/smtp.ts'
import { ada, company, everything, grace, mails, open, self, type Platform } from './testing.ts'

const data = { generalInformation: { batteryIdentifier: 'BP-1' } }
const passport = (number: number) => ({ passport: { id: newId(), data }, identifier: `BP-${number}`, version: 1 })
const byAda = { userId: ada.userId, role: 'user' } as const

/** An import by somebody who is not among those who hear of it. */
async function publish(p: Platform, count: number, owner = self, from = 1): Promise<void> {
  for (let number = from; number < from + count; number++)
    await p.publish(PassportCreated, { ...passport(number), owner })
  await p.settle()
}

/** The passports that mails name, and whether each is named once. */
const named = (texts: readonly string[]): string[] => texts.flatMap(text => text.match(/BP-\d+(?= was created)/g) ?? [])

test('nobody is mailed about what they did themselves; they see it in the application, and the others get the mail', async t => {
  const p = await open(t)
  await p.publish(PassportCreated, { ...passport(1), owner: company }, byAda)
  await p.settle()
  assert.deepEqual(await everything(p), {
    mails: ['grace@example.com: Pass BP-1 wurde angelegt (passport.created)'],
    inApp: [
      'ada@example.com: Passport BP-1 was created (passport.created)',
      'edith@example.com: Passport BP-1 was created (passport.created)',
      'grace@example.com: Pass BP-1 wurde angelegt (passport.created)',
      'victor@example.com: Passport BP-1 was created (passport.created)',
    ],
  })
})

test('whoever registers is welcomed by mail, and sign-ins are mailed to who wants them, though it was they who did it', async t => {
  const p = await open(t)
  const { userId, email, firstName, name, locale } = ada
  const headers = p.as(ada)
  const payload = { email: { 'user.logged-in': true } }
  await p.http.inject({ method: 'PUT', url: '/api/notifications/preferences', headers, payload })
  await p.publish(UserRegistered, { userId, email, firstName, name, locale, version: 1 }, byAda)
  await p.publish(UserLoggedIn, { userId, sessionId: newId(), device: 'Firefox', addressPrefix: '192.0.2.0/24' }, byAda)
  await p.settle()
  assert.deepEqual((await mails(p)).map(({ event }) => event).sort(), ['user.logged-in', 'user.registered'])
})

test('of two hundred messages of a kind the first goes out at once and the others as one mail, with what they are about', async t => {
  const p = await open(t)
  await publish(p, 1)
  await publish(p, 200, self, 2)
  assert.equal((await mails(p)).length, 1, 'the others are gathered')
  await p.hurry()
  const [first, digest, ...more] = await mails(p)
  assert.deepEqual(more, [])
  assert.deepEqual([first!.subject, digest!.subject], ['Passport BP-1 was created', '200 passports were created'])
  const text = digest!.lines.join('\n')
  assert.equal(new Set(named([text])).size, 50)
  assert.match(text, /^and 150 more$/m)
  assert.equal(digest!.lines.filter(line => /^https:\/\/ohmnibus\.example\.com\/\S+$/.test(line)).length, 50)
  assert.equal((await p.list(ada, '?limit=100')).items.length, 100, 'the list has each')
  await p.hurry()
  assert.equal((await mails(p)).length, 2, 'nothing is left')
})

test('messages of other kinds and for other people do not wait for a digest', async t => {
  const p = await open(t)
  await publish(p, 3, company)
  await p.publish(PassportPublished, { ...passport(9), owner: company })
  await p.settle()
  const sent = (await mails(p)).map(({ to, event }) => `${to} ${event}`)
  for (const address of [ada.email, grace.email])
    for (const event of ['passport.created', 'passport.published'])
      assert.ok(sent.includes(`${address} ${event}`), `${address} ${event}: ${sent}`)
})

test('what comes while mails go out is in one of them, once, however it falls', async t => {
  const p = await open(t, { environment: { NOTIFICATION_DIGEST: '1ms' } })
  const bursts = Array.from({ length: 6 }, (_, burst) => publish(p, 8, self, burst * 8 + 1))
  await Promise.all(bursts)
  await p.hurry()
  await p.hurry()
  const all = named((await mails(p)).map(({ lines }) => lines.slice(3).join('\n')))
  assert.equal(all.length, 48)
  assert.equal(new Set(all).size, 48)
})

test('a digest that no server takes goes out again under the same Message-ID; a dead one is replayed one by one', async t => {
  let verdict: 451 | 550 | 'take' = 'take'
  const server = await smtpServer(t, () => verdict)
  const p = await open(t, { environment: { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(server.port) } })
  const headers = p.signedIn({ role: 'admin' })
  const deliveries = async () =>
    (await p.http.inject({ url: '/api/notifications/deliveries', headers })).json().items as {
      id: string
      status: string
    }[]
  const statuses = async () => (await deliveries()).map(({ status }) => status)
  await publish(p, 1)
  verdict = 451
  await publish(p, 3, self, 2)
  await p.hurry()
  await p.hurry()
  const [, ...tries] = server.seen
  assert.equal(tries.length, 2)
  assert.equal(new Set(tries.map(({ messageId }) => messageId)).size, 1)
  assert.deepEqual(await statuses(), ['failed', 'failed', 'failed', 'sent'])
  verdict = 550
  await p.hurry()
  assert.deepEqual(await statuses(), ['dead', 'dead', 'dead', 'sent'])
  verdict = 'take'
  for (const { id } of await deliveries())
    await p.http.inject({ method: 'POST', url: `/api/notifications/deliveries/${id}/replay`, headers })
  await p.settle()
  assert.deepEqual(
    server.taken.map(({ subject }) => subject).sort(),
    [1, 2, 3, 4].map(number => `Passport BP-${number} was created`),
  )
})

test('every message is a file, one that is in the application only too', async t => {
  const p = await open(t)
  const { passport: about } = passport(1)
  await p.publish(PassportUpdated, {
    passport: about,
    identifier: 'BP-1',
    version: 2,
    owner: self,
    updatedFields: ['/a'],
  })
  await p.settle()
  assert.equal((await mails(p)).length, 0)
  const [file, ...more] = await mails(p, 'in-app')
  assert.deepEqual(more, [])
  assert.match(file!.name, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-in-app-[0-9a-f-]{36}\.txt$/)
  const link = (await p.list(ada)).items[0]!.link!
  assert.deepEqual(file!.lines, [
    'To: ada@example.com',
    'Subject: Passport BP-1 was changed',
    'Event: passport.updated',
    '',
    'The battery passport BP-1 has a new version; one field changed.',
    '',
    link,
    '',
  ])
})

test('where one message of many cannot be told, the others are', async t => {
  const p = await open(t)
  await p.outageOf(async () => {
    for (let number = 1; number <= 5; number++) await p.publish(PassportCreated, { ...passport(number), owner: self })
    await p.settle()
  })
  await p.db('notifications')`update messages set facts = 'null' where id = (select min(id::text)::uuid from messages)`
  await p.hurry()
  assert.equal((await p.list(ada)).items.length, 4)
})
