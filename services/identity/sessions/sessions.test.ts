import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { hash } from '@node-rs/argon2'
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose'
import { listRevocations, SessionsRevoked, UserLoggedIn, UserLoggedOut } from '#contracts/identity'
import type { Tx } from '#kernel'
import { run } from '../../../kernel/run/run.ts'
import { bearer, claimsOf, startIdentity } from '../testing.ts'
import { unseal } from '../secrets.ts'
import { identity } from '../service.ts'
import { rotateKeys } from '../keys/keys.ts'

const [second, minute, day] = [1000, 60_000, 86_400_000]
const browser = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'sec-fetch-site': 'same-origin',
}
const cookies = (response: { cookies: { name: string; value: string }[] }) => ({
  cookie: response.cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
})

test('signing in answers user and tokens, and sets cookies that scripts cannot read', async t => {
  const { post, get, http, person, published } = await startIdentity(t)
  const { email, password, id } = await person('Ada')
  const response = await post('/login', { email: 'ADA@example.com', password }, browser)

  assert.equal(response.statusCode, 200)
  assert.deepEqual(Object.keys(response.json()).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'user'])
  assert.partialDeepStrictEqual(response.json().user, { id, email, name: 'Ada', role: 'user' })
  assert.deepEqual(
    response.cookies.map(({ name, path, httpOnly, sameSite }) => ({ name, path, httpOnly, sameSite })),
    [
      { name: 'ohmnibus-refresh', path: '/api', httpOnly: true, sameSite: 'Lax' },
      { name: 'ohmnibus-access', path: '/', httpOnly: true, sameSite: 'Lax' },
      { name: 'ohmnibus-browser', path: '/api', httpOnly: true, sameSite: 'Lax' },
    ],
  )
  assert.equal((await get('/profile', cookies(response))).json().id, id, 'a cookie is as good as a header')
  assert.equal(
    (await http.inject({ url: '/api/v1/auth/profile', headers: bearer(response.json().accessToken) })).json().id,
    id,
  )
  assert.partialDeepStrictEqual((await published(UserLoggedIn)).at(-1), {
    userId: id,
    device: 'Firefox on Linux',
    addressPrefix: '127.0.0.0/24',
    actor: { userId: id, role: 'user' },
  })
})

test('in TLS the cookies have names that browsers tie to it', async t => {
  const { post, person } = await startIdentity(t, { environment: { PUBLIC_URL: 'https://ohmnibus.example.com' } })
  const { email, password } = await person('Ada')
  assert.deepEqual(
    (await post('/login', { email, password })).cookies.map(({ name, secure, path }) => ({ name, secure, path })),
    [
      { name: '__Secure-ohmnibus-refresh', secure: true, path: '/api' },
      { name: '__Host-ohmnibus-access', secure: true, path: '/' },
    ],
  )
})

test('a wrong password and an unknown address are refused alike', async t => {
  const { post, person } = await startIdentity(t)
  const { email } = await person('Ada')
  const { traceId: _, ...wrong } = (await post('/login', { email, password: 'not the right password' })).json()
  const { traceId: __, ...unknown } = (
    await post('/login', { email: 'nobody@example.com', password: 'not the right password' })
  ).json()
  assert.deepEqual([wrong.status, wrong.code], [401, 'credentials_invalid'])
  assert.deepEqual(wrong, unknown)
})

