import type { OcppVersion } from '../../contracts/ocpp.ts'
import { StartError } from '../../kernel/problem.ts'
import { openCharger, type View } from '../../services/ocpp/simulator/charger.ts'
import type { Violation } from '../../services/ocpp/simulator/line.ts'
import { tableOf } from './table.ts'

/** What life is like: minutes between cars at a plug, by the hour of the day. */
const scenarios: Readonly<Record<string, (hour: number, random: () => number) => number>> = {
  day: (hour, random) => (hour >= 7 && hour < 22 ? 5 + random() * 40 : 60 + random() * 240),
  rush: (_, random) => random() * 3,
  night: (_, random) => 120 + random() * 300,
  demo: (_, random) => 3 + random() * 25,
  /** Nobody comes by itself. */
  none: () => Infinity,
}

export interface Simulation {
  readonly url: string
  readonly chargers: number
  readonly versions: readonly OcppVersion[]
  readonly scenario: string
  readonly speed?: number
  readonly chaos?: boolean
  /** Before the number of each. */
  readonly prefix?: string
  readonly cards?: readonly string[]
  readonly password?: string | undefined
  readonly seed?: number
  readonly signal: AbortSignal
}

/** Lets chargers live until the signal. Fails with `StartError` for a scenario there is not. */
export function simulate(options: Simulation): { views: View[]; violations: Violation[]; done: Promise<void> } {
  const { url, versions, speed = 60, chaos = false, prefix = 'SIM', cards = ['SIM-CARD-1', 'SIM-CARD-2'] } = options
  const scenario = scenarios[options.scenario]
  if (!scenario)
    throw new StartError(`--scenario takes ${Object.keys(scenarios).join(', ')}, not "${options.scenario}"`)
  const random = randomFrom(options.seed ?? Date.now())
  const violations: Violation[] = []
  const chargers = Array.from({ length: options.chargers }, (_, at) => {
    const isFast = at % 3 === 2
    const plug = isFast
      ? ({ current: 'DC', maxPowerW: 150_000 } as const)
      : ({ current: 'AC', maxPowerW: 22_000 } as const)
    return openCharger({
      url,
      id: `${prefix}-${String(at + 1).padStart(3, '0')}`,
      version: versions[at % versions.length]!,
      password: options.password,
      plugs: isFast ? [plug, plug] : [plug],
      cards,
      speed,
      pauseMinutes: () => scenario(new Date().getHours(), random),
      chaos,
      random,
      signal: options.signal,
      violated: violation => violations.push(violation),
    })
  })
  return {
    views: chargers.map(({ view }) => view),
    violations,
    done: Promise.all(chargers.map(({ done }) => done)).then(() => {}),
  }
}

/** The same chances again for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `ohmnibus simulate`: shows them in a terminal, a line a second elsewhere; false where the other side broke the rules. */
export async function simulateInTerminal(options: Omit<Simulation, 'signal'> & { minutes?: number }): Promise<boolean> {
  const ending = new AbortController()
  process.once('SIGINT', () => ending.abort()).once('SIGTERM', () => ending.abort())
  if (options.minutes) setTimeout(() => ending.abort(), options.minutes * 60_000).unref()
  const { views, violations, done } = simulate({ ...options, signal: ending.signal })
  const began = Date.now()
  const isTerminal = Boolean(process.stdout.isTTY)
  const show = setInterval(
    () => {
      const table = tableOf(views, (Date.now() - began) / 1000, isTerminal ? (process.stdout.rows ?? 24) - 4 : 0)
      process.stdout.write(isTerminal ? `\u001b[H\u001b[2J${table}` : table)
    },
    isTerminal ? 500 : 10_000,
  )
  await done
  clearInterval(show)
  process.stdout.write(tableOf(views, (Date.now() - began) / 1000, 0))
  for (const { message } of violations.slice(0, 20)) console.error(message)
  if (violations.length > 20) console.error(`and ${violations.length - 20} more`)
  return violations.length === 0
}
