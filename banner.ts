import { StartError } from './kernel/problem.ts'
import type { Platform } from './kernel/run/run.ts'

/** What a person needs to know once the platform runs. Collectors of logs get a line of their own. */
export function banner(platform: Platform, address: string): void {
  const { config, log } = platform
  const url = config.PUBLIC_URL ?? address.replace('127.0.0.1', 'localhost').replace('0.0.0.0', 'localhost')
  const seconds = process.uptime().toFixed(1)
  if (config.mode === 'production') {
    for (const notice of config.notices) log.warn(notice)
    log.info({ address, url, services: platform.services, seconds: Number(seconds) }, 'Ohmnibus listens')
    return
  }
  for (const notice of config.notices) console.error(`Note: ${notice}`)
  const rows: [string, string][] = [
    ['Address', url],
    ['Reference', `${url}/docs`],
    ['Data', platform.dataFolder],
    ['Mails', platform.mailFolder ?? 'sent by SMTP_HOST'],
    ...platform.announcements.map(({ label, value }): [string, string] => [label, value]),
  ]
  const admin =
    platform.announcements.length > 0
      ? ''
      : '\n  The first admin was printed at the first start. Lost: npx ohmnibus admin reset-password --email admin@ohmnibus.local\n' +
        '  Another one: npx ohmnibus admin create --email you@example.com\n'
  console.log(`
Ohmnibus is ready (${seconds} s, evaluation mode: embedded engines, demo data).

${rows.map(([label, value]) => `  ${label.padEnd(12)} ${value}`).join('\n')}
${admin}
Three things to try:
  curl ${url}/health
  Open ${url}/docs in a browser
  Follow the five-minute tour in README.md: register, sign in, create a battery passport

Ctrl-C stops it; everything stays in the data folder.
`)
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
