import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attributeOf } from './attributes.ts'
import { areAlike, convert, decimalOf, exactly, isDecimal, unitOf } from './units.ts'
import { parseGiven, read } from './values.ts'

const readText = (id: string, json: string, fixed: string | null = null) =>
  read(attributeOf(id)!, parseGiven(json), fixed)
const faultOf = (id: string, json: string, fixed: string | null = null) => readText(id, json, fixed).fault?.code

test('a resistance of 12 mΩ stays 12 mΩ beside its 0.012 Ω', () => {
  const { value } = readText('ohmicResistance', '{"value": 12, "unit": "mΩ"}')
  assert.deepEqual(value, { value: '0.012', unit: 'Ω', givenValue: '12', givenUnit: 'mΩ' })
})

test('numbers keep the digits given: 0.0120 is not 0.012, and 10¹⁸ + 1 is exact', () => {
  assert.equal(readText('ohmicResistance', '{"value": 0.0120, "unit": "Ω"}').value!.value, '0.0120')
  assert.equal(
    readText('energyThroughput', '{"value": "1000000000000000001", "unit": "Wh"}').value!.value,
    '1000000000000000.001',
  )
  assert.equal(decimalOf(exactly('0.1').add(exactly('0.2'))), '0.3')
})

test('a capacity in ampere is refused, and one without a unit where its format fixes none', () => {
  assert.equal(faultOf('ratedCapacity', '{"value": 94, "unit": "A"}'), 'unit_incompatible')
  assert.equal(faultOf('ratedCapacity', '{"value": 94, "unit": "unit:ampere"}'), 'unit_incompatible')
  assert.equal(faultOf('ratedCapacity', '94'), 'unit_missing')
  assert.equal(faultOf('ratedCapacity', '{"value": 94, "unit": "furlong"}'), 'unit_unknown')
  assert.equal(readText('ratedCapacity', '94', 'Ah').value!.value, '94')
})

test('carbon stages in per cent and in kg CO2e/kWh are not taken for each other', () => {
  assert.equal(faultOf('cfContributionProduction', '{"value": 28, "unit": "%"}'), 'unit_incompatible')
  assert.equal(readText('cfContributionProduction', '{"value": 18.5, "unit": "kgCO2eq/kWh"}').value!.value, '18.5')
})

test('a percent of 0.94 is 0.94 %', () => {
  assert.equal(readText('stateOfCharge', '{"value": 0.94, "unit": "%"}').value!.value, '0.94')
  assert.equal(faultOf('stateOfCharge', '{"value": 100.1, "unit": "%"}'), 'value_implausible')
})

test('null, empty text, 0 and "not applicable" are four things', () => {
  assert.equal(faultOf('renewableContentShare', 'null', '%'), 'value_empty')
  assert.equal(faultOf('batterySerialNumber', '""'), 'value_empty')
  assert.equal(readText('renewableContentShare', '0', '%').value!.value, '0')
  assert.equal(readText('warrantyPeriod', '{"notApplicable": "none is given"}').value!.notApplicable, 'none is given')
})

test('month-only dates stay months, and no other month passes', () => {
  assert.equal(readText('manufacturingDate', '"2027-02"').value!.value, '2027-02')
  assert.equal(faultOf('manufacturingDate', '"2027-13"'), 'value_invalid')
  assert.equal(faultOf('manufacturingDate', '"2027-02-30"'), 'value_invalid')
})

test('what is beside a value is no part of it', () => {
  const { value } = readText(
    'manufacturerInformation',
    '{"name": "Volt AG", "margin": "secret", "address": {"deep": 1}}',
  )
  assert.deepEqual(value!.value, { name: 'Volt AG' })
  assert.deepEqual(
    readText('criticalRawMaterials', '["Lithium", {"name": "Cobalt", "price": 3, "share": 0.20}]').value!.value,
    ['Lithium', { name: 'Cobalt', share: '0.20' }],
  )
})

test('a link that is none is refused', () => {
  assert.equal(faultOf('carbonFootprintStudyLink', '"javascript:alert(1)"'), 'value_invalid')
  assert.equal(faultOf('euDeclarationOfConformity', '{"title": "DoC", "url": "data:text/html,x"}'), 'value_invalid')
  assert.ok(readText('euDeclarationOfConformity', '{"title": "DoC", "url": "https://example.com/doc.pdf"}').value)
})

