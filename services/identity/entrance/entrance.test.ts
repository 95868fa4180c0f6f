import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserLoggedOut } from '#contracts/identity'
import { bearer, claimsOf, startIdentity } from '../testing.ts'
import { ownPath } from './paths.ts'

const minute = 60_000
const victim = 'victim@example.com'
const [attackers, own] = ['the attacker was here first', 'quiet trains at dawn']
const cookies = (...answers: { cookies: { name: string; value: string }[] }[]) => ({
  cookie: answers.flatMap(({ cookies }) => cookies.map(({ name, value }) => `${name}=${value}`)).join('; '),
})
const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
const wrong = (code: string) => (code === '000000' ? '111111' : '000000')

test('who proves an address in another browser than the one that registered chooses the password', async t => {
  const { http, post, mailed } = await startIdentity(t)
  await post('/register', { email: victim, password: attackers, name: 'Mallory' })
  const { code, link } = await mailed(victim)

  const bare = await post('/verify-otp', { email: victim, otp: code })
  assert.deepEqual(
    [bare.statusCode, bare.json().code, bare.json().errors[0].pointer],
    [400, 'password_needed', '/password'],
  )
  assert.equal((await post('/login', { email: victim, password: attackers })).statusCode, 401)
  const weak = await post('/verify-otp', { email: victim, otp: code, password: 'short' })
  assert.equal(weak.json().code, 'password_too_short')
  const page = await http.inject(new URL(link!).pathname)
  assert.match(page.body, /autocomplete="new-password"/)
  const press = (payload: string) =>
    http.inject({ method: 'POST', url: new URL(link!).pathname, headers: form, payload })
  assert.match((await press('')).body, /role="alert"/)

  assert.equal((await post('/verify-otp', { email: victim, otp: code, password: own })).statusCode, 201)
  assert.equal((await post('/login', { email: victim, password: attackers })).statusCode, 401)
  assert.equal((await post('/login', { email: victim, password: own })).statusCode, 200)
})

test('twenty wrong codes of a stranger spoil neither the code of the owner nor a fresh one', async t => {
  const { post, mailed } = await startIdentity(t, {
    environment: { RATE_LIMIT_FACTOR: '1', TRUSTED_PROXIES: '127.0.0.1' },
  })
  const from = (place: string) => ({ 'x-forwarded-for': place })
  const registered = await post('/register', { email: victim, password: own, name: 'Vera' }, from('192.0.2.1'))
  const { code } = await mailed(victim)
  for (let i = 0; i < 20; i++) {
    const guess = await post('/verify-otp', { email: victim, otp: wrong(code) }, from('198.51.100.7'))
    assert.deepEqual([guess.statusCode, guess.json().code], [400, 'otp_invalid'])
  }
  assert.equal(
    (await post('/verify-otp', { email: victim, otp: code, password: own }, from('198.51.100.7'))).statusCode,
    400,
    'who guessed five times is not heard any more',
  )
  await post('/resend-otp', { email: victim }, from('192.0.2.1'))
  const fresh = await mailed(victim)
  for (let i = 0; i < 20; i++)
    await post('/verify-otp', { email: victim, otp: wrong(fresh.code) }, from('198.51.100.7'))
  const proven = await post(
    '/verify-otp',
    { email: victim, otp: fresh.code },
    {
      ...cookies(registered),
      ...from('192.0.2.1'),
    },
  )
  assert.equal(proven.statusCode, 201, proven.body)
})

