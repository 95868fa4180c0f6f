import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { guard } from './guard.ts'

/** An engine from its start to its end. */
export interface Life {
  readonly pid: number
  /** Resolves with how it ended, asked or not. */
  readonly ended: Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Ends it, harsher after ten seconds, and waits. May be called again. */
  stop(): Promise<void>
}

/**
 * Runs a program with `folder`/log as its output, in a session of its own so that Ctrl-C in the terminal does not reach
 * it, and waits until `ready` resolves with true; fails with the end of the log when it ends before, or is not ready
 * within a minute.
 */
export async function launch(
  command: string,
  args: string[],
  options: { folder: string; environment?: Record<string, string>; ready: () => Promise<boolean> },
): Promise<Life> {
  const path = join(options.folder, 'log')
  const log = fs.openSync(path, 'a')
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    JAVA_HOME: process.env.JAVA_HOME,
    ...options.environment,
  }
  const child = spawn(command, args, { cwd: options.folder, detached: true, stdio: ['ignore', log, log], env })
  fs.closeSync(log)
  let gone: string | undefined
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve((gone = error.message)))
    child.once('exit', (code, signal) => resolve((gone = signal ?? `code ${code}`)))
  })
  const pid = child.pid ?? 0
  const release = pid > 0 ? guard(`kill -9 ${pid}`) : () => {}
  void ended.then(release)
  const life: Life = {
    pid,
    ended,
    kill: signal => void child.kill(signal),
    async stop() {
      const harsh = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.kill('SIGTERM')
      child.kill('SIGCONT') // one that was stopped by a signal hears no other before
      await ended
      clearTimeout(harsh)
    },
  }
  for (const deadline = Date.now() + 60_000; ; await sleep(25)) {
    if (gone !== undefined) throw new Error(`${command} did not start (${gone}):\n${fileTail(path)}`)
    if (await options.ready()) return life
    if (Date.now() < deadline) continue
    await life.stop()
    throw new Error(`${command} was not ready within a minute:\n${fileTail(path)}`)
  }
}

/** The last lines of a log; empty when there is none. */
export function fileTail(path: string, lines = 20): string {
  try {
    return fs.readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  }
}

/** The first of these programs that the machine has: on the PATH, or a path of its own. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = names.flatMap(name => (name.includes('/') ? [name] : folders.map(folder => join(folder, name))))
  return candidates.find(path => {
    try {
      fs.accessSync(path, fs.constants.X_OK)
      return fs.statSync(path).isFile()
    } catch {
      return false
    }
  })
}

/** What a short program printed, both ways; undefined when it failed. */
export function outputOf(command: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout + stderr : undefined
}
