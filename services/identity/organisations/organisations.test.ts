import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  getInvitation,
  listMembers,
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  SessionsRevoked,
} from '#contracts/identity'
import { newId } from '#kernel'
import { bearer, claimsOf, held, startIdentity } from '../testing.ts'
import { refuseMemberChange } from './organisations.ts'

type Person = Awaited<ReturnType<Awaited<ReturnType<typeof startIdentity>>['person']>>

async function startOrganisations(t: Parameters<typeof startIdentity>[0]) {
  const p = await startIdentity(t)
  const found = async (owner: Person, name = 'Voltaic GmbH') =>
    (await p.post('/organisations', { name }, owner.headers)).json().id as string
  const invite = (by: Person, id: string, email: string, role: string) =>
    p.post(`/organisations/${id}/invitations`, { email, role }, by.headers)
  /** Makes somebody a member the way it happens: by a mail. */
  const join = async (by: Person, id: string, who: Person, role: string) => {
    await invite(by, id, who.email, role)
    return await p.post('/invitations/accept', { token: await p.invitationFor(who.email) }, who.headers)
  }
  const put = (by: Person, id: string, who: Person, role: string) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${id}/members/${who.id}`,
      payload: { role },
      headers: by.headers,
    })
  const remove = (by: Person, id: string, who: Person) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}/members/${who.id}`, headers: by.headers })
  const roles = async (id: string) =>
    Object.fromEntries(
      (await p.ask(listMembers, { organisationId: id })).members.map(({ userId, role }) => [userId, role]),
    )
  const renew = async (who: Person) => {
    const { accessToken, refreshToken } = (await p.post('/refresh', { refreshToken: who.refreshToken })).json()
    return { ...who, accessToken, refreshToken, headers: bearer(accessToken) } as Person
  }
  return { ...p, found, invite, join, put, remove, roles, renew }
}

test('who founds an organisation owns it; others do not learn that it exists', async t => {
  const { post, get, person, admin, published, found } = await startOrganisations(t)
  const [ada, grace, root] = [await person('Ada'), await person('Grace'), await admin()]
  const id = await found(ada)
  assert.partialDeepStrictEqual(await published(OrganisationCreated), [
    { organisationId: id, name: 'Voltaic GmbH', ownerId: ada.id },
  ])
  assert.partialDeepStrictEqual((await get(`/organisations/${id}`, ada.headers)).json(), {
    id,
    name: 'Voltaic GmbH',
    role: 'owner',
  })
  assert.equal((await get(`/organisations/${id}`, root.headers)).json().role, null, 'an admin of the platform sees it')

  for (const path of ['', '/members', '/invitations'])
    assert.deepEqual(
      [
        (await get(`/organisations/${id}${path}`, grace.headers)).json().code,
        (await get(`/organisations/${newId()}${path}`, grace.headers)).json().code,
      ],
      ['organisation_unknown', 'organisation_unknown'],
    )
  assert.equal(
    (await post(`/organisations/${id}/switch`, undefined, grace.headers)).json().code,
    'organisation_unknown',
  )

  const second = await found(ada, 'Second')
  const list = (await get('/organisations?limit=1', ada.headers)).json()
  assert.deepEqual(
    [
      list.items[0].id,
      (await get(`/organisations?after=${list.nextCursor}`, ada.headers)).json().items.map((o: { id: string }) => o.id),
    ],
    [id, [second]],
  )
  assert.deepEqual((await get('/organisations', grace.headers)).json(), { items: [], nextCursor: null })
})

test('founding twice with one Idempotency-Key founds once', async t => {
  const { post, person, published } = await startOrganisations(t)
  const { headers } = await person('Ada')
  const found = () => post('/organisations', { name: 'Voltaic GmbH' }, { ...headers, 'idempotency-key': 'one' })
  assert.deepEqual((await found()).json(), (await found()).json())
  assert.equal((await published(OrganisationCreated)).length, 1)
})

