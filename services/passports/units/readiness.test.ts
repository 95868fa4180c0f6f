import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { codeOf, member, open, publishable, type Client } from '../testing.ts'

const on = async (client: Client, id: string, query: string) => {
  const { status, text, body } = await client.get(`/${id}/readiness?${query}`)
  assert.equal(status, 200, text)
  return (nr: number) => body.items.find(({ dataPoint }: { dataPoint: number }) => dataPoint === nr)
}
const say = async (client: Client, id: string, attributes: object) => {
  const { status, text } = await client.patch(`/${id}/attributes`, { attributes })
  assert.equal(status, 200, text)
}

test('each finding names who brings it, what to do, where the law says so and where it is done', async t => {
  const { as } = await open(t)
  const ada = as()
  const { id } = await ada.make(publishable('A'))
  const point = await on(ada, id, 'on=2027-02-18')
  const form = (nr: number) => `/passports/${id}?tab=readiness&point=${nr}`
  const told = ({ owner, nextAction, link }: any) => [owner, nextAction, link.form, link.article.split('#')[1]]
  assert.deepEqual(told(point(13)), ['supplier', 'fill', form(13), 'anx_VI'])
  assert.deepEqual(told(point(61)), ['battery_management', 'fill', form(61), 'anx_XIII'])
  assert.deepEqual(told(point(2)), ['operator', 'fill', form(2), 'art_77'])
  assert.deepEqual([point(6).nextAction, point(6).link.form], ['none', null])
  assert.equal(point(20).nextAction, 'wait', 'the act is pending')
  await say(ada, id, { ohmicResistance: { value: '12', unit: 'mΩ' } })
  assert.deepEqual(told((await on(ada, id, 'on=2027-02-18'))(66)).slice(1, 3), ['remove', form(66)])
})

test('signs of metals are asked only of batteries with the metal', async t => {
  const { as } = await open(t)
  const ada = as()
  const { id } = await ada.make(publishable('A'))
  const finding = async () => (await on(ada, id, 'on=2027-02-18'))(41).finding
  assert.equal(await finding(), 'not_yet_required')
  await say(ada, id, { batteryChemistry: { value: { shortName: 'Pb', clearName: 'Lead acid' } } })
  assert.equal(await finding(), 'missing')
  await say(ada, id, { symbolsForCadmiumAndLead: { value: 'Pb' } })
  assert.equal(await finding(), 'present')
})

test('due diligence is asked of whoever declares to owe it, and decides who is ready', async t => {
  const { p, as } = await open(t)
  const organisation = newId()
  const [ada, boss] = [as(member(organisation, 'editor')), as(member(organisation, 'admin'))]
  const { id } = await ada.make(publishable('A'))
  await ada.post(`/${id}/publish`)
  const then = async (day = '2027-08-18') => {
    const { finding, status, nextAction, link } = (await on(ada, id, `on=${day}`))(19)
    return [finding, status, nextAction, link.form]
  }
  assert.deepEqual(await then(), ['not_yet_required', 'C', 'declare', null])
  const declare = async (dueDiligence: string | null) => {
    assert.equal((await boss.patch('/settings', { dueDiligence })).body.dueDiligence, dueDiligence)
    await p.settle()
  }
  await declare('owed')
  assert.deepEqual((await then()).slice(0, 3), ['missing', 'M', 'fill'])
  assert.deepEqual((await then('2027-08-17')).slice(0, 3), ['not_yet_required', 'N', 'wait'])
  const [row] = await p.db('passports')`
    select 19 = any(missing) as owed from assessments where from_on <= '2027-08-18' and until_on > '2027-08-18'`
  assert.equal(row?.owed, true, 'and what is kept of each passport follows')
  await declare('not_owed')
  assert.deepEqual((await then()).slice(0, 3), ['declared_not_applicable', 'C', 'none'])
  await declare(null)
  assert.equal((await then())[2], 'declare')
})

