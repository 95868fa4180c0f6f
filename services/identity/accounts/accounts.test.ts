import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  getCode,
  getPerson,
  RegistrationRepeated,
  SendOtp,
  UserEmailChanged,
  UserLoggedIn,
  UserPasswordChanged,
  UserRegistered,
  UserUpdated,
} from '#contracts/identity'
import { newId, type Tx } from '#kernel'
import { bearer, startIdentity } from '../testing.ts'
import { forgetExpired } from '../expiry.ts'

const ada = { email: 'Ada@Example.com', password: 'quiet trains at dawn', name: 'Ada King  Lovelace' }
const minute = 60_000
const login = ({ email, password }: typeof ada) => ({ email, password })
/** Of the browser that got this answer. */
const tiedTo = ({ cookies }: { cookies: { name: string; value: string }[] }) => ({
  cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
})

test('somebody registers, proves the address with the code and is signed in', async t => {
  const { post, get, mailed, published, clock, ask } = await startIdentity(t)

  const registered = await post('/register', ada)
  assert.equal(registered.statusCode, 202)
  assert.deepEqual(registered.json(), { email: 'ada@example.com', expiresAt: '2027-02-18T08:40:00.000Z' })
  assert.deepEqual(
    await published(UserRegistered).then(all => all.filter(({ email }) => email === 'ada@example.com')),
    [],
    'nobody is registered yet',
  )
  const [sent] = await published(SendOtp)
  assert.partialDeepStrictEqual(sent, {
    email: 'ada@example.com',
    purpose: 'registration',
    name: 'Ada King Lovelace',
    locale: 'en',
  })

  const { code, link } = await mailed('ada@example.com')
  assert.match(code, /^\d{6}$/)
  assert.match(link!, /^http:\/\/localhost:0\/api\/auth\/verify\/[\w-]{43}$/)
  assert.ok(!JSON.stringify(sent).includes(code), 'the event does not hold the code')

  const proven = await post('/verify-otp', { email: 'ADA@example.com', otp: code }, tiedTo(registered))
  assert.equal(proven.statusCode, 201)
  const { user, accessToken, expiresIn } = proven.json()
  assert.partialDeepStrictEqual(user, {
    email: 'ada@example.com',
    name: 'Ada King Lovelace',
    firstName: 'Ada',
    lastName: 'King Lovelace',
    role: 'user',
    locale: 'en',
    createdAt: clock.now().toISOString(),
  })
  assert.equal(expiresIn, 600)
  assert.equal((await get('/profile', bearer(accessToken))).json().id, user.id)

  const event = (await published(UserRegistered)).at(-1)!
  assert.partialDeepStrictEqual(event, {
    userId: user.id,
    email: 'ada@example.com',
    firstName: 'Ada',
    actor: { userId: user.id, role: 'user' },
  })
  assert.equal((await published(UserLoggedIn)).at(-1)!.userId, user.id)
  assert.equal((await ask(getPerson, { userId: user.id })).name, 'Ada King Lovelace')
  await assert.rejects(
    ask(getCode, { codeId: sent!.codeId }),
    { code: 'code_unknown' },
    'a used code can be read by nobody',
  )
  assert.equal((await post('/verify-otp', { email: ada.email, otp: code })).statusCode, 400, 'a code works once')
})

test('pre-account hijack through OTP: the password of a stranger is never bound by the code of the owner', async t => {
  const { post, mailed } = await startIdentity(t)
  const victim = 'victim@example.com'
  const before = await post('/register', { email: victim, password: 'the attacker was here first', name: 'Mallory' })
  await post('/register', { email: victim, password: 'quiet trains at dawn', name: 'Vera' })
  await post('/register', { email: victim, password: 'the attacker was here last', name: 'Mallory' })

  const { code } = await mailed(victim, 1)
  const proof = { email: victim, otp: code, password: 'quiet trains at dawn' }
  assert.equal((await post('/verify-otp', proof)).json().user.name, 'Vera')
  for (const password of ['the attacker was here first', 'the attacker was here last'])
    assert.equal((await post('/login', { email: victim, password })).json().code, 'credentials_invalid')
  assert.equal((await post('/login', { email: victim, password: 'quiet trains at dawn' })).statusCode, 200)
  assert.ok(before.cookies.some(({ name, httpOnly }) => name === 'ohmnibus-registration' && httpOnly))
})

