import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { UserFactorsChanged, UserRegistered } from '#contracts/identity'
import { claimsOf, startIdentity } from '../testing.ts'
import { readProviders } from './providers.ts'
import { honestProvider, hostileProvider, type Lies } from './testing.ts'

type Site = Awaited<ReturnType<typeof site>>
type Jar = Map<string, string>

const publicUrl = 'http://localhost:8080'

/** Identity with an honest provider, `acme`, and one of bad will, `evil`. */
async function site(t: TestContext) {
  const acme = await honestProvider(t, () => `${publicUrl}/api/auth/oauth/acme/callback`)
  const evil = await hostileProvider(t)
  const client = { clientId: 'ohmnibus', clientSecret: 'the secret of ohmnibus' }
  const providers = [
    { id: 'acme', name: 'Acme', issuer: acme.issuer, ...client },
    { id: 'evil', name: 'Evil', issuer: evil.issuer, ...client },
  ]
  const p = await startIdentity(t, {
    environment: { PUBLIC_URL: publicUrl, OIDC_PROVIDERS: JSON.stringify(providers) },
  })

  /** A page of ours, as a browser with this jar opens it. */
  async function open(jar: Jar, url: string, form?: Record<string, string>) {
    const answer = await p.http.inject({
      method: form ? 'POST' : 'GET',
      url,
      cookies: Object.fromEntries(jar),
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    })
    for (const { name, value } of answer.cookies) {
      if (value) jar.set(name, value)
      else jar.delete(name)
    }
    return answer
  }

  /** Follows the provider until it leads back; answers where to. */
  async function follow(location: string): Promise<string> {
    const cookies: Jar = new Map()
    for (let at = location, hops = 0; hops < 10; hops++) {
      const answer = await fetch(at, {
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      })
      for (const text of answer.headers.getSetCookie()) {
        const [name, value] = text.split(';')[0]!.split('=') as [string, string]
        cookies.set(name, value)
      }
      const next = answer.headers.get('location')
      assert.ok(next, `${at} answers ${answer.status} ${await answer.text()}`)
      at = new URL(next, at).href
      if (at.startsWith(publicUrl)) return at.slice(publicUrl.length)
    }
    return assert.fail('the provider leads nowhere')
  }

  /** The whole way of a person: to the provider, there, and back. */
  async function way(jar: Jar, begin: string) {
    const left = await open(jar, begin)
    assert.equal(left.statusCode, 303, left.body)
    return await open(jar, await follow(left.headers.location as string))
  }
  return { ...p, acme, evil, open, follow, way }
}

/** The text of the page that says why nobody was signed in. */
const alert = (body: string) => /<p role="alert">\s*([^<]*?)\s*<\/p>/.exec(body)?.[1]
const userOf = async (p: Site, email: string) => (await p.db('identity')`select * from users where email = ${email}`)[0]
const signedInAs = (jar: Jar) => claimsOf(jar.get('ohmnibus-access')!).sub as string
const ada = { sub: 'ada-at-acme', email: 'Ada@Example.com', email_verified: true, name: 'Ada Lovelace' }

test('who proves the address at a provider has an account and a session, and comes back to the same one', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  const jar: Jar = new Map()
  const left = await p.open(jar, '/api/auth/oauth/acme?return=/shop%3Fpage=2')
  const to = new URL(left.headers.location as string)
  assert.equal(to.searchParams.get('code_challenge_method'), 'S256')
  assert.equal(to.searchParams.get('redirect_uri'), `${publicUrl}/api/auth/oauth/acme/callback`)
  for (const name of ['state', 'nonce', 'code_challenge']) assert.ok(to.searchParams.get(name)!.length > 20, name)
  const back = await p.open(jar, await p.follow(to.href))
  assert.deepEqual([back.statusCode, back.headers.location], [303, '/shop?page=2'], back.body)
  const user = (await userOf(p, 'ada@example.com'))!
  assert.deepEqual([user.first_name, user.last_name, user.role], ['Ada', 'Lovelace', 'user'])
  assert.equal(signedInAs(jar), user.id)
  assert.equal((await p.published(UserRegistered)).filter(({ userId }) => userId === user.id).length, 1)

  p.acme.who.account = { ...ada, email: 'elsewhere@example.com' }
  const again: Jar = new Map()
  await p.way(again, '/api/auth/oauth/acme')
  assert.equal(signedInAs(again), user.id, 'by the subject, whatever the address is by now')
  const signIn = await p.post('/login', { email: 'ada@example.com', password: '!' })
  assert.equal(signIn.json().code, 'credentials_invalid', 'no password is that of an account without one')
})

