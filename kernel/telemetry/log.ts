import pino from 'pino'
import { context } from './context.ts'

export type Log = pino.Logger

/** Only people in a terminal need it. */
const pretty = process.stdout.isTTY ? (await import('pino-pretty')).default : undefined

/** What never reaches a log line, wherever in the object it stands. */
const secrets = [
  'password',
  'currentPassword',
  'newPassword',
  'otp',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'authorization',
  'cookie',
  'email',
  'to',
]

/** Addresses of people, in whatever words: mail servers and databases quote them in what they refuse. */
const address = /[^\s"'<>@\\/:;,()[\]=]{1,64}@[^\s"'<>@\\/:;,()[\]=]{1,255}/g
const withoutAddresses = (line: string): string => (line.includes('@') ? line.replace(address, '[hidden]') : line)

/** The cause and where; not what PostgreSQL adds, which quotes rows. */
const describeError = (error: Error & { code?: string }): object => ({
  type: error.name,
  message: error.message,
  code: error.code,
  stack: error.stack,
  ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
})

/** People read it in a terminal; elsewhere one JSON object a line with `time`, `level`, `service`, `traceId`, `msg`. */
export function openLog(options: { level: string; stream?: NodeJS.WritableStream }): Log {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: { paths: secrets.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: '[hidden]' },
    mixin: () => ({ traceId: context().traceId }),
    serializers: { err: describeError },
    hooks: { streamWrite: withoutAddresses },
  }
  if (options.stream) return pino(settings, options.stream)
  if (pretty)
    return pino(settings, pretty({ ignore: 'traceId', translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true }))
  return pino(settings, pino.destination({ sync: false, minLength: 0 }))
}
