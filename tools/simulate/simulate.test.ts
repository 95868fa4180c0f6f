import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransactionReported } from '#contracts/ocpp'
import { gateway, open } from '../../services/ocpp/testing.ts'
import { arrivingCar, charge, powerOf } from '../../services/ocpp/simulator/car.ts'
import { openClock } from '../../services/ocpp/simulator/clock.ts'
import { until } from '../../test/kernel/toys.ts'
import { simulate } from './simulate.ts'

test('a car takes less as it fills and while it is cold, and never more than it or the plug can', () => {
  const car = { ...arrivingCar(() => 0.5, 20), soc: 0.2, targetSoc: 1, temperature: 20 }
  const plug = { current: 'DC', maxPowerW: 150_000 } as const
  const full = powerOf(car, plug)
  assert.ok(full > 0 && full <= car.dcPowerW)
  assert.ok(powerOf({ ...car, temperature: -5 }, plug) < full / 2)
  assert.ok(powerOf({ ...car, soc: 0.9 }, plug) < full / 2)
  assert.equal(powerOf(car, { current: 'AC', maxPowerW: 3_700 }), 3_700)
  const before = car.soc
  const energyWh = charge(car, plug, 60)
  assert.ok(Math.abs((car.soc - before) * car.capacityWh - energyWh * 0.9) < 1e-6)
})

for (const chaos of [false, true])
  test(`simulated chargers of all versions find nothing that breaks the protocol, and what they charged is what was heard${chaos ? ', though connections break, some are away for a while, and messages come twice' : ''}`, async t => {
    const { p, url, card } = await open(t)
    await card('SIM-CARD-1')
    const ending = new AbortController()
    t.after(() => ending.abort())
    const { views, violations, done } = simulate({
      url,
      chargers: 6,
      versions: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'],
      scenario: 'rush',
      speed: 6_000,
      cards: ['SIM-CARD-1'],
      chaos,
      seed: 7,
      signal: ending.signal,
    })
    const count = () => views.reduce((sum, view) => sum + view.sessions, 0)
    // Some are away for a while, and tell later what happened meanwhile.
    const isAway = async () => chaos && !(await p.published(TransactionReported)).some(({ offline }) => offline)
    while (count() < 12 || (await isAway())) await sleep(100)
    ending.abort()
    await done
    assert.deepEqual(
      violations.map(({ message }) => message),
      [],
    )
    const told = await p.published(TransactionReported)
    const ended = told.filter(({ phase }) => phase === 'ended')
    const sessions = count()
    // What a charger could not say any more as everything ended is still on its way.
    const unsaid = views.reduce((sum, view) => sum + view.unsaid, 0)
    assert.ok(
      ended.length <= sessions && ended.length >= sessions - unsaid,
      `${ended.length} of ${sessions}, ${unsaid} unsaid`,
    )
    assert.equal(new Set(ended.map(({ transactionId }) => transactionId)).size, ended.length, 'each ended once')
    const register = (transactionId: string, phase: string) =>
      told
        .filter(event => event.transactionId === transactionId && event.phase === phase)
        .flatMap(({ readings }) => readings)
        .findLast(({ measurand }) => measurand === 'Energy.Active.Import.Register')!.value
    const heard = ended.reduce(
      (sum, { transactionId }) => sum + register(transactionId, 'ended') - register(transactionId, 'begun'),
      0,
    )
    const charged = views.reduce((sum, view) => sum + view.energyWh, 0)
    if (unsaid === 0) assert.ok(Math.abs(heard - charged) <= sessions, `${heard} Wh of ${charged} Wh`)
  })

test('the clock of a charger goes wrong by what it drifts, and is set where that matters', () => {
  let now = Date.parse('2026-11-30T12:00:00Z')
  const clock = openClock(0.02, () => now)
  const off = () => Math.round(clock.now().getTime() - now)
  now += 10_000
  assert.equal(off(), 200)
  clock.set(new Date(now).toISOString())
  assert.equal(off(), 200, 'nobody sets it back for a moment')
  now += 90_000
  assert.equal(off(), 2_000)
  clock.set(new Date(now).toISOString())
  assert.equal(off(), 0)
  clock.turn(3_600_000)
  assert.equal(off(), 3_600_000)
})

