import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { databaseAt } from '../../kernel/database/placement.ts'
import type { Settings } from '../../kernel/config/settings.ts'
import { all } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { engine } from '../engines/engine.ts'
import type { Order } from './child.ts'

/** A process that waits for a platform to run. */
class Worker {
  readonly child: ChildProcess
  // What a process answers is JSON of any shape.
  readonly #waiting = new Map<number, { resolve(value: any): void; reject(error: Error): void }>()
  #orders = 0

  constructor() {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    this.child = fork(join(import.meta.dirname, 'child.ts'), { env, execArgv: [] })
    this.child.on('message', ({ id, value, fault }: { id: number; value: unknown; fault?: string }) => {
      const waiting = this.#waiting.get(id)!
      this.#waiting.delete(id)
      if (fault) waiting.reject(new Error(fault))
      else waiting.resolve(value)
    })
    this.child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process ended with ${signal ?? code}`))
    })
    // What tests run in does not wait for those who wait for it.
    this.child.unref()
    this.child.channel!.unref()
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  async tell(
    order:
      | { do: 'start'; environment: Settings; clock?: string | undefined }
      | { do: 'strike'; service: string; like: string }
      | { do: 'settle' | 'stop' },
  ): Promise<any> {
    const id = this.#orders++
    const { promise, resolve, reject } = Promise.withResolvers<any>()
    this.#waiting.set(id, { resolve, reject })
    this.child.channel?.ref()
    this.child.send({ id, ...order } as Order)
    return await promise.finally(() => this.#waiting.size === 0 && this.child.channel?.unref())
  }
}

/** Those that are there for the next test: Node starts once, and the platform is loaded once. */
const idle: Worker[] = []
const workers: Worker[] = []
after(() => workers.forEach(({ child }) => child.kill('SIGKILL')))

function hire(): Worker {
  for (let worker = idle.pop(); worker; worker = idle.pop()) if (!worker.ended) return worker
  const worker = new Worker()
  workers.push(worker)
  return worker
}

/** A running process of a platform. */
export interface Part {
  readonly service: string
  readonly copy: number
  readonly address: string
  /** Kill -9. */
  kill(): Promise<void>
}

/** The secret of all platforms on the engines of a test run: roles are of the whole PostgreSQL server. */
const secret = 'a secret for tests: 0123456789abcdef'

/**
 * The platform over processes on real engines: each service in `copies` of its own, behind a gateway. Skips the test
 * where an engine is missing. `parts` starts with these only; the others can follow. One of several services, with
 * commas, has them in one process, which the gateway knows by one address. What time it is stands in the file `clock`,
 * if there is one.
 */
export async function startProcesses(
  t: TestContext,
  copies: number,
  options: { environment?: Settings; parts?: readonly string[]; clock?: string } = {},
) {
  const engines = Object.assign(
    {},
    ...(await Promise.all((['server', 'kafka', 'redis', 's3'] as const).map(name => engine(t, name)))),
  )
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-processes-'))
  const running = new Map<Part, Worker>()
  t.after(async () => {
    await Promise.all(
      [...running.values()].map(async worker => {
        await worker.tell({ do: 'stop' })
        idle.push(worker)
      }),
    )
    await rm(folder, { recursive: true, force: true })
  })

  const names = Object.keys(all).filter(name => name !== 'gateway')
  const ports = new Map<string, number[]>()
  for (const name of names) ports.set(name, await Promise.all(Array.from({ length: copies }, freePort)))
  for (const part of options.parts ?? []) {
    const together = part.split(',')
    const first = together.map(name => ports.get(name)).find(Boolean)
    if (together.length > 1) for (const name of [part, ...together]) ports.set(name, first!)
  }
  const port = Number(options.environment?.PORT ?? (await freePort()))
  ports.set('gateway', [port])
  const mailFolder = join(folder, 'mails')
  const shared: Settings = {
    ...engines,
    OHMNIBUS_SECRET: secret,
    PUBLIC_URL: `http://localhost:${port}`,
    HOST: '127.0.0.1',
    RATE_LIMIT_FACTOR: '1000',
    NOTIFICATION_LOG_PATH: mailFolder,
    ...options.environment,
    ...Object.fromEntries(
      names.map(name => [
        `${name.toUpperCase()}_SERVICE_URL`,
        ports
          .get(name)!
          .map(port => `http://127.0.0.1:${port}`)
          .join(','),
      ]),
    ),
  }

  /** The process of a service, the first unless said. */
  async function startPart(service: string, copy = 0): Promise<Part> {
    const worker = hire()
    const port = String(ports.get(service)?.[copy] ?? (await freePort()))
    const environment = {
      ...shared,
      PORT: port,
      OHMNIBUS_SERVICES: service,
      OHMNIBUS_DATA: join(folder, port),
    }
    const address = await worker.tell({ do: 'start', environment, clock: options.clock }).catch(error => {
      idle.push(worker)
      throw error
    })
    const part: Part = {
      service,
      copy,
      address,
      async kill() {
        running.delete(part)
        const ended = new Promise(resolve => worker.child.once('exit', resolve))
        worker.child.kill('SIGKILL')
        await ended
      },
    }
    running.set(part, worker)
    return part
  }

  const wanted = options.parts ?? [...names, 'gateway']
  const starts = wanted.flatMap(name =>
    Array.from({ length: name === 'gateway' ? 1 : copies }, (_, copy) => startPart(name, copy)),
  )
  // All of them, or what started would be left to the next test.
  const [failed] = (await Promise.allSettled(starts)).filter(result => result.status === 'rejected')
  if (failed) throw failed.reason
  const services = wanted.flatMap(name => name.split(','))
  if (wanted.includes('gateway')) await heardOf(`http://127.0.0.1:${port}`, services)

  const { at, admin } = databaseAt(engines.DATABASE_URL!, () => Buffer.alloc(32))
  const kernel = openPool(at, admin, { schema: 'kernel', max: 1 })
  t.after(() => kernel.end({ timeout: 1 }))
  const newest = async (): Promise<string> =>
    (await kernel`select coalesce(max(position), 0)::text as newest from log`)[0]!.newest

  return {
    address: `http://127.0.0.1:${port}`,
    publicUrl: shared.PUBLIC_URL!,
    mailFolder,
    kernel,
    startPart,
    /** Running processes of a service, in no order. */
    parts: (service: string): Part[] => [...running.keys()].filter(part => part.service === service),
    /** Does the periodic works of a service whose purpose is like this, in each of its processes. */
    async strike(service: string, like: RegExp): Promise<void> {
      for (const [part, worker] of running)
        if (part.service.split(',').includes(service)) await worker.tell({ do: 'strike', service, like: like.source })
    },
    /** Resolves once nothing is left to do in any process. */
    async settle(): Promise<void> {
      for (let rounds = 0; rounds < 100; rounds++) {
        const before = await newest()
        await Promise.all([...running.values()].map(worker => worker.tell({ do: 'settle' })))
        // One process may have made work for another that had said it had none.
        if (before === (await newest())) return
      }
      assert.fail('the processes do not come to rest')
    },
  }
}

/** A gateway that started beside the others may be there before it has heard of all: it says so, and is asked again. */
async function heardOf(gateway: string, services: readonly string[]): Promise<void> {
  for (const deadline = performance.now() + 20_000; ; await sleep(50)) {
    const answer = (await (await fetch(`${gateway}/health`)).json()) as { services: Record<string, string> }
    if (services.every(name => answer.services[name] === 'ok')) return
    if (performance.now() > deadline) throw new Error(`not all services are heard of: ${JSON.stringify(answer)}`)
  }
}
