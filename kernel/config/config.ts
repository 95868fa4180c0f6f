import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { StartError } from '../problem.ts'

/** The environment, as scripts and operators set it. */
export type Settings = Record<string, string | undefined>

/** Kinds of settings. Each is one environment variable with a type, a default and a sentence for the operator. */
export const Setting = {
  /** `form` is the pattern in words. */
  text: (
    description: string,
    options: { default?: string } & ({ pattern: string; form: string } | { pattern?: never }) = {},
  ) => Type.String({ description, ...options }),
  /** Never shown, not even in a fault. */
  secret: (description: string) => Type.String({ description, format: 'secret' }),
  integer: (description: string, options: { default: number; minimum?: number; maximum?: number }) =>
    Type.Integer({ description, ...options }),
  number: (description: string, options: { default: number; minimum?: number; maximum?: number }) =>
    Type.Number({ description, ...options }),
  flag: (description: string, options: { default: boolean }) => Type.Boolean({ description, ...options }),
  /** Milliseconds, written `500ms`, `30s`, `10m`, `12h`, `7d`. */
  duration: (description: string, options: { default?: string } = {}) =>
    Type.Unsafe<number>({ type: 'string', format: 'duration-ms', description, ...options }),
  /** Bytes, written `100 MB`, `64KB` or as a number. */
  bytes: (description: string, options: { default: string }) =>
    Type.Unsafe<number>({ type: 'string', format: 'bytes', description, ...options }),
  list: (description: string, options: { default?: string } = {}) =>
    Type.Unsafe<string[]>({ type: 'string', format: 'list', description, default: '', ...options }),
}

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
}

/** What the schema of a setting says, as `Setting` made it. */
type Words = Record<string, any>

/**
 * Reads what `schema` names. All faults are reported at once: name, what was given (secrets hidden), what is expected.
 */
export function readSettings<S extends TObject>(schema: S, environment: Settings, faults: string[] = []): Static<S> {
  const values: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(schema.properties as Record<string, TSchema & Words>)) {
    const given = environment[name]?.trim()
    const text = given === undefined || given === '' ? property.default : given
    if (text === undefined) {
      if (schema.required?.includes(name)) faults.push(`${name}: is missing. ${property.description}`)
      continue
    }
    try {
      values[name] = typeof text === 'string' ? read(text, property) : text
    } catch (error) {
      const shown = property.format === 'secret' ? 'what was given' : `"${given}"`
      faults.push(`${name}: ${shown} is not ${(error as Error).message}. ${property.description}`)
    }
  }
  return values as Static<S>
}

function read(text: string, property: Words): unknown {
  const expect = (condition: boolean, expected: string): void => {
    if (!condition) throw new Error(expected)
  }
  if (property.format === 'list')
    return text
      .split(',')
      .map(item => item.trim())
      .filter(Boolean)
  if (property.format === 'duration-ms') {
    const [, number, unit] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/.exec(text) ?? []
    expect(number !== undefined, 'a duration like 10m, 12h or 7d')
    return Number(number) * units[unit!]!
  }
  if (property.format === 'bytes') {
    const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB)?$/i.exec(text) ?? []
    expect(number !== undefined, 'a size like 100 MB')
    return Math.floor(Number(number) * units[unit.toUpperCase()]!)
  }
  if (property.type === 'integer' || property.type === 'number') {
    const number = Number(text)
    const { minimum = -Infinity, maximum = Infinity } = property
    const range = `${minimum === -Infinity ? '' : ` from ${minimum}`}${maximum === Infinity ? '' : ` to ${maximum}`}`
    expect(
      Number.isFinite(number) &&
        (property.type === 'number' || Number.isInteger(number)) &&
        number >= minimum &&
        number <= maximum,
      `a${property.type === 'integer' ? ' whole' : ''} number${range}`,
    )
    return number
  }
  if (property.type === 'boolean') {
    expect(/^(true|false|1|0|yes|no)$/i.test(text), 'true or false')
    return /^(true|1|yes)$/i.test(text)
  }
  if (property.enum) expect(property.enum.includes(text), `one of ${property.enum.join(', ')}`)
  if (property.pattern) expect(new RegExp(property.pattern).test(text), property.form)
  return text
}

/** What proxy-addr takes. */
function isNetwork(text: string): boolean {
  const [address, bits, more] = text.split('/')
  const longest = isIP(address!) === 6 ? 128 : 32
  if (isIP(address!))
    return more === undefined && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= longest))
  return ['loopback', 'linklocal', 'uniquelocal'].includes(text)
}

