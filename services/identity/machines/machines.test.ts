// More than 500 lines: keys and service accounts, which share who asks and what is served.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ApiKeyCreated, ApiKeyRevoked, ServiceAccountChanged } from '#contracts/identity'
import { scopeFor, scopes } from '#contracts/shared'
import { anyone, defineService, isKey, signedIn, withRole } from '#kernel'
import { all } from '../../all.ts'
import { identity } from '../service.ts'
import { bearer, claimsOf, held, type Person, startIdentity, startOrganisations } from '../testing.ts'

type Site = Awaited<ReturnType<typeof startIdentity>>

/** A service that says who it thinks asks. */
const serving = (name: string) =>
  defineService({
    name,
    folder: '/nowhere',
    start({ http }) {
      const options = (access = signedIn) => ({ config: { access }, schema: { summary: 'Who asks' } })
      const who = ({ visitor }: { visitor?: { userId: string; role: string; organisation?: object } }) =>
        visitor ? { userId: visitor.userId, role: visitor.role, organisation: visitor.organisation ?? null } : {}
      http.get('/', options(), request => who(request))
      http.post('/', options(), request => who(request))
      http.get('/open', options(anyone), request => who(request))
      http.get('/admin', options(withRole('operator')), request => who(request))
    },
  })
const [passports, billing] = [serving('passports'), serving('billing')]

const key = (p: Pick<Site, 'post'>, who: { headers: Record<string, string> }, more: object = {}) =>
  p.post('/keys', { name: 'Warehouse', scopes: ['passports:read'], ...more }, who.headers)
const ask = (
  p: Pick<Site, 'http'>,
  token: string,
  path = '/api/passports',
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
) => p.http.inject({ method, url: path, headers: bearer(token) })
const codes = async (answer: ReturnType<typeof ask>) => {
  const { statusCode, body } = await answer
  return [statusCode, body ? JSON.parse(body).code : undefined]
}

async function site(t: TestContext) {
  const p = await startIdentity(t, {}, [passports])
  return { ...p, ada: await p.person('Ada') }
}

const organisationOf = async (p: Awaited<ReturnType<typeof startOrganisations>>, owner: Person) => {
  const id = await p.found(owner)
  const { accessToken } = (await p.post(`/organisations/${id}/switch`, undefined, owner.headers)).json()
  return { id, acting: { headers: bearer(accessToken) } }
}

test('a key acts as its person within its scopes, is told once and kept as a digest', async t => {
  const p = await site(t)
  const made = await key(p, p.ada)
  assert.equal(made.statusCode, 201, made.body)
  const { key: secret, ...view } = made.json()
  assert.ok(isKey(secret))
  assert.ok(secret.startsWith(view.start) && secret.length > view.start.length + 40)
  assert.deepEqual([view.scopes, view.organisationId, view.lastUsedAt], [['passports:read'], null, null])

  assert.deepEqual((await ask(p, secret)).json(), { userId: p.ada.id, role: 'user', organisation: null })
  const listed = (await p.get('/keys', p.ada.headers)).json().items
  assert.deepEqual(
    listed.map(({ id }: { id: string }) => id),
    [view.id],
  )
  assert.equal(listed[0].lastUsedAt, p.clock.now().toISOString())
  assert.ok(!JSON.stringify(listed).includes(secret))
  const rows = await p.db('identity')`select to_json(k)::text as row from api_keys k`
  assert.ok(!JSON.stringify(rows).includes(secret.slice(20)))

  const [event] = await p.published(ApiKeyCreated)
  assert.deepEqual([event!.keyId, event!.ownerId, event!.actor!.userId], [view.id, p.ada.id, p.ada.id])
  assert.ok(!JSON.stringify(event).includes(secret))
})