test('pre-account hijack through OTP: the browser of the owner takes no code of a stranger, and its new code is for its own registration', async t => {
  const { post, mailed, published } = await startIdentity(t)
  const victim = 'victim@example.com'
  const own = await post('/register', { email: victim, password: 'quiet trains at dawn', name: 'Vera' })
  await post('/register', { email: victim, password: 'the attacker was here last', name: 'Mallory' })
  const { cookie } = tiedTo(own)

  const strange = await mailed(victim)
  assert.equal((await post('/verify-otp', { email: victim, otp: strange.code }, { cookie })).json().code, 'otp_invalid')
  assert.equal((await post(`/verify/${strange.link!.split('/').at(-1)}`, undefined, { cookie })).statusCode, 404)

  await post('/resend-otp', { email: victim }, { cookie })
  assert.equal((await published(SendOtp)).at(-1)!.name, 'Vera')
  assert.equal(
    (await post('/verify-otp', { email: victim, otp: (await mailed(victim)).code }, { cookie })).json().user.name,
    'Vera',
  )
})

test('known and unknown addresses get the same answers to the same requests; only the owner is told', async t => {
  const { post, person, published } = await startIdentity(t)
  const known = await person('Ada')
  const shape = (response: Awaited<ReturnType<typeof post>>) => {
    const { email: _, traceId: __, ...body } = response.json()
    return {
      status: response.statusCode,
      body,
      headers: Object.keys(response.headers).filter(name => name !== 'content-length'),
    }
  }
  const each = async (path: string, payload: (email: string) => object) =>
    assert.deepEqual(
      shape(await post(path, payload(known.email))),
      shape(await post(path, payload('nobody@example.com'))),
      path,
    )

  await each('/register', email => ({ email, password: 'a strange new password', name: 'Somebody' }))
  await each('/verify-otp', email => ({ email, otp: '000000' }))
  for (let i = 0; i < 3; i++) await each('/resend-otp', email => ({ email }))
  await each('/login', email => ({ email, password: 'not the right password' }))
  for (let i = 0; i < 6; i++) await each('/verify-otp', email => ({ email, otp: '000000' }))

  assert.deepEqual(new Set((await published(RegistrationRepeated)).map(({ email }) => email)), new Set([known.email]))
  assert.deepEqual(
    new Set((await published(SendOtp)).slice(1).map(({ email }) => email)),
    new Set(['nobody@example.com']),
  )
})

test('known and unknown addresses take the same time, because each is worth one hash', async t => {
  const { post, person } = await startIdentity(t)
  const known = await person('Ada')
  const took = { known: [] as number[], unknown: [] as number[] }
  for (let i = 0; i < 200; i++) {
    const tries = [
      ['known', known.email],
      ['unknown', `nobody${i}@example.com`],
    ] as const
    // In turns, each first as often as the other, so that what the machine does beside falls on both.
    for (const [kind, email] of i % 2 === 0 ? tries : tries.toReversed()) {
      const before = performance.now()
      await post('/login', { email, password: 'not the right password' })
      took[kind].push(performance.now() - before)
    }
  }
  // How often a try at an unknown address takes longer than one at a known (Mann-Whitney): a half where nothing tells
  // them apart, 0.03 around it by chance. Where one had no hash it is 0 or 1, however busy the machine.
  const longer = took.known.flatMap(one => took.unknown.map(other => (other > one ? 1 : other === one ? 0.5 : 0)))
  const share = longer.reduce<number>((sum, one) => sum + one, 0) / longer.length
  assert.ok(share > 0.3 && share < 0.7, `of ${longer.length} pairs ${share} take longer where nobody is known`)
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length / 2]!
  const ratio = median(took.known) / median(took.unknown)
  assert.ok(ratio > 0.8 && ratio < 1.25, `known ${median(took.known)} ms, unknown ${median(took.unknown)} ms`)
})

