import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { attributes, type Point } from '../law/index.ts'
import { build, inputs } from './law.ts'

const data = join(import.meta.dirname, '..', 'law', 'data')
const names = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.json'))
const folder = process.env.OHMNIBUS_LAW_INPUTS
const skip =
  folder && existsSync(folder)
    ? false
    : 'SKIPPED: set OHMNIBUS_LAW_INPUTS to the folder of inputs, or law/data is not compared with its sources'

test('law/data is what its sources make, byte by byte', { skip }, () => {
  const built = build(folder!)
  assert.deepEqual(names.toSorted(), Object.keys(built).sort())
  for (const [name, content] of Object.entries(built))
    assert.ok(readFileSync(join(data, name), 'utf8') === content, `law/data/${name}: run node tools/law.ts`)
})

test('each source that is shipped says its licence, and is the file that it was', () => {
  const sources = names.flatMap(
    name =>
      (JSON.parse(readFileSync(join(data, name), 'utf8')).sources ?? []) as {
        file?: string
        licence: string
        sha256?: string
      }[],
  )
  for (const { file, licence, sha256 } of sources) {
    assert.match(licence, /^(ours|Apache-2\.0|CC-BY-4\.0)/)
    if (file && folder && existsSync(folder))
      assert.equal(
        sha256,
        createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex'),
        file,
      )
  }
  for (const { licence } of Object.values(inputs)) assert.ok(licence)
})

/** How the table of others reads what the law leaves open, where ours reads it otherwise. */
const decided = new Map([
  ['criticalRawMaterials', 'materials have a plant'],
  ['hazardousSubstances', 'materials have a plant'],
  ['cathodeAnodeElectrolyteMaterials', 'materials have a plant'],
])

test('an independent table of the 119 attributes agrees, but where we decided otherwise', { skip }, () => {
  const points: Record<string, Point> = {
    public: 1,
    legitimate_interest_and_authorities: 2,
    authorities_only: 3,
    legitimate_interest_only: 4,
  }
  const theirs = JSON.parse(readFileSync(join(folder!, 'passport-attributes.json'), 'utf8')) as {
    id: string
    accessTier: string
    behaviour: string
    level: string
    ecGuidanceDataPoints: number[]
  }[]
  assert.deepEqual(attributes.map(({ id }) => id).sort(), theirs.map(({ id }) => id).sort())
  for (const { id, accessTier, behaviour, level, ecGuidanceDataPoints } of theirs) {
    const ours = attributes.find(attribute => attribute.id === id)!
    assert.equal(ours.point, points[accessTier], id)
    assert.equal(ours.changes, behaviour, id)
    assert.deepEqual(ours.dataPoints, ecGuidanceDataPoints, id)
    if (!decided.has(id)) assert.equal(ours.level, level, id)
  }
})
