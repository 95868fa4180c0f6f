import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startScim } from '../../services/identity/scim/testing.ts'
import { pythonWithScim } from '../../tools/engines/python.ts'
import { EngineMissing } from '../../tools/engines/recipe.ts'

const run = promisify(execFile)

test('a SCIM client and the checks of servers by Yaal Coop of PyPI find nothing amiss', async t => {
  const python = await pythonWithScim().catch(error => {
    if (!(error instanceof EngineMissing) || process.env.CI === 'true') throw error
    t.skip(`no Python with scim2-tester: ${error.message}`)
  })
  if (!python) return
  const p = await startScim(t)
  const address = await p.listen()
  const [command, ...args] = python
  const script = `${import.meta.dirname}/scim.py`
  const { stdout } = await run(command, [...args, script, `${address}/api/auth/scim/v2`, p.token, 'example.com'], {
    timeout: 120_000,
  })
  const results = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { status: string; title: string; reason: string })
  const wrong = results.filter(({ status }) => !['SUCCESS', 'SKIPPED', 'COMPLIANT', 'ACCEPTABLE'].includes(status))
  assert.deepEqual(wrong, [])
  assert.ok(results.length > 40, `${results.length} checks`)
})
