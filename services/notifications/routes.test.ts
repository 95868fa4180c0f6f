import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassportCreated, PassportDeleted, PassportUpdated } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, company, everything, grace, open, self, type Person, type Platform } from './testing.ts'

const passport = { passport: { id: newId(), data: {} }, identifier: 'BP-2024-011', version: 1 }

async function publishMany(p: Platform, count: number) {
  for (let number = 1; number <= count; number++) {
    await p.publish(PassportUpdated, { ...passport, identifier: `BP-${number}`, owner: self, updatedFields: [] })
    await p.settle()
  }
}

test('the list pages through everything once, newest first, while new ones come in', async t => {
  const p = await open(t)
  await publishMany(p, 5)
  const first = await p.list(ada, '?limit=2')
  await p.publish(PassportDeleted, { ...passport, owner: self })
  await p.settle()
  const second = await p.list(ada, `?limit=2&after=${first.nextCursor}`)
  const third = await p.list(ada, `?limit=2&after=${second.nextCursor}`)
  const numbers = [first, second, third].flatMap(({ items }) => items.map(({ title }) => /BP-(\d)/.exec(title)![1]))
  assert.deepEqual(numbers, ['5', '4', '3', '2', '1'])
  assert.equal(third.nextCursor, null)
})

test('the list holds what was made in a span of time, and the count says how many without listing them', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const p = await open(t, { now: () => now })
  for (const hour of ['08', '09', '10']) {
    now = new Date(`2027-02-18T${hour}:00:00.000Z`)
    await publishMany(p, 2)
  }
  await p.http.inject({ method: 'POST', url: `/api/notifications/read-all`, headers: p.as(ada) })
  now = new Date('2027-02-18T11:00:00.000Z')
  await publishMany(p, 1)
  const count = async (query: string) =>
    (await p.http.inject({ url: `/api/notifications/count${query}`, headers: p.as(ada) })).json()
  for (const [query, hours] of [
    ['', ['11', '10', '10', '09', '09', '08', '08']],
    ['createdFrom=2027-02-18T09:00:00Z&createdTo=2027-02-18T10:00:00Z', ['09', '09']],
    ['createdFrom=2027-02-18T10:00:00.001Z', ['11']],
    ['createdTo=2027-02-18T09:00:00%2B01:00', []],
    ['createdTo=2027-02-18T10:00:00%2B01:00', ['08', '08']],
    ['unread=true', ['11']],
    ['unread=true&createdTo=2027-02-18T11:00:00Z', []],
  ] as const) {
    const { items } = await p.list(ada, `?${query}`)
    assert.deepEqual(
      items.map(({ createdAt }) => createdAt.slice(11, 13)),
      hours,
      query,
    )
    assert.deepEqual(await count(`?${query}`), { count: hours.length, exact: true }, query)
  }
  const first = await p.list(ada, '?limit=1&createdTo=2027-02-18T10:00:00Z')
  const second = await p.list(ada, `?limit=3&createdTo=2027-02-18T10:00:00Z&after=${first.nextCursor}`)
  assert.deepEqual(
    second.items.map(({ createdAt }) => createdAt.slice(11, 13)),
    ['09', '08', '08'],
  )
  assert.deepEqual(
    (await p.http.inject({ url: '/api/notifications/count', headers: p.as(grace) })).json(),
    { count: 0, exact: true },
    'those of others are not counted',
  )
})

test('a count stops at ten thousand and says so, within 50 ms', async t => {
  const p = await open(t)
  const fill = (from: number, to: number) => p.db('notifications')`
    insert into notifications (id, user_id, position, event_id, event, title, text, created_at)
    select gen_random_uuid(), ${ada.userId}, n, gen_random_uuid(), 'passport.updated', 't', 't', now()
    from generate_series(${from}::int, ${to}::int) n`
  const count = async () => {
    const began = performance.now()
    const answer = (await p.http.inject({ url: '/api/notifications/count', headers: p.as(ada) })).json()
    return { answer, ms: performance.now() - began }
  }
  await fill(1, 10_000)
  assert.deepEqual((await count()).answer, { count: 10_000, exact: true })
  await fill(10_001, 30_000)
  const counts = [await count(), await count(), await count()]
  for (const { answer } of counts) assert.deepEqual(answer, { count: 10_000, exact: false })
  assert.ok(Math.min(...counts.map(({ ms }) => ms)) < 50, `${counts.map(({ ms }) => Math.round(ms))} ms`)
})

