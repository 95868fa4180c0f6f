import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChargerChanged } from '#contracts/ocpp'
import { StationCreated } from '#contracts/stations'
import { newId } from '#kernel'
import { boot16 } from '../ocpp/testing.ts'
import { charging16, minute, open } from './testing.ts'

test('drivers see theirs, operators those of their chargers and of nobody, admins all', async t => {
  const { p, charger, card, list } = await open(t)
  const [ours, theirs] = [newId(), newId()]
  const driverId = await card('CARD-1')
  for (const id of ['CP-1', 'CP-2', 'CP-3']) {
    const it = await charger(id)
    await it.call('BootNotification', boot16)
    await charging16(it, Date.now() - 60 * minute).start(1000, { idTag: id === 'CP-1' ? 'CARD-1' : 'OTHER' })
  }
  await p.settle()
  for (const [chargerId, id] of [
    ['CP-1', ours],
    ['CP-2', theirs],
  ] as const)
    await p.publish(ChargerChanged, { chargerId, owner: { kind: 'organisation', id }, status: 'accepted', version: 2 })
  const seenBy = async (actor: object, query = ''): Promise<string[]> =>
    (await list(query, p.signedIn(actor))).map(({ chargerId }) => chargerId).sort()
  const operator = { role: 'operator', organisation: { id: ours, role: 'editor' } }
  assert.deepEqual(await seenBy({ userId: driverId }), ['CP-1'])
  assert.deepEqual(await seenBy({}), [])
  assert.deepEqual(await seenBy(operator), ['CP-1', 'CP-3'])
  assert.deepEqual(await seenBy({ ...operator, userId: driverId }), ['CP-1', 'CP-3'], 'once, for two reasons')
  assert.deepEqual(await seenBy(operator, '?status=active'), ['CP-1', 'CP-3'])
  assert.deepEqual(await seenBy(operator, '?charger=CP-2'), [])
  assert.deepEqual(await seenBy(operator, '?token=card-1'), ['CP-1'])
  assert.deepEqual(await seenBy({ role: 'admin' }), ['CP-1', 'CP-2', 'CP-3'])
  assert.deepEqual(await seenBy({ role: 'admin' }, `?driver=${driverId}`), ['CP-1'])

  const [foreign] = await list('?charger=CP-2')
  for (const path of ['', '/readings', '/signed-values', '/stream']) {
    const answer = await p.http.inject({
      url: `/api/sessions/${foreign.id}${path}`,
      headers: p.signedIn(operator as {}),
    })
    assert.deepEqual([answer.statusCode, answer.json().code], [404, 'session_unknown'], path)
  }
})

test('a list goes on where its page ended, and knows the station of a charger that got one later', async t => {
  const { p, charger, list, get } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 600 * minute)
  for (let n = 0; n < 5; n++) await car.stop((await car.start(1000 * n, {}, n)).transactionId, 1000 * n + 500, n + 0.5)
  const seen: string[] = []
  for (let after = ''; ;) {
    const { items, nextCursor } = await get(`/?limit=2${after}`)
    seen.push(...items.map(({ startedAt }: any) => startedAt))
    if (!nextCursor) break
    after = `&after=${nextCursor}`
  }
  assert.deepEqual(
    seen,
    [4, 3, 2, 1, 0].map(n => car.at(n)),
  )
  assert.equal((await list(`?from=${car.at(1)}&to=${car.at(3)}`)).length, 2)
  const stationId = newId()
  const station = { stationId, chargerId: 'CP-1', owner: null, public: false, name: 'Left', version: 1 }
  await p.publish(StationCreated, station)
  assert.equal((await list(`?station=${stationId}`)).length, 5)
})

test('old readings become one a quarter of an hour, with begin and end; the energy stays', async t => {
  let aheadMs = 0
  const { p, charger, only, get, db, thinReadings } = await open(t, { now: () => new Date(Date.now() + aheadMs) })
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const from = Math.floor(Date.now() / (15 * minute)) * 15 * minute - 60 * minute
  const car = charging16(it, from)
  const { transactionId } = await car.start(0)
  for (let n = 1; n < 45; n++)
    await car.values(
      transactionId,
      n,
      { value: String(n * 100) },
      { value: '10', measurand: 'Energy.Active.Import.Interval' },
    )
  await car.stop(transactionId, 4500, 45)
  await p.settle()
  await thinReadings()
  const { id } = await only()
  assert.equal((await get(`/${id}/readings?limit=100`)).items.length, 90)
  aheadMs = 100 * 24 * 60 * minute
  assert.ok((await thinReadings()) >= 1, 'the part has gone')
  assert.equal(Number((await db`select count(*) from readings`)[0]!.count), 0)
  const { items } = await get(`/${id}/readings?limit=100`)
  const of = (measurand: string) =>
    items.filter((item: any) => item.measurand.endsWith(measurand)).map(({ value }: any) => value)
  assert.deepEqual(of('Register'), [0, 1400, 2900, 4400, 4500])
  assert.deepEqual(of('Interval'), [140, 150, 150], 'what each quarter took')
  // What comes late is added to what is left.
  await car.values(transactionId, 44.5, { value: '4450' })
  assert.equal((await only()).energyWh, 4500)
})

test('a session can be watched', async t => {
  const { p, url, charger, card, only } = await open(t)
  const userId = await card('CARD-1')
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 60 * minute)
  const { transactionId } = await car.start(1000)
  const { id } = await only()
  const stop = new AbortController()
  t.after(() => stop.abort())
  const answer = await fetch(`${url}/api/sessions/${id}/stream`, {
    headers: p.signedIn({ userId }),
    signal: stop.signal,
  })
  assert.equal(answer.status, 200)
  let text = ''
  const seen = (async () => {
    for await (const bytes of answer.body!) {
      text += Buffer.from(bytes).toString()
      if (text.includes('"energyWh":1500')) return
    }
  })()
  await car.values(transactionId, 10, { value: '2500' })
  await seen
  assert.match(text, /event: session/)
})