test('texts by language are a list, given as a list, as a map or as one', () => {
  const list = [{ language: 'de', value: 'Getrennt sammeln' }]
  assert.deepEqual(readText('separateCollectionInfo', JSON.stringify(list)).value!.value, list)
  assert.deepEqual(readText('separateCollectionInfo', '{"de": "Getrennt sammeln"}').value!.value, list)
  assert.equal(readText('separateCollectionInfo', '"Collect it apart"').value!.value, 'Collect it apart')
})

test('power by state of charge, resistance by part, each with its unit', () => {
  const power = readText(
    'originalPowerCapability',
    '[{"soc": 80, "value": 1.5, "unit": "kW"}, {"soc": 20, "value": 900, "unit": "W"}]',
  )
  assert.deepEqual(power.value!.value, [
    { soc: '80', value: '1500', unit: 'W' },
    { soc: '20', value: '900', unit: 'W' },
  ])
  const resistance = readText('initialInternalResistance', '{"pack": {"value": 2.5, "unit": "mOhm"}}')
  assert.deepEqual(resistance.value!.value, [{ part: 'pack', value: '0.0025', unit: 'Ω' }])
})

test('what holds of one plant names it, and nothing else does', () => {
  const footprint = (plant: unknown) =>
    readText('carbonFootprintPerFunctionalUnit', JSON.stringify({ value: 61, unit: 'kg CO2e/kWh', plant }))
  assert.equal(footprint('Regensburg, hall 3').value!.plant, 'Regensburg, hall 3')
  assert.equal(footprint(undefined).value!.plant, undefined)
  for (const wrong of ['', ' ', 7, { name: 'Regensburg' }, 'x'.repeat(501)])
    assert.equal(footprint(wrong).fault?.code, 'value_invalid')
  const materials = readText('criticalRawMaterials', '{"value": ["Cobalt"], "plant": "Narva"}')
  assert.deepEqual([materials.value!.value, materials.value!.plant], [['Cobalt'], 'Narva'])
  assert.equal(readText('batteryMass', '{"value": 3, "unit": "kg", "plant": "Narva"}').value!.plant, undefined)
})

test('units are known by their names in UCUM, QUDT, SAMM and UN/CEFACT, and never by another', () => {
  for (const [name, code] of [
    ['A.h', 'Ah'],
    ['AMH', 'Ah'],
    ['unit:ampereHour', 'Ah'],
    ['Cel', '°C'],
    ['E45', 'mΩ'],
  ] as const)
    assert.equal(unitOf(name), code, name)
  assert.equal(unitOf('ah'), undefined)
  assert.ok(!areAlike('Ah', 'A') && !areAlike('kg CO2e', 'kg CO2e/kWh') && areAlike('Ah', 'mAh'))
})

test('a conversion is exact or none', () => {
  assert.equal(convert('293.15', 'K', '°C'), '20')
  assert.equal(convert('212', '°F', '°C'), '100')
  assert.equal(convert('33', '°F', '°C'), undefined, 'it would never end')
  assert.equal(faultOf('idleTemperatureUpper', '{"value": 33, "unit": "°F"}'), 'unit_inexact')
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.nat(20), (whole, decimals) => {
      const digits = whole
        .toString()
        .replace('-', '')
        .padStart(decimals + 1, '0')
      const at = digits.length - decimals
      const text = `${whole < 0n ? '-' : ''}${digits.slice(0, at)}${decimals ? `.${digits.slice(at)}` : ''}`
      assert.ok(isDecimal(text))
      const there = convert(text, 'mAh', 'Ah')!
      assert.ok(exactly(convert(there, 'Ah', 'mAh')!).equals(exactly(text)), text)
    }),
  )
})

test('every value of every type is read or refused, whatever is sent', () => {
  const ids = [
    'ratedCapacity',
    'manufacturerInformation',
    'criticalRawMaterials',
    'manufacturingDate',
    'originalPowerCapability',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...ids), fc.json(), (id, json) => {
      const { value, fault } = readText(id, json)
      assert.ok((value === undefined) !== (fault === undefined))
    }),
  )
})
