import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { progress } from '../banner.ts'
import type { OcppVersion } from '../contracts/ocpp.ts'
import { dotenv, readConfig } from '../kernel/config/config.ts'
import type { Database } from '../kernel/database/database.ts'
import { openDatabase } from '../kernel/database/open.ts'
import { openPool } from '../kernel/database/pool.ts'
import { prepare } from '../kernel/database/placement.ts'
import { Problem, StartError } from '../kernel/problem.ts'
import { run, type Platform } from '../kernel/run/run.ts'
import { all, choose } from '../services/all.ts'
import { runningEmbedded } from './embedded.ts'

/** One command: what it is for, its options, what it does. */
interface Command {
  summary: string
  usage: string
  /** What stands after its name without a dash is this option. */
  operand?: string
  options: Record<string, { type: 'string' | 'boolean'; default?: string; help: string }>
  execute(values: Record<string, string | undefined>): Promise<void>
}

const commands: Record<string, Command> = {
  start: {
    summary: 'Start the platform; settings come from the environment and from .env',
    usage: 'ohmnibus start',
    options: {},
    async execute() {
      await import('../main.ts')
      // Now, as not every start ends in good order.
      flushCompileCache()
    },
  },
  'admin create': {
    summary: 'Make an admin, also while the platform runs',
    usage: 'ohmnibus admin create --email you@example.com [--password …]',
    options: {
      email: { type: 'string', help: 'Address of the admin' },
      password: { type: 'string', help: 'Password; without it one is made and printed' },
    },
    execute: async ({ email, password }) => {
      if (!email) throw new StartError('An admin needs an address: --email you@example.com')
      const { createAdmin } = await import('../services/identity/accounts/admins.ts')
      await withIdentity(async db => {
        const chosen = password ?? randomBytes(15).toString('base64url')
        await createAdmin(db, { email, password: chosen, now: new Date() })
        console.log(`${email} is an admin now.${password ? '' : ` Password: ${chosen}`}`)
      })
    },
  },
  'admin reset-password': {
    summary: 'Give somebody who cannot sign in a new password, also while the platform runs',
    usage: 'ohmnibus admin reset-password --email you@example.com [--password …]',
    options: {
      email: { type: 'string', help: 'Address of the account' },
      password: { type: 'string', help: 'Password; without it one is made and printed, once' },
    },
    execute: async ({ email, password }) => {
      if (!email) throw new StartError('Whose password? --email you@example.com')
      const { resetByOperator } = await import('../services/identity/passwords/resetting.ts')
      await withIdentity(async db => {
        const chosen = password ?? randomBytes(15).toString('base64url')
        const sessions = await resetByOperator(db, { email, password: chosen })
        const ended = sessions === 1 ? 'One session has' : `${sessions} sessions have`
        console.log(`${email} has a new password. ${ended} ended.${password ? '' : ` Password: ${chosen}`}`)
      })
    },
  },
  migrate: {
    summary: 'Bring the database up to this version, then end',
    usage: 'ohmnibus migrate',
    options: {},
    execute: async () => {
      const config = readConfig({ LOG_LEVEL: 'warn', ...process.env }, dotenv(), Object.keys(all))
      const services = await choose(config.OHMNIBUS_SERVICES)
      await prepare(services, config, {
        database: config.DATABASE_URL ? undefined : runningEmbedded(config.OHMNIBUS_DATA),
        progress,
      })
      console.log(`The database is up to date for ${services.map(({ name }) => name).join(', ')}.`)
    },
  },
  doctor: {
    summary: 'Look at this machine, the engines and the data, with advice a line each',
    usage: 'ohmnibus doctor [--json]',
    options: { json: { type: 'boolean', help: 'For programs' } },
    execute: async ({ json }) => {
      const { doctor } = await import('./doctor.ts')
      // Ends here: an engine that hangs would keep its connection.
      process.exit((await doctor({ json: Boolean(json) })) ? 0 : 1)
    },
  },
  seed: {
    summary: 'Fill a running platform with demo passports',
    usage: 'ohmnibus seed --email admin@example.com --password … [--url http://localhost:8080] [--passports 100]',
    options: {
      url: { type: 'string', default: 'http://localhost:8080', help: 'Address of the platform' },
      email: { type: 'string', help: 'Address of somebody who may sign in' },
      password: { type: 'string', help: 'Their password' },
      passports: { type: 'string', default: '100', help: 'How many passports' },
    },
    execute: async ({ url, email, password, passports }) => {
      if (!email || !password) throw new StartError('seed signs in: --email and --password are needed')
      const count = Number(passports)
      if (!Number.isInteger(count) || count < 1)
        throw new StartError(`--passports takes a whole number from 1, not "${passports}"`)
      const { remote, seed } = await import('../seed.ts')
      const made = await seed(remote(url!), { email, password, passports: count }).catch(error => {
        throw new StartError(
          `Nothing more was made: ${error.message}${error.cause ? ` (${error.cause.message ?? error.cause.code})` : ''}`,
        )
      })
      console.log(`${made} passports made.`)
    },
  },
  simulate: {
    summary: 'Let simulated chargers charge cars at a running platform, and hold it to the protocol',
    usage:
      'ohmnibus simulate [--chargers 50] [--version 1.6,2.0.1,2.1] [--scenario day|rush|night|none] [--speed 60] [--chaos] ' +
      '[--minutes 10] [--url http://localhost:8080]',
    options: {
      url: { type: 'string', default: 'http://localhost:8080', help: 'Address of the platform' },
      chargers: { type: 'string', default: '12', help: 'How many' },
      version: { type: 'string', default: '1.6,2.0.1,2.1', help: 'Versions of OCPP that they speak, by turns' },
      scenario: { type: 'string', default: 'day', help: 'When cars come: day, rush, night or none' },
      speed: { type: 'string', default: '60', help: 'So many times as fast as life' },
      chaos: { type: 'boolean', help: 'Connections break, plugs fault, messages come twice, clocks drift' },
      minutes: { type: 'string', help: 'How long; without it until Ctrl-C' },
      password: { type: 'string', help: 'Of all of them, where the platform asks for one' },
      cards: { type: 'string', default: 'SIM-CARD-1,SIM-CARD-2', help: 'Cards that drivers hold against them' },
      prefix: { type: 'string', default: 'SIM', help: 'What their identities begin with' },
    },
    execute: async values => {
      const { simulateInTerminal } = await import('./simulate/simulate.ts')
      const known = ['1.6', '2.0.1', '2.1']
      const versions = values.version!.split(',').map(version => version.trim())
      const [chargers, speed, minutes] = [values.chargers, values.speed, values.minutes ?? '0'].map(Number)
      if (!versions.every(version => known.includes(version)))
        throw new StartError(`--version takes ${known.join(', ')}`)
      if (!Number.isInteger(chargers) || chargers! < 1 || !(speed! > 0) || !(minutes! >= 0))
        throw new StartError('--chargers takes a whole number from 1, --speed and --minutes take numbers')
      const rulesHeld = await simulateInTerminal({
        url: values.url!.replace(/\/$/, ''),
        chargers: chargers!,
        versions: versions.map(version => `ocpp${version}` as OcppVersion),
        scenario: values.scenario!,
        speed: speed!,
        chaos: Boolean(values.chaos),
        ...(minutes && { minutes }),
        password: values.password,
        cards: values.cards!.split(','),
        prefix: values.prefix!,
      })
      process.exit(rulesHeld ? 0 : 1)
    },
  },
  verify: {
    summary: 'Check the history of a passport, without network: what GET /api/passports/{id}/proof answered',
    usage:
      'ohmnibus verify --proof proof.json | --checkpoints checkpoints.json [--keys keys.json] [--kept former.json]',
    options: {
      proof: { type: 'string', help: 'Files of all pages, with commas between' },
      checkpoints: { type: 'string', help: 'Instead, what GET /api/passports/checkpoints answered, page by page' },
      keys: { type: 'string', help: 'What GET /api/passports/checkpoints/keys answered' },
      kept: { type: 'string', help: 'The same, as it was kept from before' },
    },
    execute: async ({ proof, checkpoints, keys, kept }) => {
      if (!proof && !checkpoints) throw new StartError('Which proof? --proof proof.json')
      const { verifyCheckpoints, verifyHistory } = await import('./verify.ts')
      const read = (files = '') => files.split(',').filter(Boolean).map(readJson)
      const by = keys ? { keys: readJson(keys).keys } : {}
      const itemsOf = (files?: string) => read(files).flatMap(page => page.items)
      const { wrong, open, summary } = checkpoints
        ? {
            ...verifyCheckpoints(itemsOf(checkpoints), { ...by, kept: itemsOf(kept) }),
            summary: 'All checkpoints follow each other, and none that was kept is another one.',
          }
        : summed(verifyHistory(read(proof), { ...by, kept: read(kept) }))
      for (const line of open) console.log(`Open: ${line}`)
      for (const line of wrong) console.error(`Wrong: ${line}`)
      console.log(wrong.length > 0 ? 'Not all is as it was.' : summary)
      if (wrong.length > 0) process.exitCode = 1
    },
  },
  probe: {
    summary: 'Ask the passport of any vendor what we ask of our own, and write a report',
    usage: 'ohmnibus probe https://example.com/01/… [--report report.json] [--api https://example.com/v1] [--local]',
    operand: 'url',
    options: {
      report: { type: 'string', help: 'A file that the report is written to as JSON' },
      api: { type: 'string', help: 'Where its EN 18222 is, if not /v1 of the same host' },
      local: { type: 'boolean', help: 'The host may be one of this machine or of the own network' },
    },
    execute: async ({ url, report, api, local }) => {
      if (!url || !URL.canParse(url)) throw new StartError('Which passport? ohmnibus probe https://example.com/01/…')
      if (api && !URL.canParse(api)) throw new StartError('--api takes an address')
      const { linesOf, probe } = await import('./probe/probe.ts')
      const told = await probe(url, { local: Boolean(local), ...(api && { api }) })
      if (report) writeFileSync(report, `${JSON.stringify(told, null, 1)}\n`)
      for (const line of linesOf(told)) console.log(line)
      if (told.findings.some(({ verdict }) => verdict === 'no')) process.exitCode = 1
    },
  },
  backup: {
    summary: 'Back up the data folder, also while the platform runs',
    usage: 'ohmnibus backup --to /backups [--data .data]',
    options: {
      to: { type: 'string', help: 'A file, or a folder in which it gets a name by its time' },
      data: { type: 'string', help: 'The data folder, where it is not OHMNIBUS_DATA' },
    },
    execute: async ({ to, data }) => {
      if (!to) throw new StartError('Where to? --to /backups')
      const config = embeddedOnly('back it up')
      // Nothing half written is left behind.
      process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
      const { backUp } = await import('./backup/backup.ts')
      const { file, bytes, archiveBytes, files, secret, seconds } = await backUp({
        to,
        dataFolder: data ?? config.OHMNIBUS_DATA,
        progress,
      })
      console.log(
        `${file}: ${size(bytes)}, ${size(archiveBytes)} compressed, ${files} files, in ${seconds.toFixed(1)} s.`,
      )
      console.log(
        secret
          ? 'It holds personal data and the secret of the platform: who can read it can sign in as anybody. Keep it closed, elsewhere, and encrypted.'
          : 'It holds personal data, but not OHMNIBUS_SECRET, without which it is of little use: keep that too, and elsewhere.',
      )
      if (config.S3_BUCKET_NAME)
        console.log(`Files lie in the bucket ${config.S3_BUCKET_NAME} and are not in it: see docs/guides/backup.md.`)
    },
  },
  restore: {
    summary: 'Put a back-up into a data folder',
    usage: 'ohmnibus restore --from /backups/ohmnibus-….tar.zst [--data .data] [--replace]',
    options: {
      from: { type: 'string', help: 'What "ohmnibus backup" wrote' },
      data: { type: 'string', help: 'The data folder, where it is not OHMNIBUS_DATA' },
      replace: { type: 'boolean', help: 'Also where something is; that is kept in a folder there' },
    },
    execute: async ({ from, data, replace }) => {
      if (!from) throw new StartError('What from? --from /backups/ohmnibus-….tar.zst')
      const config = embeddedOnly('restore it')
      const { restore } = await import('./backup/restore.ts')
      const found = await restore({
        from,
        dataFolder: data ?? config.OHMNIBUS_DATA,
        replace: Boolean(replace),
        progress,
      })
      console.log(
        `${found.dataFolder} is as it was on ${found.begunAt.toISOString()}: ${found.events} events, the last of ${found.lastEventAt?.toISOString() ?? 'never'}, ${found.files} files. ${found.seconds.toFixed(1)} s.`,
      )
      if (!found.secret) console.log('The secret was not in it: start with the OHMNIBUS_SECRET of that time.')
      if (found.former) console.log(`What was there is in ${found.former} now; remove it when all is well.`)
    },
  },
}