test('pre-account hijack through a provider: an address that is not proven there makes no account', async t => {
  const p = await site(t)
  for (const account of [{ ...ada, email_verified: false }, { sub: ada.sub, email: ada.email }, { sub: ada.sub }]) {
    p.acme.who.account = account
    const back = await p.way(new Map(), '/api/auth/oauth/acme')
    assert.equal(back.statusCode, 403)
    assert.match(alert(back.body)!, /not proven your address/)
  }
  assert.equal(await userOf(p, 'ada@example.com'), undefined)
  const { body } = await p.way(new Map(), '/api/auth/oauth/acme?return=/shop')
  assert.match(body, /<form method="post" action="\/api\/auth\/sign-in"/, 'the page takes a password all the same')
})

test('Entra ID proves an address by a claim of its own', async t => {
  const p = await site(t)
  p.evil.lies.claims = { sub: 'grace', email: 'grace@example.com', xms_edov: false }
  assert.equal((await p.way(new Map(), '/api/auth/oauth/evil')).statusCode, 403)
  p.evil.lies.claims.xms_edov = '1'
  const jar: Jar = new Map()
  await p.way(jar, '/api/auth/oauth/evil')
  assert.equal(signedInAs(jar), (await userOf(p, 'grace@example.com'))!.id)
})

test('pre-account hijack through a provider: who claimed an address there loses it to who reads its mail', async t => {
  const p = await site(t)
  p.evil.lies.claims = { sub: 'mallory', email: 'ada@example.com', email_verified: true }
  const mallory: Jar = new Map()
  await p.way(mallory, '/api/auth/oauth/evil')
  const { id } = (await userOf(p, 'ada@example.com'))!
  assert.equal(signedInAs(mallory), id)
  await p.post('/forgot-password', { email: 'ada@example.com' })
  const token = (await p.mailed('ada@example.com')).link!.split('/').at(-1)!
  assert.equal((await p.post('/reset-password', { token, password: 'quiet trains at dawn' })).statusCode, 204)
  const headers = { authorization: `Bearer ${mallory.get('ohmnibus-access')}` }
  assert.equal((await p.get('/profile', headers)).statusCode, 401)
  const again = await p.way(new Map(), '/api/auth/oauth/evil')
  assert.deepEqual([again.statusCode, alert(again.body)?.slice(0, 38)], [409, 'There is an account with this address.'])
})

test('an address alone links nothing: who has an account signs in first, and then adds the provider', async t => {
  const p = await site(t)
  const owner = await p.person('Ada')
  p.acme.who.account = ada
  const back = await p.way(new Map(), '/api/auth/oauth/acme')
  assert.equal(back.statusCode, 409)

  const jar: Jar = new Map()
  await p.open(jar, '/api/auth/sign-in', { email: owner.email, password: owner.password })
  const link = async (jar: Jar, id: string) =>
    /href="([^"]*)"/.exec(
      (await p.open(jar, '/api/auth/ways-in')).body
        .split('<ul>')
        .find(text => text.includes(`/${id}?`))!
        .split('<li>')
        .find(text => text.includes(`/${id}?`))!,
    )![1]!
  const added = await p.way(jar, await link(jar, 'acme'))
  assert.deepEqual([added.statusCode, added.headers.location], [303, '/api/auth/ways-in?done=added'], added.body)
  const other: Jar = new Map()
  await p.way(other, '/api/auth/oauth/acme')
  assert.equal(signedInAs(other), owner.id)

  p.evil.lies.claims = { sub: 'mallory', email: 'mallory@example.com', email_verified: true }
  assert.match(alert((await p.way(jar, await link(jar, 'evil'))).body)!, /another address/)
  p.evil.lies.claims = { sub: 'mallory', email: owner.email, email_verified: false }
  assert.match(alert((await p.way(jar, await link(jar, 'evil'))).body)!, /not proven/)

  await p.open(jar, '/api/auth/ways-in', { provider: 'acme' })
  assert.equal((await p.way(new Map(), '/api/auth/oauth/acme')).statusCode, 409, 'it is no way in any more')
})

