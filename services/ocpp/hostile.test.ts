import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { ConnectorReported, OcppMessage, TransactionReported } from '#contracts/ocpp'
import { newId } from '#kernel'
import { boot16, boot2, open } from './testing.ts'

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const start = { connectorId: 1, idTag: 'CARD', meterStart: 0, timestamp: minutesAgo(60) }
type Opened = Awaited<ReturnType<typeof open>>

async function booted(opened: Opened, id = 'CP-1', version: Parameters<Opened['charger']>[1] = 'ocpp1.6') {
  const it = await opened.charger(id, version)
  await it.call('BootNotification', version === 'ocpp1.6' ? boot16 : boot2)
  return it
}
const told = async ({ p }: Opened) =>
  (await p.published(TransactionReported)).map(({ phase, at, readings }) => [phase, at, readings.at(-1)?.value])

test('the same StartTransaction three times is one transaction, whatever ids the messages have', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const id = newId()
  const first = await it.call('StartTransaction', start, id)
  assert.deepEqual(await it.call('StartTransaction', start, id), first)
  assert.deepEqual(await it.call('StartTransaction', start), first)
  await it.close()
  const again = await booted(opened)
  assert.deepEqual(await again.call('StartTransaction', start), first)
  assert.equal((await told(opened)).length, 1)
})

test('a process gives numbers to as many transactions as come', async t => {
  const opened = await open(t)
  const chargers = await Promise.all(Array.from({ length: 20 }, (_, number) => booted(opened, `CP-${number}`)))
  const given = new Set<unknown>()
  for (let round = 0; round < 52; round++) {
    const timestamp = minutesAgo(1_000 - round)
    const answers = await Promise.all(chargers.map(it => it.call('StartTransaction', { ...start, timestamp })))
    for (const { transactionId } of answers) given.add(transactionId)
  }
  assert.equal(given.size, 1_040)
  assert.ok(!given.has(undefined))
})

test('after a day without a connection five hundred messages arrive in their order with their old times', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const times: string[] = []
  for (let number = 0; number < 125; number++) {
    const began = 1_440 - number * 10
    const at = [0, 3, 6, 9].map(minutes => minutesAgo(began - minutes))
    times.push(...at)
    const { transactionId } = await it.call('StartTransaction', { ...start, meterStart: number, timestamp: at[0] })
    for (const timestamp of at.slice(1, 3))
      await it.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp, sampledValue: [{ value: '5' }] }],
      })
    await it.call('StopTransaction', { transactionId, meterStop: number + 7, timestamp: at[3] })
  }
  const all = await opened.p.published(TransactionReported)
  assert.deepEqual(
    all.map(({ at }) => at),
    times,
  )
  assert.equal(new Set(all.map(({ transactionId }) => transactionId)).size, 125)
  assert.ok(all.filter(({ phase }) => phase !== 'progressed').every(({ offline }) => offline))
})

test('a StopTransaction of a transaction nobody knows is taken and kept; 0 and -1 mean the only one that is open', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const stop = { meterStop: 10, timestamp: minutesAgo(1) }
  for (const transactionId of [4711, 0, -1])
    assert.deepEqual(await it.call('StopTransaction', { ...stop, transactionId }), {})
  assert.deepEqual(await told(opened), [])
  await it.call('StartTransaction', start)
  await it.call('StopTransaction', { ...stop, transactionId: -1 })
  await it.call('StopTransaction', { ...stop, transactionId: -1 })
  assert.deepEqual(
    (await told(opened)).map(([phase]) => phase),
    ['begun', 'ended'],
  )
  assert.equal((await opened.p.published(OcppMessage)).filter(({ action }) => action === 'StopTransaction').length, 5)
})

