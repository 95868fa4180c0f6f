import { connect, type Socket } from 'node:net'
import { addAbortSignal, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Problem } from '#kernel'

/** A program that looks for viruses. Fails with `scanner_unavailable` where it does not answer as it must. */
export interface Scanner {
  /**
   * The name of what was found in the content, undefined where nothing was. `read` is asked once the scanner listens;
   * what it fails with is what this fails with. Fails with `scanner_limit` for what is larger than the scanner takes or
   * looks at.
   */
  scan(read: () => Promise<Readable>, signal?: AbortSignal): Promise<string | undefined>
  /** What answers, as `ClamAV 1.4.3/27800/…`. */
  version(): Promise<string>
}

const longestReply = 4_096
const connectMs = 5_000

/**
 * The daemon of ClamAV over TCP, by its own protocol (clamd(8), INSTREAM). Content passes through in pieces. `patience`
 * is how long it may do nothing, and how long it may take for its verdict; clamd's own limit of a scan is two minutes.
 */
export function openScanner(options: { host: string; port: number; patience?: number }): Scanner {
  const { host, port, patience = 150_000 } = options
  const untrusted = (why: string) =>
    new Problem('unavailable', 'scanner_unavailable', { detail: `The virus scanner at ${host}:${port} ${why}.` })

  /** Sends a command, and what belongs to it; resolves with the reply. */
  async function ask(
    command: string,
    within: number,
    send?: (socket: Socket, reply: Promise<string>) => Promise<void>,
  ): Promise<string> {
    const socket = connect({ host, port }).setTimeout(Math.min(within, connectMs))
    socket.on('connect', () => socket.setTimeout(within))
    socket.on('timeout', () => socket.destroy(new Error('does not answer')))
    const reply = replyOf(socket)
    reply.catch(() => {})
    let late: NodeJS.Timeout | undefined
    try {
      socket.write(`z${command}\0`)
      await send?.(socket, reply)
      // Not by its silence alone: one that answers a byte a minute does not answer.
      late = setTimeout(() => socket.destroy(new Error('takes too long to answer')), within)
      return await reply
    } catch (error) {
      if (!(error instanceof Unheard)) throw error
      // What it says of a limit is lost where it hangs up while we are still writing.
      const isCut = /EPIPE|ECONNRESET/.test(error.message) && socket.bytesWritten > 65_536
      throw isCut ? beyond(`${error.message} after ${socket.bytesWritten} bytes`) : untrusted(error.message)
    } finally {
      clearTimeout(late)
      socket.destroy()
    }
  }

  const beyond = (said: string) =>
    new Problem('unavailable', 'scanner_limit', {
      detail:
        `The virus scanner at ${host}:${port} does not take files of this size: "${said}". ` +
        'Let StreamMaxLength, MaxFileSize and MaxScanSize of its clamd.conf be as large as DOCUMENT_MAX_BYTES.',
    })

  function verdictOf(reply: string): string | undefined {
    if (reply === 'stream: OK') return undefined
    const [, found] = /^stream: (.+) FOUND$/.exec(reply) ?? []
    // With AlertExceedsMax it "finds" that it did not look at all of the file, which says nothing against it.
    if (/size limit exceeded/i.test(reply) || found?.startsWith('Heuristics.Limits.Exceeded'))
      throw beyond(printable(reply))
    if (found) return printable(found)
    throw untrusted(`answers "${printable(reply)}"`)
  }

  return {
    async scan(read, signal) {
      let whole = false
      const reply = await ask('INSTREAM', patience, async (socket, reply) => {
        if (signal) addAbortSignal(signal, socket)
        await connected(socket, reply)
        const content = await read()
        // One that has heard enough says why, and hangs up.
        const sending = pipeline(content, inPieces, socket, { end: false })
        await Promise.race([sending.then(() => void (whole = true)), reply]).catch(error => {
          if (!socket.destroyed) throw error
          return reply
        })
        if (!whole) content.destroy()
        sending.catch(() => {})
      })
      if (!whole && /^stream: .*(OK|FOUND)$/.test(reply)) throw untrusted('answers before it has all')
      return verdictOf(reply)
    },
    version: async () => printable(await ask('VERSION', Math.min(patience, connectMs))),
  }
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)

/** Why there is no reply. */
class Unheard extends Error {}

/** Until the NUL that ends it; what is cut is none. */
function replyOf(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part
    const end = text.indexOf('\0')
    if (end >= 0) resolve(text.slice(0, end))
    else if (text.length > longestReply) socket.destroy(new Error('answers at length, and not as clamd does'))
  })
  socket.on('error', (error: NodeJS.ErrnoException & { errors?: Error[] }) => {
    const { code, message } = (error.errors?.[0] ?? error) as NodeJS.ErrnoException
    reject(new Unheard(code ? `fails with ${code}` : message))
  })
  socket.on('close', () => reject(new Unheard('ends the connection without an answer')))
  return promise
}

/** Fails as the reply does, which tells of every end of the connection. */
async function connected(socket: Socket, reply: Promise<string>): Promise<void> {
  if (socket.connecting) await Promise.race([new Promise(resolve => socket.once('connect', resolve)), reply])
}

/** Each piece behind its length in four bytes; a length of none ends it, so that an empty piece must not be sent. */
async function* inPieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const lengthOf = (bytes: number): Buffer => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(bytes)
    return head
  }
  for await (const piece of content)
    if (piece.length > 0) {
      yield lengthOf(piece.length)
      yield piece
    }
  yield lengthOf(0)
}
