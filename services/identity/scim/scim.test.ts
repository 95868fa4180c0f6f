import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listMembers, MemberChanged, UserEmailChanged, UserRegistered } from '#contracts/identity'
import { newId } from '#kernel'
import { identity } from '../service.ts'
import { bearer, claimsOf, type Person } from '../testing.ts'
import { entraUser, patchOf, type ScimSite, startScim } from './testing.ts'

const errorOf = (answer: { statusCode: number; body: string }) => {
  const { schemas, status, scimType } = JSON.parse(answer.body)
  assert.deepEqual([schemas, status], [['urn:ietf:params:scim:api:messages:2.0:Error'], String(answer.statusCode)])
  return [answer.statusCode, scimType]
}
const rolesIn = async (p: ScimSite) =>
  Object.fromEntries((await p.ask(listMembers, { organisationId: p.id })).members.map(m => [m.email, m.role]))

test('the provider of an organisation makes an account and a membership, and finds them again as Entra ID asks', async t => {
  const p = await startScim(t)
  const none = await p.scim('GET', '/Users?filter=userName+eq+%22grace%40example.com%22')
  assert.deepEqual([none.statusCode, none.json().totalResults, none.json().Resources], [200, 0, []])
  const made = await p.scim('POST', '/Users', entraUser('grace'))
  assert.equal(made.statusCode, 201, made.body)
  assert.match(String(made.headers['content-type']), /^application\/scim\+json/)
  const grace = made.json()
  assert.equal(made.headers.location, grace.meta.location)
  assert.equal(made.headers.etag, 'W/"1"')
  assert.partialDeepStrictEqual(grace, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'grace@example.com',
    externalId: 'grace-0a21f0f2',
    active: true,
    name: { givenName: 'Grace', familyName: 'Hopper' },
    meta: { resourceType: 'User', version: 'W/"1"' },
  })
  assert.equal(grace.phoneNumbers, undefined, 'what is not needed is not kept')
  for (const filter of [
    'userName eq "GRACE@example.com"',
    'externalId eq "grace-0a21f0f2"',
    'emails[type eq "work" and value eq "grace@example.com"]',
    'emails.value co "GRACE" and active eq true',
    'name.familyName sw "Hop" and not (name.givenName eq "Ada")',
    '(displayName ew "pper" or userName eq "x") and meta.created gt "2020-01-01T00:00:00Z"',
    `id eq "${grace.id}"`,
    'urn:ietf:params:scim:schemas:core:2.0:User:userName pr',
  ]) {
    const found = (await p.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)).json()
    assert.deepEqual([found.totalResults, found.Resources?.[0]?.id], [1, grace.id], filter)
  }
  for (const filter of ['externalId eq "GRACE-0a21f0f2"', 'active eq false', 'groups pr', 'emails.type eq "home"'])
    assert.equal((await p.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)).json().totalResults, 0, filter)
  assert.equal((await rolesIn(p))['grace@example.com'], 'viewer')
  assert.deepEqual(
    (await p.published(UserRegistered)).slice(-1).map(({ email, imported, locale }) => [email, imported, locale]),
    [['grace@example.com', true, 'de']],
  )
  const again = await p.scim('POST', '/Users', entraUser('grace'))
  assert.deepEqual(errorOf(again), [409, 'uniqueness'])
})

test('Entra ID disables with a word in the place of a truth: the membership and every session end at once, in every process', async t => {
  const p = await startScim(t)
  const other = await p.another([identity])
  const bob = await p.person('Bob')
  const { id } = (await p.scim('POST', '/Users', entraUser('bob'))).json()
  assert.equal(id, bob.id, 'the account that was there is his')
  const { accessToken } = (await p.post(`/organisations/${p.id}/switch`, undefined, bob.headers)).json()
  const { key } = (
    await p.post('/keys', { name: 'Mine', scopes: ['account:read'], password: bob.password }, bearer(accessToken))
  ).json()
  const there = (token: string) => other.app.inject({ url: '/api/auth/profile', headers: bearer(token) })
  for (const token of [accessToken, key]) assert.equal((await there(token)).statusCode, 200)

  const off = await p.scim('PATCH', `/Users/${id}`, patchOf({ op: 'Replace', path: 'active', value: 'False' }))
  assert.deepEqual([off.statusCode, off.json().active], [200, false])
  assert.equal((await p.get('/profile', bearer(accessToken))).statusCode, 401, 'here at once')
  await Promise.all([p.settle(), other.settle()])
  for (const token of [accessToken, key]) assert.equal((await there(token)).statusCode, 401)
  assert.equal((await p.post('/refresh', { refreshToken: bob.refreshToken })).statusCode, 401)
  assert.equal((await rolesIn(p))['bob@example.com'], undefined)
  assert.equal((await p.scim('GET', `/Users/${id}`)).json().active, false, 'he is known all the same')

  // Okta's way, without a path.
  const on = await p.scim('PATCH', `/Users/${id}`, patchOf({ op: 'replace', value: { active: true } }))
  assert.equal(on.json().active, true)
  assert.equal((await rolesIn(p))['bob@example.com'], 'viewer')
  const back = (await p.post('/login', { email: bob.email, password: bob.password })).json()
  assert.equal(back.user.name, 'Bob', 'his account is his own: neither name nor password were touched')
  const put = await p.scim('PUT', `/Users/${id}`, { ...entraUser('bob'), active: undefined })
  assert.equal(put.json().active, true)
  assert.equal((await p.scim('DELETE', `/Users/${id}`)).statusCode, 204)
  assert.equal((await p.get('/profile', bearer(back.accessToken))).statusCode, 401)
  assert.deepEqual(errorOf(await p.scim('GET', `/Users/${id}`)), [404, undefined])
  assert.deepEqual(errorOf(await p.scim('DELETE', `/Users/${id}`)), [404, undefined])
})

