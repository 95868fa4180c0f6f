import { setTimeout as sleep } from 'node:timers/promises'
import type { OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import { arrivingCar, charge, powerOf, type Car } from './car.ts'
import { dialects, type Saying, type Transaction } from './dialect.ts'
import { answersOf } from './answers.ts'
import { openSettings, type Settings } from './settings.ts'
import { openLine, Refused, type Line, type Violation } from './line.ts'

/** What a simulated charger is and may do. */
export interface ChargerOptions {
  readonly url: string
  readonly id: string
  readonly version: OcppVersion
  readonly password?: string | undefined
  readonly plugs: readonly { readonly current: 'AC' | 'DC'; readonly maxPowerW: number }[]
  /** Cards that drivers hold against it. */
  readonly cards: readonly string[]
  /** So many times as fast as life; its clock is real all the same. */
  readonly speed: number
  /** Between cars at a plug, in minutes of its life. */
  readonly pauseMinutes: () => number
  /** It loses its connection, faults and sends things twice, now and then. */
  readonly chaos: boolean
  readonly random: () => number
  readonly signal: AbortSignal
  readonly violated: (violation: Violation) => void
}

/** What somebody does to one that they play with. */
export const deeds = [
  'plug-in',
  'unplug',
  'fault',
  'mend',
  'go-offline',
  'come-back',
  'set-clock-wrong',
  'set-clock-right',
] as const
export type Deed = (typeof deeds)[number]

export type PlugState = 'free' | 'plugged' | 'charging' | 'faulted'

/** What is to be seen of one. */
export interface View {
  readonly id: string
  readonly version: OcppVersion
  state: 'connecting' | 'pending' | 'online' | 'offline'
  readonly plugs: { state: PlugState; powerW: number; soc: number; sessionWh: number }[]
  sessions: number
  energyWh: number
  messages: number
  refused: number
  /** Cards that were refused. */
  turnedAway: number
  isClockWrong: boolean
  /** Messages that it could not send before its end. */
  unsaid: number
}

/** Every so many minutes of its life it says what its meters show, and every 200 ms of ours at the most. */
const measureMinutesAt = (speed: number): number => Math.max(1, speed / 300)

/** A charger with cars that come and go, until the signal. Never fails: what goes wrong is what it is there to show. */
export function openCharger(options: ChargerOptions): {
  view: View
  /** False where that cannot be as things are. */
  deed(deed: Deed, connector: number, idToken: string): boolean
  done: Promise<void>
} {
  const { id, version, plugs } = options
  const view: View = {
    id,
    version,
    state: 'connecting',
    plugs: plugs.map(() => ({ state: 'free', powerW: 0, soc: 0, sessionWh: 0 })),
    sessions: 0,
    energyWh: 0,
    messages: 0,
    refused: 0,
    turnedAway: 0,
    isClockWrong: false,
    unsaid: 0,
  }
  const self = new Self(options, view)
  const living = Promise.all([self.connect(), self.deliver(), ...plugs.map((_, at) => self.serve(at + 1))])
  const done = living.then(() => self.leave())
  return { view, deed: (deed, connector, idToken) => self.deed(deed, connector, idToken), done }
}

class Self {
  readonly #options: ChargerOptions
  readonly #view: View
  /** What has still to be said, in its order; it survives the connection. */
  readonly #queue: { say: () => Saying; heard?: ((answer: any) => void) | undefined }[] = []
  readonly #running = new Map<number, { transaction: Transaction; stop?: string }>()
  /** Who charges next at a plug: somebody from afar, or with a card that is asked about first. */
  readonly #next = new Map<number, { idToken: string; remoteStartId?: number; hasCard?: boolean }>()
  readonly #faulted = new Set<number>()
  readonly #settings: Settings
  #isAway = false
  readonly #meters = new Map<number, number>()
  #line: Line | undefined
  #accepted = false

  constructor(options: ChargerOptions, view: View) {
    this.#options = options
    this.#settings = openSettings(options.version === 'ocpp1.6')
    this.#view = view
  }

  get #over(): boolean {
    return this.#options.signal.aborted
  }

  /** As its clock has it. */
  #now(): Date {
    return new Date(Date.now() + (this.#view.isClockWrong ? 3_600_000 : 0))
  }

  deed(deed: Deed, connector: number, idToken: string): boolean {
    const state = this.#view.plugs[connector - 1]?.state
    const running = this.#running.get(connector)
    const deeds: Record<Deed, () => boolean> = {
      'plug-in': () => state === 'free' && Boolean(this.#next.set(connector, { idToken, hasCard: true })),
      unplug: () => this.#end(running, 'EVDisconnected'),
      fault: () => {
        if (!state || this.#faulted.has(connector)) return false
        this.#faulted.add(connector)
        // With a session its end comes first.
        if (!this.#end(running, 'Other')) this.#status(connector, 'faulted')
        return true
      },
      mend: () => {
        if (!this.#faulted.delete(connector)) return false
        if (state === 'faulted') this.#status(connector, 'free')
        return true
      },
      'go-offline': () => {
        const wasThere = !this.#isAway
        this.#isAway = true
        this.#line?.cut()
        return wasThere
      },
      'come-back': () => {
        const wasAway = this.#isAway
        this.#isAway = false
        return wasAway
      },
      'set-clock-wrong': () => !this.#view.isClockWrong && (this.#view.isClockWrong = true),
      'set-clock-right': () => this.#view.isClockWrong && !(this.#view.isClockWrong = false),
    }
    return deeds[deed]()
  }

  #end(running: { stop?: string } | undefined, reason: string): boolean {
    if (!running || running.stop) return false
    running.stop = reason
    return true
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#options.signal }).catch(() => {})
  }

  /** Minutes of its life. */
  #live(minutes: number): Promise<void> {
    return this.#pause((minutes * 60_000) / this.#options.speed)
  }

  /** Connects, again and again, waiting longer each time. */
  async connect(): Promise<void> {
    const { id, version, random, chaos } = this.#options
    for (let tries = 0; !this.#over; tries++) {
      while (this.#isAway && !this.#over) await this.#pause(100)
      try {
        const line = await openLine({ ...this.#options, answer: (action, payload) => this.#answer(action, payload) })
        this.#line = line
        tries = 0
        await this.#start(line, id, version)
        if (chaos) void this.#live(20 + random() * 60).then(() => !this.#over && line.cut())
        await Promise.race([line.closed, this.#aborted()])
        if (this.#over) return
      } catch {
        this.#line?.cut()
      }
      this.#line = undefined
      this.#accepted = false
      this.#view.state = 'offline'
      await this.#pause(Math.min(30_000, 250 * 2 ** tries) * (0.5 + random()))
    }
  }

  #aborted(): Promise<void> {
    const { signal } = this.#options
    return new Promise(resolve => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Says what it is until it is accepted, and how its plugs are. */
  async #start(line: Line, id: string, version: OcppVersion): Promise<void> {
    const dialect = dialects[version]
    const about = { model: `S-${this.#view.plugs.length}`, serialNumber: id, firmware: '1.0.0', reason: 'PowerUp' }
    for (;;) {
      const { status, interval } = await this.#call(line, dialect.boot(about))
      if (status === 'Accepted') {
        void this.#beat(line, interval)
        break
      }
      this.#view.state = 'pending'
      await this.#pause(Math.min(interval, 10) * 1000)
    }
    for (const [at, plug] of this.#view.plugs.entries())
      await this.#call(line, dialect.status(at + 1, said[plug.state], this.#now()))
    this.#accepted = true
    this.#view.state = 'online'
  }

  async #beat(line: Line, seconds: number): Promise<void> {
    while (!this.#over && this.#line === line) {
      await this.#pause(seconds * 1000)
      if (this.#line === line) await this.#call(line, ['Heartbeat', {}]).catch(() => {})
    }
  }

  async #call(line: Line, [action, payload]: Saying): Promise<any> {
    this.#view.messages++
    return await line.call(action, payload)
  }

  /** Sends what waits, in its order; what got no answer is sent again. At the end what is under way is said still. */
  async deliver(): Promise<void> {
    while (!this.#over || this.#running.size > 0 || this.#queue.length > 0) {
      const [next] = this.#queue
      const line = this.#accepted ? this.#line : undefined
      if (this.#over && !line) return
      if (!next || !line) {
        await sleep(20)
        continue
      }
      try {
        const saying = next.say()
        const answer = await this.#call(line, saying)
        if (this.#options.chaos && this.#options.random() < 0.05) await this.#call(line, saying)
        next.heard?.(answer)
        this.#queue.shift()
      } catch (error) {
        if (error instanceof Refused) {
          this.#view.refused++
          this.#queue.shift()
        } else if (this.#over) return
        else await sleep(100)
      }
    }
  }

  #say(say: () => Saying, heard?: (answer: any) => void): void {
    // Made once: what is said again is the same.
    let made: Saying | undefined
    this.#queue.push({ say: () => (made ??= say()), heard })
  }

  #status(connector: number, state: PlugState): void {
    const at = this.#now()
    this.#view.plugs[connector - 1]!.state = state
    this.#say(() => dialects[this.#options.version].status(connector, said[state], at))
  }

  /** Cars at one plug, one after the other. */
  async serve(connector: number): Promise<void> {
    const { cards, random, chaos, pauseMinutes } = this.#options
    for (let cars = 0; !this.#over; cars++) {
      // The first comes soon: somebody is watching.
      const minutes = pauseMinutes() * (cars === 0 ? 0.15 : 1)
      const until = Date.now() + (minutes * 60_000) / this.#options.speed
      const waits = (): boolean => this.#faulted.has(connector) || (Date.now() < until && !this.#next.has(connector))
      while (waits() && !this.#over) await this.#pause(100)
      if (this.#over) return
      if (chaos && random() < 0.05) {
        this.#status(connector, 'faulted')
        await this.#live(5)
        this.#status(connector, 'free')
        continue
      }
      const asked = this.#next.get(connector)
      this.#next.delete(connector)
      this.#status(connector, 'plugged')
      const idToken = asked?.idToken ?? cards[Math.floor(random() * cards.length)]!
      const isFromAfar = asked !== undefined && !asked.hasCard
      if (isFromAfar || (await this.#authorized(idToken))) await this.#session(connector, idToken, asked?.remoteStartId)
      else this.#view.turnedAway++
      this.#status(connector, this.#faulted.has(connector) ? 'faulted' : 'free')
    }
  }

  /** Without a connection who is known is let in. */
  async #authorized(idToken: string): Promise<boolean> {
    const line = this.#line
    const dialect = dialects[this.#options.version]
    if (!line || !this.#accepted) return true
    try {
      return dialect.accepts(await this.#call(line, dialect.authorize(idToken)))
    } catch {
      return true
    }
  }

  async #session(connector: number, idToken: string, remoteStartId?: number): Promise<void> {
    const { version, random, plugs, speed } = this.#options
    const measureMinutes = measureMinutesAt(speed)
    const dialect = dialects[version]
    const plug = plugs[connector - 1]!
    const shown = this.#view.plugs[connector - 1]!
    const car: Car = arrivingCar(random, 12)
    const transaction: Transaction = {
      connector,
      idToken,
      id: version === 'ocpp1.6' ? -1 : newId(),
      seqNo: 0,
      startWh: this.#meters.get(connector) ?? Math.floor(random() * 1e6),
      meterWh: 0,
      powerW: powerOf(car, plug),
      soc: car.soc,
      offline: !this.#accepted,
      ...(remoteStartId !== undefined && { remoteStartId }),
    }
    transaction.meterWh = transaction.startWh
    const running: { transaction: Transaction; stop?: string } = { transaction }
    this.#running.set(connector, running)
    const began = this.#now()
    this.#status(connector, 'charging')
    this.#say(
      () => dialect.begin(transaction, began),
      answer => dialect.begun(transaction, answer),
    )
    while (car.soc < car.targetSoc && !running.stop && !this.#over) {
      await this.#live(measureMinutes)
      const energyWh = charge(car, plug, measureMinutes * 60)
      this.#view.energyWh += energyWh
      Object.assign(transaction, {
        meterWh: transaction.meterWh + energyWh,
        powerW: powerOf(car, plug),
        soc: car.soc,
        offline: !this.#accepted,
      })
      Object.assign(shown, {
        powerW: transaction.powerW,
        soc: car.soc,
        sessionWh: transaction.meterWh - transaction.startWh,
      })
      const [at, now] = [this.#now(), { ...transaction }]
      this.#say(() => dialect.measure(Object.assign(now, { id: transaction.id, seqNo: transaction.seqNo++ }), at))
    }
    const ended = this.#now()
    const reason = running.stop ?? 'EVDisconnected'
    this.#say(() => dialect.end(transaction, ended, reason))
    this.#running.delete(connector)
    this.#meters.set(connector, transaction.meterWh)
    this.#view.sessions++
    Object.assign(shown, { powerW: 0, soc: 0, sessionWh: 0 })
  }

  #answer(action: string, payload: any): object | undefined {
    return answersOf({
      remoteStart: (connector, idToken, remoteStartId) => {
        const free = this.#view.plugs.findIndex(
          ({ state }, at) => state === 'free' && (!connector || at + 1 === connector),
        )
        if (free < 0) return false
        this.#next.set(free + 1, { idToken, ...(remoteStartId !== undefined && { remoteStartId }) })
        return true
      },
      remoteStop: id => {
        const running = [...this.#running.values()].find(({ transaction }) => String(transaction.id) === String(id))
        if (running) running.stop = 'Remote'
        return running !== undefined
      },
      settings: this.#settings,
      report: requestId => this.#say(() => this.#settings.report(requestId, this.#now())),
      reset: () => void setTimeout(() => this.#line?.cut(), 200),
      trigger: (what, connector) => {
        const dialect = dialects[this.#options.version]
        if (what === 'StatusNotification')
          for (const [at, { state }] of this.#view.plugs.entries())
            if (!connector || connector === at + 1) this.#say(() => dialect.status(at + 1, said[state], this.#now()))
        if (what === 'Heartbeat') this.#say(() => ['Heartbeat', {}])
        if (what === 'BootNotification') setTimeout(() => this.#line?.cut(), 200)
        return ['StatusNotification', 'Heartbeat', 'BootNotification'].includes(what)
      },
    })(action, payload)
  }

  /** Ends what is under way as somebody who switches off in good order. */
  async leave(): Promise<void> {
    this.#view.unsaid = this.#queue.length
    await this.#line?.close()
  }
}

const said = { free: 'Available', plugged: 'Preparing', charging: 'Charging', faulted: 'Faulted' } as const
