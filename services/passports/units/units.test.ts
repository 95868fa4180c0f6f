import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from '#kernel'
import { PassportCreated, PassportUpdated } from '#contracts/passports'
import { codeOf, open, pages, publishable, type Client } from '../testing.ts'

const modelData = {
  generalInformation: { batteryCategory: 'EV', batteryModel: 'M1', batteryMass: 450 },
  materialComposition: { batteryChemistry: 'LFP' },
  attributes: { ratedCapacity: { value: '94.0', unit: 'Ah' }, remainingCapacity: { value: '94', unit: 'Ah' } },
}
const made = async (client: Client, body: object) => {
  const { status, text, body: passport } = await client.post('', body)
  assert.equal(status, 201, text)
  return passport
}
const valuesOf = async (client: Client, id: string, query = '') => {
  const { status, text, body } = await client.get(`/${id}/attributes${query}`)
  assert.equal(status, 200, text)
  return Object.fromEntries(
    body.items.map(({ id, value, from }: { id: string; value: unknown; from: string }) => [id, [value, from]]),
  )
}

suite('models, batches and items', () => {
  test('an item begins with what its batch and its model say, and says its own where it may', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const model = await made(ada, { data: modelData, granularity: 'model' })
    assert.deepEqual([model.granularity, model.parentId], ['model', null])
    const batch = await made(ada, {
      data: { attributes: { manufacturingPlace: { value: 'Graz' } } },
      granularity: 'batch',
      parentId: model.id,
    })
    const item = await made(ada, {
      data: { batteryIdentifier: 'BP-1', attributes: { remainingCapacity: { value: '90.10', unit: 'Ah' } } },
      parentId: batch.id,
    })
    assert.equal(item.parentId, batch.id)
    const values = await valuesOf(ada, item.id)
    assert.deepEqual(values.ratedCapacity, ['94.0', 'model'])
    assert.deepEqual(values.manufacturingPlace, ['Graz', 'batch'])
    assert.deepEqual(values.remainingCapacity, ['90.10', 'item'])
    assert.deepEqual(values.batteryChemistry, ['LFP', 'model'])
    assert.deepEqual(values.dppGranularity, ['Item', 'item'])
    assert.deepEqual(await ada.found('chemistry=lfp&q=BP-1'), ['BP-1'], 'it is found by what its model says')

    const [first, second] = await p.published(PassportCreated)
    assert.deepEqual([first!.granularity, first!.parentId], ['model', undefined])
    assert.deepEqual([second!.granularity, second!.parentId], ['batch', model.id])
    assert.deepEqual(
      (await pages(ada, `/${model.id}/children?limit=1`)).flat().map(({ id }) => id),
      [batch.id],
    )
  })

  test('of a model that is made in several plants values name theirs, wherever they are read and written', async t => {
    const { p, as, nobody } = await open(t)
    const who = { userId: newId() }
    const ada = as(who)
    const materials = { value: [{ name: 'Cobalt', cas: '7440-48-4' }], plant: 'Narva' }
    const footprint = { value: '61.0', unit: 'kg CO2e', plant: 'Regensburg, hall 3' }
    const { id } = await made(ada, {
      data: { ...publishable('BP-1'), attributes: { batteryMass: { value: '3', unit: 'kg', plant: 'zqhidden' } } },
    })
    const said = { criticalRawMaterials: materials, absoluteCarbonFootprint: footprint }
    const patched = await ada.patch(`/${id}/attributes`, { attributes: said })
    assert.equal(patched.status, 200, patched.text)
    const wrong = { absoluteCarbonFootprint: { ...footprint, plant: '' } }
    assert.deepEqual(await codeOf(ada.patch(`/${id}/attributes`, { attributes: wrong })), [422, 'value_invalid'])
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    const { text, body } = await nobody.get(`/${id}/attributes`)
    const plants = Object.fromEntries(
      body.items.flatMap(({ id, plant }: { id: string; plant?: string }) => (plant ? [[id, plant]] : [])),
    )
    assert.deepEqual(plants, {
      absoluteCarbonFootprint: 'Regensburg, hall 3',
      criticalRawMaterials: 'Narva',
    })
    assert.doesNotMatch(text, /zqhidden/)
    assert.deepEqual((await nobody.get(`/${id}`)).body.data.attributes, {
      batteryMass: { value: '3', unit: 'kg' },
      ...said,
    })
    const page = await p.http.inject({ url: `/passport/${id}?lang=de` })
    assert.match(page.body, /61,0 kg CO2e<\/bdi>, <bdi>Regensburg, hall 3</)

    const url = `/v1/dpps/urn:uuid:${id}`
    const dpp = (await p.http.inject({ url })).json()
    assert.deepEqual(dpp.carbon.absoluteCarbonFootprint, { value: 61, plant: 'Regensburg, hall 3' })
    assert.deepEqual(dpp.materials.criticalRawMaterials, materials)
    const again = await p.http.inject({
      method: 'PATCH',
      url,
      headers: { ...p.signedIn(who), 'content-type': 'application/merge-patch+json' },
      payload: JSON.stringify({ carbon: { absoluteCarbonFootprint: { value: 62 } } }),
    })
    assert.equal(again.statusCode, 200, again.body)
    const after = (await ada.get(`/${id}/attributes`)).body.items
    const { value, plant } = after.find(({ id }: { id: string }) => id === 'absoluteCarbonFootprint')
    assert.deepEqual([value, plant], ['62', 'Regensburg, hall 3'], 'what was not sent stays')
  })

  test('what holds of one plant and stands on a model without naming it is taken, and named by readiness until it does', async t => {
    const { as } = await open(t)
    const ada = as()
    const finding = async (id: string) => {
      const { body } = await ada.get(`/${id}/readiness?on=2027-02-18`)
      const { finding, attributes, nextAction, link } = body.items.find((one: any) => one.dataPoint === 13)
      return [finding, attributes, nextAction, link.form !== null, body.counts.plant_missing]
    }
    const say = async (id: string, hazardousSubstances: object) => {
      const { status, text } = await ada.patch(`/${id}/attributes`, { attributes: { hazardousSubstances } })
      assert.equal(status, 200, text)
    }
    const substances = { value: [{ name: 'Electrolyte', cas: '616-38-6' }] }
    const model = await made(ada, { data: modelData, granularity: 'model' })
    const batch = await made(ada, { data: {}, granularity: 'batch', parentId: model.id })
    const item = await made(ada, { data: { batteryIdentifier: 'A' }, parentId: batch.id })
    const alone = await ada.make(publishable('B'))
    await say(model.id, substances)
    const bare = ['plant_missing', ['hazardousSubstances'], 'name_plant', true, 1]
    for (const { id } of [model, batch, item]) assert.deepEqual(await finding(id), bare)
    await say(alone.id, substances)
    const whole = ['present', ['hazardousSubstances'], 'none', false, 0]
    assert.deepEqual(await finding(alone.id), whole, 'one battery comes from one plant')

    await say(batch.id, substances)
    assert.deepEqual(await finding(item.id), whole, 'a batch is of one plant')
    assert.deepEqual(await finding(model.id), bare)
    await say(model.id, { ...substances, plant: 'Narva' })
    assert.deepEqual(await finding(model.id), whole)
  })

  test('a model changed is seen by all its items at once, and by date as it was', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const model = await made(ada, { data: modelData, granularity: 'model' })
    const items = await Promise.all(
      ['A', 'B', 'C'].map(batteryIdentifier => made(ada, { data: { batteryIdentifier }, parentId: model.id })),
    )
    const before = encodeURIComponent(
      items
        .map(({ updatedAt }) => updatedAt as string)
        .sort()
        .at(-1)!,
    )
    const changed = { ...modelData, materialComposition: { batteryChemistry: 'NMC' } }
    assert.equal((await ada.put(`/${model.id}`, { data: changed })).status, 200)
    await p.settle()
    for (const { id } of items) {
      assert.deepEqual((await valuesOf(ada, id)).batteryChemistry, ['NMC', 'model'])
      assert.deepEqual((await valuesOf(ada, id, `?at=${before}`)).batteryChemistry, ['LFP', 'model'])
      assert.equal((await ada.get(`/${id}`)).body.version, 1, 'it costs one write')
    }
    assert.equal((await p.published(PassportUpdated)).length, 1)
    assert.deepEqual(await ada.found('chemistry=NMC&q=B'), ['B'])
  })

  test('an item that overrides chemistry is refused, one that says the same is not', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id: parentId } = await made(ada, { data: modelData, granularity: 'model' })
    const say = (batteryChemistry: string) => ({ data: { batteryIdentifier: 'A', batteryChemistry }, parentId })
    const refused = await ada.post('', say('NMC'))
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.errors[0].pointer],
      [422, 'level_forbids', '/data/batteryChemistry'],
    )
    const { id } = await made(ada, say('LFP'))
    assert.deepEqual(await codeOf(ada.put(`/${id}`, { data: say('NMC').data })), [422, 'level_forbids'])
  })

  test('a parent of another owner, of itself, of a lower level, of the wrong category', async t => {
    const { as } = await open(t)
    const [ada, bob] = [as(), as()]
    const model = await made(ada, { data: modelData, granularity: 'model' })
    const item = await made(ada, { data: { batteryIdentifier: 'A' }, parentId: model.id })
    const batch = { data: {}, granularity: 'batch' }
    for (const [client, body, code] of [
      [bob, { data: {}, parentId: model.id }, 'parent_unknown'],
      [ada, { data: {}, parentId: newId() }, 'parent_unknown'],
      [ada, { ...batch, parentId: item.id }, 'parent_unfit'],
      [ada, { data: {}, parentId: item.id }, 'parent_unfit'],
      [ada, { data: {}, granularity: 'model', parentId: model.id }, 'parent_unfit'],
      [ada, { data: { batteryCategory: 'LMT' }, parentId: model.id }, 'parent_unfit'],
    ] as const)
      assert.deepEqual(await codeOf(client.post('', body)), [422, code])
    assert.deepEqual(await codeOf(ada.delete(`/${model.id}`)), [409, 'passport_has_children'])
  })

  test('an item is published after its model, with its identifier alone', async t => {
    const { as } = await open(t)
    const ada = as()
    const model = await made(ada, { data: modelData, granularity: 'model' })
    const { id } = await made(ada, { data: { batteryIdentifier: 'A' }, parentId: model.id })
    assert.deepEqual(await codeOf(ada.post(`/${id}/publish`)), [409, 'parent_draft'])
    assert.equal((await ada.post(`/${model.id}/publish`)).status, 200)
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  })

  test('what is corrected in a published model has a reason', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await made(ada, { data: modelData, granularity: 'model' })
    await ada.post(`/${id}/publish`)
    const data = { ...modelData, attributes: { ratedCapacity: { value: '95', unit: 'Ah' } } }
    assert.deepEqual(await codeOf(ada.put(`/${id}`, { data })), [422, 'reason_required'])
    assert.equal((await ada.put(`/${id}`, { data, reason: 'misprint' })).status, 200)
    assert.equal((await ada.get(`/${id}/versions`)).body.items[0].reason, 'misprint')
  })

  test('a family stays together when it moves', async t => {
    const { as, known } = await open(t)
    const userId = newId()
    const acme = newId()
    known.members.set(acme, [[userId, 'owner']])
    const ada = as({ userId })
    const model = await made(ada, { data: modelData, granularity: 'model' })
    const item = await made(ada, { data: { batteryIdentifier: 'A' }, parentId: model.id })
    const move = (...ids: string[]) => ada.post('/move', { organisationId: acme, ids })
    assert.deepEqual(await codeOf(move(item.id)), [409, 'family_apart'])
    assert.equal((await move(item.id, model.id)).status, 200)
  })
})

