import type { WebSocket } from 'ws'
import { newId, Problem, stringify } from '#kernel'
import type { Decision } from '../batch.ts'
import { withoutSecrets } from '../log/secrets.ts'
import { messageTold, withMessage, type Answered, type Call } from '../messages/handler.ts'
import { isAction, requireValid } from '../messages/schemas.ts'
import { remember } from '../peer.ts'
import type { MessageRow } from '../store.ts'
import { CallError, codeOf, errorFrame, resultFrame, type Frame } from './frames.ts'
import { messagesCounted, type Line } from './line.ts'

type CallFrame = Extract<Frame, { kind: 'call' | 'send' }>

/** Calls that may wait here; more stay in the network. */
const mostWaiting = 16

/** Actions whose answer says that something is on disk: without it they come again. */
const vital = new Set(['StartTransaction', 'StopTransaction', 'MeterValues', 'TransactionEvent'])

/** Calls of a charger: written and answered in their order, those that wait together. */
export function openReceived(line: Line, socket: WebSocket) {
  const { peer, host, batches, send } = line
  const waiting: CallFrame[] = []
  const working = new Set<CallFrame>()
  const counted = messagesCounted(host)
  const preparesOf = ({ action }: CallFrame) => line.handlers[action]?.prepare !== undefined

  function next(): void {
    for (let [frame] = waiting; frame; [frame] = waiting) {
      // What takes time begins once all before it are answered, and what comes after it waits.
      if (working.size > 0 && (preparesOf(frame) || working.values().some(preparesOf))) break
      waiting.shift()
      working.add(frame)
      work(frame)
    }
    if (waiting.length + working.size < mostWaiting / 2 && socket.isPaused) socket.resume()
  }

  function work(frame: CallFrame): void {
    const call = { peer, payload: frame.payload, receivedAt: host.now() }
    const handler = line.handlers[frame.action]
    const refusal = refusalOf(line, frame)
    if (refusal || !handler!.prepare) return write(frame, call, refusal, undefined)
    handler!.prepare(call, line.means).then(
      prepared => write(frame, call, undefined, prepared),
      error => {
        if (!(error instanceof CallError)) host.log.error({ err: error, chargerId: peer.id }, 'a call failed')
        write(frame, call, error instanceof CallError ? error : refusalFor(error), undefined)
      },
    )
  }

  function write(frame: CallFrame, call: Call, refusal: CallError | undefined, prepared: unknown): void {
    const handler = line.handlers[frame.action]
    // A handler that reads what its schema would have refused is never asked.
    const wants = refusal ? undefined : handler!.wants?.(call)
    let answer = ''
    let outcome: MessageRow['outcome'] = 'answered'
    batches.add({
      chargerId: peer.id,
      ...(wants && { wants }),
      decide(known) {
        const decided = decideOn(line, frame, refusal, () => handler!.handle(call, known, line.means, prepared))
        ;({ answer, outcome } = decided)
        const { row, tell } = messageTold({ ...decided.message, at: call.receivedAt })
        return withMessage(decided.decision, row, tell)
      },
      done(error) {
        if (error !== undefined) {
          outcome = 'error'
          answer = mustComeAgain(frame, error) ? '' : errorFrame(peer.ocppVersion, frame.id, refusalFor(error))
          if (!answer) {
            waiting.length = 0
            socket.close(1013, 'try again later')
          }
        }
        if (frame.kind === 'call' && answer) {
          remember(peer, frame.id, { call: sameness(frame), answer })
          send(answer)
        }
        counted('received', peer.ocppVersion, frame.action, outcome)
        working.delete(frame)
        next()
      },
    })
  }

  return {
    take(frame: CallFrame): void {
      if (frame.action === 'Heartbeat' && frame.kind === 'call' && peer.status === 'accepted') {
        // Nothing is kept of it but that it was heard.
        counted('received', peer.ocppVersion, frame.action, 'answered')
        return send(resultFrame(frame.id, { currentTime: peer.lastHeardAt.toISOString() }))
      }
      const said = peer.answers.get(frame.id)
      if (said && said.call === sameness(frame)) return send(said.answer)
      // Its answer is under way.
      if ([...working, ...waiting].some(({ id }) => id === frame.id)) return
      waiting.push(frame)
      if (waiting.length + working.size >= mostWaiting) socket.pause()
      next()
    },
    stop(): void {
      waiting.length = 0
    },
  }
}

