import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { draftSets, faultsOfSets, ruleSets, type RuleSet } from '#law'
import { fleets } from '../../../tools/demo/battery-models.ts'
import { codeOf, member, open } from '../testing.ts'

/** What a model and a battery of it say, so that nothing is missing but papers. */
const [{ models }] = fleets as [(typeof fleets)[number]]
const { data, orders } = models[0]!
const paper = { value: { title: 'Paper', url: 'https://example.com/paper.pdf' } }
const sets = ruleSets as RuleSet[]

test('a draft decides nothing on any day, and is there to be read', async t => {
  const { nobody, as } = await open(t)
  const { body } = await nobody.get('/rules')
  const drafts = body.sets.filter(({ state }: any) => state === 'draft')
  assert.deepEqual(drafts.map(({ id }: any) => id).sort(), draftSets.map(({ id }) => id).sort())
  assert.ok(drafts.every(({ published }: any) => published === undefined))
  const diff = (await nobody.get('/rules/draft-art-8?against=ec-2.0&on=2030-01-01')).body
  assert.equal(diff.set.state, 'draft')
  assert.deepEqual(
    [...new Set(diff.cells.map(({ dataPoint, was, status }: any) => `${dataPoint} ${was}${status}`))],
    ['20 NM', '21 NM', '22 NM', '23 NM'],
  )
  const ada = as()
  const { id } = await ada.make({ batteryCategory: 'EV' })
  for (const on of ['2026-12-01', '2030-01-01', '2090-01-01']) {
    const { body } = await ada.get(`/${id}/readiness?on=${on}`)
    assert.equal(body.ruleSet, 'ec-2.0')
    assert.equal(body.items.find(({ dataPoint }: any) => dataPoint === 20).finding, 'not_yet_required')
  }
  const then = (await ada.get(`/${id}/readiness?set=draft-art-8`)).body
  assert.equal(then.items.find(({ dataPoint }: any) => dataPoint === 20).finding, 'missing')
})

test('sets that overlap keep the platform from starting; one that was taken back is told from one that never was', async t => {
  const last = sets.at(-1)!
  assert.deepEqual(faultsOfSets(ruleSets), [])
  t.after(() => void sets.splice(sets.findIndex(({ id }) => id === last.id) + 1))
  sets.push({ ...last, id: 'test-3.0', supersedes: last.id })
  const refuses = (why: RegExp) => assert.rejects(open(t), (error: Error) => why.test((error.cause as Error).message))
  await refuses(/test-3\.0 \(2026-08-15\) overlaps ec-2\.0 \(2026-08-15\)/)
  const [cell] = last.cells
  sets.splice(-1, 1, { ...last, id: 'test-3.0', supersedes: last.id, published: '2026-11-01', cells: [cell!, cell!] })
  await refuses(/test-3\.0 says two things of data point 1 of EV on one day/)

  sets.splice(-1, 1, { ...last, id: 'test-3.0', supersedes: last.id, published: '2026-11-01' })
  const { p, as, nobody } = await open(t)
  const ada = as()
  const { id } = await ada.make({ batteryIdentifier: 'A', batteryCategory: 'EV', batteryModelIdentifier: 'M' })
  const published = await ada.post(`/${id}/publish`)
  assert.equal(published.body.readiness.ruleSet, 'test-3.0')
  sets.pop()
  assert.deepEqual(await codeOf(nobody.get('/rules/test-3.0')), [404, 'rule_set_removed'])
  assert.equal((await nobody.get('/rules/test-3.0')).body.current, 'ec-2.0')
  assert.deepEqual(await codeOf(ada.get(`/${id}/readiness?set=test-3.0`)), [404, 'rule_set_removed'])
  assert.deepEqual(await codeOf(nobody.get('/rules/test-4.0')), [404, 'rule_set_unknown'])
  assert.equal((await ada.get(`/${id}/readiness`)).body.ruleSet, 'ec-2.0', 'and passports are held to what decides')
  await p.settle()
})

test('a set is tried on the fleet before it decides: how many passports it changes, and which', async t => {
  const { p, as } = await open(t)
  const organisation = newId()
  const [ada, boss] = [as(member(organisation, 'editor')), as(member(organisation, 'admin'))]
  const { body: model } = await ada.post('', { data, granularity: 'model' })
  await ada.post(`/${model.id}/items`, { range: { from: 1, count: 230 }, attributes: orders[0]!.attributes })
  await ada.make({ batteryIdentifier: 'L-1', batteryCategory: 'EV' })
  await as().make({ batteryIdentifier: 'of another', batteryCategory: 'EV' })
  await p.settle()
  const [item] = (await ada.get(`/${model.id}/children`)).body.items
  const { items } = (await ada.get(`/${item.id}/readiness?on=2027-02-18`)).body
  const lacking = items.filter(({ status, finding }: any) => status === 'M' && finding === 'missing')
  const said = Object.fromEntries(lacking.flatMap((one: any) => one.attributes.map((name: string) => [name, paper])))
  const { status, text } = await ada.patch(`/${model.id}/attributes`, { attributes: said })
  assert.equal(status, 200, text)

  const order = { set: 'draft-omnibus-iv', on: '2027-02-18' }
  assert.deepEqual(await codeOf(ada.post('/rules/checks', order)), [403, 'editor_required'])
  assert.deepEqual(await codeOf(boss.post('/rules/checks', { set: 'ec-9' })), [404, 'rule_set_unknown'])
  const ordered = await boss.post('/rules/checks', order)
  assert.deepEqual([ordered.status, ordered.body.state, ordered.body.against], [202, 'running', 'ec-2.0'])
  await p.settle()
  const at = `/rules/checks/${ordered.body.id}`
  const { body } = await ada.get(at)
  const { checked, readyNow, readyThen, gained, lost, losing, points } = body
  assert.deepEqual([body.state, checked, readyNow, readyThen, gained, lost], ['done', 232, 230, 0, 0, 230])
  assert.equal(losing.length, 100)
  assert.deepEqual(
    points.map(({ dataPoint, more, fewer }: any) => [dataPoint, more, fewer]),
    [[44, 232, 0]],
  )
  assert.equal((await ada.get('/count?readiness=ready&readinessOn=2027-02-18')).body.count, 230, 'none was changed')
  assert.deepEqual(await codeOf(as().get(at)), [404, 'rule_check_unknown'])
  const all = await as({ role: 'admin' }).post('/rules/checks', order)
  await p.settle()
  assert.equal((await as({ role: 'admin' }).get(`/rules/checks/${all.body.id}`)).body.checked, 233)
})
