import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { engineNames, startEngine, type Engine, type EngineName } from './engine.ts'
import { javaWithOcpp, pythonWithOcpp } from './chargers.ts'
import { bankFileSchema, pythonWithScim } from './python.ts'
import { javaWithInvoiceRules } from './invoices.ts'
import { EngineMissing } from './recipe.ts'
import { guard, quoted } from './guard.ts'

const usage = `npm run engines -- [${engineNames.join('] [')}] [--port-base N] [--fetch]

Starts real engines for Ohmnibus on this machine
  and prints the settings to use; the first time it fetches what is missing into .cache/engines.
They work on a temporary folder and end with Ctrl-C. Ports are free ones;
  with --port-base N they are N above the usual ones.
With --fetch they only show that they start, so that a later start finds all it needs; the libraries of chargers that
  tests connect and the rules that they hold invoices and bank files to are fetched too.`

/** The usual ports: those that the engines' own documents name, for mail the one that needs no rights. */
const ports: Record<EngineName, number> = { server: 5432, kafka: 9092, redis: 6379, s3: 7070, mail: 2525 }

/** For people, so that what is printed for a file holds settings only. */
const say = (text: string): void => console.error(text)

const { names, base, fetchOnly } = choice()
const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-engines-'))
const release = guard(`rm -rf ${quoted(folder)}`)
const running: Engine[] = []
let leaving = 0

async function leave(code: number): Promise<never> {
  if (leaving) return await new Promise(() => {}) // the process ends before
  leaving = Date.now()
  await Promise.all(running.map(engine => engine.stop()))
  await rm(folder, { recursive: true, force: true })
  release()
  return process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // Who asks twice does not want to wait, and the guard does the rest. npm passes a Ctrl-C on that the terminal has
    // sent already.
    if (leaving && Date.now() - leaving > 500) process.exit(1)
    void leave(0)
  })

const started = await Promise.allSettled(
  names.map(async name => {
    const patience = setTimeout(() => say(`${name}: being fetched, which is done once`), 5_000)
    const engine = await startEngine(name, {
      folder,
      port: base === undefined ? undefined : base + ports[name],
    }).finally(() => clearTimeout(patience))
    running.push(engine)
    void engine.ended.then(how => {
      if (leaving) return
      say(`${name} ended (${how}). It said last:\n${engine.lastWords()}`)
      void leave(1)
    })
  }),
)
if (leaving) await leave(0) // the guard ends what came too late to be stopped
const faults = started.flatMap((result, index) =>
  result.status === 'rejected' ? { name: names[index]!, error: result.reason as Error } : [],
)
for (const { name, error } of faults)
  say(`${name} is missing: ${error instanceof EngineMissing ? error.message : error.stack}`)
if (faults.length > 0) {
  if (running.length > 0) say(`Without: npm run engines -- ${running.map(({ name }) => name).join(' ')}`)
  await leave(1)
}

const settings = Object.assign(
  {},
  ...names.map(name => running.find(engine => engine.name === name)!.settings),
) as Record<string, string>
// Production mode, which DATABASE_URL means, needs these too.
if (settings.DATABASE_URL)
  Object.assign(settings, { OHMNIBUS_SECRET: randomBytes(48).toString('base64'), PUBLIC_URL: 'http://localhost:8080' })
for (const [name, value] of Object.entries(settings)) console.log(`${name}=${value}`)
if (names.includes('mail')) say(`Mails are written to ${join(folder, 'mail', 'received')}`)
console.log('engines ready')
if (fetchOnly) {
  const clients = await Promise.allSettled([
    pythonWithOcpp(),
    pythonWithScim(),
    javaWithOcpp(),
    javaWithInvoiceRules(),
    bankFileSchema(),
  ])
  const missing = clients.filter(result => result.status === 'rejected')
  for (const { reason } of missing) say(`What tests need of others is missing: ${(reason as Error).message}`)
  await leave(missing.length > 0 ? 1 : 0)
}

/** What the command line asks for; ends the program when it asks for something else. */
function choice(): { names: EngineName[]; base: number | undefined; fetchOnly: boolean } {
  const options = { 'port-base': { type: 'string' }, fetch: { type: 'boolean' }, help: { type: 'boolean' } } as const
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const unknown = positionals.filter(name => !engineNames.includes(name as EngineName))
    const base = values['port-base'] === undefined ? undefined : Number(values['port-base'])
    if (unknown.length > 0) throw new Error(`There is no engine ${unknown.join(', ')}.`)
    if (base !== undefined && !(Number.isInteger(base) && base >= 0 && base <= 50_000))
      throw new Error('--port-base takes 0 to 50000.')
    const names = positionals.length > 0 ? engineNames.filter(name => positionals.includes(name)) : [...engineNames]
    if (!values.help) return { names, base, fetchOnly: values.fetch === true }
    console.log(usage)
    process.exit(0)
  } catch (error) {
    say(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}
