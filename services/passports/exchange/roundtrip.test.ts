import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { attributeOf, parseGiven, unitOf, type Attribute, type Value } from '#law'
import { elementsOf, groups, valueIn, type Compressed } from '../dpp/shape.ts'
import { formatNames, readAs, written, type FormatName, type Values } from './converting.ts'
import { passports, writable } from './testing.ts'

/** The law of formats: what is imported of an export is the same, except exactly what the report named. */

const plainNumber = (digits: string): string => {
  const [mantissa, exponent = '0'] = digits.toLowerCase().split('e') as [string, string?]
  const [whole, part = ''] = mantissa.split('.') as [string, string?]
  const places = part.length - Number(exponent)
  const all = BigInt(whole + part)
  let [number, scale] = [all, places]
  while (scale > 0 && number % 10n === 0n) [number, scale] = [number / 10n, scale - 1]
  if (scale < 0) [number, scale] = [number * 10n ** BigInt(-scale), 0]
  return `${number}/${number === 0n ? 0 : scale}`
}
const isDigits = (text: unknown): text is string =>
  typeof text === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)

/** Two values as texts that are one where they are the same: written for the test alone, beside the comparison that is tested. */
function told(attribute: Attribute, { value, temperature, notApplicable }: Value): string {
  const isNumeric = ['quantity', 'count', 'bySoc', 'byPart'].includes(attribute.type)
  const walk = (one: unknown): unknown => {
    if (Array.isArray(one))
      return one.map(walk).sort((a, b) => (isNumeric && JSON.stringify(a) < JSON.stringify(b) ? -1 : 0))
    if (typeof one === 'object' && one !== null)
      return Object.fromEntries(
        Object.entries(one)
          .filter(([, inner]) => inner !== undefined)
          .map(([key, inner]) => [key, walk(inner)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    return isNumeric && isDigits(one) ? plainNumber(one) : one
  }
  return JSON.stringify([walk(value), walk(temperature ?? null), notApplicable ?? null])
}
function unitsTold(attribute: Attribute, { givenValue, givenUnit, unit }: Value): string {
  const name = (one: unknown): unknown => (typeof one === 'string' ? unitOf(one) : one)
  const parts =
    Array.isArray(givenValue) && ['bySoc', 'byPart'].includes(attribute.type)
      ? givenValue
      : [{ value: givenValue, unit: givenUnit }]
  return JSON.stringify(
    parts
      .map(({ part, soc, value, unit: its }: Record<string, unknown>) => [
        part,
        soc,
        isDigits(value) ? plainNumber(value) : value,
        name(its ?? givenUnit ?? unit),
      ])
      .sort((a: unknown[], b: unknown[]) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  )
}

const about = {
  id: 'urn:uuid:0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  operator: 'did:web:example.com',
  placeholders: false,
}
const sent = (document: unknown): unknown =>
  Buffer.isBuffer(document)
    ? document.toString('base64')
    : typeof document === 'string'
      ? document
      : parseGiven(JSON.stringify(document))

async function requireExact(format: FormatName, values: Values): Promise<void> {
  const { document, loss } = await written(format, values, about)
  const back = (await readAs(format, sent(document))).values
  for (const attribute of writable) {
    const [one, other] = [values.get(attribute.id), back.get(attribute.id)]
    const named = loss.filter(({ attribute: id, from, to }) => id === attribute.id && (from !== null || to !== null))
    const kinds = named.map(({ kind }) => kind)
    if (!one && !other) continue
    const isSame = one && other && told(attribute, one) === told(attribute, other)
    const what = `${format} ${attribute.id}: ${JSON.stringify(one)} came back as ${JSON.stringify(other)}; named ${JSON.stringify(named)}`
    if (!isSame) assert.ok(named.length === 1 && kinds[0] !== 'unit_changed', what)
    else if (['quantity', 'count', 'bySoc', 'byPart'].includes(attribute.type) && one.notApplicable === undefined)
      assert.deepEqual(kinds, unitsTold(attribute, one) === unitsTold(attribute, other) ? [] : ['unit_changed'], what)
    else assert.deepEqual(kinds, [], what)
  }
}

suite('an export that is imported again says the same, except exactly what its report named', () => {
  for (const format of formatNames)
    test(format, async () => {
      const numRuns = Number(process.env.OHMNIBUS_ROUND_TRIPS ?? 30)
      await fc.assert(
        fc.asyncProperty(passports, values => requireExact(format, values)),
        { numRuns, endOnFailure: true },
      )
    })

  test('a sheet loses no part of what is measured', async () => {
    const measured = (values: Values): Values =>
      new Map([...values].filter(([id]) => ['bySoc', 'byPart', 'quantity', 'count'].includes(attributeOf(id)!.type)))
    await fc.assert(
      fc.asyncProperty(passports, async values =>
        assert.deepEqual((await written('csv', measured(values), about)).loss, []),
      ),
      { numRuns: 30 },
    )
  })

  test('the tree of elements of EN 18223 and its compressed form become each other without loss, whatever an attribute says', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(passports, async values => {
        const { document } = await written('en18223', values, about)
        const compressed = parseGiven(JSON.stringify(document)) as Compressed
        const tree = parseGiven(JSON.stringify(elementsOf(compressed, 'https://example.com/vocabulary')))
        const back = new Map((tree as Parameters<typeof valueIn>[0][]).map(one => [one.elementId, valueIn(one)]))
        for (const group of groups) {
          assert.equal(JSON.stringify(back.get(group)), JSON.stringify(compressed[group]), group)
          for (const id of Object.keys(compressed[group] ?? {})) seen.add(id)
        }
      }),
      { numRuns: Number(process.env.OHMNIBUS_ROUND_TRIPS ?? 50), endOnFailure: true },
    )
    const inHead = ['uniqueBatteryIdentifier', 'uniqueFacilityIdentifier']
    const missing = writable.map(({ id }) => id).filter(id => !seen.has(id) && !inHead.includes(id))
    assert.deepEqual(missing, [], 'each attribute was among them')
  })

  test('our own format loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(passports, async values =>
        assert.deepEqual((await written('ohmnibus-1', values, about)).loss, []),
      ),
      { numRuns: 50 },
    )
  })
})