test('an organisation is renamed by its admins, not by what they read long ago', async t => {
  const { http, get, person, found, join } = await startOrganisations(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const id = await found(ada)
  await join(ada, id, grace, 'viewer')
  const rename = (by: Person, name: string, match?: string) =>
    http.inject({
      method: 'PATCH',
      url: `/api/auth/organisations/${id}`,
      payload: { name },
      headers: { ...by.headers, ...(match && { 'if-match': match }) },
    })
  const etag = String((await get(`/organisations/${id}`, ada.headers)).headers.etag)
  const renamed = await rename(ada, 'Voltaic AG', etag)
  assert.deepEqual([renamed.statusCode, renamed.json().name], [200, 'Voltaic AG'])
  assert.equal((await rename(ada, 'Voltaic KG', etag)).statusCode, 412)
  assert.equal((await rename(ada, 'Voltaic SE', String(renamed.headers.etag))).statusCode, 200)
  assert.equal((await rename(grace, 'Mine')).json().code, 'organisation_admin_required')
  assert.equal((await get(`/organisations/${id}`, grace.headers)).json().name, 'Voltaic SE')
})

test('an invitation goes by mail and makes a member of the one who was invited, once', async t => {
  const { post, get, person, published, ask, roles, found, invite, invitationFor } = await startOrganisations(t)
  const [ada, grace, mallory] = [await person('Ada'), await person('Grace'), await person('Mallory')]
  const id = await found(ada)

  const invited = await invite(ada, id, 'GRACE@example.com', 'editor')
  assert.equal(invited.statusCode, 201)
  assert.partialDeepStrictEqual(invited.json(), {
    email: grace.email,
    role: 'editor',
    expiresAt: '2027-02-25T08:30:00.000Z',
  })
  assert.equal(
    JSON.stringify(invited.json()).includes(await invitationFor(grace.email)),
    false,
    'the secret goes by mail only',
  )
  assert.partialDeepStrictEqual((await published(MemberInvited))[0], {
    organisationId: id,
    email: grace.email,
    organisationName: 'Voltaic GmbH',
    invitedBy: 'Ada',
    role: 'editor',
  })
  assert.deepEqual(
    (await get(`/organisations/${id}/invitations`, ada.headers))
      .json()
      .items.map(({ email }: { email: string }) => email),
    [grace.email],
  )

  const token = await invitationFor(grace.email)
  assert.equal((await post('/invitations/accept', { token }, mallory.headers)).json().code, 'invitation_for_another')
  assert.equal((await post('/invitations/accept', { token })).statusCode, 401)
  const both = await Promise.all([1, 2].map(() => post('/invitations/accept', { token }, grace.headers)))
  assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [200, 404])
  assert.partialDeepStrictEqual(both.find(({ statusCode }) => statusCode === 200)!.json(), { id, role: 'editor' })
  assert.deepEqual(await roles(id), { [ada.id]: 'owner', [grace.id]: 'editor' })
  assert.partialDeepStrictEqual(await published(MemberChanged), [
    { organisationId: id, userId: grace.id, role: 'editor' },
  ])
  assert.deepEqual(
    (await get(`/organisations/${id}/members`, grace.headers))
      .json()
      .items.map(({ name, email, role }: Record<string, string>) => [name, email, role]),
    [
      ['Ada', ada.email, 'owner'],
      ['Grace', grace.email, 'editor'],
    ],
  )
  await assert.rejects(ask(getInvitation, { invitationId: invited.json().id }), { code: 'invitation_unknown' })
})

test('an invitation ends after seven days, when it is withdrawn, and when another takes its place', async t => {
  const { post, http, person, found, invite, invitationFor, clock, renew, ask } = await startOrganisations(t)
  let [ada, grace] = [await person('Ada'), await person('Grace')]
  const id = await found(ada)
  const accept = async (token: string) => (await post('/invitations/accept', { token }, grace.headers)).json().code

  await invite(ada, id, grace.email, 'viewer')
  const replaced = await invitationFor(grace.email)
  const { id: invitationId } = (await invite(ada, id, grace.email, 'editor')).json()
  assert.equal(await accept(replaced), 'invitation_unknown')

  const withdraw = () =>
    http.inject({
      method: 'DELETE',
      url: `/api/auth/organisations/${id}/invitations/${invitationId}`,
      headers: ada.headers,
    })
  const withdrawn = await invitationFor(grace.email)
  assert.deepEqual([(await withdraw()).statusCode, (await withdraw()).json().code], [204, 'invitation_unknown'])
  assert.equal(await accept(withdrawn), 'invitation_unknown')

  const late = (await invite(ada, id, grace.email, 'editor')).json()
  const token = await invitationFor(grace.email)
  clock.pass(7 * 86_400_000)
  ;[ada, grace] = [await renew(ada), await renew(grace)]
  assert.equal(await accept(token), 'invitation_unknown')
  await assert.rejects(ask(getInvitation, { invitationId: late.id }), { code: 'invitation_unknown' })
})

