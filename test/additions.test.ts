import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'

// As long as much of the suite takes.
const timeout = 900_000
const root = dirname(import.meta.dirname)
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

/** A copy of the sources to add something to, with what is run there. */
function copyOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-additions-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of tracked.toString().split('\0').filter(Boolean)) cpSync(join(root, file), join(folder, file))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  // What is known of the types of this folder holds for its copy, but for what is added.
  const known = '.cache/types.tsbuildinfo'
  if (existsSync(join(root, known))) cpSync(join(root, known), join(folder, known))
  const run = (program: string, ...args: string[]): void => {
    // Inside a test the runner speaks to its parent: its children are to speak to nobody.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' })
    assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
  const types = (): void => run(bin('tsc'), '-p', '.', '--incremental', '--tsBuildInfoFile', known)
  return { folder, run, types, node: (...args: string[]) => run(process.execPath, ...args) }
}

test(
  'new services and a new column of passports leave everything green: types, lint, format, documents and tests',
  { timeout },
  async t => {
    const { folder, run, types, node } = copyOf(t)
    node('tools/new-service.ts', 'warranties', 'warranty')
    node('tools/new-service.ts', 'replies', 'reply', '/api/answers')
    node('tools/docs.ts', '--check')

    // A column is a line, a migration and documents made anew.
    const table = join(folder, 'services/passports/columns.ts')
    writeFileSync(
      table,
      readFileSync(table, 'utf8').replace(
        /^const columns = \{\n/m,
        "const columns = {\n  colour: { sql: 'colour', kind: text, filter: true, examples: ['red'], from: ['colour'] },\n",
      ),
    )
    const migrations = join(folder, 'services/passports/migrations')
    const next = String(readdirSync(migrations).length + 1).padStart(4, '0')
    writeFileSync(
      join(migrations, `${next}_colour.sql`),
      `-- works with code from 0001
alter table passports add column colour text;
create index passports_by_colour on passports (owner_id, colour, created_at, id);
`,
    )
    node('tools/docs.ts')

    types()
    run(bin('oxlint'), '--deny-warnings')
    run(bin('oxfmt'), '--check')
    node(
      '--test',
      ...['boundaries', 'house', 'deploy', 'contracts', 'documents'].map(name => `test/${name}.test.ts`),
      ...['warranties', 'replies'].map(name => `services/${name}/service.test.ts`),
      // Those that write whole passports and look for them by what they hold.
      ...['service', 'search', 'backfill'].map(name => `services/passports/${name}.test.ts`),
    )
    // Documented examples of what is new; those of all others are no different than before.
    node('--test', '--test-name-pattern=without a mailbox', 'test/walk.test.ts')
  },
)
