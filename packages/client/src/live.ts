import { createParser } from 'eventsource-parser'
import { problemOf } from './problem.ts'
import { pause } from './sending.ts'

/** One event of a stream. `gap` says that some were missed: read the list. */
export interface LiveEvent<T> {
  id: string
  event: 'message' | 'gap'
  /** Undefined for a gap. */
  data: T | undefined
}

/** How long the platform is silent at most: it sends a sign of life every 20 seconds. */
const silenceMs = 60_000

/**
 * Events as they come, until the loop is left or `signal` is aborted: a stream that ends, or breaks off, is opened again
 * behind the last event. Fails with the problem where the platform refuses.
 */
export async function* follow<T>(
  open: (headers: Record<string, string>, signal: AbortSignal) => Promise<Response>,
  { signal, after }: { signal?: AbortSignal; after?: string } = {},
): AsyncGenerator<LiveEvent<T>, void, void> {
  let last = after
  for (let failed = 0; !signal?.aborted;) {
    const ours = new AbortController()
    const both = signal ? AbortSignal.any([signal, ours.signal]) : ours.signal
    try {
      const headers = { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) }
      const response = await open(headers, both)
      if (!response.ok) throw await problemOf(response)
      for await (const { id, event, data } of framesOf(response, ours)) {
        failed = 0
        if (id !== undefined) last = id
        if (event === 'gap') yield { id: last ?? '', event, data: undefined }
        else if (event === undefined && data !== '')
          yield { id: last ?? '', event: 'message', data: JSON.parse(data) as T }
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof Error && error.name === 'OhmnibusProblem') throw error
      failed++
    } finally {
      ours.abort()
    }
    await pause(Math.min(30_000, 250 * 2 ** failed), signal).catch(() => undefined)
  }
}

interface Frame {
  id: string | undefined
  event: string | undefined
  data: string
}

async function* framesOf(response: Response, ours: AbortController): AsyncGenerator<Frame> {
  const ready: Frame[] = []
  const parser = createParser({ onEvent: ({ id, event, data }) => void ready.push({ id, event, data }) })
  const reader = response
    .body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  try {
    for (;;) {
      const alarm = setTimeout(() => ours.abort(new Error('silent')), silenceMs)
      const { done, value } = await reader.read().finally(() => clearTimeout(alarm))
      if (done) return
      parser.feed(value)
      yield* ready.splice(0)
    }
  } finally {
    // Who leaves the loop hangs up: an open connection would keep a program from ending.
    reader.cancel().catch(() => undefined)
  }
}
