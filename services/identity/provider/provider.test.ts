import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oidc from 'openid-client'
import { bearer, claimsOf } from '../testing.ts'
import { pkce, publicUrl, redirectUri, startProvider, type Site } from './testing.ts'

/** The library as a client configures it, led to where the platform listens, by its clock. */
async function openidClient(p: Site, base: string, client: { id: string; secret: string }) {
  const there: oidc.CustomFetch = (url, options) => fetch(url.replace(publicUrl, base), options as RequestInit)
  const config = await oidc.discovery(
    new URL(publicUrl),
    client.id,
    { [oidc.clockSkew]: Math.round((p.clock.at - Date.now()) / 1000) },
    oidc.ClientSecretBasic(client.secret),
    { execute: [oidc.allowInsecureRequests], [oidc.customFetch]: there },
  )
  return config
}

test('a library that nobody here wrote finds everything by the address, and signs somebody in', async t => {
  const p = await startProvider(t)
  const base = await p.listen()
  const client = await p.register({ postLogoutRedirectUris: ['https://fleet.example.com/'] })
  const jar = await p.browser(p.ada)
  const config = await openidClient(p, base, client)
  assert.ok(config.serverMetadata().supportsPKCE())

  const [pkceCodeVerifier, expectedNonce, expectedState] = [
    oidc.randomPKCECodeVerifier(),
    oidc.randomNonce(),
    oidc.randomState(),
  ]
  const way = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access account:read',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: expectedNonce,
    state: expectedState,
  })
  const back = new URL(`${redirectUri}?${new URLSearchParams(await p.letIn(jar, way.href))}`)
  assert.equal(back.searchParams.get('iss'), publicUrl)
  const checks = { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true }
  const granted = await oidc.authorizationCodeGrant(config, back, checks)
  const claims = granted.claims()!
  assert.equal(claims.sub, p.ada.id)
  assert.deepEqual([claims.name, claims.email, claims.email_verified], ['Ada', p.ada.email, true])
  assert.deepEqual([claims.acr, claims.amr], ['aal1', ['pwd']])
  const { payload } = { payload: claimsOf(granted.id_token!) }
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha512').update(granted.access_token).digest().subarray(0, 32).toString('base64url')
  assert.equal(payload.at_hash, hash)
  assert.equal(claimsOf(granted.access_token).client_id, client.id)

  assert.deepEqual(await oidc.fetchUserInfo(config, granted.access_token, p.ada.id), {
    sub: p.ada.id,
    name: 'Ada',
    given_name: 'Ada',
    family_name: '',
    locale: 'en',
    email: p.ada.email,
    email_verified: true,
  })
  const known = await oidc.tokenIntrospection(config, granted.access_token)
  assert.deepEqual([known.active, known.client_id, known.sub], [true, client.id, p.ada.id])
  assert.equal((await oidc.tokenIntrospection(config, granted.refresh_token!)).active, true)

  const renewed = await oidc.refreshTokenGrant(config, granted.refresh_token!)
  assert.notEqual(renewed.refresh_token, granted.refresh_token)
  assert.equal(renewed.claims()!.sub, p.ada.id)
  assert.equal(await p.reads(renewed.access_token), 200)

  await oidc.tokenRevocation(config, renewed.refresh_token!)
  assert.equal(await p.reads(renewed.access_token), 401, 'at once')
  assert.equal((await oidc.tokenIntrospection(config, renewed.access_token)).active, false)
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token!), { error: 'invalid_grant' })

  const out = oidc.buildEndSessionUrl(config, {
    id_token_hint: granted.id_token!,
    post_logout_redirect_uri: 'https://fleet.example.com/',
    state: 'bye',
  })
  const ended = await p.open(jar, out.href)
  assert.equal(p.ledTo(ended).href, 'https://fleet.example.com/?state=bye')
  assert.match((await p.open(jar, '/api/auth/sign-out')).body, /Nobody is signed in/)
})

test('somebody who is not signed in signs in first, is asked once, and may say no', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const jar = new Map<string, string>()
  const { verifier, challenge } = pkce()
  const signIn = p.ledTo(await p.open(jar, p.wayTo(client, challenge)))
  assert.equal(signIn.pathname, '/api/auth/sign-in')
  const own = signIn.searchParams.get('return')!
  const entered = await p.open(jar, signIn.pathname + signIn.search, { email: p.ada.email, password: p.ada.password })
  assert.equal(p.ledTo(entered).pathname, own)

  const asked = await p.open(jar, own, undefined, { 'accept-language': 'de' })
  assert.match(asked.body, /„Fleet planner“ zulassen\?/)
  assert.match(asked.body, /lesen: Ihr Konto/)
  assert.match(asked.body, /fleet\.example\.com/)
  assert.doesNotMatch(asked.body, /<script/)
  const direct = await p.open(await p.browser(p.ada), p.wayTo(client, challenge))
  assert.match(direct.body, /action="\/api\/auth\/authorize\/[\w-]{36}"/, 'the answer goes to where it is taken')
  const refused = p.ledTo(await p.open(jar, own, { decision: 'deny' }))
  assert.deepEqual(Object.fromEntries(refused.searchParams), {
    error: 'access_denied',
    state: 'as it was',
    iss: publicUrl,
  })
  assert.equal((await p.open(jar, own)).statusCode, 400, 'it was answered')

  const { code } = await p.letIn(jar, p.wayTo(client, challenge))
  assert.equal((await p.spend(client, code!, verifier)).statusCode, 200)
  const again = await p.open(jar, p.wayTo(client, challenge))
  assert.equal(again.statusCode, 303, 'nobody is asked twice')
  assert.equal(p.ledTo(again).origin, 'https://fleet.example.com')
  // A browser whose sign-in form led here is led on by a page: policies for forms hold for what they lead to.
  const led = await p.open(jar, p.wayTo(client, challenge), undefined, { 'sec-fetch-site': 'same-origin' })
  assert.equal(led.statusCode, 200)
  assert.match(String(led.headers.refresh), /^0; url=https:\/\/fleet\.example\.com\/callback\?code=/)

  const more = await p.open(jar, p.wayTo(client, challenge, { scope: 'openid account:read email' }))
  assert.match(more.body, /Let “Fleet planner” in\?/, 'but for more they are')
})

