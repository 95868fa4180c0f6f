import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { answerConnect, openConnectState, type ConnectState } from './connect.ts'
import { answerRazorpay, denialOfRazorpay, eventsOfRazorpay, signatureOfRazorpay } from './razorpay-wire.ts'
import { Denied, openState, type PlayIntent, type PlayState } from './state.ts'
import { answerStripe, denialOfStripe, eventsOfStripe, signatureOfStripe, type Told } from './stripe-wire.ts'

/** What goes wrong with one request: not done, done but not said, done and the line cut, or not done for good. */
export type Fault = 'fails' | 'fails but does it' | 'is cut off' | 'is slow' | 'is denied'

/** How events go out. */
export interface Manner {
  /** How often each comes. */
  copies: number
  /** None comes. */
  drop: boolean
  /** They wait for `flush`. */
  hold: boolean
  /** The last first. */
  reversed: boolean
  delayMs: number
}

export interface StandInOptions {
  readonly now?: () => Date
  /** Keeps what there is, over restarts. */
  readonly file?: string
  readonly secrets: { readonly stripe: string; readonly razorpay: string }
  /** Takes an event as HTTP would bring it; answers with the status. */
  deliver(wire: 'stripe' | 'razorpay', body: string, headers: Record<string, string>): Promise<number>
}

interface Kept {
  intents: [string, PlayIntent][]
  answers: [string, Answer][]
}

interface Answer {
  /** Of what was asked: another body with the same key is refused. */
  readonly fingerprint: string
  readonly status: number
  readonly body: string
}

/** A queued event. */
interface Going {
  readonly wire: 'stripe' | 'razorpay'
  readonly event: Told
}

/** Kept for a while, as providers do for a day or so. */
const mostAnswers = 10_000

const accountId = 'acc_standin0000001'

/**
 * A payment provider that speaks over HTTP as Stripe and Razorpay do, with play money. It keeps what was asked of it,
 * honours idempotency keys, and can be told to go wrong.
 */