test('account takeover by an address: nobody is provisioned in a domain that the organisation has not verified', async t => {
  const p = await startScim(t)
  const eve = await p.person('Eve')
  const foreign = await p.found(eve, 'Elsewhere')
  const mine = (path: string) => `/organisations/${foreign}${path}`
  const { token } = (await p.post(mine('/scim-tokens'), {}, eve.headers)).json()
  const theirs = p.as(token)
  const ada = entraUser('ada')
  assert.deepEqual(errorOf(await theirs('POST', '/Users', ada)), [400, 'invalidValue'])
  const claimed = await p.post(mine('/domains'), { domain: 'EXAMPLE.com' }, eve.headers)
  assert.deepEqual([claimed.statusCode, claimed.json().verified], [201, false])
  assert.deepEqual(errorOf(await theirs('POST', '/Users', ada)), [400, 'invalidValue'], 'to say so is no proof')
  const verify = () => p.post(mine('/domains/example.com/verify'), undefined, eve.headers)
  assert.deepEqual([(await verify()).statusCode, (await verify()).json().code], [409, 'domain_unproven'])
  p.dns.texts.set(claimed.json().record.name, claimed.json().record.value)
  assert.deepEqual([(await verify()).statusCode, (await verify()).json().code], [409, 'domain_taken'])
  // By way of a name that is theirs, changed afterwards.
  await p.post(mine('/domains'), { domain: 'elsewhere.test' }, eve.headers)
  const root = await p.admin()
  const attested = await p.post(mine('/domains/elsewhere.test/attest'), undefined, root.headers)
  assert.equal(attested.json().verified, true)
  const made = await theirs('POST', '/Users', { userName: 'mallory@elsewhere.test' })
  assert.equal(made.statusCode, 201, made.body)
  const { id } = made.json()
  for (const change of [
    patchOf({ op: 'replace', path: 'userName', value: 'ada@example.com' }),
    patchOf({ op: 'add', path: 'emails[type eq "work"].value', value: 'ada@example.com' }),
    patchOf({ op: 'add', value: { emails: [{ value: 'new@example.com', primary: true }] } }),
  ])
    assert.deepEqual(errorOf(await theirs('PATCH', `/Users/${id}`, change)), [400, 'invalidValue'])
  const taken = await p.scim('POST', '/Users', { userName: 'second@example.com' })
  const change = patchOf({ op: 'replace', path: 'userName', value: 'ada@example.com' })
  assert.deepEqual(errorOf(await p.scim('PATCH', `/Users/${taken.json().id}`, change)), [409, 'uniqueness'])
  // Each sees its own people only.
  for (const path of [`/Users/${id}`, `/Users/${p.ada.id}`])
    assert.deepEqual(errorOf(await p.scim('GET', path)), [404, undefined], path)
  assert.equal((await theirs('GET', '/Users')).json().totalResults, 1)
})

