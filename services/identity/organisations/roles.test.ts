import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { listMembers, MemberChanged, MemberInvited } from '#contracts/identity'
import { permissionFor, permissions, scopes } from '#contracts/shared'
import { defineService, newId, signedIn, type Service } from '#kernel'
import { all } from '../../all.ts'
import { identity } from '../service.ts'
import { bearer, claimsOf, held, type Person, startOrganisations } from '../testing.ts'
import { predefined, refuseMembership, type Standing, wholePermissions } from './roles.ts'

/** A service with something to read and something to change. */
const serving = (name: string): Service =>
  defineService({
    name,
    folder: '/nowhere',
    start({ http }) {
      const options = { config: { access: signedIn }, schema: { summary: 'Who asks' } }
      http.get('/', options, ({ actor: { organisation } }) => ({ organisation: organisation ?? null }))
      http.post('/', options, () => ({}))
    },
  })
const [passports, billing] = [serving('passports'), serving('billing')]

type Site = Awaited<ReturnType<typeof site>>

/** Ada's organisation, with a way to ask for its roles. */
async function site(t: TestContext) {
  const p = await startOrganisations(t, {}, [passports, billing])
  const ada = await p.person('Ada')
  const id = await p.found(ada)
  const send = (method: 'POST' | 'PATCH' | 'DELETE' | 'PUT', by: Person, path = '', payload?: object) =>
    p.http.inject({
      method,
      url: `/api/auth/organisations/${id}/roles${path}`,
      headers: by.headers,
      ...(payload && { payload }),
    })
  const define = async (name: string, given: string[]) =>
    (await send('POST', ada, '', { name, permissions: given })).json().id as string
  /** Somebody new with this role. */
  const member = async (name: string, role: string) => {
    const who = await p.person(name)
    await p.join(ada, id, who, role)
    return who
  }
  const acting = async (who: Person): Promise<Person> => {
    const { accessToken } = (await p.post(`/organisations/${id}/switch`, undefined, who.headers)).json()
    return { ...who, accessToken, headers: bearer(accessToken) }
  }
  return { ...p, ada, id, send, define, member, acting }
}

const ask = (p: Pick<Site, 'http'>, headers: Record<string, string>, path: string, method: 'GET' | 'POST' = 'GET') =>
  p.http.inject({ method, url: path, headers })
const code = async (answer: ReturnType<typeof ask>) => {
  const { statusCode, body } = await answer
  return [statusCode, body ? JSON.parse(body).code : undefined]
}

test('a role of an organisation lets do what its permissions say on every route, by keys too, and leaves what is the own', async t => {
  const p = await site(t)
  const accountant = await p.define('Accountant', ['billing:write'])
  const bob = await p.member('Bob', accountant)
  assert.equal(await code(ask(p, bob.headers, '/api/passports', 'POST')).then(([status]) => status), 200, 'for himself')
  const acting = await p.acting(bob)
  assert.deepEqual(claimsOf(acting.accessToken).org, {
    id: p.id,
    role: 'editor',
    permissions: ['billing:read', 'billing:write'],
  })
  assert.equal((await ask(p, acting.headers, '/api/billing')).statusCode, 200)
  assert.equal((await ask(p, acting.headers, '/api/billing', 'POST')).statusCode, 200)
  const refused = await ask(p, acting.headers, '/api/passports')
  assert.deepEqual(
    [refused.statusCode, refused.json().code, refused.json().permission],
    [403, 'permission_missing', 'passports:read'],
  )
  assert.deepEqual(await code(ask(p, acting.headers, '/api/passports', 'POST')), [403, 'permission_missing'])
  const profile = (await p.get('/profile', acting.headers)).json()
  assert.deepEqual(profile.organisation.permissions, ['billing:read', 'billing:write'], 'the own account stays')

  const made = await p.post('/keys', { name: 'All', scopes, password: bob.password }, acting.headers)
  const { key } = made.json()
  assert.equal((await ask(p, bearer(key), '/api/billing', 'POST')).statusCode, 200)
  assert.deepEqual(await code(ask(p, bearer(key), '/api/passports')), [403, 'permission_missing'])

  const [told] = (await p.published(MemberInvited)).slice(-1)
  assert.deepEqual([told!.role, told!.customRole!.name], ['editor', 'Accountant'])
  const { members } = await p.ask(listMembers, { organisationId: p.id })
  assert.deepEqual(members.find(({ userId }) => userId === bob.id)!.permissions, ['billing:read', 'billing:write'])
  const listed = (await p.get(`/organisations/${p.id}/members`, p.ada.headers)).json().items
  assert.equal(listed.find(({ userId }: { userId: string }) => userId === bob.id).customRole.name, 'Accountant')
})

