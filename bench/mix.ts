import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../kernel/database/database.ts'
import { once, openAgent, type Shot } from './client.ts'
import { body, makePassports, modelOf, someIds } from './passports.ts'
import { makePeople, signedIn, signIn } from './world.ts'

/** Of a hundred requests so many. */
const shares = { 'GET by key': 70, 'list of 20': 17, POST: 10, upload: 2.5, 'sign-in': 0.5 }
type Kind = keyof typeof shares
export const kinds = Object.keys(shares) as Kind[]

const writers = 20
export const mixInWords = `${kinds.map(kind => `${shares[kind]} % ${kind}`).join(', ')}; ${writers} people write and listen to their notifications`

/** Milliseconds that requests took, by kind. */
export type Taken = Record<Kind, number[]>
export const nothingTaken = (): Taken => Object.fromEntries(kinds.map(kind => [kind, [] as number[]])) as Taken

/** More than these are not left open: who comes then is a fault, and not a wait without end. */
const mostOpen = 2_000

/** What people do with a platform, all at once. Its people listen until `close`. */
export async function openMix(url: string, sql: Pool) {
  const people = await makePeople(sql, writers + 50)
  const [owner] = people
  await makePassports(sql, owner!.id, 10_000)
  const headers: { authorization: string }[] = []
  for (const person of people.slice(0, writers)) headers.push(await signedIn({ url }, person))
  const reads = { headers: headers[0]! }
  const shots: Record<Kind, readonly Shot[]> = {
    'GET by key': (await someIds(sql, owner!.id, 100)).map(id => ({ ...reads, paths: [`/api/passports/${id}`] })),
    'list of 20': Array.from({ length: 20 }, (_, number) => ({
      ...reads,
      paths: [`/api/passports?model=${modelOf(number)}`],
    })),
    POST: headers.map(headers => ({ method: 'POST', paths: ['/api/passports'], headers, body })),
    upload: headers.map(headers => ({
      method: 'POST',
      paths: ['/api/documents/upload'],
      headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: () => form,
    })),
    'sign-in': [signIn(people.slice(writers))],
  }
  /** By what happened, how often. */
  const faults = new Map<string, number>()
  const note = (what: string): void => void faults.set(what, (faults.get(what) ?? 0) + 1)
  const agent = openAgent(100)
  let asked = 0
  let open = 0

  /** Asks one thing by lot. */
  async function ask(taken: Taken, late = 0): Promise<void> {
    const kind = draw()
    const choice = shots[kind]
    open++
    asked++
    try {
      taken[kind].push(late + (await once(agent, url, choice[Math.floor(Math.random() * choice.length)]!, 0)))
    } catch (error) {
      note(`${kind}: ${(error as Error).message.replaceAll(/[0-9a-f-]{36}/g, '…')}`)
    } finally {
      open--
    }
  }

  const listening = new AbortController()
  let heard = 0
  const listeners = headers.map(async headers => {
    try {
      const answer = await fetch(`${url}/api/notifications/stream`, { headers, signal: listening.signal })
      if (!answer.ok) return note(`listener: ${answer.status}`)
      for await (const text of answer.body!.pipeThrough(new TextDecoderStream()))
        heard += text.split('\ndata: ').length - 1
      note('listener: the stream ended')
    } catch (error) {
      if (!listening.signal.aborted) note(`listener: ${(error as Error).message}`)
    }
  })

  return {
    faults,
    asked: () => asked,
    /** Notifications that reached listeners. */
    heard: () => heard,
    /** Answers a second that 20 clients get, each asking again when it has its answer. */
    async peak(seconds: number): Promise<number> {
      const taken = nothingTaken()
      const end = performance.now() + seconds * 1000
      const client = async (): Promise<void> => {
        while (performance.now() < end) await ask(taken)
      }
      await Promise.all(Array.from({ length: 20 }, client))
      return kinds.reduce((sum, kind) => sum + taken[kind].length, 0) / seconds
    },
    /**
     * Asks `rate` times a second whatever the answers take; `taken` says where each time belongs, `goesOn` whether to
     * ask more.
     */
    async hold(
      rate: number,
      seconds: number,
      { taken, goesOn }: { taken: () => Taken; goesOn: () => boolean },
    ): Promise<void> {
      const started = performance.now()
      for (let at = 0; at < rate * seconds && goesOn(); at++) {
        const due = started + (at * 1000) / rate
        const wait = due - performance.now()
        if (wait > 0) await sleep(wait)
        if (open < mostOpen) void ask(taken(), Math.max(0, performance.now() - due))
        else note(`not asked, as ${mostOpen} answers were missing`)
      }
      while (open > 0) await sleep(50)
    },
    async close(): Promise<void> {
      listening.abort()
      await Promise.all(listeners)
      agent[Symbol.dispose]()
    },
  }
}

function draw(): Kind {
  let at = Math.random() * 100
  return kinds.find(kind => (at -= shares[kind]) < 0) ?? kinds[0]!
}

const boundary = 'the-boundary-of-this-form'
const part = 'content-disposition: form-data; name="file"; filename="test.pdf"\r\ncontent-type: application/pdf'
const form = `--${boundary}\r\n${part}\r\n\r\n%PDF-1.7\n${'a page of a declaration of conformity\n'.repeat(500)}\r\n--${boundary}--\r\n`