test('a provider is added and removed by who proved a moment ago to be it, and both are told', async t => {
  const p = await site(t)
  const owner = await p.person('Ada')
  p.acme.who.account = ada
  const jar: Jar = new Map()
  await p.open(jar, '/api/auth/sign-in', { email: owner.email, password: owner.password })
  const link = async () =>
    /href="(\/api\/auth\/oauth\/acme\?link=[^"]+)"/.exec((await p.open(jar, '/api/auth/ways-in')).body)![1]!
  const kept = await link()
  p.clock.pass(11 * 60_000)
  const confirm = '/api/auth/confirm?return=%2Fapi%2Fauth%2Fways-in'
  const { accessToken } = (await p.post('/refresh', { refreshToken: owner.refreshToken })).json()
  const remove = (token: string) =>
    p.http.inject({
      method: 'DELETE',
      url: '/api/auth/providers/acme',
      headers: { authorization: `Bearer ${token}` },
    })
  assert.equal((await remove(accessToken)).json().code, 'fresh_sign_in_required')
  for (const answer of [
    await p.open(jar, '/api/auth/ways-in'),
    await p.open(jar, kept),
    await p.open(jar, '/api/auth/ways-in', { provider: 'acme' }),
  ])
    assert.deepEqual([answer.statusCode, answer.headers.location], [303, confirm])
  assert.deepEqual(await p.published(UserFactorsChanged), [])

  const proven = await p.open(jar, confirm, { password: owner.password })
  assert.equal(proven.headers.location, '/api/auth/ways-in')
  await p.way(jar, await link())
  await p.open(jar, '/api/auth/ways-in', { provider: 'acme' })
  await p.open(jar, '/api/auth/ways-in', { provider: 'acme' })
  const about = { userId: owner.id, factor: 'provider', name: 'Acme', actor: { userId: owner.id, role: 'user' } }
  assert.partialDeepStrictEqual(await p.published(UserFactorsChanged), [
    { ...about, change: 'added' },
    { ...about, change: 'removed' },
  ])
})

test('who has no password proves to be it by signing in with the provider again', async t => {
  const p = await site(t)
  p.evil.lies.claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
  const jar: Jar = new Map()
  await p.way(jar, '/api/auth/oauth/evil')
  p.clock.pass(11 * 60_000)
  const led = await p.open(jar, '/api/auth/ways-in')
  const page = await p.open(jar, led.headers.location as string)
  assert.equal(page.statusCode, 200)
  assert.doesNotMatch(page.body, /type="password"/)
  const again = /<a href="(\/api\/auth\/oauth\/evil[^"]*)">Sign in again with Evil<\/a>/.exec(page.body)![1]!
  const back = await p.way(jar, again)
  assert.deepEqual([back.statusCode, back.headers.location], [303, '/api/auth/ways-in'], back.body)
  assert.equal((await p.open(jar, '/api/auth/ways-in')).statusCode, 200)
})

test('nobody adds an account of theirs to somebody else by a link: the word of the page is of one session', async t => {
  const p = await site(t)
  const owner = await p.person('Ada')
  p.acme.who.account = ada
  const jar: Jar = new Map()
  await p.open(jar, '/api/auth/sign-in', { email: owner.email, password: owner.password })
  for (const link of ['', 'x', Buffer.alloc(32).toString('base64url')])
    assert.equal((await p.way(jar, `/api/auth/oauth/acme?link=${link}`)).statusCode, 409, link)
  assert.equal((await p.db('identity')`select * from provider_accounts`).length, 0)
})

