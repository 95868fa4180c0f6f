import type { TObject } from 'typebox'
import type { Config } from '../kernel/config/config.ts'
import type { Pool } from '../kernel/database/database.ts'
import { isFull } from '../kernel/database/faults.ts'
import { readSettings } from '../kernel/config/settings.ts'
import { openPool } from '../kernel/database/pool.ts'
import { databaseAt, type DatabaseEngine } from '../kernel/database/placement.ts'
import { openFiles } from '../kernel/files/open.ts'
import { lagOf } from '../kernel/events/lag.ts'
import { periodic } from '../kernel/jobs/job.ts'
import { openLog } from '../kernel/telemetry/log.ts'
import { openMail } from '../kernel/mail/open.ts'
import { openMetrics } from '../kernel/telemetry/metrics.ts'
import { readMigrations, unitsOf } from '../kernel/database/migrate.ts'
import { takeRoom } from '../kernel/database/disk-full.ts'
import type { Service } from '../kernel/service.ts'
import { openScanner } from '../services/documents/scanner.ts'
import { chargersIn } from './doctor-ocpp.ts'
import { runningEmbedded } from './embedded.ts'
import { fine, judge, type Check, type Finding } from './findings.ts'

const mostLag = 10_000
const mostMinutes = 5

/** A check for each engine that the settings name. */
export const engines = (config: Config, services: readonly Service[]): Check[] => [
  ...databases(config, services),
  ...kafka(config),
  ...redis(config),
  ...files(config),
  ...mail(config),
  ...scanner(config, services),
  ...sms(config, services),
  ...collector(config),
  ...peers(config),
]

// ── PostgreSQL ──

type Find = () => DatabaseEngine | undefined

function databases(config: Config, services: readonly Service[]): Check[] {
  const elsewhere = services.filter(({ name }) => config.databases.has(name))
  // Only the administrator signs in here, whose password stands in the address.
  const engineAt = (address: string) => () => databaseAt(address, () => Buffer.alloc(32))
  const main = config.DATABASE_URL ? engineAt(config.DATABASE_URL) : () => runningEmbedded(config.OHMNIBUS_DATA)
  const homes: [name: string, find: Find, residents: readonly Service[]][] = [
    ['PostgreSQL', main, services.filter(service => !elsewhere.includes(service))],
    ...elsewhere.map((service): [string, Find, Service[]] => [
      `PostgreSQL of ${service.name}`,
      engineAt(config.databases.get(service.name)!),
      [service],
    ]),
  ]
  return homes.flatMap(([name, find, residents]) => [
    database(config, name, find, residents),
    ...(config.KAFKA_BROKERS.length > 0 ? [overKafka(config, name, find)] : []),
  ])
}

const database = (config: Config, name: string, find: Find, residents: readonly Service[]): Check => ({
  name,
  advice: 'Check its address, and that the server runs and lets this machine in.',
  async look() {
    const engine = find()
    if (!engine) return [fine('The embedded PostgreSQL starts with the platform; while it runs, doctor looks inside')]
    const pool = openPool(engine.at, engine.admin, { schema: 'public', max: 1 })
    try {
      // To connect takes long against an answer, and would be taken for a difference of the clocks.
      await pool`select 1`
      const before = Date.now()
      const [server] = await pool`
        select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
          clock_timestamp() as now,
          current_setting('max_connections')::int as most, (select count(*)::int from pg_stat_activity
            where backend_type = 'client backend') as used,
          pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as readonly`
      const after = Date.now()
      const skew = Math.round(Math.abs(server!.now.getTime() - (before + after) / 2))
      const pending = await pendingMigrations(pool, residents)
      return [
        judge(
          server!.number >= 170_000,
          `${name} ${server!.version} answers in ${after - before} ms`,
          'Ohmnibus needs PostgreSQL 17 or newer.',
        ),
        judge(
          skew < 1_000,
          `Its clock differs by ${skew} ms`,
          'Let both machines keep time (NTP).',
          skew < 5_000 ? 'warn' : 'fail',
        ),
        judge(
          !server!.readonly,
          server!.readonly ? 'It takes no writes' : 'It takes writes',
          'Point the address at the primary server.',
        ),
        ...(server!.readonly ? [] : [await room(pool)]),
        judge(
          server!.used < server!.most * 0.8,
          `${server!.used} of ${server!.most} connections are in use`,
          'Raise max_connections, or run fewer processes.',
          'warn',
        ),
        judge(pending === 0, `${pending} migrations are pending`, 'Run "ohmnibus migrate", or start the platform.'),
        ...(pending === 0 ? [...(await contents(config, pool)), ...(await chargersIn(pool))] : []),
      ]
    } finally {
      void pool.end({ timeout: 1 })
    }
  },
})

