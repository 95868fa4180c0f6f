import { createServer, request as ask, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Order } from './world.ts'

/** The least that passes WebSockets on: the handshake is asked of who is behind, and then bytes go both ways. */
const { settings } = JSON.parse(process.argv[2]!) as Order
const behind = new URL(settings.BEHIND!)
const server = createServer((_, response) => response.writeHead(404).end())
server.on('upgrade', ({ url, headers }: IncomingMessage, socket: Socket, head: Buffer) => {
  const asked = ask({ host: behind.hostname, port: behind.port, path: url, headers })
  asked.once('error', () => socket.destroy())
  asked.once('upgrade', (answer: IncomingMessage, upstream: Socket, first: Buffer) => {
    const lines = answer.rawHeaders.map((text, at) => (at % 2 === 0 ? `\r\n${text}: ` : text))
    socket.write(`HTTP/1.1 101 Switching Protocols${lines.join('')}\r\n\r\n`)
    if (first.length > 0) socket.write(first)
    if (head.length > 0) upstream.write(head)
    for (const end of [socket, upstream]) end.setNoDelay(true)
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.pipe(socket)
    socket.pipe(upstream)
  })
  asked.end()
})
server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.once('disconnect', () => process.exit(0))
