import assert from 'node:assert/strict'
import { test } from 'node:test'
import labels from './data/labels.json' with { type: 'json' }
import rules from './data/rules.json' with { type: 'json' }
import { attributes, mayStandOn, rangeOf, type Attribute } from './attributes.ts'
import { countFor, own, pointOf, policy, reachOf, sees } from './audience.ts'
import { allCategories } from './categories.ts'
import { languages } from './languages.ts'
import { assess, categories, cellOf, dataPoints, ruleSetOf, ruleSets, withheld } from './rules.ts'
import { unitOf } from './units.ts'

const day = '2027-02-18'
const tally = (of: string, category: string, on = day) => {
  const counts = { M: 0, C: 0, N: 0, O: 0 }
  for (const { nr } of dataPoints) counts[cellOf(ruleSetOf(of)!, nr, category, on)!.status]++
  return counts
}

test('there are 119 attributes, each once, each with a word of the law or a reason to be there', () => {
  assert.equal(attributes.length, 119)
  assert.equal(new Set(attributes.map(({ id }) => id)).size, 119)
  for (const { id, references, dataPoints, otherwise, label, definition } of attributes) {
    assert.ok(references.length > 0 && references.every(Boolean), id)
    assert.ok(dataPoints.length > 0 !== Boolean(otherwise), `${id} has a data point or says why not`)
    assert.ok(label.en && label.de && definition.endsWith('.'), id)
  }
  assert.equal(attributes.filter(({ dataPoints }) => dataPoints.length === 0).length, 27)
})

test('audiences see 71, 83, 112 and 119 of them: a lattice, not a ladder', () => {
  assert.equal(countFor(reachOf('public')), 71)
  assert.equal(countFor(reachOf('authority')), 83)
  assert.equal(countFor(reachOf('interest')), 112)
  assert.equal(countFor(reachOf('owner')), 119)
  assert.equal(countFor(reachOf('authority', 'interest')), 119, 'who is both sees what either sees')
  assert.equal(reachOf('authority', 'interest') & own, 0, 'but nothing that is the owner’s alone')
})

test('an authority reads no state of health, and who has a legitimate interest no test report', () => {
  for (const [who, seen, hidden] of [
    ['authority', 'testReportResults', 'batteryStatus'],
    ['interest', 'batteryStatus', 'testReportResults'],
  ] as const) {
    assert.ok(sees(reachOf(who), seen, 'EV', day), who)
    assert.ok(!sees(reachOf(who), hidden, 'EV', day), who)
  }
  assert.ok(!sees(reachOf('public'), 'dismantlingInformation', 'EV', day))
  assert.ok(!sees(reachOf('public', 'authority', 'interest'), 'nobodyKnowsThis', 'EV', day))
})

test('each attribute has one point of Annex XIII, the same in the table and in the policy', () => {
  for (const { id, point, references } of attributes) {
    assert.equal(pointOf(id), point, id)
    const named = references.flatMap(reference => /^Annex XIII (\d)/.exec(reference)?.[1] ?? [])
    for (const one of named) assert.equal(Number(one), point, `${id} is cited of point ${one}`)
  }
  for (const { points, article } of Object.values(policy.audiences)) {
    assert.ok(points.includes(1))
    assert.match(article, /^Art\. 77\(2\)/)
  }
})

test('the data points of the Commission add up: M 47/50/32, C 8/8/26, N 15/12/12, O 1/1/1', () => {
  assert.equal(dataPoints.length, 71)
  assert.deepEqual(tally('ec-2.0', 'EV'), { M: 47, C: 8, N: 15, O: 1 })
  assert.deepEqual(tally('ec-2.0', 'LMT'), { M: 50, C: 8, N: 12, O: 1 })
  assert.deepEqual(tally('ec-2.0', 'industrial'), { M: 32, C: 26, N: 12, O: 1 })
  assert.deepEqual(tally('ec-2.0', 'industrialStationary'), tally('ec-2.0', 'industrial'))
  assert.deepEqual(tally('ec-2.0', 'industrialWithoutBms'), { M: 32, C: 18, N: 20, O: 1 })
})

test('every category is always, above an energy, or never in scope, and those with cells are in it', () => {
  const { scope } = rules
  assert.deepEqual(scope.flatMap(({ categories }) => categories).sort(), allCategories.toSorted())
  for (const { passport, article } of scope) {
    assert.ok(['always', 'aboveEnergy', 'never'].includes(passport), passport)
    assert.match(article, /^Art\. /)
  }
  const within = scope.flatMap(({ categories, passport }) => (passport === 'never' ? [] : categories))
  assert.deepEqual(within.sort(), categories.toSorted())
})

test('where one value is enough its data point has several, and the reason is told', () => {
  const those = rules.oneIsEnough.flatMap(({ dataPoints }) => dataPoints)
  assert.deepEqual(those, [23, 69, 70])
  for (const { dataPoints, why } of rules.oneIsEnough) {
    assert.ok(why.endsWith('.'))
    for (const nr of dataPoints) assert.ok(attributes.filter(one => one.dataPoints.includes(nr)).length > 1, String(nr))
  }
  const found = (said: string) =>
    assess(new Map([[said, { state: 'filled' }]]), 'EV', day, ruleSetOf('ec-1.0')).find(one => one.dataPoint === 23)
  assert.equal(found('recycledLeadShare')?.finding, 'present')
  assert.equal(found('recycledNickelPreConsumer')?.finding, 'missing')
})

