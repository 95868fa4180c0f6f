import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { base } from './base.ts'
import { renew } from './session.ts'

/**
 * Hints over streams, data over GET: an event only says which lists are to be asked again. One tab of the browser holds
 * the streams for all.
 */

export type Standing = 'live' | 'waiting' | 'off'

interface Stream {
  /** What its events are called. */
  readonly words: readonly string[]
  /** The beginnings of the paths whose answers may have changed. */
  readonly paths: readonly string[]
  /** Who looks at these; everybody unless said. */
  readonly roles?: readonly string[]
}

const streams: Readonly<Record<string, Stream>> = {
  '/api/notifications/stream': {
    words: ['message', 'notification.created', 'gap'],
    paths: ['/api/notifications', '/api/passports', '/api/documents'],
  },
  '/api/stations/stream': {
    words: ['status-changed', 'connected', 'disconnected', 'created', 'updated', 'deleted', 'gap'],
    paths: ['/api/stations', '/api/ocpp/chargers', '/api/sessions'],
    roles: ['operator', 'technician', 'admin'],
  },
}

/** What tabs tell each other. */
interface Told {
  readonly paths?: string[]
  readonly standing?: Standing
  readonly asks?: true
}

const channel = new BroadcastChannel('ohmnibus-live')
/** Whether this tab holds the streams. */
let leads = false
const watchers = new Set<() => void>()
let standing: Standing = 'off'
const pending = new Set<string>()
let gathering: number | undefined

function become(next: Standing, tell: boolean): void {
  if (tell) channel.postMessage({ standing: next })
  if (next === standing) return
  standing = next
  watchers.forEach(watcher => watcher())
}

/** Hints of a quarter of a second go together. */
function hint(queries: QueryClient, paths: readonly string[], tell: boolean): void {
  if (tell) channel.postMessage({ paths })
  paths.forEach(path => pending.add(path))
  gathering ??= window.setTimeout(() => {
    const hinted = [...pending]
    pending.clear()
    gathering = undefined
    void queries.invalidateQueries(
      {
        predicate: ({ queryKey: [path], state }) =>
          isNear(state.data) && hinted.some(start => typeof path === 'string' && path.startsWith(start)),
      },
      // Where much happens, what is on its way arrives before it is asked for again.
      { cancelRefetch: false },
    )
  }, 250)
}

/** Who has gone far down a list reads, and does not wait for what is new. */
export const isNear = (data: unknown): boolean => ((data as { pages?: unknown[] } | undefined)?.pages?.length ?? 0) <= 2

/** Listens as somebody of a role until the page goes. Where tabs cannot agree on one of them, visible lists are asked every 15 seconds. */
export function listen(queries: QueryClient, role: string): void {
  channel.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if (data.paths) hint(queries, data.paths, false)
    if (data.standing) become(data.standing, false)
    if (data.asks && leads) channel.postMessage({ standing })
  })
  // Who comes later has not heard how it stands.
  channel.postMessage({ asks: true })
  if (!navigator.locks) {
    window.setInterval(() => document.visibilityState === 'visible' && void queries.invalidateQueries(), 15_000)
    return
  }
  void navigator.locks.request('ohmnibus-live', async () => {
    leads = true
    for (const [path, stream] of Object.entries(streams))
      if (!stream.roles || stream.roles.includes(role)) open(queries, path, stream)
    await new Promise(() => {})
  })
}

const open = (queries: QueryClient, path: string, { words, paths }: Stream): unknown =>
  overhear(path, words, {
    told: () => hint(queries, paths, true),
    stands: next => become(next, true),
  })

/** Hears a stream, also when the token has run out meanwhile, until what this gives is called. */
export function overhear(
  path: string,
  words: readonly string[],
  { told, stands }: { told: (event?: MessageEvent<string>) => void; stands: (standing: Standing) => void },
): () => void {
  const source = new EventSource(base + path)
  let close = () => source.close()
  source.addEventListener('open', () => stands('live'))
  for (const word of words) source.addEventListener(word, event => told(event as MessageEvent<string>))
  source.addEventListener('error', () => {
    stands('waiting')
    // A browser gives up where it is answered with 401.
    if (source.readyState !== EventSource.CLOSED) return
    const timer = window.setTimeout(async () => {
      let isOver = false
      close = () => void (isOver = true)
      await renew()
      if (isOver) return
      close = overhear(path, words, { told, stands })
      told()
    }, 3_000)
    close = () => clearTimeout(timer)
  })
  return () => close()
}

export const useStanding = (): Standing =>
  useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => standing,
  )