test('the browser of a registration has its own tries and its own pause, at the same place as the stranger too', async t => {
  const { post, mailed } = await startIdentity(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
  for (let i = 0; i < 5; i++) await post('/register', { email: victim, password: attackers, name: 'Mallory' })
  const registered = await post('/register', { email: victim, password: own, name: 'Vera' })
  assert.equal(registered.statusCode, 202, 'five registrations of a stranger keep nobody from theirs')
  const { code } = await mailed(victim)
  for (let i = 0; i < 20; i++) await post('/verify-otp', { email: victim, otp: wrong(code) })
  for (let i = 0; i < 3; i++) await post('/resend-otp', { email: victim })
  const again = await post('/resend-otp', { email: victim }, cookies(registered))
  assert.equal(again.statusCode, 202, again.body)
  const fresh = (await mailed(victim)).code
  const proven = await post('/verify-otp', { email: victim, otp: fresh }, cookies(registered))
  assert.equal(proven.json().user.name, 'Vera')
})

test('guesses from many networks at one code end, but not for the browser that it was made for', async t => {
  const { post, mailed } = await startIdentity(t, { environment: { TRUSTED_PROXIES: '127.0.0.1' } })
  const registered = await post('/register', { email: victim, password: own, name: 'Vera' })
  const { code } = await mailed(victim)
  const from = (n: number) => ({ 'x-forwarded-for': `198.51.${n}.7` })
  for (let n = 0; n < 10; n++)
    for (let i = 0; i < 5; i++) await post('/verify-otp', { email: victim, otp: wrong(code) }, from(n))
  const right = { email: victim, otp: code, password: own }
  assert.equal((await post('/verify-otp', right, from(99))).statusCode, 400)
  assert.equal((await post('/verify-otp', right, cookies(registered))).statusCode, 201)
})

test('signing in ends the session that the browser had, and no other', async t => {
  const { post, get, person, published } = await startIdentity(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const browser = { 'sec-fetch-site': 'same-origin' }
  const first = await post('/login', { email: ada.email, password: ada.password }, browser)
  const second = await post(
    '/login',
    { email: grace.email, password: grace.password },
    { ...browser, ...cookies(first) },
  )
  assert.equal((await get('/profile', bearer(first.json().accessToken))).statusCode, 401)
  assert.equal((await get('/profile', bearer(second.json().accessToken))).json().email, grace.email)
  assert.equal((await get('/profile', ada.headers)).statusCode, 200, 'other sessions go on')
  assert.partialDeepStrictEqual(await published(UserLoggedOut), [
    { userId: ada.id, sessionIds: [claimsOf(first.json().accessToken).sid], reason: 'ended' },
  ])
  const refused = await post(
    '/login',
    { email: grace.email, password: 'not the right one' },
    { ...browser, ...cookies(second) },
  )
  assert.equal(refused.statusCode, 401)
  assert.equal((await get('/profile', bearer(second.json().accessToken))).statusCode, 200, 'a failed one ends nothing')
})

test('the pages lead back to where one came from, and never elsewhere', async t => {
  const { http, person, clock } = await startIdentity(t)
  const { email, password } = await person('Ada')
  const signIn = (query: string, headers: Record<string, string> = form) =>
    http.inject({
      method: 'POST',
      url: `/api/auth/sign-in${query}`,
      headers,
      payload: new URLSearchParams({ email, password }).toString(),
    })
  const led = async (to: string) => (await signIn(`?return=${encodeURIComponent(to)}`)).headers.location
  assert.equal(await led('/api/passports/1?x=1#y'), '/api/passports/1?x=1#y')
  for (const elsewhere of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/.//evil.example',
    '/%2e//evil.example',
    '/a/..//evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'evil.example',
    '/a\r\nset-cookie: x=1',
  ]) {
    assert.equal(ownPath(elsewhere), undefined, elsewhere)
    assert.equal(await led(elsewhere), '/api/auth/sign-in', elsewhere)
  }
  assert.equal((await signIn('', { ...form, 'sec-fetch-site': 'cross-site' })).statusCode, 403)

  // With a session of the browser whose access token has run out, one is led on at once.
  const session = cookies(await signIn(''))
  clock.pass(11 * minute)
  const bounced = await http.inject({ url: '/api/auth/sign-in?return=%2Fdocs', headers: session })
  assert.deepEqual([bounced.statusCode, bounced.headers.location], [303, '/docs'])
  assert.ok(bounced.cookies.some(({ name, value }) => name === 'ohmnibus-access' && value !== ''))
  assert.equal(bounced.headers['cache-control'], 'no-store')
})

test('signing out on the page ends the session at once', async t => {
  const { http, get, post, person } = await startIdentity(t)
  const { email, password } = await person('Ada')
  const answer = await post('/login', { email, password })
  const headers = { ...form, ...cookies(answer) }
  assert.match((await http.inject({ url: '/api/auth/sign-out', headers })).body, /<button>Sign out/)
  assert.equal((await get('/profile', bearer(answer.json().accessToken))).statusCode, 200, 'looking ends nothing')
  const out = await http.inject({ method: 'POST', url: '/api/auth/sign-out', headers, payload: '' })
  assert.deepEqual([out.statusCode, out.headers.location], [303, '/api/auth/sign-out'])
  assert.equal((await get('/profile', bearer(answer.json().accessToken))).statusCode, 401)
})

test('the page of the sessions shows where one is signed in, and its buttons end one, all others, or this one', async t => {
  const { http, get, post, person, published, clock } = await startIdentity(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const url = '/api/auth/devices'
  const bounced = await http.inject({ url })
  assert.deepEqual(
    [bounced.statusCode, bounced.headers.location],
    [303, `/api/auth/sign-in?return=${encodeURIComponent(url)}`],
  )
  assert.equal((await http.inject({ method: 'POST', url, headers: form, payload: 'session=others' })).statusCode, 303)

  const signIn = (device: string, who = ada) =>
    post('/login', { email: who.email, password: who.password }, { 'user-agent': device })
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
  const [own, other, third] = [await signIn(firefox), await signIn('battery-sync/1.0'), await signIn('<b>x</b>/1')]
  const headers = { ...form, ...cookies(own) }
  const sid = (answer: typeof own) => claimsOf(answer.json().accessToken).sid as string
  const alive = async (answer: typeof own) =>
    (await get('/profile', bearer(answer.json().accessToken))).statusCode === 200
  const press = (session: string, more = {}) =>
    http.inject({ method: 'POST', url, headers: { ...headers, ...more }, payload: `session=${session}` })

  const page = await http.inject({ url, headers: { ...headers, 'accept-language': 'de' } })
  assert.deepEqual([page.statusCode, page.headers['cache-control']], [200, 'no-store'])
  for (const text of ['Wo Sie angemeldet sind', 'Firefox on Linux', '(dieser Browser)', 'battery-sync', '127.0.0.0/24'])
    assert.ok(page.body.includes(text), text)
  assert.ok(!page.body.includes('<b>x') && !page.body.includes('<script'))
  assert.equal(page.body.match(/<form /g)?.length, 5, 'four sessions, and all others')

  assert.equal((await press(sid(other), { 'sec-fetch-site': 'cross-site' })).statusCode, 403)
  assert.equal(await alive(other), true, 'a page elsewhere ends nothing')
  const graces = await signIn('Other', grace)
  assert.equal((await press(sid(graces))).headers.location, `${url}?done=ended`)
  assert.equal(await alive(graces), true, 'nor does anybody end what is somebody else’s')
  assert.match((await press('everything')).body, /role="alert"/)

  assert.equal((await press(sid(other))).statusCode, 303)
  assert.deepEqual([await alive(other), await alive(third), await alive(own)], [false, true, true])
  assert.match((await http.inject({ url: `${url}?done=ended`, headers })).body, /role="status">The session has ended/)
  assert.partialDeepStrictEqual((await published(UserLoggedOut)).at(-1), { sessionIds: [sid(other)], reason: 'ended' })
  await press('others')
  assert.deepEqual([await alive(third), await alive(own)], [false, true])
  assert.equal((await get('/profile', ada.headers)).statusCode, 401)

  // By the session of the browser, also when its access token has run out.
  clock.pass(11 * minute)
  assert.match((await http.inject({ url, headers })).body, /this browser/)
  const out = await press(sid(own))
  assert.deepEqual([out.statusCode, out.headers.location], [303, '/api/auth/sign-out'])
  assert.ok(out.cookies.every(({ value }) => value === '') && out.cookies.length === 2)
  assert.equal((await http.inject({ url, headers })).statusCode, 303)
})

test('pages say how long to wait, in the words of their language, as Retry-After does', async t => {
  const { http, clock } = await startIdentity(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
  const page = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    http.inject({
      method: 'POST',
      url: `/api/auth${path}`,
      headers: { ...form, ...headers },
      payload: new URLSearchParams(fields).toString(),
    })
  const alert = (body: string) => /<p role="alert">\s*([^<]*?)\s*<\/p>/.exec(body)?.[1]
  const begun = await page('/sign-up', { email: victim, password: own, name: 'Vera' })
  const again = async (language: string) => {
    const answer = await page('/sign-up/again', {}, { ...cookies(begun), 'accept-language': language })
    return [answer.statusCode, answer.headers['retry-after'], alert(answer.body)]
  }
  assert.equal((await again('en'))[0], 303)
  clock.pass(12_000)
  const [status, wait, text] = await again('en')
  assert.deepEqual(
    [status, text],
    [429, `A code was sent a moment ago. Wait ${wait} seconds before you ask for another.`],
  )
  assert.ok(Number(wait) > 10 && Number(wait) < 60, String(wait))
  assert.equal(
    (await again('de'))[2],
    `Eben wurde ein Code verschickt. Warten Sie ${wait} Sekunden, bevor Sie einen weiteren anfordern.`,
  )

  let last = await page('/sign-in', { email: victim, password: 'not the right one' })
  for (let tries = 0; last.statusCode !== 429 && tries < 50; tries++)
    last = await page('/sign-in', { email: victim, password: 'not the right one' })
  const seconds = Number(last.headers['retry-after'])
  assert.ok(seconds > 90, String(seconds))
  assert.equal(alert(last.body), `Too many tries. Wait ${Math.ceil(seconds / 60)} minutes.`)
})

test('an admin sees how signing in goes: counts, rates and times, without anybody in them', async t => {
  const { http, get, post, person, admin } = await startIdentity(t)
  const [root, ada] = [await admin(), await person('Ada')]
  await post('/login', { email: ada.email, password: 'not the right one' })
  await post('/forgot-password', { email: ada.email })
  assert.equal((await get('/metrics', ada.headers)).json().code, 'role_insufficient')
  assert.equal((await get('/metrics')).statusCode, 401)

  for (const url of ['/api/auth/metrics', '/api/v1/auth/metrics']) {
    const answer = await http.inject({ url, headers: root.headers })
    const { covers, methods } = answer.json()
    assert.match(covers.process, new RegExp(`pid ${process.pid}`))
    assert.deepEqual(Object.keys(methods), [
      'login',
      'factor',
      'passkey',
      'logout',
      'refresh',
      'register',
      'otp',
      'reset',
    ])
    assert.partialDeepStrictEqual(methods, {
      login: { attempts: 2, succeeded: 1, refused: { credentials_invalid: 1 }, failed: 0, successRate: 0.5 },
      logout: { attempts: 0, successRate: null, seconds: { p50: null, p95: null, p99: null } },
      register: { attempts: 1, succeeded: 1 },
      otp: { attempts: 1, succeeded: 1 },
      reset: { attempts: 1, succeeded: 1, successRate: 1 },
    })
    const { succeeded, refused, failed } = methods.login.secondsBy
    assert.deepEqual(Object.keys(refused), ['credentials_invalid'])
    assert.ok(succeeded.p50 > 0 && refused.credentials_invalid.p99 > 0, JSON.stringify(methods.login.secondsBy))
    assert.deepEqual(failed, { p50: null, p95: null, p99: null })
    const { p50, p95, p99 } = methods.login.seconds
    assert.ok(p50 > 0 && p50 <= p95 && p95 <= p99 && p99 < 30, JSON.stringify(methods.login.seconds))
    assert.ok(!answer.body.includes('@'))
  }
  const text = (await http.inject('/metrics')).body
  assert.match(
    text,
    /ohmnibus_identity_attempt_seconds_bucket\{le="[^"]+",method="login",outcome="refused",reason="credentials_invalid"\} 1/,
  )
  assert.ok(!text.includes('@example.com'))
})
