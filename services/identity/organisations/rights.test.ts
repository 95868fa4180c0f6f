import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserRoleChanged } from '#contracts/identity'
import { VendorApproved } from '#contracts/vendors'
import { bearer, held, startOrganisations } from '../testing.ts'
import { refuseMemberChange } from './roles.ts'

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

test('two last owners who leave or are demoted at the same moment: one stays', async t => {
  const { post, person, found, join, put, remove, roles, db } = await startOrganisations(t)
  const [ada, bea] = [await person('Ada'), await person('Bea')]
  for (const begin of [
    (id: string) => [remove(ada, id, ada), remove(bea, id, bea)],
    (id: string) => [put(ada, id, bea, 'viewer'), remove(bea, id, ada)],
    (id: string) => [put(ada, id, ada, 'viewer'), put(bea, id, bea, 'viewer')],
  ]) {
    for (const who of [ada, bea])
      who.headers = bearer((await post('/login', { email: who.email, password: who.password })).json().accessToken)
    const id = await found(ada)
    await join(ada, id, bea, 'owner')
    // Both are held back until both are under way, so that they meet.
    const answers = await held(
      db('identity'),
      tx => tx`select from organisations where id = ${id} for update`,
      () => begin(id),
    )
    const codes = answers.map(({ statusCode }) => statusCode).sort()
    assert.ok(codes[0] === 204 && codes[1]! >= 400 && codes[1]! < 500, String(codes))
    assert.equal(Object.values(await roles(id)).filter(role => role === 'owner').length, 1)
  }
})

test('an owner who cannot sign in does not let the last one who can go', async t => {
  const { http, person, admin, found, join, put, remove } = await startOrganisations(t)
  const [ada, bea, root] = [await person('Ada'), await person('Bea'), await admin()]
  const id = await found(ada)
  await join(ada, id, bea, 'owner')
  await http.inject({
    method: 'PUT',
    url: `/api/auth/users/${bea.id}/disabled`,
    payload: { disabled: true },
    headers: root.headers,
  })
  assert.equal((await remove(ada, id, ada)).json().code, 'last_owner')
  assert.equal((await put(ada, id, ada, 'viewer')).json().code, 'last_owner')
  assert.equal((await remove(ada, id, bea)).statusCode, 204, 'who cannot sign in may go')
})

test('a rule of roles: strength decides', () => {
  assert.doesNotThrow(() => refuseMemberChange('owner', 'owner', null))
  assert.doesNotThrow(() => refuseMemberChange('admin', 'admin', 'viewer'))
  assert.throws(() => refuseMemberChange('admin', 'owner', 'viewer'), { code: 'organisation_owner_required' })
  assert.throws(() => refuseMemberChange('admin', 'viewer', 'owner'), { code: 'organisation_owner_required' })
  assert.throws(() => refuseMemberChange('editor', 'viewer', null), { code: 'organisation_admin_required' })
})

test('a token whose account is gone founds nothing, and is told so', async t => {
  const p = await startOrganisations(t)
  const answer = await p.post('/organisations', { name: 'Voltaic GmbH' }, p.signedIn())
  assert.deepEqual([answer.statusCode, answer.json().code], [401, 'token_invalid'])
})

test('who is let in to sell gets the role: who asked, and who may change what their organisation has', async t => {
  const p = await startOrganisations(t)
  const [owner, editor, viewer, stranger] = [
    await p.person('Owner'),
    await p.person('Editor'),
    await p.person('Viewer'),
    await p.person('Stranger'),
  ]
  const organisationId = await p.found(owner)
  await p.join(owner, organisationId, editor, 'editor')
  await p.join(owner, organisationId, viewer, 'viewer')
  const approve = (vendorOwner: { kind: 'person' | 'organisation'; id: string }, applicantId: string) =>
    p.publish(VendorApproved, {
      vendorId: vendorOwner.id,
      owner: vendorOwner,
      applicantId,
      name: 'Voltwerk',
      slug: 'voltwerk',
      status: 'active',
      verified: true,
      version: 3,
      reason: null,
    })
  await approve({ kind: 'organisation', id: organisationId }, owner.id)
  const admin = await p.admin()
  await approve({ kind: 'person', id: admin.id }, admin.id)
  await p.settle()
  const rows = await p.db('identity')<{ id: string; role: string }[]>`select id, role from users`
  const roleOf = (who: { id: string }) => rows.find(({ id }) => id === who.id)?.role
  assert.deepEqual([owner, editor, viewer, stranger, admin].map(roleOf), ['vendor', 'vendor', 'user', 'user', 'admin'])
  assert.equal((await p.get('/profile', owner.headers)).statusCode, 401, 'a token with the former role is over')
  const told = (await p.published(UserRoleChanged)).map(({ userId }) => userId)
  assert.deepEqual(told.toSorted(), [owner.id, editor.id].toSorted())
})