async function room(pool: Pool): Promise<Finding> {
  const refused = await takeRoom(pool).then(
    () => undefined,
    error => {
      if (!isFull(error)) throw error
      return error.message
    },
  )
  return judge(
    !refused,
    refused ? `It has no room left: ${refused}` : 'Its disk has room',
    'Make room on the disk of its server.',
  )
}

async function pendingMigrations(pool: Pool, residents: readonly Service[]): Promise<number> {
  const [there] = await pool`select to_regclass('kernel.migrations') is not null as known`
  const done = there!.known ? await pool`select service, number from kernel.migrations` : []
  const known = new Set(done.map(row => `${row.service} ${row.number}`))
  const wanted = await Promise.all(
    unitsOf(residents).map(async ({ name, folder }) =>
      (await readMigrations(folder)).map(({ number }) => `${name} ${number}`),
    ),
  )
  return wanted.flat().filter(key => !known.has(key)).length
}

/** Events and jobs: what is behind, and what failed. */
async function contents(config: Config, pool: Pool): Promise<Finding[]> {
  // Periodic work is always due where the platform stands still.
  const [row] = await pool`
    with jobs as (
      select * from graphile_worker._private_jobs where task_id not in
        (select id from graphile_worker._private_tasks where identifier like ${periodic('%', '%')})
    )
    select (select count(*)::int from kernel.dead_letters where state = 'dead') as dead,
      array(select name from kernel.subscriptions where orphaned_at is not null order by name) as orphans,
      (select count(*)::int from jobs where attempts >= max_attempts) as failed,
      (select extract(epoch from now() - min(run_at))::float8 from jobs
        where is_available and run_at <= now()) as due`
  const findings = [
    judge(
      row!.orphans.length === 0,
      `${row!.orphans.length} subscriptions that no code has any more${row!.orphans.length > 0 ? `: ${row!.orphans.join(', ')}` : ''}`,
      'If that is meant, forget them: see "What is kept" in docs/guides/backup.md.',
      'warn',
    ),
    judge(
      row!.dead === 0,
      `${row!.dead} dead letters`,
      'See GET /api/events/dead-letters; mend the cause, then replay them.',
      'warn',
    ),
    judge(
      row!.failed === 0,
      `${row!.failed} jobs failed for good`,
      'Look for their task in the log; mend the cause.',
      'warn',
    ),
    judge(
      (row!.due ?? 0) < 60 * mostMinutes,
      `The oldest job that is due has waited ${span(row!.due)}`,
      'Is a process running that does such jobs?',
      'warn',
    ),
  ]
  if (config.KAFKA_BROKERS.length > 0) {
    const [unsent] = await pool`
      select extract(epoch from now() - min(published_at))::float8 as age from kernel.log
        where position > (select position from kernel.relay)`
    findings.push(
      judge(
        (unsent!.age ?? 0) < 60,
        `The oldest event that Kafka has not got is ${span(unsent!.age)} old`,
        'Does Kafka take messages? Does a process run as relay?',
      ),
    )
  } else {
    const behind = (await lagOf(pool, mostLag)).toSorted((a, b) => (b.age ?? -1) - (a.age ?? -1))[0]
    findings.push(
      judge(
        !behind || (behind.lag < mostLag && (behind.age ?? 0) < 60 * mostMinutes),
        `The slowest subscription is ${behind?.lag ?? 0} events and ${span(behind?.age)} behind${behind?.lag ? `: ${behind.name}` : ''}`,
        'Is a process running that has it? Look for it in the log.',
        'warn',
      ),
    )
  }
  return findings
}

