import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gateway, open } from '../testing.ts'

const firmware = { location: 'https://files.example.com/2.5.0.bin' }

suite('firmware', () => {
  test('is taken by one charger, which says how far it is', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    let heard: { location?: string } = {}
    it.answers.set('UpdateFirmware', payload => {
      heard = payload
      return {}
    })
    const { status, body } = await as().post('/chargers/CP-1/firmware', firmware)
    assert.deepEqual([status, body.state, heard.location], [202, 'asked', firmware.location])
    const again = await as().post('/chargers/CP-1/firmware', firmware)
    assert.deepEqual([again.status, again.body.code], [409, 'firmware_under_way'])
    const state = async () => (await as().get('/chargers/CP-1/firmware')).body.items[0]
    await it.call('FirmwareStatusNotification', { status: 'Downloading' })
    assert.deepEqual([(await state()).state, (await state()).said], ['under-way', 'Downloading'])
    await it.call('FirmwareStatusNotification', { status: 'Installed' })
    await it.call('FirmwareStatusNotification', { status: 'Idle' })
    assert.deepEqual([(await state()).state, (await state()).said], ['installed', 'Installed'])
  })

  test('that is signed is taken as such, and what the charger does not want has failed', async t => {
    const { charger, as } = await open(t)
    const [old, it] = [await charger('CP-1'), await charger('CP-2', 'ocpp2.0.1')]
    for (const one of [old, it]) await one.call('Heartbeat', {})
    const signed = { ...firmware, signature: 'c2ln', signingCertificate: 'PEM' }
    old.answers.set('SignedUpdateFirmware', () => ({ status: 'InvalidCertificate' }))
    const refused = await as().post('/chargers/CP-1/firmware', signed)
    assert.deepEqual([refused.status, refused.body.code], [409, 'command_rejected'])
    assert.equal((await as().get('/chargers/CP-1/firmware')).body.items[0].state, 'failed')
    let requestId = 0
    it.answers.set('UpdateFirmware', payload => {
      ;({ requestId } = payload)
      return { status: 'Accepted' }
    })
    assert.equal((await as().post('/chargers/CP-2/firmware', signed)).status, 202)
    await it.call('FirmwareStatusNotification', { status: 'InvalidSignature', requestId })
    assert.equal((await as().get('/chargers/CP-2/firmware')).body.items[0].state, 'failed')
  })
})