test('nobody gives themselves a role', async t => {
  const { post, published } = await startIdentity(t)
  const response = await post('/register', { ...ada, role: 'admin' })
  assert.deepEqual(
    [response.statusCode, response.json().code, response.json().errors[0].pointer],
    [403, 'role_not_assignable', '/role'],
  )
  assert.equal((await published(SendOtp)).length, 0)
})

test('a registration says who, with an address, a good password and no other field', async t => {
  const { post } = await startIdentity(t)
  const pointers = async (payload: object) =>
    (await post('/register', payload)).json().errors.map(({ pointer }: { pointer: string }) => pointer)
  const { name: _, ...anonymous } = ada
  assert.deepEqual(await pointers(anonymous), ['/name'])
  assert.deepEqual(await pointers({ ...ada, email: 'ada' }), ['/email'])
  assert.deepEqual(await pointers({ ...ada, password: 'password1234' }), ['/password'])
  assert.deepEqual(await pointers({ ...ada, password: 'short' }), ['/password'])
  assert.deepEqual(await pointers({ ...ada, name: 'Ada\nBcc: all@example.com' }), ['/name'])
  assert.deepEqual(await pointers({ ...ada, userId: newId() }), ['/userId'])
  assert.equal(
    (await post('/register', { ...anonymous, firstName: 'Ada', lastName: 'Lovelace', locale: 'de' })).statusCode,
    202,
  )
})

test('five wrong tries end a code, however many registrations claim the address', async t => {
  const { post, mailed, ask, published } = await startIdentity(t)
  const codes: string[] = []
  for (let i = 0; i < 3; i++) {
    await post('/register', ada)
    codes.push((await mailed('ada@example.com')).code)
  }
  const wrong = ['000000', '111111', '222222', '333333', '444444', '555555', '666666', '777777'].filter(
    code => !codes.includes(code),
  )
  for (const otp of wrong.slice(0, 5))
    assert.equal((await post('/verify-otp', { email: ada.email, otp })).json().code, 'otp_invalid')
  for (const otp of codes)
    assert.equal((await post('/verify-otp', { email: ada.email, otp })).json().code, 'otp_invalid')
  for (const { codeId } of await published(SendOtp))
    assert.ok(codes.includes((await ask(getCode, { codeId })).code), 'the mail of the owner goes out all the same')
})

test('guesses that race are counted one by one', async t => {
  const { post, db } = await startIdentity(t)
  await post('/register', ada)
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, i) => post('/verify-otp', { email: ada.email, otp: `00000${i % 10}` })),
  )
  const rows = await db('identity')`select guesser, tries from guesses`
  assert.ok(statuses.every(({ statusCode }) => statusCode === 400))
  assert.deepEqual(
    rows.map(row => ({ ...row })),
    [{ guesser: '127.0.0.1', tries: 5 }],
  )
})

test('a code is good for ten minutes', async t => {
  const { post, mailed, clock } = await startIdentity(t)
  await post('/register', ada)
  const { code } = await mailed('ada@example.com')
  clock.pass(10 * minute)
  assert.equal((await post('/verify-otp', { email: ada.email, otp: code })).json().code, 'otp_invalid')
  await assert.rejects(mailed('ada@example.com'), { code: 'code_unknown' })
})

