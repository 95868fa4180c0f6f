import type { WebSocket } from 'ws'
import type { Peer } from '../peer.ts'
import { readFrame } from './frames.ts'
import type { Line } from './line.ts'
import { openReceived, refuseFrame } from './received.ts'
import { openCalls, type Calling, type Ending } from './sent.ts'

/** The connection of one charger: its calls in their order, ours one at a time. */
export interface Connection {
  readonly peer: Peer
  /** Sends a call once those before it have ended. */
  call(action: string, payload: object, calling: Calling): Promise<Ending>
  /** Ends it in good order: nobody is told that the charger is away when `superseded`. */
  close(code: number, reason: string, superseded?: boolean): void
  /** Looks whether somebody is still there. */
  ping(): void
}

/** What a charger does not read in time is kept up to here, in bytes. */
const mostUnread = 1_048_576

/** Hears the wire of chargers, as it is. */
export type Overheard = (chargerId: string, direction: 'received' | 'sent', text: string) => void

export function openConnection(
  socket: WebSocket,
  about: Omit<Line, 'send'>,
  overheard: Overheard,
  closed: (connection: Connection, reason: string, superseded: boolean) => void,
): Connection {
  const { peer, host } = about
  const { log, now } = host
  let alive = true
  let isSuperseded = false
  const line: Line = {
    ...about,
    send(text) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > mostUnread) return void socket.terminate()
      overheard(peer.id, 'sent', text)
      socket.send(text)
    },
  }
  const received = openReceived(line, socket)
  const sent = openCalls(line)

  function take(text: string): void {
    overheard(peer.id, 'received', text)
    const frame = readFrame(text, peer.ocppVersion)
    if (frame.kind === 'call' || frame.kind === 'send') return received.take(frame)
    if (frame.kind === 'result' || frame.kind === 'error') return sent.end(frame)
    if (frame.kind === 'faulty') return refuseFrame(line, frame, text)
    log.debug({ chargerId: peer.id, frame }, 'a charger sent what has no answer')
  }

  const heard = (): void => {
    alive = true
    peer.lastHeardAt = now()
  }
  const connection: Connection = {
    peer,
    call: sent.call,
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
  socket.on('pong', heard)
  socket.on('ping', heard)
  socket.on('message', (data: Buffer, isBinary) => {
    heard()
    if (isBinary) return void socket.close(1003, 'text only')
    take(data.toString())
  })
  socket.on('error', error => log.debug({ chargerId: peer.id, err: error }, 'a connection failed'))
  socket.on('close', (code, reason) => {
    sent.stop()
    received.stop()
    closed(connection, reason.toString() || String(code), isSuperseded)
  })
  return connection
}
