import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

/**
 * `npm run outside [-- part…]`: holds Ohmnibus against programs of others, of pinned versions, a line for each. Fails where
 * one finds something, and where one cannot be had. With parts, only the lines of files that are called so.
 */
const root = join(import.meta.dirname, '..', '..')
const wanted = process.argv.slice(2)
const files = globSync('test/outside/*.line.ts', { cwd: root })
  .filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))
  .sort()
if (files.length === 0) {
  console.error(`There are no lines called ${wanted.join(', ')}.`)
  process.exit(1)
}
const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-global-setup=test/setup.ts',
    '--test-force-exit',
    '--test-timeout=1800000',
    '--test-concurrency=1',
    '--test-reporter=./tools/outside/reporter.ts',
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
)
child.on('exit', code => process.exit(code ?? 1))