test('a key does what its scopes say and no more; what is open to all is open to it as to a stranger', async t => {
  const p = await site(t)
  const { key: secret } = (await key(p, p.ada)).json()
  assert.deepEqual(await codes(ask(p, secret, '/api/passports', 'POST')), [403, 'scope_insufficient'])
  assert.equal((await ask(p, secret, '/api/passports', 'POST')).json().scope, 'passports:write')
  assert.deepEqual(await codes(ask(p, secret, '/api/passports/admin')), [403, 'role_insufficient'])
  assert.deepEqual((await ask(p, secret, '/api/passports/open')).json(), {
    userId: p.ada.id,
    role: 'user',
    organisation: null,
  })
  const { key: other } = (await key(p, p.ada, { scopes: ['shop:write'] })).json()
  assert.deepEqual((await ask(p, other, '/api/passports/open')).json(), {})
  assert.deepEqual(await codes(ask(p, other)), [403, 'scope_insufficient'])
})

test('API key creation for somebody else: whose a key is never comes from the body', async t => {
  const p = await site(t)
  const bob = await p.person('Bob')
  for (const more of [
    { userId: bob.id },
    { ownerId: bob.id },
    { organisationId: bob.id },
    { serviceAccountId: bob.id },
    { role: 'admin' },
  ])
    assert.deepEqual(await codes(key(p, p.ada, more)), [400, 'request_invalid'], JSON.stringify(more))
  assert.deepEqual(await codes(p.post('/keys', { name: 'Mine', scopes: ['passports:read'] })), [401, 'token_missing'])
  assert.deepEqual((await p.get('/keys', bob.headers)).json().items, [])
  const { id } = (await key(p, p.ada)).json()
  assert.deepEqual(await codes(p.post(`/keys/${id}/rotate`, {}, bob.headers)), [404, 'key_unknown'])
  assert.deepEqual(
    await codes(p.http.inject({ method: 'DELETE', url: `/api/auth/keys/${id}`, headers: bob.headers })),
    [404, 'key_unknown'],
  )
})

test('scope escalation by a key that makes keys: no key makes, rotates or ends keys, or changes an account', async t => {
  const p = await site(t)
  const { key: secret, id } = (await key(p, p.ada, { scopes })).json()
  const by = bearer(secret)
  for (const [path, body] of [
    ['/keys', { name: 'More', scopes: ['shop:write'], password: p.ada.password }],
    [`/keys/${id}/rotate`, { password: p.ada.password }],
    ['/organisations', { name: 'Mine' }],
    ['/password', { currentPassword: p.ada.password, newPassword: 'another quiet train' }],
  ] as const)
    assert.deepEqual(await codes(p.post(path, body, by)), [403, 'scope_insufficient'], path)
  assert.deepEqual(await codes(ask(p, secret, `/api/auth/keys/${id}`, 'DELETE')), [403, 'scope_insufficient'])
  assert.equal((await ask(p, secret, '/api/auth/profile')).statusCode, 200, 'it reads the account')
  await p.post('/logout', { everywhere: true }, by)
  assert.equal((await p.get('/profile', p.ada.headers)).statusCode, 200, 'it signs nobody out')
})

test('a key asks for a sign-in of a moment ago, or the password', async t => {
  const p = await site(t)
  p.clock.pass(16 * 60_000)
  const { accessToken } = (await p.post('/refresh', { refreshToken: p.ada.refreshToken })).json()
  const later = { headers: bearer(accessToken) }
  assert.deepEqual(await codes(key(p, later)), [403, 'sign_in_old'])
  assert.deepEqual(await codes(key(p, later, { password: 'not that' })), [403, 'password_wrong'])
  assert.equal((await key(p, later, { password: p.ada.password })).statusCode, 201)
})