test('the last way in cannot be removed', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  const jar: Jar = new Map()
  await p.way(jar, '/api/auth/oauth/acme')
  const headers = { authorization: `Bearer ${jar.get('ohmnibus-access')}` }
  const remove = (id: string) => p.http.inject({ method: 'DELETE', url: `/api/auth/providers/${id}`, headers })
  assert.deepEqual([(await remove('acme')).statusCode, (await remove('acme')).json().code], [409, 'last_way_in'])
  assert.equal((await remove('nobody')).json().code, 'provider_unknown')
  const page = await p.open(jar, '/api/auth/ways-in', { provider: 'acme' })
  assert.match(alert(page.body)!, /only way/)
})

test('replayed code: an answer of a provider is good once, in the browser that left', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  const jar: Jar = new Map()
  const left = await p.open(jar, '/api/auth/oauth/acme')
  const answer = await p.follow(left.headers.location as string)
  assert.equal((await p.open(new Map(), answer)).statusCode, 401, 'not in another browser')
  const kept = new Map(jar)
  assert.equal((await p.open(jar, answer)).statusCode, 303)
  assert.equal((await p.open(kept, answer)).statusCode, 401, 'not a second time')

  const fresh: Jar = new Map()
  const next = new URL((await p.open(fresh, '/api/auth/oauth/acme')).headers.location as string)
  const code = new URLSearchParams(answer.split('?')[1]).get('code')!
  const stolen = new URLSearchParams({ code, state: next.searchParams.get('state')!, iss: p.acme.issuer })
  assert.equal(
    (await p.open(fresh, `/api/auth/oauth/acme/callback?${stolen}`)).statusCode,
    401,
    'not for another visit',
  )
})

test('provider mix-up: what one provider answers is never taken for the word of another', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  const jar: Jar = new Map()
  const answer = await p.follow((await p.open(jar, '/api/auth/oauth/acme')).headers.location as string)
  const kept = new Map(jar)
  assert.equal((await p.open(jar, answer.replace('/acme/', '/evil/'))).statusCode, 401, 'at the place of another')
  const query = new URLSearchParams(answer.split('?')[1])
  query.set('iss', p.evil.issuer)
  assert.equal((await p.open(kept, `/api/auth/oauth/acme/callback?${query}`)).statusCode, 401, 'said to be of another')
  assert.equal(await userOf(p, 'ada@example.com'), undefined)
})

test('a provider of bad will: nonce of another, other audience, other issuer, expired, unsigned and foreign signatures', async t => {
  const p = await site(t)
  const honest = { sub: 'mallory', email: 'mallory@example.com', email_verified: true }
  const lies: Lies[] = [
    { claims: { ...honest, nonce: 'of somebody else' } },
    { claims: { ...honest, nonce: undefined } },
    { claims: { ...honest, aud: 'another client' } },
    { claims: { ...honest, aud: ['ohmnibus', 'another client'], azp: 'another client' } },
    { claims: { ...honest, iss: p.acme.issuer } },
    { claims: { ...honest, exp: Math.floor(Date.now() / 1000) - 600 } },
    { claims: { ...honest, sub: undefined } },
    { claims: honest, sign: 'none' },
    { claims: honest, sign: 'hmac' },
    { claims: honest, sign: 'another key' },
  ]
  for (const lie of lies) {
    Object.assign(p.evil.lies, { sign: undefined }, lie)
    const back = await p.way(new Map(), '/api/auth/oauth/evil')
    assert.equal(back.statusCode, 401, JSON.stringify(lie))
    assert.match(alert(back.body)!, /did not say who you are/)
  }
  assert.equal(await userOf(p, 'mallory@example.com'), undefined)
  Object.assign(p.evil.lies, { sign: undefined, claims: honest })
  assert.equal((await p.way(new Map(), '/api/auth/oauth/evil')).statusCode, 303, 'and what is good is taken')
})

test('open redirect in returnTo: only paths of this site are led back to', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  for (const to of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    'javascript:alert(1)',
    '/..//evil.example',
  ]) {
    const back = await p.way(new Map(), `/api/auth/oauth/acme?${new URLSearchParams({ return: to })}`)
    assert.equal(back.statusCode, 303)
    const { origin } = new URL(back.headers.location as string, publicUrl)
    assert.equal(origin, publicUrl, `${to} leads to ${back.headers.location}`)
  }
})

