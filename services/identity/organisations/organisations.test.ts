import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getInvitation, MemberChanged, MemberInvited, OrganisationCreated, SessionsRevoked } from '#contracts/identity'
import { newId } from '#kernel'
import { bearer, claimsOf, held, startOrganisations, type Person } from '../testing.ts'

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

  // Who looks after them sees when they acted for it last, and whether they have a second factor.
  const told = async (headers: Record<string, string>) =>
    (await get(`/organisations/${id}/members`, headers))
      .json()
      .items.map(({ secondFactor, lastUsedAt }: Record<string, unknown>) => [secondFactor, typeof lastUsedAt])
  assert.equal((await post(`/organisations/${id}/switch`, {}, ada.headers)).statusCode, 200)
  assert.deepEqual((await told(ada.headers))[0], [false, 'string'])
  assert.deepEqual((await told(grace.headers))[0], [undefined, 'undefined'])
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

test('an invitation ends with the right of who made it', async t => {
  const { http, post, get, ask, person, admin, found, invite, join, put, remove, invitationFor, roles } =
    await startOrganisations(t)
  const [ada, bea, grace, root] = [await person('Ada'), await person('Bea'), await person('Grace'), await admin()]
  const id = await found(ada)
  const url = (path: string) => `/api/auth${path}`
  const disable = (disabled: boolean) =>
    http.inject({ method: 'PUT', url: url(`/users/${bea.id}/disabled`), payload: { disabled }, headers: root.headers })
  const signIn = async () => {
    bea.headers = bearer((await post('/login', { email: bea.email, password: bea.password })).json().accessToken)
  }
  for (const [how, loss] of [
    ['removed', () => remove(ada, id, bea)],
    ['made an editor', () => put(ada, id, bea, 'editor')],
    ['disabled', () => disable(true)],
  ] as const) {
    await signIn()
    await join(ada, id, bea, 'admin')
    const { id: invitationId } = (await invite(bea, id, grace.email, 'admin')).json()
    const token = await invitationFor(grace.email)
    assert.ok((await loss()).statusCode < 300)
    assert.equal((await post('/invitations/accept', { token }, grace.headers)).json().code, 'invitation_unknown', how)
    assert.equal((await http.inject(url(`/invitations/${token}`))).statusCode, 404)
    assert.deepEqual((await get(`/organisations/${id}/invitations`, ada.headers)).json().items, [])
    await assert.rejects(ask(getInvitation, { invitationId }), { code: 'invitation_unknown' }, 'no mail goes out')
    assert.equal((await roles(id))[grace.id], undefined)
    await disable(false)
    await remove(ada, id, bea)
  }
})

test('an owner who is made an admin has invited no owners', async t => {
  const { post, person, found, invite, join, put, invitationFor } = await startOrganisations(t)
  const [ada, bea, grace, eve] = await Promise.all(['Ada', 'Bea', 'Grace', 'Eve'].map(name => person(name)))
  const id = await found(ada!)
  await join(ada!, id, bea!, 'owner')
  await invite(bea!, id, grace!.email, 'owner')
  await invite(bea!, id, eve!.email, 'admin')
  await put(ada!, id, bea!, 'admin')
  const accept = async (who: Person) =>
    (await post('/invitations/accept', { token: await invitationFor(who.email) }, who.headers)).statusCode
  await assert.rejects(accept(grace!), { code: 'invitation_unknown' })
  assert.equal(await accept(eve!), 200, 'an admin may invite an admin')
})

test('who is removed while their invitation is accepted: what is decided last is right', async t => {
  const { post, person, found, invite, join, remove, roles, invitationFor, db } = await startOrganisations(t)
  const [ada, bea, grace] = [await person('Ada'), await person('Bea'), await person('Grace')]
  const id = await found(ada)
  await join(ada, id, bea, 'admin')
  bea.headers = bearer((await post('/login', { email: bea.email, password: bea.password })).json().accessToken)
  await invite(bea, id, grace.email, 'editor')
  const token = await invitationFor(grace.email)
  const [removed, accepted] = await held(
    db('identity'),
    tx => tx`select from organisations where id = ${id} for update`,
    () => [remove(ada, id, bea), post('/invitations/accept', { token }, grace.headers)],
  )
  assert.equal(removed!.statusCode, 204)
  assert.ok(accepted!.statusCode === 200 || accepted!.json().code === 'invitation_unknown')
  assert.equal((await roles(id))[grace.id], accepted!.statusCode === 200 ? 'editor' : undefined)
})

