import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserPasswordChanged } from '#contracts/identity'
import { PassportCreated, PassportPublished } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, mails, open, self, type Platform } from './testing.ts'
import { isTimeZone, nextDigest, quietUntil, untimed, type Timing } from './timing.ts'

const zurich: Timing = { ...untimed, timeZone: 'Europe/Zurich', quiet: { from: '22:00', to: '07:00' } }
const until = (timing: Timing, at: string) => quietUntil(timing, new Date(at))?.toISOString()
const digest = (timing: Timing, at: string) => nextDigest(timing, new Date(at))?.toISOString()

test('quiet hours are those of the person’s own clock, over midnight, and end to the minute', () => {
  assert.equal(until(zurich, '2026-11-29T20:59:59Z'), undefined)
  assert.equal(until(zurich, '2026-11-29T21:00:00Z'), '2026-11-30T06:00:00.000Z')
  assert.equal(until(zurich, '2026-11-30T05:59:30Z'), '2026-11-30T06:00:00.000Z')
  assert.equal(until(zurich, '2026-11-30T06:00:00Z'), undefined)
  assert.equal(
    until({ ...zurich, quiet: { from: '12:00', to: '13:30' } }, '2026-11-29T11:15:00Z'),
    '2026-11-29T12:30:00.000Z',
  )
  assert.equal(until(untimed, '2026-11-29T23:00:00Z'), undefined)
  assert.equal(until({ ...zurich, quiet: { from: '08:00', to: '08:00' } }, '2026-11-29T07:00:00Z'), undefined)
})

test('a night in which clocks change is as long as it is', () => {
  assert.equal(until(zurich, '2026-10-24T21:00:00Z'), '2026-10-25T06:00:00.000Z', 'back: ten hours')
  assert.equal(until(zurich, '2026-03-28T22:00:00Z'), '2026-03-29T05:00:00.000Z', 'forward: seven')
})

test('a digest goes out at the hour that was chosen, daily or on Mondays, and not twice a day', () => {
  const daily: Timing = { ...zurich, digest: 'daily', digestAt: '08:00' }
  assert.equal(digest(daily, '2026-11-29T06:59:00Z'), '2026-11-29T07:00:00.000Z')
  assert.equal(digest(daily, '2026-11-29T07:00:00Z'), '2026-11-30T07:00:00.000Z')
  assert.equal(digest({ ...daily, digestAt: '00:00' }, '2026-11-29T12:00:00Z'), '2026-11-29T23:00:00.000Z')
  assert.equal(digest({ ...daily, digest: 'weekly' }, '2026-11-29T12:00:00Z'), '2026-11-30T07:00:00.000Z', 'a Sunday')
  assert.equal(digest({ ...daily, digest: 'weekly' }, '2026-11-30T07:00:30Z'), '2026-12-07T07:00:00.000Z')
  assert.equal(digest(untimed, '2026-11-29T12:00:00Z'), undefined)
  const skipped: Timing = { ...daily, digestAt: '02:30' }
  assert.equal(digest(skipped, '2026-03-28T22:00:00Z'), '2026-03-29T01:00:00.000Z', 'an hour that is skipped')
})

test('zones are those of IANA', () => {
  for (const zone of ['Europe/Zurich', 'UTC', 'America/Argentina/Buenos_Aires']) assert.ok(isTimeZone(zone), zone)
  for (const zone of ['', 'Europe/Nowhere', '../etc/passwd', 'Mars']) assert.ok(!isTimeZone(zone), zone)
})

const environment = { NOTIFICATION_DIGEST: '0s' }
const data = { generalInformation: { batteryIdentifier: 'BP-1' } }
const news = (p: Platform, number: number) =>
  p.publish(PassportCreated, { passport: { id: newId(), data }, identifier: `BP-${number}`, version: 1, owner: self })
const choose = async (p: Platform, payload: object) => {
  const url = '/api/notifications/preferences'
  const answer = await p.http.inject({ method: 'PUT', url, headers: p.as(ada), payload })
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json()
}
const subjects = async (p: Platform) => (await mails(p)).map(({ subject }) => subject).sort()