test('another definition of a role holds at once, here, in other processes, and for who is getting a token just then', async t => {
  const p = await site(t)
  const other = await p.another([identity, passports, billing])
  const heard = () => Promise.all([p.settle(), other.settle()])
  const role = await p.define('Reader', ['passports:read', 'billing:read'])
  const bob = await p.member('Bob', role)
  const acting = await p.acting(bob)
  const there = () => other.app.inject({ url: '/api/passports', headers: acting.headers })
  assert.equal((await there()).statusCode, 200)
  assert.equal((await p.send('PATCH', p.ada, `/${role}`, { permissions: ['billing:read'] })).statusCode, 200)
  assert.deepEqual(await code(ask(p, acting.headers, '/api/passports')), [401, 'token_invalid'], 'here at once')
  await heard()
  assert.equal((await there()).statusCode, 401)
  const renewed = await p.renew(bob)
  assert.deepEqual(claimsOf(renewed.accessToken).org.permissions, ['billing:read'])
  assert.deepEqual(await code(ask(p, renewed.headers, '/api/passports')), [403, 'permission_missing'])
  const changes = (await p.published(MemberChanged)).filter(({ userId }) => userId === bob.id)
  assert.deepEqual(changes.at(-1)!.customRole!.permissions, ['billing:read'])

  // Both wait for the membership: whichever comes first, no token says what holds no more.
  const [changed, refreshed] = await held(
    p.db('identity'),
    tx => tx`select from members where user_id = ${bob.id} for update`,
    () => [
      p.send('PATCH', p.ada, `/${role}`, { permissions: ['passports:read'] }),
      p.post('/refresh', { refreshToken: renewed.refreshToken }),
    ],
  )
  assert.deepEqual([changed!.statusCode, refreshed!.statusCode], [200, 200])
  const said = claimsOf(refreshed!.json().accessToken).org.permissions
  const answer = await ask(p, bearer(refreshed!.json().accessToken), '/api/billing')
  assert.ok(said[0] === 'passports:read' || answer.statusCode === 401, `${said} ${answer.statusCode}`)
  assert.notEqual(answer.statusCode, 200, 'never with the former rights')
})

test('a role that members have is removed by saying what they become, at once; its invitations go', async t => {
  const p = await site(t)
  const [wide, narrow] = [
    await p.define('Wide', ['passports:write', 'billing:write']),
    await p.define('Narrow', ['billing:read']),
  ]
  const bob = await p.member('Bob', wide)
  await p.invite(p.ada, p.id, 'carl@example.com', wide)
  const acting = await p.acting(bob)
  const held = await p.send('DELETE', p.ada, `/${wide}`)
  assert.deepEqual([held.statusCode, held.json().code, held.json().members], [409, 'role_held', 1])
  assert.equal((await p.send('DELETE', p.ada, `/${wide}?to=${wide}`)).json().code, 'role_held')
  assert.equal((await p.send('DELETE', p.ada, `/${wide}?to=${newId()}`)).json().code, 'role_unknown')
  assert.equal((await p.send('DELETE', p.ada, `/${wide}?to=${narrow}`)).statusCode, 204)
  assert.equal((await ask(p, acting.headers, '/api/billing')).statusCode, 401)
  assert.deepEqual(claimsOf((await p.renew(bob)).accessToken).org.permissions, ['billing:read'])
  assert.deepEqual((await p.get(`/organisations/${p.id}/invitations`, p.ada.headers)).json().items, [])
  const left = (await p.get(`/organisations/${p.id}/roles`, p.ada.headers)).json()
  assert.deepEqual(
    left.items.map(({ name, members }: { name: string; members: number }) => [name, members]),
    [['Narrow', 1]],
  )
  assert.equal((await p.send('DELETE', p.ada, `/${narrow}?to=viewer`)).statusCode, 204)
  const viewer = claimsOf((await p.renew(await signIn(p, bob))).accessToken)
  assert.equal(viewer.org, undefined, 'a new session acts for himself')
})

const signIn = async (p: Site, { email, password, ...who }: Person): Promise<Person> => {
  const { accessToken, refreshToken } = (await p.post('/login', { email, password })).json()
  return { ...who, email, password, accessToken, refreshToken, headers: bearer(accessToken) }
}

test('escalation: a member gives themselves more than they have', async t => {
  const p = await site(t)
  const manager = await p.define('People', ['people:write', 'billing:read'])
  const wider = await p.define('Wider', ['billing:write'])
  const mallory = await p.member('Mallory', manager)
  for (const role of ['owner', 'admin', 'editor', 'viewer', wider])
    assert.deepEqual(await code(p.put(mallory, p.id, mallory, role)), [403, 'role_wider'], role)
  assert.deepEqual(await code(p.send('PATCH', mallory, `/${manager}`, { permissions })), [
    403,
    'organisation_admin_required',
  ])
  assert.deepEqual(await code(p.send('POST', mallory, '', { name: 'Mine', permissions })), [
    403,
    'organisation_admin_required',
  ])
  assert.deepEqual(await code(p.send('DELETE', mallory, `/${manager}?to=admin`)), [403, 'organisation_admin_required'])
  const acting = await p.acting(mallory)
  assert.deepEqual(claimsOf(acting.accessToken).org.permissions, ['billing:read', 'people:write'])
})