/** Names every fault in one message and stops the start. */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length > 0)
    throw new StartError(`Some settings are not valid:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
}

export const platformSettings = Type.Object({
  PORT: Setting.integer('The port it listens on.', { default: 8080, minimum: 0, maximum: 65_535 }),
  HOST: Type.Optional(
    Setting.text('The address it listens on (127.0.0.1 in evaluation mode, 0.0.0.0 in production mode).'),
  ),
  OHMNIBUS_DATA: Setting.text('Folder of everything embedded.', { default: '.data' }),
  OHMNIBUS_SERVICES: Type.Optional(
    Setting.list('The services this process runs, by name (all).', { default: undefined }),
  ),
  OHMNIBUS_SECRET: Type.Optional(
    Setting.secret("Root of the platform's keys, 32 characters or more; kept in the data folder in evaluation mode."),
  ),
  PUBLIC_URL: Type.Optional(
    Setting.text('The address that links in mails, QR codes and documents carry.', {
      pattern: '^https?://[^\\s/]+(/[^\\s]*)?$',
      form: 'an address like https://ohmnibus.example.com',
    }),
  ),
  DATABASE_URL: Type.Optional(
    Setting.secret('PostgreSQL of the platform, as postgres://user:password@host:port/database (embedded).'),
  ),
  KAFKA_BROKERS: Setting.list(
    'Apache Kafka that events travel over, as host:port, comma-separated (the log in PostgreSQL).',
  ),
  KAFKA_BROKER: Setting.list('The same.'),
  KAFKA_TOPIC_PREFIX: Setting.text(
    'Stands before the name of every topic and group, where several platforms share a Kafka.',
    {
      default: '',
      pattern: '^[A-Za-z0-9._-]{0,100}$',
      form: 'made of up to 100 letters, digits, dots, underscores and hyphens',
    },
  ),
  KAFKA_PARTITIONS: Setting.integer('Partitions of topics that are made.', { default: 6, minimum: 1, maximum: 1_000 }),
  KAFKA_REPLICATION: Setting.integer("Copies of topics that are made; -1 leaves it to the brokers' default.", {
    default: -1,
    minimum: -1,
    maximum: 100,
  }),
  KAFKA_TLS: Setting.flag('Whether Kafka is spoken to over TLS.', { default: false }),
  KAFKA_SASL: Type.Optional(
    Setting.text('How to sign in at Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (not at all).', {
      pattern: '^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$',
      form: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    }),
  ),
  KAFKA_USERNAME: Type.Optional(Setting.text('Name to sign in with at Kafka.')),
  KAFKA_PASSWORD: Type.Optional(Setting.secret('Password for it.')),
  REDIS_URL: Type.Optional(
    Setting.secret('Redis or Valkey for counters, cache and presence, as redis://user:password@host:port (memory).'),
  ),
  REDIS_HOST: Type.Optional(Setting.text('The same, as a host.')),
  REDIS_PORT: Setting.integer('And its port.', { default: 6379, minimum: 1, maximum: 65_535 }),
  REDIS_PREFIX: Setting.text('Stands before every key, where several platforms share a Redis.', {
    default: 'ohmnibus:',
  }),
  S3_BUCKET_NAME: Type.Optional(Setting.text('The bucket that files lie in (a folder).')),
  S3_ENDPOINT: Type.Optional(
    Setting.text('Address of an S3 server other than that of AWS.', {
      pattern: '^https?://[^\\s/]+/?$',
      form: 'an address like https://s3.example.com',
    }),
  ),
  AWS_REGION: Setting.text('Region of the bucket.', { default: 'us-east-1' }),
  AWS_ACCESS_KEY_ID: Type.Optional(Setting.text('Key for it (what the machine has: a role, a profile).')),
  AWS_SECRET_ACCESS_KEY: Type.Optional(Setting.secret('And its secret.')),
  TLS_CERT_FILE: Type.Optional(
    Setting.text('Certificate chain in PEM, for HTTPS without a proxy; read again when it changes (plain HTTP).'),
  ),
  TLS_KEY_FILE: Type.Optional(Setting.text('Its private key in PEM.')),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Setting.text('Where traces go, over OTLP/HTTP (nowhere).', {
      pattern: '^https?://[^\\s]+$',
      form: 'an address like http://collector:4318',
    }),
  ),
  OTEL_TRACES_SAMPLER_ARG: Setting.number('Share of the traces begun here that are kept.', {
    default: 1,
    minimum: 0,
    maximum: 1,
  }),
  CORS_ORIGINS: Setting.list('Origins whose pages may call with cookies.'),
  TRUSTED_PROXIES: Setting.list('Addresses or networks of proxies whose X-Forwarded-For is believed.'),
  RATE_LIMIT_FACTOR: Setting.number('Multiplies every limit by address, account and route.', {
    default: 1,
    minimum: 0.01,
    maximum: 1_000_000,
  }),
  LOG_LEVEL: Setting.text('How much is logged: fatal, error, warn, info, debug.', {
    default: 'info',
    pattern: '^(fatal|error|warn|info|debug|silent)$',
    form: 'fatal, error, warn, info or debug',
  }),
  ACCESS_LOG: Setting.flag('Whether each request that is answered is a line of the log; at level debug it is anyway.', {
    default: false,
  }),
  EVENT_RETENTION: Type.Optional(Setting.duration('How long handled events stay in the log (for ever).')),
  METRICS_TOKEN: Type.Optional(
    Setting.secret('Bearer token that /metrics asks for; without one only this machine may read it.'),
  ),
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

/** Reads the environment, and `.env` beneath it. With `DATABASE_URL` it is production mode, which wants its secrets. */
export function readConfig(environment: Settings, file: Settings = {}): Config {
  const all = { ...file, ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) }
  const faults: string[] = []
  const values = readSettings(platformSettings, all, faults)
  const mode = values.DATABASE_URL ? 'production' : 'evaluation'
  if (mode === 'production' && !values.OHMNIBUS_SECRET)
    faults.push(
      'OHMNIBUS_SECRET: is missing. Production mode (DATABASE_URL is set) needs it; make one with: openssl rand -base64 48',
    )
  if (values.OHMNIBUS_SECRET && (values.OHMNIBUS_SECRET.length < 32 || new Set(values.OHMNIBUS_SECRET).size < 10))
    faults.push(
      'OHMNIBUS_SECRET: what was given is too weak. It takes 32 random characters or more; make one with: openssl rand -base64 48',
    )
  if (mode === 'production' && !values.PUBLIC_URL)
    faults.push('PUBLIC_URL: is missing. Links in mails need the address people use, as https://ohmnibus.example.com')
  const databases = new Map<string, string>()
  const addresses = new Map<string, readonly string[]>()
  for (const [name, text] of Object.entries(all)) {
    const [, service, what] = /^([A-Z]+)_(DATABASE|SERVICE)_URL$/.exec(name) ?? []
    if (!service || !text?.trim()) continue
    if (what === 'DATABASE') databases.set(service.toLowerCase(), text)
    else {
      const urls = text.split(',').map(url => url.trim().replace(/\/+$/, ''))
      addresses.set(service.toLowerCase(), urls)
      for (const url of urls)
        if (!/^https?:\/\/[^/]+$/.test(url) || !URL.canParse(url))
          faults.push(`${name}: "${url}" is not an address like http://10.0.0.7:8080`)
    }
  }
  for (const [name, url] of [
    ['DATABASE_URL', values.DATABASE_URL],
    ...[...databases].map(([name, url]) => [`${name.toUpperCase()}_DATABASE_URL`, url]),
  ])
    if (url && !/^postgres(ql)?:\/\/[^/]/.test(URL.parse(url)?.href ?? ''))
      faults.push(`${name}: what was given is not an address like postgres://user:password@host:port/database`)
  const brokers = values.KAFKA_BROKERS.length > 0 ? values.KAFKA_BROKERS : values.KAFKA_BROKER
  for (const broker of brokers)
    if (!/^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(broker))
      faults.push(`KAFKA_BROKERS: "${broker}" is not of the form host:port`)
  if (values.KAFKA_SASL && !(values.KAFKA_USERNAME && values.KAFKA_PASSWORD))
    faults.push('KAFKA_SASL: needs KAFKA_USERNAME and KAFKA_PASSWORD beside it')
  const redisUrl = values.REDIS_URL ?? (values.REDIS_HOST && `redis://${values.REDIS_HOST}:${values.REDIS_PORT}`)
  if (redisUrl && !/^rediss?:$/.test(URL.parse(redisUrl)?.protocol ?? ''))
    faults.push('REDIS_URL: what was given is not an address like redis://user:password@host:6379')
  if (!values.TLS_CERT_FILE !== !values.TLS_KEY_FILE) faults.push('TLS_CERT_FILE: goes together with TLS_KEY_FILE')
  for (const origin of values.CORS_ORIGINS)
    if (URL.parse(origin)?.origin !== origin)
      faults.push(`CORS_ORIGINS: "${origin}" is not an origin like https://app.example.com`)
  for (const proxy of values.TRUSTED_PROXIES)
    if (!isNetwork(proxy)) faults.push(`TRUSTED_PROXIES: "${proxy}" is not an address or network like 10.0.0.0/8`)
  const notices = Object.keys(replaced)
    .filter(name => all[name])
    .map(name => `${name} is not used; its place takes ${replaced[name]}.`)
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = values
  const tls = cert && key ? { cert, key } : undefined
  return {
    ...values,
    KAFKA_BROKERS: brokers,
    databases,
    addresses,
    publicUrl: (values.PUBLIC_URL ?? `${tls ? 'https' : 'http'}://localhost:${values.PORT}`).replace(/\/+$/, ''),
    tls,
    dataFolder: resolve(values.OHMNIBUS_DATA),
    redisUrl,
    environment: all,
    mode,
    faults,
    notices,
  }
}