test('a parameter that no list knows, and a time that is none, are refused by name', async t => {
  const p = await open(t)
  const headers = { ...p.signedIn({ userId: ada.userId, role: 'admin' }) }
  for (const path of ['', '/count', '/deliveries', '/deliveries/count'])
    for (const [query, pointer] of [
      ['unraed=true', '/unraed'],
      ['createdFrom=yesterday', '/createdFrom'],
      ['createdTo=2027-06-30T23:59:60Z', '/createdTo'],
    ] as const) {
      const answer = await p.http.inject({ url: `/api/notifications${path}?${query}`, headers })
      assert.deepEqual([answer.statusCode, answer.json().errors?.[0].pointer], [400, pointer], `${path}?${query}`)
    }
  const { statusCode } = await p.http.inject({ url: '/api/notifications?createdFrom=0001-01-01T00:00:00Z', headers })
  assert.equal(statusCode, 200, 'all there ever was')
})

test('reading is idempotent, keeps its first time, and empties the unread list', async t => {
  let now = new Date('2027-02-18T08:30:00.000Z')
  const p = await open(t, { now: () => now })
  await publishMany(p, 3)
  const [newest] = (await p.list(ada)).items
  const read = (path: string) =>
    p.http.inject({ method: 'POST', url: `/api/notifications/${path}`, headers: p.as(ada) })
  const once = await read(`${newest!.id}/read`)
  assert.deepEqual(once.json(), { ...newest, readAt: now.toISOString() })
  now = new Date('2027-02-18T08:31:00.000Z')
  assert.deepEqual((await read(`${newest!.id}/read`)).json(), once.json())
  assert.equal((await p.list(ada, '?unread=true')).items.length, 2)
  assert.deepEqual((await read('read-all')).json(), { read: 2 })
  assert.deepEqual((await read('read-all')).json(), { read: 0 })
  assert.deepEqual((await p.list(ada, '?unread=true')).items, [])
  assert.deepEqual(
    (await p.list(ada)).items.map(({ readAt }) => readAt),
    ['2027-02-18T08:30:00.000Z', '2027-02-18T08:31:00.000Z', '2027-02-18T08:31:00.000Z'],
  )
})

test('somebody else’s notification is as unknown as one there never was', async t => {
  const p = await open(t)
  await publishMany(p, 1)
  const [theirs] = (await p.list(ada)).items
  const read = async (id: string) =>
    await p.http.inject({
      method: 'POST',
      url: `/api/notifications/${id}/read`,
      headers: { ...p.as(grace), traceparent: `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01` },
    })
  const [other, never] = [await read(theirs!.id), await read(newId())]
  assert.deepEqual([other.statusCode, other.json().code], [404, 'notification_unknown'])
  assert.deepEqual(other.json(), never.json())
  assert.equal((await p.list(ada, '?unread=true')).items.length, 1)
  assert.deepEqual((await p.list(grace)).items, [])
})

test('nobody who is not signed in, and no query that makes no sense, gets an answer', async t => {
  const p = await open(t)
  for (const url of [
    '/api/notifications',
    '/api/notifications/preferences',
    '/api/notifications/stream',
    '/api/notifications/deliveries',
  ])
    assert.equal((await p.http.inject({ url })).statusCode, 401, url)
  const cursor = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString('base64url')
  for (const after of [
    'x',
    cursor([]),
    cursor(['abc']),
    cursor([1e300]),
    cursor([-1]),
    cursor([null]),
    cursor([1.5]),
  ]) {
    const answer = await p.http.inject({ url: `/api/notifications?after=${after}`, headers: p.as(ada) })
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'cursor_invalid'], after)
  }
  for (const query of ['limit=0', 'limit=101', 'unread=maybe'])
    assert.equal(
      (await p.http.inject({ url: `/api/notifications?${query}`, headers: p.as(ada) })).statusCode,
      400,
      query,
    )
})

test('many events for one person at once get positions without a gap or a double', async t => {
  const p = await open(t)
  await Promise.all(
    Array.from({ length: 40 }, (_, number) =>
      p.publish(PassportUpdated, {
        ...passport,
        passport: { id: newId(), data: {} },
        identifier: `BP-${number}`,
        owner: number % 2 ? self : company,
        updatedFields: [],
      }),
    ),
  )
  await p.settle()
  const rows = await p.db(
    'notifications',
  )`select position from notifications where user_id = ${ada.userId} order by position`
  assert.deepEqual(
    rows.map(({ position }) => position),
    Array.from({ length: 40 }, (_, index) => index + 1),
  )
})

const preferences = (p: Platform, person: Person, payload?: object, headers: Record<string, string> = {}) =>
  p.http.inject({
    method: payload ? 'PUT' : 'GET',
    url: '/api/notifications/preferences',
    headers: { ...p.as(person), ...headers },
    ...(payload && { payload }),
  })