test('an account that was made for the organisation follows what its provider says; another one does not', async t => {
  const p = await startScim(t)
  const bob = await p.person('Bob')
  const made = (await p.scim('POST', '/Users', entraUser('grace'))).json()
  await p.scim('POST', '/Users', entraUser('bob'))
  const rename = patchOf(
    { op: 'Replace', path: 'name.givenName', value: 'Rear' },
    { op: 'replace', path: 'urn:ietf:params:scim:schemas:core:2.0:User:NAME.familyname', value: 'Admiral' },
    { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'Navy' },
    { op: 'add', path: 'title', value: 'Dr.' },
  )
  for (const id of [made.id, bob.id])
    assert.equal((await p.scim('PATCH', `/Users/${id}`, rename)).json().name.givenName, 'Rear')
  const names = async (id: string) => {
    const [row] = await p.db('identity')`select first_name, last_name, email from users where id = ${id}`
    return [row!.first_name, row!.last_name, row!.email]
  }
  assert.deepEqual(await names(made.id), ['Rear', 'Admiral', 'grace@example.com'])
  assert.deepEqual(await names(bob.id), ['Bob', '', 'bob@example.com'])
  const moved = await p.scim(
    'PATCH',
    `/Users/${made.id}`,
    patchOf({
      op: 'replace',
      value: { 'emails[type eq "work"].value': 'grace.h@example.com', userName: 'grace.h@example.com' },
    }),
  )
  assert.equal(moved.json().emails[0].value, 'grace.h@example.com', moved.body)
  assert.deepEqual(await names(made.id), ['Rear', 'Admiral', 'grace.h@example.com'])
  assert.deepEqual(
    (await p.published(UserEmailChanged)).map(({ formerEmail, email }) => [formerEmail, email]),
    [['grace@example.com', 'grace.h@example.com']],
  )
})