test('what one lets in is listed, and ended at once, also on a page', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const jar = await p.browser(p.ada)
  const tokens = await p.tokensOf(client, jar)
  assert.equal(await p.reads(tokens.access_token), 200)
  const [consent] = (await p.get('/consents', p.ada.headers)).json().items
  assert.deepEqual([consent.client.name, consent.scopes], ['Fleet planner', ['openid', 'account:read']])
  assert.ok(consent.lastUsedAt)
  const bob = await p.person('Bob')
  const end = (headers: Record<string, string>) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/consents/${consent.id}`, headers })
  assert.equal((await end(bob.headers)).statusCode, 404)
  assert.match((await p.open(jar, '/api/auth/apps')).body, /Fleet planner/)
  assert.equal((await p.open(jar, '/api/auth/apps', { consent: consent.id })).statusCode, 303)
  assert.equal(await p.reads(tokens.access_token), 401)
  assert.equal((await p.refresh(client, tokens.refresh_token)).json().error, 'invalid_grant')
  assert.deepEqual((await p.get('/consents', p.ada.headers)).json().items, [])
  assert.match((await p.open(jar, p.wayTo(client, pkce().challenge))).body, /Let “Fleet planner” in\?/)
})

test('a client may what its scopes say, for the organisation that was acted for', async t => {
  const p = await startProvider(t)
  const organisation = await p.found(p.ada)
  await p.post(`/organisations/${organisation}/switch`, {}, p.ada.headers)
  const client = await p.register({ organisationId: organisation }, p.ada.headers)
  const jar = await p.browser(p.ada)
  const token = jar.get('ohmnibus-access')!
  await p.post(`/organisations/${organisation}/switch`, {}, bearer(token))
  // The session acts for it from now on; the browser learns that with its next token.
  const { verifier, challenge } = pkce()
  const asked = await p.open(jar, p.wayTo(client, challenge))
  assert.match(asked.body, /It will act for your organisation\s+<bdi>Voltaic GmbH<\/bdi>/)
  assert.match(asked.body, /It is an app of <bdi>Voltaic GmbH<\/bdi>/)
  const { code } = await p.letIn(jar, p.wayTo(client, challenge))
  const { access_token, refresh_token } = (await p.spend(client, code!, verifier)).json()
  assert.deepEqual(claimsOf(access_token).org, { id: organisation, role: 'owner' })
  assert.equal(await p.reads(access_token, '/sessions'), 200)
  const change = await p.post('/keys', { name: 'Mine', scopes: ['passports:read'] }, bearer(access_token))
  assert.deepEqual([change.statusCode, change.json().code], [403, 'scope_insufficient'])
  assert.equal((await p.refresh(client, refresh_token, { scope: 'openid' })).json().scope, 'openid')
  assert.equal(await p.reads((await p.refresh(client, refresh_token, { scope: 'openid' })).json().access_token), 403)

  await p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${organisation}`, headers: p.ada.headers })
  assert.equal(await p.reads(access_token), 401, 'its clients end with an organisation')
})