test('what somebody switched off stays away, what they switched on comes, in the language they chose', async t => {
  const p = await open(t)
  const chosen = await preferences(p, ada, {
    email: { 'passport.created': false, 'passport.updated': true },
    inApp: { 'passport.updated': false },
    locale: 'de',
  })
  assert.equal(chosen.statusCode, 200)
  for (const owner of [self, company]) await p.publish(PassportCreated, { ...passport, owner })
  await p.publish(PassportUpdated, { ...passport, owner: self, updatedFields: ['/a'] })
  await p.settle()
  assert.deepEqual((await everything(p)).mails, [
    'ada@example.com: Pass BP-2024-011 wurde geändert (passport.updated)',
    'grace@example.com: Pass BP-2024-011 wurde angelegt (passport.created)',
  ])
  assert.deepEqual(
    (await p.list(ada)).items.map(({ title }) => title),
    ['Pass BP-2024-011 wurde angelegt', 'Pass BP-2024-011 wurde angelegt'],
  )
})

/** One browser may be used by two: the tag names the person. */
const tagOf = (version: number, { userId } = ada): string => `"${version}-${userId}"`

test('preferences show defaults, are replaced whole, and are versioned', async t => {
  const p = await open(t)
  const fresh = await preferences(p, ada)
  assert.equal(fresh.headers.etag, tagOf(0))
  assert.deepEqual(
    [
      fresh.json().email['passport.created'],
      fresh.json().email['passport.updated'],
      fresh.json().inApp['passport.updated'],
      fresh.json().locale,
    ],
    [true, false, true, null],
  )

  const first = await preferences(p, ada, { email: { 'passport.created': false } }, { 'if-match': tagOf(0) })
  assert.deepEqual(
    [first.statusCode, first.headers.etag, first.json().email['passport.created']],
    [200, tagOf(1), false],
  )
  assert.equal((await preferences(p, ada, {}, { 'if-match': tagOf(0) })).statusCode, 412)
  assert.equal((await preferences(p, ada, undefined, { 'if-none-match': tagOf(1) })).statusCode, 304)
  const second = await preferences(p, ada, first.json(), { 'if-match': tagOf(1) })
  assert.deepEqual([second.headers.etag, second.json()], [tagOf(2), first.json()], 'what was answered can be sent back')
  assert.equal((await preferences(p, ada, {})).json().email['passport.created'], true)
  assert.equal((await preferences(p, grace)).headers.etag, tagOf(0, grace))
})

test('two first choices at once: with If-Match one wins', async t => {
  const p = await open(t)
  const answers = await Promise.all(
    ['de', 'en'].map(locale => preferences(p, ada, { locale }, { 'if-match': tagOf(0) })),
  )
  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [200, 412])
})

test('codes and what concerns the safety of an account cannot be switched off; unknown events and fields are refused by name', async t => {
  const p = await open(t)
  for (const [payload, pointer] of [
    [{ email: { 'send-otp': false } }, '/email/send-otp'],
    [{ email: { 'user.password-changed': false } }, '/email/user.password-changed'],
    [{ inApp: { 'user.email-changed': false } }, '/inApp/user.email-changed'],
    [{ email: { 'no.such': true } }, '/email/no.such'],
    [{ email: { 'passport.created': 'yes' } }, '/email/passport.created'],
    [{ fax: {} }, '/fax'],
    [{ locale: 'fr' }, '/locale'],
  ] as const) {
    const answer = await preferences(p, ada, payload)
    assert.deepEqual([answer.statusCode, answer.json().errors?.[0].pointer], [400, pointer])
  }
})

test('kinds of messages have names in both languages, and say on which channels one chooses', async t => {
  const p = await open(t)
  const ask = async (query: string, headers = {}) =>
    (await p.http.inject({ url: `/api/notifications/kinds${query}`, headers })).json().items as {
      kind: string
      name: string
      service: string
      channels: string[]
    }[]
  const named = (items: Awaited<ReturnType<typeof ask>>, kind: string) => items.find(one => one.kind === kind)!
  assert.deepEqual(named(await ask('?locale=de'), 'passport.created'), {
    kind: 'passport.created',
    name: 'Ein Pass wurde angelegt',
    service: 'passports',
    channels: ['email', 'inApp', 'push', 'sms'],
  })
  assert.equal(named(await ask('', { 'accept-language': 'de' }), 'user.registered').name, 'Willkommen')
  assert.deepEqual(named(await ask(''), 'send-otp').channels, [], 'a code comes in any case')
  assert.deepEqual(named(await ask(''), 'user.factors-changed').channels, ['push', 'sms'])
})
