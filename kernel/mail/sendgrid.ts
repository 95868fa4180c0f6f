import { Agent as HttpAgent, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import sendgrid from '@sendgrid/mail'
import { leaveHeaders, type Message, type Post, type Sender } from './mail.ts'
import { Problem } from '../problem.ts'

/** What the types of its client do not tell: that there may be several, and what each stands on. */
type Service = typeof sendgrid & {
  client: {
    setDefaultRequest(defaults: object): void
    request(request: { method: string; url: string }): Promise<unknown>
  }
}
const { MailService } = sendgrid as unknown as { MailService: new () => Service }

interface Failure extends Error {
  /** The status of an answer, or what became of the connection. */
  code?: number | string
  response?: { headers: Record<string, string>; body?: { errors?: { message: string }[] } }
  request?: ClientRequest
}

/**
 * Sends by the API of SendGrid at `url`; messages carry their id as `message_id`. Links stay as they are, and nobody
 * counts who opens what.
 */
export function sendgridPost({
  key,
  url,
  from,
  patience,
}: {
  key: string
  url: string
  from: Sender
  patience: number
}): Post {
  const service = new MailService()
  const { client } = service
  service.setApiKey(key)
  client.setDefaultRequest({
    baseUrl: url,
    timeout: patience,
    maxRedirects: 0,
    // A connection that was open before may be closed by the other side just now: then nobody knows whether it got the
    // message.
    httpAgent: new HttpAgent(),
    httpsAgent: new HttpsAgent(),
  })
  return {
    async send(message: Message, messageId) {
      const { id, to, subject, text, html, event } = message
      try {
        await service.send({
          from: { name: from.name, email: from.address },
          to,
          subject,
          text,
          html,
          headers: {
            'Message-ID': messageId,
            'Auto-Submitted': 'auto-generated',
            'X-Ohmnibus-Event': event,
            ...leaveHeaders(message),
          },
          customArgs: { message_id: id, event },
          trackingSettings: { clickTracking: { enable: false, enableText: false }, openTracking: { enable: false } },
        })
        return 'taken'
      } catch (error) {
        const failure = error as Failure
        if (!failure.response && failure.request?.writableFinished) return 'unanswered'
        throw asProblem(failure)
      }
    },
    async check() {
      await client.request({ method: 'GET', url: '/v3/scopes' }).catch(error => {
        // Its own error holds the key.
        throw asProblem(error as Failure)
      })
    },
    close() {},
  }
}

/** Only what is wrong with this message is a refusal; a key, an account or a server may be mended. */
function asProblem({ code, message, response }: Failure): Problem {
  const said = response?.body?.errors?.map(error => error.message).join(' ')
  const detail = `SendGrid: ${[typeof code === 'number' ? code : '', said || message].join(' ').trim()}`
  if (code === 400 || code === 413 || code === 422) return new Problem('unprocessable', 'mail_refused', { detail })
  const resets = Number(response?.headers['x-ratelimit-reset'])
  const retryAfter = code === 429 && resets > 0 ? Math.max(1, Math.ceil(resets - Date.now() / 1000)) : 60
  return new Problem('unavailable', 'mail_unavailable', { detail, retryAfter })
}
