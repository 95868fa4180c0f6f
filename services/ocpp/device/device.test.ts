import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ChargerBooted, CommandSent } from '#contracts/ocpp'
import { boot16, boot2, open } from '../testing.ts'

type Row = Record<string, unknown>
const only = (rows: Row[], ...names: string[]) => rows.map(row => names.map(name => row[name]))

suite('a device', () => {
  test('of 1.6 is asked for its configuration once after each start, and shown', async t => {
    const { p, charger, as } = await open(t)
    const it = await charger('CP-1')
    const configurationKey = [
      { key: 'HeartbeatInterval', readonly: false, value: '300' },
      { key: 'NumberOfConnectors', readonly: true, value: '2' },
      { key: 'AuthorizationKey', readonly: false, value: 'secret' },
    ]
    it.answers.set('GetConfiguration', () => ({ configurationKey }))
    await it.call('BootNotification', boot16)
    await p.settle()
    await until(async () => (await as().get('/chargers/CP-1/variables')).body.items.length === 3)
    const { body } = await as().get('/chargers/CP-1/variables')
    assert.deepEqual(only(body.items, 'component', 'variable', 'value', 'mutability'), [
      [null, 'AuthorizationKey', null, 'ReadWrite'],
      [null, 'HeartbeatInterval', '300', 'ReadWrite'],
      [null, 'NumberOfConnectors', '2', 'ReadOnly'],
    ])

    configurationKey.splice(1, 1)
    await it.call('BootNotification', boot16)
    await p.settle()
    await until(async () => (await as().get('/chargers/CP-1/variables/count')).body.count === 2)
    const [boot] = await p.published(ChargerBooted)
    await p.publish(ChargerBooted, boot!, undefined, boot!.eventId)
    await p.settle()
    assert.equal((await p.published(CommandSent)).length, 2, 'what is delivered twice is one start')
  })

  test('of 2.x reports all that it is made of, and what it names no more is gone', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    const reports: number[] = []
    const parts = [['A', 'B', 'C'], ['D']]
    it.answers.set('GetBaseReport', ({ requestId }) => {
      reports.push(requestId)
      return { status: 'Accepted' }
    })
    const report = async (requestId: number) => {
      for (const [seqNo, names] of parts.entries())
        await it.call('NotifyReport', {
          requestId,
          seqNo,
          generatedAt: new Date().toISOString(),
          tbc: seqNo < parts.length - 1,
          reportData: names.map(name => ({
            component: { name: 'EVSE', evse: { id: 1 } },
            variable: { name },
            variableAttribute: [
              { value: `${name}!`, mutability: 'ReadWrite' },
              { type: 'Target', value: '1' },
            ],
            variableCharacteristics: { dataType: 'integer', unit: 'W', maxLimit: 10, supportsMonitoring: true },
          })),
        })
    }
    const names = async () => {
      const { body } = await as().get('/chargers/CP-1/variables?limit=100')
      return body.items.filter(({ attribute }: Row) => attribute === 'Actual').map(({ variable }: Row) => variable)
    }
    await it.call('BootNotification', boot2)
    await until(() => reports.length === 1)
    await report(reports[0]!)
    assert.deepEqual(await names(), ['A', 'B', 'C', 'D'])
    const { body } = await as().get('/chargers/CP-1/variables?search=b!')
    assert.deepEqual(
      only(body.items, 'component', 'evse', 'variable', 'attribute', 'value', 'dataType', 'unit', 'maxLimit'),
      [['EVSE', 1, 'B', 'Actual', 'B!', 'integer', 'W', 10]],
    )
    const first = await as().get('/chargers/CP-1/variables?limit=3')
    const second = await as().get(`/chargers/CP-1/variables?limit=3&after=${first.body.nextCursor}`)
    assert.deepEqual(only([...first.body.items, ...second.body.items], 'variable', 'attribute'), [
      ['A', 'Actual'],
      ['A', 'Target'],
      ['B', 'Actual'],
      ['B', 'Target'],
      ['C', 'Actual'],
      ['C', 'Target'],
    ])

    parts.splice(0, 2, ['A'], ['E'])
    await it.call('BootNotification', boot2)
    await until(() => reports.length === 2)
    await report(reports[1]!)
    assert.deepEqual(await names(), ['A', 'E'])
  })

  test('is set by keys in 1.6, and says what waits for its next start', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    const statuses: Record<string, string> = { A: 'Accepted', B: 'RebootRequired', C: 'NotSupported', D: 'Rejected' }
    it.answers.set('ChangeConfiguration', ({ key }) => ({ status: statuses[key] }))
    const variables = Object.keys(statuses).map(variable => ({ variable, value: '1' }))
    const { status, body } = await as().put('/chargers/CP-1/variables', { variables })
    assert.equal(status, 200)
    assert.deepEqual(only(body.results, 'variable', 'status'), Object.entries(statuses))
    const list = async () => (await as().get('/chargers/CP-1/variables')).body.items
    assert.deepEqual(only(await list(), 'variable', 'value', 'waitsForReboot', 'waiting'), [
      ['A', '1', false, null],
      ['B', null, true, '1'],
    ])
    assert.deepEqual(only((await as().get('/chargers/CP-1/variables?waiting=true')).body.items, 'variable'), [['B']])

    it.answers.set('GetConfiguration', () => undefined)
    await it.call('BootNotification', boot16)
    await until(async () => (await list()).every(({ waitsForReboot }: Row) => !waitsForReboot))
    assert.deepEqual(only(await list(), 'variable', 'value'), [
      ['A', '1'],
      ['B', '1'],
    ])
    const wrong = await as().put('/chargers/CP-1/variables', {
      variables: [{ component: 'EVSE', variable: 'A', value: '1' }],
    })
    assert.deepEqual([wrong.status, wrong.body.errors[0].pointer], [422, '/variables/0/component'])
  })

  test('is set by variables in 2.x, as many a message as it takes', async t => {
    const { charger, as, db } = await open(t)
    const it = await charger('CP-1', 'ocpp2.1')
    await it.call('Heartbeat', {})
    await db`
      insert into variables (charger_id, component, component_instance, evse, connector, variable, variable_instance,
        attribute, value, reported_at)
      values ('CP-1', 'DeviceDataCtrlr', '', 0, 0, 'ItemsPerMessage', 'SetVariables', 'Actual', '2', now())`
    const sizes: number[] = []
    it.answers.set('SetVariables', ({ setVariableData }) => {
      sizes.push(setVariableData.length)
      const results = setVariableData.map(({ component, variable }: Row & { variable: { name: string } }) => ({
        component,
        variable,
        attributeStatus: variable.name === 'B' ? 'UnknownVariable' : 'Accepted',
        ...(variable.name === 'B' && { attributeStatusInfo: { reasonCode: 'NoSuchThing' } }),
      }))
      return { setVariableResult: results.toReversed() }
    })
    const variables = ['A', 'B', 'C'].map(variable => ({ component: 'EVSE', evse: 1, variable, value: '5' }))
    const { body } = await as().put('/chargers/CP-1/variables', { variables })
    assert.deepEqual(sizes, [2, 1])
    assert.deepEqual(only(body.results, 'variable', 'status', 'reason'), [
      ['A', 'Accepted', null],
      ['B', 'UnknownVariable', 'NoSuchThing'],
      ['C', 'Accepted', null],
    ])
    const { body: list } = await as().get('/chargers/CP-1/variables?component=evse')
    assert.deepEqual(only(list.items, 'evse', 'variable', 'value'), [
      [1, 'A', '5'],
      [1, 'C', '5'],
    ])
  })

  test('shows nobody the passwords that it was given', async t => {
    const { charger, as, db } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    const heard: string[] = []
    it.answers.set('ChangeConfiguration', ({ value }) => {
      heard.push(value)
      return { status: 'Accepted' }
    })
    const body = { key: 'AuthorizationKey', value: '0123456789abcdef' }
    await as().post('/chargers/CP-1/commands/ChangeConfiguration', body)
    assert.deepEqual(heard, [body.value])
    const kept =
      await db`select (select json_agg(c) from commands c)::text || (select json_agg(m) from messages m)::text ||
      (select json_agg(v) from variables v)::text as text`
    assert.ok(!kept[0]!.text.includes(body.value))
    const log = await db`select data::text as text from kernel.log`
    assert.ok(!log.some(({ text }) => text.includes(body.value)))
  })

  test('tells what it watches, and profiles that it took', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('Heartbeat', {})
    const component = { name: 'Connector', evse: { id: 1, connectorId: 1 } }
    const variable = { name: 'Temperature' }
    const monitor = { value: 60, type: 'UpperThreshold', severity: 3, component, variable }
    it.answers.set('SetVariableMonitoring', ({ setMonitoringData }) => ({
      setMonitoringResult: setMonitoringData.map(({ value: _, ...rest }: Row, id: number) => ({
        ...rest,
        ...(id === 0 && { id: 9 }),
        status: id === 0 ? 'Accepted' : 'Duplicate',
      })),
    }))
    const setMonitoringData = [monitor, monitor]
    await as().post('/chargers/CP-1/commands/SetVariableMonitoring', { setMonitoringData })
    const { body } = await as().get('/chargers/CP-1/monitors')
    assert.deepEqual(only(body.items, 'id', 'component', 'connector', 'variable', 'value'), [
      [9, 'Connector', 1, 'Temperature', 60],
    ])
    it.answers.set('ClearVariableMonitoring', ({ id }) => ({
      clearMonitoringResult: id.map((one: number) => ({ id: one, status: 'Accepted' })),
    }))
    await as().post('/chargers/CP-1/commands/ClearVariableMonitoring', { id: [9] })
    assert.deepEqual((await as().get('/chargers/CP-1/monitors')).body.items, [])

    const chargingProfile = {
      id: 7,
      stackLevel: 0,
      chargingProfilePurpose: 'TxDefaultProfile',
      chargingProfileKind: 'Absolute',
      chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }],
    }
    it.answers.set('SetChargingProfile', () => ({ status: 'Accepted' }))
    await as().post('/chargers/CP-1/commands/SetChargingProfile', { evseId: 1, chargingProfile })
    const profiles = async () => (await as().get('/chargers/CP-1/charging-profiles')).body.items
    assert.deepEqual((await profiles())[0].profile, chargingProfile)

    it.answers.set('GetChargingProfiles', () => ({ status: 'Accepted' }))
    await as().post('/chargers/CP-1/commands/GetChargingProfiles', { requestId: 4, chargingProfile: {} })
    await it.call('ReportChargingProfiles', {
      requestId: 4,
      chargingLimitSource: 'EMS',
      evseId: 2,
      chargingProfile: [{ ...chargingProfile, id: 8 }],
    })
    assert.deepEqual(only(await profiles(), 'id', 'evse', 'source'), [[8, 2, 'EMS']])
    it.answers.set('ClearChargingProfile', () => ({ status: 'Accepted' }))
    await as().post('/chargers/CP-1/commands/ClearChargingProfile', {
      chargingProfileCriteria: { chargingProfilePurpose: 'TxDefaultProfile', evseId: 2 },
    })
    assert.deepEqual(await profiles(), [])
  })

  test('lists what it noticed', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1')
    for (const type of ['SettingSystemTime', 'TamperDetectionActivated'])
      await it.call('SecurityEventNotification', { type, timestamp: new Date().toISOString() })
    await it.call('FirmwareStatusNotification', { status: 'Downloading' })
    const { body } = await as().get('/chargers/CP-1/alerts?limit=1')
    assert.deepEqual(only(body.items, 'kind', 'type'), [['security', 'TamperDetectionActivated']])
    const { body: rest } = await as().get(`/chargers/CP-1/alerts?limit=1&after=${body.nextCursor}`)
    assert.deepEqual(only(rest.items, 'type'), [['SettingSystemTime']])
    const notices = await as().get('/chargers/CP-1/notices?topic=firmware')
    assert.deepEqual(only(notices.body.items, 'data'), [[{ status: 'Downloading' }]])
    assert.equal((await as({ role: 'user' }).get('/chargers/CP-1/alerts')).status, 403)
  })
})

test('a hundred chargers that start at once are each asked once', async t => {
  const { p, charger } = await open(t)
  const all = await Promise.all(Array.from({ length: 100 }, (_, index) => charger(`CP-${index}`)))
  const asked = new Map<object, number>()
  for (const it of all)
    it.answers.set('GetConfiguration', () => {
      asked.set(it, (asked.get(it) ?? 0) + 1)
      return {}
    })
  await Promise.all(all.map(it => it.call('BootNotification', boot16)))
  await p.settle()
  await until(() => asked.size === 100)
  assert.deepEqual([...asked.values()], Array(100).fill(1))
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(done => setTimeout(done, 20))
}
