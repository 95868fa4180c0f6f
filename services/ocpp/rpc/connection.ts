import type { WebSocket } from 'ws'
import { newId, Problem } from '#kernel'
import type { Batches, Decision } from '../batch.ts'
import type { OcppHost } from '../host.ts'
import { messageTold, type Answered, type Handlers, type Means } from '../messages/handler.ts'
import { isAction, requireValid } from '../messages/schemas.ts'
import { remember, type Peer } from '../peer.ts'
import type { MessageRow } from '../store.ts'
import { callFrame, CallError, codeOf, errorFrame, readFrame, resultFrame, type Frame } from './frames.ts'

/** How a call to a charger ended. */
export type Ending =
  | { outcome: 'answered'; answer: unknown }
  | { outcome: 'error'; errorCode: string; errorDescription: string }
  | { outcome: 'timeout' | 'offline' }

/** The connection of one charger: its calls in their order, ours one at a time. */
export interface Connection {
  readonly peer: Peer
  /** Sends a call once those before it have ended; `written` is done together with the message that says how. */
  call(action: string, payload: object, timeoutMs: number, written?: (ending: Ending) => Decision): Promise<Ending>
  /** Ends it in good order: nobody is told that the charger is away when `superseded`. */
  close(code: number, reason: string, superseded?: boolean): void
  /** Looks whether somebody is still there. */
  ping(): void
}

type CallFrame = Extract<Frame, { kind: 'call' | 'send' }>

/** Calls that may wait here; more stay in the network. */
const mostWaiting = 16
/** What a charger does not read in time is kept up to here, in bytes. */
const mostUnread = 1_048_576

/** Actions whose answer says that something is on disk: without it they come again. */
const vital = new Set(['StartTransaction', 'StopTransaction', 'MeterValues', 'TransactionEvent'])

