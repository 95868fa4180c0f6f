import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { persistent } from '../../services/ocpp/testing.ts'
import { client } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses, type Part } from './processes.ts'

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

test('whoever waits for a charger whose process is killed hears so, and each command ends once, by the process that is left', async t => {
  const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
  const p = await startProcesses(t, 2, {
    parts: ['identity', 'ocpp', 'gateway'],
    environment: { OCPP_UNKNOWN_CHARGERS: 'accept', ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  const operator = client(p.address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const it = await persistent(t, `${p.address.replace('http', 'ws')}/ocpp/CP-1`)
  const [one, other] = p.parts('ocpp') as [Part, Part]
  const isHolder = async ({ address }: Part) =>
    /^ohmnibus_ocpp_connections\{.*\} 1$/m.test(await (await fetch(`${address}/metrics`)).text())
  const [holder, left] = (await isHolder(one)) ? [one, other] : [other, one]
  it.answer('GetConfiguration', () => ({ configurationKey: [] }))
  await p.settle()

  // The first is under way and not answered, the others wait behind it; one is asked for wherever the gateway likes.
  const heard = new Promise<void>(resolve => it.answer('Reset', () => void resolve()))
  const direct = client(left.address, operator.headers)
  const ask = (by: typeof direct, action: string, body: object) =>
    by.ask(`POST /api/ocpp/chargers/CP-1/commands/${action}`, body)
  const first = ask(direct, 'Reset', { type: 'Soft' })
  await heard
  const waiting = [ask(direct, 'ClearCache', {}), ask(operator, 'GetLocalListVersion', {})]
  await until(async () => (await sent()) >= 3)
  async function sent(): Promise<number> {
    const [row] = await p.kernel<{ count: number }[]>`
      select count(*)::int as count from log where topic = 'command.sent'
        and data->>'action' in ('Reset', 'ClearCache', 'GetLocalListVersion')`
    return row!.count
  }
  it.answer('ClearCache', () => ({ status: 'Accepted' }))
  it.answer('GetLocalListVersion', () => ({ listVersion: 0 }))
  await holder.kill()
  const ends = Promise.all([first, ...waiting])
  let isOver = false
  void ends.finally(() => (isOver = true))
  while (!isOver) {
    await it.call('Heartbeat', {})
    await p.strike('ocpp', /let go of chargers|end commands/)
    await sleep(200)
  }
  const [unanswered, later, anywhere] = await ends
  assert.deepEqual([unanswered!.status, unanswered!.body.code], [503, 'command_unanswered'])
  assert.match(unanswered!.body.detail, /may have done it all the same/)
  assert.ok(
    anywhere!.status === 200 || (anywhere!.status >= 502 && typeof anywhere!.body.code === 'string'),
    `${anywhere!.status} ${JSON.stringify(anywhere!.body)}`,
  )
  await p.settle()
  const ended = await p.kernel<{ action: string; outcome: string }[]>`
    select data->>'action' as action, data->>'outcome' as outcome
    from log where topic = 'command.ended' and data->>'action' in ('Reset', 'ClearCache', 'GetLocalListVersion')
    order by 1`
  assert.deepEqual(
    ended.map(({ action }) => action),
    ['ClearCache', 'GetLocalListVersion', 'Reset'],
    'once each',
  )
  const [behind, , open] = ended.map(({ outcome }) => outcome)
  assert.equal(open, 'timeout')
  // Who comes back in time is sent what waits; what waited too long is told as that.
  assert.deepEqual(
    [later!.status, later!.body.code],
    behind === 'answered' ? [200, undefined] : [503, 'command_unanswered'],
  )
})
