import type { Static, TObject } from 'typebox'
import type { CallContract, EventContract, EventData } from '../contracts/define.ts'
import type { EventActor } from '../contracts/shared.ts'
import type { Cache } from './cache/cache.ts'
import type { Settings, SettingShown } from './config/settings.ts'
import type { Database, Db, Tx } from './database/database.ts'
import type { Files } from './files/files.ts'
import type { Http } from './http/http.ts'
import type { Problems } from './http/problems.ts'
import type { JobHandler, JobOptions, Job } from './jobs/job.ts'
import type { Log } from './telemetry/log.ts'
import type { Mail } from './mail/mail.ts'
import type { Metrics } from './telemetry/metrics.ts'
import type { Peers } from './calls/peers.ts'
import type { PersonalTables } from './personal/personal.ts'

/** An event as its readers get it: the envelope and the data, flat. */
export type Delivered<E extends EventContract> = {
  eventId: string
  timestamp: string
  actor: EventActor
} & EventData<E>

/**
 * Changes rows in the kernel's transaction; effects outside the database are a job enqueued there. Runs again after a
 * failure.
 */
export type Reaction<E extends EventContract, Name extends string> = (
  event: Delivered<E>,
  tx: Tx<Name>,
) => Promise<unknown>

/** The same for all that wait of a topic, 200 at most, in their order; none of it stays when it fails for one. */
export type ReactionToMany<E extends EventContract, Name extends string> = (
  events: readonly Delivered<E>[],
  tx: Tx<Name>,
) => Promise<unknown>

/** What a reaction is to its service; one to a topic. */
export interface ReactionAbout {
  /** Its name within the service, for ever: with another it is another reaction, and begins where it says. */
  id: string
  /** In words, for people; may be reworded. */
  purpose: string
  /** What it handles when it is new: all there is, or only what is published from its first start on. */
  from: 'beginning' | 'now'
  /**
   * What later events of a key do while an earlier one has failed: `wait`, as where nothing is said, keeps their order,
   * `pass` does not hold them up.
   */
  afterFailure?: 'wait' | 'pass'
  /**
   * Milliseconds until it takes what came after its last batch, so that under load few transactions do the work of many;
   * what comes by itself is handled at once.
   */
  restMs?: number
}

export type Answer<C extends CallContract> = (input: Static<C['input']>) => Promise<Static<C['output']>>

/** Asks another service; only what `needs` or `asksLater` lists. Throws inside a transaction, and what the other side fails with. */
export type Ask<Needs extends CallContract> = <C extends Needs>(
  call: C,
  input: Static<C['input']>,
) => Promise<Static<C['output']>>

/** Where reactions stand, to be kept; opaque. */
export type Standing = readonly { subscription: string; partition: number; offset: number }[]

/** For what can be made anew from all that ever happened. */
export interface Replays {
  /** Where all reactions of the service stand now. */
  standing(): Promise<Standing>
  /** All of them handle again all there is, from the beginning; what is new comes behind that. */
  begin(): Promise<void>
  /** Whether each of them stands there again, or further on. */
  reached(standing: Standing): Promise<boolean>
}

/** `500 ms`, `30 seconds`, `10 minutes`, `1 hour`, `1 day`. */
export type Interval =
  `${number} ${'ms' | 'second' | 'seconds' | 'minute' | 'minutes' | 'hour' | 'hours' | 'day' | 'days'}`

/** What every service may know of the platform it runs on. */
export interface PlatformSettings {
  readonly mode: 'evaluation' | 'production'
  /** The address links carry, without a slash at the end. */
  readonly publicUrl: string
  readonly dataFolder: string
  /** Origins a browser may send cookies from, beside our own. */
  readonly corsOrigins: string[]
  /** Multiplies every limit. */
  readonly rateLimitFactor: number
  /** What this process runs with, and where that comes from; nothing of it is a secret. */
  readonly shown: () => readonly SettingShown[]
}

