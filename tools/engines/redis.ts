import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { EngineMissing, type Place, type Recipe } from './recipe.ts'
import { findProgram, launch } from './launch.ts'

/** Redis or Valkey, whichever is on the PATH. It keeps nothing: after a restart it is empty. */
export async function redis({ folder, port }: Place): Promise<Recipe> {
  const program = findProgram('redis-server', 'valkey-server')
  if (!program) throw new EngineMissing('there is no redis-server or valkey-server; install the package redis-server')
  const dir = join(folder, 'data')
  mkdirSync(dir, { recursive: true })
  const args = Object.entries({ port: `${port}`, bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', dir })
  return {
    settings: { REDIS_URL: `redis://127.0.0.1:${port}` },
    start: () =>
      launch(
        program,
        args.flatMap(([name, value]) => [`--${name}`, value]),
        { folder, ready: () => pongs(port) },
      ),
  }
}

const pongs = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1000, () => socket.destroy())
    socket.once('data', answer => {
      resolve(answer.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.once('error', () => {})
    socket.once('close', () => resolve(false))
  })
