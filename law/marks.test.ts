import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributeOf, binFor, metalsIn, read, type Value } from './index.ts'

const said = (given: Record<string, unknown>): Map<string, Value> =>
  new Map(
    Object.entries(given).map(([id, value]) => {
      const found = read(attributeOf(id)!, { value }, null)
      assert.ok(found.value, `${id} ${JSON.stringify(found)}`)
      return [id, found.value]
    }),
  )

test('cadmium and lead are marked above 0.002 % and 0.004 %, by number, name, chemistry, or the passport’s own word', () => {
  const material = (name: string, share?: string, cas?: string) =>
    metalsIn(said({ hazardousSubstances: [{ name, ...(share && { share }), ...(cas && { cas }) }] }))
  for (const [name, share, cas, expected] of [
    ['Cadmium', '0.002', undefined, []],
    ['Cadmium', '0.0020000001', undefined, ['Cd']],
    ['Kadmium', '1', undefined, ['Cd']],
    ['X', '0.0041', '7439-92-1', ['Pb']],
    ['Lead', '0.004', undefined, []],
    ['Lead', undefined, undefined, ['Pb']],
    ['Lithium hexafluorophosphate', '12', undefined, []],
    ['Lead-free solder', '12', undefined, []],
  ] as const)
    assert.deepEqual(material(name, share, cas), expected, `${name} ${share}`)
  assert.deepEqual(metalsIn(said({ batteryChemistry: { shortName: 'NiCd' } })), ['Cd'])
  assert.deepEqual(metalsIn(said({ batteryChemistry: { clearName: 'Lead acid' } })), ['Pb'])
  assert.deepEqual(metalsIn(said({ batteryChemistry: { shortName: 'NMC', clearName: 'Li-ion' } })), [])
  assert.deepEqual(metalsIn(said({ symbolsForCadmiumAndLead: 'Pb' })), ['Pb'])
  assert.deepEqual(metalsIn(new Map()), [])
})

test('the symbol of separate collection covers 3 % of the largest side, 1.5 % of a cylinder, up to 5 by 5 cm', () => {
  assert.deepEqual(binFor({}), { side: 50, on: 'battery' })
  assert.deepEqual(binFor({ area: 30_000 }), { side: 30, on: 'battery' })
  assert.deepEqual(binFor({ area: 60_000, isCylinder: true }), { side: 30, on: 'battery' })
  assert.deepEqual(binFor({ area: 1_000_000 }), { side: 50, on: 'battery' })
  for (let area = 740; area < 90_000; area += 37) {
    const { side, on } = binFor({ area })
    assert.ok(on === 'battery' && (side === 50 || side * side >= area * 0.03 - 1e-9), `${area}`)
  }
  // Below 0.47 cm it stands on the packaging, 1 by 1 cm at the least.
  assert.deepEqual(binFor({ area: 736 }), { side: 10, on: 'packaging' })
})
