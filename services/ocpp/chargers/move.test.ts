import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { listMembers } from '#contracts/identity'
import { ChargerChanged } from '#contracts/ocpp'
import { SessionStarted } from '#contracts/sessions'
import { StationUpdated } from '#contracts/stations'
import { newId } from '#kernel'
import { answering, start } from '../../../kernel/testing.ts'
import { sessions } from '../../sessions/service.ts'
import { stations } from '../../stations/service.ts'
import { ocpp } from '../service.ts'
import { boot16, client, connect, nobody } from '../testing.ts'

/** Chargers, stations and sessions, with organisations of these members. */
async function open(t: TestContext) {
  const members = new Map<string, string[]>()
  const belonging = answering(listMembers, async ({ organisationId }) => ({
    members: (members.get(organisationId) ?? []).map(userId => ({
      userId,
      email: `${userId}@example.com`,
      name: 'Ada',
      firstName: 'Ada',
      locale: 'en' as const,
      disabled: false,
      role: 'editor' as const,
    })),
  }))
  const answers = [...nobody.filter(({ call }) => call.name !== listMembers.name), belonging]
  const p = await start(t, [ocpp, stations, sessions], { answers })
  const url = await p.listen()
  const as = (actor: object) => p.signedIn({ role: 'operator', ...actor })
  return {
    p,
    members,
    charger: (id: string) => connect(t, `${url.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6'),
    chargers: (actor: object) => client(url, as(actor)),
    stations: (actor: object) => {
      const headers = { ...as(actor), 'content-type': 'application/json' }
      const send = async (method: string, path: string, body?: object) => {
        const answer = await fetch(`${url}/api/stations${path}`, {
          method,
          headers,
          body: body && JSON.stringify(body),
        })
        return { status: answer.status, body: (await answer.json()) as any }
      }
      return {
        get: (path: string) => send('GET', path),
        post: (path: string, body: object) => send('POST', path, body),
      }
    },
  }
}

suite('moving a charger', () => {
  test('to an organisation takes its station along, and the sessions from then on; back to a person too', async t => {
    const { p, members, charger, chargers, stations: places } = await open(t)
    const [userId, acme] = [newId(), newId()]
    members.set(acme, [userId])
    const [ada, colleague] = [chargers({ userId }), { organisation: { id: acme, role: 'admin' } }]
    await ada.post('/chargers', { id: 'CP-1', password: null })
    await p.settle()
    const station = (await places({ userId }).post('', { name: 'Market square', chargerId: 'CP-1', reference: 'M-1' }))
      .body
    const it = await charger('CP-1')
    await it.call('BootNotification', boot16)
    const begin = async (connectorId: number) => {
      const timestamp = new Date().toISOString()
      await it.call('StartTransaction', { connectorId, idTag: 'CARD', meterStart: 0, timestamp })
      await p.settle()
      return (await p.published(SessionStarted)).at(-1)!.owner
    }
    const person = { kind: 'person', id: userId }
    assert.deepEqual(await begin(1), person)

    const stale = await ada.post('/chargers/CP-1/move', { organisationId: acme }, { 'if-match': '"7"' })
    assert.equal(stale.body.code, 'version_stale')
    const moved = await ada.post('/chargers/CP-1/move', { organisationId: acme }, { 'if-match': '"1"' })
    const organisation = { kind: 'organisation', id: acme }
    assert.deepEqual(
      [moved.status, moved.body.owner, moved.body.version, moved.headers.get('etag')],
      [200, organisation, 2, '"2"'],
    )
    await p.settle()
    const [changed] = await p.published(ChargerChanged)
    assert.deepEqual([changed!.owner, changed!.formerOwner, changed!.version], [organisation, person, 2])
    const seen = await places(colleague).get(`/${station.id}`)
    assert.deepEqual([seen.body.owner, seen.body.reference, seen.body.version], [organisation, 'M-1', 2])
    assert.deepEqual(
      (await p.published(StationUpdated)).map(({ owner }) => owner),
      [organisation],
    )
    assert.equal((await ada.get('/chargers/CP-1')).body.code, 'charger_unknown')
    assert.equal((await places({ userId }).get(`/${station.id}`)).body.code, 'station_unknown')
    assert.deepEqual(await begin(2), organisation)

    const editor = { userId, organisation: { id: acme, role: 'editor' } }
    const taken = await chargers(editor).post('/chargers/CP-1/move', { organisationId: null })
    assert.deepEqual([taken.status, taken.body.code], [403, 'organisation_admin_required'])
    const owner = { userId, organisation: { id: acme, role: 'owner' } }
    const back = await chargers(owner).post('/chargers/CP-1/move', { organisationId: null })
    assert.deepEqual([back.status, back.body.owner], [200, person])
    await p.settle()
    assert.deepEqual((await places({ userId }).get(`/${station.id}`)).body.owner, person)
  })

  test('takes many at once, all or none, and is refused to who may not', async t => {
    const { p, members, chargers } = await open(t)
    const [userId, acme, other] = [newId(), newId(), newId()]
    members.set(acme, [userId])
    members.set(other, [newId()])
    const ada = chargers({ userId })
    for (const id of ['A', 'B']) await ada.post('/chargers', { id })
    await chargers({}).post('/chargers', { id: 'C' })
    const refused = await ada.post('/chargers/move', { organisationId: acme, ids: ['A', 'B', 'C'] })
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.errors[0].pointer],
      [404, 'charger_unknown', '/ids/2'],
    )
    for (const organisationId of [other, newId()])
      assert.equal((await ada.post('/chargers/A/move', { organisationId })).body.code, 'organisation_unknown')
    assert.equal((await ada.get('/chargers/A')).body.version, 1)
    const { status, body } = await ada.post('/chargers/move', { organisationId: acme, ids: ['A', 'B'] })
    assert.deepEqual([status, body], [200, { moved: 2 }])
    const colleague = chargers({ organisation: { id: acme, role: 'viewer' } })
    assert.equal((await colleague.get(`/chargers?owner=${acme}`)).body.items.length, 2)
    assert.equal((await p.published(ChargerChanged)).length, 2)
  })
})

test('a station that no charger has moves by itself, and one that has goes with its charger', async t => {
  const { p, members, chargers, stations: places } = await open(t)
  const [userId, acme] = [newId(), newId()]
  members.set(acme, [userId])
  const mine = places({ userId })
  await chargers({ userId }).post('/chargers', { id: 'CP-1', password: null })
  await p.settle()
  const [alone, second] = [
    (await mine.post('', { name: 'Alone' })).body,
    (await mine.post('', { name: 'Second' })).body,
  ]
  const held = (await mine.post('', { name: 'Held', chargerId: 'CP-1' })).body
  const refused = await mine.post(`/${held.id}/move`, { organisationId: acme })
  assert.deepEqual([refused.status, refused.body.code], [409, 'station_of_charger'])
  const none = await mine.post('/move', { organisationId: acme, ids: [alone.id, held.id] })
  assert.deepEqual([none.body.code, none.body.errors[0].pointer], ['station_of_charger', '/ids/1'])
  const moved = await mine.post(`/${alone.id}/move`, { organisationId: acme })
  assert.deepEqual([moved.status, moved.body.owner.id, moved.body.version], [200, acme, 2])
  assert.deepEqual((await mine.post('/move', { organisationId: acme, ids: [second.id] })).body, { moved: 1 })
  assert.equal((await mine.get(`/${alone.id}`)).body.code, 'station_unknown')
  const owner = places({ userId, organisation: { id: acme, role: 'owner' } })
  assert.equal((await places({ organisation: { id: acme, role: 'viewer' } }).get('')).body.items.length, 2)
  assert.equal((await owner.post(`/${alone.id}/move`, { organisationId: null })).body.owner.id, userId)
  assert.equal((await places({}).post(`/${alone.id}/move`, { organisationId: null })).body.code, 'station_unknown')
})
