import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'
import { createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import type { TObject } from 'typebox'
import { lacking } from '../banner.ts'
import { dotenv, readConfig, type Config } from '../kernel/config/config.ts'
import { readSettings, type Settings } from '../kernel/config/settings.ts'
import { misspelt } from '../kernel/config/spelling.ts'
import { innermost } from '../kernel/telemetry/outage.ts'
import type { Service } from '../kernel/service.ts'
import { inTime } from '../kernel/waiting.ts'
import { all, choose } from '../services/all.ts'
import { engines } from './doctor-engines.ts'
import { chargers } from './doctor-ocpp.ts'
import { fine, judge, type Check, type Finding } from './findings.ts'

const patienceMs = 5_000

/** Prints what it finds, a line each, or as JSON; false when something needs a hand now. */
export async function doctor(options: { json?: boolean } = {}): Promise<boolean> {
  const findings = await examine(process.env, dotenv())
  const well = findings.every(({ state }) => state !== 'fail')
  const signs = { ok: '✔', warn: '!', fail: '✖' }
  if (options.json) console.log(JSON.stringify({ well, findings }, null, 2))
  else
    for (const { state, what, advice } of findings)
      console.log(`${signs[state]} ${what}${advice ? ` – ${advice}` : ''}`)
  return well
}

/** Everything at once, five seconds each at most. */
export async function examine(environment: Settings, file: Settings = {}): Promise<Finding[]> {
  const config = readConfig(environment, file, Object.keys(all))
  const services = await choose(config.OHMNIBUS_SERVICES).catch(error => {
    config.faults.push(error.message)
    return choose()
  })
  const checks: Check[] = [
    machine(config),
    certificates(config),
    listening(config),
    ...chargers(config, services),
    ...engines(config, services),
  ]
  return [...settings(config, services), ...(await Promise.all(checks.map(bounded))).flat()]
}

async function bounded({ name, advice, look }: Check): Promise<readonly Finding[]> {
  try {
    return await inTime(patienceMs, look, () => new Error(`no answer in ${patienceMs / 1000} s`))
  } catch (error) {
    return [{ state: 'fail', what: `${name}: ${innermost(error)}`, advice }]
  }
}

function settings(config: Config, services: readonly Service[]): Finding[] {
  for (const { settings: schema } of services)
    if (schema) readSettings(schema as TObject, config.environment, config.faults)
  return [
    ...config.faults.map((fault): Finding => ({
      state: 'fail',
      what: fault,
      advice: 'It does not start like this. All settings: docs/settings.md',
    })),
    ...[...config.notices, ...misspelt(config.environment, services, Object.keys(all))].map((notice): Finding => ({
      state: 'warn',
      what: notice,
      advice: 'Correct or remove it.',
    })),
    ...lacking(services, config, Object.keys(all)).map((what): Finding => ({
      state: 'warn',
      what,
      advice: 'Clients are answered that a part does not answer, or that there is no such address.',
    })),
    ...(config.faults.length === 0 ? [fine(`The settings are valid, for ${config.mode} mode`)] : []),
  ]
}

const machine = (config: Config): Check => ({
  name: 'This machine',
  advice: 'See to it that its limits and disks can be read.',
  async look() {
    const folder = config.dataFolder
    const space = await statfs(folder).catch(() => statfs('.'))
    const [free, share] = [(space.bavail * space.bsize) / 1e9, space.bavail / space.blocks]
    const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
    const [, files] = /^Max open files +(\d+)/m.exec(limits) ?? []
    return [
      judge(
        Number(process.versions.node.split('.')[0]) >= 26,
        `Node ${process.versions.node}`,
        'Ohmnibus needs Node 26: run "npm ci", which brings it.',
      ),
      judge(
        free >= 1 && share >= 0.1,
        `${free.toFixed(free < 10 ? 1 : 0)} GB (${Math.round(share * 100)} %) are free for the data in ${folder}`,
        'Make room, or set OHMNIBUS_DATA to a folder on a larger disk.',
        free >= 1 ? 'warn' : 'fail',
      ),
      ...(files
        ? [
            judge(
              Number(files) >= 4_096,
              `A process may open ${files} files and connections`,
              'Raise it: LimitNOFILE=65536 in the unit, "ulimit -n 65536" in a shell.',
              'warn',
            ),
          ]
        : []),
    ]
  },
})

const certificates = ({ TLS_CERT_FILE, TLS_KEY_FILE, PUBLIC_URL }: Config): Check => ({
  name: 'The certificate',
  advice: 'Check TLS_CERT_FILE and TLS_KEY_FILE: PEM files that this user may read.',
  async look() {
    if (!TLS_CERT_FILE || !TLS_KEY_FILE) return []
    const [chain, key] = await Promise.all([readFile(TLS_CERT_FILE, 'utf8'), readFile(TLS_KEY_FILE)])
    const certificate = new X509Certificate(chain)
    const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / 86_400_000)
    const host = PUBLIC_URL && URL.parse(PUBLIC_URL)?.hostname
    return [
      judge(
        days >= 21,
        days < 0 ? `The certificate expired ${-days} days ago` : `The certificate is valid for ${days} more days`,
        'Renew it; the files are read again when they change.',
        days < 3 ? 'fail' : 'warn',
      ),
      judge(
        certificate.validFromDate.getTime() <= Date.now(),
        `It is valid since ${certificate.validFromDate.toISOString()}`,
        'Check the clock of this machine.',
      ),
      judge(
        certificate.checkPrivateKey(createPrivateKey(key)),
        'Its key belongs to it',
        'Give the key that it was made with in TLS_KEY_FILE.',
      ),
      ...(host
        ? [
            judge(
              certificate.checkHost(host) !== undefined,
              `It is for ${host}`,
              `Get one whose names include ${host}, the host of PUBLIC_URL.`,
            ),
          ]
        : []),
    ]
  },
})

const listening = (config: Config): Check => ({
  name: `Port ${config.PORT}`,
  advice: 'Choose another with PORT.',
  async look() {
    // Told as a fault of the settings.
    if (config.PORT === undefined) return []
    const free = await new Promise<boolean>(done => {
      const server = createServer()
        .once('error', () => done(false))
        .listen(config.PORT, config.HOST ?? '127.0.0.1', () => server.close(() => done(true)))
    })
    if (free) return [fine(`Port ${config.PORT} is free`)]
    const live = await readiness(config)
    if (live?.status !== 'ready' && !live?.code?.startsWith('platform_'))
      return [
        judge(false, `Port ${config.PORT} is taken by another program`, `Choose another: PORT=${config.PORT + 1}`),
      ]
    return [
      judge(
        live.status === 'ready',
        `Ohmnibus listens on port ${config.PORT}: ${live.code ?? live.status}`,
        'See /health and the log.',
      ),
    ]
  },
})

/** What our own port says of itself; undefined when nobody there speaks as we do. */
async function readiness({ TLS_CERT_FILE, PORT }: Config): Promise<Settings | undefined> {
  const get = TLS_CERT_FILE ? getSecure : getPlain
  // Its certificate is for the name that people use, and is looked at by itself.
  const options = {
    host: '127.0.0.1',
    port: PORT,
    path: '/health/ready',
    rejectUnauthorized: false,
    agent: false,
    timeout: 2_000,
  }
  return await new Promise<unknown>((answered, failed) => {
    const request = get(options, answer => json(answer).then(answered, failed))
    request.on('error', failed).on('timeout', () => request.destroy(new Error('no answer')))
  }).then(
    answer => answer as Settings,
    () => undefined,
  )
}