export function openConnection(options: {
  socket: WebSocket
  peer: Peer
  host: OcppHost
  batches: Batches
  handlers: Handlers
  means: Means
  /** Hears of every frame, in both directions. */
  overheard(chargerId: string, direction: 'received' | 'sent', text: string): void
  closed(connection: Connection, reason: string, superseded: boolean): void
}): Connection {
  const { socket, peer, host, batches, handlers, means, overheard } = options
  const version = peer.ocppVersion
  const waiting: CallFrame[] = []
  let working: CallFrame | undefined
  let alive = true
  let isSuperseded = false
  const counted = messagesCounted(host)

  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > mostUnread) return void socket.terminate()
    overheard(peer.id, 'sent', text)
    socket.send(text)
  }
  const calls = openCalls({ send, peer, host, batches })

  function take(text: string): void {
    overheard(peer.id, 'received', text)
    const frame = readFrame(text, version)
    if (frame.kind === 'call' || frame.kind === 'send') return takeCall(frame)
    if (frame.kind === 'result' || frame.kind === 'error') return calls.end(frame)
    if (frame.kind === 'faulty') return refuse(frame, text)
    host.log.debug({ chargerId: peer.id, frame }, 'a charger sent what has no answer')
  }

  function takeCall(frame: CallFrame): void {
    if (frame.action === 'Heartbeat' && frame.kind === 'call' && peer.status === 'accepted') return beat(frame)
    const said = peer.answers.get(frame.id)
    if (said?.call === sameness(frame)) return send(said.answer)
    // Its answer is under way.
    if (working?.id === frame.id || waiting.some(({ id }) => id === frame.id)) return
    waiting.push(frame)
    if (waiting.length >= mostWaiting) socket.pause()
    next()
  }

  /** Of a heartbeat nothing is kept but that it was heard. */
  function beat(frame: CallFrame): void {
    counted('received', frame.action, 'answered')
    send(resultFrame(frame.id, { currentTime: peer.lastHeardAt.toISOString() }))
  }

  function next(): void {
    if (working || waiting.length === 0) return
    working = waiting.shift()
    if (waiting.length < mostWaiting / 2 && socket.isPaused) socket.resume()
    work(working!)
  }

  function work(frame: CallFrame): void {
    const call = { peer, payload: frame.payload, receivedAt: host.now() }
    const known = handlers[frame.action]
    let answer = ''
    let outcome: MessageRow['outcome'] = 'answered'
    const finish = (error?: unknown): void => {
      if (error === undefined && frame.kind === 'call') {
        remember(peer, frame.id, { call: sameness(frame), answer })
        send(answer)
      } else if (error !== undefined) outcome = fallback(frame, error)
      counted('received', frame.action, outcome)
      working = undefined
      next()
    }
    const refusal = refusalOf(frame)
    // A handler that reads what its schema would have refused is never asked.
    const wants = refusal ? undefined : known!.wants?.(call)
    batches.add({
      chargerId: peer.id,
      ...(wants && { wants }),
      decide(have) {
        const decided = decideOn(frame, refusal, () => known!.handle(call, have, means))
        ;({ answer, outcome } = decided)
        const { row, tell } = messageTold({ ...decided.message, at: call.receivedAt })
        const { decision } = decided
        return {
          ...decision,
          rows: { ...decision.rows, messages: [row] },
          tells: [...(decision.tells ?? []), tell],
        }
      },
      done: finish,
    })
  }

  function refusalOf({ action, payload }: CallFrame): CallError | undefined {
    const known = handlers[action]
    try {
      if (!known)
        throw isAction(version, action)
          ? new CallError('NotSupported', `${action} is not taken from chargers.`)
          : new CallError('NotImplemented', `There is no action ${action.slice(0, 50)}.`)
      if (peer.status !== 'accepted' && !known.early)
        throw new CallError('SecurityError', `The charger is ${peer.status}: it has to be accepted first.`)
      requireValid(version, action, 'request', payload)
    } catch (error) {
      return error as CallError
    }
    return undefined
  }

  function decideOn(frame: CallFrame, refusal: CallError | undefined, handle: () => Answered) {
    const base = {
      charger_id: peer.id,
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
      return { decision, answer: resultFrame(frame.id, answer), outcome: 'answered' as const, message }
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      const { fault, message: description } = error
      const message = {
        ...base,
        outcome: 'error',
        error_code: codeOf(version, fault),
        error_description: description,
      } as const
      const decision: Decision = {}
      return { decision, answer: errorFrame(version, frame.id, error), outcome: 'error' as const, message }
    }
  }

  /** It is not on disk: what is vital has to come again, so nothing that would end it is answered. */
  function fallback(frame: CallFrame, error: unknown): 'unsent' | 'error' {
    const isAway = error instanceof Problem && error.kind === 'unavailable'
    if (isAway && vital.has(frame.action)) {
      waiting.length = 0
      socket.close(1013, 'try again later')
      return 'unsent'
    }
    const isText = error instanceof Problem && error.code === 'text_invalid'
    const refusal = isText
      ? new CallError('PropertyConstraintViolation', 'A text holds a character that cannot be kept.')
      : new CallError('InternalError', isAway ? 'Try again later.' : 'The call failed here.')
    if (frame.kind === 'call') send(errorFrame(version, frame.id, refusal))
    return 'error'
  }

  function refuse({ id, fault, description }: Extract<Frame, { kind: 'faulty' }>, text: string): void {
    const error = new CallError(fault, description)
    counted('received', '', 'error')
    const { row, tell } = messageTold({
      at: host.now(),
      charger_id: peer.id,
      direction: 'received',
      ocpp_version: version,
      message_id: (id ?? '-1').slice(0, 255),
      action: '',
      payload: text.slice(0, 10_000),
      outcome: 'error',
      error_code: codeOf(version, fault),
      error_description: description,
    })
    batches.add({
      chargerId: peer.id,
      decide: () => ({ rows: { messages: [row] }, tells: [tell] }),
      // 1.6 has no id for what could not be read.
      done: () => void ((id !== undefined || version !== 'ocpp1.6') && send(errorFrame(version, id, error))),
    })
  }

  const connection: Connection = {
    peer,
    call: calls.call,
    close(code, reason, superseded = false) {
      isSuperseded ||= superseded
      socket.close(code, reason)
      // Who does not answer the goodbye is gone all the same.
      setTimeout(() => socket.terminate(), 2_000).unref()
    },
    ping() {
      if (!alive) return void socket.terminate()
      alive = false
      socket.ping()
    },
  }
  const heard = (): void => {
    alive = true
    peer.lastHeardAt = host.now()
  }
  socket.on('pong', heard)
  socket.on('ping', heard)
  socket.on('message', (data: Buffer, isBinary) => {
    heard()
    if (isBinary) return void socket.close(1003, 'text only')
    take(data.toString())
  })
  socket.on('error', error => host.log.debug({ chargerId: peer.id, err: error }, 'a connection failed'))
  socket.on('close', (code, reason) => {
    calls.stop()
    waiting.length = 0
    options.closed(connection, reason.toString() || String(code), isSuperseded)
  })
  return connection
}

