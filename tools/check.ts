import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test`: types, lint, format, documents and every test. With paths (`npm test -- services/passports`) only the tests below them.
 * Ends with the failures first and one line of totals.
 */
const started = Date.now()
const paths = process.argv.slice(2)
const bin = (name: string): string => `node_modules/.bin/${name}`

function execute(command: string, args: string[], quiet: boolean): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'] })
    let output = ''
    child.stdout?.on('data', data => (output += data))
    child.stderr?.on('data', data => (output += data))
    child.on('error', error => resolve({ code: 1, output: error.message }))
    child.on('exit', code => resolve({ code: code ?? 1, output }))
  })
}

async function step(name: string, command: string, args: string[]): Promise<boolean> {
  const at = Date.now()
  const { code, output } = await execute(command, args, true)
  console.log(`${code === 0 ? '✔' : '✖'} ${name} (${((Date.now() - at) / 1000).toFixed(1)} s)`)
  if (code !== 0) console.log(output.trim())
  return code === 0
}

async function testFiles(): Promise<string[]> {
  const folders = paths.length > 0 ? paths : ['contracts', 'kernel', 'services', 'test', 'tools', 'bench']
  const files: string[] = []
  for (const path of folders)
    if (path.endsWith('.test.ts')) files.push(path)
    else for await (const file of glob(`${path.replace(/\/$/, '')}/**/*.test.ts`)) files.push(file)
  return files.sort()
}

let fine = true
if (paths.length === 0) {
  const checks = await Promise.all([
    step('types', bin('tsc'), ['-p', '.']),
    step('lint', bin('oxlint'), ['--deny-warnings']),
    step('format', bin('oxfmt'), ['--check']),
  ])
  fine = checks.every(Boolean)
  fine = (await step('generated documents are up to date', process.execPath, ['tools/docs.ts', '--check'])) && fine
}

const files = await testFiles()
if (files.length === 0) {
  console.error(`There are no tests below ${paths.join(', ')}.`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-check-'))
const failed = join(folder, 'failed')
const runTests = async (concurrency: number, chosen: readonly string[]): Promise<number> => {
  const { code } = await execute(
    process.execPath,
    [
      '--test',
      '--test-global-setup=test/setup.ts',
      // A driver that goes on connecting to a database that is gone must not keep a finished file, nor a stuck one the whole run.
      '--test-force-exit',
      '--test-timeout=300000',
      `--test-concurrency=${concurrency}`,
      `--test-reporter=${paths.length > 0 ? 'spec' : './tools/reporter.ts'}`,
      '--test-reporter-destination=stdout',
      '--test-reporter=./tools/failed-files.ts',
      `--test-reporter-destination=${failed}`,
      ...chosen,
    ],
    false,
  )
  return code
}
let code = await runTests(Math.max(2, availableParallelism()), files)
if (code !== 0 && paths.length === 0) {
  // Real engines, real time, and everything at once: what fails there has one more try with nothing beside it, and is named all the same.
  const again = readFileSync(failed, 'utf8').split('\n').filter(Boolean)
  if (again.length > 0 && again.length <= 8) {
    console.log(`Again, alone, as they failed beside others:\n${again.map(file => `  ${file}\n`).join('')}`)
    code = await runTests(1, again)
  }
}
rmSync(folder, { recursive: true })
console.log(`${fine && code === 0 ? 'All is well' : 'Something failed'} after ${Math.round((Date.now() - started) / 1000)} s.`)
process.exit(fine && code === 0 ? 0 : 1)
