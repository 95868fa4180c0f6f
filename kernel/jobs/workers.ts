import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, run, type Runner, type TaskList } from 'graphile-worker'
import type { Log } from '../telemetry/log.ts'

/** Does some of the jobs of a database, so many at a time. */
export interface Workers {
  start(): Promise<void>
  stop(): Promise<void>
}

const ignore = (): void => {}

/** The engine says nothing by itself; what matters is logged by who uses it. */
const quiet = new Logger(() => () => {})

/**
 * Runs the engine; when it ends on its own, as it does when it cannot write down that a job is done, another one
 * begins. `took` and `left` hear under which name it holds its jobs.
 */
export function openWorkers(options: {
  connectionString: string
  tasks: TaskList
  places: number
  connections: number
  /** It is planned for these tasks alone, not for any: quick also when very many others wait. */
  planned?: boolean
  log: Log
  took(poolId: string): void
  left(poolId: string): Promise<unknown>
}): Workers {
  const { connectionString, tasks: taskList, places, connections, planned = false, log, took, left } = options
  let runner: Runner | undefined
  let poolId = ''
  let stopped = false
  /** The connections of the runner. */
  let connectionsOf: { ended: boolean } | undefined

  async function begin(): Promise<void> {
    runner = await run({
      connectionString,
      taskList,
      noHandleSignals: true,
      logger: quiet,
      // Without its local queue: what that holds would wait for hours when it cannot be given back, and its failure
      // ends the process.
      preset: {
        worker: {
          concurrentJobs: places,
          maxPoolSize: connections,
          preparedStatements: !planned,
          pollInterval: 2000,
          // Stopping waits for three seconds: who hears that it is time has one to end well.
          gracefulShutdownAbortTimeout: 2000,
        },
      },
      events: new EventEmitter().on('pool:create', ({ ctx, workerPool }) => {
        poolId = workerPool.id
        took(poolId)
        connectionsOf = ctx.pgPool
        // When it stops, the engine no longer listens for errors of connections that are still ending: one of these
        // would end the process.
        ctx.pgPool
          .on('error', ignore)
          .on('acquire', (client: EventEmitter) => client.off('error', ignore).on('error', ignore))
      }),
    })
    void runner.promise.then(() => again(undefined), again)
  }

  async function again(cause: unknown): Promise<void> {
    if (stopped) return
    log.warn({ err: cause }, 'the job engine stopped; starting it again')
    // What the former one held is free as soon as nobody shows that it lives.
    await left(poolId).catch(ignore)
    await sleep(1_000, undefined, { ref: false })
    if (stopped) return
    await begin().catch(again)
    if (stopped) await runner?.stop().catch(ignore)
  }

  return {
    start: begin,
    async stop() {
      stopped = true
      await runner?.stop().catch(ignore)
      // The engine does not wait until it is written down that the last ones are done or failed: they would be done
      // again.
      for (let waits = 0; connectionsOf?.ended === false && waits < 300; waits++) await sleep(10)
    },
  }
}
