import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributes } from './attributes.ts'
import { reachOf, sees, type Audience } from './audience.ts'
import { contradictions, faultsOf, mapped, project, valuesOf } from './formats.ts'
import { assess, scopeOf } from './rules.ts'
import { parseGiven } from './values.ts'

const day = '2027-02-18'
const seenBy = (who: Audience, data: object, category = 'EV') => {
  const given = parseGiven(JSON.stringify(data))
  return JSON.parse(JSON.stringify(project(mapped(given), given, id => sees(reachOf(who), id, category, day))))
}

const baseline = {
  generalInformation: {
    batteryIdentifier: 'BP-2024-011',
    batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1', codeName: 'hush' },
    batteryMass: 450,
    batteryCategory: 'EV',
    manufacturingDate: '2024-01-15',
    batteryStatus: 'original',
    note: 'hush',
  },
  materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
  carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
  internal: { price: 'hush' },
}

test('what clients of the baseline send is understood', () => {
  const values = valuesOf(mapped(parseGiven(JSON.stringify(baseline))))
  assert.deepEqual(
    Object.fromEntries([...values].map(([id, { value, unit }]) => [id, unit ? `${value} ${unit}` : value])),
    {
      batteryMass: '450 kg',
      batteryChemistry: 'LiFePO4',
      criticalRawMaterials: ['Lithium', 'Iron'],
      batteryCategory: 'EV',
      manufacturingDate: '2024-01-15',
      batteryStatus: 'original',
      uniqueBatteryIdentifier: 'BP-2024-011',
      batteryModelIdentifier: 'LM3-BAT-2024',
      absoluteCarbonFootprint: '850 kg CO2e',
    },
  )
})

test('the public gets the data with nothing in it that is not theirs, in its order', () => {
  const shown = seenBy('public', baseline)
  assert.ok(!JSON.stringify(shown).includes('hush'))
  assert.deepEqual(shown, {
    generalInformation: {
      batteryIdentifier: 'BP-2024-011',
      batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
      batteryMass: 450,
      batteryCategory: 'EV',
      manufacturingDate: '2024-01-15',
    },
    materialComposition: baseline.materialComposition,
    carbonFootprint: baseline.carbonFootprint,
  })
  assert.equal(seenBy('interest', baseline).generalInformation.batteryStatus, 'original')
  assert.equal(seenBy('authority', baseline).generalInformation.batteryStatus, undefined)
})

test('evidence beside a value is the owner’s', () => {
  const data = {
    attributes: {
      ratedCapacity: { value: '94', unit: 'Ah', evidence: ['hush'] },
      batteryChemistry: { value: 'LFP', evidence: 'hush' },
      testReportResults: { value: ['https://example.com/report'], evidence: 'hush' },
    },
  }
  assert.deepEqual(seenBy('public', data), {
    attributes: { ratedCapacity: { value: '94', unit: 'Ah' }, batteryChemistry: { value: 'LFP' } },
  })
  assert.deepEqual(Object.keys(seenBy('authority', data).attributes), [
    'ratedCapacity',
    'batteryChemistry',
    'testReportResults',
  ])
})

test('what cannot be read as what it should be is shown to nobody else', () => {
  const data = { generalInformation: { batteryMass: 'hush', manufacturingDate: { hush: true } }, ratedCapacity: -3 }
  assert.deepEqual(seenBy('public', data), {})
  assert.deepEqual(
    faultsOf(mapped(parseGiven(JSON.stringify(data)))).map(({ pointer, fault }) => [pointer, fault.code]),
    [
      ['/generalInformation/manufacturingDate', 'value_invalid'],
      ['/generalInformation/batteryMass', 'value_invalid'],
      ['/ratedCapacity', 'value_implausible'],
    ],
  )
})

