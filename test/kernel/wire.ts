import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'

/** Sends bytes over a socket of its own; resolves with all that comes back until the other side closes. */
export async function raw(base: string, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = dial(base)
  for (const part of parts) socket.write(part)
  return await rest(socket)
}

export function dial(base: string): Socket {
  const { port, hostname } = new URL(base)
  // Who is still sending goes on when the other side has said all.
  return connect({ port: Number(port), host: hostname, allowHalfOpen: true }).on('error', () => {})
}

/** All that comes until the other side closes. */
export async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => (text += chunk)).once('end', () => socket.end())
  await new Promise(resolve => socket.once('close', resolve))
  return text
}

/** One answer with `Content-Length`; what comes behind it stays to be read. Undefined when the connection ends first. */
export async function answer(socket: Socket): Promise<string | undefined> {
  let text = ''
  while (!whole(text)) {
    const chunk = socket.read() as Buffer | null
    if (chunk) text += chunk
    else if (socket.readableEnded || socket.destroyed) return undefined
    else
      await new Promise<void>(resolve => {
        const seen = (): void => {
          socket.off('readable', seen).off('end', seen).off('close', seen)
          resolve()
        }
        socket.on('readable', seen).on('end', seen).on('close', seen)
      })
  }
  return text
}

const whole = (text: string): boolean => {
  const head = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(text)?.[1]
  return head >= 0 && Buffer.byteLength(text) >= head + 4 + Number(length ?? 0)
}

/** The status and code of one raw answer, which must be a problem. */
export function problemIn(text: string | undefined): string {
  const answered = text ?? 'nothing'
  const [head = '', body = ''] = answered.split('\r\n\r\n', 2)
  assert.match(head, /^content-type: application\/problem\+json/im, answered)
  const problem = JSON.parse(body)
  assert.equal(head.split(' ')[1], String(problem.status))
  return `${problem.status} ${problem.code}`
}