export function openStandIn(options: StandInOptions) {
  const { now = () => new Date(), file, secrets, deliver } = options
  const kept = file ? readKept(file) : { intents: [], answers: [] }
  const answers = new Map(kept.answers)
  const intents = new Map(kept.intents)
  const posting = openPosting({ secrets, deliver, now })

  const state = openState({
    intents,
    now,
    told(intent, happening) {
      const { wire } = intent
      const events =
        wire === 'stripe'
          ? eventsOfStripe(intent, happening, now())
          : eventsOfRazorpay(intent, happening, now(), accountId)
      posting.tell(events.map(event => ({ wire, event })))
    },
  })

  const connect = openConnectState({ now, told: event => posting.tell([{ wire: 'stripe', event }]) })

  function keep(): void {
    if (!file) return
    const all: Kept = { intents: [...intents], answers: [...answers] }
    writeFileSync(`${file}.new`, JSON.stringify(all), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  const { serve, asked, next } = openAnswering({ state, connect, answers, keep })
  const server = createServer((request, response) => {
    serve(request, response).catch(error => {
      response.writeHead(500).end(String(error))
    })
  })

  return {
    /** Payers, refunds that end later, disputes, and all that is there. */
    state: {
      ...state,
      act(...about: Parameters<typeof state.act>) {
        const intent = state.act(...about)
        keep()
        return intent
      },
    },
    ...posting,
    /** Connected accounts of Stripe, and transfers to them. */
    connect,
    /** What was asked of it, as `POST /v1/refunds`. */
    asked,
    /** The next request that matches goes wrong. */
    next,
    /** Listens on this machine alone; resolves with the address. */
    async listen(): Promise<string> {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await posting.idle()
    },
  }
}

export type StandIn = ReturnType<typeof openStandIn>

/** Sends events, in the manner that is told. */
function openPosting({ secrets, deliver, now }: Pick<StandInOptions, 'secrets' | 'deliver'> & { now: () => Date }) {
  const manner: Manner = { copies: 1, drop: false, hold: false, reversed: false, delayMs: 0 }
  const going: Going[] = []
  const under = new Set<Promise<unknown>>()

  function follow(work: Promise<unknown>): void {
    const settled = work.catch(() => {}).finally(() => under.delete(settled))
    under.add(settled)
  }

  /** Sends what waits, in the manner that was told. */
  async function flush(): Promise<void> {
    const all = going.splice(0)
    for (const one of manner.reversed ? all.reverse() : all)
      for (let copy = 0; copy < manner.copies; copy++) await send(one)
  }

  /** Tries again for a while, as providers do for days. */
  async function send({ wire, event }: Going): Promise<void> {
    for (let pause = 100; pause < 5_000; pause *= 3) {
      const status = await deliver(wire, event.body, proofOf(wire, event)).catch(() => 0)
      if (status >= 200 && status < 500) return
      await wait(pause)
    }
  }

  const proofOf = (wire: Going['wire'], event: Told): Record<string, string> => ({
    'content-type': 'application/json',
    ...(wire === 'stripe'
      ? signatureOfStripe(event, secrets.stripe, now())
      : signatureOfRazorpay(event, secrets.razorpay)),
  })

  return {
    manner,
    /** Events that wait. */
    going,
    flush,
    send,
    proofOf,
    tell(events: readonly Going[]): void {
      if (!manner.drop) going.push(...events)
      if (!manner.hold) follow(wait(manner.delayMs).then(() => flush()))
    },
    /** Resolves once nothing is on its way any more. */
    async idle(): Promise<void> {
      while (under.size > 0) await Promise.all(under)
    },
  }
}

/** Answers requests as the provider whose key they bring, and goes wrong where it is told to. */
function openAnswering(about: {
  state: PlayState
  connect: ConnectState
  answers: Map<string, Answer>
  keep: () => void
}) {
  const { state, connect, answers, keep } = about
  const faults: { matching: RegExp; fault: Fault }[] = []
  const asked: string[] = []

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url!, 'http://stand-in')
    const method = request.method!
    const body = await textOf(request)
    const isStripe = /^bearer /i.test(request.headers.authorization ?? '')
    // Razorpay has keys for refunds alone.
    const key = request.headers[isStripe ? 'idempotency-key' : 'x-refund-idempotency'] as string | undefined
    const at = faults.findIndex(({ matching }) => matching.test(`${method} ${path}`))
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]!.fault
    asked.push(`${method} ${path}`)
    if (fault === 'is slow') await wait(50)
    const say = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_standin' }).end(text)
    }
    const fingerprint = `${method} ${path} ${body}`
    const known = key === undefined ? undefined : answers.get(key)
    if (known) {
      if (known.fingerprint === fingerprint) return say(known.status, known.body)
      const denial = new Denied(400, 'idempotency_error', 'The key was used with other parameters')
      return say(400, JSON.stringify(isStripe ? denialOfStripe(denial) : denialOfRazorpay(denial)))
    }
    const deny = (denied: Denied): Answer => ({
      fingerprint,
      status: denied.status,
      body: JSON.stringify(isStripe ? denialOfStripe(denied) : denialOfRazorpay(denied)),
    })
    const broken = () => deny(new Denied(500, 'api_error', 'Something went wrong on our side'))
    const answer =
      fault === 'fails'
        ? broken()
        : fault === 'is denied'
          ? deny(new Denied(400, 'denied', 'The provider does not take this'))
          : work()
    const said = fault === 'fails but does it' ? broken() : answer
    // A refusal that comes of what was asked is kept too, as is an answer of 500.
    if (key !== undefined && method === 'POST') answers.set(key, said)
    if (answers.size > mostAnswers) answers.delete(answers.keys().next().value!)
    keep()
    if (fault === 'is cut off') return void response.destroy()
    say(said.status, said.body)

    function work(): Answer {
      try {
        const about = { method, path, query, body }
        const value = isStripe
          ? (answerConnect(connect, about) ?? answerStripe(state, about))
          : answerRazorpay(state, about)
        return { fingerprint, status: 200, body: JSON.stringify(value) }
      } catch (error) {
        if (error instanceof Denied) return deny(error)
        throw error
      }
    }
  }

  return { serve, asked, next: (matching: RegExp, fault: Fault) => void faults.push({ matching, fault }) }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function readKept(file: string): Kept {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // The first time, or one that was not written whole.
    return { intents: [], answers: [] }
  }
}
