import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { PassportDeleted, PassportPublished } from '#contracts/passports'
import { SendOtp } from '#contracts/identity'
import { newId } from '#kernel'
import { cutInMessage, smtpServer, type Verdict } from '../../test/engines/smtp.ts'
import { takeUp } from './delivery.ts'
import { until } from '../../test/kernel/toys.ts'
import { ada, company, grace, open, self } from './testing.ts'

const passport = () => ({ passport: { id: newId() }, identifier: 'BP-1', version: 1 })

/** Notifications that send to a real mail server. */
async function withServer(
  t: TestContext,
  judge?: (before: number) => Verdict,
  environment: Record<string, string> = {},
  now?: () => Date,
) {
  const server = await smtpServer(t, judge)
  const p = await open(t, {
    now,
    environment: {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(server.port),
      FROM_EMAIL: 'post@ohmnibus.example.com',
      ...environment,
    },
  })
  const admin = () => p.signedIn({ role: 'admin' })
  return {
    ...p,
    ...server,
    async deliveries(query = '') {
      return (await p.http.inject({ url: `/api/notifications/deliveries${query}`, headers: admin() })).json() as {
        items: {
          id: string
          event: string
          to: string
          status: string
          tries: number
          error: string | null
          createdAt: string
        }[]
        nextCursor: string | null
      }
    },
    replay: (id: string, headers = admin()) =>
      p.http.inject({ method: 'POST', url: `/api/notifications/deliveries/${id}/replay`, headers }),
  }
}

test('with a mail server a mail arrives in both forms, and no file holds its code', async t => {
  const p = await withServer(t)
  const codeId = newId()
  p.codes.set(codeId, '654321')
  await p.publish(SendOtp, {
    codeId,
    email: 'new@example.com',
    purpose: 'registration',
    name: 'New',
    locale: 'de',
    expiresAt: '2027-02-18T08:40:00.000Z',
  })
  await p.settle()
  const [mail] = p.taken
  assert.deepEqual(p.recipients, ['new@example.com'])
  assert.equal(mail!.subject, 'Ihr Code für Ohmnibus')
  assert.ok(mail!.text!.split('\n').includes('654321'))
  assert.match(
    String(mail!.html),
    /<html lang="de">[^]*654321[^]*<a href="https:\/\/ohmnibus\.example\.com\/api\/auth\/verify\/abc">/,
  )
  assert.equal(p.platform.mailFolder, undefined)
  assert.deepEqual(
    (await p.deliveries()).items.map(({ status, tries, error }) => ({ status, tries, error })),
    [{ status: 'sent', tries: 1, error: null }],
  )
})

test('a busy server gets the mail later, under the same Message-ID, and only once', async t => {
  const p = await withServer(t, before => (before < 2 ? 451 : 'take'))
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  const [waiting] = (await p.deliveries('?status=failed')).items
  assert.match(waiting!.error!, /451/)
  await p.hurry()
  await p.hurry()
  assert.deepEqual(
    (await p.deliveries()).items.map(({ status, tries }) => ({ status, tries })),
    [{ status: 'sent', tries: 3 }],
  )
  await p.hurry()
  assert.equal(p.taken.length, 1)
  assert.equal(new Set(p.seen.map(({ messageId }) => messageId)).size, 1)
  assert.equal(p.taken[0]!.messageId, `<${waiting!.id}@ohmnibus.example.com>`)
})

test('where the connection breaks after the whole mail was sent there is no second one, and operators see it', async t => {
  const p = await withServer(t, () => 'hang up')
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  await p.hurry()
  assert.equal(p.seen.length, 1)
  const [delivery] = (await p.deliveries()).items
  assert.deepEqual([delivery!.status, delivery!.tries], ['sent', 1])
  assert.match(delivery!.error!, /answer was lost/)
  const { body } = await p.http.inject('/metrics')
  assert.match(body, /^ohmnibus_mail_unanswered_total 1$/m)
})

test('where the connection breaks within a mail it goes out again, once', async t => {
  const { port, tries, taken } = await cutInMessage(t, 'before')
  const p = await open(t, { environment: { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) } })
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  assert.equal(taken.length, 0)
  await p.hurry()
  await p.hurry()
  assert.deepEqual([tries(), taken.length], [2, 1])
})

test('one refused address is dead at once with its cause, the others are sent; a replay sends it once', async t => {
  let refuse = true
  const p = await withServer(t, before => (before === 0 && refuse ? 550 : 'take'))
  await p.publish(PassportDeleted, { ...passport(), owner: company })
  await p.settle()
  assert.deepEqual(
    (await p.deliveries()).items
      .map(({ status, tries }) => ({ status, tries }))
      .sort((a, b) => a.status.localeCompare(b.status)),
    [
      { status: 'dead', tries: 1 },
      { status: 'sent', tries: 1 },
    ],
  )
  const [dead] = (await p.deliveries('?status=dead')).items
  assert.match(dead!.error!, /550/)
  await p.hurry()
  assert.equal(p.seen.length, 2, 'nobody tries again by themselves')

  refuse = false
  const answers = await Promise.all([p.replay(dead!.id), p.replay(dead!.id), p.replay(dead!.id)])
  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [202, 409, 409])
  assert.equal(answers.find(({ statusCode }) => statusCode === 409)!.json().code, 'delivery_not_dead')
  await p.settle()
  assert.equal(p.taken.length, 2)
  assert.deepEqual((await p.deliveries('?status=dead')).items, [])
})

