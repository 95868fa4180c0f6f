import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * The embedded PostgreSQL of a platform that runs right now, from the server's own lock file; undefined when none runs.
 */
export function runningEmbedded(dataFolder: string) {
  try {
    const [pid, , , port, host] = readFileSync(
      join(resolve(dataFolder), 'postgres', 'data', 'postmaster.pid'),
      'utf8',
    ).split('\n')
    process.kill(Number(pid), 0)
    return { at: { host: host!, port: Number(port), database: 'ohmnibus' }, admin: 'postgres' }
  } catch {
    return undefined
  }
}
