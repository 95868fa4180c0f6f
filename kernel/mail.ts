/** One message to one address. */
export interface Message {
  /** Names the message for good: a provider that knows it does not send it twice. */
  readonly id: string
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
  check(): Promise<void>
  close(): void
}
