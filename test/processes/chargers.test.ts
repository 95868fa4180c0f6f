import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { persistent } from '../../services/ocpp/testing.ts'
import { startProcesses } from './processes.ts'

test('chargers behind the gateway go on where they were when the process that has their connections is killed', async t => {
  const p = await startProcesses(t, 2, {
    parts: ['identity', 'ocpp', 'gateway'],
    environment: { OCPP_UNKNOWN_CHARGERS: 'accept' },
  })
  const url = p.address.replace('http', 'ws')
  const fleet = await Promise.all(
    Array.from({ length: 12 }, (_, number) => persistent(t, `${url}/ocpp/${encodeURIComponent(`Säule ${number}/a`)}`)),
  )
  const at = (minute: number) => new Date(Date.now() - 3_600_000 + minute * 60_000).toISOString()
  const charging = fleet.map(async ({ call }, number) => {
    const idTag = `CARD-${number}`
    const { transactionId } = await call('StartTransaction', { connectorId: 1, idTag, meterStart: 0, timestamp: at(0) })
    for (let minute = 1; minute <= 20; minute++) {
      const meterValue = [{ timestamp: at(minute), sampledValue: [{ value: String(minute * 100) }] }]
      await call('MeterValues', { connectorId: 1, transactionId, meterValue })
      await sleep(20)
    }
    await call('StopTransaction', { transactionId, meterStop: 2_000, timestamp: at(21) })
    return String(transactionId)
  })
  await sleep(200)
  await p.parts('ocpp')[0]!.kill()
  const references = await Promise.all(charging)
  await p.settle()

  const told = await p.kernel<{ reference: string; phase: string; number: number }[]>`
    select data->>'reference' as reference, data->>'phase' as phase, count(*)::int as number
    from log where topic = 'transaction.reported' group by 1, 2`
  const counts = new Map(told.map(({ reference, phase, number }) => [`${reference} ${phase}`, number]))
  assert.equal(new Set(references).size, fleet.length)
  for (const reference of references) {
    assert.equal(counts.get(`${reference} begun`), 1)
    assert.equal(counts.get(`${reference} ended`), 1)
    // What was on disk, and whose answer was lost, comes again with another id; nothing is missing.
    assert.ok(counts.get(`${reference} progressed`)! >= 20)
  }
})