test('the link of an invitation opens a page whose button joins', async t => {
  const { http, person, found, invite, invitationFor, roles } = await startOrganisations(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const id = await found(ada, 'Volt & <b>Sons</b>')
  await invite(ada, id, grace.email, 'editor')
  const url = `/api/auth/invitations/${await invitationFor(grace.email)}`

  const stranger = await http.inject({ url })
  assert.equal(stranger.statusCode, 200)
  assert.ok(
    stranger.body.includes('Volt &#38; &#60;b&#62;Sons') && !stranger.body.includes('<button'),
    'who is not signed in is asked to',
  )
  for (const page of ['sign-in', 'sign-up'])
    assert.ok(
      stranger.body.includes(
        `<a href="/api/auth/${page}?return=${encodeURIComponent(url)}&#38;email=grace%40example.com"`,
      ),
      `and led to ${page} and back`,
    )
  const ownSession = { cookie: `ohmnibus-access=${ada.accessToken}`, 'sec-fetch-site': 'same-origin' }
  const wrong = await http.inject({ url, headers: ownSession })
  assert.match(wrong.body, /somebody else[^]*<form method="post" action="\/api\/auth\/sign-out\?return=/)
  const taken = await http.inject({ method: 'POST', url, headers: ownSession })
  assert.deepEqual([taken.statusCode, taken.headers['content-type']], [403, 'text/html; charset=utf-8'])
  const nobody = await http.inject({ method: 'POST', url })
  assert.deepEqual([nobody.statusCode, nobody.body.includes('/api/auth/sign-in?return=')], [401, true])
  const headers = {
    cookie: `ohmnibus-access=${grace.accessToken}`,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  }
  assert.match((await http.inject({ url, headers })).body, /<form method="post"><button>Join/)
  assert.equal(
    (
      await http.inject({ method: 'POST', url, headers: { ...headers, 'sec-fetch-site': 'cross-site' }, payload: '' })
    ).json().code,
    'origin_not_allowed',
  )
  assert.deepEqual(await roles(id), { [ada.id]: 'owner' }, 'opening it joins nobody')
  assert.equal((await http.inject({ method: 'POST', url, headers, payload: '' })).statusCode, 200)
  assert.deepEqual(await roles(id), { [ada.id]: 'owner', [grace.id]: 'editor' })
  assert.equal((await http.inject({ url, headers })).statusCode, 404)
})

test('the token carries the organisation one has switched to, until one switches back', async t => {
  const { post, get, person, found, renew } = await startOrganisations(t)
  const ada = await person('Ada')
  const id = await found(ada)
  assert.equal(claimsOf(ada.accessToken).org, undefined)

  const switched = await post(`/organisations/${id}/switch`, undefined, ada.headers)
  assert.equal(switched.statusCode, 200)
  const { accessToken, user } = switched.json()
  assert.deepEqual(
    [claimsOf(accessToken).org, user.organisation],
    [
      { id, role: 'owner' },
      { id, role: 'owner' },
    ],
  )
  assert.equal(claimsOf(accessToken).sid, claimsOf(ada.accessToken).sid, 'it is the same session')
  assert.deepEqual(
    switched.cookies.map(({ name }) => name),
    ['ohmnibus-access'],
  )
  assert.deepEqual((await get('/profile', bearer(accessToken))).json().organisation, { id, role: 'owner' })

  const renewed = await renew(ada)
  assert.deepEqual(claimsOf(renewed.accessToken).org, { id, role: 'owner' }, 'a refresh keeps it')
  const back = (await post('/organisations/personal/switch', undefined, renewed.headers)).json()
  assert.equal(claimsOf(back.accessToken).org, undefined)
  assert.equal(claimsOf((await renew(renewed)).accessToken).org, undefined)
})

test('a member with another role, or removed, loses the tokens that say otherwise at once, but not the session', async t => {
  const { post, get, person, clock, found, join, put, remove, roles, renew, published } = await startOrganisations(t)
  const ada = await person('Ada')
  let grace = await person('Grace')
  const id = await found(ada)
  await join(ada, id, grace, 'editor')
  const acting = (await post(`/organisations/${id}/switch`, undefined, grace.headers)).json().accessToken
  clock.pass(1000)

  assert.equal((await put(ada, id, grace, 'viewer')).statusCode, 204)
  assert.equal((await get('/profile', bearer(acting))).statusCode, 401)
  grace = await renew(grace)
  assert.deepEqual(claimsOf(grace.accessToken).org, { id, role: 'viewer' })
  assert.equal((await get('/profile', grace.headers)).statusCode, 200)

  clock.pass(1000)
  assert.equal((await remove(ada, id, grace)).statusCode, 204)
  assert.equal((await get('/profile', grace.headers)).statusCode, 401)
  grace = await renew(grace)
  assert.equal(claimsOf(grace.accessToken).org, undefined, 'whoever is no member acts for themselves')
  assert.deepEqual(await roles(id), { [ada.id]: 'owner' })
  assert.deepEqual(
    (await published(MemberChanged)).map(({ role, version }) => [role, version]),
    [
      ['editor', 3],
      ['viewer', 4],
      [null, 5],
    ],
  )
  assert.equal((await published(SessionsRevoked)).length, 2)
  assert.equal((await remove(ada, id, grace)).json().code, 'member_unknown')
})

test('whatever clocks say, no token outlives the rights that were taken, and new ones are good at once', async t => {
  const { post, get, clock, person, found, join, put, remove, renew } = await startOrganisations(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const id = await found(ada)
  await join(ada, id, grace, 'editor')
  const { accessToken } = (await post(`/organisations/${id}/switch`, undefined, grace.headers)).json()

  // Of two processes, or of one whose clock is put right.
  clock.pass(-60_000)
  assert.equal((await put(ada, id, grace, 'viewer')).statusCode, 204)
  assert.equal((await get('/profile', bearer(accessToken))).statusCode, 401)
  const behind = await renew(grace)
  assert.ok(claimsOf(behind.accessToken).exp * 1000 <= clock.at + 601_000, 'nor lives longer for a stamp that is ahead')
  assert.equal((await get('/profile', behind.headers)).statusCode, 200)
  assert.equal(claimsOf(behind.accessToken).org.role, 'viewer')

  clock.pass(-60_000)
  assert.equal((await remove(ada, id, grace)).statusCode, 204)
  assert.equal((await get('/profile', behind.headers)).statusCode, 401)
  assert.equal((await get('/profile', (await renew(behind)).headers)).statusCode, 200)
})

test('owners may all, admins all but with owners, others nothing but leave', async t => {
  const { get, person, found, join, invite, put, remove, roles, renew, clock } = await startOrganisations(t)
  const [ada, bea, eve] = [await person('Ada'), await person('Bea'), await person('Eve')]
  const id = await found(ada)
  await join(ada, id, bea, 'admin')
  await join(bea, id, eve, 'editor')

  for (const refused of [
    await put(eve, id, eve, 'admin'),
    await put(eve, id, bea, 'viewer'),
    await remove(eve, id, ada),
    await invite(eve, id, 'x@example.com', 'viewer'),
    await get(`/organisations/${id}/invitations`, eve.headers),
  ])
    assert.deepEqual([refused.statusCode, refused.json().code], [403, 'organisation_admin_required'])
  for (const refused of [
    await put(bea, id, eve, 'owner'),
    await put(bea, id, bea, 'owner'),
    await put(bea, id, ada, 'viewer'),
    await remove(bea, id, ada),
    await invite(bea, id, 'x@example.com', 'owner'),
  ])
    assert.deepEqual([refused.statusCode, refused.json().code], [403, 'organisation_owner_required'])
  clock.pass(1000)
  assert.equal((await put(bea, id, eve, 'viewer')).statusCode, 204)
  assert.equal((await remove(await renew(eve), id, eve)).statusCode, 204, 'anybody may leave')
  assert.deepEqual(await roles(id), { [ada.id]: 'owner', [bea.id]: 'admin' })
})

test('the last owner cannot leave or be demoted', async t => {
  const { person, found, join, put, remove, roles, renew, clock } = await startOrganisations(t)
  let [ada, bea] = [await person('Ada'), await person('Bea')]
  const id = await found(ada)
  await join(ada, id, bea, 'admin')
  for (const refused of [await remove(ada, id, ada), await put(ada, id, ada, 'admin')])
    assert.deepEqual([refused.statusCode, refused.json().code], [409, 'last_owner'])
  assert.equal((await put(ada, id, bea, 'owner')).statusCode, 204)
  clock.pass(1000)
  assert.equal((await remove(ada, id, ada)).statusCode, 204)
  bea = await renew(bea)
  assert.equal((await remove(bea, id, bea)).json().code, 'last_owner')
  assert.deepEqual(await roles(id), { [bea.id]: 'owner' })
})

test('two last owners who leave at the same moment: one stays', async t => {
  const { person, found, join, remove, roles, db } = await startOrganisations(t)
  const [ada, bea] = [await person('Ada'), await person('Bea')]
  const id = await found(ada)
  await join(ada, id, bea, 'owner')

  const meet = (begin: () => ReturnType<typeof remove>[]) =>
    held(db('identity'), tx => tx`select from members where organisation_id = ${id} for update`, begin)
  const leaving = await meet(() => [remove(ada, id, ada), remove(bea, id, bea)])
  assert.deepEqual(leaving.map(({ statusCode }) => statusCode).sort(), [204, 409])
  assert.deepEqual(Object.values(await roles(id)), ['owner'])
})

test('a rule of roles: strength decides', () => {
  assert.doesNotThrow(() => refuseMemberChange('owner', 'owner', null))
  assert.doesNotThrow(() => refuseMemberChange('admin', 'admin', 'viewer'))
  assert.throws(() => refuseMemberChange('admin', 'owner', 'viewer'), { code: 'organisation_owner_required' })
  assert.throws(() => refuseMemberChange('admin', 'viewer', 'owner'), { code: 'organisation_owner_required' })
  assert.throws(() => refuseMemberChange('editor', 'viewer', null), { code: 'organisation_admin_required' })
})
