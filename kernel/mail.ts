import { access, constants, mkdir, open, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createTransport } from 'nodemailer'
import Type, { type Static } from 'typebox'
import { Setting } from './config.ts'
import { Problem } from './problem.ts'

/** One message to one address. */
export interface Message {
  /** Names the message for good: a provider that knows it does not send it twice. */
  readonly id: string
  /** When it was made; stands in the name of its file. */
  readonly createdAt: Date
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Which event it tells of, as `passport.created`. */
  readonly event: string
}

/** Sends mail: SMTP when `SMTP_HOST` is set, readable files else. */
export interface Mail {
  /** Resolves when the next hop has taken it. Fails with `mail_unavailable` (try again) or `mail_refused` (do not). */
  send(message: Message): Promise<void>
  /** Writes the message's readable file, `<ISO time>-<channel>-<id>.txt`; once an id and channel. */
  record(channel: string, message: Message): Promise<void>
  /** False when `ENABLE_EMAIL_NOTIFICATIONS=false` or there is no server. */
  readonly enabled: boolean
  /** Where the readable files lie, if they are written. */
  readonly folder: string | undefined
  check(): Promise<void>
  close(): void
}

export const mailSettings = Type.Object({
  SMTP_HOST: Type.Optional(Setting.text('The mail server that takes outgoing mail (none: messages are files only).')),
  SMTP_PORT: Setting.integer('Its port: 587 or 25 with STARTTLS when offered, 465 with TLS from the start.', {
    default: 587,
    minimum: 1,
    maximum: 65_535,
  }),
  SMTP_USER: Type.Optional(Setting.text('Name to sign in with at the mail server.')),
  SMTP_PASS: Type.Optional(Setting.secret('Password for it; never sent unencrypted but to this machine.')),
  FROM_EMAIL: Type.Optional(
    Setting.text('Sender of all mail (no-reply at the host of PUBLIC_URL).', { pattern: '^[^\\s@<>]+@[^\\s@<>]+$' }),
  ),
  FROM_NAME: Setting.text('Name of the sender.', { default: 'Ohmnibus' }),
  ENABLE_EMAIL_NOTIFICATIONS: Setting.flag('Whether mail leaves the platform at all.', { default: true }),
  NOTIFICATION_LOG_PATH: Type.Optional(
    Setting.text('Folder with one readable .txt a message, codes included (<data>/notifications while no mail is sent; none else).'),
  ),
})

/** The mail of a platform. Without a server every message is a file; with one only if `NOTIFICATION_LOG_PATH` asks for it, as files hold codes. */
export function openMail({
  settings,
  dataFolder,
  publicUrl,
}: {
  settings: Static<typeof mailSettings>
  dataFolder: string
  publicUrl: string
}): Mail {
  const { SMTP_HOST: host, SMTP_PORT: port, SMTP_USER: user, SMTP_PASS: pass } = settings
  const server = settings.ENABLE_EMAIL_NOTIFICATIONS ? host : undefined
  const folder = settings.NOTIFICATION_LOG_PATH
    ? resolve(settings.NOTIFICATION_LOG_PATH)
    : server
      ? undefined
      : join(dataFolder, 'notifications')
  const from = { name: settings.FROM_NAME, address: settings.FROM_EMAIL ?? `no-reply@${new URL(publicUrl).hostname}` }

  // Without a password, encryption is a gain even towards a server that cannot prove its name; a password goes only to one that can.
  const guarded = Boolean(user) && !['localhost', '127.0.0.1', '::1'].includes(server ?? '')
  const transport = server
    ? createTransport({
        pool: true,
        host: server,
        port,
        secure: port === 465,
        requireTLS: guarded,
        tls: { rejectUnauthorized: guarded },
        auth: user ? { user, pass } : undefined,
        maxConnections: 5,
        // The job tries again, and counts; the pool must not on its own.
        maxRequeues: 0,
        idleTimeout: 30_000,
        connectionTimeout: 10_000,
        greetingTimeout: 10_000,
        socketTimeout: 30_000,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
    : undefined

  return {
    enabled: transport !== undefined,
    folder,
    async send({ id, createdAt, to, subject, text, html, event }) {
      if (!transport) throw new Error('no mail leaves this platform; ask `enabled` first')
      if (!oneAddress.test(to)) throw new Problem('unprocessable', 'mail_refused', { detail: 'The recipient is not one e-mail address.' })
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          envelope: { from: from.address, to: [to] },
          // The same at every try: SMTP cannot tell a lost answer from a lost message, but who receives both can drop one.
          messageId: `<${id}@${from.address.split('@')[1]}>`,
          date: createdAt,
          subject: oneLine(subject),
          text,
          html,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Ohmnibus-Event': oneLine(event) },
        })
      } catch (error) {
        throw asProblem(error as SmtpError)
      }
    },
    async record(channel, { id, createdAt, to, subject, text, event }) {
      if (!folder) return
      const name = `${createdAt.toISOString()}-${channel}-${id}.txt`
      const file = join(folder, name)
      if (
        await access(file).then(
          () => true,
          () => false,
        )
      )
        return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // Under a name of its own until it is whole and on the disk; what a crash leaves there, the next try writes over.
      const draft = join(folder, `.${name}.part`)
      const handle = await open(draft, 'w', 0o600)
      try {
        await handle.writeFile(`To: ${oneLine(to)}\nSubject: ${oneLine(subject)}\nEvent: ${oneLine(event)}\n\n${text}`)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(draft, file)
    },
    async check() {
      await transport?.verify()
      if (!folder) return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
    },
    close: () => transport?.close(),
  }
}

/** Stricter than the standard: what could read as a list, a name or a command is no address. */
const oneAddress = /^[^\s@,;:<>()"\p{Cc}]+@[^\s@,;:<>()"\p{Cc}]+$/u

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()

interface SmtpError extends Error {
  code?: string
  responseCode?: number
}

/** Only a permanent answer to this sender, recipient or text is a refusal; a greeting, TLS or sign-in that fails may be mended. */
function asProblem(error: SmtpError): Problem {
  const { code, responseCode = 550 } = error
  const refused = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500 && responseCode !== 503 && responseCode !== 530
  return refused
    ? new Problem('unprocessable', 'mail_refused', { detail: error.message })
    : new Problem('unavailable', 'mail_unavailable', { detail: error.message, retryAfter: 60 })
}
