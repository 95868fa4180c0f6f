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
  /** Somebody waits for it: it does not wait behind others for a connection. */
  readonly urgent?: boolean
  /** Where one POST ends mails like it; RFC 8058 wants https. */
  readonly leave?: string
}

/** By which mail programs show a button that ends mails like it. */
export const leaveHeaders = ({ leave }: Message): Record<string, string> => ({
  ...(leave && { 'List-Unsubscribe': `<${leave}>` }),
  ...(leave?.startsWith('https:') && { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
})

/**
 * `unanswered`: the next hop was sent all of it and its answer was lost. It may have taken it, so it must not be sent
 * again.
 */
export type Sent = 'taken' | 'unanswered'

/** Sends mail: over SMTP with `SMTP_HOST`, by SendGrid with `SENDGRID_API_KEY`, as readable files else. */
export interface Mail {
  /**
   * Resolves when the next hop has it. Fails with `mail_unavailable` (try again) or `mail_refused` (do not; with
   * `recipient` where it is the address that is not taken).
   */
  send(message: Message): Promise<Sent>
  /**
   * Writes the message's readable file, `<ISO time>-<channel>-<id>.txt`; once an id and channel. A mail's is on the disk
   * then; another's, which is told elsewhere, may be lost with the power.
   */
  record(channel: 'email' | 'in-app' | 'sms', message: Omit<Message, 'html'>): Promise<void>
  /** False when `ENABLE_EMAIL_NOTIFICATIONS=false` or there is no server. */
  readonly enabled: boolean
  /** Whether addresses that need SMTPUTF8 can be written to. */
  readonly wide: boolean
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
