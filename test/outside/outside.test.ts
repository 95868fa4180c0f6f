import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

test('what Ohmnibus is held against is pinned, with all that it needs', () => {
  const { dependencies } = JSON.parse(read('tools/outside/npm/package.json'))
  const { packages } = JSON.parse(read('tools/outside/npm/package-lock.json'))
  for (const [name, version] of Object.entries(dependencies)) {
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name)
    assert.equal(packages[`node_modules/${name}`].version, version)
  }
  for (const list of globSync('tools/outside/*.txt', { cwd: root }))
    for (const line of read(list).trim().split('\n'))
      if (!line.startsWith('#')) assert.match(line, /^[\w.-]+==[\w.]+$/, list)
})

test('the guide has each line of npm run outside, and no other', () => {
  const files = globSync('test/outside/*.line.ts', { cwd: root }).map(file => /(\w+)\.line\.ts$/.exec(file)![1]!)
  const told = [...read('docs/guides/outside.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
  assert.deepEqual(told.sort(), files.sort())
})