for (const gathering of ['0s', '10m'])
  test(`in quiet hours news waits and what is about the account comes; a job that is early sends nothing (gathered for ${gathering})`, async t => {
    let now = new Date('2027-02-18T21:30:00Z')
    const p = await open(t, { environment: { NOTIFICATION_DIGEST: gathering }, now: () => now })
    await choose(p, { timeZone: 'Europe/Zurich', quietHours: { from: '22:00', to: '07:00' } })
    await news(p, 1)
    await p.publish(UserPasswordChanged, { userId: ada.userId, version: 2 })
    await p.settle()
    assert.deepEqual(await subjects(p), ['Your password was changed'])
    assert.equal((await p.list(ada)).items.length, 2, 'the list has it at once')
    await p.hurry()
    assert.equal((await mails(p)).length, 1)
    now = new Date('2027-02-19T06:00:00Z')
    await p.hurry()
    assert.deepEqual(await subjects(p), ['Passport BP-1 was created', 'Your password was changed'])
    await p.hurry()
    assert.equal((await mails(p)).length, 2, 'once')
  })

test('who chose a daily digest gets the news of a day as one mail, of all kinds, and codes at once', async t => {
  let now = new Date('2027-02-18T09:00:00Z')
  const p = await open(t, { environment, now: () => now })
  const chosen = await choose(p, { timeZone: 'Europe/Zurich', digest: 'daily', digestAt: '18:00' })
  assert.deepEqual([chosen.digest, chosen.digestAt, chosen.quietHours], ['daily', '18:00', null])
  await news(p, 1)
  await p.settle()
  now = new Date('2027-02-18T12:00:00Z')
  await news(p, 2)
  await p.publish(PassportPublished, { passport: { id: newId() }, identifier: 'BP-1', version: 2, owner: self })
  await p.publish(UserPasswordChanged, { userId: ada.userId, version: 2 })
  await p.settle()
  assert.deepEqual(await subjects(p), ['Your password was changed'])
  now = new Date('2027-02-18T17:00:00Z')
  await news(p, 3)
  await p.settle()
  await p.hurry(now)
  const digest = (await mails(p)).find(({ event }) => event === 'digest')!
  assert.equal(digest.subject, 'What happened: 3 messages')
  const text = digest.lines.join('\n')
  for (const title of ['Passport BP-1 was created', 'Passport BP-2 was created', 'Passport BP-1 was published'])
    assert.ok(text.includes(title), `${title}: ${text}`)
  assert.doesNotMatch(text, /BP-3/, 'what came at that minute is for the next one')
  const [, link] = /^No more mails like this: (\S+)$/m.exec(text)!
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const payload = 'List-Unsubscribe=One-Click'
  const left = await p.http.inject({ method: 'POST', url: new URL(link!).pathname, headers, payload })
  assert.equal(left.statusCode, 200)
  now = new Date('2027-02-19T17:00:00Z')
  await p.hurry(now)
  assert.equal(
    (await mails(p)).filter(({ subject }) => subject === 'Passport BP-3 was created').length,
    1,
    'one is itself',
  )
  await news(p, 4)
  await p.settle()
  await p.hurry(now)
  assert.equal((await mails(p)).length, 3, 'who left the digest gets no more news')
})

test('what waits for a digest goes out when it is switched off; other clients leave it as it is', async t => {
  const now = new Date('2027-02-18T09:00:00Z')
  const p = await open(t, { environment, now: () => now })
  await choose(p, { digest: 'weekly', timeZone: 'Europe/Zurich', push: { 'user.logged-in': true } })
  await news(p, 1)
  await p.settle()
  const kept = await choose(p, { email: { 'passport.published': false } })
  assert.deepEqual([kept.digest, kept.timeZone, kept.push['user.logged-in']], ['weekly', 'Europe/Zurich', true])
  await p.settle()
  assert.equal((await mails(p)).length, 0)
  await choose(p, { digest: 'off' })
  await p.settle()
  assert.deepEqual(await subjects(p), ['Passport BP-1 was created'])
  const headers = p.as(ada)
  const url = '/api/notifications/preferences'
  for (const payload of [
    { timeZone: 'Mars/Olympus' },
    { quietHours: { from: '25:00', to: '07:00' } },
    { digest: 'hourly' },
  ])
    assert.ok([400, 422].includes((await p.http.inject({ method: 'PUT', url, headers, payload })).statusCode))
})
