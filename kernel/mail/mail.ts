import { access, constants, mkdir, open, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Setting } from '../config/config.ts'
import { Problem } from '../problem.ts'
import { smtpPost } from './smtp.ts'

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

/**
 * `unanswered`: the next hop was sent all of it and its answer was lost. It may have taken it, so it must not be sent
 * again.
 */
export type Sent = 'taken' | 'unanswered'

/** Sends mail: over SMTP with `SMTP_HOST`, by SendGrid with `SENDGRID_API_KEY`, as readable files else. */
export interface Mail {
  /** Resolves when the next hop has it. Fails with `mail_unavailable` (try again) or `mail_refused` (do not). */
  send(message: Message): Promise<Sent>
  /** Writes the message's readable file, `<ISO time>-<channel>-<id>.txt`; once an id and channel. */
  record(channel: string, message: Message): Promise<void>
  /** False when `ENABLE_EMAIL_NOTIFICATIONS=false` or there is no server. */
  readonly enabled: boolean
  /** Where the readable files lie, if they are written. */
  readonly folder: string | undefined
  check(): Promise<void>
  close(): void
}

/** One way out of the platform. Address and subject are checked, the Message-ID is the same at every try. */
export interface Post {
  send(message: Message, messageId: string): Promise<Sent>
  check(): Promise<unknown>
  close(): void
}

export interface Sender {
  readonly name: string
  readonly address: string
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
  SENDGRID_API_KEY: Type.Optional(
    Setting.secret('Key of SendGrid, where it takes outgoing mail in place of a mail server.'),
  ),
  SENDGRID_BASE_URL: Setting.text('Address of its API.', {
    default: 'https://api.sendgrid.com',
    pattern: '^https?://[^\\s/]+/?$',
    form: 'an address like https://api.sendgrid.com',
  }),
  FROM_EMAIL: Type.Optional(
    Setting.text('Sender of all mail (no-reply at the host of PUBLIC_URL).', {
      pattern: '^[^\\s@<>]+@[^\\s@<>]+$',
      form: 'an e-mail address alone, like no-reply@example.com',
    }),
  ),
  FROM_NAME: Setting.text('Name of the sender.', { default: 'Ohmnibus' }),
  ENABLE_EMAIL_NOTIFICATIONS: Setting.flag('Whether mail leaves the platform at all.', { default: true }),
  NOTIFICATION_LOG_PATH: Type.Optional(
    Setting.text(
      'Folder with one readable .txt a message, codes included (<data>/notifications while no mail is sent; none else).',
    ),
  ),
})

/** What is wrong with these settings taken together. */
export const mailFaults = ({ SMTP_HOST, SENDGRID_API_KEY }: Static<typeof mailSettings>): string[] => [
  ...(SMTP_HOST && SENDGRID_API_KEY
    ? ['SENDGRID_API_KEY: stands beside SMTP_HOST, and mail leaves by one of them only. Remove the other.']
    : []),
  ...(SENDGRID_API_KEY && !SENDGRID_API_KEY.startsWith('SG.')
    ? ['SENDGRID_API_KEY: what was given does not begin with SG.']
    : []),
]

/**
 * The mail of a platform. Without a way out every message is a file; with one only if `NOTIFICATION_LOG_PATH` asks for
 * it, as files hold codes.
 */
export function openMail({
  settings,
  dataFolder,
  publicUrl,
  patience = 30_000,
}: {
  settings: Static<typeof mailSettings>
  dataFolder: string
  publicUrl: string
  /** How long the next hop may be silent, in milliseconds. */
  patience?: number
}): Mail {
  const from = { name: settings.FROM_NAME, address: settings.FROM_EMAIL ?? `no-reply@${new URL(publicUrl).hostname}` }
  const post = settings.ENABLE_EMAIL_NOTIFICATIONS ? postOf(settings, from, patience) : undefined
  const folder = settings.NOTIFICATION_LOG_PATH
    ? resolve(settings.NOTIFICATION_LOG_PATH)
    : post
      ? undefined
      : join(dataFolder, 'notifications')

  return {
    enabled: post !== undefined,
    folder,
    async send(message) {
      if (!post) throw new Error('no mail leaves this platform; ask `enabled` first')
      if (!oneAddress.test(message.to))
        throw new Problem('unprocessable', 'mail_refused', { detail: 'The recipient is not one e-mail address.' })
      // The same at every try: where a message goes out twice after all, who receives both can drop one.
      const messageId = `<${message.id}@${from.address.split('@')[1]}>`
      return await post.send(
        { ...message, subject: oneLine(message.subject), event: oneLine(message.event) },
        messageId,
      )
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
      await post?.check()
      if (!folder) return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
    },
    close: () => post?.close(),
  }
}

function postOf(settings: Static<typeof mailSettings>, from: Sender, patience: number): Post | undefined {
  const { SMTP_HOST: host, SENDGRID_API_KEY: key, SENDGRID_BASE_URL: url } = settings
  if (host)
    return smtpPost({
      host,
      port: settings.SMTP_PORT,
      user: settings.SMTP_USER,
      pass: settings.SMTP_PASS,
      from,
      patience,
    })
  if (!key) return undefined
  // Its client is only loaded where it is used.
  let loading: Promise<Post> | undefined
  const sendgrid = () =>
    (loading ??= import('./sendgrid.ts').then(({ sendgridPost }) => sendgridPost({ key, url, from, patience })))
  return {
    send: async (message, messageId) => (await sendgrid()).send(message, messageId),
    check: async () => (await sendgrid()).check(),
    close() {},
  }
}

/** Stricter than the standard: what could read as a list, a name or a command is no address. */
const oneAddress = /^[^\s@,;:<>()"\p{Cc}]+@[^\s@,;:<>()"\p{Cc}]+$/u

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