test('from 1.0 to 2.0 only the recycled content changed', () => {
  const changed = new Set<number>()
  for (const { nr } of dataPoints)
    for (const category of categories) {
      const [before, after] = ['ec-1.0', 'ec-2.0'].map(set => cellOf(ruleSetOf(set)!, nr, category, day)!.status)
      if (before !== after) changed.add(nr)
    }
  assert.deepEqual([...changed], [20, 21, 22, 23])
})

test('every data point has an article and an attribute, every mandatory attribute an article', () => {
  for (const { nr, article } of dataPoints) {
    assert.match(article, /^(Art\.|Annex) /, String(nr))
    assert.ok(
      attributes.some(attribute => attribute.dataPoints.includes(nr)),
      String(nr),
    )
  }
  for (const { id, dataPoints: points, references } of attributes)
    if (points.some(nr => cellOf(ruleSetOf('ec-2.0')!, nr, 'EV', day)!.status === 'M'))
      assert.ok(
        references.some(reference => /^(Art\.|Annex) /.test(reference)),
        id,
      )
})

test('a set has one word for each data point, category and day; what is not to be filled says why', () => {
  for (const set of ruleSets)
    for (const category of categories)
      for (const { nr } of dataPoints)
        for (const on of ['2027-02-17', day, '2027-08-17', '2027-08-18', '2036-01-01']) {
          const valid = set.cells.filter(
            cell =>
              cell.dataPoint === nr &&
              cell.category === category &&
              (cell.from ?? '') <= on &&
              on < (cell.until ?? '9999-12-31'),
          )
          assert.equal(valid.length, 1, `${set.id} ${category} ${nr} ${on}`)
          const [cell] = valid
          if (cell!.status === 'N') assert.ok(cell!.kind, `${set.id} ${category} ${nr}`)
          if (cell!.status === 'C') assert.ok(cell!.condition, `${set.id} ${category} ${nr}`)
          if (cell!.kind === 'pending') assert.ok(cell!.trigger, `${set.id} ${category} ${nr}`)
        }
})

test('due diligence is of later, and from 18 August 2027 of who owes it', () => {
  for (const category of categories) {
    assert.equal(cellOf(ruleSetOf('ec-2.0')!, 19, category, '2027-08-17')!.kind, 'duty_later')
    assert.equal(cellOf(ruleSetOf('ec-2.0')!, 19, category, '2027-08-18')!.status, 'C')
  }
})

test('what is not to be filled yet is its owner’s alone', () => {
  assert.ok(withheld('recycledCobaltPreConsumer', 'EV', day))
  assert.ok(withheld('dueDiligenceReport', 'LMT', '2027-08-17') && !withheld('dueDiligenceReport', 'LMT', '2027-08-18'))
  assert.ok(withheld('stateOfCertifiedEnergy', 'LMT', day) && !withheld('stateOfCertifiedEnergy', 'EV', day))
  assert.ok(!withheld('ratedCapacity', 'EV', day), 'a repetition hides nothing')
  assert.ok(withheld('stateOfCertifiedEnergy', null, day), 'of an unknown category the strictest counts')
  assert.ok(sees(reachOf('owner'), 'recycledCobaltPreConsumer', 'EV', day))
})

test('each unit is known, and each bound is a number of it', () => {
  for (const attribute of attributes) {
    const { id, unit, type } = attribute
    if (['quantity', 'count', 'bySoc', 'byPart', 'readings'].includes(type)) assert.equal(unitOf(unit!), unit, id)
    else assert.equal(unit, null, id)
    for (const bound of rangeOf(attribute)) assert.ok(bound === null || Number.isFinite(Number(bound)), id)
  }
})

test('what is made of the model alone no item says anew, what is measured any does', () => {
  const of = (id: string): Attribute => attributes.find(attribute => attribute.id === id)!
  assert.ok(!mayStandOn(of('batteryChemistry'), 'item', true))
  assert.ok(mayStandOn(of('batteryChemistry'), 'item', false), 'one without a model says all itself')
  assert.ok(mayStandOn(of('carbonFootprintPerFunctionalUnit'), 'batch', true))
  assert.ok(!mayStandOn(of('carbonFootprintPerFunctionalUnit'), 'item', true))
  assert.ok(mayStandOn(of('remainingCapacity'), 'item', true))
})

test('names are there in the languages of the Union, at least in English and German', () => {
  const known = Object.keys(languages)
  assert.equal(known.length, 24)
  const named: Record<string, Record<string, string>> = labels.attributes
  assert.deepEqual(
    Object.keys(named),
    attributes.map(({ id }) => id),
  )
  for (const [id, texts] of Object.entries(named)) {
    assert.ok(texts.en && texts.de, id)
    assert.deepEqual(
      Object.keys(texts).filter(language => !known.includes(language)),
      [],
      id,
    )
  }
  const whole = Object.values(named).filter(texts => Object.keys(texts).length === 24).length
  assert.ok(whole >= 70, `${whole} attributes are named in all 24 languages`)
  for (const source of labels.sources) assert.match(source.sha256, /^[0-9a-f]{64}$/)
})
