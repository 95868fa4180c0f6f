import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as oidc from 'openid-client'
import { bearer, claimsOf } from '../testing.ts'
import { pkce, publicUrl, redirectUri, startProvider } from './testing.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('bad will at the token endpoint', async t => {
  const p = await startProvider(t)
  const [client, another] = [await p.register(), await p.register({ name: 'Another' })]
  const open = (await p.register({ kind: 'public', name: 'App' })) as { id: string; secret: string }
  const jar = await p.browser(p.ada)
  const { verifier, challenge } = pkce()
  const codeFor = async (of: { id: string }, about = {}) => (await p.letIn(jar, p.wayTo(of, challenge, about))).code!
  // What the API answers, as JSON of any shape.
  const errorOf = (answer: { json(): any }) => answer.json().error as string | undefined

  await t.test('a code comes twice: it is refused, and the tokens of it end', async () => {
    const code = await codeFor(client)
    const { access_token, refresh_token } = (await p.spend(client, code, verifier)).json()
    assert.equal(await p.reads(access_token), 200)
    assert.equal(errorOf(await p.spend(client, code, verifier)), 'invalid_grant')
    assert.equal(await p.reads(access_token), 401)
    assert.equal(errorOf(await p.refresh(client, refresh_token)), 'invalid_grant')
  })

  await t.test('twenty spend a code at once: one gets tokens, and they are good no more', async () => {
    const code = await codeFor(client)
    const all = await Promise.all(Array.from({ length: 20 }, () => p.spend(client, code, verifier)))
    const granted = all.filter(({ statusCode }) => statusCode === 200)
    assert.equal(granted.length, 1)
    assert.equal(await p.reads(granted[0]!.json().access_token), 401)
  })

  await t.test('a code of another client is refused, and stays good for its own', async () => {
    const code = await codeFor(client)
    assert.equal(errorOf(await p.spend(another, code, verifier)), 'invalid_grant')
    assert.equal(errorOf(await p.spend(open, code, verifier)), 'invalid_grant')
    assert.equal((await p.spend(client, code, verifier)).statusCode, 200)
  })

  await t.test('a code is good for a minute, for its redirect and its verifier', async () => {
    const code = await codeFor(client)
    assert.equal(errorOf(await p.spend(client, code, pkce().verifier)), 'invalid_grant')
    assert.equal(errorOf(await p.spend(client, code, challenge)), 'invalid_grant', 'the challenge itself')
    assert.equal(errorOf(await p.spend(client, code, '')), 'invalid_grant')
    const elsewhere = { redirect_uri: `${redirectUri}/more` }
    assert.equal(errorOf(await p.spend(client, code, verifier, elsewhere)), 'invalid_grant')
    p.clock.pass(61_000)
    assert.equal(errorOf(await p.spend(client, code, verifier)), 'invalid_grant')
  })

  await t.test('a public client with a secret, and a confidential one without, are no clients', async () => {
    const code = await codeFor(open)
    const guessed = await p.spend({ ...open, secret: client.secret }, code, verifier)
    assert.deepEqual([guessed.statusCode, errorOf(guessed)], [401, 'invalid_client'])
    assert.equal((await p.spend({ ...open, secret: null }, code, verifier)).statusCode, 200)
    const bare = await p.spend({ ...client, secret: null }, await codeFor(client), verifier)
    assert.deepEqual([bare.statusCode, errorOf(bare)], [401, 'invalid_client'])
    const basic = Buffer.from(`${client.id}:${another.secret}`).toString('base64')
    const wrong = await p.form('/token', { grant_type: 'refresh_token' }, { authorization: `Basic ${basic}` })
    assert.deepEqual([wrong.statusCode, wrong.headers['www-authenticate']], [401, 'Basic realm="ohmnibus"'])
    assert.match(String(wrong.headers['content-type']), /^application\/json/)
  })

  await t.test(
    'a refresh token that comes again ends all that was given for it; of another client it is nothing',
    async () => {
      const first = await p.tokensOf(client, jar)
      assert.equal(errorOf(await p.refresh(another, first.refresh_token)), 'invalid_grant')
      const second = (await p.refresh(client, first.refresh_token)).json()
      const lost = (await p.refresh(client, first.refresh_token)).json()
      assert.equal(lost.refresh_token, second.refresh_token, 'for ten seconds the same successor')
      p.clock.pass(11_000)
      assert.equal(errorOf(await p.refresh(client, first.refresh_token)), 'invalid_grant')
      assert.equal(errorOf(await p.refresh(client, second.refresh_token)), 'invalid_grant', 'stolen')
      assert.equal(await p.reads(second.access_token), 401)
      assert.equal(errorOf(await p.refresh(client, 'invented')), 'invalid_grant')
      assert.equal((await p.post('/refresh', { refreshToken: second.refresh_token })).statusCode, 401, 'no session')
    },
  )

  await t.test('scopes beyond what was consented are not given', async () => {
    const { refresh_token, scope } = await p.tokensOf(client, jar)
    assert.equal(scope, 'openid account:read')
    assert.equal(errorOf(await p.refresh(client, refresh_token, { scope: 'openid email' })), 'invalid_scope')
    const beyond = await p.open(jar, p.wayTo(client, challenge, { scope: 'openid operations:write' }))
    assert.equal(p.ledTo(beyond).searchParams.get('error'), 'invalid_scope')
    await p.http.inject({
      method: 'PATCH',
      url: `/api/auth/clients/${client.id}`,
      headers: p.admin.headers,
      payload: { scopes: ['openid'], password: p.admin.password },
    })
    assert.equal(
      (await p.refresh(client, refresh_token)).json().scope,
      'openid',
      'nor what it is registered for no more',
    )
  })

  await t.test('a client is told of its own tokens alone, and ends no others', async () => {
    const tokens = await p.tokensOf(another, jar)
    const about = (of: { id: string; secret: string | null }, token: string) =>
      p.form('/introspect', { ...p.secretsOf(of), token })
    assert.deepEqual((await about(client, tokens.access_token)).json(), { active: false })
    assert.deepEqual((await about(client, tokens.refresh_token)).json(), { active: false })
    assert.equal((await about({ ...open, secret: null }, tokens.access_token)).statusCode, 401)
    assert.equal((await about(another, tokens.access_token)).json().active, true)
    assert.deepEqual((await about(another, p.ada.accessToken)).json(), { active: false })
    assert.equal((await p.form('/revoke', { ...p.secretsOf(client), token: tokens.refresh_token })).statusCode, 200)
    assert.equal(await p.reads(tokens.access_token), 200)
    await p.form('/revoke', { ...p.secretsOf(another), token: tokens.access_token })
    assert.equal(await p.reads(tokens.access_token), 401)
    assert.equal((await p.refresh(another, tokens.refresh_token)).statusCode, 200, 'RFC 7009: the token that was named')
  })
})

