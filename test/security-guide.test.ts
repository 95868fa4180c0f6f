import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

test('each test that the guide of security names is there', () => {
  const tests = globSync(['{services,test,kernel}/**/*.test.ts'], { cwd: root })
    .filter(file => !file.includes('node_modules'))
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const named = [...readFileSync(join(root, 'docs/guides/security.md'), 'utf8').matchAll(/"([^"\n]+)"/g)].map(
    ([, name]) => name!,
  )
  assert.ok(named.length > 60)
  assert.deepEqual(
    named.filter(name => !tests.includes(`'${name}'`)),
    [],
  )
})