test('a hash made with less cost is made anew when its owner signs in', async t => {
  const { post, person, db } = await startIdentity(t)
  const { email, password, id } = await person('Ada')
  const stored = async () =>
    (await db('identity')<{ hash: string }[]>`select password_hash as hash from users where id = ${id}`)[0]!.hash
  await db(
    'identity',
  )`update users set password_hash = ${await hash(password, { memoryCost: 1024, timeCost: 1, parallelism: 1 })} where id = ${id}`
  assert.equal((await post('/login', { email, password: 'not the right password' })).statusCode, 401)
  assert.match(await stored(), /m=1024/)
  assert.equal((await post('/login', { email, password })).statusCode, 200)
  assert.match(await stored(), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal((await post('/login', { email, password })).statusCode, 200)
})

test('session fixation: signing in always makes a new session, whatever the client brings', async t => {
  const { post, person } = await startIdentity(t)
  const attacker = await person('Mallory')
  const { email, password } = await person('Ada')
  const planted = {
    cookie: `ohmnibus-access=${attacker.accessToken}; ohmnibus-refresh=${attacker.refreshToken}`,
    ...browser,
  }
  const [first, second] = [
    (await post('/login', { email, password }, planted)).json(),
    (await post('/login', { email, password }, planted)).json(),
  ]
  const sids = [attacker.accessToken, first.accessToken, second.accessToken].map(token => claimsOf(token).sid)
  assert.equal(new Set(sids).size, 3)
  assert.equal(claimsOf(first.accessToken).sub, first.user.id)
})

test('unsigned and alg-switched tokens, tokens of another key or key id, and expired tokens are refused', async t => {
  const { get, http, person, clock, signedIn } = await startIdentity(t)
  const { accessToken } = await person('Ada')
  const [head, claims] = accessToken.split('.').map(part => Buffer.from(part, 'base64url').toString()) as [
    string,
    string,
  ]
  const [header, payload] = [JSON.parse(head), JSON.parse(claims)]
  assert.partialDeepStrictEqual(header, { alg: 'EdDSA', typ: 'at+jwt' })
  assert.partialDeepStrictEqual(payload, { aud: 'ohmnibus', iss: 'http://localhost:0', role: 'user' })
  assert.deepEqual([payload.exp - payload.iat, payload.iat], [600, clock.at / 1000])

  const { keys } = (await http.inject('/.well-known/jwks.json')).json()
  const [current] = keys.filter(({ kid }: { kid: string }) => kid === header.kid)
  const other = generateKeyPairSync('ed25519').privateKey
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const made = (change: object, about: object, signature: (text: string) => Buffer) => {
    const text = `${encode({ ...header, ...change })}.${encode({ ...payload, ...about })}`
    return `${text}.${signature(text).toString('base64url')}`
  }
  const byStranger = (text: string) => sign(null, Buffer.from(text), other)
  const refused: Record<string, string> = {
    unsigned: made({ alg: 'none' }, {}, () => Buffer.alloc(0)),
    'signature cut off': accessToken.split('.').slice(0, 2).join('.') + '.',
    'HMAC with the public key': made({ alg: 'HS256' }, {}, text =>
      createHmac('sha256', Buffer.from(current.x, 'base64url')).update(text).digest(),
    ),
    'HMAC with the public key as JSON': made({ alg: 'HS256' }, {}, text =>
      createHmac('sha256', JSON.stringify(current)).update(text).digest(),
    ),
    'key of a stranger': made({}, {}, byStranger),
    'another key id': made({ kid: 'unknown' }, {}, byStranger),
    'the key in the token': made({ jwk: current, kid: undefined }, {}, byStranger),
    'changed claims': `${encode(header)}.${encode({ ...payload, role: 'admin' })}.${accessToken.split('.')[2]}`,
    rubbish: 'a.b.c',
  }
  for (const [what, token] of Object.entries(refused)) {
    const response = await get('/profile', bearer(token))
    assert.deepEqual([response.statusCode, response.json().code], [401, 'token_invalid'], what)
  }
  assert.equal((await get('/profile', bearer(accessToken))).statusCode, 200)
  clock.pass(10 * minute)
  assert.equal((await get('/profile', bearer(accessToken))).json().code, 'token_invalid', 'expired')
  assert.equal((await get('/profile', signedIn())).json().code, 'token_invalid', 'a person who is not there')
})

test('tokens of another audience or kind, or of no session, are refused though our key signed them', async t => {
  const { get, person, db, secret, clock } = await startIdentity(t)
  const { accessToken } = await person('Ada')
  const [row] = await db('identity')<
    { kid: string; sealed: Buffer }[]
  >`select kid, sealed from signing_keys where state = 'current'`
  const key = await importJWK(JSON.parse(unseal(secret('signing keys at rest'), row!.kid, row!.sealed)), 'EdDSA')
  const made = (head: object, claims: object) =>
    new SignJWT({ ...claimsOf(accessToken), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: row!.kid, ...head })
      .sign(key)

  assert.equal(
    (await get('/profile', bearer(await made({}, { jti: 'a copy' })))).statusCode,
    200,
    'the key is the right one',
  )
  for (const [head, claims] of [
    [{}, { aud: 'another' }],
    [{}, { aud: undefined }],
    [{ typ: 'JWT' }, {}],
    [{ typ: undefined }, {}],
    [{}, { sid: undefined }],
    [{}, { exp: undefined }],
    [{}, { exp: clock.at / 1000 - 1 }],
    [{}, { nbf: clock.at / 1000 + 60 }],
  ] as const)
    assert.equal(
      (await get('/profile', bearer(await made(head, claims)))).json().code,
      'token_invalid',
      JSON.stringify([head, claims]),
    )
})

test('a refresh token is spent for new ones, by body or by cookie', async t => {
  const { post, get, person, clock } = await startIdentity(t)
  const { email, password } = await person('Ada')
  const signedIn = await post('/login', { email, password }, browser)
  clock.pass(minute)

  const renewed = await post('/refresh', { refreshToken: signedIn.json().refreshToken })
  assert.equal(renewed.statusCode, 200)
  assert.notEqual(renewed.json().refreshToken, signedIn.json().refreshToken)
  assert.equal(claimsOf(renewed.json().accessToken).sid, claimsOf(signedIn.json().accessToken).sid, 'the session stays')
  assert.equal((await get('/profile', bearer(renewed.json().accessToken))).statusCode, 200)

  const byCookie = await post('/refresh', undefined, { ...cookies(renewed), ...browser })
  assert.equal(byCookie.statusCode, 200)
  assert.equal(byCookie.cookies.length, 2)
  const forged = await post('/refresh', undefined, {
    ...cookies(byCookie),
    'sec-fetch-site': 'cross-site',
    origin: 'https://evil.example',
  })
  assert.deepEqual([forged.statusCode, forged.json().code], [403, 'origin_not_allowed'])
  for (const body of [undefined, {}, { refreshToken: 'rubbish' }, { refreshToken: 'A'.repeat(86) }])
    assert.equal((await post('/refresh', body)).json().code, 'refresh_token_invalid')
})

test('for ten seconds a spent token answers the same successor; replayed later it ends the session, at once and for good', async t => {
  const { post, get, person, published, clock } = await startIdentity(t)
  const { refreshToken: spent, accessToken, id } = await person('Ada')
  const refresh = (refreshToken: string) => post('/refresh', { refreshToken })

  const together = await Promise.all([refresh(spent), refresh(spent), refresh(spent)])
  const successors = new Set(together.map(response => response.json().refreshToken))
  assert.deepEqual([together.map(({ statusCode }) => statusCode), successors.size], [[200, 200, 200], 1])
  clock.pass(10 * second)
  const late = (await refresh(spent)).json()
  assert.ok(successors.has(late.refreshToken), 'the tenth second is within the grace')

  clock.pass(1)
  const replay = await refresh(spent)
  assert.deepEqual([replay.statusCode, replay.json().code], [401, 'refresh_token_invalid'])
  for (const token of [accessToken, late.accessToken])
    assert.equal((await get('/profile', bearer(token))).statusCode, 401)
  assert.equal((await refresh(late.refreshToken)).statusCode, 401, 'the successor ended with it')
  const sessionIds = [claimsOf(accessToken).sid]
  assert.partialDeepStrictEqual(await published(UserLoggedOut), [{ userId: id, sessionIds, reason: 'replayed' }])
  assert.partialDeepStrictEqual(await published(SessionsRevoked), [{ userId: id, sessionIds }])
})

test('a token spent long ago ends the session too, but an invented one does not', async t => {
  const { post, person, clock, published } = await startIdentity(t)
  const { refreshToken: oldest } = await person('Ada')
  let refreshToken = oldest
  for (let i = 0; i < 3; i++) {
    clock.pass(minute)
    refreshToken = (await post('/refresh', { refreshToken })).json().refreshToken
  }
  const invented = Buffer.from(refreshToken, 'base64url')
  invented[20]! ^= 1
  assert.equal((await post('/refresh', { refreshToken: invented.toString('base64url') })).statusCode, 401)
  assert.equal((await published(UserLoggedOut)).length, 0)
  clock.pass(minute)
  assert.equal((await post('/refresh', { refreshToken })).statusCode, 200)
  assert.equal((await post('/refresh', { refreshToken: oldest })).statusCode, 401)
  assert.equal((await published(UserLoggedOut)).length, 1)
})

test('a session ends when it is not used, and at its age in any case', async t => {
  const { post, person, clock, published } = await startIdentity(t, {
    environment: { JWT_REFRESH_EXPIRY: '7d', SESSION_MAX_AGE: '20d', JWT_EXPIRES_IN: '5m' },
  })
  let { refreshToken } = await person('Ada')
  const idle = await person('Grace')
  for (let week = 0; week < 3; week++) {
    clock.pass(6 * day)
    const renewed = await post('/refresh', { refreshToken })
    assert.equal(renewed.json().expiresIn, 300)
    refreshToken = renewed.json().refreshToken
  }
  assert.equal((await post('/refresh', { refreshToken: idle.refreshToken })).statusCode, 401)
  clock.pass(3 * day)
  assert.equal(
    (await post('/refresh', { refreshToken })).statusCode,
    401,
    'after twenty days, though used three days ago',
  )
  assert.equal((await published(UserLoggedOut)).length, 0, 'an expired token is no replay')
})

test('signed-out session refused at once, in this process and in others; everywhere ends all', async t => {
  const { post, get, platform, another, person, published } = await startIdentity(t)
  const { email, password, accessToken, refreshToken, headers, id } = await person('Ada')
  const elsewhere = await another([identity])
  const profileElsewhere = () => elsewhere.app.inject({ url: '/api/auth/profile', headers })
  assert.equal((await profileElsewhere()).statusCode, 200)

  const out = await post('/logout', undefined, headers)
  assert.equal(out.statusCode, 204)
  assert.deepEqual(
    out.cookies.map(({ name, value }) => [name, value]),
    [
      ['ohmnibus-access', ''],
      ['ohmnibus-refresh', ''],
    ],
  )
  assert.equal((await get('/profile', headers)).statusCode, 401)
  assert.equal((await post('/refresh', { refreshToken })).statusCode, 401)
  assert.partialDeepStrictEqual(await published(UserLoggedOut), [
    { userId: id, sessionIds: [claimsOf(accessToken).sid], reason: 'signed-out', actor: { userId: id, role: 'user' } },
  ])
  await Promise.all([platform.settle(), elsewhere.settle()])
  assert.equal((await profileElsewhere()).statusCode, 401)

  const [one, two] = [
    (await post('/login', { email, password })).json(),
    (await post('/login', { email, password })).json(),
  ]
  assert.equal((await post('/logout', { everywhere: true }, bearer(one.accessToken))).statusCode, 204)
  for (const session of [one, two]) assert.equal((await get('/profile', bearer(session.accessToken))).statusCode, 401)
  assert.equal((await published(UserLoggedOut)).at(-1)!.sessionIds.length, 2)
})

test('revocations are told page by page, and only those that a living access token could meet', async t => {
  const p = await startIdentity(t)
  await p.db('identity')`insert into revocations (session_id, before, revoked_at)
    select gen_random_uuid(), at, at from generate_series(1, 80) n, lateral (select now() - n * interval '1 minute' as at)`
  const told: string[] = []
  let after: string | null | undefined
  let pages = 0
  for (; after !== null; pages++) {
    const page = await p.ask(listRevocations, { limit: 20, ...(after && { after }) })
    told.push(...page.revocations.map(({ sessionId }) => sessionId))
    after = page.next
  }
  // Who acts in somebody's place has a token for an hour; clocks may be five minutes apart.
  assert.deepEqual([new Set(told).size, told.length, pages], [64, 64, 4])
  const { revocations, next } = await p.ask(listRevocations, {})
  assert.deepEqual([revocations.map(({ sessionId }) => sessionId), next], [told, null], 'at once, as before')
})

test('signing out works with the refresh token alone, and again, and without anything', async t => {
  const { post, get, person, published } = await startIdentity(t)
  const { refreshToken, headers } = await person('Ada')
  for (const body of [{ refreshToken }, { refreshToken }, undefined, {}])
    assert.equal((await post('/logout', body)).statusCode, 204)
  assert.equal((await get('/profile', headers)).statusCode, 401)
  assert.equal((await published(UserLoggedOut)).length, 1)
})

test('a refresh that races a sign-out leaves no token that works', async t => {
  const { post, get, person, clock } = await startIdentity(t)
  for (let i = 0; i < 3; i++) {
    const { refreshToken, headers } = await person(`Ada${i}`)
    clock.pass(second)
    const [renewed] = await Promise.all([post('/refresh', { refreshToken }), post('/logout', undefined, headers)])
    clock.pass(second)
    if (renewed.statusCode !== 200) continue
    assert.equal((await get('/profile', bearer(renewed.json().accessToken))).statusCode, 401)
    assert.equal((await post('/refresh', { refreshToken: renewed.json().refreshToken })).statusCode, 401)
  }
})

test('one sees and ends own sessions, and only those', async t => {
  const { post, get, http, person, published, clock } = await startIdentity(t)
  const { email, password, headers, id } = await person('Ada')
  const stranger = await person('Grace')
  clock.pass(minute)
  const phone = (
    await post(
      '/login',
      { email, password },
      {
        'user-agent':
          'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1',
      },
    )
  ).json()

  const first = (await get('/sessions?limit=1', headers)).json()
  const rest = (await get(`/sessions?limit=1&after=${first.nextCursor}`, headers)).json()
  assert.partialDeepStrictEqual(first.items, [
    {
      device: 'Safari on iPhone',
      addressPrefix: '127.0.0.0/24',
      current: false,
      lastUsedAt: clock.now().toISOString(),
    },
  ])
  assert.partialDeepStrictEqual(rest, { items: [{ device: 'Unknown device', current: true }], nextCursor: null })
  assert.equal((await get('/sessions?after=WyJ4Il0', headers)).json().code, 'cursor_invalid')

  const end = (as: Record<string, string>) =>
    http.inject({ method: 'DELETE', url: `/api/auth/sessions/${first.items[0].id}`, headers: as })
  assert.deepEqual(
    [(await end(stranger.headers)).statusCode, (await end(headers)).statusCode, (await end(headers)).json().code],
    [404, 204, 'session_unknown'],
  )
  assert.equal((await get('/profile', bearer(phone.accessToken))).statusCode, 401)
  assert.equal((await get('/profile', headers)).statusCode, 200)
  assert.partialDeepStrictEqual(await published(UserLoggedOut), [
    { userId: id, sessionIds: [first.items[0].id], reason: 'ended' },
  ])
})

test('the published keys verify tokens, and rotation loses nobody', async t => {
  const { http, post, person, db, clock, get } = await startIdentity(t)
  const { refreshToken, accessToken } = await person('Ada')
  const published = async () => (await http.inject('/.well-known/jwks.json')).json().keys as { kid: string }[]
  const states = async () =>
    Object.fromEntries(
      (await db('identity')<{ state: string; kid: string }[]>`select state, kid from signing_keys`).map(
        ({ state, kid }) => [state, kid],
      ),
    )
  const before = await states()
  assert.deepEqual(Object.keys(before).sort(), ['current', 'next'])
  assert.match(String((await http.inject('/.well-known/jwks.json')).headers['cache-control']), /max-age=\d+/)
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet({ keys: (await published()) as never }), {
    audience: 'ohmnibus',
    currentDate: clock.now(),
  })
  assert.equal(payload.iss, (await http.inject('/.well-known/openid-configuration')).json().issuer)
  assert.ok(!JSON.stringify(await published()).includes('"d"'), 'only the public part')

  // It neither publishes nor enqueues.
  const rotate = () =>
    db('identity').begin(tx => rotateKeys(tx as unknown as Tx, Buffer.alloc(32), clock.now(), 10 * minute))
  await rotate()
  assert.deepEqual(await states(), before, 'a young key stays')
  clock.pass(29 * day)
  const renewed = (await post('/refresh', { refreshToken })).json()
  clock.pass(day + 9 * minute)
  const old = (await post('/refresh', { refreshToken: renewed.refreshToken })).json().accessToken
  await rotate()
  const after = await states()
  assert.deepEqual([after.current, after.previous], [before.next, before.current])
  assert.deepEqual((await published()).map(({ kid }) => kid).sort(), Object.values(after).sort())
  assert.equal(
    (await get('/profile', bearer(old))).statusCode,
    200,
    'a token of the previous key is good until it expires',
  )
  await rotate()
  assert.deepEqual(await states(), after)
  clock.pass(day + 11 * minute)
  await rotate()
  assert.deepEqual(Object.keys(await states()).sort(), ['current', 'next'], 'gone once its tokens are')
})

