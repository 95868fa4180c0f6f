import { Readable } from 'node:stream'
import { SessionsRevoked } from '#contracts/identity'
import { NotificationCreated } from '#contracts/notifications'
import { accessCookie, Problem, signedIn, type Request } from '#kernel'
import { decodeJwt } from 'jose'
import { view } from './routes.ts'
import type { NotificationsHost } from './service.ts'
import { listNewer, newestPosition } from './store.ts'

/** A comment goes out that often, so that proxies keep the connection and broken ones are noticed. */
const beatMs = 20_000
/** In one process. */
const mostPerPerson = 10
const batch = 100

/**
 * Notifications as server-sent events. An event only says that there is something new; what it is comes from the table, read no faster than the
 * client takes it, so a slow reader costs no memory and a lost signal (another process's, a restart's) no notification.
 */
export function streams(host: NotificationsHost): void {
  const open = new Map<string, Set<Reader>>()
  let beating: NodeJS.Timeout | undefined

  function add(reader: Reader): void {
    const own = open.get(reader.userId) ?? new Set()
    if (own.size >= mostPerPerson) throw new Problem('limited', 'too_many_streams', { detail: `At most ${mostPerPerson} streams are open at once.`, retryAfter: 20 })
    open.set(reader.userId, own.add(reader))
    beating ??= setInterval(beat, beatMs)
  }

  function remove(reader: Reader): void {
    if (!reader.ended) reader.end()
    const own = open.get(reader.userId)
    own?.delete(reader)
    if (own?.size === 0) open.delete(reader.userId)
    if (open.size > 0) return
    clearInterval(beating)
    beating = undefined
  }

  function beat(): void {
    const now = host.now().getTime()
    for (const reader of readers()) {
      if (reader.expiresAt <= now) reader.end()
      // It has not taken what the last beat sent: nobody reads at the other end.
      else if (reader.behind) reader.abandon()
      else reader.beat()
    }
  }

  const readers = () => [...open.values()].flatMap(own => [...own])

  host.watch(NotificationCreated, ({ userId }) => open.get(userId)?.forEach(reader => reader.stir()))
  host.watch(SessionsRevoked, ({ userId, sessionIds }) => open.get(userId)?.forEach(reader => sessionIds.includes(reader.sessionId) && reader.end()))

  host.http.scope((app, http) => {
    // Before the server waits for requests to end: these do not end by themselves.
    app.addHook('preClose', async () => readers().forEach(reader => reader.end()))

    http.get('/stream', {
      config: { access: signedIn },
      schema: {
        summary: 'New notifications, live',
        description: 'Server-sent events, each with a notification as data. Goes on after `Last-Event-ID`, else with what is new from now on. '
          + 'Ends with the access token or its session; connect again with a new one.',
      },
    }, async (request, reply) => {
      const reader = new Reader(request, expiryOf(request, host.platform.publicUrl), () => reply.raw.destroy())
      add(reader)
      reply.raw.once('close', () => remove(reader))
      const newest = await newestPosition(host.db, reader.userId)
      const position = Math.min(newest, lastSeen(request) ?? newest)
      return reply
        // The connection ends with the stream, or it would stay open behind it while the platform stops.
        .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
        .send(Readable.from(frames(host, reader, position)))
    })
  })
}

async function* frames({ db, platform }: NotificationsHost, reader: Reader, position: number): AsyncGenerator<string> {
  // The id alone is no event, but where a browser goes on that loses its connection before the first one.
  yield `retry: 3000\nid: ${position}\n\n`
  while (await reader.stirred()) {
    let news: Awaited<ReturnType<typeof listNewer>>
    do {
      news = await listNewer(db, reader.userId, position, batch)
      position = news.at(-1)?.position ?? position
      yield news.map(row => `id: ${row.position}\ndata: ${JSON.stringify(view(row, platform.publicUrl))}\n\n`).join('') || ':\n\n'
    } while (news.length === batch && !reader.ended)
  }
}

/** One open stream. */
class Reader {
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

  constructor({ actor }: Request, expiresAt: number, abandon: () => void) {
    this.userId = actor.userId
    this.sessionId = actor.sessionId
    this.expiresAt = expiresAt
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

/** When the token ends that let the request in; it was verified then. */
function expiryOf(request: Request, publicUrl: string): number {
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? request.cookies[accessCookie(publicUrl.startsWith('https:'))]
  return decodeJwt(token!).exp! * 1000
}

function lastSeen({ headers }: Request): number | undefined {
  const id = String(headers['last-event-id'] ?? '')
  return /^\d{1,9}$/.test(id) ? Number(id) : undefined
}

