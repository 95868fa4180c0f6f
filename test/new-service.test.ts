import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = dirname(import.meta.dirname)
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

test('a new service leaves everything green: types, lint, format, documents, boundaries, deployment and its own tests', async t => {
  const copy = mkdtempSync(join(tmpdir(), 'ohmnibus-new-service-'))
  t.after(() => rmSync(copy, { recursive: true, force: true }))
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of tracked.toString().split('\0').filter(Boolean)) cpSync(join(root, file), join(copy, file))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

  const run = (program: string, ...args: string[]): void => {
    // Inside a test the runner speaks to its parent: its children are to speak to nobody.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: copy, env, encoding: 'utf8' })
    assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
  run(process.execPath, 'tools/new-service.ts', 'warranties', 'warranty')
  run(process.execPath, 'tools/new-service.ts', 'replies', 'reply', '/api/answers')
  run(bin('tsc'), '-p', '.')
  run(bin('oxlint'), '--deny-warnings')
  run(bin('oxfmt'), '--check')
  run(process.execPath, 'tools/docs.ts', '--check')
  run(
    process.execPath,
    '--test',
    'test/boundaries.test.ts',
    'test/deploy.test.ts',
    'test/contracts.test.ts',
    'test/documents.test.ts',
    'test/walk.test.ts',
    'services/warranties/service.test.ts',
    'services/replies/service.test.ts',
  )
})
