import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { UserLoggedOut, UserUpdated } from '#contracts/identity'
import { startFactors } from './factors/testing.ts'
import { bearer, claimsOf, startIdentity } from './testing.ts'

test('jku, x5u, jwk and kid tricks: a token brings no key of its own', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  const ours = (await p.http.inject('/.well-known/jwks.json')).json().keys[0]
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  const jwk = await exportJWK(publicKey)
  const own = await calculateJwkThumbprint(jwk)
  const asked: string[] = []
  t.mock.method(globalThis, 'fetch', async (url: unknown) => {
    asked.push(String(url))
    return Response.json({ keys: [{ ...jwk, kid: own, alg: 'EdDSA' }] })
  })
  const elsewhere = 'https://mallory.example.com/jwks.json'
  for (const tricks of [
    { kid: own, jku: elsewhere },
    { kid: own, x5u: elsewhere },
    { kid: own, jwk },
    { kid: ours.kid, jwk },
    { kid: ours.kid, jku: elsewhere },
    { kid: '../../../../dev/null' },
    { kid: "' or 1=1 --" },
    { kid: '' },
    { kid: own, crit: ['b64'], b64: true },
  ]) {
    const forged = await new SignJWT({ ...claimsOf(ada.accessToken), role: 'admin' })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...(tricks as object) })
      .sign(privateKey)
    const answer = await p.get('/users', bearer(forged))
    assert.deepEqual([answer.statusCode, answer.json().code], [401, 'token_invalid'], JSON.stringify(tricks))
  }
  assert.deepEqual(asked, [], 'nobody is asked for a key that a token names')
})

test('CSRF by simple requests: no form and no text of a page elsewhere changes anything by cookie', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  const signedIn = await p.post('/login', { email: ada.email, password: ada.password })
  const cookie = signedIn.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const send = (url: string, type: string, payload: string, from: Record<string, string>, method = 'POST') =>
    p.http.inject({ method: method as 'POST', url, headers: { cookie, 'content-type': type, ...from }, payload })
  const elsewhere: Record<string, string>[] = [
    { origin: 'https://mallory.example.com', 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
  ]
  for (const from of elsewhere)
    for (const [type, payload] of [
      ['text/plain', '{"everywhere":true,"name":"Mallory"}'],
      ['application/x-www-form-urlencoded', 'everywhere=true&name=Mallory'],
      ['multipart/form-data; boundary=x', '--x--'],
      ['application/json', '{"everywhere":true,"name":"Mallory"}'],
    ] as const)
      for (const url of ['/api/auth/logout', '/api/auth/organisations', '/api/auth/sign-out', '/api/auth/keys']) {
        const { statusCode } = await send(url, type, payload, from)
        assert.ok([400, 403, 415].includes(statusCode), `${url} ${type} ${statusCode}`)
      }
  const patched = await send('/api/auth/profile', 'application/json', '{"name":"Mallory"}', { origin: 'null' }, 'PATCH')
  assert.equal(patched.statusCode, 403)
  assert.equal((await p.published(UserLoggedOut)).length, 0)
  assert.equal((await p.published(UserUpdated)).length, 0)
  assert.equal((await p.http.inject({ url: '/api/auth/profile', headers: { cookie } })).statusCode, 200)
})

