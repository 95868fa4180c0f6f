import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = dirname(import.meta.dirname)

test('the documents end with the error of a service that does not start, and its cause', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  // The last of what it does at its start fails, when all else is open.
  const stuck = `
    import { registerHooks } from 'node:module'
    registerHooks({
      load: (url, context, next) =>
        url.endsWith('/services/ocpp/answers.ts')
          ? {
              format: 'module',
              shortCircuit: true,
              source: "export function answerOthers() { throw new Error('a bent coin') }",
            }
          : next(url, context),
    })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(stuck)}`, join(root, 'tools/docs.ts'), '--check'],
    { cwd: root, env, encoding: 'utf8', timeout: 120_000 },
  )
  assert.match(stderr, /The service ocpp could not start.*a bent coin/s)
  assert.equal(status, 1)
})
