import { nowhere } from './kernel/config/spelling.ts'
import { StartError } from './kernel/problem.ts'
import type { Platform } from './kernel/run/run.ts'

/** What a person needs to know once the platform runs. Collectors of logs get a line of their own. */
export function banner(platform: Platform, address: string): void {
  const { config, log } = platform
  const url = config.PUBLIC_URL ?? address.replace('127.0.0.1', 'localhost').replace('0.0.0.0', 'localhost')
  const seconds = process.uptime().toFixed(1)
  if (config.mode === 'production') {
    for (const notice of config.notices) log.warn(notice)
    const engines = enginesOf(platform)
    log.info({ address, url, services: platform.services, engines, seconds: Number(seconds) }, 'Ohmnibus listens')
    return
  }
  for (const notice of config.notices) console.error(`Note: ${notice}`)
  const rows: [string, string][] = [
    ['Address', url],
    ...(platform.services.includes('gateway') ? [['Console', `${url}/console`] as [string, string]] : []),
    ['Reference', `${url}/docs`],
    ['Data', platform.dataFolder],
    ...Object.entries(enginesOf(platform)).map(([use, engine]): [string, string] => [
      use[0]!.toUpperCase() + use.slice(1),
      engine,
    ]),
    ...(config.OHMNIBUS_DEMO && platform.services.includes('ocpp')
      ? [['Demo', 'a dozen simulated chargers at work (OHMNIBUS_DEMO=off leaves them out)'] as [string, string]]
      : []),
    ...(config.OHMNIBUS_DEMO && platform.services.includes('passports') && platform.announcements.length > 0
      ? [
          [
            'Batteries',
            '500, being made: maker@ohmnibus.local and importer@ohmnibus.local sign in with the password of the first admin',
          ] as [string, string],
        ]
      : []),
    ...platform.announcements.map(({ label, value }): [string, string] => [label, value]),
  ]
  const first = config.environment.ADMIN_EMAIL
  const told = first ? `The first admin is ${first}.` : 'The first admin was printed at the first start.'
  const admin =
    platform.announcements.length > 0
      ? ''
      : `\n  ${told} Lost: npx ohmnibus admin reset-password --email ${first ?? 'admin@ohmnibus.local'}\n` +
        '  Another one: npx ohmnibus admin create --email you@example.com\n'
  console.log(`
Ohmnibus is ready (${seconds} s, evaluation mode: embedded database, demo data).

${rows.map(([label, value]) => `  ${label.padEnd(12)} ${value}`).join('\n')}
${admin}
Three things to try:
  curl ${url}/health
  Open ${url} in a browser: charging, the shop, help; the API with everything to try is at ${url}/docs
  Follow the five-minute tour in README.md: register, create a battery passport, scan another

Ctrl-C stops it; everything stays in the data folder.
`)
}

/** What each thing lies in or goes by; of an address its host alone, as passwords stand in the rest. */
function enginesOf({ config, mailFolder }: Platform): Record<string, string> {
  const hostOf = (url: string): string => URL.parse(url)?.host ?? 'another machine'
  const { ENABLE_EMAIL_NOTIFICATIONS: sends, SMTP_HOST, SMTP_PORT, SENDGRID_API_KEY } = config
  const post = !sends ? undefined : SMTP_HOST ? `${SMTP_HOST}:${SMTP_PORT}` : SENDGRID_API_KEY && 'SendGrid'
  return {
    database: config.DATABASE_URL ? `PostgreSQL at ${hostOf(config.DATABASE_URL)}` : 'embedded PostgreSQL',
    events: config.KAFKA_BROKERS.length > 0 ? `Kafka at ${config.KAFKA_BROKERS.join(', ')}` : 'in the database',
    limits: config.redisUrl ? `Redis at ${hostOf(config.redisUrl)}` : 'in memory',
    files: config.S3_BUCKET_NAME ? `S3, bucket ${config.S3_BUCKET_NAME}` : 'in the data folder',
    mails: [post, mailFolder].filter(Boolean).join(' and ') || 'switched off',
  }
}

/** Why it could not start: a sentence for what people can mend, all there is of anything else. */
export function refusal(error: unknown): unknown {
  const { message, cause = error } = error as Error
  const lost = /^(57P|08|CONNECTION_|ECONN|EPIPE)/.test((cause as { code?: string }).code ?? '')
  if (!lost && !(error instanceof StartError)) return error
  const sentence = lost
    ? `PostgreSQL went away meanwhile (${(cause as Error).message}). Start again in a moment.`
    : message
  return `\nOhmnibus cannot start. ${sentence}\n`
}

/** A sentence for each service that clients of the gateway ask for in vain. */
export const lacking = (...asked: Parameters<typeof nowhere>): string[] =>
  nowhere(...asked).map(
    name =>
      `The gateway finds no ${name}: nothing here runs it. ` +
      `Say where it runs with ${name.toUpperCase()}_SERVICE_URL, or add it to OHMNIBUS_SERVICES.`,
  )

let told = ''

/** Tells how a start gets on, a line each; of the many migrations of a first one a terminal shows the one that runs. */
export function progress(message: string): void {
  const follows = process.stderr.isTTY && [told, message].every(line => line.startsWith('Migrating '))
  told = message
  console.error(`${follows ? '\x1b[1A\x1b[2K' : ''}${message} …`)
}