test('escalation: somebody gives, offers or takes a role that is wider than their own', async t => {
  const p = await site(t)
  const [manager, reader] = [
    await p.define('People', ['people:write', 'billing:read']),
    await p.define('Reader', ['billing:read']),
  ]
  const wider = await p.define('Wider', ['billing:write'])
  const [mallory, bob, eve] = [
    await p.member('Mallory', manager),
    await p.member('Bob', reader),
    await p.member('Eve', 'editor'),
  ]
  assert.deepEqual(await code(p.put(mallory, p.id, bob, wider)), [403, 'role_wider'])
  assert.deepEqual(await code(p.put(mallory, p.id, eve, reader)), [403, 'role_wider'], 'nor takes what is wider')
  assert.deepEqual(await code(p.remove(mallory, p.id, eve)), [403, 'role_wider'])
  assert.deepEqual(await code(p.remove(mallory, p.id, p.ada)), [403, 'role_wider'])
  for (const role of ['owner', 'admin', 'viewer', wider])
    assert.deepEqual(await code(p.invite(mallory, p.id, 'x@example.com', role)), [403, 'role_wider'], role)
  assert.equal((await p.invite(mallory, p.id, 'x@example.com', reader)).statusCode, 201, 'what they have they give')
  assert.equal((await p.put(mallory, p.id, bob, manager)).statusCode, 204)

  // A role that becomes wider after it was offered is not had by that offer.
  assert.equal((await p.send('PATCH', p.ada, `/${reader}`, { permissions: ['billing:write'] })).statusCode, 200)
  assert.deepEqual((await p.get(`/organisations/${p.id}/invitations`, p.ada.headers)).json().items, [])
})

test('escalation: roles of another organisation, and what is no permission', async t => {
  const p = await site(t)
  const bob = await p.person('Bob')
  const foreign = await p.found(bob, 'Other')
  const made = await p.post(`/organisations/${foreign}/roles`, { name: 'Theirs', permissions }, bob.headers)
  const theirs = made.json().id
  await p.join(p.ada, p.id, bob, 'viewer')
  assert.deepEqual(await code(p.put(p.ada, p.id, bob, theirs)), [404, 'role_unknown'])
  assert.deepEqual(await code(p.send('PATCH', p.ada, `/${theirs}`, { name: 'Mine' })), [404, 'role_unknown'])
  await assert.rejects(
    async () => p.db('identity')`update members set role_id = ${theirs} where organisation_id = ${p.id}`,
    { code: '23503' },
    'the database has it so too',
  )
  for (const given of [
    ['operations:write'],
    ['account:read'],
    ['passports:admin'],
    [],
    ['passports:read', 'passports:read'],
  ])
    assert.deepEqual(await code(p.send('POST', p.ada, '', { name: 'X', permissions: given })), [400, 'request_invalid'])
  for (const [who, expected] of [
    [bob, 'organisation_admin_required'],
    [await p.person('Eve'), 'organisation_unknown'],
  ] as const)
    assert.equal((await p.send('POST', who, '', { name: 'X', permissions: ['billing:read'] })).json().code, expected)
  await p.define('Twice', ['billing:read'])
  assert.deepEqual(await code(p.send('POST', p.ada, '', { name: 'twice', permissions: ['billing:read'] })), [
    409,
    'role_exists',
  ])
})

test('the last owner takes no role of the organisation', async t => {
  const p = await site(t)
  const role = await p.define('All', [...permissions])
  assert.deepEqual(await code(p.put(p.ada, p.id, p.ada, role)), [409, 'last_owner'])
  const bob = await p.member('Bob', role)
  assert.deepEqual(await code(p.put(bob, p.id, p.ada, 'viewer')), [403, 'role_wider'], 'with all permissions too')
})

test('what the four roles come to, and that every service is in a permission or in none for a reason', () => {
  const can = (role: keyof typeof predefined, permission: string) => predefined[role].includes(permission)
  assert.deepEqual(
    (['owner', 'admin', 'editor', 'viewer'] as const).map(role => [
      can(role, 'people:write'),
      can(role, 'passports:write'),
      can(role, 'passports:read'),
    ]),
    [
      [true, true, true],
      [true, true, true],
      [false, true, true],
      [false, false, true],
    ],
  )
  assert.deepEqual(wholePermissions(['billing:write', 'people:write']), [
    'billing:read',
    'billing:write',
    'people:write',
  ])
  const own = new Set(['gateway', 'admin', 'identity', 'notifications'])
  const free = Object.keys(all).filter(name => permissionFor(name, 'POST') === undefined)
  assert.deepEqual(new Set(free), own, 'what is the own, or of the platform')
  const custom = (given: string[]): Standing => ({
    role: 'viewer',
    custom: { id: newId(), name: 'X', permissions: given },
  })
  assert.doesNotThrow(() =>
    refuseMembership(custom(['people:write', 'billing:read']), undefined, custom(['billing:read'])),
  )
  assert.throws(() => refuseMembership(custom(['billing:read']), undefined, null), {
    code: 'organisation_admin_required',
  })
})
