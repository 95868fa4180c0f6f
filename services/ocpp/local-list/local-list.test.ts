import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gateway, open } from '../testing.ts'

interface Sent {
  listVersion?: number
  versionNumber?: number
  updateType: string
  localAuthorizationList?: {
    idTag?: string
    idTagInfo?: { status: string; parentIdTag?: string }
    idToken?: { idToken: string }
  }[]
}

suite('the list of tokens that a charger keeps', () => {
  test('is sent whole once, and by what differs from then on', async t => {
    const { p, charger, as, card, db } = await open(t)
    await gateway(p, { periodic: true })
    for (const idToken of ['A', 'B']) await card(idToken)
    await card('C', { groupId: 'TEAM' })
    await card('TOO-LONG-FOR-A-CHARGER-OF-1.6')
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    const sent: Sent[] = []
    const groups = new Map<string, string>()
    let version = 0
    it.answers.set('GetLocalListVersion', () => ({ listVersion: version }))
    it.answers.set('SendLocalList', (payload: Sent) => {
      sent.push(payload)
      version = payload.listVersion!
      for (const { idTag, idTagInfo } of payload.localAuthorizationList ?? [])
        if (idTagInfo?.parentIdTag) groups.set(idTag!, idTagInfo.parentIdTag)
      return { status: 'Accepted' }
    })
    const seen = () =>
      sent
        .splice(0)
        .map(({ listVersion, updateType, localAuthorizationList = [] }) => [
          listVersion,
          updateType,
          localAuthorizationList.map(({ idTag, idTagInfo }) => `${idTag} ${idTagInfo?.status ?? 'gone'}`).sort(),
        ])
    const current = () => until(async () => (await as().get('/chargers/CP-1/local-list')).body.state === 'current')
    const made = await as().put('/chargers/CP-1/local-list', { enabled: true, scope: 'all' })
    assert.deepEqual([made.status, made.body.state], [200, 'waiting'])
    await current()
    assert.deepEqual(seen(), [[1, 'Full', ['A Accepted', 'B Accepted', 'C Accepted']]])
    assert.deepEqual([...groups], [['C', 'TEAM']])

    await db`update tokens set status = 'blocked' where id_token = 'A'`
    await db`delete from tokens where id_token = 'B'`
    await card('D')
    await until(() => version === 2)
    await current()
    assert.deepEqual(seen(), [[2, 'Differential', ['A Blocked', 'B gone', 'D Accepted']]])
    const { body } = await as().get('/chargers/CP-1/local-list')
    assert.deepEqual([body.version, body.entries, body.said], [2, 3, 'Accepted'])
    const entries = await as().get('/chargers/CP-1/local-list/entries?limit=2')
    assert.deepEqual(
      entries.body.items.map(({ idToken, status }: Record<string, string>) => [idToken, status]),
      [
        ['A', 'blocked'],
        ['C', 'accepted'],
      ],
    )

    version = 7
    await as().put('/chargers/CP-1/local-list', { enabled: true, scope: 'all' })
    await until(() => version === 8)
    await current()
    assert.deepEqual(seen(), [[8, 'Full', ['A Blocked', 'C Accepted', 'D Accepted']]], 'it had another list')

    await as().put('/chargers/CP-1/local-list', { enabled: false, scope: 'all' })
    await until(() => version === 9)
    assert.deepEqual(seen(), [[9, 'Differential', ['A gone', 'C gone', 'D gone']]])
  })

  test('goes in as many messages as the charger takes, and anew where it disagrees', async t => {
    const { charger, as, card, db } = await open(t)
    for (const idToken of ['A', 'B', 'C']) await card(idToken)
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('Heartbeat', {})
    await db`
      insert into variables (charger_id, component, component_instance, evse, connector, variable, variable_instance,
        attribute, value, reported_at)
      values ('CP-1', 'LocalAuthListCtrlr', '', 0, 0, 'ItemsPerMessage', '', 'Actual', '2', now())`
    const sent: Sent[] = []
    const statuses = ['Accepted', 'VersionMismatch', 'Accepted', 'Accepted']
    it.answers.set('GetLocalListVersion', () => ({ versionNumber: 0 }))
    it.answers.set('SendLocalList', (payload: Sent) => {
      sent.push(payload)
      return { status: statuses.shift() }
    })
    await as().put('/chargers/CP-1/local-list', { enabled: true, scope: 'all' })
    await until(async () => (await as().get('/chargers/CP-1/local-list')).body.state === 'current')
    assert.deepEqual(
      sent.map(({ updateType, localAuthorizationList = [] }) => [updateType, localAuthorizationList.length]),
      [
        ['Full', 2],
        ['Differential', 1],
        ['Full', 2],
        ['Differential', 1],
      ],
    )
    assert.equal((await as().get('/chargers/CP-1/local-list')).body.entries, 3)
  })

  test('is left alone where the charger keeps none', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    it.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
    await as().put('/chargers/CP-1/local-list', { enabled: true, scope: 'owner' })
    await until(async () => (await as().get('/chargers/CP-1/local-list')).body.state === 'refused')
  })
})

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(done => setTimeout(done, 20))
}