test('a key whose owner was disabled is refused, and is good again with the account', async t => {
  const p = await site(t)
  const admin = await p.admin()
  const { key: secret } = (await key(p, p.ada)).json()
  assert.equal((await ask(p, secret)).statusCode, 200)
  const disable = (disabled: boolean) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/users/${p.ada.id}/disabled`,
      payload: { disabled },
      headers: admin.headers,
    })
  assert.equal((await disable(true)).statusCode, 200)
  assert.deepEqual(await codes(ask(p, secret)), [401, 'token_invalid'])
  await disable(false)
  assert.equal((await ask(p, secret)).statusCode, 200)
})

test('a key whose owner lost the role loses it with them, at once', async t => {
  const p = await site(t)
  const admin = await p.admin()
  const give = (role: string) =>
    p.http.inject({ method: 'PUT', url: `/api/auth/users/${p.ada.id}/role`, payload: { role }, headers: admin.headers })
  await give('operator')
  const { accessToken } = (await p.post('/refresh', { refreshToken: p.ada.refreshToken })).json()
  const { key: secret } = (await key(p, { headers: bearer(accessToken) })).json()
  assert.equal((await ask(p, secret, '/api/passports/admin')).json().role, 'operator')
  await give('user')
  assert.deepEqual(await codes(ask(p, secret, '/api/passports/admin')), [403, 'role_insufficient'])
  assert.equal((await ask(p, secret)).json().role, 'user')
})

test('a key for an organisation ends with the membership, and follows the role there', async t => {
  const p = await startOrganisations(t)
  const other = await p.another([identity, passports])
  const [ada, bob] = [await p.person('Ada'), await p.person('Bob')]
  const id = await p.found(ada)
  await p.join(ada, id, bob, 'editor')
  const { accessToken } = (await p.post(`/organisations/${id}/switch`, undefined, bob.headers)).json()
  const { key: secret, organisationId } = (await key(p, { headers: bearer(accessToken) })).json()
  assert.equal(organisationId, id)
  const at = () => other.app.inject({ url: '/api/passports', headers: bearer(secret) })
  assert.deepEqual((await at()).json().organisation, { id, role: 'editor' })
  await p.put(ada, id, bob, 'viewer')
  await heard(p, other)
  assert.equal((await at()).json().organisation.role, 'viewer')
  await p.remove(ada, id, bob)
  await heard(p, other)
  assert.equal((await at()).statusCode, 401)
})

test('a key after revocation is refused here at once, and in another process as soon as it hears', async t => {
  const p = await site(t)
  const other = await p.another([identity, passports])
  const { key: secret, id } = (await key(p, p.ada)).json()
  const at = () => other.app.inject({ url: '/api/passports', headers: bearer(secret) })
  assert.equal((await at()).statusCode, 200)
  assert.equal(
    (await p.http.inject({ method: 'DELETE', url: `/api/auth/keys/${id}`, headers: p.ada.headers })).statusCode,
    204,
  )
  assert.deepEqual(await codes(ask(p, secret)), [401, 'token_invalid'], 'here at once')
  await heard(p, other)
  assert.equal((await at()).statusCode, 401)
  assert.deepEqual(
    (await p.published(ApiKeyRevoked)).map(({ keyId, reason }) => [keyId, reason]),
    [[id, 'revoked']],
  )
})

test('after a rotation the former secret is good for the overlap and not a moment longer', async t => {
  const p = await site(t)
  const { key: first, id } = (await key(p, p.ada)).json()
  assert.equal((await ask(p, first)).statusCode, 200)
  const rotated = await p.post(`/keys/${id}/rotate`, { overlapMinutes: 3 }, p.ada.headers)
  assert.equal(rotated.statusCode, 200, rotated.body)
  const { key: second, formerUntil } = rotated.json()
  assert.notEqual(second, first)
  assert.equal(Date.parse(formerUntil), p.clock.at + 180_000)
  for (const secret of [first, second]) assert.equal((await ask(p, secret)).statusCode, 200)
  p.clock.pass(181_000)
  assert.deepEqual(await codes(ask(p, first)), [401, 'token_invalid'])
  assert.equal((await ask(p, second)).statusCode, 200)
  await p.post(`/keys/${id}/rotate`, { overlapMinutes: 0 }, p.ada.headers)
  assert.deepEqual(await codes(ask(p, second)), [401, 'token_invalid'])
})

test('a key ends with its time, also for tokens it was given before', async t => {
  const p = await site(t)
  const { key: secret, expiresAt } = (await key(p, p.ada, { expiresInDays: 1 })).json()
  assert.equal(Date.parse(expiresAt), p.clock.at + 86_400_000)
  p.clock.pass(86_400_000 - 60_000)
  assert.equal((await ask(p, secret)).statusCode, 200)
  p.clock.pass(62_000)
  assert.deepEqual(await codes(ask(p, secret)), [401, 'token_invalid'])
})

test('what only looks like a key is refused and nobody is asked about it', async t => {
  const p = await site(t)
  const { key: secret } = (await key(p, p.ada)).json()
  const flipped = secret.slice(0, 12) + (secret[12] === 'A' ? 'B' : 'A') + secret.slice(13)
  for (const text of [flipped, 'ohm_live_', `${secret}x`, secret.toUpperCase(), secret.slice(0, -1)])
    assert.deepEqual(await codes(ask(p, text)), [401, 'token_invalid'], text)
  const cookie = await p.http.inject({ url: '/api/passports', cookies: { 'ohmnibus-access': 'ohm_live_x' } })
  assert.equal(cookie.statusCode, 401)
})

test('a password that was forgotten takes the keys of its person along; a deleted account too', async t => {
  const p = await site(t)
  const { key: secret } = (await key(p, p.ada)).json()
  assert.equal((await ask(p, secret)).statusCode, 200)
  await p.post('/forgot-password', { email: p.ada.email })
  const token = (await p.mailed(p.ada.email)).link!.split('/').at(-1)!
  assert.equal((await p.post('/reset-password', { token, password: 'another quiet train' })).statusCode, 204)
  assert.deepEqual(await codes(ask(p, secret)), [401, 'token_invalid'])

  const bob = await p.person('Bob')
  const { key: his } = (await key(p, bob)).json()
  assert.equal((await ask(p, his)).statusCode, 200)
  await p.http.inject({
    method: 'DELETE',
    url: '/api/auth/profile',
    payload: { password: bob.password },
    headers: bob.headers,
  })
  assert.deepEqual(await codes(ask(p, his)), [401, 'token_invalid'])
})

test('a service account acts for its organisation, stays when who made it goes, and ends with the organisation', async t => {
  const p = await startOrganisations(t)
  const other = await p.another([identity, passports])
  const [ada, bob, eve] = [await p.person('Ada'), await p.person('Bob'), await p.person('Eve')]
  const { id } = await organisationOf(p, ada)
  await p.join(ada, id, bob, 'admin')
  const at = `/organisations/${id}/service-accounts`
  assert.deepEqual(await codes(p.post(at, { name: 'Line 3', role: 'editor' }, eve.headers)), [
    404,
    'organisation_unknown',
  ])
  assert.deepEqual(await codes(p.post(at, { name: 'Line 3', role: 'owner' }, bob.headers)), [400, 'request_invalid'])
  const account = (await p.post(at, { name: 'Line 3', role: 'editor' }, bob.headers)).json()
  const made = await p.post(`${at}/${account.id}/keys`, { name: 'One', scopes: ['passports:write'] }, bob.headers)
  assert.equal(made.statusCode, 201, made.body)
  const { key: secret, id: keyId } = made.json()
  const post = () => other.app.inject({ method: 'POST', url: '/api/passports', headers: bearer(secret) })
  assert.deepEqual((await post()).json(), { userId: account.id, role: 'user', organisation: { id, role: 'editor' } })

  await p.remove(ada, id, bob)
  assert.equal((await post()).statusCode, 200)
  assert.deepEqual(await codes(p.post(`/keys/${keyId}/rotate`, {}, (await p.renew(bob)).headers)), [404, 'key_unknown'])
  const keys = (await p.get(`${at}/${account.id}/keys`, ada.headers)).json().items
  assert.deepEqual(
    keys.map((one: { id: string }) => one.id),
    [keyId],
  )

  assert.equal(
    (await p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}`, headers: ada.headers })).statusCode,
    204,
  )
  await heard(p, other)
  assert.equal((await post()).statusCode, 401)
})

