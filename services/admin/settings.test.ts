import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { features, isOnFor, listSettings, listSwitches, placeOf, SettingChanged, SwitchTurned } from '#contracts/admin'
import { defineService, newId, type Host } from '#kernel'
import { open, type It } from './testing.ts'

const greeting = { key: 'shop.greeting', kind: 'text', description: 'What the shop says', value: 'None' }
const define = async (it: It, more: object = {}) => {
  const { status, body } = await it.ada.post('settings', { ...greeting, ...more })
  assert.equal(status, 201, JSON.stringify(body))
}

suite('settings', () => {
  test('settings changed by two: the slower one learns it, and nothing is lost', async t => {
    const it = await open(t)
    await define(it)
    const answers = await Promise.all(
      [it.ada, it.grace].map((who, index) => who.put('settings/shop.greeting', { value: `Of ${index}`, version: 1 })),
    )
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    const [won] = answers.filter(({ status }) => status === 200)
    const [lost] = answers.filter(({ status }) => status === 409)
    assert.deepEqual([lost!.body.code, lost!.body.version], ['version_behind', 2])
    assert.equal((await it.ada.get('settings/shop.greeting')).body.value, won!.body.value)

    const stale = await it.ada.put('settings/shop.greeting', { value: 'x', version: 2 }, { 'if-match': '"1"' })
    assert.equal(stale.status, 412)
    assert.equal((await it.ada.put('settings/shop.greeting', { value: 'x' })).status, 400, 'without what was seen')
    assert.equal(
      (await it.ada.put('settings/shop.greeting', { value: 'x', version: 2 }, { 'if-match': '"2"' })).status,
      200,
    )
    const { items } = (await it.ada.get('settings/shop.greeting/history')).body
    assert.deepEqual(
      items.map(({ version, value }: any) => [version, value]),
      [
        [3, 'x'],
        [2, won!.body.value],
        [1, 'None'],
      ],
    )
    assert.equal(items[1].changedBy, won!.body.changedBy, 'who did it')
    assert.deepEqual(
      (await it.p.published(SettingChanged)).map(({ version }) => version),
      [1, 2, 3],
    )
    const acts = (await it.ada.get('audit?act=setting.changed')).body.items
    assert.deepEqual(acts[0].details, { before: won!.body.value, after: 'x', version: 3 })
  })

  test('take what their kind takes, and mass assignment changes nothing else', async t => {
    const it = await open(t)
    const kinds: [object, unknown[], unknown[]][] = [
      [{ kind: 'integer', value: 1 }, [2, -5], ['2', 1.5, true]],
      [{ kind: 'decimal', value: '0.19' }, ['-1', '12.000000001'], ['1e3', '.5', 1, '=1']],
      [{ kind: 'boolean', value: true }, [false], ['false', 0]],
      [{ kind: 'choice', choices: ['a', 'b'], value: 'a' }, ['b'], ['c', true]],
      [{ kind: 'text', value: '' }, ['<script>alert(1)</script>', '=1+1'], [1, true]],
    ]
    for (const [index, [about, good, bad]] of kinds.entries()) {
      const key = `kind.no${index}`
      await define(it, { key, ...about })
      let version = 1
      for (const value of good) {
        const { status, body } = await it.ada.put(`settings/${key}`, { value, version })
        assert.deepEqual([status, body.value], [200, value], JSON.stringify(body))
        version = body.version
      }
      for (const value of bad) {
        const { status } = await it.ada.put(`settings/${key}`, { value, version })
        assert.ok(status === 422 || status === 400, `${key} ${JSON.stringify(value)} ${status}`)
      }
    }
    for (const more of [{ key: 'other' }, { critical: true }, { kind: 'text' }, { changedBy: newId() }])
      assert.equal((await it.ada.put('settings/kind.no0', { value: 9, version: 3, ...more })).status, 400)
    assert.equal((await it.ada.post('settings', { ...greeting, key: 'kind.no0' })).body.code, 'setting_exists')
    assert.equal((await it.ada.post('settings', { ...greeting, version: 7 })).status, 400)
    for (const key of ['Notice', 'a b', '../x', 'a..b', ''])
      assert.equal((await it.ada.post('settings', { ...greeting, key })).status, 400, key)
    assert.equal((await it.as({ role: 'operator' }).post('settings', greeting)).status, 403)
  })

  test('a critical one takes two to change, and none where somebody changed it meanwhile', async t => {
    const it = await open(t)
    await define(it, { key: 'sales.open', kind: 'boolean', value: true, critical: true })
    const off = { value: false, version: 1 }
    assert.equal((await it.ada.put('settings/sales.open', off)).body.code, 'reason_missing')
    const { status, body } = await it.ada.put('settings/sales.open', { ...off, reason: 'Stocktaking' })
    assert.deepEqual([status, body.act, body.payload], [202, 'setting.change', off])
    assert.equal((await it.ada.get('settings/sales.open')).body.value, true, 'as long as nobody agrees')
    assert.equal((await it.ada.post(`approvals/${body.id}/approve`, {})).body.code, 'approval_own')
    const done = (await it.grace.post(`approvals/${body.id}/approve`, {})).body
    assert.deepEqual([done.state, done.outcome], ['done', { version: 2 }])
    assert.equal((await it.ada.get('settings/sales.open')).body.value, false)

    const again = (await it.ada.put('settings/sales.open', { value: true, version: 2, reason: 'Open' })).body
    await it.p.db('admin')`update settings set version = 3 where key = 'sales.open'`
    assert.equal((await it.grace.post(`approvals/${again.id}/approve`, {})).body.state, 'failed')
    assert.equal((await it.ada.get('settings/sales.open')).body.value, false)
  })
})

