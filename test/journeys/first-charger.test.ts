import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { boot16, boot2, connect } from '../../services/ocpp/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses } from '../processes/processes.ts'
import { client } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
const environment = async () => ({
  PORT: `${await freePort()}`,
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
  OCPP_UNKNOWN_CHARGERS: 'hold',
})

const parts = [
  'identity',
  'documents',
  'notifications',
  'ocpp',
  'stations',
  'sessions',
  'billing',
  'booking',
  'gateway',
]

/** Where the same is to be seen, whoever serves it. */
const sites: Record<string, (t: TestContext) => Promise<{ address: string; settle(): Promise<void> }>> = {
  async 'one process'(t) {
    const p = await start(t, await choose(), { environment: await environment() })
    return { ...p, address: await p.listen() }
  },
  // Of those alone that it passes through: all of them twice are more than a small machine has room for.
  'two processes each': async t => startProcesses(t, 2, { environment: await environment(), parts }),
}

for (const [site, open] of Object.entries(sites))
  test(`first charger, ${site}: it connects, is let in, charges a car, and the session is exact`, async t => {
    const p = await open(t)
    const operator = client(p.address)
    operator.use(await operator.get(200, 'POST /api/auth/login', admin))
    const url = (id: string) => `${p.address.replace('http', 'ws')}/ocpp/${id}`
    const password = 'a long and random one'

    // Somebody screws it to the wall, and nobody here knows it: it waits.
    const waiting = await connect(t, url('CP-1'), 'ocpp1.6', { password })
    assert.equal((await waiting.call('BootNotification', boot16)).status, 'Pending')
    await assert.rejects(waiting.call('Authorize', { idTag: 'CARD' }), { code: 'SecurityError' })
    const { items } = await operator.get(200, 'GET /api/ocpp/chargers?status=pending')
    assert.deepEqual(
      items.map(({ chargerId, id }: Record<string, string>) => chargerId ?? id),
      ['CP-1'],
    )

    // It is approved, asked to say again who it is, and announces its connector.
    waiting.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
    waiting.answers.set('GetConfiguration', () => ({ configurationKey: [] }))
    waiting.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
    await operator.get(200, 'POST /api/ocpp/chargers/CP-1/approve')
    await until(async () => (await waiting.call('BootNotification', boot16)).status === 'Accepted')
    await waiting.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })

    // A card is made, and a car charges.
    await operator.get(201, 'POST /api/ocpp/tokens', { idToken: 'CARD', type: 'ISO14443', label: 'The first card' })
    assert.equal((await waiting.call('Authorize', { idTag: 'CARD' })).idTagInfo.status, 'Accepted')
    const began = Date.now() - 3_600_000
    const at = (minute: number) => new Date(began + minute * 60_000).toISOString()
    const begun = await waiting.call('StartTransaction', {
      connectorId: 1,
      idTag: 'CARD',
      meterStart: 99_990,
      timestamp: at(0),
    })
    assert.equal(begun.idTagInfo.status, 'Accepted')
    const { transactionId } = begun
    for (const [minute, value] of [
      [10, '0.002'],
      [20, '5'],
    ] as const) {
      // The register has five digits, and begins again.
      const sampledValue = [{ value, unit: 'kWh' }]
      await waiting.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp: at(minute), sampledValue }],
      })
    }
    await waiting.call('StopTransaction', {
      transactionId,
      meterStop: 7_000,
      timestamp: at(30),
      reason: 'EVDisconnected',
    })
    await p.settle()
    const sessions = await operator.get(200, 'GET /api/sessions?charger=CP-1')
    assert.equal(sessions.items.length, 1)
    const [session] = sessions.items
    assert.equal(session.energyWh, 7_010)
    assert.equal(session.startedAt, at(0))
    assert.equal(session.endedAt, at(30))
    assert.equal(session.stopReason, 'EVDisconnected')

    // It does what it is told, and what was said can be read.
    waiting.answers.set('Reset', () => ({ status: 'Accepted' }))
    const reset = await operator.get(200, 'POST /api/ocpp/chargers/CP-1/commands/Reset', { type: 'Soft' })
    assert.deepEqual(reset, { status: 'Accepted' })
    const said = await operator.get(200, 'GET /api/ocpp/chargers/CP-1/messages?action=StartTransaction')
    assert.equal(said.items.length, 1)

    // One of 2.0.1 beside it is started from afar.
    const other = await connect(t, url('CP-2'), 'ocpp2.0.1', { password })
    other.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
    other.answers.set('GetBaseReport', () => ({ status: 'NotSupported' }))
    other.answers.set('GetLocalListVersion', () => ({ versionNumber: 0 }))
    await other.call('BootNotification', boot2)
    await operator.get(200, 'POST /api/ocpp/chargers/CP-2/approve')
    await until(async () => (await other.call('BootNotification', boot2)).status === 'Accepted')
    await other.call('StatusNotification', {
      timestamp: at(60),
      connectorStatus: 'Available',
      evseId: 1,
      connectorId: 1,
    })
    await p.settle()
    let asked: { remoteStartId: number; idToken: { idToken: string } } | undefined
    other.answers.set('RequestStartTransaction', payload => {
      asked = payload as typeof asked
      return { status: 'Accepted' }
    })
    await operator.get(200, 'POST /api/sessions/start', { chargerId: 'CP-2', evse: 1, connector: 1, idToken: 'CARD' })
    assert.equal(asked!.idToken.idToken, 'CARD')
  })