test('owners register clients of their organisation, admins those of the platform', async t => {
  const p = await startProvider(t)
  const organisationId = await p.found(p.ada)
  const bob = await p.person('Bob')
  await p.join(p.ada, organisationId, bob, 'admin')
  const body = { name: 'App', kind: 'public', redirectUris: ['https://app.example.com/'], scopes: ['openid'] }
  const tried = async (about: object, headers: Record<string, string>) => {
    const answer = await p.post('/clients', { ...body, ...about }, headers)
    return [answer.statusCode, answer.json().code]
  }
  assert.deepEqual(await tried({}, p.ada.headers), [403, 'role_insufficient'])
  assert.deepEqual(await tried({ organisationId }, bob.headers), [403, 'organisation_owner_required'])
  assert.deepEqual(await tried({ organisationId }, (await p.person('Eve')).headers), [404, 'organisation_unknown'])
  assert.deepEqual(await tried({ organisationId, firstParty: true }, p.ada.headers), [400, 'request_invalid'])
  assert.deepEqual(await tried({ organisationId, scopes: ['operations:write'] }, p.ada.headers), [
    400,
    'request_invalid',
  ])
  for (const uri of [
    'http://app.example.com/',
    'https://app.example.com/#here',
    'https://*.example.com/',
    'javascript:alert(1)',
    'https://ada@app.example.com/',
    'data:text/html,x',
    '/callback',
    'app:/callback',
  ])
    assert.deepEqual(await tried({ organisationId, redirectUris: [uri] }, p.ada.headers), [400, 'request_invalid'], uri)
  for (const uri of ['http://127.0.0.1/callback', 'com.example.app:/callback', 'http://localhost:3000/'])
    assert.deepEqual(await tried({ organisationId, redirectUris: [uri] }, p.ada.headers), [201, undefined], uri)

  const made = (await p.post('/clients', { ...body, organisationId, kind: 'confidential' }, p.ada.headers)).json()
  assert.match(made.secret, /^ohm_client_[\w-]{43}$/)
  assert.equal((await p.get('/clients', p.ada.headers)).json().items.length, 4)
  assert.equal((await p.get('/clients', bob.headers)).json().items.length, 0)
  assert.equal((await p.get(`/clients/${made.id}`, p.ada.headers)).json().secret, undefined)
  assert.equal((await p.get(`/clients/${made.id}`, bob.headers)).statusCode, 403)
  const patch = (headers: Record<string, string>) =>
    p.http.inject({ method: 'PATCH', url: `/api/auth/clients/${made.id}`, headers, payload: { name: 'Better' } })
  assert.equal((await patch(bob.headers)).statusCode, 403)
  assert.equal((await patch(p.ada.headers)).json().name, 'Better')
  const other = (await p.post(`/clients/${made.id}/secret`, {}, p.ada.headers)).json()
  assert.notEqual(other.secret, made.secret)
  const end = await p.http.inject({ method: 'DELETE', url: `/api/auth/clients/${made.id}`, headers: p.ada.headers })
  assert.equal(end.statusCode, 204)
  p.clock.pass(16 * 60_000)
  const later = await p.renew(p.ada)
  assert.deepEqual(await tried({ organisationId }, later.headers), [403, 'sign_in_old'])
})

test('tokens end with the session in which they were given, or with all of them where they were given for longer', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const jar = await p.browser(p.ada)
  const bound = await p.tokensOf(client, jar)
  const lasting = await p.tokensOf(client, jar, { scope: 'openid account:read offline_access' })
  await p.open(jar, '/api/auth/sign-out', {})
  assert.equal(await p.reads(bound.access_token), 401)
  assert.equal((await p.refresh(client, bound.refresh_token)).json().error, 'invalid_grant')
  assert.equal(await p.reads(lasting.access_token), 200)
  const renewed = (await p.refresh(client, lasting.refresh_token)).json()
  assert.equal(await p.reads(renewed.access_token), 200)

  const disable = (disabled: boolean) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/users/${p.ada.id}/disabled`,
      headers: p.admin.headers,
      payload: { disabled },
    })
  assert.equal((await disable(true)).statusCode, 200)
  assert.equal(await p.reads(renewed.access_token), 401)
  assert.equal((await p.refresh(client, renewed.refresh_token)).json().error, 'invalid_grant', 'refresh after disable')
})

test('a client learns without a page whether somebody is there, and has them prove it anew', async t => {
  const p = await startProvider(t)
  const client = await p.register({ firstParty: true })
  const { verifier, challenge } = pkce()
  const told = async (jar: Map<string, string>, about: Record<string, string>) =>
    Object.fromEntries(p.ledTo(await p.open(jar, p.wayTo(client, challenge, about))).searchParams)
  assert.equal((await told(new Map(), { prompt: 'none' })).error, 'login_required')
  const jar = await p.browser(p.ada)
  const { code } = await told(jar, { prompt: 'none' })
  assert.ok(code, 'what is part of the platform is let in anyway')
  const before = claimsOf((await p.spend(client, code, verifier)).json().id_token)
  p.clock.pass(60_000)
  assert.equal((await told(jar, { prompt: 'none', max_age: '30' })).error, 'login_required')
  const stale = p.ledTo(await p.open(jar, p.wayTo(client, challenge, { max_age: '30' })))
  assert.equal(stale.pathname, '/api/auth/confirm')
  const own = stale.searchParams.get('return')!
  const proven = await p.open(jar, stale.pathname + stale.search, { password: p.ada.password })
  assert.equal(p.ledTo(proven).pathname, own, proven.body)
  const after = p.ledTo(await p.open(jar, own)).searchParams.get('code')!
  const { id_token } = (await p.spend(client, after, verifier)).json()
  assert.equal(claimsOf(id_token).auth_time, before.auth_time + 60)
  const third = await p.register()
  const asked = await p.open(jar, p.wayTo(third, challenge, { prompt: 'none' }))
  assert.equal(p.ledTo(asked).searchParams.get('error'), 'consent_required')
})