test('values in Wh and kWh, without a number, with a unit spelt both ways and with times no clock has are read as they can be', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const { transactionId } = await it.call('StartTransaction', start)
  const sample = (timestamp: string, value: string, more = {}) =>
    it.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp, sampledValue: [{ value, ...more }] }],
    })
  const before = Date.now()
  await sample('2026-01-01T00:00:00', '1')
  await sample(minutesAgo(50), '1.5', { unit: 'kWh' })
  await sample(minutesAgo(49), '', {})
  await sample(minutesAgo(48), 'NaN')
  await sample(minutesAgo(47), '21.5', { measurand: 'Temperature', unit: 'Celsius' })
  await sample(minutesAgo(46), '21.5', { measurand: 'Temperature', unit: 'Celcius' })
  await sample(minutesAgo(45), '4F434D467C', { format: 'SignedData' })
  await sample('1970-01-01T00:00:00Z', '2000')
  await sample('2099-01-01T00:00:00Z', '3000')
  const readings = (await opened.p.published(TransactionReported)).slice(1).map(event => event.readings)
  assert.deepEqual(
    readings.map(([reading]) => reading && [reading.value, reading.unit, reading.signed?.data]),
    [
      [1, 'Wh', undefined],
      [1500, 'Wh', undefined],
      undefined,
      undefined,
      [21.5, 'Celsius', undefined],
      [21.5, 'Celsius', undefined],
      [0, 'Wh', '4F434D467C'],
      [2000, 'Wh', undefined],
      [3000, 'Wh', undefined],
    ],
  )
  for (const [reading] of readings.slice(-2))
    assert.ok(Date.parse(reading!.at) >= before, 'a time no clock has is when it came')
})

test('a time without a zone is UTC, and one with a zone is what it says', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const at = new Date(Date.now() - 600_000)
  at.setMilliseconds(0)
  const bare = at.toISOString().slice(0, 19)
  const local = new Date(at.getTime() + 2 * 3_600_000).toISOString().slice(0, 19)
  await it.call('StartTransaction', { ...start, timestamp: bare })
  await it.call('StartTransaction', { ...start, connectorId: 2, timestamp: `${local}+02:00` })
  assert.deepEqual(
    (await opened.p.published(TransactionReported)).map(event => event.at),
    [at.toISOString(), at.toISOString()],
  )
})

test('events of 2.0.1 come with gaps, twice and out of order, the last before the first: each counts once', async t => {
  const opened = await open(t)
  const it = await booted(opened, 'CP-1', 'ocpp2.0.1')
  const event = (seqNo: number, eventType: string) =>
    it.call('TransactionEvent', {
      eventType,
      seqNo,
      timestamp: minutesAgo(30 - seqNo),
      triggerReason: 'MeterValuePeriodic',
      offline: true,
      transactionInfo: { transactionId: 'T' },
      evse: { id: 1, connectorId: 1 },
    })
  const order: [number, string][] = [
    [9, 'Ended'],
    [4, 'Updated'],
    [4, 'Updated'],
    [0, 'Started'],
    [9, 'Ended'],
    [2, 'Updated'],
    [0, 'Started'],
  ]
  for (const [seqNo, eventType] of order) await event(seqNo, eventType)
  await it.close()
  const again = await booted(opened, 'CP-1', 'ocpp2.0.1')
  await again.call('TransactionEvent', {
    eventType: 'Updated',
    seqNo: 4,
    timestamp: minutesAgo(26),
    triggerReason: 'MeterValuePeriodic',
    transactionInfo: { transactionId: 'T' },
  })
  const events = await opened.p.published(TransactionReported)
  assert.deepEqual(
    events.map(({ seqNo, phase }) => [seqNo, phase]),
    [
      [9, 'ended'],
      [4, 'progressed'],
      [0, 'begun'],
      [2, 'progressed'],
    ],
  )
  assert.equal(new Set(events.map(({ transactionId }) => transactionId)).size, 1)
})

test('what is no message is refused in the words of its version, and kept', async t => {
  const opened = await open(t)
  const old = await booted(opened)
  const young = await booted(opened, 'CP-2', 'ocpp2.0.1')
  const newest = await booted(opened, 'CP-3', 'ocpp2.1')
  const long = 'x'.repeat(37)
  const call = (id: unknown, payload: unknown = {}, action = 'Authorize') => JSON.stringify([2, id, action, payload])
  const code = async (it: typeof old, text: string, id: string) => (await it.frame(text, id))[2]
  assert.equal(await code(old, call(long), long), 'ProtocolError')
  assert.equal(await code(young, call(long), long), 'RpcFrameworkError')
  assert.equal(await code(young, call(7), '-1'), 'RpcFrameworkError')
  assert.equal(await code(young, 'not JSON', '-1'), 'RpcFrameworkError')
  assert.equal(
    await code(young, `[2,"a","Authorize",${'['.repeat(10_000)}${']'.repeat(10_000)}]`, '-1'),
    'RpcFrameworkError',
  )
  assert.equal(await code(young, '[7,"b",{}]', 'b'), 'MessageTypeNotSupported')
  assert.equal(await code(old, call('c', []), 'c'), 'FormationViolation')
  assert.equal(await code(young, call('c', []), 'c'), 'FormatViolation')
  assert.equal(await code(old, call('d'), 'd'), 'OccurenceConstraintViolation')
  assert.equal(await code(young, call('d'), 'd'), 'OccurrenceConstraintViolation')
  assert.equal(await code(old, call('e', { idTag: 5 }), 'e'), 'TypeConstraintViolation')
  assert.equal(await code(old, call('f', { idTag: 'x'.repeat(21) }), 'f'), 'PropertyConstraintViolation')
  assert.equal(await code(old, call('g', { idTag: 'x', more: 1 }), 'g'), 'FormationViolation')
  assert.equal(await code(old, call('h', {}, 'Reboot'), 'h'), 'NotImplemented')
  assert.equal(await code(old, call('i', { type: 'Hard' }, 'Reset'), 'i'), 'NotSupported')
  assert.equal(
    await code(newest, call('j', { idToken: { idToken: 'x', type: 'Central', more: 1 } }), 'j'),
    'FormatViolation',
  )
  const kept = (await opened.p.published(OcppMessage)).filter(({ outcome }) => outcome === 'error')
  assert.equal(kept.length, 16)
  for (const it of [old, young, newest])
    assert.ok((await it.call('Heartbeat', {})).currentTime, 'and nobody is sent away')
})

