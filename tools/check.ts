import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/**
 * `npm test`: types, lint, format, documents and every test. With paths (`npm test -- services/passports`) only the
 * tests below them. Ends with the failures first and one line of totals.
 */
const started = Date.now()
const paths = process.argv.slice(2)
// Hundreds of processes load the same code: what one has compiled serves the others.
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/tests'), ...process.env }
const bin = (name: string): string => `node_modules/.bin/${name}`

function execute(command: string, args: string[], quiet: boolean): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const output = quiet ? 'pipe' : 'inherit'
    const child = spawn(command, args, { stdio: ['ignore', output, output], env })
    let told = ''
    child.stdout?.on('data', data => (told += data))
    child.stderr?.on('data', data => (told += data))
    child.on('error', error => resolve({ code: 1, output: error.message }))
    child.on('exit', code => resolve({ code: code ?? 1, output: told }))
  })
}

async function step(name: string, command: string, args: string[]): Promise<boolean> {
  const at = Date.now()
  const { code, output } = await execute(command, args, true)
  console.log(`${code === 0 ? '✔' : '✖'} ${name} (${((Date.now() - at) / 1000).toFixed(1)} s)`)
  if (code !== 0) console.log(output.trim())
  return code === 0
}

/** The types of the API are made from its document first. */
async function typesOfClients(): Promise<boolean> {
  const { code, output } = await execute(process.execPath, ['console/types.ts'], true)
  if (code !== 0) console.log(output.trim())
  const ofConsole = await step('types of the console', bin('tsc'), ['-p', 'console'])
  const ofClient = await step('types of the client', bin('tsc'), ['-p', 'packages/client/test'])
  return ofConsole && ofClient && code === 0
}

async function testFiles(): Promise<string[]> {
  const folders =
    paths.length > 0
      ? paths
      : ['contracts', 'imports', 'kernel', 'law', 'money', 'services', 'test', 'tools', 'bench', 'packages']
  const files: string[] = []
  for (const path of folders)
    if (path.endsWith('.test.ts')) files.push(path)
    else for await (const file of glob(`${path.replace(/\/$/, '')}/**/*.test.ts`)) files.push(file)
  return files.sort()
}

let fine = true
// What it found stays: folders are run again and again, and some tests look at copies of this one.
const types = ['-p', '.', '--incremental', '--tsBuildInfoFile', '.cache/types.tsbuildinfo']
if (paths.length === 0) {
  const checks = await Promise.all([
    step('types', bin('tsc'), types),
    step('lint', bin('oxlint'), ['--deny-warnings']),
    step('format', bin('oxfmt'), ['--check']),
    typesOfClients(),
  ])
  fine = checks.every(Boolean)
  fine = (await step('generated documents are up to date', process.execPath, ['tools/docs.ts', '--check'])) && fine
} else if (!(await step('types', bin('tsc'), types))) process.exit(1)

const files = await testFiles()
if (files.length === 0) {
  console.error(`There are no tests below ${paths.join(', ')}.`)
  process.exit(1)
}
const runTests = async (chosen: readonly string[], how: readonly string[]): Promise<boolean> => {
  if (chosen.length === 0) return true
  const { code } = await execute(
    process.execPath,
    [
      '--test',
      '--test-global-setup=test/setup.ts',
      // A driver that goes on connecting to a database that is gone must not keep a finished file, nor a stuck one the
      // whole run.
      '--test-force-exit',
      '--test-timeout=300000',
      ...how,
      `--test-reporter=${paths.length > 0 ? 'spec' : './tools/reporter.ts'}`,
      ...chosen,
    ],
    false,
  )
  return code === 0
}
// Those that fill the machine with processes, and hold them to times that people were promised, have it for themselves.
const kinds = Object.groupBy(files, file => {
  if (/^test\/(processes|journeys\/(ground-floor|first-charger|drivers-month|officer))/.test(file)) return 'sharing'
  if (/^test\/(fault\/(chargers|disk|orders|passports|vendors)|backup)/.test(file)) return 'killing'
  return /^test\/(fault|start|engines\/kafka)/.test(file) ? 'alone' : 'beside'
})
// They wait for one another's browsers, engines and clocks for a third of the time.
const beside = Math.max(2, Math.ceil(availableParallelism() * 1.5))
fine = (await runTests(kinds.beside ?? [], [`--test-concurrency=${beside}`])) && fine
// One process runs them all, so that the dozens of processes that the first of them starts serve the others too.
fine = (await runTests(kinds.sharing ?? [], ['--test-isolation=none'])) && fine
// Those that kill one platform again and again wait for it more than they work, and promise nothing of when it is there.
fine = (await runTests(kinds.killing ?? [], ['--test-concurrency=2'])) && fine
fine = (await runTests(kinds.alone ?? [], ['--test-concurrency=1'])) && fine
console.log(`${fine ? 'All is well' : 'Something failed'} after ${Math.round((Date.now() - started) / 1000)} s.`)
process.exit(fine ? 0 : 1)
