import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceSeen } from '#contracts/identity'
import { startFactors } from '../factors/testing.ts'
import { bearer, claimsOf } from '../testing.ts'
import { identity } from '../service.ts'

const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
const page = { 'sec-fetch-site': 'same-origin' }

test('one sees when one came in, from where and how, and who tried; admins see it of all, others of nobody', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  await p.post('/login', { email: ada.email, password: 'not the right one' }, firefox)
  await p.post('/login', { email: 'nobody@example.com', password: 'not the right one' }, firefox)
  await p.post('/factor', { pendingToken: await p.password(ada), otp: '000000' })
  await p.post('/factor', { pendingToken: await p.password(ada), otp: p.codeOf(ada.secret) }, firefox)
  const rows = async () => {
    const { items } = (await p.get('/sign-ins', ada.headers)).json()
    return items.map(({ outcome, device, methods }: { outcome: string; device: string; methods: string[] }) => [
      outcome,
      device,
      methods,
    ])
  }
  // What failed is written down without anybody waiting for it.
  while ((await rows()).length < 4) await new Promise(resolve => setImmediate(resolve))
  const expected = [
    ['signed-in', 'Firefox on Linux', ['pwd', 'otp', 'mfa']],
    ['password-wrong', 'Firefox on Linux', []],
    ['factor-wrong', 'Unknown device', []],
    ['signed-in', 'Unknown device', ['pwd']],
  ]
  const sorted = (all: unknown[]) => all.map(row => JSON.stringify(row)).sort()
  assert.deepEqual(sorted(await rows()), sorted(expected))
  const root = await p.admin()
  const of = (headers: Record<string, string>, id = ada.id) => p.get(`/users/${id}/sign-ins?limit=1`, headers)
  const first = (await of(root.headers)).json()
  assert.equal(first.items.length, 1)
  assert.ok(first.nextCursor)
  assert.equal((await of(ada.headers)).statusCode, 403)
  assert.equal((await of(root.headers, '00000000-0000-7000-8000-000000000000')).statusCode, 404)
})

test('a new device is told of by mail: not the first one, not the same program at its place, not a browser known again', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  const told = async () => (await p.published(DeviceSeen)).length
  const login = (headers = {}) => p.post('/login', { email: ada.email, password: ada.password }, headers)
  await login()
  assert.equal(await told(), 0, 'as when registering')
  const { cookies } = await login({ ...firefox, ...page })
  assert.equal(await told(), 1)
  const { value, httpOnly } = cookies.find(({ name }) => name === 'ohmnibus-browser')!
  assert.equal(httpOnly, true)
  await login({ ...firefox, ...page })
  assert.equal(await told(), 1, 'from the same place')
  const elsewhere = (cookie: string, remoteAddress: string) =>
    p.http.inject({
      method: 'POST',
      url: '/api/auth/login',
      payload: { email: ada.email, password: ada.password },
      headers: { ...firefox, ...page, cookie },
      remoteAddress,
    })
  await elsewhere(`ohmnibus-browser=${value}`, '198.51.100.7')
  assert.equal(await told(), 1, 'the browser travels')
  await elsewhere('ohmnibus-browser=invented', '198.51.100.8')
  assert.equal(await told(), 1, 'it was there before')
  await elsewhere('ohmnibus-browser=invented', '203.0.113.9')
  assert.equal((await p.published(DeviceSeen)).at(-1)!.addressPrefix, '203.0.113.0/24')
  assert.equal(await told(), 2)
  const [stored] = await p.db('identity')`select browser from sign_ins where browser is not null limit 1`
  assert.notEqual(stored!.browser.toString('base64url'), value)
})