suite('switches', () => {
  const rules = { isOn: true, shareBasisPoints: 0, only: [] as string[], never: [] as string[], description: 'New map' }
  const featuresOf = async (it: It, organisationId: string) => {
    const organisation = { id: organisationId, role: 'viewer' as const }
    const { features } = (await it.as({ role: 'user', organisation }).get('features')).body
    // Without those of the product.
    return Object.fromEntries(Object.entries(features).filter(([name]) => name.startsWith('map.')))
  }

  test('are on for a share of all that follows from their ids alone, and for who is named', async t => {
    const ids = Array.from({ length: 4_000 }, () => newId())
    const on = (shareBasisPoints: number, more: object = {}) =>
      ids.filter(id => isOnFor({ name: 'map.new', ...rules, shareBasisPoints, ...more }, id))
    for (const share of [100, 2_500, 5_000, 9_000]) {
      const part = on(share).length / ids.length
      assert.ok(Math.abs(part - share / 10_000) < 0.03, `${share}: ${part}`)
    }
    assert.deepEqual(on(2_500), on(2_500), 'the same ones each time')
    assert.ok(new Set(on(5_000)).isSupersetOf(new Set(on(2_500))), 'who has it keeps it when the share grows')
    assert.notDeepEqual(on(5_000), on(5_000, { name: 'map.other' }), 'not the same ones in every trial')
    assert.deepEqual([on(0).length, on(10_000).length, on(10_000, { isOn: false }).length], [0, ids.length, 0])
    assert.equal(placeOf('map.new 0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'), 5340, 'in every version, or people lose it')

    const it = await open(t)
    const [named, barred] = [newId(), newId()]
    await it.ada.post('switches', { ...rules, name: 'map.new', only: [named], never: [barred] })
    assert.deepEqual(await featuresOf(it, named), { 'map.new': true })
    assert.deepEqual(await featuresOf(it, newId()), { 'map.new': false })
    await it.ada.put('switches/map.new', { shareBasisPoints: 10_000, version: 1 })
    assert.deepEqual(await featuresOf(it, newId()), { 'map.new': true })
    assert.deepEqual(await featuresOf(it, barred), { 'map.new': false })
    assert.equal((await it.p.http.inject('/api/admin/features')).statusCode, 401)
    assert.equal((await it.as({ role: 'user' }).get('switches')).status, 403, 'the rules are for admins')
    const { items } = (await it.ada.get('switches/map.new/history')).body
    assert.deepEqual(
      items.map(({ version, shareBasisPoints }: any) => [version, shareBasisPoints]),
      [
        [2, 10_000],
        [1, 0],
      ],
    )
    assert.equal((await it.p.published(SwitchTurned)).length, 2)
  })

  test('a switch turned while requests run: who asks after it was turned sees that, and nobody anything in between', async t => {
    const it = await open(t)
    const [here, there] = [newId(), newId()]
    await it.ada.post('switches', { ...rules, name: 'map.new', only: [here] })
    const seen: string[] = []
    let running = true
    const asking = Array.from({ length: 4 }, async () => {
      while (running) {
        const [first, second] = [await featuresOf(it, here), await featuresOf(it, there)]
        seen.push(`${first['map.new']} ${second['map.new']}`)
      }
    })
    for (let version = 1; version <= 10; version++) {
      const only = version % 2 === 1 ? [there] : [here]
      assert.equal((await it.ada.put('switches/map.new', { only, version })).status, 200)
      assert.equal((await featuresOf(it, only[0]!))['map.new'], true, 'at once')
      assert.equal((await featuresOf(it, only[0] === here ? there : here))['map.new'], false)
    }
    running = false
    await Promise.all(asking)
    assert.ok(seen.length > 0)
    const answers = await Promise.all([
      it.ada.put('switches/map.new', { isOn: false, version: 11 }),
      it.grace.put('switches/map.new', { shareBasisPoints: 10_000, version: 11 }),
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409], 'turned by two, one was slower')
  })

  test('what the platform was started with is seen by admins, and no secret of it', async t => {
    const it = await open(t, { environment: { LOG_LEVEL: 'warn' } })
    const { status, body, headers, text } = await it.ada.get('environment')
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'private, no-store')
    const of = (name: string) => body.items.find((one: { name: string }) => one.name === name)
    assert.deepEqual([of('LOG_LEVEL').from, of('LOG_LEVEL').value], ['environment', 'warn'])
    assert.deepEqual([of('OHMNIBUS_SECRET').from, of('OHMNIBUS_SECRET').value], ['environment', null])
    assert.ok(!text.includes('a secret for tests'))
    assert.equal((await it.as({ role: 'operator' }).get('environment')).status, 403)
  })

  test('and settings are there for services that ask', async t => {
    const needs = [listSettings, listSwitches] as const
    let asker!: Host<string, (typeof needs)[number]>
    const service = defineService({
      name: 'asker',
      folder: 'nowhere',
      needs,
      start: host => void (asker = host as typeof asker),
    })
    const it = await open(t, {}, [service])
    await define(it)
    await it.ada.post('switches', { ...rules, name: 'map.new' })
    const { settings } = await asker.ask(listSettings, {})
    assert.deepEqual(settings, [
      ...['accessibility', 'imprint'].flatMap(about =>
        [`${about}.text`, `${about}.text.de`].map(key => ({ key, kind: 'text', value: '', version: 1 })),
      ),
      { key: 'notice.text', kind: 'text', value: '', version: 1 },
      { key: 'notice.text.de', kind: 'text', value: '', version: 1 },
      { key: 'shop.greeting', kind: 'text', value: 'None', version: 1 },
    ])
    const { description: _, ...told } = rules
    const { switches } = await asker.ask(listSwitches, {})
    assert.deepEqual(switches[0], { name: 'map.new', ...told, version: 1 })
    assert.deepEqual(
      switches.slice(1).map(({ name, isOn, shareBasisPoints, version }) => [name, isOn, shareBasisPoints, version]),
      features.map(name => [name, true, 10_000, 1]),
      'what the product asks about is there, and on',
    )
  })
})
