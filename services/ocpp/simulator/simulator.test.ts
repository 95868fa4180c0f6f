import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TransactionReported } from '#contracts/ocpp'
import { newId } from '#kernel'
import { engine } from '../../../test/engines/engine.ts'
import { until } from '../../../test/kernel/toys.ts'
import { open } from '../testing.ts'

test('in evaluation mode an operator plays with chargers: they charge, break, are mended, leave and come back', async t => {
  const { p, as, card } = await open(t)
  await card('CARD-1')
  const me = as({ userId: newId() })
  const one = async () => (await me.get('/simulator')).body.items.find(({ id }: { id: string }) => id === 'SIM-001')
  const first = async () => (await one()).plugs[0].state
  const deed = async (name: string, body = {}) => {
    const { status, body: answer } = await me.post(`/simulator/SIM-001/${name}`, body)
    return status === 200 ? status : answer.code
  }
  assert.deepEqual((await me.get('/simulator')).body, { items: [] })
  const { body } = await me.post('/simulator', { count: 2, version: 'ocpp1.6', speed: 600 })
  assert.deepEqual(
    body.items.map(({ id, version }: { id: string; version: string }) => [id, version]),
    [
      ['SIM-001', 'ocpp1.6'],
      ['SIM-002', 'ocpp1.6'],
    ],
  )
  await until(async () => (await one()).state === 'online')

  assert.equal(await deed('plug-in', { idToken: 'NOBODYS' }), 200)
  await until(async () => (await one()).turnedAway === 1)
  await until(async () => (await first()) === 'free')
  assert.equal(await deed('plug-in', { idToken: 'CARD-1' }), 200)
  await until(async () => (await first()) === 'charging')
  assert.equal(await deed('plug-in'), 'simulator_impossible')
  await until(async () => (await one()).energyWh > 0)
  assert.equal(await deed('fault'), 200)
  await until(async () => (await first()) === 'faulted')
  await p.settle()
  const told = (await p.published(TransactionReported)).map(({ phase }) => phase)
  assert.deepEqual([told[0], told.at(-1)], ['begun', 'ended'])
  assert.equal((await me.get('/chargers/SIM-001')).body.connectors[0].status, 'faulted')
  assert.equal(await deed('mend'), 200)
  await until(async () => (await first()) === 'free')

  assert.equal(await deed('go-offline'), 200)
  await until(async () => (await me.get('/chargers/SIM-001')).body.connected === false)
  assert.equal(await deed('come-back'), 200)
  await until(async () => (await one()).state === 'online')

  // As its clock has it, and not as ours.
  assert.equal(await deed('set-clock-wrong'), 200)
  assert.equal(await deed('plug-in', { idToken: 'CARD-1', connector: 2 }), 200)
  await until(async () => (await one()).plugs[1].state === 'charging')
  await until(async () => {
    const { items } = (await me.get('/chargers/SIM-001/messages?action=StartTransaction&limit=1')).body
    return Date.parse(items[0].payload.timestamp) > Date.now() + 3_000_000
  })

  assert.equal((await me.delete('/simulator/SIM-002')).status, 204)
  assert.equal((await me.delete('/simulator/SIM-002')).status, 404)
  const other = as({ userId: newId() })
  assert.deepEqual((await other.get('/simulator')).body.items, [])
  assert.equal((await other.post('/simulator/SIM-001/fault', {})).status, 404)
  assert.equal((await as({ role: 'user' }).post('/simulator', {})).status, 403)
  assert.equal((await other.post('/simulator', { count: 20, speed: 1 })).body.code, 'simulator_full')
  assert.deepEqual((await other.get('/simulator')).body.items, [], 'all or none')
})

test('nobody simulates chargers where the platform is run in earnest', async t => {
  const { as } = await open(t, {
    environment: { ...(await engine(t, 'server')), PUBLIC_URL: 'https://ohmnibus.example.com' },
  })
  for (const { status, body } of [
    await as().get('/simulator'),
    await as().post('/simulator', {}),
    await as().post('/simulator/SIM-001/fault', {}),
    await as().delete('/simulator/SIM-001'),
  ])
    assert.deepEqual([status, body.code], [404, 'simulator_off'])
})
