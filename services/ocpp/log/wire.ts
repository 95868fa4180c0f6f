import { newId, type Feed, type Live, type StreamEvent } from '#kernel'
import type { OcppHost } from '../host.ts'
import type { Overheard } from '../rpc/connection.ts'
import { withoutSecrets } from './secrets.ts'
import { messagesBehind, type Message } from './store.ts'

/** What is kept for who comes again, or reads slowly: of a charger, while somebody listens. */
const most = { frames: 500, characters: 1_048_576 }
const mostOfOne = 65_536
const lookMs = 500
/** Streams ask every twenty seconds at the least. */
const forgottenMs = 60_000

interface Frame {
  readonly at: string
  readonly direction: 'received' | 'sent'
  readonly text: string
  /** It was longer. */
  readonly cut?: true
}

/** The last frames of a charger, with their numbers. */
class Ring {
  readonly epoch = newId().slice(-12)
  readonly frames: Frame[] = []
  /** Number of the first one that is there. */
  first = 1
  askedAt = Date.now()
  /** The last message that was shown, while the connection is elsewhere. */
  seen = newId()
  #characters = 0

  add(frame: Frame): void {
    this.#characters += frame.text.length
    this.frames.push(frame)
    while (this.frames.length > most.frames || this.#characters > most.characters) {
      this.#characters -= this.frames.shift()!.text.length
      this.first++
    }
  }

  get newest(): string {
    return `${this.epoch}-${this.first + this.frames.length - 1}`
  }

  behind(id: string, limit: number): StreamEvent[] | undefined {
    const [epoch, number] = [id.slice(0, 12), Number(id.slice(13))]
    const from = number + 1 - this.first
    if (epoch !== this.epoch || !Number.isInteger(number) || from < 0 || from > this.frames.length) return undefined
    return this.frames.slice(from, from + limit).map((data, index) => ({
      id: `${epoch}-${number + 1 + index}`,
      event: 'frame',
      data,
    }))
  }
}

/**
 * The wire of chargers to which somebody listens: as it is where their connection is here; of others what is written
 * down of them, as frames again, without heartbeats. Nobody is told of a frame where nobody listens.
 */
export function openWire({ db, log, now, onStop }: OcppHost, isHere: (chargerId: string) => boolean) {
  const rings = new Map<string, Ring>()
  let live: Live | undefined
  let looking = false

  function hear(ring: Ring, chargerId: string, direction: Frame['direction'], text: string, at = now()): void {
    const shown = withoutSecrets(text)
    const isLong = shown.length > mostOfOne
    ring.add({
      at: at.toISOString(),
      direction,
      text: isLong ? shown.slice(0, mostOfOne).toWellFormed() : shown,
      ...(isLong && { cut: true }),
    })
    live?.wake(chargerId)
  }

  async function look(): Promise<void> {
    for (const [chargerId, ring] of rings) {
      if (ring.askedAt < Date.now() - forgottenMs) rings.delete(chargerId)
      else if (isHere(chargerId)) ring.seen = newId()
      else
        for (const message of await messagesBehind(db, chargerId, ring.seen, 100)) {
          ring.seen = message.id
          for (const [direction, text] of framesOf(message)) hear(ring, chargerId, direction, text, message.at)
        }
    }
  }

  const timer = setInterval(() => {
    if (looking || rings.size === 0) return
    looking = true
    look()
      .catch(error => log.warn({ err: error }, 'who listens to chargers elsewhere hears nothing'))
      .finally(() => (looking = false))
  }, lookMs).unref()
  onStop(() => clearInterval(timer))

  const ringOf = (chargerId: string): Ring => {
    const ring = rings.getOrInsertComputed(chargerId, () => new Ring())
    ring.askedAt = Date.now()
    return ring
  }
  return {
    overheard: ((chargerId, direction, text) => {
      const ring = rings.get(chargerId)
      if (ring) hear(ring, chargerId, direction, text)
    }) satisfies Overheard,
    /** Streams that are to be woken. */
    wakes(streams: Live): void {
      live = streams
    },
    /** What a listener gets; `may` fails once they must not listen any more. */
    feed: (chargerId: string, may: () => Promise<unknown>): Feed => ({
      about: chargerId,
      newest: async () => ringOf(chargerId).newest,
      async after(id, limit) {
        await may()
        return ringOf(chargerId).behind(id, limit)
      },
    }),
  }
}
export type Wire = ReturnType<typeof openWire>

/** A message and its answer as they were on the wire, but for spaces. */
export function framesOf(message: Message): [Frame['direction'], string][] {
  const { messageId, direction, action, payload, outcome, answer, errorCode, errorDescription } = message
  // What could not be read is kept as it came.
  const call = action === '' ? String(payload) : JSON.stringify([2, messageId, action, payload])
  const other = direction === 'received' ? 'sent' : 'received'
  if (outcome === 'answered')
    return [
      [direction, call],
      [other, JSON.stringify([3, messageId, answer])],
    ]
  if (outcome !== 'error') return [[direction, call]]
  return [
    [direction, call],
    [other, JSON.stringify([4, messageId, errorCode, errorDescription ?? '', {}])],
  ]
}
