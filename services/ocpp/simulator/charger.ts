import { setTimeout as sleep } from 'node:timers/promises'
import type { OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import { arrivingCar, charge, powerOf, type Car } from './car.ts'
import { dialects, type Saying, type Transaction } from './dialect.ts'
import { answersOf } from './answers.ts'
import { openClock } from './clock.ts'
import type { Inside } from './inside.ts'
import { partsOf } from './parts.ts'
import { openSettings, type Settings } from './settings.ts'
import { openLine, Refused, type Line, type Violation } from './line.ts'

/** What a simulated charger is and may do. */
export interface ChargerOptions {
  readonly url: string
  /** Where it brings files, if that is another address. */
  readonly files?: string | undefined
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
  /** It loses its connection and is away for a while, faults, fails and sends things twice, now and then; its clock goes wrong. */
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
  /** What its software calls itself. */
  firmware: string
}

/** By so much the clocks of two go apart at the most: two seconds in a hundred. */
const mostDrift = 0.02

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
    firmware: '',
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
  readonly #queue: { say: () => Saying; heard?: ((answer: any) => void) | undefined; over?: () => void }[] = []
  readonly #running = new Map<number, { transaction: Transaction; stop?: string }>()
  /** Who charges next at a plug: somebody from afar, or with a card that is asked about first. */
  readonly #next = new Map<number, { idToken: string; remoteStartId?: number; hasCard?: boolean }>()
  readonly #faulted = new Set<number>()
  readonly #settings: Settings
  readonly #clock: ReturnType<typeof openClock>
  readonly #parts: ReturnType<typeof partsOf>
  /** Why it starts the next time. */
  #reason = 'PowerUp'
  #isAway = false
  readonly #meters = new Map<number, number>()
  #line: Line | undefined
  #accepted = false

  constructor(options: ChargerOptions, view: View) {
    this.#options = options
    this.#settings = openSettings(options.version === 'ocpp1.6')
    this.#view = view
    this.#clock = openClock(options.chaos ? (options.random() - 0.5) * mostDrift : 0)
    this.#parts = this.#open()
    view.firmware = this.#parts.firmware.version()
  }

  #open() {
    const { id, version, url, files = url.replace(/^ws/, 'http'), chaos, random } = this.#options
    const inside: Inside = {
      id,
      version,
      files,
      now: () => this.#clock.now(),
      fails: () => chaos && random() < 0.2,
      isOver: () => this.#over,
      isCharging: () => this.#running.size > 0,
      live: minutes => this.#live(minutes),
      until: async at => {
        while (!this.#over && this.#clock.now() < at)
          await this.#pause(Math.min(60_000, at.getTime() - this.#clock.now().getTime()))
      },
      say: saying => new Promise(over => this.#queue.push({ say: () => saying, over })),
      restart: reason => this.#restart(reason),
    }
    return partsOf(inside, {
      stateOf: connector => {
        const state = this.#view.plugs[connector - 1]?.state
        return state === 'plugged' || state === 'charging' ? 'occupied' : state
      },
      show: connector => this.#status(connector, this.#view.plugs[connector - 1]!.state),
    })
  }

  #restart(reason: string): void {
    this.#reason = reason
    this.#accepted = false
    this.#line?.cut()
  }

  get #over(): boolean {
    return this.#options.signal.aborted
  }

  /** As its clock has it. */
  #now(): Date {
    return this.#clock.now()
  }

  #setWrong(isWrong: boolean): boolean {
    if (this.#view.isClockWrong === isWrong) return false
    this.#view.isClockWrong = isWrong
    this.#clock.turn(isWrong ? 3_600_000 : 0)
    return true
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
      'set-clock-wrong': () => this.#setWrong(true),
      'set-clock-right': () => this.#setWrong(false),
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
        const line = await openLine({ ...this.#options, answer: this.#answers() })
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
      // Somebody has parked a lorry before its aerial: what happens meanwhile it tells later.
      if (chaos && random() < 0.5) await this.#live(5 + random() * 25)
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
    const firmware = this.#parts.firmware.version()
    const about = { model: `S-${this.#view.plugs.length}`, serialNumber: id, firmware, reason: this.#reason }
    for (;;) {
      const { status, interval, currentTime } = await this.#call(line, dialect.boot(about))
      this.#clock.set(currentTime)
      if (status === 'Accepted') {
        this.#view.firmware = firmware
        this.#reason = 'PowerUp'
        void this.#beat(line, interval)
        break
      }
      this.#view.state = 'pending'
      await this.#pause(Math.min(interval, 10) * 1000)
    }
    for (const [at, plug] of this.#view.plugs.entries())
      await this.#call(line, dialect.status(at + 1, this.#said(at + 1, plug.state), this.#now()))
    this.#accepted = true
    this.#view.state = 'online'
  }

  async #beat(line: Line, seconds: number): Promise<void> {
    while (!this.#over && this.#line === line) {
      await this.#pause(seconds * 1000)
      if (this.#line !== line) return
      await this.#call(line, ['Heartbeat', {}]).then(
        ({ currentTime }) => this.#clock.set(currentTime),
        () => {},
      )
    }
  }

  async #call(line: Line, [action, payload]: Saying): Promise<any> {
    this.#view.messages++
    this.#parts.logs.note(this.#now(), action)
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
        next.over?.()
      } catch (error) {
        if (error instanceof Refused) {
          this.#view.refused++
          this.#queue.shift()
          next.over?.()
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
    const status = this.#said(connector, state)
    this.#say(() => dialects[this.#options.version].status(connector, status, at))
  }

  #said(connector: number, state: PlugState) {
    return state === 'free' && this.#parts.cards.isReserved(connector) ? 'Reserved' : said[state]
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
      const idToken = asked?.idToken ?? cards[Math.floor(random() * cards.length)]!
      this.#status(connector, 'plugged')
      if (await this.#mayBegin(connector, idToken, asked !== undefined && !asked.hasCard))
        await this.#session(connector, idToken, asked?.remoteStartId)
      else this.#view.turnedAway++
      this.#status(connector, this.#faulted.has(connector) ? 'faulted' : 'free')
    }
  }

  /** Without a connection its own list has to do. Who starts from afar was judged there. */
  async #mayBegin(connector: number, idToken: string, isFromAfar: boolean): Promise<boolean> {
    const { cards } = this.#parts
    if (isFromAfar && cards.mayBegin(connector, idToken)) return true
    const line = this.#line
    const dialect = dialects[this.#options.version]
    try {
      if (!line || !this.#accepted) throw new Error('there is nobody to ask')
      const answer = await this.#call(line, dialect.authorize(idToken))
      return dialect.accepts(answer) && cards.mayBegin(connector, idToken, dialect.groupOf(answer))
    } catch {
      return cards.lets(idToken) && cards.mayBegin(connector, idToken)
    }
  }

  async #session(connector: number, idToken: string, remoteStartId?: number): Promise<void> {
    const { version, random, plugs, speed } = this.#options
    const measureMinutes = measureMinutesAt(speed)
    const dialect = dialects[version]
    const plug = plugs[connector - 1]!
    const shown = this.#view.plugs[connector - 1]!
    const car: Car = arrivingCar(random, 12)
    const reservationId = this.#parts.cards.use(connector)
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
      ...(reservationId !== undefined && { reservationId }),
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

  #answers() {
    const { cards, firmware, certificate, logs } = this.#parts
    return answersOf({
      more: { ...cards.answers, ...firmware.answers, ...certificate.answers, ...logs.answers },
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
      reset: () => void setTimeout(() => this.#restart('RemoteReset'), 200),
      trigger: (what, connector) => this.#trigger(what, connector),
    })
  }

  /** False for what it does not send by itself. */
  #trigger(what: string, connector: number | undefined): boolean {
    const { firmware, certificate, logs } = this.#parts
    const triggers: Record<string, () => void> = {
      ...firmware.triggers,
      ...certificate.triggers,
      ...logs.triggers,
      StatusNotification: () => {
        for (const [at, { state }] of this.#view.plugs.entries())
          if (!connector || connector === at + 1) this.#status(at + 1, state)
      },
      Heartbeat: () => this.#say(() => ['Heartbeat', {}]),
      BootNotification: () => void setTimeout(() => this.#restart('Triggered'), 200),
    }
    if (!Object.hasOwn(triggers, what)) return false
    triggers[what]!()
    return true
  }

  /** Ends what is under way as somebody who switches off in good order. */
  async leave(): Promise<void> {
    this.#view.unsaid = this.#queue.length
    await this.#line?.close()
  }
}

const said = { free: 'Available', plugged: 'Preparing', charging: 'Charging', faulted: 'Faulted' } as const