const summed = <V extends { versions: number; sealed: string | null }>(verdict: V) => ({
  ...verdict,
  summary: `${verdict.versions} versions are as they were written${verdict.sealed ? `, sealed on ${verdict.sealed}` : ''}.`,
})

/** A file that somebody else wrote. */
function readJson(file: string) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new StartError(`${file} cannot be read as JSON: ${(error as Error).message}`)
  }
}

const size = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

function embeddedOnly(what: string) {
  const config = readConfig(process.env, dotenv(), Object.keys(all))
  if (config.DATABASE_URL)
    throw new StartError(
      `The database is a server of its own (DATABASE_URL): ${what} with its own tools, see docs/guides/backup.md.`,
    )
  return config
}

/** A platform that runs without listening, beside one that may be running on the same data. */
async function withPlatform(names: string[] | undefined, work: (platform: Platform) => Promise<void>): Promise<void> {
  const config = readConfig({ LOG_LEVEL: 'warn', ...process.env }, dotenv(), Object.keys(all))
  const database = config.DATABASE_URL ? undefined : runningEmbedded(config.OHMNIBUS_DATA)
  const platform = await run(await choose(names), config, { database, periodic: false, progress })
  try {
    await work(platform)
  } finally {
    await platform.close()
  }
}

/** The tables of accounts, beside a platform that may be running. */
const withIdentity = (work: (db: Database<'identity'>) => Promise<void>): Promise<void> =>
  withPlatform(['identity'], async platform => {
    const pool = openPool(platform.database.at, 'identity', { readOnly: true, max: 1 })
    try {
      await work(openDatabase(pool, 'identity'))
    } finally {
      await pool.end({ timeout: 1 })
    }
  })

