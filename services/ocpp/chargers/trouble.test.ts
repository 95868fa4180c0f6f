import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChargerLost, ConnectorFailed } from '#contracts/ocpp'
import type { Service } from '#kernel'
import { start } from '../../../kernel/testing.ts'
import type { OcppHost } from '../host.ts'
import { ocpp } from '../service.ts'
import { boot16, connect, nobody } from '../testing.ts'
import { tellTrouble } from './trouble.ts'

test('a charger that has gone and a connector that is faulted are told once it lasts, and once', async t => {
  let aheadMs = 0
  let host!: OcppHost
  const held: Service = {
    ...ocpp,
    start: own => {
      host = own as OcppHost
      return ocpp.start(host)
    },
  }
  const p = await start(t, [held], { answers: nobody, now: () => new Date(Date.now() + aheadMs) })
  const url = `${(await p.listen()).replace('http', 'ws')}/ocpp/CP-1`
  /** Looks after so many minutes. */
  const look = async (minutes: number) => {
    aheadMs += minutes * 60_000
    await p.settle()
    await tellTrouble(host)
    return [(await p.published(ChargerLost)).length, (await p.published(ConnectorFailed)).length]
  }
  const it = await connect(t, url, 'ocpp1.6')
  await it.call('BootNotification', boot16)
  const say = (status: string, errorCode = 'NoError') =>
    it.call('StatusNotification', { connectorId: 1, errorCode, status })

  await say('Faulted', 'GroundFailure')
  assert.deepEqual(await look(0), [0, 0])
  await say('Faulted', 'GroundFailure')
  assert.deepEqual(await look(4), [0, 1], 'however often it says so')
  assert.deepEqual(await look(60), [0, 1])
  const [failed] = await p.published(ConnectorFailed)
  assert.deepEqual([failed!.chargerId, failed!.evse, failed!.errorCode], ['CP-1', 1, 'GroundFailure'])
  await say('Available')
  assert.deepEqual(await look(1), [0, 1])
  await say('Faulted', 'HighTemperature')
  assert.deepEqual([await look(0), await look(1), await look(3)].at(-1), [0, 2])

  await it.close()
  while ((await p.db('ocpp')`select from chargers where connection_id is null`).length === 0);
  assert.deepEqual(await look(1), [0, 2], 'it may be back at once')
  assert.deepEqual(await look(5), [1, 2])
  assert.deepEqual(await look(600), [1, 2])
})
