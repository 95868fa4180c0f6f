import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open } from '../testing.ts'

test('parts go from the stock into tickets, and the last one goes to one of those who want it', async t => {
  const { operator, as, station } = await open(t)
  const owner: Owner = { kind: 'person', id: newId() }
  const [me, rival, grace] = [operator({ userId: owner.id }), operator(), as({ role: 'technician' })]
  const stationId = await station({ stationId: newId(), owner })
  const technician = (await me.post('/technicians', { userId: grace.userId, name: 'Grace' })).body
  const made = await me.post('/parts', { number: 'LOCK', name: 'Lock', stock: 5 })
  assert.equal(made.status, 201, made.text)
  assert.equal((await me.post('/parts', { number: 'LOCK', name: 'Lock', stock: 1 })).body.code, 'part_exists')
  assert.equal((await rival.get(`/parts/${made.body.id}`)).body.code, 'part_unknown')
  assert.equal((await grace.list('/parts?number=LOCK')).length, 1)
  const ticket = (await me.post('/tickets', { stationId, title: 'Locks' })).body
  await me.post(`/tickets/${ticket.id}/assign`, { technicianId: technician.id })

  const answers = await Promise.all(
    Array.from({ length: 8 }, () => grace.post(`/tickets/${ticket.id}/parts`, { partId: made.body.id, quantity: 1 })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 409, 409, 409])
  assert.equal(answers.find(({ status }) => status === 409)!.body.code, 'part_out_of_stock')
  assert.equal((await me.get(`/parts/${made.body.id}`)).body.stock, 0)
  const { parts } = (await grace.get(`/tickets/${ticket.id}`)).body
  assert.deepEqual(
    parts.map(({ number, quantity }: any) => [number, quantity]),
    [['LOCK', 5]],
  )
  assert.equal((await grace.put(`/parts/${made.body.id}`, { number: 'LOCK', name: 'Lock', stock: 9 })).status, 403)
  const change = { number: 'LOCK', name: 'Lock', stock: 9 }
  assert.equal((await me.put(`/parts/${made.body.id}`, change, { 'if-match': '"1"' })).body.code, 'version_stale')
  assert.equal((await me.put(`/parts/${made.body.id}`, change)).body.stock, 9)
  assert.equal((await me.put(`/parts/${made.body.id}`, { ...change, stock: -1 })).status, 400)
  assert.equal((await me.get('/parts/count')).body.count, 1)
})
