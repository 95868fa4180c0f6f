import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lawGuide, provisions } from './law.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

test('each provision that stands names a test that is there; the others say why not', () => {
  for (const { provision, what, test, later } of provisions) {
    assert.ok(Boolean(test) !== Boolean(later), `${provision}: ${what}`)
    if (test) assert.ok(read(test[0]).includes(test[1]), `${test[0]} has no test "${test[1]}"`)
  }
})

test('the guide is what the table says', () => {
  assert.equal(read('docs/guides/law.md'), lawGuide())
})