test('after a rotation elsewhere tokens are signed with the new key within a minute', async t => {
  const { post, person, another, clock, db, get } = await startIdentity(t)
  const { refreshToken } = await person('Ada')
  clock.pass(29 * day)
  const renewed = (await post('/refresh', { refreshToken })).json()
  clock.pass(2 * day)
  const other = await another([identity])
  const [current] = await db('identity')`select kid from signing_keys where state = 'current'`
  const { accessToken } = (await post('/refresh', { refreshToken: renewed.refreshToken })).json()
  assert.equal(JSON.parse(Buffer.from(accessToken.split('.')[0], 'base64url').toString()).kid, current!.kid)
  assert.equal((await get('/profile', bearer(accessToken))).statusCode, 200)
  assert.equal((await other.app.inject({ url: '/api/auth/profile', headers: bearer(accessToken) })).statusCode, 200)
})

test('with another secret it does not start, and says why', async t => {
  const { platform } = await startIdentity(t)
  const config = { ...platform.config, OHMNIBUS_SECRET: 'another secret for tests: 0123456789' }
  await assert.rejects(
    run([identity], config, { database: platform.database, log: platform.log, periodic: false }),
    /another OHMNIBUS_SECRET/,
  )
})

test('two processes that start at once make one set of keys and one admin', async t => {
  const { another, db } = await startIdentity(t)
  await db('identity')`delete from signing_keys`
  await db('identity')`delete from users`
  const both = await Promise.all([another([identity]), another([identity])])
  assert.deepEqual(
    (await db('identity')`select state from signing_keys order by state`).map(({ state }) => state),
    ['current', 'next'],
  )
  assert.equal(both.flatMap(({ announcements }) => announcements).length, 1)
})

test('attempts are counted by method, outcome and reason', async t => {
  const { post, http, person } = await startIdentity(t)
  const { email, password, headers } = await person('Ada')
  await post('/login', { email, password })
  await post('/login', { email, password: 'not the right password' })
  await post('/refresh', { refreshToken: 'rubbish' })
  await post('/logout', undefined, headers)
  const metrics = (await http.inject('/metrics')).body
  for (const line of [
    'method="register",outcome="succeeded",reason=""} 1',
    'method="otp",outcome="succeeded",reason=""} 1',
    'method="login",outcome="succeeded",reason=""} 1',
    'method="login",outcome="refused",reason="credentials_invalid"} 1',
    'method="refresh",outcome="refused",reason="refresh_token_invalid"} 1',
    'method="logout",outcome="succeeded",reason=""} 1',
  ])
    for (const figure of ['attempts_total', 'attempt_seconds_count'])
      assert.ok(metrics.includes(`ohmnibus_identity_${figure}{${line}`), `${figure} ${line}`)
  assert.ok(!metrics.includes(email))
})
