import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { pointerOf, searchable, searchWords, wordsOf } from './columns.ts'
import { archive, changedFields, draft, publish, revise, visibleTo } from './passports.ts'

const owner = { kind: 'person', id: '00000000-0000-4000-8000-000000000001' } as const
const at = (time: string): Date => new Date(`2026-11-21T${time}Z`)
const sketch = draft('00000000-0000-4000-8000-000000000002', owner, { a: 1 }, at('10:00:00'))

suite('the life of a passport', () => {
  test('new data makes the next version and tells what changed', () => {
    const { revised, updatedFields } = revise(sketch, { a: 1, b: 2 }, at('11:00:00'))
    assert.deepEqual(revised, { ...sketch, data: { a: 1, b: 2 }, version: 2, updatedAt: at('11:00:00') })
    assert.deepEqual(updatedFields, ['/b'])
  })

  test('the same data is no new version, in whatever order its keys stand', () => {
    const two = { ...sketch, data: { a: 1, b: [1] } }
    assert.equal(revise(two, { b: [1], a: 1 }, at('11:00:00')).revised, two)
  })

  test('a clock that runs behind does not turn history round', () => {
    assert.deepEqual(revise(sketch, {}, at('09:00:00')).revised.updatedAt, sketch.updatedAt)
  })

  test('it is published once, archived once, and then stays as it is', () => {
    const whole = {
      ...sketch,
      data: { batteryIdentifier: 'BP-1', batteryCategory: 'EV', batteryModelIdentifier: 'M1' },
    }
    const published = publish(whole, at('11:00:00'))
    assert.equal(published.status, 'published')
    assert.throws(() => publish(published, at('12:00:00')), { code: 'passport_published' })
    const archived = archive(published, at('12:00:00'))
    assert.deepEqual([archived.status, archived.version], ['archived', 3])
    for (const change of [
      () => archive(archived, at('13:00:00')),
      () => publish(archived, at('13:00:00')),
      () => revise(archived, {}, at('13:00:00')),
    ])
      assert.throws(change, { code: 'passport_archived', message: /Art\. 77/ })
  })

  test('nobody without a token sees anything of it yet', () => {
    assert.throws(() => visibleTo(undefined, sketch), { code: 'passport_unknown' })
  })
})

suite('changed fields', () => {
  const cases: [string, unknown, unknown, string[]][] = [
    ['a value', { a: { b: 1, c: 2 } }, { a: { b: 3, c: 2 } }, ['/a/b']],
    ['items of an array by their index', { a: [1, 2, 3] }, { a: [1, 5] }, ['/a/1', '/a/2']],
    ['the leaves of what was added and removed', { x: { y: 1 } }, { z: { w: [1] } }, ['/x/y', '/z/w/0']],
    ['empty things', { a: {} }, { a: {}, b: {}, c: [] }, ['/b', '/c']],
    ['a value that became an object', { a: 5 }, { a: { b: 1 } }, ['/a']],
    ['an array that became an object', { a: [1] }, { a: { 0: 1 } }, ['/a']],
    ['null, which is a value', { a: null }, {}, ['/a']],
    ['keys with slashes and tildes, escaped', { 'm/s~': 1, '': 1 }, { 'm/s~': 2, '': 2 }, ['/m~1s~0', '/']],
    ['keys that objects have by birth', {}, { toString: 1, hasOwnProperty: {} }, ['/toString', '/hasOwnProperty']],
  ]
  for (const [what, before, after, expected] of cases)
    test(`are named: ${what}`, () => assert.deepEqual(changedFields(before, after), expected))

  const json = fc
    .jsonValue({ maxDepth: 4, noUnicodeString: false })
    .map(value => JSON.parse(JSON.stringify({ data: value })))
  const similar = fc.tuple(json, json).chain(([a, b]) =>
    fc.constantFrom(
      [a, b],
      [a, a],
      [
        { ...a, more: b },
        { ...a, more: a },
      ],
      [{ list: [a, b] }, { list: [b] }],
    ),
  )

  test('each names something that differs, and each leaf that differs is named or stands below what is', () => {
    fc.assert(
      fc.property(similar, ([before, after]) => {
        const fields = changedFields(before, after)
        for (const field of fields) assert.notDeepEqual(get(before, field), get(after, field), field)
        const [one, other] = [leaves(before), leaves(after)]
        for (const pointer of new Set([...one.keys(), ...other.keys()]))
          if (one.get(pointer) !== other.get(pointer))
            assert.ok(
              fields.some(field => pointer === field || pointer.startsWith(`${field}/`)),
              pointer,
            )
      }),
      { numRuns: 500 },
    )
  })

  test('are named by their parents when there are more than a thousand', () => {
    const cells = (value: number) => ({
      name: value,
      packs: Array.from({ length: 30 }, () => ({ cells: Array.from({ length: 40 }, () => value) })),
    })
    const parents = changedFields(cells(1), cells(2))
    assert.deepEqual([parents.length, parents[0], parents.at(-1)], [31, '/name', '/packs/29/cells'])
    const flat = (value: number) => Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, value]))
    assert.deepEqual(changedFields(flat(1), flat(2)), [''], 'the whole data')
    assert.deepEqual(changedFields({ a: 1, in: flat(1) }, { a: 1, in: flat(2) }), ['/in'])
  })

  test('stay short when the keys are long', () => {
    const long = 'k'.repeat(500_000)
    const under = (value: number) => ({ [long]: Array.from({ length: 500 }, () => value) })
    assert.deepEqual(changedFields(under(1), under(2)), [''])
  })
})

