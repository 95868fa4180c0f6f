import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ActingBegan, UserUpdated } from '#contracts/identity'
import { bearer, claimsOf, startOrganisations, type Person } from '../testing.ts'

async function startActing(t: TestContext) {
  const p = await startOrganisations(t)
  const root = await p.admin()
  const act = (who: { id: string }, about: object = {}, headers = root.headers) =>
    p.post(`/users/${who.id}/act`, { reason: 'Ticket 4711', ...about }, headers)
  const acting = async (who: { id: string }, about: object = {}) => {
    const { accessToken, sessionId } = (await act(who, about)).json()
    return { sessionId, headers: bearer(accessToken), claims: claimsOf(accessToken) }
  }
  const send = (method: 'PATCH' | 'DELETE' | 'PUT', path: string, headers: Person['headers'], payload: object = {}) =>
    p.http.inject({ method, url: `/api/auth${path}`, headers, payload })
  return { ...p, root, act, acting, send }
}

test('an admin acts in the place of somebody under both names, for a while, and it ends at once', async t => {
  const p = await startActing(t)
  const ada = await p.person('Ada')
  const id = await p.found(ada)
  const { headers, claims, sessionId } = await p.acting(ada, { minutes: 30, organisationId: id })
  assert.deepEqual([claims.sub, claims.act, claims.org.id], [ada.id, { sub: p.root.id }, id])
  const profile = (await p.get('/profile', headers)).json()
  assert.partialDeepStrictEqual(profile, { id: ada.id, actingFor: { by: p.root.id, byName: 'Admin' } })
  assert.equal((await p.get('/profile', ada.headers)).json().actingFor, undefined)
  assert.partialDeepStrictEqual(await p.published(ActingBegan), [
    { userId: ada.id, by: p.root.id, reason: 'Ticket 4711', actor: { userId: p.root.id, role: 'admin' } },
  ])
  const seen = (await p.get('/sessions', ada.headers)).json().items
  assert.ok(
    seen.some(({ id, device }: { id: string; device: string }) => id === sessionId && device === 'Admin (admin)'),
    'the person sees it',
  )
  p.clock.pass(20 * 60_000)
  assert.equal((await p.get('/profile', headers)).statusCode, 200, 'longer than other tokens')
  p.clock.pass(11 * 60_000)
  assert.equal((await p.get('/profile', headers)).statusCode, 401)

  // Each of these ends it at once.
  const bea = await p.person('Bea')
  p.root.headers = (await p.admin()).headers
  const left = await p.acting(bea)
  assert.equal((await p.post('/logout', { everywhere: true }, left.headers)).statusCode, 204)
  assert.equal((await p.get('/profile', left.headers)).statusCode, 401)
  assert.equal((await p.get('/profile', bea.headers)).statusCode, 200, 'the person stays')
  const thrown = await p.acting(bea)
  assert.equal((await p.send('DELETE', `/sessions/${thrown.sessionId}`, bea.headers)).statusCode, 204)
  assert.equal((await p.get('/profile', thrown.headers)).statusCode, 401)
  const stopped = await p.acting(bea)
  await p.post(`/users/${p.root.id}/sign-out`, undefined, p.root.headers)
  assert.equal((await p.get('/profile', stopped.headers)).statusCode, 401)
})

test('who acts in the place of somebody changes nothing of their account, and gets no more rights by it', async t => {
  const p = await startActing(t)
  const [ada, bea] = [await p.person('Ada'), await p.person('Bea')]
  const id = await p.found(ada)
  await p.join(ada, id, bea, 'viewer')
  const { headers, sessionId } = await p.acting(ada)
  const refused = [
    await p.post('/password', { currentPassword: ada.password, newPassword: 'trains that never stop' }, headers),
    await p.post('/email', { password: ada.password, email: 'mallory@example.com' }, headers),
    await p.send('PATCH', '/profile', headers, { name: 'Mallory' }),
    await p.send('DELETE', '/profile', headers, { password: ada.password }),
    await p.post('/mfa/totp', undefined, headers),
    await p.send('DELETE', '/mfa/totp', headers),
    await p.post('/passkeys/options', {}, headers),
    await p.post('/keys', { name: 'Mine', scopes: ['passports:read'], password: ada.password }, headers),
    await p.post('/step-up', { password: ada.password }, headers),
    await p.post(`/organisations/${id}/switch`, undefined, headers),
    await p.post(`/organisations/${id}/transfer`, { userId: bea.id, stayAs: null }, headers),
    await p.post(`/organisations/${id}/invitations`, { email: 'mallory@example.com', role: 'owner' }, headers),
    await p.send('DELETE', `/sessions/${sessionId}`, headers),
  ]
  for (const [at, { statusCode, body }] of refused.entries())
    assert.deepEqual([statusCode, JSON.parse(body).code], [403, 'acting_for_another'], String(at))
  assert.equal((await p.published(UserUpdated)).length, 0)
  const page = await p.http.inject({ url: '/api/auth/security', headers })
  assert.equal(page.cookies.length, 0, 'pages do not make a session of it')
  assert.notEqual(page.statusCode, 200)
})

test('nobody acts in the place of an admin or of who is disabled, without a reason, or with an old sign-in', async t => {
  const p = await startActing(t)
  const [ada, eve] = [await p.person('Ada'), await p.person('Eve')]
  const code = async (answer: ReturnType<typeof p.act>) => (await answer).json().code
  assert.equal(await code(p.act(p.root)), 'acting_refused')
  assert.equal(await code(p.act(ada, { reason: ' ' })), 'request_invalid')
  assert.equal(await code(p.act(ada, { minutes: 61 })), 'request_invalid')
  assert.equal(await code(p.act(ada, {}, eve.headers)), 'role_insufficient')
  const acted = await p.acting(ada)
  assert.equal((await p.act(eve, {}, acted.headers)).statusCode, 403, 'not in a chain')
  await p.send('PUT', `/users/${eve.id}/role`, p.root.headers, { role: 'admin' })
  assert.equal(await code(p.act(eve)), 'acting_refused')
  const signedIn = (await p.post('/login', { email: eve.email, password: eve.password })).json().accessToken
  const byEve = (await p.act(ada, {}, bearer(signedIn))).json().accessToken
  assert.equal((await p.get('/profile', bearer(byEve))).statusCode, 200)
  await p.send('PUT', `/users/${eve.id}/role`, p.root.headers, { role: 'user' })
  assert.equal((await p.get('/profile', bearer(byEve))).statusCode, 401, 'it ends with the rights of the admin')
  await p.send('PUT', `/users/${eve.id}/disabled`, p.root.headers, { disabled: true })
  assert.equal(await code(p.act(eve)), 'acting_refused')
  p.clock.pass(6 * 60_000)
  assert.equal(await code(p.act(ada)), 'fresh_sign_in_required')
})
