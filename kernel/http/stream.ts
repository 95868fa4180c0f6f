import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access, Visitor } from '../access/access.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** One event as clients get it; who has seen it goes on behind its `id`. */
export interface StreamEvent {
  readonly id: string | number
  /** The word that a client listens for; without one every listener for messages hears it. */
  readonly event?: string
  /** Sent as JSON. */
  readonly data: unknown
}

/** Where one client's events come from: read no faster than they are taken, so that a slow one costs no memory. */
export interface Feed {
  /** What it tells of; `wake` with the same word says that there may be something new. */
  readonly about: string
  /** The id of the newest event, behind which those begin who have seen none. */
  newest(): Promise<string | number>
  /** What came after `id`, oldest first, `limit` at most; undefined when that is not known (any more). */
  after(id: string, limit: number): Promise<readonly StreamEvent[] | undefined>
}

/** The open streams of one route. */
export interface Live {
  /** There may be something new about this; a lost call loses nothing, as each heartbeat looks too. */
  wake(about: string): void
}

/** All open streams of the platform. */
export interface Streams {
  /** A kind of its own, with figures under this name. */
  route(name: string): Live & { open(request: FastifyRequest, reply: FastifyReply, feed: Feed): Promise<FastifyReply> }
  /** Before the server waits for requests to end: streams do not end by themselves. */
  stop(): void
}

/** Why a stream ended, as its last event says it to those who still listen. */
type Reason = 'session_ended' | 'token_expired' | 'too_slow' | 'stopping' | 'failed' | 'left'

/** A comment goes out that often, so that proxies keep the connection and broken ones are noticed. */
const beatMs = 20_000
/** Of one route, in one process. */
const mostPerPerson = 10
const batch = 100
/** For the goodbye; then the connection is broken off. */
const goodbyeMs = 1_000

export function openStreams(options: { access: Access; log: Log; metrics: Metrics; now: () => Date }): Streams {
  const { access, log, metrics, now } = options
  const all = new Set<Stream>()
  let beating: NodeJS.Timeout | undefined
  metrics.gauge('ohmnibus_http_streams_open', 'Streams of server-sent events that are open', ['route'], gauge => {
    for (const [route, streams] of Map.groupBy(all, stream => stream.route)) gauge.set({ route }, streams.length)
  })
  const ended = metrics.counter('ohmnibus_http_streams_ended_total', 'Streams that ended, and why', ['route', 'reason'])

  access.onRevoked((sessionIds, before) => {
    for (const stream of all)
      if (stream.visitor && sessionIds.includes(stream.visitor.sessionId) && stream.visitor.issuedAt < before.getTime())
        stream.end('session_ended')
  })

  function beat(): void {
    const at = now().getTime()
    for (const stream of all) {
      if (stream.visitor && stream.visitor.expiresAt <= at) stream.end('token_expired')
      // It has not taken what the last beat sent: nobody reads at the other end.
      else if (stream.behind) stream.cutOff('too_slow')
      else stream.beat()
    }
  }

  /** Resolves with what is to be sent; the stream leaves by itself when its connection closes. */
  async function enter(stream: Stream, reply: FastifyReply, seen: string | undefined): Promise<Readable> {
    all.add(stream)
    beating ??= setInterval(beat, beatMs)
    reply.raw.once('close', () => {
      stream.end('left')
      all.delete(stream)
      ended.inc({ route: stream.route, reason: stream.reason! })
      log.debug({ route: stream.route, reason: stream.reason }, 'a stream ended')
      if (all.size > 0) return
      clearInterval(beating)
      beating = undefined
    })
    const beginning = await stream.begin(seen)
    const failed = (err: unknown) => log.warn({ err, route: stream.route }, 'a stream failed; its client comes again')
    return Readable.from(stream.frames(beginning, failed), { objectMode: false, highWaterMark: 16_384 })
  }

  return {
    route(name) {
      const told = openGroups<Stream>()
      const persons = openGroups<Stream>()
      return {
        wake: about => told.of(about).forEach(stream => stream.stir()),
        async open(request, reply, feed) {
          const { visitor, ip, headers } = request
          const person = visitor?.userId ?? ip
          if (persons.of(person).size >= mostPerPerson)
            throw new Problem('limited', 'too_many_streams', {
              detail: `At most ${mostPerPerson} streams are open at once.`,
              retryAfter: 20,
            })
          const stream = new Stream(name, feed, visitor, () => reply.raw.destroy())
          told.add(feed.about, stream)
          persons.add(person, stream)
          reply.raw.once('close', () => {
            told.remove(feed.about, stream)
            persons.remove(person, stream)
          })
          const content = await enter(stream, reply, headers['last-event-id']?.toString() || undefined)
          // The connection ends with the stream, or it would stay open behind it while the platform stops; over HTTP/2
          // others share it.
          if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
          return await reply
            .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
            .send(content)
        },
      }
    },
    stop: () => all.forEach(stream => stream.end('stopping')),
  }
}

