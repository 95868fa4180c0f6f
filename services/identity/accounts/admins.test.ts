import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionsRevoked, UserDisabled, UserPasswordReset, UserRegistered, UserRoleChanged } from '#contracts/identity'
import { newId } from '#kernel'
import { openDatabase } from '../../../kernel/database/open.ts'
import { openPool } from '../../../kernel/database/pool.ts'
import { bearer, claimsOf, held, startIdentity } from '../testing.ts'
import { createAdmin } from './admins.ts'
import { resetByOperator } from '../passwords/resetting.ts'
import { identity } from '../service.ts'

test('an admin counts accounts, finds them by when they were made, and hears of parameters that no list knows', async t => {
  const { get, person, admin, clock } = await startIdentity(t)
  const root = await admin()
  await person('Ada')
  clock.pass(60_000)
  const since = new Date(clock.at).toISOString()
  const grace = await person('Grace')
  const found = async (query: string) =>
    (await get(`/users?${query}`, root.headers)).json().items.map(({ id }: { id: string }) => id)
  assert.deepEqual(await found(`createdFrom=${since}`), [grace.id])
  assert.equal((await found(`createdTo=${since}`)).length, 2)
  for (const [query, count] of [
    ['', 3],
    ['email=grace', 1],
    [`createdFrom=${since}`, 1],
    [`createdTo=${since}&email=ada`, 1],
  ] as const)
    assert.deepEqual((await get(`/users/count?${query}`, root.headers)).json(), { count, exact: true }, query)
  for (const path of ['/users?colour=red', '/users/count?limit=1', '/organisations?x=1', '/sessions?x=1'])
    assert.equal((await get(path, root.headers)).statusCode, 400, path)
})

test('an admin finds accounts by role and by whether they are disabled, together with the rest, and counts them', async t => {
  const { http, get, person, admin } = await startIdentity(t)
  const [root, ada, grace, alan] = [await admin(), await person('Ada'), await person('Grace'), await person('Alan')]
  const put = (who: { id: string }, what: string, payload: object) =>
    http.inject({ method: 'PUT', url: `/api/auth/users/${who.id}/${what}`, payload, headers: root.headers })
  await put(ada, 'role', { role: 'operator' })
  await put(grace, 'role', { role: 'operator' })
  await put(grace, 'disabled', { disabled: true })
  await put(alan, 'disabled', { disabled: true })
  const cases: [query: string, found: { id: string }[]][] = [
    ['role=operator', [ada, grace]],
    ['role=admin', [root]],
    ['role=authority', []],
    ['disabled=true', [alan, grace]],
    ['disabled=false', [ada, root]],
    ['role=operator&disabled=true', [grace]],
    ['role=operator&disabled=false&email=ada', [ada]],
    ['disabled=true&email=a', [alan]],
  ]
  for (const [query, found] of cases) {
    const ids = (await get(`/users?${query}`, root.headers)).json().items.map(({ id }: { id: string }) => id)
    assert.deepEqual(new Set(ids), new Set(found.map(({ id }) => id)), query)
    assert.equal((await get(`/users/count?${query}`, root.headers)).json().count, found.length, query)
  }
  const first = (await get('/users?role=operator&limit=1', root.headers)).json()
  const next = (await get(`/users?role=operator&limit=1&after=${first.nextCursor}`, root.headers)).json()
  assert.deepEqual(
    [...first.items, ...next.items].map(({ id }) => id),
    [ada.id, grace.id],
  )
  for (const query of ['role=owner', 'role=', 'disabled=maybe', 'disabled=1.5'])
    assert.equal((await get(`/users?${query}`, root.headers)).statusCode, 400, query)
})

