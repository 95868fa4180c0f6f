import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, startOrganisations, type Person } from '../testing.ts'

type Platform = Awaited<ReturnType<typeof startOrganisations>>

const shown = {
  list: '/api/passports',
  name: 'Drafts',
  asked: { status: 'draft', sort: '-createdAt' },
  hidden: ['massKg'],
}

/** What somebody does with views, and who they are while they act for an organisation. */
function viewer(p: Platform, who: Pick<Person, 'headers'>) {
  const send = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const answer = await p.http.inject({
      method,
      url: `/api/auth/views${path}`,
      headers: who.headers,
      ...(payload && { payload }),
    })
    return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() }
  }
  const names = async (query = '') => (await send('GET', query)).body.items.map(({ name }: { name: string }) => name)
  return { send, names, save: (more: object = {}) => send('POST', '', { ...shown, ...more }) }
}

const actingFor = async (p: Platform, who: Person, id: string) => ({
  headers: bearer((await p.post(`/organisations/${id}/switch`, undefined, who.headers)).json().accessToken),
})

test('a view is saved once by a name, changed, found by its list, and seen by nobody else', async t => {
  const p = await startOrganisations(t)
  const ada = viewer(p, await p.person('Ada'))
  const alan = viewer(p, await p.person('Alan'))
  const { status, body } = await ada.save({ name: ' Drafts ', compact: true })
  assert.equal(status, 201)
  const { id, updatedAt, ...rest } = body
  assert.deepEqual(rest, { ...shown, compact: true, shared: false })
  assert.equal(updatedAt, p.clock.now().toISOString())
  const again = await ada.save({ name: 'DRAFTS' })
  assert.deepEqual([again.status, again.body.code], [409, 'view_exists'])
  assert.equal((await ada.save({ list: '/api/stations' })).status, 201, 'of another list')
  assert.deepEqual(await ada.names('?list=/api/passports'), ['Drafts'])

  await ada.save({ name: 'Old' })
  const changed = await ada.send('PUT', `/${id}`, { name: 'New', asked: {}, hidden: [], compact: false })
  assert.deepEqual([changed.status, changed.body.name, changed.body.asked], [200, 'New', {}])
  const collides = await ada.send('PUT', `/${id}`, { name: 'old', asked: {}, hidden: [] })
  assert.deepEqual([collides.status, collides.body.code], [409, 'view_exists'])

  assert.deepEqual(await alan.names(), [])
  for (const [method, given] of [['PUT', { name: 'Mine', asked: {}, hidden: [] }] as const, ['DELETE'] as const])
    assert.deepEqual((await alan.send(method, `/${id}`, given)).body.code, 'view_unknown', method)
  assert.equal((await ada.send('DELETE', `/${id}`)).status, 204)
  assert.deepEqual(await ada.names('?list=/api/passports'), ['Old'])
})

test('a view that is shared is of all of the organisation: its editors change it, and it stays when who saved it is gone', async t => {
  const p = await startOrganisations(t)
  const [ada, bea, vic] = [await p.person('Ada'), await p.person('Bea'), await p.person('Vic')]
  const organisation = await p.found(ada)
  await p.join(ada, organisation, bea, 'editor')
  await p.join(ada, organisation, vic, 'viewer')
  const own = await viewer(p, await p.renew(ada)).save({ shared: true })
  assert.deepEqual([own.status, own.body.code], [422, 'view_not_sharable'], 'for oneself there is nobody to share with')

  const asBea = viewer(p, await actingFor(p, await p.renew(bea), organisation))
  const asVic = viewer(p, await actingFor(p, await p.renew(vic), organisation))
  const made = await asBea.save({ shared: true })
  assert.deepEqual([made.status, made.body.shared], [201, true])
  await asBea.save({ name: 'My own' })
  assert.deepEqual(await asVic.names(), ['Drafts'])
  for (const refused of [
    await asVic.save({ name: 'Mine', shared: true }),
    await asVic.send('PUT', `/${made.body.id}`, { name: 'x', asked: {}, hidden: [] }),
    await asVic.send('DELETE', `/${made.body.id}`),
  ])
    assert.deepEqual([refused.status, refused.body.code], [403, 'editor_required'])
  assert.deepEqual(await viewer(p, await p.person('Mallory')).names(), [])

  await p.remove(ada, organisation, bea)
  const left = await p.http.inject({
    method: 'DELETE',
    url: '/api/auth/profile',
    headers: (await p.renew(bea)).headers,
    payload: { password: bea.password },
  })
  assert.equal(left.statusCode, 204, left.body)
  assert.deepEqual(await asVic.names(), ['Drafts'], 'and the own one went along')
  assert.deepEqual(
    (await p.db('identity')`select name, user_id from views`).map(row => ({ ...row })),
    [{ name: 'Drafts', user_id: null }],
  )
})

test('of many that save the same view at once one does, and there are only so many', async t => {
  const p = await startOrganisations(t)
  const ada = viewer(p, await p.person('Ada'))
  const answers = await Promise.all(Array.from({ length: 8 }, () => ada.save()))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)])
  await p.db('identity')`
    insert into views (id, user_id, list, name, asked, hidden, compact, created_at, updated_at)
    select gen_random_uuid(), user_id, list, 'v' || n, asked, hidden, compact, created_at, updated_at
    from views, generate_series(2, 200) n`
  const refused = await ada.save({ name: 'One more' })
  assert.deepEqual([refused.status, refused.body.code], [409, 'too_many_views'])
  const first = (await ada.send('GET', '?limit=100')).body
  assert.equal(first.items.length, 100)
  assert.equal((await ada.send('GET', `?limit=100&after=${first.nextCursor}`)).body.nextCursor, null)
  const tooLarge = await ada.send('PUT', `/${first.items[0].id}`, {
    name: 'Large',
    asked: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`word${n}`, 'x'.repeat(499)])),
    hidden: [],
  })
  assert.equal(tooLarge.status, 413)
  for (const list of ['passports', '/api/passports?x=1', '/api/\u0000'])
    assert.equal((await ada.save({ list })).status, 400, list)
})
