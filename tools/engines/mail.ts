import { createWriteStream, mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { SMTPServer } from 'smtp-server'
import type { Place, Recipe } from './recipe.ts'

/** An SMTP server in this process that takes every mail and writes it to `folder`/received as `<time>-<number>.eml`. */
export async function mail({ folder, port }: Place): Promise<Recipe> {
  const received = join(folder, 'received')
  mkdirSync(received, { recursive: true })
  let count = 0
  return {
    settings: { SMTP_HOST: '127.0.0.1', SMTP_PORT: `${port}` },
    async start() {
      const sockets = new Set<Socket>()
      const server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS', 'AUTH'],
        closeTimeout: 100,
        onData(stream, _session, done) {
          const name = `${new Date().toISOString().replaceAll(':', '-')}-${++count}.eml`
          pipeline(stream, createWriteStream(join(received, name)), error => done(error))
        },
      })
      server.on('error', () => {}) // of one connection; that it cannot listen is told by the listener
      const listener = server.server
      listener.on('connection', socket => sockets.add(socket.once('close', () => sockets.delete(socket))))
      const closed = Promise.withResolvers<string>()
      await new Promise<void>((resolve, reject) => {
        listener.once('error', reject)
        server.listen(port, '127.0.0.1', resolve)
      })
      const close = (how: string): void => {
        for (const socket of sockets) socket.destroy()
        server.close(() => closed.resolve(how))
      }
      return {
        pid: process.pid,
        ended: closed.promise,
        kill: signal => close(signal),
        async stop() {
          close('asked to')
          await closed.promise
        },
      }
    },
  }
}
