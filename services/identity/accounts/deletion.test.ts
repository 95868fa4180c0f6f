import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPerson, MemberChanged, OrganisationDeleted, SessionsRevoked, UserDeleted } from '#contracts/identity'
import { bearer, held, startOrganisations, type Person } from '../testing.ts'

async function startLeaving(t: Parameters<typeof startOrganisations>[0]) {
  const p = await startOrganisations(t)
  const leave = ({ headers, password }: Pick<Person, 'headers' | 'password'>, given = password) =>
    p.http.inject({ method: 'DELETE', url: '/api/auth/profile', payload: { password: given }, headers })
  const signIn = async <W extends Pick<Person, 'email' | 'password' | 'headers'>>(who: W): Promise<W> => {
    const { accessToken } = (await p.post('/login', { email: who.email, password: who.password })).json()
    return { ...who, headers: bearer(accessToken) }
  }
  return { ...p, leave, signIn }
}

test('whoever deletes their account with their password is gone, everywhere and at once, and may come back as new', async t => {
  const { post, get, ask, person, published, leave, signIn, db, found, join, invite } = await startLeaving(t)
  const [ada, bea] = [await person('Ada'), await person('Bea')]
  const elsewhere = await signIn(ada)
  const id = await found(bea)
  await join(bea, id, ada, 'admin')
  await invite(ada, id, 'guest@example.com', 'viewer')
  await invite(bea, await found(bea, 'Second'), ada.email, 'viewer')
  await post('/email', { password: ada.password, email: 'new@example.com' }, ada.headers)
  await post('/register', { email: ada.email, password: 'a stranger was here', name: 'Mallory' })

  const wrong = await leave(ada, 'not the password')
  assert.deepEqual([wrong.statusCode, wrong.json().code], [403, 'password_wrong'])
  const left = await leave(ada)
  assert.equal(left.statusCode, 204)
  assert.deepEqual(
    left.cookies.map(({ name, value }) => [name, value]),
    [
      ['ohmnibus-access', ''],
      ['ohmnibus-refresh', ''],
    ],
  )
  for (const { headers } of [ada, elsewhere]) assert.equal((await get('/profile', headers)).statusCode, 401)
  assert.equal((await post('/refresh', { refreshToken: ada.refreshToken })).json().code, 'refresh_token_invalid')
  assert.equal((await post('/login', { email: ada.email, password: ada.password })).json().code, 'credentials_invalid')
  await assert.rejects(ask(getPerson, { userId: ada.id }), { code: 'user_unknown' })
  const rows = await db('identity')`
    select (select count(*)::int from users where email = ${ada.email}) as users,
      (select count(*)::int from sessions where user_id = ${ada.id}) as sessions,
      (select count(*)::int from members where user_id = ${ada.id}) as members,
      (select count(*)::int from codes where email in (${ada.email}, 'new@example.com')) as codes,
      (select count(*)::int from registrations where email = ${ada.email}) as registrations,
      (select count(*)::int from invitations) as invitations`
  for (const [table, count] of Object.entries(rows[0]!)) assert.equal(count, 0, table)

  assert.partialDeepStrictEqual(await published(UserDeleted), [{ userId: ada.id, email: ada.email, locale: 'en' }])
  assert.partialDeepStrictEqual((await published(MemberChanged)).at(-1), { userId: ada.id, role: null })
  assert.equal((await published(SessionsRevoked)).at(-1)!.sessionIds.length, 2)
  const back = await person('Ada')
  assert.notEqual(back.id, ada.id)
  assert.deepEqual((await get('/organisations', back.headers)).json().items, [])
})

test('the only owner of an organisation is told what to do first; an empty one that nobody else belongs to goes along', async t => {
  const { person, found, join, put, leave, signIn, holdings, published } = await startLeaving(t)
  let [ada, bea] = [await person('Ada'), await person('Bea')]
  const empty = await found(ada, 'Empty')
  const full = await found(ada, 'Full')
  const shared = await found(ada, 'Shared')
  holdings.documents.set(full, 3)
  await join(ada, shared, bea, 'admin')

  const refused = await leave(ada)
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'organisation_without_owner'])
  assert.match(refused.json().detail, /only owner of “Full”, “Shared”/)
  assert.deepEqual(refused.json().organisations, [
    { id: full, name: 'Full', others: 0, holds: { documents: 3 } },
    { id: shared, name: 'Shared', others: 1, holds: {} },
  ])
  await put(ada, shared, bea, 'owner')
  holdings.documents.clear()
  assert.equal((await leave(ada)).statusCode, 204)
  assert.deepEqual(
    (await published(OrganisationDeleted)).map(({ organisationId }) => organisationId),
    [empty, full],
  )
  bea = await signIn(bea)
  assert.equal((await leave(bea)).statusCode, 204, 'whoever is left is the only member of an empty one')
})

test('the last admin cannot go; of two who go at the same moment one stays', async t => {
  const { http, person, admin, leave, signIn, db } = await startLeaving(t)
  const root = await admin()
  let ada = await person('Ada')
  assert.deepEqual([(await leave(root)).statusCode, (await leave(root)).json().code], [409, 'last_admin'])
  const put = (path: string, payload: object, by: { headers: Record<string, string> }, id: string) =>
    http.inject({ method: 'PUT', url: `/api/auth/users/${id}/${path}`, payload, headers: by.headers })
  await put('role', { role: 'admin' }, root, ada.id)
  ada = await signIn(ada)
  const both = await held(
    db('identity'),
    tx => tx`select from users for update`,
    () => [leave(root), leave(ada)],
  )
  assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [204, 409])
  assert.equal(both.find(({ statusCode }) => statusCode === 409)!.json().code, 'last_admin')
})

test('an owner who goes while the other owner goes, leaves or joins elsewhere leaves no organisation behind without one', async t => {
  const { post, person, found, join, remove, invite, invitationFor, roles, leave, db } = await startLeaving(t)
  let round = 0
  for (const meet of [
    (bea: Person) => leave(bea),
    (bea: Person, id: string) => remove(bea, id, bea),
    (_: Person, __: string, ada: Person, token: string) => post('/invitations/accept', { token }, ada.headers),
    (bea: Person, id: string) => post(`/organisations/${id}/switch`, undefined, bea.headers),
  ]) {
    const [ada, bea] = [await person(`Ada${++round}`), await person(`Bea${round}`)]
    const id = await found(ada)
    await join(ada, id, bea, 'owner')
    const other = await found(bea)
    await invite(bea, other, ada.email, 'owner')
    const token = await invitationFor(ada.email)
    const answers = await held(
      db('identity'),
      tx => tx`select from organisations where id in (${id}, ${other}) for update`,
      () => [leave(ada), meet(bea, id, ada, token)],
    )
    for (const answer of answers) assert.ok(answer.statusCode < 500, `${meet}: ${answer.body}`)
    for (const organisation of [id, other]) {
      const [stands] = await db('identity')`select from organisations where id = ${organisation}`
      if (stands) assert.ok(Object.values(await roles(organisation)).includes('owner'), `${meet}`)
    }
  }
})
