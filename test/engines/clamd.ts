import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** What every scanner finds, and which does nothing (eicar.org). In two parts: this file itself is not to be found. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('')

/** A content that came in, by its beginning. */
export interface Scanned {
  head: Buffer
  bytes: number
  sha256: string
}

/** The reply, as text; undefined hangs up without one. */
export type Reply = string | undefined

/** What a scanner that knows one virus replies. */
export const replyTo = ({ head }: Scanned): string =>
  head.includes(eicar) ? 'stream: Win.Test.EICAR_HDB-1 FOUND' : 'stream: OK'

/**
 * Stands in for clamd on a port of its own: PING, VERSION and INSTREAM as its manual has them. `reply` is asked for each
 * content that has come in whole; `limit` is its StreamMaxLength. `port` as it was lets one come back.
 */
export async function clamd(
  options: {
    reply?: (content: Scanned) => Reply | Promise<Reply>
    limit?: number
    port?: number
    version?: () => Reply
  } = {},
) {
  const { reply = replyTo, limit = Infinity, version = () => 'ClamAV 1.4.3/27800/Fri Nov 27 09:00:00 2026' } = options
  const scanned: Scanned[] = []
  let received = 0
  const sockets = new Set<Socket>()

  async function serve(socket: Socket): Promise<void> {
    const { take, until } = readerOf(socket)
    const say = (text: Reply) => (text === undefined ? socket.destroy() : socket.end(`${text}\0`))
    const command = (await until(0)).toString()
    if (command === 'zPING') return void say('PONG')
    if (command === 'zVERSION') return void say(version())
    if (command !== 'zINSTREAM') return void say('UNKNOWN COMMAND')
    const hash = createHash('sha256')
    let [head, bytes] = [Buffer.alloc(0), 0]
    for (;;) {
      const length = (await take(4)).readUInt32BE()
      if (length === 0) break
      if (bytes + length > limit) return void say('INSTREAM size limit exceeded. ERROR')
      const piece = await take(length)
      hash.update(piece)
      bytes += length
      received += length
      if (head.length < 4_096) head = Buffer.concat([head, piece])
    }
    const content = { head, bytes, sha256: hash.digest('hex') }
    scanned.push(content)
    say(await reply(content))
  }

  const server = createServer(socket => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {}))
    serve(socket).catch(() => socket.destroy())
  })
  await new Promise<void>(listening => server.listen(options.port ?? 0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    port,
    settings: { CLAMAV_HOST: '127.0.0.1', CLAMAV_PORT: String(port) },
    /** All that came in whole, in their order. */
    scanned,
    /** Bytes of contents so far, of those too that are still coming in. */
    received: () => received,
    async close(): Promise<void> {
      sockets.forEach(socket => socket.destroy())
      await new Promise(closed => server.close(closed))
    },
  }
}

/** Reads a socket by bytes. Fails at its end. */
function readerOf(socket: Socket) {
  const pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  let buffer = Buffer.alloc(0)
  async function more(): Promise<void> {
    const { value } = await pieces.next()
    if (!value) throw new Error('the client is gone')
    buffer = Buffer.concat([buffer, value])
  }
  const cut = (length: number, skip = 0): Buffer => {
    const taken = buffer.subarray(0, length)
    buffer = buffer.subarray(length + skip)
    return taken
  }
  return {
    async take(length: number): Promise<Buffer> {
      while (buffer.length < length) await more()
      return cut(length)
    },
    async until(end: number): Promise<Buffer> {
      while (!buffer.includes(end)) await more()
      return cut(buffer.indexOf(end), 1)
    },
  }
}