test('answers to nobody, a second answer and messages of types that are not known are passed over', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  for (const text of [
    '[3,"nobody",{}]',
    '[4,"nobody","GenericError","",{}]',
    '[5,"x","y","z",{}]',
    '[9,"x"]',
    '[3,"nobody"]',
  ])
    it.socket.send(text)
  assert.ok((await it.call('Heartbeat', {})).currentTime)
})

test('a call while others are open waits for its turn: of ten thousand at once each is answered, and nobody else waits', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' }
  const send = (id: string, action: string, payload: object) => it.frame(JSON.stringify([2, id, action, payload]), id)
  const calls = Array.from({ length: 10_000 }, (_, number) =>
    number % 10 === 0 ? send(`s${number}`, 'StatusNotification', status) : send(`h${number}`, 'Heartbeat', {}),
  )
  const other = await booted(opened, 'CP-2')
  const asked = performance.now()
  await other.call('Authorize', { idTag: 'X' })
  assert.ok(performance.now() - asked < 5_000)
  await Promise.all(calls)
  const answered = it.heard.map(([, id]) => id).filter(id => id.startsWith('s'))
  assert.deepEqual(
    answered,
    Array.from({ length: 1_000 }, (_, number) => `s${number * 10}`),
  )
})

test('what a charger sends without waiting is written together and answered in its order; one that fails fails alone', async t => {
  const opened = await open(t)
  const it = await booted(opened, 'CP-1', 'ocpp2.0.1')
  await opened.p.settle()
  it.heard.length = 0
  const event = (eventType: string, seqNo: number) => ({
    eventType,
    seqNo,
    timestamp: new Date().toISOString(),
    triggerReason: 'MeterValuePeriodic',
    transactionInfo: { transactionId: 'tx-1' },
    evse: { id: 1, connectorId: 1 },
  })
  const status = (connectorStatus: string, connectorId = 1) => ({
    timestamp: new Date().toISOString(),
    connectorStatus,
    evseId: 1,
    connectorId,
  })
  const frames: [string, object][] = [
    ['MeterValues', { evseId: 1, meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [{ value: 1 }] }] }],
    ['TransactionEvent', event('Started', 0)],
    ['TransactionEvent', event('Updated', 1)],
    ['StatusNotification', status('Occupied')],
    ['DataTransfer', { vendorId: 'a\u0000b' }],
    ['TransactionEvent', event('Updated', 1)],
    ['TransactionEvent', event('Ended', 2)],
    ['StatusNotification', status('Available')],
  ]
  const send = (some: typeof frames, from: number) =>
    some.map(([action, payload], at) => {
      const id = `m${String(from + at).padStart(3, '0')}`
      return it.frame(JSON.stringify([2, id, action, payload]), id)
    })
  // While the first is being written the others come.
  await opened.db.begin(async tx => {
    await tx`lock table messages in exclusive mode`
    void send(frames, 0)
    await it.call('Heartbeat', {}, 'here')
  })
  await Promise.all(send([['StatusNotification', status('Faulted', 2)]], 100))
  const answers = it.heard.filter(([, id]) => id.startsWith('m'))
  assert.deepEqual(
    answers.map(([type, id]) => [type, id]),
    [...frames.keys(), 100].map(at => [at === 4 ? 4 : 3, `m${String(at).padStart(3, '0')}`]),
  )
  const phases = (await opened.p.published(TransactionReported)).map(({ phase, seqNo }) => [phase, seqNo])
  assert.deepEqual(phases, [
    ['begun', 0],
    ['progressed', 1],
    ['ended', 2],
  ])
  const rows = await opened.db`select status from connectors where charger_id = 'CP-1' order by connector`
  assert.deepEqual(
    rows.map(({ status }) => status),
    ['available', 'faulted'],
  )

  // Nothing of them fails: those that come while the first is being written are of one transaction.
  await opened.db.begin(async tx => {
    await tx`lock table messages in exclusive mode`
    void send(
      Array.from({ length: 10 }, () => ['StatusNotification', status('Occupied')]),
      200,
    )
    await it.call('Heartbeat', {}, 'still here')
  })
  await Promise.all(send([['StatusNotification', status('Faulted', 2)]], 300))
  const [{ transactions }] = await opened.db<[{ transactions: number }]>`
    select count(distinct xmin::text)::int as transactions from messages where message_id like 'm2%'`
  assert.ok(transactions <= 2, `${transactions} transactions`)
})