test('code guessing spread over addresses and over accounts: a place has so many tries, and a code, however they come', async t => {
  const p = await startIdentity(t, { environment: { RATE_LIMIT_FACTOR: '1', TRUSTED_PROXIES: '127.0.0.1' } })
  const password = 'quiet trains at dawn'
  const [ada, vera] = ['ada@example.com', 'vera@example.com']
  for (const [at, email] of [ada, vera].entries())
    await p.post('/register', { email, password, name: 'Somebody' }, { 'x-forwarded-for': `192.0.2.${at}` })
  const guess = async (email: string, from: string, otp: string) =>
    await p.post('/verify-otp', { email, otp, password }, { 'x-forwarded-for': from })
  const wrong = async (email: string) => ((await p.mailed(email)).code === '000000' ? '000001' : '000000')

  // One network, the whole /64 of which is one place, and an account for each try: of accounts that are not there too.
  const spread: number[] = []
  for (let n = 0; n < 65; n++) {
    const email = n % 9 === 0 ? ada : `nobody${n}@example.com`
    spread.push((await guess(email, `2001:db8::${n.toString(16)}`, await wrong(ada))).statusCode)
  }
  assert.deepEqual(spread, [...Array(60).fill(400), ...Array(5).fill(429)])
  const late = await guess(vera, '2001:db8::ffff', '000000')
  assert.deepEqual([late.statusCode, Number(late.headers['retry-after']) > 0], [429, true])

  // One account, and a network for each try: the right code is among them too late.
  for (let n = 0; n < 50; n++) await guess(vera, `198.51.${n}.7`, await wrong(vera))
  const { code } = await p.mailed(vera)
  assert.equal((await guess(vera, '203.0.113.9', code)).statusCode, 400)
  assert.equal((await p.post('/login', { email: vera, password })).statusCode, 401, 'nobody has proven the address')
})

test('code guessing spread over accounts: one wrong guess at each of many ends all guessing from there, and no link', async t => {
  const p = await startFactors(t, { RATE_LIMIT_FACTOR: '1', TRUSTED_PROXIES: '127.0.0.1' })
  const from = (place: string) => ({ 'x-forwarded-for': place })
  const [mallory, home] = [from('198.51.100.7'), from('192.0.2.1')]
  const wrong = (code: string) => (code === '000000' ? '111111' : '000000')
  const password = 'slow rivers in april'
  const answers: number[] = []
  const tried = async (path: string, body: object, headers = mallory) => {
    const answer = await p.post(path, body, headers)
    answers.push(answer.statusCode)
    return answer
  }

  const withApp = await p.withApp(await p.person('Ada', { headers: home }))
  const emails = Array.from({ length: 30 }, (_, i) => `person${i}@example.com`)
  for (const [i, email] of emails.entries()) {
    await p.post('/register', { email, password, name: 'Vera' }, from(`192.0.2.${i + 2}`))
    await tried('/verify-otp', { email, otp: wrong((await p.mailed(email)).code) })
  }
  // Nobody has these: asking tells as little as guessing does.
  for (const email of emails.slice(0, 29)) await tried('/reset-password', { email, code: '000000', password })
  const pendingToken = await p.password(withApp)
  await tried('/factor', { pendingToken, otp: wrong(p.codeOf(withApp.secret)) })
  assert.ok(!answers.includes(429), 'sixty are heard, of all kinds together')

  const last = await p.mailed(emails.at(-1)!)
  const right = { email: emails.at(-1), otp: last.code, password }
  assert.equal((await tried('/verify-otp', { ...right, otp: wrong(last.code) })).statusCode, 429)
  const refused = await tried('/verify-otp', right)
  assert.deepEqual([refused.statusCode, refused.json().limit], [429, 'wrong codes by place'])
  assert.ok(Number(refused.headers['retry-after']) > 0)
  const factor = await tried('/factor', { pendingToken, otp: p.codeOf(withApp.secret) })
  assert.equal(factor.statusCode, 429)
  const recovered = await tried('/factor', { pendingToken, recoveryCode: withApp.recoveryCodes[0] })
  assert.equal(recovered.statusCode, 200, 'what cannot be guessed goes on')
  const link = new URL((await p.mailed(emails[0]!)).link!).pathname
  const pressed = await p.http.inject({
    method: 'POST',
    url: link,
    headers: { ...mallory, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    payload: `password=${encodeURIComponent(password)}`,
  })
  assert.equal(pressed.statusCode, 200, pressed.body)
  assert.equal((await tried('/verify-otp', right, home)).statusCode, 201, 'elsewhere nobody is kept from their code')
})