test('an admin finds people by words of their name or any part of their address, a page at a time, and counts them', async t => {
  const { db, get, admin } = await startIdentity(t)
  const root = await admin()
  const people = [
    ['ada@donau.example', 'Ada', 'Lovelace'],
    ['grace.hopper@navy.example', 'Grace', 'Hopper'],
    ['li@donau.example', 'Li', 'Wu'],
    ['mueller@donau.example', 'Jürgen', 'MÜLLER'],
    ['percent%sign@navy.example', 'Per_Cent', ''],
  ] as const
  for (const [email, firstName, lastName] of people)
    await db('identity')`
      insert into users (id, email, password_hash, first_name, last_name, locale, created_at)
      values (${newId()}, ${email}, '!', ${firstName}, ${lastName}, 'en', now())`
  const [ada, grace, li, mueller, percent] = people.map(([email]) => email)
  const cases: [q: string, found: (string | undefined)[]][] = [
    ['lovelace', [ada]],
    ['LOVE', [ada]],
    ['velac', [ada]],
    ['hopper grace', [grace]],
    ['hopper ada', []],
    ['donau', [ada, li, mueller]],
    ['wu', [li]],
    ['l', [ada, li]],
    ['müller', [mueller]],
    ['navy.example', [grace, percent]],
    ['%', []],
    ['t%s', [percent]],
    ['r_c', [percent]],
    ['_ro', []],
    ['\\', []],
  ]
  for (const [q, found] of cases) {
    const query = new URLSearchParams({ q })
    const { items } = (await get(`/users?${query}`, root.headers)).json()
    assert.deepEqual(
      items.map(({ email }: { email: string }) => email),
      found,
      q,
    )
    assert.equal((await get(`/users/count?${query}`, root.headers)).json().count, found.length, q)
  }
  const first = (await get('/users?q=donau&limit=2', root.headers)).json()
  const next = (
    await get(`/users?q=donau&limit=2&after=${first.nextCursor}&role=user&disabled=false`, root.headers)
  ).json()
  assert.deepEqual(
    [...first.items, ...next.items].map(({ email }) => email),
    [ada, li, mueller],
  )
  assert.equal((await get('/users?q=', root.headers)).statusCode, 400)
})

test('an admin finds people, gives them roles and disables them; nobody else does', async t => {
  const { http, post, get, person, admin, published, clock } = await startIdentity(t)
  const [root, ada, grace] = [await admin(), await person('Ada'), await person('Grace')]
  const put = (path: string, payload: object, headers = root.headers, more = {}) =>
    http.inject({ method: 'PUT', url: `/api/auth/users${path}`, payload, headers: { ...headers, ...more } })

  const first = (await get('/users?limit=2', root.headers)).json()
  assert.deepEqual(
    first.items.map(({ email }: { email: string }) => email),
    ['ada@example.com', root.email],
  )
  assert.deepEqual(
    (await get(`/users?limit=2&after=${first.nextCursor}`, root.headers))
      .json()
      .items.map(({ id }: { id: string }) => id),
    [grace.id],
  )
  assert.deepEqual(
    (await get('/users?email=GRACE', root.headers)).json().items.map(({ id }: { id: string }) => id),
    [grace.id],
  )
  assert.deepEqual((await get('/users?email=%25', root.headers)).json().items, [], 'a percent sign is a percent sign')

  for (const refused of [
    await get('/users', ada.headers),
    await put(`/${grace.id}/role`, { role: 'admin' }, ada.headers),
    await put(`/${ada.id}/role`, { role: 'admin' }, ada.headers),
  ])
    assert.deepEqual([refused.statusCode, refused.json().code], [403, 'role_insufficient'])

  clock.pass(1000)
  const given = await put(`/${ada.id}/role`, { role: 'operator' }, root.headers, { 'if-match': '"1"' })
  assert.partialDeepStrictEqual(given.json(), { role: 'operator', version: 2 })
  assert.partialDeepStrictEqual(await published(UserRoleChanged), [
    { userId: ada.id, role: 'operator', formerRole: 'user', version: 2, actor: { userId: root.id, role: 'admin' } },
  ])
  assert.equal(
    (await get('/profile', ada.headers)).statusCode,
    401,
    'a token that says the old role is refused at once',
  )
  const renewed = (await post('/refresh', { refreshToken: ada.refreshToken })).json()
  assert.equal(claimsOf(renewed.accessToken).role, 'operator')
  assert.equal((await get('/profile', bearer(renewed.accessToken))).statusCode, 200)

  assert.equal((await put(`/${ada.id}/role`, { role: 'user' }, root.headers, { 'if-match': '"1"' })).statusCode, 412)
  assert.equal((await put(`/${ada.id}/role`, { role: 'operator' })).statusCode, 200)
  assert.equal((await published(UserRoleChanged)).length, 1, 'the same role again is no change')
  assert.equal((await put(`/${root.id}/role`, { role: 'user' })).json().code, 'own_account')
  assert.equal((await put(`/${newId()}/role`, { role: 'user' })).json().code, 'user_unknown')
})

test('whoever signs in while losing a role does not get it once more', async t => {
  const { http, post, person, admin } = await startIdentity(t)
  const [root, ada] = [await admin(), await person('Ada')]
  const make = (role: string) =>
    http.inject({ method: 'PUT', url: `/api/auth/users/${ada.id}/role`, payload: { role }, headers: root.headers })
  for (let i = 0; i < 3; i++) {
    await make('operator')
    const [login] = await Promise.all([post('/login', { email: ada.email, password: ada.password }), make('user')])
    if (login.statusCode === 401) continue
    const profile = await http.inject({ url: '/api/auth/profile', headers: bearer(login.json().accessToken) })
    assert.ok(profile.statusCode === 401 || claimsOf(login.json().accessToken).role === 'user')
  }
})

