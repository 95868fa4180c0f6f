import type { OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import type { Decision } from '../batch.ts'
import { messageTold, withMessage } from '../messages/handler.ts'
import { requireValid } from '../messages/schemas.ts'
import { callFrame, CallError, codeOf, type Frame } from './frames.ts'
import { messagesCounted, type Line } from './line.ts'

/** How a call to a charger ended. */
export type Ending =
  | { outcome: 'answered'; answer: unknown }
  | { outcome: 'error'; errorCode: string; errorDescription: string }
  | { outcome: 'timeout' | 'offline' }

/** What follows from how a call ended, and when it did: what the charger sends next is later than that. */
export type Written = (ending: Ending, endedAt: Date) => Decision

/** How a call is made. */
export interface Calling {
  readonly timeoutMs: number
  /** Nobody waits for it: the platform asks by itself. Calls of people go first. */
  readonly own?: boolean
  /** Done together with the message that says how it ended. */
  readonly written?: Written
}

interface Waiting extends Calling {
  readonly action: string
  readonly payload: object
  readonly end: (ending: Ending) => void
}

interface Sent {
  readonly id: string
  readonly at: Date
  readonly sentMs: number
  readonly timer: NodeJS.Timeout
  readonly call: Waiting
}

/**
 * So long a person waits for what the platform asked by itself. Chargers that answer at all mostly do within a second;
 * who looks at a screen is not to wait for one that never does.
 */
const patienceMs = 3_000

/** Calls to the charger: one is open at a time, as the protocol has it. */
export function openCalls(line: Line) {
  const { send, peer, host } = line
  const queue: Waiting[] = []
  let open: Sent | undefined
  /** Those that are waited for no longer. An answer is taken all the same until their time is over. */
  const left = new Map<string, Sent>()
  let hurry: NodeJS.Timeout | undefined
  let stopped = false

  function next(): void {
    if (stopped) return
    if (open) return hasten(open)
    const call = queue.shift()
    if (!call) return
    const id = newId()
    const timer = setTimeout(() => finish(id, { outcome: 'timeout' }), call.timeoutMs)
    open = { id, at: host.now(), sentMs: performance.now(), timer, call }
    send(callFrame(id, call.action, call.payload))
    hasten(open)
  }

  /** Lets a call of a person by, where one waits behind a call of ours. */
  function hasten({ id, sentMs, call }: Sent): void {
    if (hurry || !call.own || !queue[0] || queue[0].own) return
    hurry = setTimeout(() => leave(id), Math.max(0, sentMs + patienceMs - performance.now()))
  }

  function leave(id: string): void {
    hurry = undefined
    if (open?.id !== id) return
    left.set(id, open)
    open = undefined
    next()
  }

  function finish(id: string, ending: Ending): void {
    const sent = open?.id === id ? open : left.get(id)
    if (!sent) return
    clearTimeout(sent.timer)
    if (!left.delete(id)) {
      clearTimeout(hurry)
      hurry = undefined
      open = undefined
      next()
    }
    record(line, sent.call, { id, at: sent.at, ending })
  }

  return {
    call: (action: string, payload: object, calling: Calling) =>
      new Promise<Ending>(end => {
        const call = { ...calling, action, payload, end }
        if (stopped) return record(line, call, { id: newId(), at: host.now(), ending: { outcome: 'offline' } })
        const behind = call.own ? -1 : queue.findIndex(({ own }) => own)
        queue.splice(behind < 0 ? queue.length : behind, 0, call)
        next()
      }),
    /** An answer; one to nobody is nothing. */
    end(frame: Extract<Frame, { kind: 'result' | 'error' }>): void {
      const sent = open?.id === frame.id ? open : left.get(frame.id)
      if (sent) finish(frame.id, endingOf(peer.ocppVersion, sent.call.action, frame))
    },
    stop(): void {
      stopped = true
      for (const { id } of [...left.values(), ...(open ? [open] : [])]) finish(id, { outcome: 'offline' })
      for (const call of queue.splice(0))
        record(line, call, { id: newId(), at: host.now(), ending: { outcome: 'offline' } })
    },
  }
}

function endingOf(version: OcppVersion, action: string, frame: Extract<Frame, { kind: 'result' | 'error' }>): Ending {
  if (frame.kind === 'error') return { outcome: 'error', errorCode: frame.code, errorDescription: frame.description }
  try {
    requireValid(version, action, 'answer', frame.payload)
  } catch (error) {
    const { fault, message } = error as CallError
    const errorDescription = `The answer cannot be read: ${message}`
    return { outcome: 'error', errorCode: codeOf(version, fault), errorDescription }
  }
  return { outcome: 'answered', answer: frame.payload }
}

/** Writes down a call that has ended, together with what follows from it. */
function record(
  { peer, host, batches }: Line,
  call: Waiting,
  { id, at, ending }: { id: string; at: Date; ending: Ending },
): void {
  const endedAt = host.now()
  messagesCounted(host)('sent', peer.ocppVersion, call.action, ending.outcome)
  const { row, tell } = messageTold({
    at,
    charger_id: peer.id,
    direction: 'sent',
    ocpp_version: peer.ocppVersion,
    message_id: id,
    action: call.action,
    payload: call.payload,
    outcome: ending.outcome === 'offline' ? 'unsent' : ending.outcome,
    ...('answer' in ending && { answer: ending.answer }),
    ...('errorCode' in ending && { error_code: ending.errorCode, error_description: ending.errorDescription }),
  })
  batches.add({
    chargerId: peer.id,
    decide: () => withMessage(call.written?.(ending, endedAt) ?? {}, row, tell),
    done: () => call.end(ending),
  })
}
