import type { Measure } from '#contracts/analytics'

/** What figures are made of; those of several intervals or groups add up. */
export interface Sums {
  energyWh: number
  busySeconds: number
  sessions: number
  netMinor: number
  totalMinor: number
  /** That connectors were there, and EVSEs, and of these out. */
  connectorSeconds: number
  evseSeconds: number
  outSeconds: number
  incidents: number
}

export const nothing = (): Sums => ({
  energyWh: 0,
  busySeconds: 0,
  sessions: 0,
  netMinor: 0,
  totalMinor: 0,
  connectorSeconds: 0,
  evseSeconds: 0,
  outSeconds: 0,
  incidents: 0,
})

export function add(to: Sums, from: Partial<Sums>): void {
  for (const [name, value] of Object.entries(from)) to[name as keyof Sums] += value
}

const share = (part: number, whole: number): number | null =>
  whole > 0 ? Math.round((part / whole) * 1_000_000) / 1_000_000 : null

/** What is needed for a figure. */
export type Source = 'energy' | 'time' | 'sessions' | 'money' | 'capacity' | 'outages' | 'incidents'

interface About {
  readonly unit: 'Wh' | 's' | 'minor' | 'count' | 'ratio'
  readonly sources: readonly Source[]
  /** Each currency for itself. */
  readonly money?: true
  /** Null where it means nothing. */
  value(sums: Sums): number | null
}

export const measures: Record<Measure, About> = {
  energy: { unit: 'Wh', sources: ['energy'], value: sums => sums.energyWh },
  sessions: { unit: 'count', sources: ['sessions'], value: sums => sums.sessions },
  'busy-time': { unit: 's', sources: ['time'], value: sums => sums.busySeconds },
  utilisation: {
    unit: 'ratio',
    sources: ['time', 'capacity'],
    value: sums => share(sums.busySeconds, sums.connectorSeconds),
  },
  revenue: { unit: 'minor', sources: ['money'], money: true, value: sums => sums.totalMinor },
  'revenue-net': { unit: 'minor', sources: ['money'], money: true, value: sums => sums.netMinor },
  uptime: {
    unit: 'ratio',
    sources: ['capacity', 'outages'],
    value: sums => share(Math.max(0, sums.evseSeconds - sums.outSeconds), sums.evseSeconds),
  },
  incidents: { unit: 'count', sources: ['incidents'], value: sums => sums.incidents },
  'fault-rate': {
    unit: 'ratio',
    sources: ['sessions', 'incidents'],
    value: sums => share(sums.incidents, sums.sessions),
  },
}

const ofSessions: readonly Source[] = ['energy', 'time', 'sessions', 'money']

/** Whether it is known of sessions alone, and so by their tariff. */
export const isOfSessions = (measure: Measure): boolean =>
  measures[measure].sources.every(source => ofSessions.includes(source))