test('who is a member is not invited, and an invitation does what it says or is not spent', async t => {
  const { post, person, found, invite, join, put, roles, renew, invitationFor, mailed, published, clock } =
    await startOrganisations(t)
  const ada = await person('Ada')
  let grace = await person('Grace')
  const id = await found(ada)
  await invite(ada, id, 'else@example.com', 'admin')
  const elsewhere = await invitationFor('else@example.com')
  await join(ada, id, grace, 'viewer')
  const invited = await invite(ada, id, 'GRACE@example.com', 'admin')
  assert.equal(invited.statusCode, 409)
  assert.partialDeepStrictEqual(invited.json(), { code: 'member_exists', userId: grace.id, role: 'viewer' })
  assert.match(invited.json().detail, /grace@example\.com is a member already, as viewer/)
  assert.equal((await published(MemberInvited)).length, 2, 'nobody is told of what was refused')

  // A member whose address becomes one that was invited.
  await post('/email', { password: grace.password, email: 'else@example.com' }, grace.headers)
  const { code } = await mailed('else@example.com')
  await post('/email/verify', { otp: code }, grace.headers)
  const accept = () => post('/invitations/accept', { token: elsewhere }, grace.headers)
  const refused = await accept()
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'member_exists'])
  assert.equal((await roles(id))[grace.id], 'viewer')
  clock.pass(1000)
  await put(ada, id, grace, 'admin')
  grace = await renew(grace)
  assert.equal((await accept()).json().role, 'admin', 'what they are by now is what it says')
  assert.equal((await accept()).json().code, 'invitation_unknown')
})

test('invitations are few from one account, fewer from a young one, and so from one organisation', async t => {
  const { person, found, invite, clock, renew } = await startOrganisations(t, { RATE_LIMIT_FACTOR: '1' })
  let ada = await person('Ada')
  const id = await found(ada)
  const codes = async (times: number, organisation = id) => {
    const answers = []
    for (let i = 0; i < times; i++)
      answers.push((await invite(ada, organisation, `guest-${i}@example.com`, 'viewer')).statusCode)
    return answers
  }
  assert.deepEqual(await codes(21), [...Array(20).fill(201), 429])
  assert.deepEqual(await codes(1, await found(ada, 'Another')), [429], 'of another organisation too')
  clock.pass(86_400_000)
  ada = await renew(ada)
  assert.deepEqual((await codes(30)).at(-1), 429)
})

