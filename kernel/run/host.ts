import type { FastifyInstance } from 'fastify'
import type { TObject } from 'typebox'
import { noteAct } from '../../contracts/admin.ts'
import type { EventContract } from '../../contracts/define.ts'
import { personalDataOf } from '../../contracts/personal.ts'
import type { Tokens } from '../access/tokens.ts'
import type { Cache } from '../cache/cache.ts'
import type { Calls } from '../calls/calls.ts'
import type { Peers } from '../calls/peers.ts'
import type { Config } from '../config/config.ts'
import { settingsShown } from '../config/shown.ts'
import type { Pool } from '../database/database.ts'
import { openDatabase } from '../database/open.ts'
import { openPool } from '../database/pool.ts'
import type { Subscribing } from '../events/events.ts'
import type { LinkedFiles } from '../files/links.ts'
import { mount } from '../http/http.ts'
import { newId } from '../ids.ts'
import { enqueue } from '../jobs/jobs.ts'
import type { Mail } from '../mail/mail.ts'
import { openPersonal } from '../personal/personal.ts'
import { StartError } from '../problem.ts'
import type { FrontHost, Host, ReactionToMany, Service } from '../service.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Closing } from './closing.ts'
import type { Datastore } from './datastore.ts'

/** What the services of a process share. */
export interface World {
  readonly config: Config
  /** In the order they start. */
  readonly services: readonly Service[]
  /** What each service declared, as it was read. */
  readonly settings: ReadonlyMap<string, unknown>
  readonly datastores: readonly Datastore[]
  readonly app: FastifyInstance
  readonly access: Tokens
  readonly calls: Calls
  readonly peers: Peers
  readonly files: LinkedFiles
  readonly cache: Cache
  readonly mail: Mail
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => Date
  readonly derive: (purpose: string) => Buffer
  /** Of the services; they end together. */
  readonly pools: Pool[]
  /** Of engines, by name. */
  readonly checks: Record<string, () => PromiseLike<unknown>>
  readonly announcements: { label: string; value: string }[]
  readonly announced: ((label: string, value: string) => void) | undefined
  /** What `/health` says of services in other processes; replaced by who stands before them. */
  elsewhere: () => Promise<Record<string, string>>
  readonly closing: Closing
}

/** Starts a service on its part of the world. Fails with `StartError`, or an error that names the service. */
export async function startService(world: World, service: Service): Promise<void> {
  const front: Pick<FrontHost, 'peers' | 'reportElsewhere'> = {
    peers: world.peers,
    reportElsewhere: work => void (world.elsewhere = work),
  }
  const host = hostOf(world, service)
  if (service.personal) host.answer(personalDataOf(service.name), openPersonal(host.db, service.personal))
  try {
    await service.start(service.front ? { ...host, ...front } : host)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new Error(`The service ${service.name} could not start`, { cause: error })
  }
}

/** All a service sees. What it may ask is checked by name. */
function hostOf(world: World, service: Service): Host<string, any, TObject> {
  const { config, app, calls, closing } = world
  const { name, prefix = `/api/${name}` } = service
  const datastore = world.datastores.find(({ residents }) => residents.includes(service))!
  const { events, jobs, schedule } = datastore
  const [first] = world.datastores
  const db = databaseOf(world, datastore, name)
  const subscribe = <E extends EventContract>(event: E, about: Subscribing, reaction: ReactionToMany<E, string>) => {
    // A stand-in in a test lists nothing and may stand for anything.
    const owner = world.services.find(({ name }) => name === event.owner)
    if (owner?.publishes && !owner.publishes.some(({ topic }) => topic === event.topic))
      throw new StartError(
        `${name} subscribes to ${event.topic}, which ${event.owner} does not list under what it publishes.`,
      )
    events.subscribe(name, db, event, about, reaction)
  }
  const { needs = [], asksLater = [] } = service
  const needed = new Set([...needs, ...asksLater].map((call: { name: string }) => call.name))
  return {
    name,
    platform: {
      mode: config.mode,
      publicUrl: config.publicUrl,
      dataFolder: config.dataFolder,
      corsOrigins: config.CORS_ORIGINS,
      rateLimitFactor: config.RATE_LIMIT_FACTOR,
      shown: () => settingsShown(config, world.services),
    },
    settings: world.settings.get(name) as never,
    db,
    http: mount(app, [prefix].flat(), name),
    site: mount(app, [''], name),
    files: world.files,
    cache: world.cache,
    mail: world.mail,
    now: world.now,
    log: world.log.child({ service: name }),
    metrics: world.metrics,
    secret: world.derive,
    ask(call, input) {
      if (!needed.has(call.name)) throw new Error(`${name} asks ${call.name} without naming it in its needs`)
      return calls.ask(call, input, name)
    },
    isAnswered: calls.answers,
    answer(call, handler) {
      if (call.owner !== name) throw new StartError(`${name} answers ${call.name}, which belongs to ${call.owner}.`)
      calls.answer(call, handler)
    },
    on: (event, about, reaction) => subscribe(event, { ...about, single: true }, ([only], tx) => reaction(only!, tx)),
    onMany: subscribe,
    watch: (event, handler) => first!.events.watch(event, handler),
    replays: events.replays(name),
    say: async (channel, word) => void (await datastore.pool`select pg_notify(${`${name} ${channel}`}, ${word})`),
    hear: async (channel, heard) => void (await datastore.pool.listen(`${name} ${channel}`, heard)),
    acted: actsOf(world, name, jobs),
    job: (label, handler, about) => jobs.define(`${name}.${label}`, handler, about),
    every: (interval, purpose, work) => schedule.every(name, interval, purpose, work),
    check: (engine, look) => void (world.checks[engine] = look),
    announce(label, value) {
      world.announcements.push({ label, value })
      world.announced?.(label, value)
    },
    onStop: work => closing.push(work),
  }
}

/** What an admin did is written down after the transaction that does it, tried until it is. */
function actsOf({ calls, now }: World, service: string, jobs: Datastore['jobs']): Host['acted'] {
  const name = `${service}.write down what an admin did`
  const job = jobs.define<object>(name, act => calls.ask(noteAct, act, service), { tries: 25 })
  return async (tx, { userId: actorId }, act, object, details = {}) => {
    const [id, at] = [newId(now().getTime()), now().toISOString()]
    if (calls.answers(noteAct)) await tx.enqueue(job, { id, at, service, actorId, act, object, details })
  }
}

/** The schema of a service, over connections of its own. */
function databaseOf({ access, metrics, pools }: World, { at, events, room }: Datastore, name: string) {
  const pool = openPool(at, name, { readOnly: true })
  pools.push(pool)
  return openDatabase(pool, name, {
    enqueue,
    committed(published) {
      access.committed(published)
      events.committed(published.map(({ event }) => event.topic))
    },
    failed: error => room.failed(name, error),
    metrics,
  })
}