test('an admin signs somebody out everywhere, in every process at once; they may come back', async t => {
  const p = await startFactors(t)
  const [ada, root] = [await p.person('Ada'), await p.admin()]
  const other = await p.another([identity])
  const elsewhere = () => other.app.inject({ url: '/api/auth/profile', headers: ada.headers })
  assert.equal((await elsewhere()).statusCode, 200)
  const signOut = (headers: Record<string, string>) => p.post(`/users/${ada.id}/sign-out`, undefined, headers)
  assert.equal((await signOut(ada.headers)).statusCode, 403)
  assert.equal((await signOut(root.headers)).statusCode, 204)
  assert.equal((await p.get('/profile', ada.headers)).statusCode, 401)
  const from = performance.now()
  while ((await elsewhere()).statusCode === 200) assert.ok(performance.now() - from < 1_000, 'within a second')
  assert.equal((await p.post('/refresh', { refreshToken: ada.refreshToken })).statusCode, 401)
  assert.equal((await p.signIn(ada)).statusCode, 200)
})

test('access token after sign-out is refused within one second in another process, and after a disable too', async t => {
  const p = await startFactors(t)
  const [ada, bea, root] = [await p.person('Ada'), await p.person('Bea'), await p.admin()]
  const other = await p.another([identity])
  const elsewhere = async (who: { headers: Record<string, string> }) =>
    (await other.app.inject({ url: '/api/auth/profile', headers: who.headers })).statusCode
  const refusedSoon = async (who: { headers: Record<string, string> }) => {
    const from = performance.now()
    while ((await elsewhere(who)) === 200) assert.ok(performance.now() - from < 1_000, 'within a second')
  }
  for (const who of [ada, bea]) assert.equal(await elsewhere(who), 200)
  await p.post('/logout', undefined, ada.headers)
  await refusedSoon(ada)
  await p.http.inject({
    method: 'PUT',
    url: `/api/auth/users/${bea.id}/disabled`,
    payload: { disabled: true },
    headers: root.headers,
  })
  await refusedSoon(bea)
})

test('old sign-ins are forgotten: failures after a month, all after half a year', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  await p.post('/login', { email: ada.email, password: 'not the right one' })
  const count = async () => (await p.db('identity')`select count(*)::int as count from sign_ins`)[0]!.count
  while ((await count()) < 2) await new Promise(resolve => setImmediate(resolve))
  const { forgetExpired } = await import('../expiry.ts')
  const forget = () => p.db('identity').begin(tx => forgetExpired(tx as never, p.clock.now()))
  p.clock.pass(31 * 86_400_000)
  await forget()
  assert.equal(await count(), 1)
  p.clock.pass(150 * 86_400_000)
  await forget()
  assert.equal(await count(), 0)
})

test('refresh race of twenty tabs: one family lives, and all have the same successor', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  const tabs = await Promise.all(
    Array.from({ length: 20 }, () => p.post('/refresh', { refreshToken: ada.refreshToken })),
  )
  assert.deepEqual([...new Set(tabs.map(({ statusCode }) => statusCode))], [200])
  const successors = new Set(tabs.map(answer => answer.json().refreshToken))
  assert.equal(successors.size, 1)
  const sessions = (await p.get('/sessions', bearer(tabs[0]!.json().accessToken))).json().items
  assert.equal(sessions.length, 1)
  assert.equal((await p.post('/refresh', { refreshToken: [...successors][0] })).statusCode, 200)
})

test('stolen refresh token used after rotation: the family ends, for the thief and for the owner', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  const stolen = ada.refreshToken
  const owner = (await p.post('/refresh', { refreshToken: stolen })).json()
  p.clock.pass(11_000)
  assert.equal((await p.post('/refresh', { refreshToken: stolen })).statusCode, 401)
  assert.equal((await p.post('/refresh', { refreshToken: owner.refreshToken })).statusCode, 401)
  assert.equal((await p.get('/profile', bearer(owner.accessToken))).statusCode, 401)
})

