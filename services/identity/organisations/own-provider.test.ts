import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { honestProvider } from '../providers/testing.ts'
import { startScim } from '../scim/testing.ts'
import { bearer, claimsOf, type Person } from '../testing.ts'

const publicUrl = 'http://localhost:8080'
type Jar = Map<string, string>

/** Ada's organisation, with a verified domain and a provider at which anybody may sign in. */
async function site(t: TestContext) {
  const acme = await honestProvider(t, () => `${publicUrl}/api/auth/oauth/acme/callback`)
  const providers = [
    { id: 'acme', name: 'Acme', issuer: acme.issuer, clientId: 'ohmnibus', clientSecret: 'the secret of ohmnibus' },
  ]
  const p = await startScim(t, { PUBLIC_URL: publicUrl, OIDC_PROVIDERS: JSON.stringify(providers) })

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
  async function follow(location: string): Promise<string> {
    const cookies: Jar = new Map()
    for (let at = location, hops = 0; hops < 10; hops++) {
      const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
      const answer = await fetch(at, { redirect: 'manual', headers })
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
  /** A session of who is this at the provider; with `link` it is added to the account of the jar first. */
  async function byAcme(name: string, jar: Jar = new Map(), begin = '/api/auth/oauth/acme') {
    acme.who.account = { sub: `${name}-at-acme`, email: `${name}@example.com`, email_verified: true, name }
    const left = await open(jar, begin)
    const back = await open(jar, await follow(left.headers.location as string))
    const token = jar.get('ohmnibus-access')
    return { jar, back, token: token!, headers: token === undefined ? {} : bearer(token) }
  }
  /** Signed in by password, the provider added, and signed in by it. */
  async function linked(who: Person) {
    const jar: Jar = new Map()
    await open(jar, '/api/auth/sign-in', { email: who.email, password: who.password })
    const page = await open(jar, '/api/auth/ways-in')
    const begin = /href="(\/api\/auth\/oauth\/acme\?[^"]*link=[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&')
    assert.ok(begin, page.body)
    const name = who.email.split('@')[0]!
    await byAcme(name, jar, begin)
    return await byAcme(name)
  }
  const rule = (headers: Record<string, string>, body: object) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${p.id}/sign-in-rules`,
      headers,
      payload: { secondFactor: false, ...body },
    })
  const switchBy = (headers: Record<string, string>) => p.post(p.at('/switch'), undefined, headers)
  return { ...p, open, byAcme, linked, rule, switchBy }
}

const code = (answer: { statusCode: number; body: string }) => [answer.statusCode, JSON.parse(answer.body).code]

test('only by its own provider: who signed in by password neither acts for the organisation nor looks after it, and is told where to', async t => {
  const p = await site(t)
  const bea = await p.person('Bea')
  await p.join(p.ada, p.id, bea, 'admin')
  const { accessToken } = (await p.switchBy(bea.headers)).json()
  const { key } = (
    await p.post('/keys', { name: 'Line', scopes: ['account:read'], password: bea.password }, bearer(accessToken))
  ).json()
  const owner = await p.linked(p.ada)
  assert.equal((await p.rule(owner.headers, { provider: 'acme', onlyProvider: true })).statusCode, 200)
  for (const token of [accessToken, key])
    assert.equal((await p.get('/profile', bearer(token))).statusCode, 401, 'at once')

  const again = await p.renew(bea)
  assert.equal(claimsOf(again.accessToken).org, undefined, 'she acts for herself')
  const refused = await p.switchBy(again.headers)
  assert.deepEqual(code(refused), [403, 'organisation_needs_provider'])
  assert.deepEqual([refused.json().provider, refused.json().signIn], ['acme', '/api/auth/oauth/acme'])
  assert.match(refused.json().detail, /own provider/)
  for (const answer of [
    await p.get(p.at('/members'), again.headers),
    await p.invite(again, p.id, 'x@example.com', 'viewer'),
    await p.rule(again.headers, {}),
  ])
    assert.deepEqual(code(answer), [403, 'organisation_needs_provider'])

  const byAcme = await p.linked(bea)
  const acting = await p.switchBy(byAcme.headers)
  assert.equal(claimsOf(acting.json().accessToken).org.id, p.id)
  const made = await p.post(
    '/keys',
    { name: 'New', scopes: ['account:read'], password: bea.password },
    bearer(acting.json().accessToken),
  )
  assert.equal((await p.get('/profile', bearer(made.json().key))).json().organisation.id, p.id)
  const ada = await p.byAcme('ada')
  assert.equal(claimsOf((await p.switchBy(ada.headers)).json().accessToken).org.id, p.id)
})

test('nobody locks themselves out: who turns it on is signed in by the provider, with an address of the organisation', async t => {
  const p = await site(t)
  const on = { provider: 'acme', onlyProvider: true }
  assert.deepEqual(code(await p.rule(p.ada.headers, { onlyProvider: true })), [409, 'provider_needed'])
  assert.deepEqual(code(await p.rule(p.ada.headers, { provider: 'nobody' })), [404, 'provider_unknown'])
  assert.deepEqual(code(await p.rule(p.ada.headers, on)), [403, 'organisation_needs_provider'])
  const root = await p.admin()
  assert.deepEqual(
    code(await p.rule(root.headers, on)),
    [403, 'organisation_needs_provider'],
    'nor an admin for others',
  )
  const owner = await p.linked(p.ada)
  const remove = () =>
    p.http.inject({
      method: 'DELETE',
      url: `/api/auth/organisations/${p.id}/domains/example.com`,
      headers: owner.headers,
    })
  assert.equal((await remove()).statusCode, 204)
  assert.deepEqual(code(await p.rule(owner.headers, on)), [409, 'domain_needed'])
  await p.post(p.at('/domains'), { domain: 'example.com' }, owner.headers)
  await p.post(p.at('/domains/example.com/attest'), undefined, root.headers)
  assert.deepEqual((await p.rule(owner.headers, on)).json(), { secondFactor: false, ...on })
  const again = await p.byAcme('ada')
  assert.deepEqual((await p.rule(again.headers, {})).json(), { secondFactor: false, ...on }, 'what is left out stays')
})

test('where the provider is lost an admin of the platform takes the rule away', async t => {
  const p = await site(t)
  const owner = await p.linked(p.ada)
  await p.rule(owner.headers, { provider: 'acme', onlyProvider: true })
  const again = await p.renew(p.ada)
  assert.deepEqual(code(await p.rule(again.headers, { onlyProvider: false })), [403, 'organisation_needs_provider'])
  const root = await p.admin()
  assert.equal((await p.rule(root.headers, { onlyProvider: false })).json().onlyProvider, false)
  assert.equal((await p.switchBy((await p.renew(again)).headers)).statusCode, 200)
})

test('a second factor behind the provider does not make it a sign-in by password', async t => {
  const p = await site(t)
  const owner = await p.linked(p.ada)
  const { secret } = (await p.post('/mfa/totp', undefined, owner.headers)).json()
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const set = await p.post('/mfa/totp/verify', { otp: totp.generate({ timestamp: p.clock.at }) }, owner.headers)
  assert.equal(set.statusCode, 200, set.body)
  p.clock.pass(60_000)
  const jar: Jar = new Map()
  const { back } = await p.byAcme('ada', jar)
  assert.match(String(back.headers.location), /factor/)
  await p.open(jar, '/api/auth/second-factor', { code: totp.generate({ timestamp: p.clock.at }) })
  const headers = bearer(jar.get('ohmnibus-access')!)
  assert.deepEqual(claimsOf(jar.get('ohmnibus-access')!).amr[0], 'fed')
  assert.equal((await p.rule(headers, { provider: 'acme', onlyProvider: true })).statusCode, 200)
  assert.equal((await p.switchBy(headers)).statusCode, 401, 'tokens of before are over')
})

test('whom the organisation has made an account for comes into it by its provider, and nobody else does', async t => {
  const p = await site(t)
  const { id } = (await p.scim('POST', '/Users', { userName: 'grace@example.com' })).json()
  const early = await p.byAcme('grace')
  assert.equal(early.token, undefined, 'it is not the provider of the organisation yet')
  const owner = await p.linked(p.ada)
  await p.rule(owner.headers, { provider: 'acme' })
  const grace = await p.byAcme('grace')
  assert.equal(claimsOf(grace.token).sub, id)
  await p.rule(owner.headers, { provider: 'acme', onlyProvider: true })
  const renewed = await p.byAcme('grace')
  assert.equal(claimsOf((await p.switchBy(renewed.headers)).json().accessToken).org.role, 'viewer')

  // An account that was there before is its owner's, whatever the organisation says of it.
  const bob = await p.person('Bob')
  await p.scim('POST', '/Users', { userName: 'bob@example.com' })
  assert.equal((await p.byAcme('bob')).token, undefined)
  assert.equal((await p.get('/profile', bob.headers)).statusCode, 200)
})
