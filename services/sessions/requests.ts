import { EventEmitter, once } from 'node:events'
import { createHmac } from 'node:crypto'
import { CommandEnded } from '#contracts/ocpp'
import { SessionStarted } from '#contracts/sessions'
import type { EventData } from '#contracts/define'
import { Problem, type Db, type Tx } from '#kernel'
import type { SessionsHost } from './host.ts'
import { problems } from './problems.ts'

/** A start or stop that somebody asked for. */
export interface Asked {
  readonly id: string
  readonly kind: 'start' | 'stop'
  readonly chargerId: string
  readonly sessionId: string | null
  readonly token: string | null
  readonly askedBy: string
  readonly askedAt: Date
  readonly until: Date
}

/** How it ended. */
export interface Answer {
  readonly outcome: EventData<typeof CommandEnded>['outcome']
  /** What the charger says: `Accepted`, or why not. */
  readonly status: string | null
  readonly errorCode: string | null
}

export async function insertRequest(tx: Tx, asked: Asked): Promise<void> {
  const { id, kind, chargerId, sessionId, token, askedBy, askedAt, until } = asked
  await tx`
    insert into requests (id, kind, charger_id, session_id, token, asked_by, asked_at, until)
    values (${id}, ${kind}, ${chargerId}, ${sessionId}, ${token}, ${askedBy}, ${askedAt}, ${until})`
}

export async function endRequest(tx: Tx, id: string, ended: EventData<typeof CommandEnded>): Promise<void> {
  const { outcome, status, errorCode } = answerOf(ended)
  await tx`
    update requests set outcome = ${outcome}, status = ${status}, error_code = ${errorCode}
    where id = ${id} and outcome is null`
}

/** Those whose answers nobody asks for any more. */
export const dropRequests = (tx: Tx, before: Date) => tx`delete from requests where asked_at < ${before}`

async function findAnswer(db: Db, id: string): Promise<Answer | undefined> {
  const [row] = await db<Answer[]>`
    select outcome, status, error_code as "errorCode" from requests where id = ${id} and outcome is not null`
  return row
}

function answerOf({ outcome, answer, errorCode }: EventData<typeof CommandEnded>): Answer {
  const { status } = (answer ?? {}) as { status?: string }
  return { outcome, status: status ?? null, errorCode: errorCode ?? null }
}

/** Longer than a charger may take by `OCPP_CALL_TIMEOUT`, unless that was set longer. */
export const waitMs = 35_000
/** For a charger that begins at once; a car may be plugged in a minute later. */
const beginMs = 2_000

/** Tells who waits in this process what chargers answer, and what begins. */
export type Answers = ReturnType<typeof openAnswers>

export function openAnswers({ db, watch }: SessionsHost) {
  const answered = new EventEmitter<Record<string, [Answer]>>().setMaxListeners(0)
  const begun = new EventEmitter<Record<string, [string]>>().setMaxListeners(0)
  watch(CommandEnded, event => void (event.requestId && answered.emit(event.requestId, answerOf(event))))
  watch(SessionStarted, ({ chargerId, token, sessionId }) =>
    begun.emit(beginning(chargerId, token?.idToken ?? ''), sessionId),
  )
  return {
    /**
     * What the charger answers to what `ask` asks for; `ask` gives the id of a request of the same key that was there
     * before. Fails with why it did not go along.
     */
    async to(id: string, ask: () => Promise<string>): Promise<void> {
      const late = new AbortController()
      // From before it is asked for, so that no answer is missed.
      const mine = once(answered, id, { signal: late.signal })
      mine.catch(() => {})
      const timer = setTimeout(() => late.abort(), waitMs)
      try {
        const asked = await ask()
        const its = asked === id ? mine : once(answered, asked, { signal: late.signal })
        its.catch(() => {})
        const before = asked === id ? undefined : await findAnswer(db, asked)
        const [answer] = before ? [before] : ((await its.catch(() => [])) as [Answer?])
        requireAccepted(answer ?? (await findAnswer(db, asked)))
      } finally {
        clearTimeout(timer)
        late.abort()
      }
    },
    /** The session that a token begins at a charger while `start` is under way, or at once behind it. */
    async beginningAt(chargerId: string, idToken: string, start: () => Promise<void>): Promise<string | undefined> {
      const stopped = new AbortController()
      const it = once(begun, beginning(chargerId, idToken), { signal: stopped.signal })
      it.catch(() => {})
      try {
        await start()
        const timer = setTimeout(() => stopped.abort(), beginMs)
        const [sessionId] = (await it.catch(() => []).finally(() => clearTimeout(timer))) as [string?]
        return sessionId
      } finally {
        stopped.abort()
      }
    },
  }
}

const beginning = (chargerId: string, idToken: string): string => `${chargerId}\n${idToken.toUpperCase()}`

function requireAccepted(answer: Answer | undefined): void {
  const { outcome, status, errorCode } = answer ?? {}
  if (outcome === 'answered' && status === 'Accepted') return
  if (outcome === 'answered')
    throw new Problem('conflict', 'command_rejected', { detail: 'The charger rejects it.', status })
  if (outcome === 'offline')
    throw new Problem('conflict', 'charger_offline', { detail: 'The charger is not connected.' })
  if (outcome === 'error') {
    const isUnknown = ['NotImplemented', 'NotSupported', 'command_unsupported'].includes(errorCode!)
    if (isUnknown)
      throw new Problem('unprocessable', 'command_unsupported', {
        detail: 'The charger has no such command.',
        errorCode,
      })
    if (errorCode === 'connector_booked')
      throw new Problem('conflict', 'connector_booked', {
        detail: 'The connector is kept for somebody else who booked it.',
      })
    if (errorCode === 'debt_unpaid' || errorCode === 'wallet_low')
      throw new Problem('conflict', errorCode, { detail: problems[errorCode][1] })
    if (errorCode === 'charger_not_accepted') throw new Problem('conflict', 'charger_not_accepted')
    throw new Problem('conflict', 'command_failed', { detail: `The charger answers ${errorCode}.`, errorCode })
  }
  throw new Problem('unavailable', 'command_unanswered', {
    detail: 'The charger has not answered in time. It may have done it all the same.',
  })
}

const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/**
 * The token of somebody without a card: 20 characters, as 1.6 takes no more, which are the same each time and tell
 * nobody whose they are.
 */
export function openOwnTokens(host: Pick<SessionsHost, 'secret'>): (userId: string) => string {
  const key = host.secret('sessions: tokens of drivers')
  return userId => {
    const digest = createHmac('sha256', key).update(userId).digest()
    return `OB${[...digest.subarray(0, 18)].map(byte => letters[byte % 32]).join('')}`
  }
}