test('mass assignment of role, organisation and emailVerified changes nothing, wherever it is tried', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  const more = { role: 'admin', organisation: { id: ada.id, role: 'owner' }, emailVerified: true, secondFactor: false }
  const email = 'mallory@example.com'
  for (const [field, value] of Object.entries(more)) {
    const body = { email, password: 'quiet trains at dawn', name: 'Mallory', [field]: value }
    assert.ok([400, 403].includes((await p.post('/register', body)).statusCode), `register ${field}`)
    const patched = await p.http.inject({
      method: 'PATCH',
      url: '/api/auth/profile',
      payload: { name: 'Ada', [field]: value },
      headers: ada.headers,
    })
    assert.equal(patched.statusCode, 400, `profile ${field}`)
    const login = await p.post('/login', { email: ada.email, password: ada.password, [field]: value })
    assert.equal(login.statusCode, 400, `login ${field}`)
    const refreshed = await p.post('/refresh', { refreshToken: ada.refreshToken, [field]: value })
    assert.equal(refreshed.statusCode, 400, `refresh ${field}`)
  }
  const { accessToken } = (await p.post('/refresh', { refreshToken: ada.refreshToken })).json()
  const { role, org } = claimsOf(accessToken)
  assert.deepEqual([role, org], ['user', undefined])
  const rows = await p.db('identity')`select from registrations where email = ${email}`
  assert.equal(rows.length, 0)
})

test('open redirect in returnTo: no page leads elsewhere, whatever it is told', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const evil = ['https://evil.example', '//evil.example', '/\\evil.example', '/%09/evil.example', 'javascript:alert(1)']
  const ways = [...evil, '/..//evil.example', 'https:evil.example', '/\t/evil.example', ' //evil.example']
  for (const to of ways) {
    const query = `?return=${encodeURIComponent(to)}`
    const signIn = await p.http.inject({
      method: 'POST',
      url: `/api/auth/sign-in${query}`,
      payload: new URLSearchParams({ email: ada.email, password: ada.password }).toString(),
      headers: form,
    })
    const pending = signIn.cookies.find(({ name }) => name === 'ohmnibus-factor')!
    p.clock.pass(30_000)
    const factor = await p.http.inject({
      method: 'POST',
      url: `/api/auth/second-factor${query}`,
      payload: new URLSearchParams({ code: p.codeOf(ada.secret) }).toString(),
      headers: { ...form, cookie: `ohmnibus-factor=${pending.value}` },
    })
    assert.equal(factor.statusCode, 303, to)
    const cookie = factor.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    p.clock.pass(30_000)
    const confirmed = await p.http.inject({
      method: 'POST',
      url: `/api/auth/confirm${query}`,
      payload: new URLSearchParams({ code: p.codeOf(ada.secret) }).toString(),
      headers: { ...form, cookie },
    })
    for (const { headers } of [signIn, factor, confirmed]) {
      const led = new URL(String(headers.location), 'http://here.example')
      assert.equal(led.origin, 'http://here.example', to)
      assert.ok(!/evil/.test(led.host))
    }
  }
})

test('registration and reset tell nothing by status, text or time, over 200 tries each', async t => {
  const p = await startFactors(t)
  const known = await p.person('Ada')
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
  const acts: Record<string, (email: string) => ReturnType<typeof p.post>> = {
    register: email => p.post('/register', { email, password: 'quiet trains at dawn', name: 'Grace' }),
    reset: email => p.post('/forgot-password', { email }),
  }
  for (const [act, attempt] of Object.entries(acts)) {
    const took = { known: [] as number[], unknown: [] as number[] }
    const said = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const unknown = `nobody${i}@example.com`
      const both = [
        ['known', known.email],
        ['unknown', unknown],
      ] as ['known' | 'unknown', string][]
      for (const [kind, email] of i % 2 ? both : both.toReversed()) {
        const before = performance.now()
        const answer = await attempt(email)
        took[kind].push(performance.now() - before)
        said.add(`${answer.statusCode} ${answer.body.replaceAll(email, 'x').replace(/"traceId":"\w+"/, '')}`)
      }
      p.clock.pass(16 * 60_000)
      if (i % 20 === 0) await p.settle()
    }
    const shapes = [...said].map(text => text.replace(/\d{4}-[\dT:.-]+Z/, 'time'))
    assert.equal(new Set(shapes).size, 1, shapes.slice(0, 3).join('\n'))
    const ratio = median(took.known) / median(took.unknown)
    assert.ok(
      ratio > 0.75 && ratio < 1.33,
      `${act}: known ${median(took.known)} ms, unknown ${median(took.unknown)} ms`,
    )
  }
})