test('a server that is away for good makes the mail dead after its last try, and a replay starts anew', async t => {
  let away = true
  const p = await withServer(t, () => (away ? 421 : 'take'))
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  let [dead] = (await p.deliveries('?status=dead')).items
  while (!dead) {
    await p.hurry()
    ;[dead] = (await p.deliveries('?status=dead')).items
  }
  assert.equal(dead.tries, 25)
  away = false
  assert.equal((await p.replay(dead.id)).json().status, 'waiting')
  await p.settle()
  assert.equal(p.taken.length, 1)
})

test('only admins see deliveries and replay them; an unknown one is unknown', async t => {
  const p = await withServer(t)
  const user = p.signedIn()
  assert.equal((await p.http.inject({ url: '/api/notifications/deliveries', headers: user })).statusCode, 403)
  assert.equal((await p.replay(newId(), user)).statusCode, 403)
  const answer = await p.replay(newId())
  assert.deepEqual([answer.statusCode, answer.json().code], [404, 'delivery_unknown'])
  const forged = Buffer.from('["x"]').toString('base64url')
  assert.equal(
    (
      await p.http.inject({
        url: `/api/notifications/deliveries?after=${forged}`,
        headers: p.signedIn({ role: 'admin' }),
      })
    ).json().code,
    'cursor_invalid',
  )
})

test('who looks after the platform reads what was sent, without what lets somebody in', async t => {
  const sent = async (p: Awaited<ReturnType<typeof open>>) => {
    const codeId = newId()
    p.codes.set(codeId, '654321')
    await p.publish(SendOtp, {
      codeId,
      email: 'new@example.com',
      purpose: 'password-reset',
      name: 'New',
      locale: 'de',
      expiresAt: '2027-02-18T08:40:00.000Z',
    })
    await p.settle()
    const read = async (path: string) =>
      (
        await p.http.inject({ url: `/api/notifications/deliveries${path}`, headers: p.signedIn({ role: 'admin' }) })
      ).json()
    const [first] = (await read('')).items
    const { html, text, withheld, ...delivery } = await read(`/${first.id}`)
    assert.deepEqual(delivery, first)
    assert.match(first.subject, /Passwort/)
    assert.match(html, /<html lang="de">/)
    // Its time is over: nobody can tell any more.
    p.codes.delete(codeId)
    const later = await read(`/${first.id}`)
    assert.deepEqual([later.withheld, /654321/.test(later.text)], [true, false])
    const refused = { url: `/api/notifications/deliveries/${first.id}`, headers: p.signedIn() }
    assert.equal((await p.http.inject(refused)).statusCode, 403)
    assert.equal((await read(`/${newId()}`)).code, 'delivery_unknown')
    return [withheld, /654321/.test(text), /654321|verify\/abc/.test(html)]
  }
  assert.deepEqual(await sent(await open(t)), [false, true, true], 'where it is for evaluation nobody has a mailbox')
  assert.deepEqual(await sent(await withServer(t)), [true, false, false])
  assert.deepEqual(await sent(await open(t, { mode: 'production' })), [true, false, false])
})

test('deliveries page through all of them, newest first', async t => {
  const p = await withServer(t, undefined, { NOTIFICATION_DIGEST: '0s' })
  for (let number = 0; number < 5; number++) {
    await p.publish(PassportPublished, { ...passport(), owner: self })
    await p.settle()
  }
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof p.deliveries>> = await p.deliveries(
      `?limit=2&status=sent${cursor && `&after=${cursor}`}`,
    )
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  assert.equal(new Set(ids).size, 5)
  assert.deepEqual(ids, [...ids].sort().reverse())
})

test('a code goes out at once while a thousand mails wait for a server that does not answer', async t => {
  // As many as there are connections for what can wait.
  const judge = (before: number): Verdict => (before < 5 ? 'say nothing' : 'take')
  const p = await withServer(t, judge, { NOTIFICATION_DIGEST: '0s' })
  for (let number = 0; number < 500; number++) await p.publish(PassportPublished, { ...passport(), owner: company })
  await until(() => p.seen.length === 5)
  const codeId = newId()
  p.codes.set(codeId, '654321')
  const asked = performance.now()
  await p.publish(SendOtp, {
    codeId,
    email: 'new@example.com',
    purpose: 'registration',
    name: 'New',
    locale: 'de',
    expiresAt: '2027-02-18T08:40:00.000Z',
  })
  await until(() => p.taken.length > 0)
  const waited = performance.now() - asked
  assert.match(p.taken[0]!.text!, /654321/)
  assert.ok(waited < 1_000, `${Math.round(waited)} ms`)
  assert.equal(p.seen.length, 6, 'the others still wait')
})

