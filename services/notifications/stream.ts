import { Readable } from 'node:stream'
import { SessionsRevoked } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { Problem, signedIn, type Request } from '#kernel'
import Type from 'typebox'
import { view } from './routes.ts'
import type { NotificationsHost } from './host.ts'
import { listNewer, newestPosition } from './store.ts'

/** A comment goes out that often, so that proxies keep the connection and broken ones are noticed. */
const beatMs = 20_000
/** In one process. */
const mostPerPerson = 10
const batch = 100

/**
 * Notifications as server-sent events. An event only says that there is something new; what it is comes from the table,
 * read no faster than the client takes it, so a slow reader costs no memory and a lost signal (another process's, a
 * restart's) no notification.
 */
export function streams(host: NotificationsHost): void {
  const open = new Map<string, Set<Stream>>()
  let beating: NodeJS.Timeout | undefined

  function add(stream: Stream): void {
    const own = open.get(stream.userId) ?? new Set()
    if (own.size >= mostPerPerson)
      throw new Problem('limited', 'too_many_streams', {
        detail: `At most ${mostPerPerson} streams are open at once.`,
        retryAfter: 20,
      })
    open.set(stream.userId, own.add(stream))
    beating ??= setInterval(beat, beatMs)
  }

  function remove(stream: Stream): void {
    if (!stream.ended) stream.end()
    const own = open.get(stream.userId)
    own?.delete(stream)
    if (own?.size === 0) open.delete(stream.userId)
    if (open.size > 0) return
    clearInterval(beating)
    beating = undefined
  }

  function beat(): void {
    const now = host.now().getTime()
    for (const stream of all()) {
      if (stream.expiresAt <= now) stream.end()
      // It has not taken what the last beat sent: nobody reads at the other end.
      else if (stream.behind) stream.abandon()
      else stream.beat()
    }
  }

  const all = () => [...open.values()].flatMap(own => [...own])
  host.metrics.gauge('ohmnibus_notification_streams_open', 'Streams of notifications that are open', [], gauge =>
    gauge.set(all().length),
  )

  host.watch(NotificationCreated, ({ userId }) => open.get(userId)?.forEach(stream => stream.stir()))
  host.watch(SessionsRevoked, ({ userId, sessionIds }) =>
    open.get(userId)?.forEach(stream => sessionIds.includes(stream.sessionId) && stream.end()),
  )

  host.http.scope((app, http) => {
    // Before the server waits for requests to end: these do not end by themselves.
    app.addHook('preClose', async () => all().forEach(stream => stream.end()))

    http.get(
      '/stream',
      {
        config: { access: signedIn },
        schema: {
          summary: 'New notifications, live',
          description:
            'Server-sent events, each with a notification as data. Goes on after `Last-Event-ID`, else with what is new from now on. ' +
            'Ends with the access token or its session; connect again with a new one.',
          headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ examples: ['42'] })) }),
          produces: ['text/event-stream'],
        },
      },
      async (request, reply) => {
        const stream = new Stream(request, () => reply.raw.destroy())
        add(stream)
        reply.raw.once('close', () => remove(stream))
        const newest = await newestPosition(host.db, stream.userId)
        const position = Math.min(newest, lastSeen(request) ?? newest)
        // The connection ends with the stream, or it would stay open behind it while the platform stops; over HTTP/2
        // others share it.
        if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close')
        return reply
          .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
          .send(Readable.from(frames(host, stream, position)))
      },
    )
  })
}

async function* frames({ db, platform }: NotificationsHost, stream: Stream, position: number): AsyncGenerator<string> {
  // The id alone is no event, but where a browser goes on that loses its connection before the first one.
  yield `retry: 3000\nid: ${position}\n\n`
  while (await stream.stirred()) {
    let news: Awaited<ReturnType<typeof listNewer>>
    do {
      news = await listNewer(db, stream.userId, position, batch)
      position = news.at(-1)?.position ?? position
      yield (
        news.map(row => `id: ${row.position}\ndata: ${JSON.stringify(view(row, platform.publicUrl))}\n\n`).join('') ||
          ':\n\n'
      )
    } while (news.length === batch && !stream.ended)
  }
}

/** One open stream. */
class Stream {
  readonly userId: string
  readonly sessionId: string
  readonly expiresAt: number
  /** Breaks the connection off. */
  readonly abandon: () => void
  ended = false
  /** Whether the last beat still waits to be sent. */
  behind = false
  #news = true
  #wake = () => {}

  constructor({ actor }: Request, abandon: () => void) {
    this.userId = actor.userId
    this.sessionId = actor.sessionId
    this.expiresAt = actor.expiresAt
    this.abandon = abandon
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

  /** Says goodbye; to somebody who does not listen, with a break. */
  end(): void {
    this.ended = true
    this.#wake()
    setTimeout(this.abandon, 1_000).unref()
  }

  /** Waits for something new; false when the stream has ended. */
  async stirred(): Promise<boolean> {
    if (!this.#news && !this.ended) await new Promise<void>(resolve => (this.#wake = resolve))
    this.#news = false
    this.behind = false
    return !this.ended
  }
}

function lastSeen({ headers }: Request): number | undefined {
  const id = String(headers['last-event-id'] ?? '')
  return /^\d{1,9}$/.test(id) ? Number(id) : undefined
}
