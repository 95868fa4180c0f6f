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

interface Waiting {
  readonly action: string
  readonly payload: object
  readonly timeoutMs: number
  readonly written: Written
  readonly end: (ending: Ending) => void
}

/** Calls to the charger: one is open at a time, as the protocol has it. */
export function openCalls(line: Line) {
  const { send, peer, host } = line
  const queue: Waiting[] = []
  let open: { id: string; at: Date; timer: NodeJS.Timeout; call: Waiting } | undefined
  let stopped = false

  function next(): void {
    if (open || stopped) return
    const call = queue.shift()
    if (!call) return
    const id = newId()
    const timer = setTimeout(() => finish({ outcome: 'timeout' }), call.timeoutMs)
    open = { id, at: host.now(), timer, call }
    send(callFrame(id, call.action, call.payload))
  }

  function finish(ending: Ending): void {
    if (!open) return
    const { id, at, timer, call } = open
    clearTimeout(timer)
    open = undefined
    next()
    record(line, call, { id, at, ending })
  }

  return {
    call: (action: string, payload: object, timeoutMs: number, written: Written = () => ({})) =>
      new Promise<Ending>(end => {
        const call = { action, payload, timeoutMs, written, end }
        if (stopped) return record(line, call, { id: newId(), at: host.now(), ending: { outcome: 'offline' } })
        queue.push(call)
        next()
      }),
    /** An answer; one to nobody is nothing. */
    end(frame: Extract<Frame, { kind: 'result' | 'error' }>): void {
      if (frame.id === open?.id) finish(endingOf(peer.ocppVersion, open.call.action, frame))
    },
    stop(): void {
      stopped = true
      finish({ outcome: 'offline' })
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
  messagesCounted(host)('sent', call.action, ending.outcome)
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
    decide: () => withMessage(call.written(ending, endedAt), row, tell),
    done: () => call.end(ending),
  })
}