suite('searchable columns', () => {
  const empty = {
    identifier: null,
    serial: null,
    model: null,
    category: null,
    chemistry: null,
    massKg: null,
    manufacturedOn: null,
  }

  test('are filled from the names of the baseline', () => {
    const data = {
      generalInformation: {
        batteryIdentifier: 'BP-2024-011',
        batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
        batteryMass: 450,
        batteryCategory: 'EV',
        manufacturingDate: '2024-01-15',
      },
      materialComposition: { batteryChemistry: 'LiFePO4' },
    }
    assert.partialDeepStrictEqual(searchable(data), {
      identifier: 'BP-2024-011',
      serial: 'BP-2024-011',
      model: 'LM3-BAT-2024',
      category: 'EV',
      chemistry: 'LiFePO4',
      massKg: 450,
      manufacturedOn: '2024-01-15',
    })
    assert.equal(pointerOf('identifier', data), '/generalInformation/batteryIdentifier')
  })

  test('are filled from the names of the attribute table', () => {
    const data = {
      uniqueBatteryIdentifier: 'https://id.gs1.org/01/09521234010012/21/EV-1',
      batteryModelIdentifier: 'M1',
      batterySerialNumber: 'EV-1',
      batteryCategory: 'lmt',
      batteryChemistry: 'Li-ion NMC',
      batteryMass: 3.5,
      manufacturingDate: '2024-03',
    }
    assert.partialDeepStrictEqual(searchable(data), {
      identifier: 'https://id.gs1.org/01/09521234010012/21/EV-1',
      serial: 'EV-1',
      model: 'M1',
      category: 'LMT',
      chemistry: 'Li-ion NMC',
      massKg: 3.5,
      manufacturedOn: '2024-03-01',
    })
    assert.equal(pointerOf('identifier', data), '/uniqueBatteryIdentifier')
  })

  test('are filled from BatteryPass 1.2, BatteryPass-Ready 1.0 and Catena-X 6.1', () => {
    assert.partialDeepStrictEqual(
      searchable({
        generalProductInformation: {
          productIdentifier: 'P1',
          batteryCategory: 'stationary',
          batteryMass: 699,
          manufacturingDate: '2025-06-17T11:14:27.698+02:00',
        },
        MaterialComposition: {
          batteryChemistry: { shortName: 'NMC', clearName: 'Lithium nickel manganese cobalt oxides' },
        },
      }),
      {
        ...empty,
        identifier: 'P1',
        category: 'industrialStationary',
        chemistry: 'NMC',
        massKg: 699,
        manufacturedOn: '2025-06-17',
      },
    )
    assert.partialDeepStrictEqual(
      searchable({
        Battery_Passport: {
          IdentifiersAndProductData: {
            UniqueBatteryIdentifierUniqueProductIdentifier: 'https://id.gs1.org/1',
            BatterySerialNumber: 'S1',
            BatteryModelIdentifier: '0952',
            BatteryCategory: { batteryCategoryValue: 'industrial/non-stationary battery' },
            BatteryMass: { gramKgValue: 3501, gramKg: 'g' },
            ManufacturingDate: '2024-03-15',
          },
          BatteryMaterialsAndComposition: { BatteryChemistry: { chemicalCodeValue: 'Pb' } },
        },
      }),
      {
        identifier: 'https://id.gs1.org/1',
        serial: 'S1',
        model: '0952',
        category: 'industrial',
        chemistry: 'Pb',
        massKg: 3.501,
        manufacturedOn: '2024-03-15',
      },
    )
    assert.partialDeepStrictEqual(
      searchable({
        identification: {
          idDmc: '34567890',
          chemistry: 'NCM',
          category: 'SLI',
          identification: { serial: [{ key: 'partInstanceId', value: 'SN1' }], type: { manufacturerPartId: '123-A' } },
        },
        characteristics: { physicalDimension: { weight: { value: 20, unit: 'unit:kilogram' } } },
        operation: { manufacturer: { manufacturingDate: '2000-01-31' } },
      }),
      {
        identifier: '34567890',
        serial: 'SN1',
        model: '123-A',
        category: 'SLI',
        chemistry: 'NCM',
        massKg: 20,
        manufacturedOn: '2000-01-31',
      },
    )
  })

  for (const [field, values] of Object.entries({
    batteryMass: ['heavy', '450', -1, null, [], {}, { value: 4, unit: 'stone' }],
    batteryCategory: ['car', '', 4, null, 'battery', { EV: true }],
    manufacturingDate: [
      'yesterday',
      '2024-02-30',
      '2024-13-01',
      '0000-01-01',
      '24-01-15',
      20240115,
      '2024-01-15 or so',
      null,
    ],
    batteryIdentifier: ['', '   ', 'x'.repeat(2049), 7, ['BP-1'], null],
  }))
    test(`are empty when ${field} cannot be mapped`, () => {
      for (const value of values)
        assert.partialDeepStrictEqual(
          searchable({ generalInformation: { [field]: value } }),
          empty,
          JSON.stringify(value),
        )
    })

  test('know a category however it is written', () => {
    for (const [written, category] of Object.entries({
      ev: 'EV',
      'electric vehicle battery': 'EV',
      'LMT battery': 'LMT',
      Industrial: 'industrial',
      'industrial/stationary battery': 'industrialStationary',
      'industrial battery without BMS': 'industrialWithoutBms',
      'portable batteries': 'portable',
    }))
      assert.equal(searchable({ batteryCategory: written }).category, category, written)
  })

  test('hold only what their kind allows, whatever the data', () => {
    const json = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)))
    const field = fc.constantFrom(
      'batteryIdentifier',
      'batteryModel',
      'batteryCategory',
      'batteryMass',
      'manufacturingDate',
    )
    fc.assert(
      fc.property(field, json, (name, value) => {
        const { identifier, massKg, manufacturedOn } = searchable({ generalInformation: { [name]: value } })
        if (identifier !== null) assert.match(identifier, /^(?=\S)[^]{1,256}(?<=\S)$/)
        if (massKg !== null) assert.ok(massKg >= 0 && Number.isFinite(massKg))
        if (manufacturedOn !== null) assert.equal(new Date(manufacturedOn).toISOString().slice(0, 10), manufacturedOn)
      }),
      { numRuns: 500 },
    )
  })
})

