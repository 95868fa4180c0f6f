import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { UserLoggedOut, UserUpdated } from '#contracts/identity'
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
