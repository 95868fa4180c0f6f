import { pipeline, Transform } from 'node:stream'
import { createTransport } from 'nodemailer'
import { leaveHeaders, type Message, type Post, type Sender } from './mail.ts'
import { Problem } from '../problem.ts'

interface SmtpOptions {
  host: string
  port: number
  user?: string
  pass?: string
  from: Sender
  /** How long the server may be silent, in milliseconds. */
  patience: number
}

interface SmtpError extends Error {
  code?: string
  command?: string
  responseCode?: number
}

/** So long after its last word a message waits for its final dot, in milliseconds. */
const pause = 50

/**
 * A connection that broke within the message is found out before the final dot goes out: only behind that may the
 * server have taken it.
 */
const pausing = (): Transform =>
  new Transform({ transform: (chunk, _, done) => done(null, chunk), flush: done => void setTimeout(done, pause) })

/** Sends to a mail server, over a few connections that stay open, some of them for what is urgent alone. */
export function smtpPost({ host, port, user, pass, from, patience }: SmtpOptions): Post {
  // Without a password, encryption is a gain even towards a server that cannot prove its name; a password goes only to
  // one that can.
  const guarded = Boolean(user) && !['localhost', '127.0.0.1', '::1'].includes(host)
  const sending = new Map<string, { whole: boolean }>()
  /** What is urgent does not wait for a connection that others hold. */
  const open = (maxConnections: number) => {
    const transport = createTransport({
      pool: true,
      host,
      port,
      secure: port === 465,
      requireTLS: guarded,
      tls: { rejectUnauthorized: guarded },
      auth: user ? { user, pass } : undefined,
      maxConnections,
      // The job tries again, and counts; the pool must not on its own.
      maxRequeues: 0,
      idleTimeout: 30_000,
      connectionTimeout: Math.min(10_000, patience),
      greetingTimeout: Math.min(10_000, patience),
      socketTimeout: patience,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    transport.use('stream', (mail, done) => {
      const state = sending.get(mail.data.messageId!)
      mail.message.processFunc(text =>
        pipeline(text, pausing(), () => {}).once('end', () => state && (state.whole = true)),
      )
      done()
    })
    return transport
  }
  const transports = { urgent: open(2), other: open(5) }
  return {
    async send(message: Message, messageId) {
      const { createdAt, to, subject, text, html, event, urgent } = message
      const state = { whole: false }
      sending.set(messageId, state)
      try {
        await transports[urgent ? 'urgent' : 'other'].sendMail({
          from,
          to: { name: '', address: to },
          envelope: { from: from.address, to: [to] },
          messageId,
          date: createdAt,
          subject,
          text,
          html,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Ohmnibus-Event': event, ...leaveHeaders(message) },
        })
        return 'taken'
      } catch (error) {
        if (state.whole && !(error as SmtpError).responseCode) return 'unanswered'
        throw asProblem(error as SmtpError)
      } finally {
        sending.delete(messageId)
      }
    },
    check: () => transports.other.verify(),
    close: () => Object.values(transports).forEach(transport => transport.close()),
  }
}

/**
 * Only a permanent answer to this sender, recipient or text is a refusal; a greeting, TLS or sign-in that fails may be
 * mended.
 */
function asProblem({ code, command, responseCode = 550, message }: SmtpError): Problem {
  const refused =
    (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= 500 && responseCode !== 503 && responseCode !== 530
  return refused
    ? new Problem('unprocessable', 'mail_refused', { detail: message, recipient: command === 'RCPT TO' })
    : new Problem('unavailable', 'mail_unavailable', { detail: message, retryAfter: 60 })
}
