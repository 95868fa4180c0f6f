import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const command = join(import.meta.dirname, '../../tools/ohmnibus.js')
const clock = new URL('clock.ts', import.meta.url).href

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** The platform as its users start it: a process of its own, embedded engines, settings from the environment alone. */
export function launch({
  folder,
  port,
  environment = {},
  user,
}: {
  /** Where it works; the data are in `data` below it. */
  folder: string
  port: number
  environment?: Record<string, string>
  user?: { uid: number; gid: number }
}) {
  const startedAt = Date.now()
  const clockFile = join(folder, `clock-${port}`)
  const child = spawn(process.execPath, [command, 'start'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: `${port}`,
      OHMNIBUS_DATA: 'data',
      // What it does by itself is no part of what is counted.
      OHMNIBUS_DEMO: 'off',
      ...environment,
      NODE_OPTIONS: `--import=${clock} ${environment.NODE_OPTIONS ?? ''}`,
      CLOCK_ERROR_FILE: clockFile,
    },
    ...user,
  })
  let output = ''
  let ended: Exit | undefined
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (output = (output + text).slice(-100_000)))
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve((ended = { code, signal })))
  })
  const address = `http://127.0.0.1:${port}`

  return {
    pid: child.pid!,
    address,
    dataFolder: join(folder, 'data'),
    exit,
    /** All it has printed, errors too. */
    output: () => output,
    /** Resolves with the milliseconds it took; fails when it ends before, or takes longer than `patience`. */
    async ready(patience = 60_000): Promise<number> {
      for (const deadline = startedAt + patience; Date.now() < deadline; await sleep(10)) {
        if (ended)
          throw new Error(
            `The platform ended (${ended.signal ?? `code ${ended.code}`}) before it was ready:\n${output}`,
          )
        const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(
          () => undefined,
        )
        await answer?.arrayBuffer().catch(() => {})
        if (answer?.status === 200) return Date.now() - startedAt
      }
      throw new Error(`The platform was not ready within ${patience} ms:\n${output}`)
    },
    /** Puts its clock so many milliseconds before or behind the right time. */
    setClock: (error: number): void => writeFileSync(clockFile, String(error)),
    signal: (name: NodeJS.Signals): void => void child.kill(name),
    /** How it ended; fails when that takes longer than `patience`, and then it is killed. */
    async ends(patience: number): Promise<Exit & { ms: number }> {
      const from = Date.now()
      const timer = setTimeout(() => child.kill('SIGKILL'), patience)
      const how = await exit.finally(() => clearTimeout(timer))
      const ms = Date.now() - from
      if (ms >= patience) throw new Error(`The platform still ran after ${patience} ms:\n${output}`)
      return { ...how, ms }
    },
  }
}

export type Product = ReturnType<typeof launch>

/** What it printed last, or every line with `about` in it. */
export const saidBy = ({ output }: Product, about?: string): string =>
  about === undefined
    ? output().slice(-5_000)
    : output()
        .split('\n')
        .filter(line => line.includes(about))
        .join('\n')

/**
 * The processes that have the PostgreSQL data of a data folder as their working folder: all of that server's, and no
 * other's.
 */
export function serversOf(dataFolder: string): number[] {
  let cluster: string
  try {
    cluster = realpathSync(join(dataFolder, 'postgres', 'data'))
  } catch {
    return []
  }
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '') === cluster
      } catch {
        return false
      }
    })
}

/** Whether a process was started by `parent`, and not by somebody who is gone. */
export function isChildOf(pid: number, parent: number): boolean {
  try {
    // The name of the program stands in brackets and may hold anything; state and parent follow.
    const [, ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(ppid) === parent
  } catch {
    return false
  }
}

/** Kill -9, as if the power went. */
export function kill(pids: readonly number[]): void {
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL')
    } catch {} // gone by itself
}

/** Waits for something that comes about by itself; fails after `patience`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  patience: number,
): Promise<void> {
  for (const deadline = Date.now() + patience; !(await condition()); await sleep(50))
    if (Date.now() > deadline) throw new Error(`${what} did not come about within ${patience} ms`)
}
