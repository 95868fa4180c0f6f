import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem, StartError } from '#kernel'
import type { NotificationsHost } from '../host.ts'

const patienceMs = 15_000

/** Twilio, or what speaks as it does. */
export interface Twilio {
  /**
   * Resolves when it was taken; `unanswered` where nobody knows, as people mind a second SMS, and its cost, more than a
   * lost one. Fails with `sms_unavailable` (try again) or `sms_refused` (do not; `stopped` where its reader wants none).
   */
  send(to: string, text: string, callback: string | undefined): Promise<'taken' | 'unanswered'>
  /** Whether a form was sent by who has our token, to this address. */
  isSigned(signature: string, url: string, form: URLSearchParams): boolean
}

/** Undefined without settings. Half of them is a fault. */
export function twilioOf({ settings }: NotificationsHost): Twilio | undefined {
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token, TWILIO_FROM: from } = settings
  const { TWILIO_MESSAGING_SERVICE_SID: service, TWILIO_BASE_URL: base } = settings
  if (!sid && !token && !from && !service) return undefined
  if (!sid || !token || (!from && !service))
    throw new StartError(
      'SMS: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID belong together.',
    )
  const sender: Record<string, string> = service ? { MessagingServiceSid: service } : { From: from! }
  return {
    async send(to, text, callback) {
      const answer = await ask(`${base.replace(/\/$/, '')}/2010-04-01/Accounts/${sid}/Messages.json`, [sid, token], {
        To: to,
        Body: text,
        ...sender,
        ...(callback && { StatusCallback: callback }),
      })
      if (answer === 'unanswered' || answer.ok) return answer === 'unanswered' ? answer : 'taken'
      throw await problemOf(answer)
    },
    isSigned(signature, url, form) {
      const pairs = [...form].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      const expected = createHmac('sha1', token)
        .update(url + pairs.flat().join(''))
        .digest()
      const given = Buffer.from(signature, 'base64')
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}

/** Only where no connection came about it is certain that nothing was sent. */
const neverBegun = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

async function ask(url: string, [sid, token]: [string, string], form: Record<string, string>) {
  try {
    return await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
      headers: { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` },
      body: new URLSearchParams(form),
    })
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string }
    if (!neverBegun.has(code ?? '')) return 'unanswered' as const
    throw new Problem('unavailable', 'sms_unavailable', { detail: `SMS: ${message}`.slice(0, 300), retryAfter: 60 })
  }
}

/** Its reader sent a stop word to Twilio itself. */
const stopped = 21610

/** Only what is wrong with this message is a refusal; a token, an account or a server may be mended. */
async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as { code?: number; message?: string }
  const detail = `SMS: ${answer.status} ${body.code ?? ''} ${body.message ?? ''}`.trim().slice(0, 300)
  if (answer.status === 400)
    return new Problem('unprocessable', 'sms_refused', { detail, stopped: body.code === stopped })
  return new Problem('unavailable', 'sms_unavailable', { detail, retryAfter: 60 })
}
