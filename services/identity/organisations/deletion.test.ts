import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdingsOf } from '#contracts/holdings'
import { OrganisationDeleted } from '#contracts/identity'
import { newId, Problem, type Service } from '#kernel'
import { answering, fakes } from '../../../kernel/testing.ts'
import { bearer, held, startOrganisations, type Person } from '../testing.ts'

async function startDeleting(t: Parameters<typeof startOrganisations>[0], beside: readonly Service[] = []) {
  const p = await startOrganisations(t, {}, beside)
  const end = ({ headers }: Person, id: string, more = {}) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}`, headers: { ...headers, ...more } })
  return { ...p, end }
}

test('an owner deletes an organisation that holds nothing; its members are told, and act for it no longer', async t => {
  const { post, get, person, found, join, invite, invitationFor, renew, published, end } = await startDeleting(t)
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const id = await found(ada)
  await join(ada, id, grace, 'editor')
  await invite(ada, id, 'guest@example.com', 'viewer')
  const token = await invitationFor('guest@example.com')
  const acting = (await post(`/organisations/${id}/switch`, undefined, grace.headers)).json().accessToken

  assert.equal((await end(ada, id, { 'if-match': '"1"' })).statusCode, 412)
  const { etag } = (await get(`/organisations/${id}`, ada.headers)).headers
  assert.equal((await end(ada, id, { 'if-match': String(etag) })).statusCode, 204)
  assert.partialDeepStrictEqual(await published(OrganisationDeleted), [
    { organisationId: id, name: 'Voltaic GmbH', members: [ada.id, grace.id] },
  ])
  assert.equal((await get('/profile', bearer(acting))).statusCode, 401)
  const again = await renew(grace)
  assert.equal((await get('/profile', again.headers)).json().organisation, undefined)
  assert.deepEqual((await get('/organisations', again.headers)).json().items, [])
  assert.equal((await get(`/organisations/${id}`, again.headers)).json().code, 'organisation_unknown')
  assert.equal((await post('/invitations/accept', { token }, again.headers)).json().code, 'invitation_unknown')
  assert.equal((await end(await renew(ada), id)).json().code, 'organisation_unknown')
})

test('an organisation that holds something stays, and says what it holds', async t => {
  const { person, found, holdings, end } = await startDeleting(t)
  const ada = await person('Ada')
  const id = await found(ada)
  for (const [passports, documents] of [
    [2, 1],
    [0, 1],
    [1, 0],
  ] as const) {
    holdings.passports.set(id, passports)
    holdings.documents.set(id, documents)
    const refused = await end(ada, id)
    assert.deepEqual([refused.statusCode, refused.json().code], [409, 'organisation_in_use'])
    assert.deepEqual(refused.json().holds, { ...(passports && { passports }), ...(documents && { documents }) })
  }
  holdings.passports.clear()
  holdings.documents.clear()
  assert.equal((await end(ada, id)).statusCode, 204)
})

test('every service that runs says what it has of an organisation, and the answer names it, with what to do', async t => {
  const chargers = new Map<string, number>()
  const ocpp = fakes([
    answering(holdingsOf('ocpp'), async ({ organisationId }) => ({
      chargers: chargers.get(organisationId) ?? 0,
      tokens: 1,
    })),
  ])
  const { person, found, end, holdings } = await startDeleting(t, ocpp)
  const ada = await person('Ada')
  const id = await found(ada)
  chargers.set(id, 3)
  holdings.documents.set(id, 2)
  const { holds, detail } = (await end(ada, id)).json()
  assert.deepEqual(holds, { documents: 2, chargers: 3, tokens: 1 })
  assert.match(
    detail,
    /“Voltaic GmbH” still holds 2 documents, 3 chargers and 1 charging cards\. First, .*chargers: remove/,
  )
})

test('a service that is away is not taken for empty, and one that the platform does not have is in nobody’s way', async t => {
  let fault: Error | undefined = new Problem('unavailable', 'service_unavailable')
  const ocpp = fakes([
    answering(holdingsOf('ocpp'), async () => {
      if (fault) throw fault
      return { chargers: 0, tokens: 0 }
    }),
  ])
  const { person, found, end, db, get } = await startDeleting(t, ocpp)
  const ada = await person('Ada')
  const id = await found(ada)
  const refused = await end(ada, id)
  assert.deepEqual([refused.statusCode, refused.json().code], [503, 'service_unavailable'])
  assert.equal((await get(`/organisations/${id}`, ada.headers)).statusCode, 200, 'nothing was deleted')
  fault = undefined
  // It was there once, so something may lie in it; and nobody says where it runs.
  await db('identity')`create schema stations`
  const unknown = await end(ada, id)
  assert.equal(unknown.statusCode, 503)
  assert.match(unknown.json().detail, /has of stations .* STATIONS_SERVICE_URL/)
  await db('identity')`drop schema stations`
  assert.equal((await end(ada, id)).statusCode, 204)
})

test('only owners delete an organisation, and admins of the platform; others do not learn that it exists', async t => {
  const { person, admin, found, join, end } = await startDeleting(t)
  const [ada, bea, eve, mallory] = await Promise.all(['Ada', 'Bea', 'Eve', 'Mallory'].map(name => person(name)))
  const id = await found(ada!)
  await join(ada!, id, bea!, 'admin')
  await join(ada!, id, eve!, 'editor')
  const codeOf = async (who: Person, organisation = id) => (await end(who, organisation)).json().code
  assert.equal(await codeOf(bea!), 'organisation_owner_required')
  assert.equal(await codeOf(eve!), 'organisation_admin_required')
  assert.equal(await codeOf(mallory!), 'organisation_unknown')
  assert.equal(await codeOf(ada!, newId()), 'organisation_unknown')
  assert.equal((await end({ ...(await admin()), accessToken: '', refreshToken: '' }, id)).statusCode, 204)
})

test('whatever meets the end of an organisation is refused or was there before, never a fault', async t => {
  const { http, post, person, found, invite, invitationFor, join, put, remove, db, end } = await startDeleting(t)
  const [ada, bea, guest] = await Promise.all(['Ada', 'Bea', 'Guest'].map(name => person(name)))
  const signIn = async (who: Person) => {
    who.headers = bearer((await post('/login', { email: who.email, password: who.password })).json().accessToken)
  }
  const meeting: ((id: string, token: string) => ReturnType<typeof post>)[] = [
    id => end(ada!, id),
    (_, token) => post('/invitations/accept', { token }, guest!.headers),
    id => post(`/organisations/${id}/switch`, undefined, bea!.headers),
    id => invite(ada!, id, 'other@example.com', 'viewer'),
    id => remove(bea!, id, bea!),
    id => put(ada!, id, bea!, 'viewer'),
    id =>
      http.inject({
        method: 'PATCH',
        url: `/api/auth/organisations/${id}`,
        payload: { name: 'Else' },
        headers: ada!.headers,
      }),
  ]
  for (const other of meeting) {
    for (const who of [ada!, bea!, guest!]) await signIn(who)
    const id = await found(ada!)
    await join(ada!, id, bea!, 'editor')
    await invite(ada!, id, guest!.email, 'viewer')
    const token = await invitationFor(guest!.email)
    const answers = await held(
      db('identity'),
      async tx => {
        await tx`select from organisations where id = ${id} for update`
        await tx`select from members where organisation_id = ${id} for update`
      },
      () => [end(ada!, id), other(id, token)],
    )
    for (const answer of answers) assert.ok(answer.statusCode < 500, `${other}: ${answer.body}`)
    await signIn(ada!)
    assert.ok([204, 404].includes((await end(ada!, id)).statusCode))
    const [left] = await db('identity')`select count(*)::int as count from members where organisation_id = ${id}`
    assert.equal(left!.count, 0)
  }
})