test('what changes in use grows stale, and what is measured anew is fresh', async t => {
  let now = new Date('2027-03-01T10:00:00Z')
  const { as } = await open(t, { now: () => now })
  const actor = { userId: newId() }
  let ada = as(actor)
  const { id } = await ada.make(publishable('A'))
  await say(ada, id, { stateOfCertifiedEnergy: { value: '98', unit: '%' }, batteryMass: { value: '450', unit: 'kg' } })
  const finding = async (day: string) => {
    const { finding, nextAction, owner } = (await on(ada, id, `on=${day}`))(61)
    return [finding, nextAction, owner]
  }
  assert.equal((await finding('2028-02-01'))[0], 'present')
  assert.deepEqual(await finding('2028-03-02'), ['stale', 'renew', 'battery_management'])
  assert.equal((await on(ada, id, 'on=2028-03-02'))(10).finding, 'present', 'what stands still does not age')
  now = new Date('2028-03-10T10:00:00Z')
  ada = as(actor)
  await say(ada, id, { batteryMass: { value: '451', unit: 'kg' } })
  assert.equal((await finding('2028-03-11'))[0], 'stale', 'that something else was written makes it no fresher')
  await say(ada, id, { stateOfCertifiedEnergy: { value: '97', unit: '%' } })
  assert.equal((await finding('2028-03-11'))[0], 'present')
  await say(ada, id, { stateOfCertifiedEnergy: { value: '97', unit: '%', at: '2026-01-31T00:00:00Z' } })
  assert.equal((await finding('2028-03-11'))[0], 'stale', 'by the time of its measurement')
})

test('a paper without the paper, a share without its proof, and one state of charge of two are named', async t => {
  const { as } = await open(t)
  const ada = as()
  const { id } = await ada.make(publishable('A'))
  const point = async (nr: number, set = 'ec-2.0') => (await on(ada, id, `on=2027-02-18&set=${set}`))(nr)
  await say(ada, id, { euDeclarationOfConformity: { value: { title: 'Declaration' } } })
  const { finding, nextAction } = await point(42)
  assert.deepEqual([finding, nextAction], ['evidence_missing', 'add_evidence'])
  await say(ada, id, { euDeclarationOfConformity: { value: { title: 'D', url: 'https://example.com/d.pdf' } } })
  assert.equal((await point(42)).finding, 'present')

  const shares = {
    recycledCobaltPreConsumer: { value: '1', unit: '%' },
    recycledCobaltPostConsumer: { value: '2', unit: '%' },
  }
  await say(ada, id, shares)
  assert.equal((await point(20, 'ec-1.0')).finding, 'evidence_missing')
  await say(
    ada,
    id,
    Object.fromEntries(Object.entries(shares).map(([name, one]) => [name, { ...one, evidence: 'file 7' }])),
  )
  assert.equal((await point(20, 'ec-1.0')).finding, 'present')

  const at = (soc: string) => ({ soc, value: '200', unit: 'kW' })
  await say(ada, id, { originalPowerCapability: { value: [at('80')] } })
  assert.equal((await point(29)).finding, 'missing')
  await say(ada, id, { originalPowerCapability: { value: [at('80'), at('20')] } })
  assert.equal((await point(29)).finding, 'present')
})

test('what does not apply is said only where the law asks in certain cases', async t => {
  const { as } = await open(t)
  const ada = as()
  const { id } = await ada.make(publishable('A'))
  const none = { notApplicable: 'we have none' }
  await say(ada, id, { warrantyPeriod: none, symbolsForCadmiumAndLead: none, recycledLeadPreConsumer: none })
  for (const name of ['ratedCapacity', 'ohmicResistance']) {
    const refused = await ada.patch(`/${id}/attributes`, { attributes: { [name]: none } })
    assert.deepEqual([refused.status, refused.body.code], [422, 'not_applicable_refused'], name)
    assert.equal(refused.body.errors[0].pointer, `/attributes/${name}`)
  }
  // Of an industrial battery the same may be.
  const made = (batteryCategory: string) =>
    ada.post('', { format: 'ohmnibus-1', data: { batteryCategory, attributes: { ohmicResistance: none } } })
  assert.equal((await made('industrial')).status, 201)
  assert.deepEqual(await codeOf(made('EV')), [422, 'not_applicable_refused'])
  const { body: model } = await ada.post('', { data: { batteryCategory: 'EV' }, granularity: 'model' })
  const order = { range: { from: 1, count: 1 }, attributes: { ratedCapacity: none } }
  assert.deepEqual(await codeOf(ada.post(`/${model.id}/items`, order)), [422, 'not_applicable_refused'])
})