test('a message of a megabyte is too large, and so is what unpacks to one; the charger may come back', async t => {
  const opened = await open(t)
  const large = await booted(opened)
  large.socket.send(JSON.stringify([2, 'a', 'DataTransfer', { vendorId: 'x', data: 'y'.repeat(1_100_000) }]))
  assert.equal(await large.closed, 1009)
  const bomb = await booted(opened)
  const packed = deflateRawSync(Buffer.alloc(200_000_000, 'a'))
  const head = Buffer.alloc(14)
  head.writeUInt16BE(0xc1ff)
  head.writeBigUInt64BE(BigInt(packed.length), 2)
  bomb.below.write(Buffer.concat([head, packed]))
  assert.equal(await bomb.closed, 1009)
  await booted(opened)
})

test('five hundred chargers start at once, and none waits for another', async t => {
  const opened = await open(t)
  const fleet = await Promise.all(Array.from({ length: 500 }, (_, number) => booted(opened, `CP-${number}`)))
  const answers = await Promise.all(fleet.map(it => it.call('StartTransaction', start)))
  assert.equal(new Set(answers.map(({ transactionId }) => transactionId)).size, 500)
  assert.equal((await told(opened)).length, 500)
})

test('a text that cannot be kept is refused, and takes nothing else with it', async t => {
  const opened = await open(t)
  const [bad, good] = [await booted(opened, 'CP-1'), await booted(opened, 'CP-2')]
  const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' }
  const results = await Promise.allSettled([
    bad.call('StatusNotification', { ...status, info: 'a\u0000b' }),
    ...Array.from({ length: 20 }, () => good.call('StatusNotification', status)),
  ])
  assert.equal(results[0]!.status, 'rejected')
  assert.ok(results.slice(1).every(({ status }) => status === 'fulfilled'))
})

test('a charger that boots again and again, and says that it is free while it charges, is heard each time', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const { transactionId } = await it.call('StartTransaction', start)
  for (let times = 0; times < 20; times++)
    assert.equal((await it.call('BootNotification', boot16, '1')).status, 'Accepted')
  for (const connectorId of [0, 1, 99])
    await it.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Available' })
  await it.call('StopTransaction', { transactionId, meterStop: 5, timestamp: minutesAgo(0) })
  assert.deepEqual(
    (await told(opened)).map(([phase]) => phase),
    ['begun', 'ended'],
  )
  assert.equal((await opened.db`select from connectors`).length, 3)
})

test('a charger that does not read what it is told is let go before it fills the memory, and may come back', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const other = await booted(opened, 'CP-2')
  it.below.pause()
  const isHere = async () =>
    (await opened.db`select from chargers where id = 'CP-1' and connection_id is not null`).length > 0
  for (let sent = 0; it.socket.readyState === it.socket.OPEN && (await isHere()); sent++) {
    assert.ok(sent < 200, 'it is told without end')
    for (let beat = 0; beat < 5_000; beat++)
      it.socket.send(JSON.stringify([2, `${sent}-${beat}`.padEnd(36), 'Heartbeat', {}]))
    await other.call('Heartbeat', {})
  }
  it.below.resume()
  await it.closed
  await booted(opened)
})