suite('a campaign of firmware', () => {
  test('asks a few chargers at a time, goes on as they end, and waits for who is away', async t => {
    const { p, charger, as } = await open(t)
    await gateway(p, { periodic: true })
    const asked: string[] = []
    const join = async (id: string) => {
      const it = await charger(id)
      await it.call('Heartbeat', {})
      it.answers.set('UpdateFirmware', () => {
        asked.push(id)
        return {}
      })
      return it
    }
    const all = [await join('A'), await join('B'), await join('C')]
    const away = await join('D')
    await away.close()
    const operator = as()
    const chargers = ['A', 'B', 'C', 'D']
    const { status, body } = await operator.post('/firmware-campaigns', { name: 'All', firmware, chargers, share: 2 })
    assert.deepEqual([status, body.updates.waiting], [201, 4])
    const at = `/firmware-campaigns/${body.id}`
    await until(() => asked.length === 2)
    assert.deepEqual(asked.toSorted(), ['A', 'B'])
    for (const it of all.slice(0, 2)) await it.call('FirmwareStatusNotification', { status: 'Installed' })
    await until(() => asked.length === 3)
    await all[2]!.call('FirmwareStatusNotification', { status: 'InstallationFailed' })
    const { body: between } = await operator.get(at)
    assert.deepEqual([between.state, between.updates.installed, between.updates.failed], ['running', 2, 1])
    const back = await join('D')
    await until(() => asked.length === 4)
    await back.call('FirmwareStatusNotification', { status: 'Installed' })
    await until(async () => (await operator.get(at)).body.state === 'done')
    const failed = await operator.get(`${at}/updates?state=failed`)
    assert.deepEqual(
      failed.body.items.map(({ chargerId, said }: Record<string, string>) => [chargerId, said]),
      [['C', 'InstallationFailed']],
    )
    assert.equal((await as().get(at)).status, 404, 'it is for who made it')
  })

  test('stops where chargers fail, and is paused, cancelled and held to its hours', async t => {
    const { p, charger, as } = await open(t)
    await gateway(p, { periodic: true })
    const operator = as()
    const asked: string[] = []
    for (const id of ['A', 'B']) {
      const it = await charger(id)
      await it.call('BootNotification', { chargePointVendor: 'Voltaic', chargePointModel: id })
      it.answers.set('UpdateFirmware', (_, messageId) => {
        asked.push(id)
        it.socket.send(JSON.stringify([4, messageId, 'NotSupported', '', {}]))
      })
    }
    const make = async (more: object) =>
      (await operator.post('/firmware-campaigns', { name: 'Some', firmware, ...more })).body
    const wrong = { chargers: ['A', 'nobody'] }
    assert.equal((await make(wrong)).code, 'charger_unknown')
    assert.equal((await make({ chargers: { vendor: 'nobody' } })).code, 'campaign_empty')
    const stopped = await make({ chargers: { vendor: 'voltaic' }, share: 1, stopAfter: 1 })
    await until(async () => (await operator.get(`/firmware-campaigns/${stopped.id}`)).body.state === 'stopped')
    assert.equal(asked.length, 1)
    const again = (body: object) => operator.put(`/firmware-campaigns/${stopped.id}`, body)
    for (const body of [{ state: 'running' }, { state: 'running', stopAfter: 1 }]) {
      const refused = await again(body)
      assert.deepEqual([refused.status, refused.body.code], [409, 'campaign_failed'])
    }
    const { body: held } = await again({ share: 2 })
    assert.deepEqual([held.state, held.share], ['stopped', 2])
    assert.ok(held.endedAt, 'it has stopped all the same')
    const { body: onwards } = await again({ state: 'running', stopAfter: 2 })
    assert.deepEqual([onwards.state, onwards.endedAt], ['running', null])
    await until(async () => (await operator.get(`/firmware-campaigns/${stopped.id}`)).body.state === 'done')
    assert.deepEqual(asked.toSorted(), ['A', 'B'])
    const all = (await operator.get('/firmware-campaigns')).body.items
    assert.deepEqual(
      all.map(({ updates }: Record<string, Record<string, number>>) => updates!.failed),
      [2],
    )

    const hour = new Date().getUTCHours()
    const time = (hours: number) => `${String((hour + hours) % 24).padStart(2, '0')}:30`
    const later = await make({ chargers: ['A'], from: time(3), to: time(5) })
    const change = (id: string, body: object, version: number) =>
      operator.put(`/firmware-campaigns/${id}`, body, { 'if-match': `"${version}"` })
    const paused = await change(later.id, { state: 'paused', share: 5 }, 1)
    assert.deepEqual([paused.body.state, paused.body.share, paused.headers.get('etag')], ['paused', 5, '"2"'])
    assert.equal((await change(later.id, { state: 'running' }, 1)).status, 412)
    const cancelled = await change(later.id, { state: 'cancelled' }, 2)
    assert.deepEqual([cancelled.body.state, cancelled.body.updates.cancelled], ['cancelled', 1])
    assert.equal((await change(later.id, { state: 'running' }, 3)).body.code, 'campaign_ended')
    assert.equal(asked.length, 2)
  })

  test('is over without a charger that is forgotten, and who has its identity next has nothing of it', async t => {
    const { p, charger, as } = await open(t)
    await gateway(p, { periodic: true })
    await (await charger('A')).close()
    const operator = as()
    const { body } = await operator.post('/firmware-campaigns', { name: 'One', firmware, chargers: ['A'] })
    assert.equal((await operator.delete('/chargers/A')).status, 204)
    await until(async () => (await operator.get(`/firmware-campaigns/${body.id}`)).body.state === 'done')
    await charger('A')
    assert.deepEqual((await operator.get('/chargers/A/firmware')).body.items, [])
  })
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(done => setTimeout(done, 50))
}
