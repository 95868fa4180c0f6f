import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { readConfig } from '../../kernel/config/config.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { deriveFrom } from '../../kernel/config/secrets.ts'
import { databaseAt } from '../../kernel/database/placement.ts'
import { openFiles } from '../../kernel/files/open.ts'
import { periodic } from '../../kernel/jobs/job.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { all as services } from '../../services/all.ts'
import { startEngine, type Engine, type EngineName } from '../../tools/engines/engine.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { pick } from '../journeys/random.ts'
import { prometheus, underFireSettings, type Site } from './harness.ts'
import { kill, launch, type Product, saidBy, until } from './product.ts'
import { openProxy, type Proxy } from './proxy.ts'

const engineNames = ['server', 'kafka', 'redis', 's3'] as const satisfies EngineName[]
/** Where an engine's address stands among its settings. */
const addressOf: Record<(typeof engineNames)[number], string> = {
  server: 'DATABASE_URL',
  kafka: 'KAFKA_BROKERS',
  redis: 'REDIS_URL',
  s3: 'S3_ENDPOINT',
}

/**
 * Each service in a process of its own behind the gateway, on real engines; every way from a process to an engine leads
 * through a bad network.
 */
export async function spreadSite(): Promise<
  Site & { disturbances: Record<string, (random: () => number) => Promise<void>> }