const span = (seconds: number | null | undefined): string =>
  !seconds || seconds < 1 ? '0 s' : seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`

// ── The others ──

async function kafkaAdmin(config: Config) {
  const [{ Admin }, { kafkaSettings }] = await Promise.all([
    import('@platformatic/kafka'),
    import('../kernel/kafka/client.ts'),
  ])
  return new Admin({ ...kafkaSettings(config).client('doctor'), retries: 0, connectTimeout: 4_000, timeout: 4_000 })
}

/** How far the subscriptions of one database have come in Kafka. */
const overKafka = (config: Config, name: string, find: Find): Check => ({
  name: `What Kafka has for ${name}`,
  advice: 'It takes both: see what is said about each.',
  async look() {
    const engine = find()
    if (!engine) return []
    const pool = openPool(engine.at, engine.admin, { schema: 'public', max: 1 })
    const admin = await kafkaAdmin(config)
    try {
      const [there] = await pool`select to_regclass('kernel.cursors') is not null as known`
      const cursors = !there!.known
        ? []
        : await pool<{ name: string; topic: string; partition: number; at: number }[]>`
            select s.name, s.topic, c.partition, c.at_offset::float8 as at
            from kernel.subscriptions s join kernel.cursors c on c.subscription = s.name
            where c.partition >= 0 and s.orphaned_at is null`
      if (cursors.length === 0) return []
      const nameOf = (topic: string): string => config.KAFKA_TOPIC_PREFIX + topic
      const ends = new Map<string, number>()
      for (const { name, partitions } of await admin.listOffsets({
        topics: [...Map.groupBy(cursors, ({ topic }) => topic)].map(([topic, of]) => ({
          name: nameOf(topic),
          partitions: [...new Set(of.map(({ partition }) => partition))].map(partitionIndex => ({
            partitionIndex,
            timestamp: -1n,
          })),
        })),
      }))
        for (const { partitionIndex, offset } of partitions) ends.set(`${name} ${partitionIndex}`, Number(offset))
      const lags = [...Map.groupBy(cursors, ({ name }) => name)].map(([name, of]) => ({
        name,
        lag: of.reduce(
          (sum, { topic, partition, at }) =>
            sum + Math.max(0, (ends.get(`${nameOf(topic)} ${partition}`) ?? 0) - at - 1),
          0,
        ),
      }))
      const slowest = lags.toSorted((a, b) => b.lag - a.lag)[0]!
      return [
        judge(
          slowest.lag < mostLag,
          `The slowest subscription is ${slowest.lag} events behind in Kafka${slowest.lag ? `: ${slowest.name}` : ''}`,
          'Is a process running that has it? Look for it in the log.',
          'warn',
        ),
      ]
    } finally {
      void pool.end({ timeout: 1 })
      void admin.close()
    }
  },
})

const kafka = (config: Config): Check[] =>
  config.KAFKA_BROKERS.length === 0
    ? []
    : [
        {
          name: 'Kafka',
          advice:
            'Check KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL, and that what the brokers advertise can be reached from here.',
          async look() {
            const admin = await kafkaAdmin(config)
            try {
              const begun = Date.now()
              const { brokers } = await admin.metadata({ topics: [] })
              const topics = (await admin.listTopics()).filter(topic =>
                topic.startsWith(config.KAFKA_TOPIC_PREFIX),
              ).length
              return [
                fine(`Kafka answers in ${Date.now() - begun} ms; it has ${topics} topics of ours`),
                judge(
                  brokers.size >= 3 || config.mode !== 'production',
                  `Kafka has ${brokers.size} brokers`,
                  'Three keep events when one is lost.',
                  'warn',
                ),
              ]
            } finally {
              void admin.close()
            }
          },
        },
      ]

const redis = ({ redisUrl }: Config): Check[] =>
  redisUrl === undefined
    ? []
    : [
        {
          name: 'Redis',
          advice: 'Check REDIS_URL, and that the server runs and lets this machine in.',
          async look() {
            const { Redis } = await import('ioredis')
            const client = new Redis(redisUrl, {
              lazyConnect: true,
              connectTimeout: 4_000,
              maxRetriesPerRequest: 0,
              retryStrategy: () => null,
            })
            let trouble: Error | undefined
            client.on('error', error => (trouble = error))
            try {
              await client.connect().catch(error => {
                throw trouble ?? error
              })
              const begun = Date.now()
              const [server, memory] = [await client.info('server'), await client.info('memory')]
              const [, version] = /^(?:valkey|redis)_version:(\S+)/m.exec(server) ?? []
              const [, policy = ''] = /^maxmemory_policy:(\S+)/m.exec(memory) ?? []
              return [
                judge(
                  parseInt(version!, 10) >= 6,
                  `Redis ${version} answers in ${Date.now() - begun} ms`,
                  'Ohmnibus needs Redis 6 or newer.',
                ),
                judge(
                  !policy.startsWith('allkeys'),
                  `When its memory is full it does ${policy}`,
                  'That forgets limits and presence: set maxmemory-policy to volatile-ttl or noeviction.',
                  'warn',
                ),
              ]
            } finally {
              client.disconnect()
            }
          },
        },
      ]

const files = (config: Config): Check[] =>
  !config.S3_BUCKET_NAME
    ? []
    : [
        {
          name: `The bucket ${config.S3_BUCKET_NAME}`,
          advice: 'Check S3_ENDPOINT, S3_BUCKET_NAME and the AWS_ settings, and that the bucket exists.',
          async look() {
            const store = await openFiles({
              config,
              dataFolder: config.dataFolder,
              now: () => new Date(),
              log: openLog({ level: 'silent' }),
              metrics: openMetrics(),
            })
            await store.check()
            return [fine(`The bucket ${config.S3_BUCKET_NAME} takes files`)]
          },
        },
      ]

const mail = (config: Config): Check[] => {
  if (!config.ENABLE_EMAIL_NOTIFICATIONS)
    return [{ name: 'Mail', advice: '', look: async () => [fine('No mail leaves this platform: it is switched off')] }]
  const server = config.SMTP_HOST ?? (config.SENDGRID_API_KEY && 'SendGrid')
  if (!server) return []
  return [
    {
      name: `The mail server ${server}`,
      advice: 'Check SMTP_HOST, SMTP_PORT, SMTP_USER and SMTP_PASS, or SENDGRID_API_KEY.',
      async look() {
        const { dataFolder, publicUrl } = config
        const transport = openMail({ settings: config, dataFolder, publicUrl })
        try {
          await transport.check()
          return [fine(`The mail server ${server} lets us in`)]
        } finally {
          transport.close()
        }
      },
    },
  ]
}

const sms = (config: Config, services: readonly Service[]): Check[] => {
  const own = services.find(({ name }) => name === 'notifications')?.settings
  const {
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: token,
    TWILIO_BASE_URL: base,
  } = own ? (readSettings(own as TObject, config.environment) as Record<string, string | undefined>) : {}
  if (!sid || !token || !base) return []
  return [
    {
      name: 'SMS',
      advice: 'Check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_BASE_URL. SMS wait for it.',
      async look() {
        const answer = await fetch(`${base.replace(/\/$/, '')}/2010-04-01/Accounts/${sid}.json`, {
          redirect: 'error',
          headers: { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` },
        })
        return [
          judge(
            answer.ok,
            `${new URL(base).host}, which sends SMS, ${answer.ok ? 'lets us in' : `answers ${answer.status}`}`,
            'Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.',
          ),
          judge(
            config.publicUrl.startsWith('https:'),
            'It can tell what becomes of SMS, and what people answer',
            'Give PUBLIC_URL an https address that it reaches: stop words are heard only then.',
            'warn',
          ),
        ]
      },
    },
  ]
}

