import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { fleets } from '../../../tools/demo/battery-models.ts'
import { codeOf, member, open, publishable } from '../testing.ts'

/** What a model and a battery of it say, so that nothing is missing but papers. */
const [{ models }] = fleets as [(typeof fleets)[number]]
const { data, orders } = models[0]!
const { attributes } = orders[0]!
const paper = { value: { title: 'Paper', url: 'https://example.com/paper.pdf' } }

test('publishing answers what is missing; who decides so publishes nothing that lacks it, by no way', async t => {
  const { p, as } = await open(t)
  const organisation = newId()
  const [ada, boss] = [as(member(organisation, 'editor')), as(member(organisation, 'owner'))]
  const { id: first } = await ada.make(publishable('A'))
  const { status, text, body } = await ada.post(`/${first}/publish`)
  assert.equal(status, 200, text)
  assert.deepEqual([body.status, body.readiness.ready, body.readiness.ruleSet], ['published', false, 'ec-2.0'])
  assert.ok(body.readiness.items.some((item: any) => item.dataPoint === 11 && item.finding === 'missing'))
  assert.ok(body.readiness.items.every((item: any) => item.finding !== 'present'))

  assert.deepEqual((await ada.get('/settings')).body.publication, 'tell')
  const block = { publication: 'block' }
  assert.deepEqual(await codeOf(ada.patch('/settings', block)), [403, 'editor_required'])
  assert.deepEqual(await codeOf(boss.patch('/settings', { publication: 'perhaps' })), [400, 'request_invalid'])
  assert.deepEqual(await codeOf(boss.patch('/settings', {})), [400, 'request_invalid'])
  assert.equal((await boss.patch('/settings', block)).body.publication, 'block')
  assert.equal((await ada.get('/settings')).body.publication, 'block')
  assert.equal((await as().get('/settings')).body.publication, 'tell', 'of others nothing changed')

  const { id } = await ada.make(publishable('B'))
  const refused = await ada.post(`/${id}/publish`)
  assert.deepEqual([refused.status, refused.body.code], [422, 'passport_not_ready'])
  const named = (pointer: string) => refused.body.errors.find((one: any) => one.pointer === pointer)
  assert.match(named('/data/attributes/ratedCapacity').detail, /missing: data point 11, .*\(Annex VI A\(6\)\)/)
  assert.equal((await ada.get(`/${id}`)).body.status, 'draft')
  const file =
    'uniqueBatteryIdentifier,batteryCategory,batteryModelIdentifier,status\nC,EV,M1,published\nD,EV,M1,draft\n'
  const headers = { ...p.signedIn(member(organisation, 'editor')), 'content-type': 'text/csv' }
  const sent = await p.http.inject({ method: 'POST', url: '/api/passports/import', headers, payload: file })
  assert.equal(sent.statusCode, 202, sent.body)
  await p.settle()
  assert.equal((await ada.get('/count?status=published')).body.count, 1)

  // A model that says all, and its batteries beside it.
  const { body: model } = await ada.post('', { data, granularity: 'model' })
  assert.deepEqual(await codeOf(ada.post(`/${model.id}/publish`)), [422, 'passport_not_ready'])
  await boss.patch('/settings', { publication: 'tell' })
  assert.equal((await ada.post(`/${model.id}/publish`)).status, 200)
  await boss.patch('/settings', block)
  const order = (from: number, attributes: object, publish = true) =>
    ada.post(`/${model.id}/items`, { range: { from, count: 2 }, attributes, publish })
  const refusal = await order(1, attributes)
  assert.deepEqual([refusal.status, refusal.body.code], [422, 'passport_not_ready'])
  const lacking = refusal.body.errors.map(({ pointer }: any) => [pointer.split('/')[3], paper])
  const whole = await ada.patch(`/${model.id}/attributes`, {
    attributes: Object.fromEntries(lacking),
    reason: 'Papers',
  })
  assert.equal(whole.status, 200, whole.text)
  assert.equal((await order(3, {}, false)).status, 202, 'drafts are nobody’s concern')
  const made = await order(1, attributes)
  assert.equal(made.status, 202, made.text)
  await p.settle()
  assert.equal((await ada.get('/count?status=published')).body.count, 4)
})

test('a passport tells by which rules it was checked, where its page is, and since when it has ended', async t => {
  const { p, as, nobody } = await open(t)
  const ada = as()
  const { id, ...draft } = await ada.make(publishable('A'))
  assert.deepEqual([draft.ruleSet, draft.publicUrl, draft.ended], [undefined, undefined, undefined])
  const { body } = await ada.post(`/${id}/publish`)
  assert.deepEqual([body.ruleSet, body.ended], ['ec-2.0', null])
  const { publicUrl } = (await nobody.get(`/${id}`)).body
  assert.equal(publicUrl, body.publicUrl)
  const shown = await p.http.inject({ url: new URL(publicUrl).pathname, headers: { accept: 'text/html' } })
  assert.equal(shown.statusCode, 200)
  await ada.delete(`/${id}`)
  for (const reader of [ada, nobody]) {
    const { ended, updatedAt, ruleSet } = (await reader.get(`/${id}`)).body
    assert.deepEqual([ended, ruleSet], [{ kind: 'archived', at: updatedAt, successors: [] }, 'ec-2.0'])
  }
})