/** What makes a call the same as another of its id; chargers that start anew begin with the same ids again. */
export const sameness = ({ action, payload }: { action: string; payload: unknown }): string =>
  action === 'BootNotification' ? newId() : `${action} ${stringify(payload)}`

function refusalOf({ handlers, peer }: Line, { action, payload }: CallFrame): CallError | undefined {
  const { ocppVersion: version, status } = peer
  const handler = handlers[action]
  if (!isAction(version, action)) return new CallError('NotImplemented', `There is no action ${action.slice(0, 50)}.`)
  if (status !== 'accepted' && !handler?.early)
    return new CallError('SecurityError', `The charger is ${status}: it has to be accepted first.`)
  if (!handler) return new CallError('NotSupported', `${action} is not taken from chargers.`)
  try {
    requireValid(version, action, 'request', payload)
  } catch (error) {
    if (error instanceof CallError) return error
    throw error
  }
  return undefined
}

function decideOn(line: Line, frame: CallFrame, refusal: CallError | undefined, handle: () => Answered) {
  const { id: chargerId, ocppVersion: version } = line.peer
  const base = {
    charger_id: chargerId,
    direction: 'received',
    ocpp_version: version,
    message_id: frame.id,
    action: frame.action.slice(0, 50),
    payload: frame.payload,
  } as const
  try {
    if (refusal) throw refusal
    const { answer, ...decision } = handle()
    const message = { ...base, outcome: 'answered', answer } as const
    return { decision, answer: resultFrame(frame.id, answer), outcome: 'answered', message } as const
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const said = { error_code: codeOf(version, error.fault), error_description: error.message }
    const message = { ...base, outcome: 'error', ...said } as const
    const decision: Decision = {}
    return { decision, answer: errorFrame(version, frame.id, error), outcome: 'error', message } as const
  }
}

/** It is not on disk, and what is vital must not be lost: nothing that would end it is answered. */
const mustComeAgain = ({ action }: CallFrame, error: unknown): boolean =>
  error instanceof Problem && error.kind === 'unavailable' && vital.has(action)

function refusalFor(error: unknown): CallError {
  if (!(error instanceof Problem)) return new CallError('InternalError', 'The call failed here.')
  return error.code === 'text_invalid'
    ? new CallError('PropertyConstraintViolation', 'A text holds a character that cannot be kept.')
    : new CallError('InternalError', 'Try again later.')
}

/** Answers what cannot be taken, and keeps it for who looks after the charger. */
export function refuseFrame(
  { peer, host, batches, send }: Line,
  { id, fault, description }: Extract<Frame, { kind: 'faulty' }>,
  text: string,
): void {
  const version = peer.ocppVersion
  messagesCounted(host)('received', version, '', 'error')
  const { row, tell } = messageTold({
    at: host.now(),
    charger_id: peer.id,
    direction: 'received',
    ocpp_version: version,
    message_id: (id ?? '-1').slice(0, 255),
    action: '',
    payload: withoutSecrets(text).slice(0, 10_000),
    outcome: 'error',
    error_code: codeOf(version, fault),
    error_description: description,
  })
  batches.add({
    chargerId: peer.id,
    decide: () => withMessage({}, row, tell),
    done() {
      // 1.6 has no id for what could not be read.
      if (id !== undefined || version !== 'ocpp1.6') send(errorFrame(version, id, new CallError(fault, description)))
    },
  })
}
