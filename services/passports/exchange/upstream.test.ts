import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Ajv, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { parseGiven, type Dated } from '#law'
import { readAs, written, type FormatName } from './converting.ts'
import { passports, schemaFiles } from './testing.ts'

/** The files of others themselves: their schemas judge what we write, their examples are what we read. */

const folder = process.env.OHMNIBUS_LAW_INPUTS
const skip =
  folder && existsSync(folder)
    ? false
    : 'SKIPPED: set OHMNIBUS_LAW_INPUTS to the folder of inputs, or formats are not held against the schemas of others'

const jsonOf = (file: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder!, file), 'utf8'))

/** Schemas of draft 4 say of a bound that it is left out; later ones name it. */
function later(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(later)
  if (typeof schema !== 'object' || schema === null) return schema
  const one = Object.fromEntries(Object.entries(schema).map(([key, inner]) => [key, later(inner)]))
  for (const [bound, name] of [
    ['maximum', 'exclusiveMaximum'],
    ['minimum', 'exclusiveMinimum'],
  ] as const) {
    if (typeof one[name] !== 'boolean') continue
    if (one[name]) [one[name], one[bound]] = [one[bound], undefined]
    else delete one[name]
    if (one[bound] === undefined) delete one[bound]
  }
  return one
}

function validatorOf(file: string): ValidateFunction {
  const { $schema, ...schema } = jsonOf(file)
  const options = { strict: false, allErrors: true, validateFormats: true, unicodeRegExp: false }
  const ajv = String($schema).includes('2020-12') ? new Ajv2020(options) : new Ajv(options)
  ;(addFormats as unknown as (ajv: unknown) => void)(ajv)
  return ajv.compile(later(schema) as object)
}

const about = {
  id: 'urn:uuid:0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  operator: 'did:web:example.com',
  placeholders: true,
}

const ready: Record<string, string> = {
  EV: 'EV',
  LMT: 'LMT',
  industrial: 'Other_Industrial',
  industrialStationary: 'Stationary_Industrial',
  industrialWithoutBms: 'Industrial_Without_BMS',
}

/** Where upstream asks for what contradicts its own words: an address of mail whose pattern lost its backslashes. */
const ofUpstream = (pattern: unknown): boolean => pattern === '^[w.-]+@[w.-]+.[A-Za-z]{2,}$'

const faultsOf = (validate: ValidateFunction, document: unknown): string[] =>
  validate(document)
    ? []
    : validate
        .errors!.filter(({ params }) => !ofUpstream(params.pattern))
        .map(({ instancePath, message }) => `${instancePath} ${message}`)

suite('formats as others have them', { skip }, () => {
  for (const format of ['batterypass-1.2', 'idta-02035'] as const)
    test(`what is written as ${format} is valid by its schemas, with placeholders where it asks for more`, async () => {
      const validators = Object.entries(schemaFiles[format]!).map(([part, file]) => [part, validatorOf(file)] as const)
      await fc.assert(
        fc.asyncProperty(passports, async values => {
          const document = JSON.parse(JSON.stringify((await written(format, values, about)).document))
          for (const [part, validate] of validators)
            assert.deepEqual([part, faultsOf(validate, document[part])], [part, []])
        }),
        { numRuns: 150, endOnFailure: true },
      )
    })

  test('what is written as catena-x-6.1 is valid by its schema', async () => {
    const validate = validatorOf('catena-x/io.catenax.battery.battery_pass/6.1.0/BatteryPass-schema.json')
    await fc.assert(
      fc.asyncProperty(passports, async values => {
        assert.deepEqual(
          faultsOf(validate, JSON.parse(JSON.stringify((await written('catena-x-6.1', values, about)).document))),
          [],
        )
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })

  test('what is written as batterypass-ready-1.0 is valid by the schema of its category', async () => {
    const validators = new Map(
      Object.entries(ready).map(([category, name]) => [
        category,
        validatorOf(`batterypass-ready/v1.0-schemas/${name}_batterypass_1.0.json`),
      ]),
    )
    await fc.assert(
      fc.asyncProperty(passports, fc.constantFrom(...validators.keys()), async (values, category) => {
        const value = { value: category, unit: null, givenValue: category, givenUnit: null }
        const of = new Map<string, Dated>([...values, ['batteryCategory', value]])
        const document = JSON.parse(JSON.stringify((await written('batterypass-ready-1.0', of, about)).document))
        assert.deepEqual([category, faultsOf(validators.get(category)!, document)], [category, []])
      }),
      { numRuns: 250, endOnFailure: true },
    )
  })

  const examples: [string, FormatName, number][] = [
    ['batterypass-datamodel/1.2.*/**/*{payload,Circularity,PerformanceAndDurability}.json', 'batterypass-1.2', 8],
    ['idta-02035/**/*Battery.json', 'idta-02035', 10],
    ['catena-x/io.catenax.battery.battery_pass/{5.0.0,6.0.0,6.1.0}/BatteryPass.json', 'catena-x-6.1', 3],
    ['batterypass-ready/examples/*.gefeg.json', 'batterypass-ready-1.0', 6],
  ]
  for (const [pattern, format, least] of examples)
    test(`examples of ${format} are read, each fault named at its place, and told apart by their shape`, async () => {
      const files = globSync(pattern, { cwd: folder! })
      assert.ok(files.length >= least, `${files}`)
      for (const file of files) {
        const document = parseGiven(readFileSync(join(folder!, file), 'utf8').replace(/^\ufeff/, ''))
        const { format: found, values, loss } = await readAs(undefined, document)
        assert.equal(found, format, file)
        const faults = loss.filter(({ kind }) => kind === 'invalid_in_source')
        assert.ok(values.size + loss.length > 0, `${file} says nothing`)
        for (const { pointer, why } of faults) assert.ok(why && pointer !== undefined, file)
      }
    })

  test('realistic examples come over whole: what is lost of them is named', async () => {
    for (const category of ['ev', 'lmt', 'stationary', 'other-industrial']) {
      const { values, loss } = await readAs(
        undefined,
        parseGiven(readFileSync(join(folder!, `batterypass-ready/examples/${category}.gefeg.json`), 'utf8')),
      )
      assert.deepEqual(
        loss.filter(({ kind }) => kind === 'invalid_in_source'),
        [],
        category,
      )
      assert.ok(values.size > 60, `${category}: ${values.size}`)
    }
    const { values } = await readAs(
      undefined,
      parseGiven(
        readFileSync(join(folder!, 'catena-x/io.catenax.battery.battery_pass/6.1.0/BatteryPass.json'), 'utf8'),
      ),
    )
    assert.equal(values.get('initialInternalResistance')?.unit, 'Ω')
    assert.ok(values.size > 45, `${values.size}`)
  })
})