/** What makes a call the same as another of its id. */
export const sameness = ({ action, payload }: { action: string; payload: unknown }): string =>
  action === 'BootNotification' ? newId() : JSON.stringify([action, payload])

const messagesCounted = ({ metrics }: OcppHost) => {
  const counter = metrics.counter('ohmnibus_ocpp_messages_total', 'Messages between chargers and the platform', [
    'direction',
    'action',
    'outcome',
  ])
  return (direction: 'received' | 'sent', action: string, outcome: string): void =>
    counter.inc({ direction, action: knownActions.has(action) ? action : 'other', outcome })
}
/** Names that chargers make up are no labels. */
const knownActions = new Set<string>()
export const nameActions = (names: Iterable<string>): void => {
  for (const name of names) knownActions.add(name)
}

interface Waiting {
  readonly action: string
  readonly payload: object
  readonly timeoutMs: number
  readonly written: (ending: Ending) => Decision
  readonly end: (ending: Ending) => void
}

/** Calls to the charger: one is open at a time, as the protocol has it. */
function openCalls({
  send,
  peer,
  host,
  batches,
}: {
  send: (text: string) => void
  peer: Peer
  host: OcppHost
  batches: Batches
}) {
  const queue: Waiting[] = []
  let open: { id: string; at: Date; timer: NodeJS.Timeout; call: Waiting } | undefined
  let stopped = false
  const counted = messagesCounted(host)

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
    record(call, id, at, ending)
  }

  function record(call: Waiting, id: string, at: Date, ending: Ending): void {
    counted('sent', call.action, ending.outcome)
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
      decide() {
        const decision = call.written(ending)
        return {
          ...decision,
          rows: { ...decision.rows, messages: [row] },
          tells: [...(decision.tells ?? []), tell],
        }
      },
      done: () => call.end(ending),
    })
  }

  return {
    call: (action: string, payload: object, timeoutMs: number, written: (ending: Ending) => Decision = () => ({})) =>
      new Promise<Ending>(end => {
        const call = { action, payload, timeoutMs, written, end }
        if (stopped) return record(call, newId(), host.now(), { outcome: 'offline' })
        queue.push(call)
        next()
      }),
    /** An answer; one to nobody is nothing. */
    end(frame: Extract<Frame, { kind: 'result' | 'error' }>): void {
      if (frame.id !== open?.id) return
      if (frame.kind === 'error')
        return finish({ outcome: 'error', errorCode: frame.code, errorDescription: frame.description })
      try {
        requireValid(peer.ocppVersion, open.call.action, 'answer', frame.payload)
      } catch (error) {
        const { fault, message } = error as CallError
        const errorCode = codeOf(peer.ocppVersion, fault)
        return finish({ outcome: 'error', errorCode, errorDescription: `The answer cannot be read: ${message}` })
      }
      finish({ outcome: 'answered', answer: frame.payload })
    },
    stop(): void {
      stopped = true
      finish({ outcome: 'offline' })
      for (const call of queue.splice(0)) record(call, newId(), host.now(), { outcome: 'offline' })
    },
  }
}
