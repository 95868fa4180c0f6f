import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { bearer, claimsOf, startOrganisations, type Person } from '../testing.ts'

test('an organisation asks for a second factor: who lacks it neither acts for it nor looks after it, nor do their keys', async t => {
  const p = await startOrganisations(t)
  const [ada, bea, mallory] = [await p.person('Ada'), await p.person('Bea'), await p.person('Mallory')]
  const id = await p.found(ada)
  await p.join(ada, id, bea, 'admin')
  const rule = (who: Person, secondFactor: boolean) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${id}/sign-in-rules`,
      headers: who.headers,
      payload: { secondFactor },
    })
  const switchTo = (who: Person) => p.post(`/organisations/${id}/switch`, undefined, who.headers)
  const code = async (answer: ReturnType<typeof rule>) => (await answer).json().code
  assert.equal(await code(rule(ada, true)), 'organisation_needs_factor', 'nobody locks themselves out')
  assert.equal(await code(rule(bea, false)), 'organisation_owner_required')
  assert.equal(await code(rule(mallory, true)), 'organisation_unknown')

  const acting = (await switchTo(bea)).json().accessToken
  const asBea = { ...bea, headers: bearer(acting) }
  const { key } = (
    await p.post('/keys', { name: 'Line', scopes: ['account:read'], password: bea.password }, asBea.headers)
  ).json()
  assert.equal((await p.get('/profile', bearer(key))).statusCode, 200)
  const { secret } = (await p.post('/mfa/totp', undefined, ada.headers)).json()
  const otp = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: p.clock.at })
  const withFactor = (await p.post('/mfa/totp/verify', { otp }, ada.headers)).json().accessToken
  const owner = { ...ada, headers: bearer(withFactor) }
  assert.deepEqual((await rule(owner, true)).json(), { secondFactor: true, provider: null, onlyProvider: false })

  assert.equal((await p.get('/profile', asBea.headers)).statusCode, 401, 'at once')
  assert.equal((await p.get('/profile', bearer(key))).statusCode, 401, 'her key too')
  const again = await p.renew(bea)
  assert.equal(claimsOf(again.accessToken).org, undefined, 'she acts for herself')
  assert.deepEqual(
    [(await switchTo(again)).statusCode, await code(switchTo(again))],
    [403, 'organisation_needs_factor'],
  )
  assert.equal(await code(p.invite(again, id, 'x@example.com', 'viewer')), 'organisation_needs_factor')
  assert.equal((await p.get(`/organisations/${id}/members`, again.headers)).json().code, 'organisation_needs_factor')
  const signedIn = (await p.post('/refresh', { refreshToken: ada.refreshToken })).json().accessToken
  assert.equal(claimsOf((await switchTo({ ...ada, headers: bearer(signedIn) })).json().accessToken).org.id, id)
})