test('a storm of StatusNotifications of one charger leaves what it said last, and nobody else waits for it', async t => {
  const opened = await open(t)
  const [it, other] = [await booted(opened), await booted(opened, 'CP-2')]
  const states = ['Available', 'Preparing', 'Charging', 'Faulted']
  const storm = Array.from({ length: 2_000 }, (_, number) => {
    const status = { connectorId: (number % 4) + 1, errorCode: 'NoError', status: states[Math.floor(number / 4) % 4]! }
    return it.frame(JSON.stringify([2, `s${number}`, 'StatusNotification', status]), `s${number}`)
  })
  const { transactionId } = await other.call('StartTransaction', start)
  assert.ok(it.heard.filter(([, id]) => id.startsWith('s')).length < storm.length, 'the storm goes on')
  await other.call('StopTransaction', { transactionId, meterStop: 5, timestamp: minutesAgo(0) })
  for (const [type] of await Promise.all(storm)) assert.equal(type, 3)
  const rows = await opened.db`select connector, evse, status from connectors where charger_id = 'CP-1' order by evse`
  assert.deepEqual(
    rows.map(({ evse, status }) => [evse, status]),
    [1, 2, 3, 4].map(evse => [evse, 'faulted']),
  )
})

test('a charger that starts, asks and goes again and again leaves nothing that waits for it', async t => {
  const opened = await open(t)
  for (let times = 0; times < 20; times++) {
    const it = await opened.charger('CP-1')
    // It never gets as far as to answer what it is asked after its start.
    it.answers.delete('GetConfiguration')
    await it.call('BootNotification', boot16)
    it.socket.terminate()
    await it.closed
  }
  await opened.p.settle()
  const it = await booted(opened)
  it.answers.set('Reset', () => ({ status: 'Accepted' }))
  const reset = await opened.as().post('/chargers/CP-1/commands/Reset', { type: 'Soft' })
  assert.deepEqual([reset.status, reset.body], [200, { status: 'Accepted' }])
  const open20 = () => opened.db`select from commands where ended_at is null`
  for (let tries = 0; (await open20()).length > 0 && tries < 100; tries++) {
    await opened.periodically(/nobody answers any more/)
    await new Promise(done => setTimeout(done, 200))
  }
  assert.equal((await open20()).length, 0)
})

test('connector 0, one that was never announced and data of a vendor nobody knows are taken as what they are', async t => {
  const opened = await open(t)
  const it = await booted(opened)
  const status = { errorCode: 'NoError', timestamp: minutesAgo(5) }
  assert.deepEqual(await it.call('StatusNotification', { ...status, connectorId: 0, status: 'Unavailable' }), {})
  assert.deepEqual(await it.call('StatusNotification', { ...status, connectorId: 1, status: 'Available' }), {})
  assert.deepEqual(
    (await opened.p.published(ConnectorReported)).map(({ evse, connector, status }) => [evse, connector, status]),
    [
      [0, 0, 'unavailable'],
      [1, 1, 'available'],
    ],
  )
  for (const connectorId of [9, 0]) {
    const { transactionId } = await it.call('StartTransaction', { ...start, connectorId })
    assert.ok(transactionId > 0)
    await it.call('MeterValues', {
      connectorId,
      transactionId,
      meterValue: [{ timestamp: minutesAgo(30), sampledValue: [{ value: '500' }] }],
    })
    await it.call('StopTransaction', { transactionId, meterStop: 1_000, timestamp: minutesAgo(1) })
  }
  assert.deepEqual(
    (await opened.p.published(TransactionReported)).map(({ evse, connector, phase }) => [evse, connector, phase]),
    [9, 0].flatMap(at => ['begun', 'progressed', 'ended'].map(phase => [at, at && 1, phase])),
  )
  const clock = [{ timestamp: minutesAgo(3), sampledValue: [{ value: '7' }] }]
  for (const connectorId of [0, 99])
    assert.deepEqual(await it.call('MeterValues', { connectorId, meterValue: clock }), {})
  const unknown = { vendorId: 'net.nobody-knows', messageId: 'Ümläut', data: '{"a":[1,' }
  assert.deepEqual(await it.call('DataTransfer', unknown), { status: 'UnknownVendorId' })
  const young = await booted(opened, 'CP-2', 'ocpp2.0.1')
  assert.deepEqual(await young.call('DataTransfer', { ...unknown, data: [null, { a: 1 }] }), {
    status: 'UnknownVendorId',
  })
  const place = { timestamp: minutesAgo(1), connectorStatus: 'Faulted' }
  assert.deepEqual(await young.call('StatusNotification', { ...place, evseId: 0, connectorId: 0 }), {})
  assert.deepEqual(await young.call('StatusNotification', { ...place, evseId: 7, connectorId: 3 }), {})
})