test('CVE-2023-22492: a disabled person neither refreshes nor signs in, and their tokens are refused at once', async t => {
  const { http, post, get, person, admin, published } = await startIdentity(t)
  const [root, ada] = [await admin(), await person('Ada')]
  const disable = (disabled: boolean) =>
    http.inject({
      method: 'PUT',
      url: `/api/auth/users/${ada.id}/disabled`,
      payload: { disabled },
      headers: root.headers,
    })

  assert.equal((await disable(true)).json().disabled, true)
  assert.equal((await get('/profile', ada.headers)).statusCode, 401)
  assert.equal((await post('/refresh', { refreshToken: ada.refreshToken })).json().code, 'refresh_token_invalid')
  assert.equal((await post('/login', { email: ada.email, password: ada.password })).json().code, 'credentials_invalid')
  assert.equal((await published(SessionsRevoked)).at(-1)!.userId, ada.id)

  assert.equal((await disable(false)).json().disabled, false)
  assert.equal(
    (await post('/refresh', { refreshToken: ada.refreshToken })).statusCode,
    401,
    'what has ended stays ended',
  )
  assert.equal((await post('/login', { email: ada.email, password: ada.password })).statusCode, 200)
  assert.deepEqual(
    (await published(UserDisabled)).map(({ disabled }) => disabled),
    [true, false],
  )
})

test('two admins who take each other’s rights at the same moment: one stays and is told so', async t => {
  const { http, post, get, person, admin, db } = await startIdentity(t)
  type Admin = Pick<Awaited<ReturnType<typeof admin>>, 'id' | 'email' | 'password' | 'headers'>
  let [root, ada]: [Admin, Admin] = [await admin(), await person('Ada')]
  const signIn = async ({ id, email, password }: Admin): Promise<Admin> => {
    const { accessToken } = (await post('/login', { email, password })).json()
    return { id, email, password, headers: bearer(accessToken) }
  }
  const put = ({ headers }: Admin, { id }: Admin, what: 'role' | 'disabled', to: string | boolean) =>
    http.inject({ method: 'PUT', url: `/api/auth/users/${id}/${what}`, payload: { [what]: to }, headers })
  const lost = { role: 'user', disabled: true } as const
  for (const [own, others] of [
    ['role', 'role'],
    ['disabled', 'disabled'],
    ['disabled', 'role'],
  ] as const) {
    assert.equal((await put(root, ada, 'role', 'admin')).statusCode, 200)
    ada = await signIn(ada)
    const both = await held(
      db('identity'),
      tx => tx`select from users for update`,
      () => [put(root, ada, own, lost[own]), put(ada, root, others, lost[others])],
    )
    assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [200, 409], `${own} and ${others}`)
    assert.equal(both.find(({ statusCode }) => statusCode === 409)!.json().code, 'last_admin')
    const [survivor, loser] = both[0]!.statusCode === 200 ? [root, ada] : [ada, root]
    const accounts = (await get('/users', survivor.headers)).json().items
    assert.deepEqual(
      accounts.flatMap((account: { id: string; role: string; disabled: boolean }) =>
        account.role === 'admin' && !account.disabled ? [account.id] : [],
      ),
      [survivor.id],
    )
    for (const [what, to] of [
      ['disabled', false],
      ['role', 'admin'],
    ] as const)
      assert.equal((await put(survivor, loser, what, to)).statusCode, 200)
    ;[root, ada] = [await signIn(root), await signIn(ada)]
    assert.equal((await put(root, ada, 'role', 'user')).statusCode, 200)
  }
})

test('of three admins, one who has just lost the role takes it from nobody', async t => {
  const { http, post, person, admin, db } = await startIdentity(t)
  const root = await admin()
  const [ada, bea] = [await person('Ada'), await person('Bea')]
  const put = (headers: Record<string, string>, id: string, role: string) =>
    http.inject({ method: 'PUT', url: `/api/auth/users/${id}/role`, payload: { role }, headers })
  for (const { id } of [ada, bea]) await put(root.headers, id, 'admin')
  const { accessToken } = (await post('/login', { email: ada.email, password: ada.password })).json()
  const answers = await held(
    db('identity'),
    tx => tx`select from users for update`,
    () => [put(root.headers, ada.id, 'user'), put(bearer(accessToken), bea.id, 'user')],
  )
  const codes = answers.map(answer => answer.json().code ?? answer.statusCode)
  // Either was first; what Ada did before she lost the role counts.
  assert.ok(codes[0] === 200 && (codes[1] === 200 || codes[1] === 'role_insufficient'), String(codes))
})

