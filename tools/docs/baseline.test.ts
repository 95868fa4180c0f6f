import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { baselineGuide, systems } from './baseline.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const rows = systems.flatMap(([, each]) => each)

test('the baseline has its 84 rows, each once', () => {
  assert.equal(rows.length, 84)
  assert.equal(new Set(rows.map(({ id }) => id)).size, 84)
})

test('each row that stands names a test, and each test that a row names is there', () => {
  for (const { id, tests, missing } of rows) {
    const named = Object.entries(tests).flatMap(([file, names]) => names.map(name => [file, name] as const))
    assert.ok(missing || named.length > 0, `${id} stands, and nothing shows it`)
    for (const [file, name] of named) {
      const source = read(file)
      // As it stands in the file, where quotes in it are escaped.
      const found = ["'", '"', '`'].some(quote =>
        source.includes(`${quote}${name.replaceAll(quote, `\\${quote}`)}${quote}`),
      )
      assert.ok(found, `${id}: ${file} has no test "${name}"`)
    }
  }
})

test('the guide is what the rows say', () => {
  assert.equal(read('docs/guides/baseline.md'), baselineGuide())
})
