import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { insertBuilding } from './generations.ts'
import { open } from './testing.ts'

test('what was charged in the last day, and for how long figures are being made anew, is told to Prometheus', async t => {
  const f = await open(t, { today: '2027-03-15T12:00:00Z' })
  const told = async (): Promise<Record<string, number>> => {
    const { body } = await f.p.http.inject('/metrics')
    return Object.fromEntries(
      [...body.matchAll(/^ohmnibus_analytics_(day_energy_wh|day_sessions|rebuild_seconds) (\S+)$/gm)].map(
        ([, name, value]) => [name!, Number(value)],
      ),
    )
  }
  const none = { day_energy_wh: 0, day_sessions: 0, rebuild_seconds: 0 }
  assert.deepEqual(await told(), none)
  const charge = async (startedAt: string, endedAt: string, energyWh: number) => {
    const owner = { kind: 'organisation' as const, id: newId() }
    await f.session({ startedAt, endedAt, energyWh, owner, driverId: newId() }).all()
    await f.p.settle()
  }
  await charge('2027-03-15T09:00:00.000Z', '2027-03-15T10:00:00.000Z', 10_001)
  await charge('2027-03-14T20:00:00.000Z', '2027-03-14T21:00:00.000Z', 5_000)
  await charge('2027-03-13T09:00:00.000Z', '2027-03-13T10:00:00.000Z', 7_000)
  assert.deepEqual(await told(), { ...none, day_energy_wh: 15_001, day_sessions: 2 })
  f.setTime('2027-03-15T23:00:00Z')
  assert.deepEqual(await told(), { ...none, day_energy_wh: 10_001, day_sessions: 1 }, 'a day goes by')

  // Somebody begins to have figures made anew, of which nothing has been done yet.
  const made = { standing: {}, begunAt: new Date('2027-03-15T23:00:00Z'), timeZone: 'UTC', evenIfLess: false }
  assert.ok(await f.own.transaction(tx => insertBuilding(tx, made as never)))
  f.setTime('2027-03-15T23:01:30Z')
  assert.equal((await told()).rebuild_seconds, 90)
  await f.db`delete from analytics.generations where state = 'building'`
  assert.equal((await told()).rebuild_seconds, 0)
})
