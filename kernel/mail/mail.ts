import Type, { type Static } from 'typebox'
import { Setting } from '../config/config.ts'

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