/** Sets by a word; an empty one is none. */
function openGroups<T>() {
  const groups = new Map<string, Set<T>>()
  const none: ReadonlySet<T> = new Set()
  return {
    of: (word: string): ReadonlySet<T> => groups.get(word) ?? none,
    add: (word: string, one: T): void => void groups.set(word, (groups.get(word) ?? new Set<T>()).add(one)),
    remove(word: string, one: T): void {
      const group = groups.get(word)
      group?.delete(one)
      if (group?.size === 0) groups.delete(word)
    },
  }
}

/** A text of server-sent events: the fields, then an empty line. */
const frame = (fields: Record<string, unknown>): string =>
  Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : `${name}: ${String(value)}\n`))
    .join('') + '\n'

const frameOf = ({ id, event, data }: StreamEvent): string => frame({ id, event, data: JSON.stringify(data) })

/** Behind which id a stream goes on, and what there is already. */
interface Beginning {
  readonly position: string
  /** Undefined behind a gap. */
  readonly events: readonly StreamEvent[] | undefined
  /** What the client had seen, should what came after it be gone. */
  readonly missed?: string
}

/** One open stream. */
class Stream {
  readonly route: string
  readonly visitor: Visitor | undefined
  reason: Reason | undefined
  /** Whether the last beat still waits to be sent. */
  behind = false
  readonly #feed: Feed
  readonly #breakOff: () => void
  #news = false
  #wake = () => {}

  constructor(route: string, feed: Feed, visitor: Visitor | undefined, breakOff: () => void) {
    this.route = route
    this.visitor = visitor
    this.#feed = feed
    this.#breakOff = breakOff
  }

  /** There may be something new. */
  stir(): void {
    this.#news = true
    this.#wake()
  }

  beat(): void {
    this.behind = true
    this.stir()
  }

  /** Says goodbye; to somebody who does not listen, with a break. The first reason counts. */
  end(reason: Reason): void {
    if (this.reason) return
    this.reason = reason
    this.#wake()
    setTimeout(this.#breakOff, goodbyeMs).unref()
  }

  cutOff(reason: Reason): void {
    this.end(reason)
    this.#breakOff()
  }

  /** What there is behind what the client has seen, or where it begins. */
  async begin(seen: string | undefined): Promise<Beginning> {
    const events = seen === undefined ? [] : await this.#feed.after(seen, batch)
    if (seen !== undefined && events) return { position: seen, events }
    return { position: String(await this.#feed.newest()), events, missed: seen }
  }

  async *frames({ position, events, missed }: Beginning, failed: (error: unknown) => void): AsyncGenerator<string> {
    // The id alone is no event, but where a browser goes on that loses its connection before the first one.
    yield frame({ retry: 3_000, id: position })
    try {
      while (!this.reason) {
        if (events) yield events.map(frameOf).join('') || ':\n\n'
        else yield frameOf({ id: position, event: 'gap', data: { after: missed?.slice(0, 200) } })
        // Taken: more is asked for.
        this.behind = false
        if ((events?.length ?? 0) < batch) await this.#stirred()
        ;({ position, events, missed } = await this.begin(String(events?.at(-1)?.id ?? position)))
      }
    } catch (error) {
      failed(error)
      this.end('failed')
    }
    yield frame({ event: 'end', data: JSON.stringify({ reason: this.reason }) })
  }

  /** Waits for something new, or for the end. */
  async #stirred(): Promise<void> {
    if (!this.#news && !this.reason) await new Promise<void>(resolve => (this.#wake = resolve))
    this.#news = false
  }
}