test('a disabled account is not opened by a provider, and who refused there is told so', async t => {
  const p = await site(t)
  p.acme.who.account = ada
  const jar: Jar = new Map()
  await p.way(jar, '/api/auth/oauth/acme')
  await p.db('identity')`update users set disabled = true where email = 'ada@example.com'`
  assert.equal((await p.way(new Map(), '/api/auth/oauth/acme')).statusCode, 401)
  const other: Jar = new Map()
  const state = new URL((await p.open(other, '/api/auth/oauth/acme')).headers.location as string).searchParams.get(
    'state',
  )!
  const denied = new URLSearchParams({ error: 'access_denied', state, iss: p.acme.issuer })
  assert.equal((await p.open(other, `/api/auth/oauth/acme/callback?${denied}`)).statusCode, 401)
})

test('a provider does not stand for the second factor of an account', async t => {
  const p = await site(t)
  const owner = await p.person('Ada')
  const { secret } = (await p.post('/mfa/totp', undefined, owner.headers)).json()
  const otp = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: p.clock.at })
  assert.equal((await p.post('/mfa/totp/verify', { otp }, owner.headers)).statusCode, 200)
  await p.db('identity')`
    insert into provider_accounts (issuer, subject, user_id, linked_at)
    values (${new URL(p.acme.issuer).href}, ${ada.sub}, ${owner.id}, ${p.clock.now()})`
  p.acme.who.account = ada
  const jar: Jar = new Map()
  const back = await p.way(jar, '/api/auth/oauth/acme?return=/shop')
  assert.deepEqual([back.statusCode, back.headers.location], [303, '/api/auth/second-factor?return=%2Fshop'])
  assert.equal(jar.get('ohmnibus-access'), undefined)
})

test('the page to sign in at has a way to each provider, and programs list them', async t => {
  const p = await site(t)
  const page = await p.open(new Map(), '/api/auth/sign-in?return=/shop')
  assert.match(page.body, /<a href="\/api\/auth\/oauth\/acme\?return=%2Fshop">Sign in with Acme<\/a>/)
  const { items } = (await p.get('/providers')).json()
  assert.deepEqual(items, [
    { id: 'acme', name: 'Acme', signIn: '/api/auth/oauth/acme' },
    { id: 'evil', name: 'Evil', signIn: '/api/auth/oauth/evil' },
  ])
  assert.equal((await p.get('/oauth/nobody')).json().code, 'provider_unknown')
})

test('a provider that is away keeps nobody from signing in by other means', async t => {
  const gone = [{ id: 'gone', name: 'Gone', issuer: 'http://127.0.0.1:9', clientId: 'ohmnibus' }]
  const p = await startIdentity(t, { environment: { OIDC_PROVIDERS: JSON.stringify(gone) } })
  const answer = await p.get('/oauth/gone')
  assert.deepEqual([answer.statusCode, answer.json().code], [503, 'provider_unavailable'])
  assert.ok(await p.person('Ada'))
})

test('what is wrong with OIDC_PROVIDERS is said at the start, without its secrets', () => {
  const good = { id: 'acme', issuer: 'https://id.acme.example', clientId: 'one', clientSecret: 'hush' }
  assert.deepEqual(readProviders(undefined), [])
  assert.deepEqual(readProviders(JSON.stringify([good]))[0]!.name, 'acme')
  for (const [given, why] of [
    ['hush', /no JSON/],
    ['{}', /no list/],
    [JSON.stringify([{ ...good, issuer: 'http://id.acme.example' }]), /https/],
    [JSON.stringify([{ ...good, id: 'Acme!' }]), /small letters/],
    [JSON.stringify([{ ...good, secret: 'hush' }]), /secret is none of/],
    [JSON.stringify([good, good]), /same id/],
  ] as const)
    assert.throws(
      () => readProviders(given),
      ({ message }: Error) => why.test(message) && !message.includes('hush'),
    )
})
