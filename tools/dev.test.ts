import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../test/fault/product.ts'

/** A project whose platform says where its data are, and does as `main.ts` says. */
function develop(t: TestContext) {
  const project = mkdtempSync(join(tmpdir(), 'ohmnibus-dev-'))
  const write = (file: string, text: string): void => writeFileSync(join(project, file), text)
  for (const folder of ['tools', 'services', 'services/shop']) mkdirSync(join(project, folder))
  write('package.json', '{"type":"module"}')
  write('main.ts', "console.log('runs on', process.env.OHMNIBUS_DATA); setInterval(() => {}, 1000)")
  write('tools/ohmnibus.js', "process.on('SIGTERM', () => process.exit(0)); await import('../main.ts')")
  const { OHMNIBUS_DATA: _, ...env } = process.env
  const child = spawn(process.execPath, [join(import.meta.dirname, 'dev.ts')], { cwd: project, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (output += text))
  t.after(async () => {
    if (child.exitCode === null) {
      child.kill()
      await once(child, 'exit')
    }
    rmSync(project, { recursive: true })
  })
  const says = (what: string, times = 1) =>
    until(`“${what}”, ${times} times`, () => output.split(what).length > times, 20_000).catch(error =>
      assert.fail(`${error.message}:\n${output}`),
    )
  return { project, write, child, says, output: () => output }
}

test('the platform starts again when its code, its migrations or its settings change, and says for what', async t => {
  const { project, write, child, says } = develop(t)
  await says('runs on .data-dev')
  write('services/shop/store.ts', 'export {}')
  await says('services/shop/store.ts changed: starting again')
  await says('runs on .data-dev', 2)

  // As many editors save: beside it, and then in its place.
  write('services/shop/store.ts~', 'export const more = 1')
  renameSync(join(project, 'services/shop/store.ts~'), join(project, 'services/shop/store.ts'))
  await says('services/shop/store.ts changed: starting again', 2)
  await says('runs on .data-dev', 3)

  mkdirSync(join(project, 'services/shop/migrations'))
  write('services/shop/migrations/0001_shop.sql', '-- one row a thing')
  await says('services/shop/migrations/0001_shop.sql')
  await says('runs on .data-dev', 4)

  write('.env', 'PORT=8081')
  await says('.env changed: starting again')
  child.kill('SIGINT')
  await once(child, 'exit')
})

test('one that cannot start is tried again at the next change; tests and other files restart nothing', async t => {
  const { write, says, output } = develop(t)
  await says('runs on .data-dev')
  write('main.ts', 'throw new Error("half written")')
  await says('It ended (code 1)')
  write('services/shop/service.test.ts', 'export {}')
  write('services/shop/notes.txt', 'later')
  write('main.ts', "console.log('runs again'); setInterval(() => {}, 1000)")
  await says('runs again')
  assert.doesNotMatch(output(), /service\.test\.ts|notes\.txt|and \d+ more/)
})