const scanner = (config: Config, services: readonly Service[]): Check[] => {
  const own = services.find(({ name }) => name === 'documents')?.settings
  const { CLAMAV_HOST: host, CLAMAV_PORT: port } = own
    ? (readSettings(own as TObject, config.environment) as { CLAMAV_HOST?: string; CLAMAV_PORT?: number })
    : {}
  if (!host || !port) return []
  return [
    {
      name: 'The virus scanner',
      advice: 'Check CLAMAV_HOST and CLAMAV_PORT, and that clamd listens there (TCPSocket). Documents wait for it.',
      look: async () => [
        fine(`The virus scanner at ${host}:${port} answers: ${await openScanner({ host, port }).version()}`),
      ],
    },
  ]
}

const collector = ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config): Check[] =>
  !endpoint
    ? []
    : [
        {
          name: `The collector ${endpoint}`,
          advice:
            'Check OTEL_EXPORTER_OTLP_ENDPOINT: it takes OTLP over HTTP, mostly on port 4318. Without it the platform runs all the same.',
          async look() {
            const answer = await fetch(`${endpoint.replace(/\/+$/, '')}/v1/traces`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: '{"resourceSpans":[]}',
            })
            return [
              judge(
                answer.ok,
                `The collector ${endpoint} answers ${answer.status}`,
                'It must take OTLP over HTTP as JSON.',
                'warn',
              ),
            ]
          },
        },
      ]

const peers = (config: Config): Check[] =>
  [...config.addresses].flatMap(([service, addresses]) =>
    addresses.map(address => ({
      name: `${service} at ${address}`,
      advice: `Does a process with OHMNIBUS_SERVICES=${service} run there? Check ${service.toUpperCase()}_SERVICE_URL.`,
      async look() {
        const answer = await fetch(`${address}/health/ready`)
        return [
          judge(
            answer.ok,
            `${service} at ${address} ${answer.ok ? 'takes work' : `answers ${answer.status}`}`,
            'See its /health and its log.',
          ),
        ]
      },
    })),
  )
