import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserLoggedOut } from '#contracts/identity'
import { claimsOf, startIdentity } from '../testing.ts'

/** Keeps the cookies it is given and sends them with everything, as curl, Postman and Python's requests do. */
function jar() {
  const kept = new Map<string, string>()
  return {
    kept,
    headers: () => ({ cookie: [...kept].map(([name, value]) => `${name}=${value}`).join('; ') }),
    keep(cookies: { name: string; value: string; maxAge?: number; expires?: Date }[]) {
      for (const { name, value, maxAge, expires } of cookies)
        if (maxAge === 0 || (expires && expires.getTime() === 0)) kept.delete(name)
        else kept.set(name, value)
    },
  }
}

test('a program with a cookie jar registers, signs in, signs in again, refreshes and signs out, as often as it likes', async t => {
  const { post, get, http, mailed, published } = await startIdentity(t)
  const { kept, headers, keep } = jar()
  const ask = async (path: string, payload?: object) => {
    const answer = await post(path, payload, headers())
    keep(answer.cookies as never)
    return answer
  }
  const password = 'quiet trains at dawn'
  for (const name of ['Ada', 'Grace']) {
    const email = `${name.toLowerCase()}@example.com`
    assert.equal((await ask('/register', { email, password, name })).statusCode, 202)
    assert.equal((await ask('/resend-otp', { email })).statusCode, 202)
    const { code } = await mailed(email)
    const verified = await ask('/verify-otp', { email, otp: code })
    assert.equal(verified.statusCode, 201, verified.body)
    for (let round = 0; round < 2; round++) {
      const first = await ask('/login', { email, password })
      const second = await ask('/login', { email, password })
      assert.deepEqual([first.statusCode, second.statusCode], [200, 200])
      const refreshed = await ask('/refresh')
      assert.equal(refreshed.statusCode, 200, refreshed.body)
      assert.equal(claimsOf(refreshed.json().accessToken).sid, claimsOf(second.json().accessToken).sid)
      const profile = await http.inject({
        method: 'PATCH',
        url: '/api/auth/profile',
        headers: headers(),
        payload: { firstName: name },
      })
      assert.equal(profile.statusCode, 200, profile.body)
      assert.equal((await get('/profile', headers())).json().email, email)
      assert.equal((await ask('/logout')).statusCode, 204)
      assert.deepEqual([...kept.keys()], ['ohmnibus-registration'], 'its cookies are gone')
      assert.equal((await published(UserLoggedOut)).at(-1)!.reason, 'signed-out')
      assert.equal((await get('/profile', headers())).statusCode, 401)
    }
    // Still signed in while the next one registers.
    await ask('/login', { email, password })
  }
})

test('a page elsewhere can neither refresh nor end the session of its visitor, with whichever cookie', async t => {
  const { post, get, person } = await startIdentity(t)
  const { email, password } = await person('Ada')
  const signedIn = await post('/login', { email, password })
  const all = signedIn.cookies.map(({ name, value }) => `${name}=${value}`)
  const elsewhere = [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]
  for (const from of elsewhere)
    for (const cookie of [all.join('; '), ...all]) {
      const [refreshed, ended] = [
        await post('/refresh', undefined, { cookie, ...from } as never),
        await post('/logout', { everywhere: true }, { cookie, ...from } as never),
      ]
      assert.ok([401, 403].includes(refreshed.statusCode), refreshed.body)
      assert.deepEqual([ended.statusCode, ended.json().code], [403, 'origin_not_allowed'])
    }
  assert.equal((await get('/profile', { cookie: all.join('; ') })).statusCode, 200)
})