suite('values', () => {
  test('single values are set beside what else the data says, and taken away by null', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make({
      ...publishable('A'),
      z: 1,
      attributes: { batteryMass: { value: 450, unit: 'kg' } },
    })
    const patch = (attributes: object, headers = {}) => ada.patch(`/${id}/attributes`, { attributes }, headers)
    const set = await patch({ ohmicResistance: { value: '12.0', unit: 'mΩ', evidence: 'report 7' }, batteryMass: null })
    assert.equal(set.status, 200, set.text)
    assert.deepEqual(
      set.body.items.find((item: { id: string }) => item.id === 'ohmicResistance'),
      {
        id: 'ohmicResistance',
        value: '0.012',
        unit: 'Ω',
        givenValue: '12.0',
        givenUnit: 'mΩ',
        from: 'item',
        annexPoint: 4,
        dynamic: true,
        at: set.body.items[0].at,
        // Not of an EV: it is kept, and its owner is told.
        withheld: { ruleSet: 'ec-2.0', dataPoint: 66, kind: 'must_be_empty' },
        evidence: 'report 7',
      },
    )
    const { body } = await ada.get(`/${id}`)
    assert.deepEqual(body.data, {
      ...publishable('A'),
      z: 1,
      attributes: { ohmicResistance: { value: '12.0', unit: 'mΩ', evidence: 'report 7' } },
    })
    assert.equal(body.version, 2)
    assert.equal((await patch({ batteryMass: { value: 1, unit: 'kg' } }, { 'if-match': '"1"' })).status, 412)
  })

  test('what the law does not know, or cannot be, is refused at its pointer', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make({})
    for (const [attributes, code] of [
      [{ ratedCapacity: { value: 94, unit: 'A' } }, 'unit_incompatible'],
      [{ ratedCapacity: 94 }, 'unit_missing'],
      [{ stateOfCharge: { value: 101, unit: '%' } }, 'value_implausible'],
      [{ nonsense: 1 }, 'attribute_unknown'],
      [{ dppLastUpdate: '2027-02-18T00:00:00Z' }, 'attribute_unknown'],
      [{ idleTemperatureUpper: { value: 33, unit: '°F' } }, 'unit_inexact'],
      [{ minimumVoltage: { value: 400, unit: 'V' }, maximumVoltage: { value: 300, unit: 'V' } }, 'value_implausible'],
    ] as const) {
      const { status, body } = await ada.patch(`/${id}/attributes`, { attributes })
      assert.deepEqual([status, body.code], [422, code], JSON.stringify(attributes))
      assert.match(body.errors[0].pointer, /attributes\//)
    }
    assert.equal((await ada.get(`/${id}`)).body.version, 1)
    const data = { attributes: { ratedCapacity: 94 } }
    assert.deepEqual(await codeOf(ada.post('', { data, format: 'ohmnibus-1' })), [422, 'unit_missing'])
    assert.equal((await ada.post('', { data })).status, 201, 'who says no format is not held to one')
  })

  test('readiness tells what is missing by article, before and after a day of the law', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ ...publishable('A'), batteryMass: 450, secret: { price: 3 } })
    const on = async (day: string, more = '') => {
      const { status, text, body } = await ada.get(`/${id}/readiness?on=${day}${more}`)
      assert.equal(status, 200, text)
      return body
    }
    const point = (body: { items: { dataPoint: number }[] }, nr: number) =>
      body.items.find(({ dataPoint }) => dataPoint === nr) as unknown as { finding: string; article: string }
    const [before, at] = [await on('2027-02-17'), await on('2027-02-18')]
    assert.deepEqual([before.scope, at.scope, at.ready, at.ruleSet], ['not_yet_binding', 'required', false, 'ec-2.0'])
    assert.deepEqual([point(at, 10).finding, point(at, 10).article], ['present', 'Annex VI A(5)'])
    assert.equal(point(at, 11).finding, 'missing')
    assert.deepEqual(at.unmapped, ['/secret'])
    assert.deepEqual(
      [point(await on('2027-08-17'), 19).finding, point(await on('2027-08-18'), 19).finding],
      ['not_yet_required', 'not_yet_required'],
      'nobody declared to owe due diligence',
    )
    assert.equal(point(await on('2027-02-18', '&set=ec-1.0'), 20).finding, 'missing')
    assert.deepEqual(await codeOf(ada.get(`/${id}/readiness?set=ec-9`)), [404, 'rule_set_unknown'])
    assert.equal((await ada.get(`/${id}/readiness?on=yesterday`)).status, 400)
    assert.deepEqual(await codeOf(as().get(`/${id}/readiness`)), [404, 'passport_unknown'])
  })
})
