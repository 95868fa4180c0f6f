import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open } from '../testing.ts'
import { distanceM, propose, type Technician } from './technicians.ts'

const weekdays = [1, 2, 3, 4, 5].map(weekday => ({ weekday, from: '08:00', to: '17:00' }))

test('an operator keeps technicians, and another has nothing to do with them', async t => {
  const { operator, as } = await open(t)
  const [me, rival] = [operator(), operator()]
  const userId = newId()
  const body = {
    userId,
    name: 'Grace',
    skills: ['high-voltage'],
    position: { latitude: 52.52, longitude: 13.405 },
    radiusM: 50_000,
    timeZone: 'Europe/Berlin',
    hours: weekdays,
    absences: [{ from: '2027-02-20T00:00:00.000Z', to: '2027-02-28T00:00:00.000Z' }],
  }
  const made = await me.post('/technicians', body)
  assert.equal(made.status, 201, made.text)
  const at = `/technicians/${made.body.id}`
  assert.equal((await me.post('/technicians', body)).body.code, 'technician_exists')
  assert.equal((await me.post('/technicians', { ...body, timeZone: 'Europe/Atlantis' })).body.code, 'time_zone_unknown')
  assert.equal((await rival.get(at)).body.code, 'technician_unknown')
  assert.equal((await rival.delete(at)).status, 404)
  assert.deepEqual(await rival.list('/technicians'), [])
  assert.equal((await as().get('/technicians')).status, 403)
  const { userId: _, ...change } = body
  assert.equal((await me.put(at, change, { 'if-match': '"7"' })).body.code, 'version_stale')
  assert.equal((await me.put(at, { ...change, name: 'Grace Hopper' })).body.version, 2)
  assert.equal((await me.list('/technicians?skill=high-voltage')).length, 1)
  assert.equal((await me.get('/technicians/count?skill=plumbing')).body.count, 0)
  assert.equal((await me.delete(at)).status, 204)
  assert.equal((await me.get(at)).status, 404)
  assert.equal((await me.post('/technicians', body)).status, 201, 'they may come again')
})

test('who is near, knows it and has little to do is proposed first, with reasons, and anybody may be chosen', async t => {
  const { operator, station } = await open(t)
  const owner: Owner = { kind: 'person', id: newId() }
  const me = operator({ userId: owner.id })
  const stationId = await station({ stationId: newId(), owner })
  const add = async (name: string, more: object) =>
    (await me.post('/technicians', { userId: newId(), name, timeZone: 'Europe/Berlin', hours: weekdays, ...more })).body
  const near = { position: { latitude: 52.53, longitude: 13.4 }, radiusM: 20_000 }
  const far = await add('Far', {
    skills: ['high-voltage'],
    position: { latitude: 48.14, longitude: 11.58 },
    radiusM: 20_000,
  })
  const unskilled = await add('Unskilled', near)
  const best = await add('Best', { ...near, skills: ['high-voltage'] })
  const busy = await add('Busy', { ...near, skills: ['high-voltage'] })
  const ticket = async (title: string) =>
    (await me.post('/tickets', { stationId, title, skill: 'high-voltage' })).body.id as string
  await me.post(`/tickets/${await ticket('Other')}/assign`, { technicianId: busy.id })
  const id = await ticket('Open it')
  const { items } = (await me.get(`/tickets/${id}/proposals`)).body
  assert.deepEqual(
    items.map(({ name }: any) => name),
    ['Best', 'Busy', 'Far', 'Unskilled'],
  )
  assert.deepEqual(items[0].reasons, [
    'knows high-voltage',
    '1.2 km away',
    'in their area',
    'has nothing else to do',
    'works now',
  ])
  assert.equal(items[0].technicianId, best.id)
  for (const one of [far, unskilled])
    assert.equal((await me.post(`/tickets/${id}/assign`, { technicianId: one.id })).body.technicianId, one.id)
})

test('who is away comes after who works, and who works at no time last', () => {
  const someone: Technician = {
    id: newId(),
    userId: newId(),
    owner: { kind: 'person', id: newId() },
    name: 'Grace',
    skills: [],
    latitude: null,
    longitude: null,
    radiusM: null,
    timeZone: 'Europe/Berlin',
    hours: weekdays,
    absences: [],
    version: 1,
    createdAt: new Date(0),
    deletedAt: null,
  }
  const ticket = { skill: null, latitude: null, longitude: null }
  const score = (more: Partial<Technician>) =>
    propose(ticket, { ...someone, load: 0, ...more }, new Date('2027-02-18T09:00:00Z'), new Set()).score
  const away = [{ from: '2027-02-18T00:00:00Z', to: '2027-02-19T09:00:00Z' }]
  assert.deepEqual([score({}), score({ absences: away }), score({ hours: [] })], [100, 88, 80])
  assert.equal(distanceM([0, 0], [0, 180]), Math.round(Math.PI * 6_371_000))
})
