import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import { faultOf } from '../messages/schemas.ts'

/** What the other side did that the protocol does not allow. */
export class Violation extends Error {
  override name = 'Violation'
}

/** A call was answered with CALLERROR. */
export class Refused extends Error {
  override name = 'Refused'
  readonly code: string

  constructor(action: string, code: string, description: string) {
    super(`${action}: ${code} ${description}`.trim())
    this.code = code
  }
}

/** The charger's end of a connection, to the letter: one call open in each direction, and all it gets held to the schemas. */
export interface Line {
  /** Fails with `Refused`, with `Violation`, or when the connection is gone. */
  call(action: string, payload: object): Promise<any>
  readonly closed: Promise<number>
  /** Cuts it without a word, as a cable that is pulled. */
  cut(): void
  close(): Promise<void>
}

export interface LineOptions {
  readonly url: string
  readonly id: string
  readonly version: OcppVersion
  readonly password?: string | undefined
  /** What it answers when it is called; undefined for what it does not know. */
  answer(action: string, payload: any): object | undefined
  violated(violation: Violation): void
}

const patienceMs = 30_000

export async function openLine({ url, id, version, password, answer, violated }: LineOptions): Promise<Line> {
  const authorization = password && `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ocpp/${encodeURIComponent(id)}`, version, {
    ...(authorization && { headers: { authorization } }),
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  // What ends it is told by `closed`.
  socket.on('error', () => {})
  const pending = new Map<string, { action: string; resolve(answer: unknown): void; reject(error: Error): void }>()
  const violate = (text: string): Violation => {
    const violation = new Violation(`${id}: ${text}`)
    violated(violation)
    return violation
  }

  function answered(callId: string, type: number, first: any, description: unknown): void {
    const call = pending.get(callId)
    if (!call) return void violate(`an answer to nothing: ${callId}`)
    pending.delete(callId)
    if (type === 4) return call.reject(new Refused(call.action, String(first), String(description ?? '')))
    const fault = faultOf(version, call.action, 'answer', first)
    if (fault)
      return call.reject(violate(`the answer to ${call.action} is wrong: ${fault.instancePath} ${fault.message}`))
    call.resolve(first)
  }

  function called(callId: string, action: string, payload: unknown): void {
    const fault = faultOf(version, action, 'request', payload)
    if (fault) violate(`${action} is wrong: ${fault.instancePath} ${fault.message}`)
    const result = fault ? undefined : answer(action, payload)
    const code = fault ? 'GenericError' : 'NotSupported'
    socket.send(JSON.stringify(result ? [3, callId, result] : [4, callId, code, '', {}]))
  }

  socket.on('message', data => {
    // Of any shape: what is wrong with it is told below.
    let frame: any
    try {
      frame = JSON.parse(String(data))
    } catch {
      return void violate('what came is not JSON')
    }
    const [type, callId, first, second] = frame
    if (type === 2) called(callId, first, second)
    else answered(callId, type, first, second)
  })
  const opened = once(socket, 'open').then(
    () => true,
    () => false,
  )
  if (!(await Promise.race([opened, closed.then(() => false)]))) throw new Error(`${id} is not let in`)
  if (socket.protocol !== version) violate(`${version} was offered, ${socket.protocol || 'nothing'} is spoken`)
  void closed.then(() => {
    for (const { reject } of pending.values()) reject(new Error(`${id}: the connection is gone`))
    pending.clear()
  })

  let last: Promise<unknown> = Promise.resolve()
  const send = (action: string, payload: object): Promise<any> =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return reject(new Error(`${id}: the connection is gone`))
      const callId = newId()
      const late = setTimeout(() => {
        pending.delete(callId)
        reject(violate(`no answer to ${action}`))
      }, patienceMs)
      const end =
        <T>(then: (value: T) => void) =>
        (value: T) => (clearTimeout(late), then(value))
      pending.set(callId, { action, resolve: end(resolve), reject: end(reject) })
      socket.send(JSON.stringify([2, callId, action, payload]))
    })
  return {
    call(action, payload) {
      const turn = last.then(() => send(action, payload))
      last = turn.catch(() => {})
      return turn
    },
    closed,
    cut: () => socket.terminate(),
    async close() {
      socket.close()
      await closed
    },
  }
}