/** All a service ever sees of the world around it. */
export interface Host<Name extends string = string, Needs extends CallContract = never, S extends TObject = TObject> {
  readonly name: Name
  readonly platform: PlatformSettings
  /** What the service declared in `settings`, read from the environment. */
  readonly settings: Static<S>
  /** The service's own schema; `tx.publish` takes only events that `Name` owns. */
  readonly db: Database<Name>
  /** Mounted under the service's prefixes. */
  readonly http: Http
  /** Mounted at the root, for well-known addresses and pages. */
  readonly site: Http
  readonly files: Files
  readonly cache: Cache
  readonly mail: Mail
  readonly now: () => Date
  readonly log: Log
  readonly metrics: Metrics
  readonly ask: Ask<Needs>
  /** Whether there is somebody to ask: here, or at an address that was given. It may be away all the same. */
  isAnswered(call: Needs): boolean
  /** 32 bytes derived from the platform's secret for one purpose; the same in every process. */
  secret(purpose: string): Buffer
  answer<C extends CallContract<Name>>(call: C, handler: Answer<C>): void
  /** Once an event, in the kernel's transaction, whichever process does it. */
  on<E extends EventContract>(event: E, about: ReactionAbout, reaction: Reaction<E, Name>): void
  /** As `on`, with as many events a transaction as wait: for what comes by the thousand. */
  onMany<E extends EventContract>(event: E, about: ReactionAbout, reaction: ReactionToMany<E, Name>): void
  /** In every process, at least once an event and only from now on; for what a process holds in memory. */
  watch<E extends EventContract>(event: E, handler: (event: Delivered<E>) => void): void
  readonly replays: Replays
  /**
   * Says a word (8,000 bytes at most) to the processes of the service that hear this channel now: at once, or never
   * where a connection breaks. For what is found without it too, only later.
   */
  say(channel: string, word: string): Promise<void>
  hear(channel: string, heard: (word: string) => void): Promise<void>
  /** What an admin does here and no event tells is written down with the transaction: ids and numbers, no names. */
  acted(tx: Tx, actor: { userId: string }, act: string, object: string, details?: object): Promise<void>
  /** A task that survives the process: `tx.enqueue(job, payload)` adds it together with the change that wants it. */
  job<P extends object>(name: string, handler: JobHandler<P>, options?: JobOptions): Job<P>
  /** In one process at a time. */
  every(interval: Interval, purpose: string, work: () => Promise<void>): void
  /** What a service stands on alone, by name in `/health` and, where it is away, in the log at the start: `look` fails. */
  check(engine: string, look: () => PromiseLike<unknown>): void
  /** A line of the banner that the first start prints, and told at once in case none comes; never logged. */
  announce(label: string, value: string): void
  /** Runs when the platform stops: no request is under way any more, the database is still open. */
  onStop(work: () => Promise<void> | void): void
}

/** What a service has that stands before the other processes. */
export interface FrontHost<Name extends string = string, S extends TObject = TObject> extends Host<Name, never, S> {
  readonly peers: Peers
  /** What `/health` says of services in other processes, by name: `ok`, `away`, or what holds of some. */
  reportElsewhere(work: () => Promise<Record<string, string>>): void
}

/** Code with tables of its own that services include: each that does has these tables in its own schema, for itself. */
export interface Module {
  /** In one word; the database knows its migrations as `<service>/<name>`. */
  readonly name: string
  /** `import.meta.dirname`; its `migrations/` are applied before those of the service, and know nothing of it. */
  readonly folder: string
}

/** Declares a module, for `includes`. */
export const defineModule = (module: Module): Module => module

/** A service as a value. Nothing runs before `start`. */
export interface ServiceDefinition<
  Name extends string = string,
  Needs extends CallContract = CallContract,
  S extends TObject = TObject,
> {
  /** Folder, schema, role, URL prefix and topic owner in one word. */
  readonly name: Name
  /** A sentence for who reads the API document. */
  readonly about?: string
  /** Codes its routes refuse with, beside the kernel's. */
  readonly problems?: Problems
  /** `import.meta.dirname`; its `migrations/` are applied before start. */
  readonly folder: string
  /** Default `/api/<name>`; several serve the same routes. */
  readonly prefix?: string | readonly string[]
  /** Modules whose tables stand in its schema; its own migrations may refer to them. */
  readonly includes?: readonly Module[]
  readonly needs?: readonly Needs[]
  /** Asked of who runs by then: neither waits for the other at the start, so that they may ask each other. */
  readonly asksLater?: readonly Needs[]
  /** Events the service owns; published only by it. */
  readonly publishes?: readonly EventContract<Name>[]
  /** Environment variables of the service, read and checked with all others at start. */
  readonly settings?: S
  /** What it keeps of persons, who may ask for it. */
  readonly personal?: PersonalTables
  /** Set by `defineFront`. */
  readonly front?: true
  start(host: Host<Name, Needs, S>): Promise<void> | void
}

/** A service that stands before the other processes, and alone gets to see them. */
export interface FrontDefinition<Name extends string = string, S extends TObject = TObject> extends Omit<
  ServiceDefinition<Name, never, S>,
  'start' | 'front'
> {
  start(host: FrontHost<Name, S>): Promise<void> | void
}

/** A service whose type parameters do not matter to who runs it. */
export type Service = ServiceDefinition<string, any, any>

/** Declares a service; the type of `needs` decides what `host.ask` takes. */
export const defineService = <
  const Name extends string,
  Needs extends CallContract = never,
  S extends TObject = TObject<{}>,
>(
  definition: ServiceDefinition<Name, Needs, S>,
): ServiceDefinition<Name, Needs, S> => definition

/** Declares a service that gets a `FrontHost`. */
export const defineFront = <const Name extends string, S extends TObject = TObject<{}>>(
  definition: FrontDefinition<Name, S>,
): ServiceDefinition<Name, never, S> => ({ ...definition, front: true })

export type { Db, Settings, Tx }