test('a new code ends the old one, and the next takes longer to get', async t => {
  const { post, mailed, clock } = await startIdentity(t)
  await post('/register', ada)
  const old = await mailed('ada@example.com')
  assert.equal((await post('/resend-otp', { email: ada.email })).statusCode, 202)
  const fresh = await mailed('ada@example.com')

  const waits: number[] = []
  for (let i = 0; i < 5; i++) {
    const refused = await post('/resend-otp', { email: ada.email })
    assert.deepEqual([refused.statusCode, refused.json().code], [429, 'otp_sent_recently'])
    waits.push(Number(refused.headers['retry-after']))
    clock.pass(waits.at(-1)! * 1000)
    if (i < 4) assert.equal((await post('/resend-otp', { email: ada.email })).statusCode, 202)
  }
  assert.deepEqual(waits, [60, 120, 240, 480, 900])

  clock.pass(60 * minute + 1)
  await post('/resend-otp', { email: ada.email })
  assert.equal(
    (await post('/resend-otp', { email: ada.email })).headers['retry-after'],
    '60',
    'an hour of rest forgets it',
  )
  for (const { code } of [old, fresh])
    assert.equal((await post('/verify-otp', { email: ada.email, otp: code })).json().code, 'otp_invalid')
  assert.equal(
    (await post('/verify-otp', { ...login(ada), otp: (await mailed('ada@example.com')).code })).statusCode,
    201,
  )
})

test('two codes for one address race: one account comes of it', async t => {
  const { post, mailed, published } = await startIdentity(t)
  await post('/register', ada)
  await post('/register', { ...ada, password: 'another quiet password' })
  const codes = [await mailed('ada@example.com', 0), await mailed('ada@example.com', 1)]
  const statuses = (await Promise.all(codes.map(({ code }) => post('/verify-otp', { ...login(ada), otp: code }))))
    .map(({ statusCode }) => statusCode)
    .sort()
  assert.deepEqual(statuses, [201, 400])
  assert.equal((await published(UserRegistered)).filter(({ email }) => email === 'ada@example.com').length, 1)
})

test('the link of the mail opens a page that proves nothing until its button is pressed', async t => {
  const { http, post, mailed } = await startIdentity(t)
  const registered = await post('/register', { ...ada, name: 'Ada <script>alert(1)</script>' })
  const path = new URL((await mailed('ada@example.com')).link!).pathname

  for (let i = 0; i < 3; i++) {
    const page = await http.inject({ url: path, headers: tiedTo(registered) })
    assert.equal(page.statusCode, 200)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    assert.match(
      String(page.headers['content-security-policy']),
      /default-src 'none'; style-src 'sha256-[^']+'; img-src 'self' data:; form-action 'self'/,
    )
    assert.match(page.body, /<form method="post"><button>/)
    assert.ok(!page.body.includes('<script'), 'a name is text')
    assert.equal(page.headers['cache-control'], 'no-store', 'its address is a secret')
    assert.match(page.body, /<a href="\/">Go to the start page<\/a>/)
  }
  assert.equal(
    (await post('/login', { email: ada.email, password: ada.password })).statusCode,
    401,
    'a scanner that opened it has not proven the address',
  )

  const press = (payload = '', headers = {}) =>
    http.inject({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
      payload,
    })
  const elsewhere = await http.inject({ url: path })
  assert.match(elsewhere.body, /<input\s+name="password"/, 'another browser is asked for the password')
  const bare = await press()
  assert.deepEqual([bare.statusCode, bare.cookies.length], [400, 0], 'whoever presses there is not signed in by it')
  assert.match(bare.body, /role="alert"/)
  assert.equal((await press('', { ...tiedTo(registered), 'sec-fetch-site': 'cross-site' })).statusCode, 403)
  const proven = await press('', tiedTo(registered))
  assert.equal(proven.statusCode, 200)
  assert.match(proven.body, /is ready/)
  const next = await http.inject({ url: '/api/auth/sign-in', headers: tiedTo(proven) })
  assert.match(next.body, /You are signed in as <bdi>ada@example.com/)
  assert.equal((await press('', tiedTo(registered))).statusCode, 404)
  const expired = await http.inject({ url: path, headers: { 'accept-language': 'de-CH,en;q=0.5' } })
  assert.equal(expired.statusCode, 404)
  assert.match(
    expired.body,
    /<html lang="de">[^]*<h1>Dieser Link gilt nicht mehr<\/h1>[^]*<a href="\/">Zur Startseite</,
  )
  assert.equal((await post('/login', { email: ada.email, password: ada.password })).statusCode, 200)
})

