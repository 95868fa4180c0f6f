import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { attributes } from '#law'
import { lawGuide, lettersOfAnnex, provisions } from './law.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

test('each provision that stands names a test that is there; the others say why not', () => {
  for (const { provision, what, test, later } of provisions) {
    assert.ok(Boolean(test) !== Boolean(later), `${provision}: ${what}`)
    if (test) assert.ok(read(test[0]).includes(test[1]), `${test[0]} has no test "${test[1]}"`)
  }
})

test('each letter of Annex XIII has its row: 1(a) to (t), 2(a) to (d), 3, 4(a) to (d)', () => {
  const letters = (point: number, last: string) =>
    Array.from({ length: last.charCodeAt(0) - 96 }, (_, at) => `${point}(${String.fromCharCode(97 + at)})`)
  const wanted = [...letters(1, 't'), ...letters(2, 'd'), '3', ...letters(4, 'd')]
  assert.deepEqual(
    lettersOfAnnex.map(({ provision }) => provision),
    wanted.map(letter => `Annex XIII ${letter}`),
  )
  const told = new Map(lettersOfAnnex.map(({ provision, what }) => [provision, what]))
  for (const { references, label } of attributes)
    for (const reference of references.filter(one => told.has(one)))
      assert.ok(told.get(reference)!.toLowerCase().includes(label.en.toLowerCase()), `${reference}: ${label.en}`)
  assert.match(told.get('Annex XIII 1(t)')!, /until it is to be filled/)
  assert.doesNotMatch(told.get('Annex XIII 1(g)')!, /until it is to be filled/)
})

test('the guide is what the table says', () => {
  assert.equal(read('docs/guides/law.md'), lawGuide())
})