test('a viewer makes no service account, and one that is deleted has no keys', async t => {
  const p = await startOrganisations(t)
  const other = await p.another([identity, passports])
  const [ada, bob] = [await p.person('Ada'), await p.person('Bob')]
  const id = await p.found(ada)
  await p.join(ada, id, bob, 'viewer')
  const at = `/organisations/${id}/service-accounts`
  assert.deepEqual(await codes(p.post(at, { name: 'Mine', role: 'viewer' }, bob.headers)), [
    403,
    'organisation_admin_required',
  ])
  const account = (await p.post(at, { name: 'Line 3', role: 'viewer' }, ada.headers)).json()
  const { key: secret } = (
    await p.post(`${at}/${account.id}/keys`, { name: 'One', scopes: ['passports:read'] }, ada.headers)
  ).json()
  const get = () => other.app.inject({ url: '/api/passports', headers: bearer(secret) })
  assert.equal((await get()).statusCode, 200)
  const deleted = await p.http.inject({ method: 'DELETE', url: `/api/auth${at}/${account.id}`, headers: ada.headers })
  assert.equal(deleted.statusCode, 204)
  await heard(p, other)
  assert.equal((await get()).statusCode, 401)
})

/** Ada's organisation with a role, a service account that has it, and a second process. */
async function withRoles(t: TestContext) {
  const p = await startOrganisations(t, {}, [passports, billing])
  const other = await p.another([identity, passports, billing])
  const ada = await p.person('Ada')
  const id = await p.found(ada)
  const at = `/organisations/${id}`
  const send = (method: 'PATCH' | 'DELETE', path: string, payload?: object) =>
    p.http.inject({ method, url: `/api/auth${at}${path}`, headers: ada.headers, ...(payload && { payload }) })
  const define = async (name: string, permissions: string[]): Promise<string> =>
    (await p.post(`${at}/roles`, { name, permissions }, ada.headers)).json().id
  const role = await define('Reader', ['passports:read', 'billing:write'])
  const made = await p.post(`${at}/service-accounts`, { name: 'Line 3', role }, ada.headers)
  const addKey = (scopes: string[]) =>
    p.post(`${at}/service-accounts/${made.json().id}/keys`, { name: 'One', scopes }, ada.headers)
  const there = (secret: string, path: string) => other.app.inject({ url: path, headers: bearer(secret) })
  return { ...p, other, ada, id, at, send, define, role, made, addKey, there }
}