function help(): void {
  console.log('Ohmnibus, the open back end of electric mobility.\n\nCommands:')
  for (const [name, { summary }] of Object.entries(commands)) console.log(`  ${name.padEnd(21)} ${summary}`)
  console.log('\nohmnibus help <command>, or <command> --help, tells more; ohmnibus version which one this is.')
  console.log('All settings: docs/settings.md')
}

const args = process.argv.slice(2)
const given = args.filter(arg => !arg.startsWith('-'))
const asksHelp = given[0] === 'help' || args.includes('--help') || args.includes('-h')
const words = given[0] === 'help' ? given.slice(1) : given
const name = [words.slice(0, 2).join(' '), words[0] ?? ''].find(candidate => Object.hasOwn(commands, candidate))
const command = name === undefined ? undefined : commands[name]
const group = Object.keys(commands).filter(candidate => candidate.startsWith(`${words[0]} `))

// Some commands have an option of that name.
if (given[0] === 'version' || (args[0] === '--version' && !command)) {
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
} else if (!command || !name) {
  help()
  if (words.length > 0 && !(asksHelp && group.length > 0 && words.length === 1)) {
    console.error(
      group.length > 0
        ? `\n"${words[0]}" stands before another word: ${group.join(', ')}.`
        : `\nThere is no command "${words.join(' ')}".`,
    )
    process.exitCode = 1
  }
} else if (asksHelp) {
  console.log(`${command.summary}.\n\n  ${command.usage}\n`)
  for (const [option, { help: text, default: value }] of Object.entries(command.options))
    console.log(`  --${option.padEnd(12)} ${text}${value ? ` (${value})` : ''}`)
} else {
  try {
    const rest = args.slice(args.indexOf(name.split(' ').at(-1)!) + 1)
    const options = Object.fromEntries(
      Object.entries(command.options).map(([option, { type, default: value }]) => [
        option,
        { type, ...(value && { default: value }) },
      ]),
    )
    const { operand } = command
    const { values, positionals } = parseArgs({ args: rest, options, allowPositionals: operand !== undefined })
    const more = operand === undefined ? {} : { [operand]: positionals[0] }
    await command.execute({ ...values, ...more } as Record<string, string | undefined>)
  } catch (error) {
    const expected =
      error instanceof StartError ||
      error instanceof Problem ||
      String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')
    console.error(expected ? (error as Error).message : error)
    process.exitCode = 1
  }
}