for (const version of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const)
  test(`a simulated charger of ${version} takes firmware, a certificate, a list of cards and reservations, and brings its log`, async t => {
    const { p, url, card, as, db } = await open(t)
    await gateway(p, { periodic: true })
    await card('ADA', { groupId: 'TEAM' })
    await card('GRACE')
    const ending = new AbortController()
    t.after(() => ending.abort())
    const { views, violations, done } = simulate({
      url,
      chargers: 1,
      versions: [version],
      scenario: 'none',
      speed: 6_000,
      password: 'a long and random one',
      signal: ending.signal,
    })
    const me = as()
    const get = async (path: string) => (await me.get(`/chargers/SIM-001${path}`)).body
    const call = async (action: string, payload: object) =>
      (await me.post(`/chargers/SIM-001/commands/${action}`, payload)).body
    const is16 = version === 'ocpp1.6'
    await until(() => views[0]!.state === 'online')

    // It says how far it is with new firmware, starts anew, and is called by it then.
    const location = 'https://files.example.com/charger-2.5.0.bin'
    assert.equal((await me.post('/chargers/SIM-001/firmware', { location })).status, 202)
    await until(async () => (await get('/firmware')).items[0].state === 'installed')
    assert.equal((await get('')).firmware, '2.5.0')
    const forged = { location, signature: 'c2ln', signingCertificate: 'no certificate' }
    assert.equal((await me.post('/chargers/SIM-001/firmware', forged)).body.code, 'command_rejected')

    // What is signed for a key of its own it takes, and nothing else.
    const requestedMessage = is16 ? 'SignChargePointCertificate' : 'SignChargingStationCertificate'
    const asked = await call(is16 ? 'ExtendedTriggerMessage' : 'TriggerMessage', { requestedMessage })
    assert.equal(asked.status, 'Accepted')
    await until(async () => (await get('/certificates')).items[0]?.state === 'installed')
    assert.equal((await call('CertificateSigned', { certificateChain: 'of another' })).code, 'command_rejected')

    assert.equal((await me.post('/chargers/SIM-001/files', { kind: 'diagnostics' })).status, 202)
    await until(async () => (await get('/files')).items[0].said === 'Uploaded')
    const [file] = (await get('/files')).items
    assert.equal(file.status, 'stored')
    const content = await fetch(`${url}/api/ocpp/chargers/SIM-001/files/${file.id}/content`, { headers: me.headers })
    assert.match(await content.text(), /BootNotification\n/)

    await me.put('/chargers/SIM-001/local-list', { enabled: true, scope: 'all' })
    await until(async () => (await get('/local-list')).state === 'current')
    const list = await call('GetLocalListVersion', {})
    assert.equal(list.listVersion ?? list.versionNumber, 1)
    await db`delete from tokens where id_token = 'GRACE'`
    await until(async () => (await get('/local-list')).version === 2)

    // Kept for a card and who belongs to it; others are sent away.
    const status = async () => (await get('')).connectors.find(({ evse }: { evse: number }) => evse === 1).status
    const reserve = async (seconds: number, id: number) => {
      const until = new Date(Date.now() + seconds * 1000).toISOString()
      const payload = is16
        ? { connectorId: 1, expiryDate: until, idTag: 'NOBODY', parentIdTag: 'TEAM', reservationId: id }
        : {
            id,
            evseId: 1,
            expiryDateTime: until,
            idToken: { idToken: 'NOBODY', type: 'ISO14443' },
            groupIdToken: { idToken: 'TEAM', type: 'Central' },
          }
      return (await call('ReserveNow', payload)).status
    }
    assert.equal(await reserve(3_600, 7), 'Accepted')
    assert.equal(await reserve(3_600, 8), 'Occupied')
    await until(async () => (await status()) === 'reserved')
    assert.equal((await call('CancelReservation', { reservationId: 7 })).status, 'Accepted')
    await until(async () => (await status()) === 'available')
    assert.equal(await reserve(1, 9), 'Accepted')
    await until(async () => (await reserve(3_600, 10)) === 'Accepted')
    assert.equal((await call('CancelReservation', { reservationId: 9 })).code, 'command_rejected', 'it is over')
    const [action, plug] = is16
      ? ['RemoteStartTransaction', { connectorId: 1 }]
      : ['RequestStartTransaction', { evseId: 1, remoteStartId: 1 }]
    const startFor = (idToken: string) =>
      call(action as string, {
        ...(plug as object),
        ...(is16 ? { idTag: idToken } : { idToken: { idToken, type: 'ISO14443' } }),
      })
    await startFor('STRANGER')
    await until(() => views[0]!.turnedAway === 1)
    await until(() => views[0]!.plugs[0]!.state === 'free')
    await startFor('ADA')
    await until(async () => (await p.published(TransactionReported)).some(({ reservationId }) => reservationId === 10))
    ending.abort()
    await done
    assert.deepEqual(
      violations.map(({ message }) => message),
      [],
    )
  })