test('bad will on the way to the page', async t => {
  const p = await startProvider(t)
  const client = await p.register({ postLogoutRedirectUris: ['https://fleet.example.com/'] })
  const jar = await p.browser(p.ada)
  const { challenge } = pkce()

  await t.test('a redirect with another path or suffix leads nobody anywhere', async () => {
    const others = [
      `${redirectUri}/`,
      `${redirectUri}/more`,
      `${redirectUri}?a=b`,
      `${redirectUri}#a`,
      `${redirectUri}.evil.example`,
      'https://fleet.example.com/',
      'https://fleet.example.com.evil.example/callback',
      'https://FLEET.example.com/callback',
      'https://fleet.example.com/callback%2F..',
      'https://evil.example@fleet.example.com/callback',
      'http://fleet.example.com/callback',
      'https://fleet.example.com:443/callback',
      '//evil.example',
      'javascript:alert(1)',
      '',
    ]
    for (const uri of others) {
      const answer = await p.open(jar, p.wayTo(client, challenge, { redirect_uri: uri }))
      assert.deepEqual(
        [answer.statusCode, answer.headers.location, answer.headers.refresh],
        [400, undefined, undefined],
        uri,
      )
    }
    const twice = await p.open(jar, `${p.wayTo(client, challenge)}&redirect_uri=https%3A%2F%2Fevil.example`)
    assert.deepEqual([twice.statusCode, twice.headers.location], [400, undefined])
    const nobody = await p.open(jar, p.wayTo({ id: p.ada.id }, challenge))
    assert.deepEqual([nobody.statusCode, nobody.headers.location], [400, undefined])
  })

  await t.test('on the same device the port is free, and nothing else is', async () => {
    const app = await p.register({ kind: 'public', redirectUris: ['http://127.0.0.1/callback'] })
    const at = async (uri: string) => (await p.open(jar, p.wayTo(app, challenge, { redirect_uri: uri }))).statusCode
    assert.equal(await at('http://127.0.0.1:49152/callback'), 200)
    for (const uri of [
      'http://127.0.0.1:49152/other',
      'http://localhost:49152/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1:1@evil.example/callback',
    ])
      assert.equal(await at(uri), 400, uri)
  })

  await t.test('without PKCE, or with a plain one, there is no code', async () => {
    const errorOf = async (about: Record<string, string | undefined>) =>
      p.ledTo(await p.open(jar, p.wayTo(client, challenge, about))).searchParams.get('error')
    assert.equal(await errorOf({ code_challenge: undefined, code_challenge_method: undefined }), 'invalid_request')
    assert.equal(await errorOf({ code_challenge_method: 'plain' }), 'invalid_request')
    assert.equal(await errorOf({ code_challenge_method: undefined }), 'invalid_request')
    assert.equal(await errorOf({ code_challenge: 'short' }), 'invalid_request')
    assert.equal(await errorOf({ response_type: 'token' }), 'unsupported_response_type')
    assert.equal(await errorOf({ response_mode: 'fragment' }), 'invalid_request')
    assert.equal(await errorOf({ request: 'eyJhbGciOiJub25lIn0.e30.' }), 'request_not_supported')
    assert.equal(await errorOf({ request_uri: 'https://evil.example/' }), 'request_uri_not_supported')
  })

  await t.test('mix-up: every answer says by whom, and a client refuses that of another', async () => {
    const config = new oidc.Configuration(
      {
        issuer: 'https://evil.example',
        token_endpoint: 'https://evil.example/token',
        authorization_response_iss_parameter_supported: true,
      },
      client.id,
      client.secret,
    )
    const told = await p.letIn(jar, p.wayTo(client, challenge))
    assert.equal(told.iss, publicUrl)
    const denied = p.ledTo(await p.open(jar, p.wayTo(client, challenge, { scope: 'nothing' })))
    assert.equal(denied.searchParams.get('iss'), publicUrl)
    const back = new URL(`${redirectUri}?${new URLSearchParams(told)}`)
    const checks = { expectedState: 'as it was', pkceCodeVerifier: pkce().verifier }
    await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), error =>
      /"iss"/.test(String((error as Error).cause)),
    )
  })

  await t.test('the page shows in no frame, and its buttons work from it alone', async () => {
    const third = await p.register({ name: 'Third' })
    const asked = await p.open(jar, p.wayTo(third, challenge))
    assert.match(String(asked.headers['content-security-policy']), /frame-ancestors 'none'/)
    assert.match(String(asked.headers['content-security-policy']), /form-action 'self'/)
    assert.ok(asked.headers['x-frame-options'])
    assert.equal(asked.headers['cache-control'], 'no-store')
    const own = /return=%2Fapi%2Fauth%2Fauthorize%2F([\w-]{36})/.exec(asked.body)![1]!
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      const forged = await p.open(jar, `/api/auth/authorize/${own}`, { decision: 'allow' }, headers)
      assert.deepEqual([forged.statusCode, forged.headers.refresh], [403, undefined])
    }
    assert.deepEqual(
      (await p.get('/consents', p.ada.headers)).json().items.map((one: any) => one.client.name),
      ['Fleet planner'],
    )
    const bob = await p.browser(await p.person('Bob'))
    await p.open(jar, `/api/auth/authorize/${own}`, { decision: 'allow' })
    assert.equal((await p.open(bob, `/api/auth/authorize/${own}`, { decision: 'allow' })).statusCode, 400, 'answered')
  })

  await t.test('open redirect: signing out leads to where the client said alone, and not without a word', async () => {
    const out = (about: Record<string, string>) => p.open(jar, `/api/auth/end-session?${new URLSearchParams(about)}`)
    for (const uri of ['https://evil.example/', 'https://fleet.example.com/more', redirectUri]) {
      const led = await out({ client_id: client.id, post_logout_redirect_uri: uri })
      assert.deepEqual([led.statusCode, led.headers.location], [400, undefined], uri)
    }
    const nobody = await out({ post_logout_redirect_uri: 'https://fleet.example.com/' })
    assert.equal(nobody.statusCode, 400)
    const asked = await out({ client_id: client.id, post_logout_redirect_uri: 'https://fleet.example.com/' })
    assert.match(asked.body, /Sign out\?/)
    const hint = { id_token_hint: p.ada.accessToken, client_id: client.id }
    assert.match((await out(hint)).body, /Sign out\?/, 'an access token is no hint')
    assert.match((await p.open(jar, '/api/auth/sign-in')).body, /You are signed in/)
  })
})

