import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import Type, { type Static } from 'typebox'
import * as cache from '../cache/settings.ts'
import * as database from '../database/settings.ts'
import * as events from '../events/settings.ts'
import * as files from '../files/settings.ts'
import * as http from '../http/settings.ts'
import * as kafka from '../kafka/settings.ts'
import * as mail from '../mail/settings.ts'
import * as telemetry from '../telemetry/settings.ts'
import { readSettings, Setting, type Settings } from './settings.ts'

/** All settings of the platform itself; those of a need are declared where it is. */
export const platformSettings = Type.Object({
  OHMNIBUS_DATA: Setting.text('Folder of everything embedded.', { default: '.data' }),
  OHMNIBUS_SERVICES: Type.Optional(
    Setting.list('The services this process runs, by name (all).', { default: undefined }),
  ),
  OHMNIBUS_SECRET: Type.Optional(
    Setting.secret("Root of the platform's keys, 32 characters or more; kept in the data folder in evaluation mode."),
  ),
  OHMNIBUS_DEMO: Setting.flag(
    'In evaluation mode: demo data at the first start, and a dozen simulated chargers at work.',
    {
      default: true,
    },
  ),
  ...http.settings.properties,
  ...database.settings.properties,
  ...kafka.settings.properties,
  ...cache.settings.properties,
  ...files.settings.properties,
  ...mail.settings.properties,
  ...telemetry.settings.properties,
  ...events.settings.properties,
})

/** Settings of systems Ohmnibus replaces, and what takes their place. */
const replaced: Record<string, string> = {
  JWT_SECRET: 'OHMNIBUS_SECRET (tokens are signed with rotating keys of their own)',
  JWT_REFRESH_SECRET: 'OHMNIBUS_SECRET',
  MONGODB_URI: 'DATABASE_URL (everything lies in PostgreSQL)',
  MONGO_URI: 'DATABASE_URL (everything lies in PostgreSQL)',
  COOKIE_SECRET: 'OHMNIBUS_SECRET',
  SESSION_SECRET: 'OHMNIBUS_SECRET',
}

/** Everything `run` needs to know, read but not yet refused: services add their own settings and faults. */
export interface Config extends Static<typeof platformSettings> {
  /** By service, from `<NAME>_DATABASE_URL`: the PostgreSQL of those that have one of their own. */
  readonly databases: ReadonlyMap<string, string>
  /**
   * By service, from `<NAME>_SERVICE_URL`: where those live that this process does not run, without slashes at the end.
   */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** The address links carry, without a slash at the end. */
  readonly publicUrl: string
  /** Files of the certificate and its key, for HTTPS without a proxy. */
  readonly tls: { cert: string; key: string } | undefined
  /** Absolute. */
  readonly dataFolder: string
  /** Of Redis, whichever way it was given. */
  readonly redisUrl: string | undefined
  readonly environment: Settings
  /** Names of those that `.env` says, and the environment does not. */
  readonly fromFile: ReadonlySet<string>
  readonly mode: 'evaluation' | 'production'
  readonly faults: string[]
  /** Things worth saying at the start. */
  readonly notices: string[]
}

/** What `.env` in the working folder says, if there is one. */
export function dotenv(): Settings {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch {
    return {}
  }
}

/**
 * Reads the environment, and `.env` beneath it. With `DATABASE_URL` it is production mode, which wants its secrets.
 * Addresses of services count for these names alone: others are somebody else's, as a `PAYMENT_SERVICE_URL` may be.
 */
export function readConfig(environment: Settings, file: Settings = {}, names?: readonly string[]): Config {
  const all = { ...file, ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) }
  const faults: string[] = []
  const values = readSettings(platformSettings, all, faults)
  const mode = values.DATABASE_URL ? 'production' : 'evaluation'
  const databases = ofServices('DATABASE', all, names)
  const addresses = new Map(
    [...ofServices('SERVICE', all, names)].map(([service, text]) => [service, addressesIn(service, text, faults)]),
  )
  faults.push(...secretFaults(values.OHMNIBUS_SECRET, mode))
  if (mode === 'production' && !values.PUBLIC_URL)
    faults.push('PUBLIC_URL: is missing. Links in mails need the address people use, as https://ohmnibus.example.com')
  if (values.DATABASE_URL) faults.push(...database.addressFaults('DATABASE_URL', values.DATABASE_URL))
  for (const [service, url] of databases)
    faults.push(...database.addressFaults(`${service.toUpperCase()}_DATABASE_URL`, url))
  for (const { faultsOf } of [kafka, cache, http, mail]) faults.push(...faultsOf(values))
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = values
  return {
    ...values,
    KAFKA_BROKERS: kafka.brokersOf(values),
    databases,
    addresses,
    publicUrl: http.publicUrlOf(values),
    tls: cert && key ? { cert, key } : undefined,
    dataFolder: resolve(values.OHMNIBUS_DATA),
    redisUrl: cache.redisUrlOf(values),
    environment: all,
    fromFile: new Set(Object.keys(file).filter(name => environment[name] === undefined)),
    mode,
    faults,
    notices: Object.keys(replaced)
      .filter(name => all[name])
      .map(name => `${name} is not used; its place takes ${replaced[name]}.`),
  }
}

function secretFaults(secret: string | undefined, mode: Config['mode']): string[] {
  const make = 'make one with: openssl rand -base64 48'
  if (!secret)
    return mode === 'production'
      ? [`OHMNIBUS_SECRET: is missing. Production mode (DATABASE_URL is set) needs it; ${make}`]
      : []
  return secret.length < 32 || new Set(secret).size < 10
    ? [`OHMNIBUS_SECRET: what was given is too weak. It takes 32 random characters or more; ${make}`]
    : []
}

/** Settings like `IDENTITY_SERVICE_URL`, by service. */
function ofServices(
  what: 'DATABASE' | 'SERVICE',
  environment: Settings,
  names: readonly string[] | undefined,
): Map<string, string> {
  const form = new RegExp(`^([A-Z]+)_${what}_URL$`)
  return new Map(
    Object.entries(environment).flatMap(([name, text]) => {
      const service = form.exec(name)?.[1]?.toLowerCase()
      return service && text?.trim() && (names?.includes(service) ?? true) ? [[service, text]] : []
    }),
  )
}

function addressesIn(service: string, text: string, faults: string[]): string[] {
  const urls = text.split(',').map(url => url.trim().replace(/\/+$/, ''))
  for (const url of urls)
    if (!/^https?:\/\/[^/]+$/.test(url) || !URL.canParse(url))
      faults.push(`${service.toUpperCase()}_SERVICE_URL: "${url}" is not an address like http://10.0.0.7:8080`)
  return urls
}