test('a mail that is slow, and one that fails, hold up neither the next ones to the same person nor those to others', async t => {
  const verdicts: Verdict[] = ['say nothing', 451]
  const p = await withServer(t, before => verdicts[before] ?? 'take', { NOTIFICATION_DIGEST: '0s' })
  for (const seen of [1, 2]) {
    await p.publish(PassportPublished, { ...passport(), owner: self })
    await until(() => p.seen.length === seen)
  }
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.publish(PassportDeleted, { ...passport(), owner: company })
  await until(() => p.taken.length === 3)
  assert.deepEqual(
    p.recipients.toSorted(),
    [ada, ada, ada, ada, grace].map(({ email }) => email).toSorted(),
    'of the company to whom it tells',
  )
  const states = async () => (await p.deliveries()).items.map(({ status }) => status).toSorted()
  // What was taken is noted a moment later.
  await until(async () => (await states()).filter(state => state === 'sent').length >= 3)
  assert.deepEqual(await states(), ['failed', 'sending', 'sent', 'sent', 'sent'], 'the first is still on its way')
})

test('deliveries of a span of time and a status are listed page by page, and counted', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const p = await withServer(
    t,
    before => (before === 2 ? 550 : 'take'),
    {},
    () => now,
  )
  for (const hour of ['08', '09', '10', '11']) {
    now = new Date(`2027-02-18T${hour}:00:00.000Z`)
    await p.publish(PassportPublished, { ...passport(), owner: self })
    await p.settle()
  }
  const count = async (query: string) =>
    (
      await p.http.inject({
        url: `/api/notifications/deliveries/count?${query}`,
        headers: p.signedIn({ role: 'admin' }),
      })
    ).json()
  for (const [query, hours] of [
    ['createdFrom=2027-02-18T09:00:00Z', ['11', '10', '09']],
    ['createdFrom=2027-02-18T09:00:00Z&status=sent', ['11', '09']],
    ['status=dead', ['10']],
    ['createdFrom=2027-02-18T09:00:00Z&createdTo=2027-02-18T11:00:00Z', ['10', '09']],
  ] as const) {
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Awaited<ReturnType<typeof p.deliveries>> = await p.deliveries(
        `?limit=1&${query}${cursor && `&after=${cursor}`}`,
      )
      seen.push(...page.items.map(({ createdAt }) => createdAt.slice(11, 13)))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, hours, query)
    assert.deepEqual(await count(query), { count: hours.length, exact: true }, query)
  }
  const headers = p.signedIn()
  assert.equal((await p.http.inject({ url: '/api/notifications/deliveries/count', headers })).statusCode, 403)
})

test('what a killed worker left behind is taken up after the longest pause between tries, not before, and sent once', async t => {
  let now = new Date('2027-02-18T08:30:00.000Z')
  const p = await withServer(t, undefined, { NOTIFICATION_DIGEST: '0s' }, () => now)
  p.outage.identity = true
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  p.outage.identity = false
  const leave = () => p.db('notifications')`delete from graphile_worker._private_jobs`
  const steps = {
    address: { task: 'notifications.address', tries: 25 },
    deliver: { task: 'notifications.deliver', tries: 25 },
    gather: { task: 'notifications.gather', tries: 25 },
    digest: { task: 'notifications.digest', tries: 25 },
  }
  const jobs = { urgent: steps, normal: steps, bulk: steps }
  await leave()

  now = new Date('2027-02-18T15:00:00.000Z')
  await takeUp(p.host, jobs)
  await p.settle()
  assert.equal(p.seen.length, 0)
  now = new Date('2027-02-18T15:31:00.000Z')
  await takeUp(p.host, jobs)
  await p.settle()
  assert.equal(p.taken.length, 1, 'the message was addressed, then sent')

  await p.db('notifications')`update deliveries set status = 'sending'`
  now = new Date('2027-02-18T23:00:00.000Z')
  await takeUp(p.host, jobs)
  await p.settle()
  assert.deepEqual(
    [p.taken.length, p.taken[0]!.messageId],
    [2, p.taken[1]!.messageId],
    'again, as nobody can know that it had been taken',
  )
  assert.deepEqual(
    (await p.deliveries()).items.map(({ status }) => status),
    ['sent'],
  )
  now = new Date('2027-02-20T23:00:00.000Z')
  await takeUp(p.host, jobs)
  await p.settle()
  assert.equal(p.taken.length, 2)
})

test('ENABLE_EMAIL_NOTIFICATIONS=false keeps every mail in a file, whatever server there is', async t => {
  const p = await withServer(t, undefined, { ENABLE_EMAIL_NOTIFICATIONS: 'false' })
  await p.publish(PassportPublished, { ...passport(), owner: self })
  await p.settle()
  assert.equal(p.seen.length, 0)
  assert.ok(p.platform.mailFolder)
  assert.deepEqual(
    (await p.deliveries()).items.map(({ status }) => status),
    ['sent'],
  )
})
