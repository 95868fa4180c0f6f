import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const guide = (name: string): string => readFileSync(join(root, `docs/guides/${name}.md`), 'utf8')
const inQuotes = (text: string): string[] => [...text.matchAll(/"([^"\n]+)"/g)].map(([, name]) => name!)
const testsIn = (pattern: string): string =>
  globSync([pattern], { cwd: root })
    .filter(file => !file.includes('node_modules'))
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')

test('each test that the guide of security names is there', () => {
  const tests = testsIn('{services,test,kernel}/**/*.test.ts')
  const named = inQuotes(guide('security'))
  assert.ok(named.length > 60)
  assert.deepEqual(
    named.filter(name => !tests.includes(`'${name}'`)),
    [],
  )
})

test('each fault of others that the guide of the shop lists has its test', () => {
  const [, section] = guide('shop').split('## What goes wrong elsewhere')
  const rows = section!.split('\n').filter(line => line.startsWith('| ') && !/^\| (fault|---) /.test(line))
  assert.ok(rows.length > 15)
  const tests = testsIn('{services,test,money}/**/*.test.ts')
  for (const row of rows) {
    const named = inQuotes(row)
    assert.ok(named.length > 0, row)
    // Some are run with each provider.
    const missing = named.filter(
      name => ![`'${name}'`, `\`\${wire}: ${name}\``, `'razorpay: ${name}'`].some(written => tests.includes(written)),
    )
    assert.deepEqual(missing, [], row)
  }
})

test('each test that the list of cases of OCPP names is there, by the beginning of its name', () => {
  const text = guide('ocpp-conformance')
  const tests = testsIn('{services/{ocpp,sessions},test/{peers,processes}}/**/*.test.ts')
  // Names of names, which the table at the top has.
  const short = new Set(['every message'])
  const named = inQuotes(text).filter(name => !short.has(name))
  assert.ok(named.length > 30)
  assert.deepEqual(
    [...new Set(named)].filter(
      name => ![`'${name}`, `\`${name}`, `"${name}`, `\`of \${version} ${name}`].some(begin => tests.includes(begin)),
    ),
    [],
  )
  const files = [...text.matchAll(/`((?:services|test)\/[\w/.*<>-]+)`/g)].map(([, file]) =>
    file!.replace('<name>', '*'),
  )
  assert.ok(files.length > 5)
  assert.deepEqual(
    files.filter(
      file => !(file.includes('*') ? globSync(file, { cwd: root }).length > 0 : existsSync(join(root, file))),
    ),
    [],
  )
  assert.doesNotMatch(text, /not there yet|is offered yet|not kept in step|comes with bookings|money is not there/)
})
