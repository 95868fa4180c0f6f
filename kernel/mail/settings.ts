import Type, { type Static } from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  SMTP_HOST: Type.Optional(Setting.text('The mail server that takes outgoing mail (none: messages are files only).')),
  SMTP_PORT: Setting.integer('Its port: 587 or 25 with STARTTLS when offered, 465 with TLS from the start.', {
    default: 587,
    minimum: 1,
    maximum: 65_535,
  }),
  SMTP_USER: Type.Optional(Setting.text('Name to sign in with at the mail server.')),
  SMTP_PASS: Type.Optional(Setting.secret('Password for it; never sent unencrypted but to this machine.')),
  SMTP_UTF8: Setting.flag('Whether it delivers to addresses with letters beyond ASCII before the @ (SMTPUTF8).', {
    default: false,
  }),
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
      'Folder with one readable .txt a message, codes included ' +
        '(<data>/notifications while no mail is sent; none else).',
    ),
  ),
})

/** What is wrong with these taken together. */
export const faultsOf = ({ SMTP_HOST, SENDGRID_API_KEY }: Static<typeof settings>): string[] => [
  ...(SMTP_HOST && SENDGRID_API_KEY
    ? ['SENDGRID_API_KEY: stands beside SMTP_HOST, and mail leaves by one of them only. Remove the other.']
    : []),
  ...(SENDGRID_API_KEY && !SENDGRID_API_KEY.startsWith('SG.')
    ? ['SENDGRID_API_KEY: what was given does not begin with SG.']
    : []),
]