> {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-spread-'))
  const mails = join(folder, 'mails')
  const engines = new Map<EngineName, Engine>()
  const proxies = new Map<EngineName, Proxy>()
  const settings: Record<string, string> = {}
  const faults: string[] = []
  const processes = new Map<string, Product>()
  const frozen = new Set<Product>()

  const closeEngines = async (): Promise<void> => {
    await Promise.all([...proxies.values()].map(proxy => proxy.close()))
    await Promise.all([...engines.values()].map(engine => engine.stop()))
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await Promise.all(
      engineNames.map(async name => {
        const [port, behind, proxy] = [await freePort(), await freePort(), await freePort()]
        engines.set(name, await startEngine(name, { folder, port, proxied: { listen: behind, advertise: proxy } }))
        proxies.set(name, await openProxy({ port: name === 'kafka' ? behind : port }, proxy))
      }),
    )
  } catch (error) {
    await closeEngines()
    throw error
  }
  for (const name of engineNames) {
    Object.assign(settings, engines.get(name)!.settings)
    settings[addressOf[name]] = settings[addressOf[name]]!.replace(/:\d+(?=\/|$)/, `:${proxies.get(name)!.port}`)
  }

  // Two of some, so that there is somebody to take over, and somebody to share partitions with.
  const names = Object.keys(services).flatMap(name =>
    ['identity', 'notifications'].includes(name) ? [name, `${name}-2`] : [name],
  )
  const serviceOf = (name: string): string => name.replace(/-2$/, '')
  const ports = new Map(await Promise.all(names.map(async name => [name, await freePort()] as const)))
  const address = `http://127.0.0.1:${ports.get('gateway')}`
  const environment: Record<string, string> = {
    ...settings,
    ...underFireSettings,
    OHMNIBUS_SECRET: 'under fire: 0123456789abcdef 0123456789abcdef',
    PUBLIC_URL: address,
    HOST: '127.0.0.1',
    NOTIFICATION_LOG_PATH: mails,
    ...Object.fromEntries(
      [...Map.groupBy(names, serviceOf)].map(([service, copies]) => [
        `${service.toUpperCase()}_SERVICE_URL`,
        copies.map(copy => `http://127.0.0.1:${ports.get(copy)}`).join(','),
      ]),
    ),
  }
  const start = (name: string): void => {
    processes.set(
      name,
      launch({
        folder,
        port: ports.get(name)!,
        environment: { ...environment, OHMNIBUS_SERVICES: serviceOf(name), OHMNIBUS_DATA: `data-${name}` },
      }),
    )
  }
  const victim = (random: () => number): [string, Product] => pick(random, [...processes])

  /** Kill -9, expected by us. */
  const killed = async (name: string, product: Product): Promise<void> => {
    kill([product.pid])
    await product.ends(10_000)
    start(name)
  }

  /** One that has only begun to start does not yet know what to do when it is told to stop, and ends at once. */
  const endsWell = async (name: string, product: Product): Promise<void> => {
    product.signal('SIGTERM')
    const ended = await product.ends(15_000).catch((error: Error) => void faults.push(`${name}: ${error.message}`))
    if (!ended) return
    const { code, signal, ms } = ended
    if ((code !== 0 && signal !== 'SIGTERM') || ms > 6_000)
      faults.push(
        `${name} was told to stop and ended with ${signal ?? code} after ${ms} ms:\n${product.output().slice(-3_000)}`,
      )
  }

  /**
   * A process that ended by itself is a fault, but for one whose database went away while it started; it is started
   * again so that the rest goes on.
   */
  const supervise = async (): Promise<void> => {
    for (const [name, product] of processes) {
      const how = await Promise.race([product.exit, undefined])
      if (!how) continue
      if (!/Start again in a moment|cannot be reached/.test(product.output()))
        faults.push(`${name} ended by itself with ${how.signal ?? how.code}:\n${product.output().slice(-3_000)}`)
      start(name)
    }
  }

  const disturbances: Record<string, (random: () => number) => Promise<void>> = {
    'kill a process': async random => await killed(...victim(random)),
    'kill a process, and again while it starts': async random => {
      const [name, product] = victim(random)
      await killed(name, product)
      await sleep(random() * 1_500)
      await killed(name, processes.get(name)!)
    },
    'kill all processes': async () =>
      void (await Promise.all([...processes].map(([name, product]) => killed(name, product)))),
    'restart a process': async random => {
      const [name, product] = victim(random)
      await endsWell(name, product)
      start(name)
    },
    'freeze a process': async random => {
      const [, product] = victim(random)
      product.signal('SIGSTOP')
      frozen.add(product)
      await sleep(random() < 0.1 ? 40_000 : random() * 6_000)
      frozen.delete(product)
      product.signal('SIGCONT')
    },
    'clock of a process a minute wrong': async random => {
      const [, product] = victim(random)
      product.setClock(random() < 0.5 ? 60_000 : -60_000)
      await sleep(random() * 6_000)
      product.setClock(0)
    },
    'restart PostgreSQL': async () => await engines.get('server')!.restart(),
    'PostgreSQL is read-only': async random => {
      const say = (mode: 'on' | 'off') =>
        peek('kernel', async db => {
          await db`set default_transaction_read_only = off`
          await db.unsafe(`alter system set default_transaction_read_only = ${mode}`)
          await db`select pg_reload_conf()`
        })
      await say('on')
      await sleep(random() * 4_000)
      await say('off')
    },
    'PostgreSQL takes no more connections': async random => {
      const { at, admin } = server()
      const most = await peek(
        'kernel',
        async db => (await db`select current_setting('max_connections')::int as most`)[0]!.most as number,
      )
      // Each pool one connection, till there are none left for those who lose theirs.
      const pools = Array.from({ length: most }, () => openPool(at, admin, { schema: 'public', max: 1 }))
      await Promise.allSettled(pools.map(pool => pool`select 1`))
      proxies.get('server')!.shake()
      await sleep(1_000 + random() * 3_000)
      await Promise.all(pools.map(pool => pool.end({ timeout: 1 })))
    },
    'flush Redis': async () => {
      const redis = new Redis(engines.get('redis')!.settings.REDIS_URL!, { lazyConnect: true })
      await redis.connect()
      await redis.flushall()
      redis.disconnect()
    },
  }
  for (const name of engineNames) {
    const engine = engines.get(name)!
    const proxy = proxies.get(name)!
    disturbances[`kill ${name}`] = async random => {
      engine.kill()
      await sleep(random() * 3_000)
      await engine.restart()
      if (random() > 0.3) return
      await sleep(random() * 1_000)
      engine.kill()
      await engine.restart()
    }
    disturbances[`cut off ${name}`] = async random => {
      proxy.cut()
      await sleep(random() < 0.05 ? 60_000 : random() * 5_000)
      proxy.heal()
    }
    disturbances[`slow ${name}`] = async random => {
      proxy.delay(20 + random() * 300)
      await sleep(random() * 5_000)
      proxy.heal()
    }
    disturbances[`silent ${name}`] = async random => {
      proxy.silence()
      await sleep(random() * 8_000)
      proxy.heal()
    }
    disturbances[`shake ${name}`] = async () => proxy.shake()
  }

  const server = () =>
    databaseAt(engines.get('server')!.settings.DATABASE_URL!, deriveFrom(Buffer.from(environment.OHMNIBUS_SECRET!)))
  const peek: Site['peek'] = async (_service, look, role) => {
    const { at, admin } = server()
    const pool = openPool(at, role ?? admin, { schema: role ?? 'public', readOnly: role !== undefined, max: 1 })
    try {
      return await look(pool)
    } finally {
      await pool.end({ timeout: 1 })
    }
  }

  for (const name of names) start(name)
  const config = readConfig({ ...environment, ...engines.get('s3')!.settings })
  const files = await openFiles({
    config,
    dataFolder: folder,
    now: () => new Date(),
    log: openLog({ level: 'silent' }),
    metrics: openMetrics(),
  })

  return {
    disturbances,
    address,
    mails,
    files,
    faults,
    peek,
    output: about => [...processes].map(([name, product]) => `── ${name}\n${saidBy(product, about)}`).join('\n'),
    async disturb(random) {
      await supervise()
      const what = pick(random, Object.keys(disturbances))
      await disturbances[what]!(random)
      return what
    },
    async ready() {
      const began = Date.now()
      for (const name of names)
        await until(
          `${name} ready`,
          async () => {
            await supervise()
            const answer = await fetch(`http://127.0.0.1:${ports.get(name)}/health/ready`, {
              signal: AbortSignal.timeout(2_000),
            }).catch(() => undefined)
            await answer?.arrayBuffer().catch(() => {})
            return answer?.status === 200
          },
          120_000,
        ).catch((error: Error) => {
          throw new Error(`${error.message}\n${processes.get(name)!.output().slice(-5_000)}`)
        })
      return Date.now() - began
    },
    async settled() {
      /** How much is left to do, and of what. */
      const open = async (db: Pool): Promise<{ left: number; what: string }> => {
        const lags: Record<string, number> = {}
        for (const name of names) {
          const figures = await (
            await fetch(`http://127.0.0.1:${ports.get(name)}/metrics`, { headers: prometheus })
          ).text()
          for (const [line, lag] of figures.matchAll(/^ohmnibus_kafka_lag\{.*\} (\d+)$/gm))
            if (lag !== '0') lags[`${name}: ${line}`] = Number(lag)
        }
        // Periodic work always has its next run before it.
        const work = periodic('%', '%')
        const [row] = await db<{ unsent: number; failing: number; jobs: number; examples: unknown }[]>`
          select (select coalesce(max(position), 0) - (select position from kernel.relay) from kernel.log)::int as unsent,
            (select count(*)::int from kernel.dead_letters where state <> 'dead') as failing, (select count(*)::int from graphile_worker.jobs where task_identifier not like ${work}) as jobs,
            json_build_array(
              (select json_agg(p) from (select subscription, state, attempts, error from kernel.dead_letters where state <> 'dead' limit 5) p),
              (select json_agg(j) from (select task_identifier, attempts, last_error, run_at, locked_at from graphile_worker.jobs where task_identifier not like ${work} limit 5) j)
            ) as examples`
        const left = row!.unsent + row!.failing + row!.jobs + Object.values(lags).reduce((sum, lag) => sum + lag, 0)
        return { left, what: JSON.stringify({ ...row, lags }) }
      }
      await peek('kernel', async db => {
        // As long as it gets less: an hour may leave a lot behind.
        let least = Infinity
        for (let nothing = 0, deadline = 0; nothing < 2; await sleep(200)) {
          const { left, what } = await open(db)
          nothing = left === 0 ? nothing + 1 : 0
          if (left < least) [least, deadline] = [left, performance.now() + 60_000]
          if (left > 0 && performance.now() > deadline)
            throw new Error(`not every event handled and every job done: ${what}`)
        }
      })
    },
    async close() {
      try {
        for (const product of frozen) product.signal('SIGCONT')
        await supervise()
        for (const [name, product] of processes) {
          await endsWell(name, product)
        }
      } finally {
        kill([...processes.values()].map(({ pid }) => pid))
        await Promise.all([...processes.values()].map(({ exit }) => exit))
        await closeEngines()
      }
    },
  }
}