test('a profile is read and changed by its owner, and stale changes are refused', async t => {
  const { http, get, person, published } = await startIdentity(t)
  const { headers, id } = await person('Ada')
  const patch = (payload: object, more = {}) =>
    http.inject({ method: 'PATCH', url: '/api/auth/profile', payload, headers: { ...headers, ...more } })

  const first = await get('/profile', headers)
  const etag = String(first.headers.etag)
  assert.equal((await get('/profile', { ...headers, 'if-none-match': etag })).statusCode, 304)

  const changed = await patch({ lastName: 'Byron', locale: 'de' }, { 'if-match': etag })
  assert.partialDeepStrictEqual(changed.json(), {
    firstName: 'Ada',
    lastName: 'Byron',
    name: 'Ada Byron',
    locale: 'de',
  })
  assert.partialDeepStrictEqual((await published(UserUpdated)).at(-1), {
    userId: id,
    name: 'Ada Byron',
    locale: 'de',
    version: 2,
  })
  assert.deepEqual(
    [
      (await patch({ name: 'X' }, { 'if-match': etag })).json().code,
      (await patch({ name: 'Ada L' }, { 'if-match': String(changed.headers.etag) })).statusCode,
    ],
    ['version_stale', 200],
  )
  for (const field of ['role', 'email', 'disabled', 'id'])
    assert.equal((await patch({ [field]: 'admin' })).statusCode, 400, `${field} has a route of its own or none`)
  assert.equal((await get('/profile')).statusCode, 401)
})

test('a change of password asks for the present one and ends all other sessions', async t => {
  const { post, get, person, published } = await startIdentity(t)
  const { headers, email, password, id } = await person('Ada')
  const other = (await post('/login', { email, password })).json()

  assert.equal(
    (
      await post(
        '/password',
        { currentPassword: 'not the right one', newPassword: 'a vermilion otter sleeps' },
        headers,
      )
    ).json().code,
    'password_wrong',
  )
  assert.deepEqual(
    (await post('/password', { currentPassword: password, newPassword: 'password1234' }, headers)).json().errors[0]
      .pointer,
    '/newPassword',
  )
  assert.equal(
    (await post('/password', { currentPassword: password, newPassword: 'a vermilion otter sleeps' }, headers))
      .statusCode,
    204,
  )

  assert.equal((await get('/profile', bearer(other.accessToken))).statusCode, 401)
  assert.equal((await post('/refresh', { refreshToken: other.refreshToken })).statusCode, 401)
  assert.equal((await get('/profile', headers)).statusCode, 200, 'the session that changed it goes on')
  assert.equal((await post('/login', { email, password })).statusCode, 401)
  assert.equal((await post('/login', { email, password: 'a vermilion otter sleeps' })).statusCode, 200)
  assert.partialDeepStrictEqual(await published(UserPasswordChanged), [{ userId: id, version: 2 }])
})

test('another address is taken after the password and a code that goes there', async t => {
  const { post, get, mailed, person, published } = await startIdentity(t)
  const { headers, password, id } = await person('Ada')
  const taken = await person('Grace')

  assert.equal(
    (await post('/email', { password: 'not the right one', email: 'new@example.com' }, headers)).json().code,
    'password_wrong',
  )
  const [free, used] = [
    await post('/email', { password, email: 'New@example.com' }, headers),
    await post('/email', { password, email: taken.email }, headers),
  ]
  assert.deepEqual(
    [free.statusCode, used.statusCode, free.json().expiresAt],
    [202, 202, used.json().expiresAt],
    'whether an address is taken is not told',
  )
  assert.equal((await published(RegistrationRepeated)).at(-1)!.userId, taken.id)

  await post('/email', { password, email: 'new@example.com' }, headers)
  const { code, link } = await mailed('new@example.com')
  assert.equal(link, null)
  assert.equal(
    (await post('/email/verify', { otp: code === '000000' ? '111111' : '000000' }, headers)).json().code,
    'otp_invalid',
  )
  assert.equal(
    (await post('/email/verify', { otp: code }, taken.headers)).json().code,
    'otp_invalid',
    'a code is good for whom it was made',
  )
  assert.equal((await post('/email/verify', { otp: code }, headers)).json().email, 'new@example.com')
  assert.equal((await get('/profile', headers)).json().email, 'new@example.com')
  assert.partialDeepStrictEqual(await published(UserEmailChanged), [
    { userId: id, email: 'new@example.com', formerEmail: 'ada@example.com' },
  ])
})