test('where no admin can sign in any more, the one of ADMIN_EMAIL can after the next start', async t => {
  const environment = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'a vermilion otter sleeps' }
  const { platform, another, post, db } = await startIdentity(t, { environment })
  const signIn = () => post('/login', { email: 'root@example.com', password: 'a vermilion otter sleeps' })
  for (const loss of ['disabled = true', "role = 'user'"]) {
    await db('identity').unsafe(`update users set ${loss}`)
    await another([identity])
    assert.equal((await signIn()).json().user.role, 'admin', loss)
  }
  assert.deepEqual(platform.announcements, [])
})

test('an empty evaluation database gets one admin, told once; a second start makes none', async t => {
  const { platform, another, admin, post, published } = await startIdentity(t)
  assert.equal(platform.announcements.length, 1)
  const root = await admin()
  assert.equal(root.email, 'admin@ohmnibus.local')
  const again = await another([identity])
  assert.deepEqual(again.announcements, [])
  assert.equal((await published(UserRegistered)).length, 1)
  assert.equal((await post('/login', { email: root.email, password: root.password })).json().user.role, 'admin')
})

test('ADMIN_EMAIL and ADMIN_PASSWORD make the first admin, and must both be good', async t => {
  const { platform, post } = await startIdentity(t, {
    environment: { ADMIN_EMAIL: 'Root@example.com', ADMIN_PASSWORD: 'a vermilion otter sleeps' },
  })
  assert.deepEqual(platform.announcements, [])
  assert.equal(
    (await post('/login', { email: 'root@example.com', password: 'a vermilion otter sleeps' })).json().user.role,
    'admin',
  )
  await assert.rejects(startIdentity(t, { environment: { ADMIN_EMAIL: 'root@example.com' } }), /belong together/)
  await assert.rejects(
    startIdentity(t, { environment: { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'password1234' } }),
    /easy to guess/,
  )
})

test('an admin is made by hand, once an address', async t => {
  const { platform, post } = await startIdentity(t)
  const pool = openPool(platform.database.at, 'identity', { max: 1 })
  t.after(() => pool.end())
  const identityDb = openDatabase(pool, 'identity')
  const options = { email: 'second@example.com', password: 'a vermilion otter sleeps', now: new Date() }
  assert.equal(await createAdmin(identityDb, options), true)
  await assert.rejects(createAdmin(identityDb, options), ({ code, details }) => {
    assert.equal(code, 'email_taken')
    assert.match(details.detail, /PUT \/api\/auth\/users\/[0-9a-f-]{36}\/role with \{"role":"admin"\}/)
    return true
  })
  await assert.rejects(createAdmin(identityDb, { ...options, email: 'third@example.com', password: 'short' }), {
    code: 'password_too_short',
  })
  assert.equal((await post('/login', { email: options.email, password: options.password })).json().user.role, 'admin')
})

test('whoever runs the platform gives somebody a new password: all sessions end and the owner is told', async t => {
  const { platform, post, get, person, published } = await startIdentity(t)
  const ada = await person('Ada')
  const pool = openPool(platform.database.at, 'identity', { max: 1 })
  t.after(() => pool.end())
  const identityDb = openDatabase(pool, 'identity')
  const password = 'a vermilion otter sleeps'
  assert.equal(await resetByOperator(identityDb, { email: 'ADA@example.com', password }), 1)
  await platform.settle()
  assert.equal((await post('/refresh', { refreshToken: ada.refreshToken })).statusCode, 401)
  assert.equal((await post('/login', { email: ada.email, password: ada.password })).statusCode, 401)
  assert.equal((await post('/login', { email: ada.email, password })).statusCode, 200)
  assert.partialDeepStrictEqual(await published(UserPasswordReset), [{ userId: ada.id, version: 2 }])
  assert.equal((await published(SessionsRevoked)).at(-1)!.userId, ada.id)
  assert.equal((await get('/profile', ada.headers)).statusCode, 401, 'in processes that run, too')
  await assert.rejects(resetByOperator(identityDb, { email: 'nobody@example.com', password }), { code: 'user_unknown' })
  await assert.rejects(resetByOperator(identityDb, { email: ada.email, password: 'short' }), {
    code: 'password_too_short',
  })
})