test('groups stand for roles where an admin of the organisation says so, and who comes and goes has them at once', async t => {
  const p = await startScim(t)
  const bob = await p.person('Bob')
  await p.scim('POST', '/Users', entraUser('bob'))
  const carl = (await p.scim('POST', '/Users', entraUser('carl'))).json()
  const role = (
    await p.post(p.at('/roles'), { name: 'Accountant', permissions: ['billing:write'] }, p.ada.headers)
  ).json().id
  const group = (
    await p.scim('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      externalId: '8aa1a0c0',
      displayName: 'Accounting',
      members: [],
    })
  ).json()
  const members = async (...operations: object[]) => {
    const answer = await p.scim('PATCH', `/Groups/${group.id}`, patchOf(...operations))
    assert.equal(answer.statusCode, 200, answer.body)
    return (answer.json().members ?? []).map(({ value }: { value: string }) => value).toSorted()
  }
  assert.deepEqual(await members({ op: 'Add', path: 'members', value: [{ value: bob.id }] }), [bob.id])
  assert.equal((await rolesIn(p))['bob@example.com'], 'viewer', 'a group alone gives nothing')
  const stands = (by: Person, role: string | null, id = group.id) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${p.id}/scim-groups/${id}`,
      headers: by.headers,
      payload: { role },
    })
  assert.equal((await stands(p.ada, 'owner')).json().code, 'organisation_owner_required')
  assert.equal((await stands(bob, role)).json().code, 'organisation_admin_required')
  const { accessToken } = (await p.post(`/organisations/${p.id}/switch`, undefined, bob.headers)).json()
  assert.deepEqual((await stands(p.ada, role)).json().role, role)
  assert.equal((await p.get('/profile', bearer(accessToken))).statusCode, 401, 'at once')
  const renewed = await p.renew(bob)
  assert.deepEqual(claimsOf(renewed.accessToken).org.permissions, ['billing:read', 'billing:write'])

  const both = [bob.id, carl.id].toSorted()
  assert.deepEqual(await members({ op: 'add', path: 'members', value: [{ value: carl.id }, { value: bob.id }] }), both)
  assert.equal((await rolesIn(p))['carl@example.com'], 'editor')
  assert.deepEqual(await members({ op: 'remove', path: `members[value eq "${bob.id}"]` }), [carl.id])
  assert.equal((await p.get('/profile', renewed.headers)).statusCode, 401)
  assert.equal((await rolesIn(p))['bob@example.com'], 'viewer')
  // Entra ID names in the value whom to remove.
  assert.deepEqual(await members({ op: 'Remove', path: 'members', value: [{ value: carl.id }] }), [])
  // Okta renames by a value with the id in it, and says all members anew.
  assert.deepEqual(await members({ op: 'replace', value: { id: group.id, displayName: 'Finance' } }), [])
  assert.deepEqual(await members({ op: 'replace', path: 'members', value: both.map(value => ({ value })) }), both)
  assert.deepEqual(await members({ op: 'remove', path: 'members' }), [])
  await members({ op: 'add', path: 'members', value: [{ value: carl.id }] })

  const second = (await p.scim('POST', '/Groups', { displayName: 'Leads', members: [{ value: carl.id }] })).json()
  await stands(p.ada, 'admin', second.id)
  assert.equal((await rolesIn(p))['carl@example.com'], 'admin', 'the widest of both')
  assert.deepEqual(
    (await p.scim('GET', `/Users/${carl.id}`)).json().groups.map(({ display }: { display: string }) => display),
    ['Finance', 'Leads'],
  )
  assert.equal((await p.scim('DELETE', `/Groups/${second.id}`)).statusCode, 204)
  assert.equal((await rolesIn(p))['carl@example.com'], 'editor')
  const found = await p.scim('GET', '/Groups?excludedAttributes=members&filter=displayName+eq+%22finance%22')
  assert.deepEqual([found.json().totalResults, found.json().Resources[0].members], [1, undefined])
  assert.deepEqual(errorOf(await p.scim('POST', '/Groups', { displayName: 'FINANCE' })), [409, 'uniqueness'])
  assert.deepEqual(
    errorOf(
      await p.scim(
        'PATCH',
        `/Groups/${group.id}`,
        patchOf({ op: 'add', path: 'members', value: [{ value: newId() }] }),
      ),
    ),
    [400, 'invalidValue'],
  )
  assert.equal((await p.get(`/organisations/${p.id}/scim-groups`, p.ada.headers)).json().items[0].members, 1)
})

test('the last owner is not dismissed by a provider, and an owner keeps their role', async t => {
  const p = await startScim(t)
  const { id } = (await p.scim('POST', '/Users', entraUser('ada'))).json()
  assert.equal(id, p.ada.id)
  const group = (await p.scim('POST', '/Groups', { displayName: 'All', members: [{ value: id }] })).json()
  await p.http.inject({
    method: 'PUT',
    url: `/api/auth/organisations/${p.id}/scim-groups/${group.id}`,
    headers: p.ada.headers,
    payload: { role: 'viewer' },
  })
  assert.equal((await rolesIn(p))['ada@example.com'], 'owner')
  const off = await p.scim('PATCH', `/Users/${id}`, patchOf({ op: 'replace', path: 'active', value: false }))
  assert.deepEqual(errorOf(off), [409, undefined])
  assert.equal((await p.scim('DELETE', `/Users/${id}`)).statusCode, 409)
  assert.equal((await p.get('/profile', p.ada.headers)).statusCode, 200)
})

test('a token is an organisation alone, is told once, and ends at once', async t => {
  const p = await startScim(t)
  const bob = await p.person('Bob')
  await p.join(p.ada, p.id, bob, 'editor')
  assert.equal((await p.post(p.at('/scim-tokens'), {}, bob.headers)).json().code, 'organisation_admin_required')
  const listed = (await p.get(p.at('/scim-tokens'), p.ada.headers)).json().items
  assert.ok(!JSON.stringify(listed).includes(p.token.slice(20)))
  const rows = await p.db('identity')`select to_json(s)::text as row from scim_tokens s`
  assert.ok(!JSON.stringify(rows).includes(p.token.slice(20)))
  for (const token of [p.ada.accessToken, '', 'ohm_scim_x', `${p.token}x`]) {
    const refused = await p.as(token)('GET', '/Users')
    assert.deepEqual(errorOf(refused), [401, undefined], token)
    assert.match(String(refused.headers['www-authenticate']), /^Bearer/)
  }
  assert.equal((await p.get('/profile', bearer(p.token))).statusCode, 401, 'it opens nothing else')
  assert.equal((await p.scim('GET', '/ServiceProviderConfig')).json().patch.supported, true)
  await p.http.inject({
    method: 'DELETE',
    url: `/api/auth/organisations/${p.id}/scim-tokens/${p.tokenId}`,
    headers: p.ada.headers,
  })
  assert.deepEqual(errorOf(await p.scim('GET', '/Users')), [401, undefined])
  assert.deepEqual(errorOf(await p.scim('POST', '/Users', entraUser('carl'))), [401, undefined])
})

test('versions, pages and parts of resources are as the standard has them', async t => {
  const p = await startScim(t)
  const made = []
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) made.push((await p.scim('POST', '/Users', entraUser(name))).json())
  const page = async (query: string) => {
    const { totalResults, startIndex, itemsPerPage, Resources } = (await p.scim('GET', `/Users?${query}`)).json()
    return [
      totalResults,
      startIndex,
      itemsPerPage,
      Resources.map(({ userName }: { userName: string }) => userName.slice(0, 2)),
    ]
  }
  assert.deepEqual(await page('startIndex=2&count=2'), [5, 2, 2, ['a2', 'a3']])
  assert.deepEqual(await page('startIndex=0&count=-3'), [5, 1, 0, []])
  assert.deepEqual(await page('startIndex=9'), [5, 9, 0, []])
  const [first] = made
  const at = `/Users/${first.id}`
  assert.equal((await p.scim('GET', at, undefined, { 'if-none-match': 'W/"1"' })).statusCode, 304)
  const change = patchOf({ op: 'replace', path: 'displayName', value: 'First' })
  assert.deepEqual(errorOf(await p.scim('PATCH', at, change, { 'if-match': 'W/"7"' })), [412, undefined])
  const changed = await p.scim('PATCH', at, change, { 'if-match': 'W/"1"' })
  assert.deepEqual([changed.statusCode, changed.headers.etag], [200, 'W/"2"'])
  assert.equal((await p.scim('PATCH', at, change)).headers.etag, 'W/"2"', 'what changes nothing makes no version')
  assert.deepEqual(Object.keys((await p.scim('GET', `${at}?attributes=userName,name.givenName`)).json()).toSorted(), [
    'id',
    'name',
    'schemas',
    'userName',
  ])
  const without = (await p.scim('GET', `${at}?excludedAttributes=emails,meta,name.formatted`)).json()
  assert.deepEqual([without.emails, without.meta, without.name.formatted], [undefined, undefined, undefined])
})

test('what is no SCIM is refused as SCIM has it, and never breaks', async t => {
  const p = await startScim(t)
  const { id } = (await p.scim('POST', '/Users', entraUser('grace'))).json()
  for (const [filter, type] of [
    ['userName eq', 'invalidFilter'],
    ['userName xx "a"', 'invalidFilter'],
    ['password eq "x"', 'invalidFilter'],
    ['__proto__ pr', 'invalidFilter'],
    ['constructor.name eq "x"', 'invalidFilter'],
    ['active gt true', 'invalidFilter'],
    ['meta.created eq "soon"', 'invalidFilter'],
    ['userName eq 7', 'invalidFilter'],
    ['emails[foo eq "x"]', 'invalidFilter'],
    [`${'('.repeat(900)}userName pr`, 'invalidFilter'],
    [`userName eq "${'\n'.repeat(60)}`, 'invalidFilter'],
    ['userName eq "\'; drop table users --"', undefined],
    ['userName co "%"', undefined],
  ] as const) {
    const answer = await p.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`)
    if (type) assert.deepEqual(errorOf(answer), [400, type], filter)
    else assert.deepEqual([answer.statusCode, answer.json().totalResults], [200, 0], filter)
  }
  for (const [operation, type] of [
    [{ op: 'move', path: 'userName' }, 'invalidSyntax'],
    [{ op: 'remove' }, 'noTarget'],
    [{ op: 'remove', path: 'userName' }, 'mutability'],
    [{ op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    [{ op: 'replace', path: 'groups', value: [] }, 'mutability'],
    [{ op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
    [{ op: 'replace', path: 'nonsense', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: '__proto__.polluted', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'emails[type eq', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'emails[type xx "a"].value', value: 'x' }, 'invalidFilter'],
    [{ op: 'replace', path: 'emails[type eq "home"].value', value: 'x' }, 'noTarget'],
    [{ op: 'replace', path: 'active', value: 'maybe' }, 'invalidValue'],
    [{ op: 'replace', path: 'userName', value: 7 }, 'invalidValue'],
    [{ op: 'replace', value: 'x' }, 'invalidValue'],
    [{ op: 'add', path: 'name', value: 'x' }, 'invalidValue'],
  ] as const)
    assert.deepEqual(
      errorOf(await p.scim('PATCH', `/Users/${id}`, patchOf(operation))),
      [400, type],
      JSON.stringify(operation),
    )
  for (const body of [
    '[]',
    '"x"',
    'null',
    '{}',
    '{"userName":7}',
    '{"userName":"nobody"}',
    '{"userName":"x@example.com","emails":{}}',
  ])
    assert.equal(errorOf(await p.scim('POST', '/Users', body))[0], 400, body)
  assert.equal((await p.scim('POST', '/Users', '{"userName":')).statusCode, 400)
  assert.equal(
    (await p.scim('POST', '/Users', { userName: 'nul@example.com', displayName: 'a\u0000b' })).statusCode,
    400,
  )
  assert.equal((await p.scim('PATCH', `/Users/${id}`, {})).statusCode, 400)
  for (const path of ['/Users/x', `/Users/${newId()}`, '/Groups/x', '/Schemas/x', '/ResourceTypes/x'])
    assert.deepEqual(errorOf(await p.scim('GET', path)), [404, undefined], path)
  assert.equal((await p.published(MemberChanged)).length, 1)
})