test('nobody has mails about a new address sent to a stranger without end', async t => {
  const { post, person, published } = await startIdentity(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
  const [{ headers, password }, { email: owned }] = [await person('Ada'), await person('Grace')]
  const ask = (email: string) => post('/email', { password, email }, headers)
  for (const email of ['stranger@example.com', 'Stranger@Example.com']) assert.equal((await ask(email)).statusCode, 202)
  for (let i = 0; i < 3; i++) await ask('stranger@example.com')
  const refused = await ask('stranger@example.com')
  assert.deepEqual([refused.statusCode, refused.json().limit], [429, 'new address by account'])
  assert.ok(Number(refused.headers['retry-after']) > 60)
  assert.equal((await ask(owned)).statusCode, 202, 'another address has its own, and an account does not show')
  const sent = (await published(SendOtp)).filter(({ email }) => email === 'stranger@example.com')
  assert.equal(sent.length, 5)
  assert.deepEqual(new Set(sent.map(({ purpose }) => purpose)), new Set(['email-change']))
  assert.equal((await published(RegistrationRepeated)).at(-1)!.email, owned)
})

test('what has expired is forgotten', async t => {
  const { post, person, db, clock } = await startIdentity(t)
  await person('Ada')
  await post('/register', { ...ada, email: 'late@example.com' })
  await post('/resend-otp', { email: 'late@example.com' })
  // It neither publishes nor enqueues.
  const forget = () => db('identity').begin(tx => forgetExpired(tx as unknown as Tx, clock.now()))
  const left = async () =>
    (
      await db('identity')`
    select (select count(*)::int from codes) as codes, (select count(*)::int from registrations) as registrations, (select count(*)::int from resends) as resends,
      (select count(*)::int from sessions) as sessions`
    ).map(row => ({ ...row }))[0]

  await forget()
  assert.deepEqual(await left(), { codes: 1, registrations: 1, resends: 1, sessions: 1 }, 'what is alive stays')
  clock.pass(10 * minute)
  await forget()
  assert.deepEqual(await left(), { codes: 0, registrations: 1, resends: 1, sessions: 1 })
  clock.pass(24 * 60 * minute)
  await forget()
  assert.deepEqual(await left(), { codes: 0, registrations: 0, resends: 0, sessions: 1 })
  clock.pass(30 * 24 * 60 * minute)
  await forget()
  assert.equal((await left())!.sessions, 0)
})

test('no code, password or token lies in the database as it is', async t => {
  const { post, mailed, person, db } = await startIdentity(t)
  const { password, refreshToken } = await person('Ada')
  await post('/register', { ...ada, email: 'late@example.com' })
  const { code, link } = await mailed('late@example.com')
  const rows = await db('identity')`
    select to_jsonb(u) as row from users u union all select to_jsonb(r) from registrations r union all select to_jsonb(c) from codes c
    union all select to_jsonb(s) from sessions s union all select to_jsonb(k) from signing_keys k`
  const text = JSON.stringify(rows)
  for (const secret of [password, refreshToken, code, link!.split('/').at(-1)!]) {
    const hidden = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret, 'base64url').toString('hex')]
    assert.ok(
      hidden.every(form => form.length < 6 || !text.includes(form)),
      'found in the database',
    )
  }
  assert.ok(!text.includes('"d"'), 'private keys are sealed')
})