test('what is not an access token of ours opens nothing', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const tokens = await p.tokensOf(client, await p.browser(p.ada))
  const claims = claimsOf(tokens.access_token)
  const header = JSON.parse(Buffer.from(tokens.access_token.split('.')[0]!, 'base64url').toString())
  const own = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'mine', alg: 'EdDSA' }
  const signed = (about: object, over: object = {}) =>
    new SignJWT({ ...claims, ...over })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...about })
      .sign(own.privateKey)
  const [head, body, signature] = tokens.access_token.split('.')
  const { keys } = (await p.http.inject('/.well-known/jwks.json')).json()
  const hmac = (about: object) =>
    new SignJWT(claims)
      .setProtectedHeader({ typ: 'at+jwt', kid: header.kid, alg: 'HS256', ...about })
      .sign(Buffer.from(keys[0].x + '='.repeat(32)))
  const hostile: Record<string, string> = {
    'an ID token': tokens.id_token,
    'a refresh token': tokens.refresh_token,
    'a token without a signature': `${part({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
    'a token that says none, with a signature': `${part({ ...header, alg: 'none' })}.${body}.${signature}`,
    'a token of a key elsewhere (jku)': await signed({ jku: 'https://evil.example/jwks', kid: 'mine' }),
    'a token that brings its key (jwk)': await signed({ jwk, kid: 'mine' }),
    'a token that takes the name of our key (kid)': await signed({ kid: header.kid }),
    'a token with a path as kid': await signed({ kid: '../../etc/passwd' }),
    'a token of the public key as secret': await hmac({}),
    'a token of another audience': await signed({ kid: header.kid }, { aud: client.id }),
    'other claims under our signature': `${head}.${part({ ...claims, scope: 'operations:write' })}.${signature}`,
  }
  for (const [name, token] of Object.entries(hostile)) {
    assert.equal(await p.reads(token), 401, name)
    assert.equal((await p.get('/userinfo', bearer(token))).statusCode, 401, name)
    const about = await p.form('/introspect', { ...p.secretsOf(client), token })
    assert.equal(about.json().active, name === 'a refresh token', name)
  }
  assert.equal(await p.reads(tokens.access_token), 200)
  assert.equal((await p.get('/userinfo', p.ada.headers)).statusCode, 403, 'people have their profile')
})