test('the page of the organisations one belongs to names them and what one is there, or leads to signing in', async t => {
  const { http, person, found, join } = await startOrganisations(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const url = '/api/auth/memberships'
  const nobody = await http.inject({ url })
  assert.deepEqual(
    [nobody.statusCode, nobody.headers.location],
    [303, `/api/auth/sign-in?return=${encodeURIComponent(url)}`],
  )
  const page = async ({ accessToken }: typeof ada, language = 'en') =>
    (await http.inject({ url, headers: { cookie: `ohmnibus-access=${accessToken}`, 'accept-language': language } }))
      .body
  assert.match(await page(ada), /You belong to no organisation/)
  const id = await found(ada, 'Volt & <b>Sons</b>')
  await join(ada, id, grace, 'viewer')
  assert.match(await page(ada), /<bdi>Volt &#38; &#60;b&#62;Sons&#60;\/b&#62;<\/bdi> \(owner\)/)
  assert.match(await page(grace, 'de'), /<h1>Ihre Organisationen<\/h1>[^]*\(Lesen\)/)
})

test('an address is invited few times by one organisation, and not without end by all', async t => {
  const { person, found, invite, clock, renew, http } = await startOrganisations(t, { RATE_LIMIT_FACTOR: '1' })
  let [ada, grace] = [await person('Ada'), await person('Grace')]
  const [volt, watt] = [await found(ada), await found(grace, 'Watt')]
  for (let i = 0; i < 3; i++) assert.equal((await invite(ada, volt, 'guest@example.com', 'viewer')).statusCode, 201)
  const again = await invite(ada, volt, 'Guest@Example.com', 'viewer')
  assert.deepEqual([again.statusCode, again.json().limit], [429, 'invite by organisation and address'])
  assert.match(again.json().detail, /has invited guest@example\.com several times today/)
  assert.ok(Number(again.headers['retry-after']) > 3_600)
  assert.equal((await invite(grace, watt, 'guest@example.com', 'viewer')).statusCode, 201, 'by others they are')
  assert.equal((await invite(ada, volt, 'other@example.com', 'viewer')).statusCode, 201)
  clock.pass(86_400_000)
  ;[ada, grace] = [await renew(ada), await renew(grace)]
  let last
  for (let i = 0; i < 6 && last?.statusCode !== 429; i++)
    for (let j = 0; j < 3; j++) last = await invite(grace, await found(grace, `Of ${i}`), 'guest@example.com', 'viewer')
  assert.deepEqual([last!.statusCode, last!.json().limit], [429, 'invite by address'])
  assert.equal((await http.inject({ url: `/api/auth/organisations/${volt}`, headers: ada.headers })).statusCode, 200)
})

test('so many invitations wait for an answer at the most, of an organisation and to an address', async t => {
  const { person, found, invite, db, http } = await startOrganisations(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const [volt, watt] = [await found(ada), await found(grace, 'Watt')]
  const waiting = (organisation: string, count: number) => db('identity')`
    insert into invitations
      (id, organisation_id, email, role, locale, invited_by, token_hash, sealed, created_at, expires_at)
    select gen_random_uuid(), ${organisation}, 'guest-' || n || '@example.com', 'viewer', 'en', ${ada.id},
      sha256(gen_random_uuid()::text::bytea), '', '2027-02-18', '2027-02-24'
    from generate_series(1, ${count}) n`
  await waiting(volt, 199)
  const codeOf = ({ statusCode, json }: Awaited<ReturnType<typeof invite>>) => [statusCode, json().code]
  assert.equal((await invite(ada, volt, 'last@example.com', 'viewer')).statusCode, 201)
  const full = await invite(ada, volt, 'more@example.com', 'viewer')
  assert.deepEqual(codeOf(full), [409, 'invitations_limit_reached'])
  assert.match(full.json().detail, /^200 invitations of the organisation wait/)
  assert.equal(
    (await invite(ada, volt, 'last@example.com', 'editor')).statusCode,
    201,
    'one in place of another is no more',
  )
  const { items } = (
    await http.inject({ url: `/api/auth/organisations/${volt}/invitations`, headers: ada.headers })
  ).json()
  const url = `/api/auth/organisations/${volt}/invitations/${items[0].id}`
  assert.equal((await http.inject({ method: 'DELETE', url, headers: ada.headers })).statusCode, 204)
  assert.equal((await invite(ada, volt, 'more@example.com', 'viewer')).statusCode, 201, 'one withdrawn makes room')

  for (let i = 0; i < 20; i++) {
    const organisation = await found(ada, `Of ${i}`)
    assert.equal((await invite(ada, organisation, 'wanted@example.com', 'viewer')).statusCode, 201)
  }
  const wanted = await invite(grace, watt, 'wanted@example.com', 'viewer')
  assert.deepEqual(codeOf(wanted), [409, 'invitations_limit_reached'])
  assert.match(wanted.json().detail, /^20 invitations to this address wait/)
  await db('identity')`update invitations set expires_at = '2027-02-18' where email = 'wanted@example.com'`
  assert.equal((await invite(grace, watt, 'wanted@example.com', 'viewer')).statusCode, 201, 'expired ones do not count')
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