test('a service account has a role of its organisation: it may what that lets do, on every route, and its keys no more', async t => {
  const p = await withRoles(t)
  assert.equal(p.made.statusCode, 201, p.made.body)
  assert.equal(p.made.json().role, 'editor', 'what it comes to')
  assert.deepEqual(p.made.json().customRole.permissions, ['passports:read', 'billing:read', 'billing:write'])
  const listed = (await p.get(`${p.at}/service-accounts`, p.ada.headers)).json().items
  assert.equal(listed[0].customRole.name, 'Reader')
  const [{ serviceAccounts, members }] = (await p.get(`${p.at}/roles`, p.ada.headers)).json().items
  assert.deepEqual([members, serviceAccounts], [0, 1])

  const wider = await p.addKey(['passports:read', 'passports:write', 'shop:read'])
  assert.deepEqual([wider.statusCode, wider.json().code], [403, 'scopes_wider'])
  assert.deepEqual(wider.json().scopes, ['passports:write', 'shop:read'])
  assert.equal((await p.addKey(['notifications:read'])).statusCode, 201, 'what is nobody’s to restrict')
  const { key: secret, id: keyId } = (await p.addKey(['passports:read', 'billing:write'])).json()
  assert.deepEqual((await ask(p, secret)).json().organisation.permissions, [
    'passports:read',
    'billing:read',
    'billing:write',
  ])
  assert.equal((await ask(p, secret, '/api/billing', 'POST')).statusCode, 200)
  assert.deepEqual(await codes(ask(p, secret, '/api/passports', 'POST')), [403, 'scope_insufficient'])

  // Its role is made narrower, in a process that has just met the key and in another one.
  assert.equal((await p.there(secret, '/api/passports')).statusCode, 200)
  assert.equal((await p.send('PATCH', `/roles/${p.role}`, { permissions: ['billing:read'] })).statusCode, 200)
  assert.deepEqual(await codes(ask(p, secret)), [403, 'permission_missing'], 'here at once')
  await heard(p, p.other)
  assert.deepEqual(await codes(p.there(secret, '/api/passports')), [403, 'permission_missing'])
  assert.equal((await p.there(secret, '/api/billing')).statusCode, 403, 'its scopes are but to write')
  const token = (scope?: string) =>
    p.http.inject({
      method: 'POST',
      url: '/api/auth/token',
      payload: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: keyId,
        client_secret: secret,
        ...(scope && { scope }),
      }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  assert.equal((await token()).json().scope, '', 'it says what is left')
  assert.equal((await token('passports:read')).json().error, 'invalid_scope')
  assert.deepEqual(
    (await p.published(ServiceAccountChanged)).map(({ role, permissions }) => [role, permissions]),
    [
      ['editor', ['passports:read', 'billing:read', 'billing:write']],
      ['viewer', ['billing:read']],
    ],
  )
})

test('a service account gets another role, at once, and none of another organisation or that is no role of programs', async t => {
  const p = await withRoles(t)
  const account = `/service-accounts/${p.made.json().id}`
  const { key: secret } = (await p.addKey(['passports:read'])).json()
  assert.equal((await ask(p, secret)).statusCode, 200)
  const [eve, bob] = [await p.person('Eve'), await p.person('Bob')]
  await p.join(p.ada, p.id, bob, 'editor')
  const theirs = await p.found(eve, 'Other')
  const foreign = await p.post(`/organisations/${theirs}/roles`, { name: 'X', permissions: ['shop:read'] }, eve.headers)
  for (const [role, expected] of [
    ['owner', 'request_invalid'],
    ['admin', 'request_invalid'],
    [foreign.json().id, 'role_unknown'],
  ])
    assert.equal((await p.send('PATCH', account, { role })).json().code, expected, role)
  await assert.rejects(
    async () => p.db('identity')`update service_accounts set role_id = ${foreign.json().id}`,
    { code: '23503' },
    'the database has it so too',
  )
  const by = (who: Person) =>
    p.http.inject({
      method: 'PATCH',
      url: `/api/auth${p.at}${account}`,
      headers: who.headers,
      payload: { role: 'editor' },
    })
  assert.deepEqual(await codes(by(eve)), [404, 'organisation_unknown'])
  assert.deepEqual(await codes(by(bob)), [403, 'organisation_admin_required'])
  assert.deepEqual(await codes(p.send('PATCH', account)), [400, 'request_invalid'])

  const narrow = await p.define('Bookkeeper', ['billing:read'])
  assert.equal((await p.send('PATCH', account, { role: narrow, name: 'Line 4' })).json().name, 'Line 4')
  assert.deepEqual(await codes(ask(p, secret)), [403, 'permission_missing'])
  const viewer = await p.send('PATCH', account, { role: 'viewer' })
  assert.deepEqual([viewer.json().role, viewer.json().customRole], ['viewer', undefined])
  assert.deepEqual((await ask(p, secret)).json().organisation, { id: p.id, role: 'viewer' })
})

test('a role that service accounts have is removed by saying what they become; the last word is told', async t => {
  const p = await withRoles(t)
  const { key: secret } = (await p.addKey(['passports:read', 'billing:read'])).json()
  assert.equal((await ask(p, secret)).statusCode, 200)
  const held = await p.send('DELETE', `/roles/${p.role}`)
  assert.deepEqual([held.json().code, held.json().members, held.json().serviceAccounts], ['role_held', 0, 1])
  for (const to of ['admin', 'owner', p.role])
    assert.equal((await p.send('DELETE', `/roles/${p.role}?to=${to}`)).json().code, 'role_held', to)
  const narrow = await p.define('Bookkeeper', ['billing:read'])
  assert.equal((await p.send('DELETE', `/roles/${p.role}?to=${narrow}`)).statusCode, 204)
  assert.deepEqual(await codes(ask(p, secret)), [403, 'permission_missing'])
  assert.equal((await ask(p, secret, '/api/billing')).statusCode, 200)
  assert.equal((await p.send('DELETE', `/service-accounts/${p.made.json().id}`)).statusCode, 204)
  assert.deepEqual(
    (await p.published(ServiceAccountChanged)).map(({ role, roleId }) => [role, roleId]),
    [
      ['editor', p.role],
      ['viewer', narrow],
      [null, undefined],
    ],
  )
})

test('who is getting a token just then has it with the role of before refused, or gets what holds by then', async t => {
  const p = await withRoles(t)
  const { key: secret } = (await p.addKey(['passports:read'])).json()
  const [changed, answer] = await held(
    p.db('identity'),
    tx => tx`select from service_accounts where id = ${p.made.json().id} for update`,
    () => [p.send('PATCH', `/roles/${p.role}`, { permissions: ['billing:read'] }), ask(p, secret)],
  )
  assert.equal(changed!.statusCode, 200)
  assert.ok([200, 403].includes(answer!.statusCode), 'one was first')
  assert.deepEqual(await codes(ask(p, secret)), [403, 'permission_missing'], 'never later')
})

test('a program gets a token in the standard way, for fewer scopes if it wants', async t => {
  const p = await site(t)
  const { key: secret, id } = (await key(p, p.ada, { scopes: ['passports:read', 'shop:read'] })).json()
  const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    p.http.inject({
      method: 'POST',
      url: '/api/auth/token',
      payload: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  const granted = await token({ client_id: id, client_secret: secret, scope: 'passports:read' })
  assert.equal(granted.statusCode, 200, granted.body)
  const { access_token, ...about } = granted.json()
  assert.deepEqual(about, { token_type: 'Bearer', expires_in: 600, scope: 'passports:read' })
  const { sub, sid, scope, aud } = claimsOf(access_token)
  assert.deepEqual([sub, sid, scope, aud], [p.ada.id, id, 'passports:read', 'ohmnibus'])
  assert.equal((await ask(p, access_token)).statusCode, 200)
  assert.deepEqual(await codes(p.post('/keys', {}, bearer(access_token))), [403, 'scope_insufficient'])

  const basic = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
  assert.equal((await token({}, basic)).json().scope, 'passports:read shop:read')
  const bad = async (form: Record<string, string>) => {
    const { statusCode, body } = await token(form)
    return [statusCode, JSON.parse(body).error]
  }
  assert.deepEqual(await bad({ client_id: id, client_secret: 'wrong' }), [401, 'invalid_client'])
  assert.deepEqual(await bad({ client_id: p.ada.id, client_secret: secret }), [401, 'invalid_client'])
  assert.deepEqual(await bad({ client_id: id, client_secret: secret, scope: 'vendors:write' }), [400, 'invalid_scope'])
  assert.deepEqual(await bad({ grant_type: 'password' }), [400, 'unsupported_grant_type'])
})

test('every service stands in one part of the scopes, so that no route is forgotten', async () => {
  for (const name of [...Object.keys(all), 'operations']) {
    assert.ok(scopeFor(name, 'GET'), `${name} is in no part of scopeParts: nobody reads it by a key`)
    assert.ok(name === 'identity' || scopeFor(name, 'POST'), name)
  }
  assert.equal(scopeFor('identity', 'POST'), undefined)
  assert.equal(scopeFor('unheard-of', 'GET'), undefined)
  assert.ok(scopes.every(scope => /^[a-z]+:(read|write)$/.test(scope)))
})

/** Resolves once both processes know all that happened. */
const heard = async (p: Pick<Site, 'settle'>, other: { settle(): Promise<void> }): Promise<void> =>
  void (await Promise.all([p.settle(), other.settle()]))