test('our own words go before those of clients, and keys that only look like members hide nothing', () => {
  const data =
    '{"batteryMass": 3, "attributes": {"batteryMass": {"value": 4, "unit": "kg"}}, "__proto__": {"batteryChemistry": "x"}}'
  const values = valuesOf(mapped(parseGiven(data)))
  assert.equal(values.get('batteryMass')!.value, '4')
  assert.equal(values.has('batteryChemistry'), false)
})

test('voltages and temperatures that contradict each other are named', () => {
  const told = (data: object) => contradictions(valuesOf(mapped(parseGiven(JSON.stringify(data)))))
  assert.deepEqual(told({ performance: { minimumVoltage: 400, nominalVoltage: 350, maximumVoltage: 420 } }), [
    { attribute: 'nominalVoltage', detail: 'must not be less than minimumVoltage' },
  ])
  assert.deepEqual(told({ performance: { minimumVoltage: 300, maximumVoltage: 420 } }), [])
  const idle = (lower: object, upper: object) =>
    told({ attributes: { idleTemperatureLower: lower, idleTemperatureUpper: upper } })
  assert.deepEqual(idle({ value: '-20', unit: '°C' }, { value: '253', unit: 'K' }), [
    { attribute: 'idleTemperatureUpper', detail: 'must not be less than idleTemperatureLower' },
  ])
  assert.deepEqual(idle({ value: '-20', unit: '°C' }, { value: '50', unit: '°C' }), [])
})

test('scope: EV and LMT always, industrial above 2 kWh alone, and what is unknown exempts nobody', () => {
  assert.equal(scopeOf('EV', {}, day), 'required')
  assert.equal(scopeOf('EV', {}, '2027-02-17'), 'not_yet_binding')
  assert.equal(scopeOf('SLI', {}, day), 'not_covered')
  assert.equal(scopeOf('industrial', {}, day), 'capacity_unknown')
  assert.equal(
    scopeOf('industrial', { ratedCapacity: '20', nominalVoltage: '100' }, day),
    'below_threshold',
    'just 2 kWh',
  )
  assert.equal(scopeOf('industrial', { ratedCapacity: '20.0001', nominalVoltage: '100' }, day), 'required')
  assert.equal(
    scopeOf('industrial', { ratedCapacity: '10', nominalVoltage: '100', certifiedUsableBatteryEnergy: '2.1' }, day),
    'required',
    'the larger counts',
  )
})

test('readiness: what is missing and what is too much, by category and day', () => {
  const filled = (...ids: string[]) => new Map(ids.map(id => [id, { state: 'filled' as const }]))
  const finding = (items: ReturnType<typeof assess>, nr: number) => items.find(({ dataPoint }) => dataPoint === nr)
  assert.deepEqual(
    assess(filled(), null, day).map(({ attributes }) => attributes),
    [['batteryCategory']],
    'without a category that is said first',
  )
  const some = assess(filled('batteryMass', 'recycledCobaltPreConsumer'), 'EV', day)
  assert.equal(some.length, 71)
  assert.equal(finding(some, 10)!.finding, 'present')
  assert.equal(finding(some, 11)!.finding, 'missing')
  assert.equal(finding(some, 20)!.finding, 'must_be_empty')
  assert.equal(finding(some, 19)!.finding, 'not_yet_required')
  const diligence = (owesDiligence?: boolean) =>
    finding(assess(filled(), 'EV', '2027-08-18', undefined, { owesDiligence }), 19)!
  assert.deepEqual([diligence().finding, diligence().nextAction], ['not_yet_required', 'declare'])
  assert.deepEqual([diligence(true).finding, diligence(true).status], ['missing', 'M'])
  assert.equal(diligence(false).finding, 'declared_not_applicable')
  const all = assess(filled(...attributes.map(({ id }) => id)), 'LMT', day)
  assert.equal(all.filter(({ finding }) => finding === 'present').length, 59)
  assert.equal(all.filter(({ finding }) => finding === 'missing').length, 0)
})