suite('words', () => {
  test('are compared without case, accents and punctuation', () => {
    assert.deepEqual(wordsOf("Müller's LM3-BAT_2024, Łódź STRASSE Straße № ﬁve"), [
      'muller',
      's',
      'lm3',
      'bat',
      '2024',
      'lodz',
      'strasse',
      'strasse',
      'no',
      'five',
    ])
  })

  test('come from the columns and from short texts, each once and 200 at most', () => {
    const words = searchWords({
      note: 'Lithium, iron and lithium',
      long: 'essay '.repeat(100),
      deep: [{ in: ['GMC WZX1'] }],
      number: 5,
    })
    assert.deepEqual(words, ['lithium', 'iron', 'and', 'gmc', 'wzx1'])
    assert.equal(searchWords({ list: Array.from({ length: 500 }, (_, i) => `a${i} b${i} c${i}`) }).length, 200)
  })

  test('are only letters and digits, which need no quoting in a search', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => wordsOf(text).every(word => /^[\p{L}\p{N}]+$/u.test(word))),
      { numRuns: 500 },
    )
  })
})

function get(value: unknown, pointer: string): unknown {
  for (const step of pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~')))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined
  return value
}

function leaves(value: unknown, pointer = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return found.set(pointer, value)
  for (const [key, inner] of Object.entries(value))
    leaves(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, found)
  return found
}
