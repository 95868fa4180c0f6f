import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'

const root = dirname(import.meta.dirname)

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ohmnibus-check-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** What `npm test -- <path>` prints, with which code it ends. */
function check(path: string, cwd = root): { status: number | null; output: string } {
  // Else a test runner within a test would tell ours instead of us.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/check.ts'), path], {
    cwd,
    env,
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

test('a test that fails by an answer of 500 shows the cause beneath, and the cause of that', t => {
  const file = join(folder(t), 'shop.test.ts')
  writeFileSync(
    file,
    `
    import assert from 'node:assert/strict'
    import { test } from 'node:test'
    import { anyone } from '${root}/kernel/access/access.ts'
    import { defineService } from '${root}/kernel/service.ts'
    import { start } from '${root}/kernel/testing.ts'
    const options = { config: { access: anyone }, schema: { summary: 'Buy' } }
    const buy = () => { throw new Error('the till is stuck', { cause: new Error('a bent coin') }) }
    const shop = defineService({ name: 'shop', folder: '/nowhere', start: ({ http }) => http.get('/', options, buy) })
    test('buys', async t => {
      const { http } = await start(t, [shop])
      assert.equal((await http.inject('/api/shop')).statusCode, 200)
    })`,
  )
  const { status, output } = check(file)
  assert.equal(status, 1)
  assert.match(
    output,
    /✔ types .*500 !== 200.*GET \/api\/shop: Error: the till is stuck\n +at \S*buy.*caused by: Error: a bent coin/s,
  )
})

test('one folder of tests is run only when its types are right', t => {
  const project = folder(t)
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'tsconfig.json'), '{"compilerOptions":{"noEmit":true},"include":["*.ts"]}')
  writeFileSync(join(project, 'wrong.test.ts'), "const count: number = 'three'\nconsole.log('it ran', count)")
  const { status, output } = check('wrong.test.ts', project)
  assert.equal(status, 1)
  assert.match(output, /✖ types .*wrong\.test\.ts.*not assignable to type 'number'/s)
  assert.doesNotMatch(output, /it ran/)
})
