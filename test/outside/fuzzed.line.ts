import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newId } from '#kernel'
import { pythonOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { line } from './line.ts'

const parts: readonly (readonly [string, string, readonly string[]])[] = [
  ['EN 18222', '/v1/openapi.json', []],
  ['passports', '/docs/openapi.json', ['--include-path-regex', '^/api/passports']],
]
for (const [what, path, filter] of parts)
  line(
    `${what}: requests of every shape, by schemathesis against a running server: no 5xx, answers as they are described`,
    async t => {
      const [command, ...args] = await pythonOf('schemathesis')
      const of = await open(t)
      // It keeps what failed beside where it runs.
      const cwd = mkdtempSync(join(tmpdir(), 'ohmnibus-outside-'))
      t.after(() => rmSync(cwd, { recursive: true, force: true }))
      const owner = { userId: newId() }
      await published(of, 'EV', owner)
      const address = await of.p.listen()
      const { authorization } = of.p.signedIn(owner)
      const checks = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'
      const { stdout } = await promisify(execFile)(
        command,
        [
          ...args,
          '-m',
          'schemathesis.cli',
          'run',
          address + path,
          '--url',
          address,
          '-H',
          `Authorization: ${authorization}`,
          '--checks',
          checks,
          '--phases',
          'examples,coverage,fuzzing',
          '--max-examples',
          process.env.OUTSIDE_REQUESTS ?? '50',
          // How long making a request takes says nothing of us.
          '--suppress-health-check',
          'all',
          '--seed',
          '1',
          '--no-color',
          ...filter,
        ],
        { cwd, maxBuffer: 2 ** 26, timeout: 1_200_000 },
      ).catch((error: { stdout?: string; message: string }) =>
        assert.fail(`${(error.stdout ?? error.message).slice(-4000)}`),
      )
      return /(\d+) generated/.exec(stdout)?.[0] ?? stdout.trim().split('\n').slice(-6).join(' ')
    },
  )
