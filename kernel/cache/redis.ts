import { circuitBreaker, ConsecutiveBreaker, handleWhen } from 'cockatiel'
import { Redis, ReplyError } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Cache, Taken } from './cache.ts'
import { limitsOver } from './limits.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openOutage } from '../telemetry/outage.ts'
import { Problem } from '../problem.ts'

/** No answer of Redis is worth waiting longer for. */
const patience = 250
/** For so long after a failure nobody asks; then one does, and the others follow what it finds. */
const pause = 500

const hold = `
  local holder = redis.call('get', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`

const release = `
  if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`

/**
 * The cache that all processes share, in Redis or Valkey (`redis://`, `rediss://`), all keys below `prefix`. While it
 * is away or too slow, each operation counts into `ohmnibus_cache_failures_total` and answers as `Cache` says, within
 * 250 ms; it comes back by itself.
 */
export function redisCache(options: { url: string; prefix: string; factor: number; log: Log; metrics: Metrics }): {
  cache: Cache
  check(): Promise<void>
  close(): Promise<void>
} {
  const redis = openClient(options)
  const { attempt, trouble } = watch(redis, options)

  const lost = (): undefined => undefined
  const presence = (key: string): string => `presence:${key}`
  const entry = (key: string): string => `entry:${key}`

  const limits = limitsOver(
    (name, rate) => new RateLimiterRedis({ storeClient: redis, keyPrefix: `limit:${name}`, ...rate }),
    options.factor,
  )

  const cache: Cache = {
    async get<T>(key: string) {
      const text = await attempt(
        'get',
        () => redis.get(entry(key)),
        () => null,
      )
      return text === null ? undefined : (JSON.parse(text) as T)
    },
    set: (key, value, ttlMs) =>
      value === undefined
        ? cache.delete(key)
        : (attempt<unknown>(
            'set',
            () => redis.set(entry(key), JSON.stringify(value), 'PX', whole(ttlMs)),
            lost,
          ) as Promise<void>),
    delete: key => attempt<unknown>('delete', () => redis.del(entry(key)), lost) as Promise<void>,
    limit(name, rate) {
      const limit = limits(name, rate)
      return {
        async take(key, points) {
          const taken = await attempt('limit', () => takenOrRefusal(limit.take(key, points)), lost)
          if (taken instanceof Problem) throw taken
          return taken
        },
        reset: key => attempt('limit', () => limit.reset(key), lost),
      }
    },
    hold: (key, holder, ttlMs) =>
      attempt('presence', async () => (await redis.eval(hold, 1, presence(key), holder, whole(ttlMs))) === 1, refuse),
    holder: key => attempt('presence', async () => (await redis.get(presence(key))) ?? undefined, refuse),
    release: (key, holder) =>
      attempt<unknown>('presence', () => redis.eval(release, 1, presence(key), holder), refuse) as Promise<void>,
  }
  return {
    cache,
    async check() {
      await redis.ping().catch(error => {
        throw trouble() ?? error
      })
    },
    async close() {
      await redis.quit().catch(() => redis.disconnect())
    },
  }
}

const openClient = ({ url, prefix }: { url: string; prefix: string }): Redis =>
  new Redis(url, {
    keyPrefix: prefix,
    connectTimeout: 2_000,
    commandTimeout: patience,
    // A connection that only seems to be there is opened anew.
    socketTimeout: 2_000,
    retryStrategy: tries => Math.min(tries * 50, 500),
    maxRetriesPerRequest: 0,
    // What nobody waits for any more is not done later.
    autoResendUnfulfilledCommands: false,
    // A replica that was the master before.
    reconnectOnError: error => error.message.startsWith('READONLY'),
  })

/** Attempts with Redis, none of them while it is away, and what its connection says of that. */
function watch(redis: Redis, { log, metrics }: { log: Log; metrics: Metrics }) {
  const outage = openOutage({
    engine: 'cache',
    consequence: 'limits let everybody through and nothing is cached',
    log,
    metrics,
  })
  // What the connection says tells more than what becomes of a command without one.
  let trouble: Error | undefined
  redis.on('error', error => (trouble = error))
  redis.on('ready', () => (trouble = undefined))

  // An answer, even one that says no, came in time.
  const circuit = circuitBreaker(
    handleWhen(error => !(error instanceof ReplyError)),
    { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(1) },
  )
  circuit.onFailure(({ reason }) => {
    if ('error' in reason) trouble ??= reason.error as Error
  })

  async function attempt<T>(operation: string, work: () => Promise<T>, otherwise: () => T): Promise<T> {
    try {
      const result = await circuit.execute(work)
      outage.worked()
      return result
    } catch (error) {
      outage.failed(operation, (error instanceof ReplyError ? undefined : trouble) ?? error)
      return otherwise()
    }
  }
  return { attempt, trouble: () => trouble }
}

const refuse = (): never => {
  throw new Problem('unavailable', 'presence_unavailable', {
    detail: 'Who is connected where cannot be told at the moment.',
    retryAfter: 1,
  })
}

const whole = (ttlMs: number): number => Math.max(1, Math.round(ttlMs))

/** That there are no points left is an answer of Redis like any other. */
const takenOrRefusal = (taking: Promise<Taken | undefined>): Promise<Taken | Problem | undefined> =>
  taking.catch(error => {
    if (error instanceof Problem) return error
    throw error
  })
