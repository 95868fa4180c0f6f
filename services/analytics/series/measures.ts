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
export type Source = 'use' | 'capacity' | 'outages' | 'incidents'

interface About {
  readonly unit: 'Wh' | 's' | 'minor' | 'count' | 'ratio'
  readonly sources: readonly Source[]
  /** Each currency for itself. */
  readonly money?: true
  /** Null where it means nothing. */
  value(sums: Sums): number | null
}

export const measures: Record<Measure, About> = {
  energy: { unit: 'Wh', sources: ['use'], value: sums => sums.energyWh },
  sessions: { unit: 'count', sources: ['use'], value: sums => sums.sessions },
  'busy-time': { unit: 's', sources: ['use'], value: sums => sums.busySeconds },
  utilisation: {
    unit: 'ratio',
    sources: ['use', 'capacity'],
    value: sums => share(sums.busySeconds, sums.connectorSeconds),
  },
  revenue: { unit: 'minor', sources: ['use'], money: true, value: sums => sums.totalMinor },
  'revenue-net': { unit: 'minor', sources: ['use'], money: true, value: sums => sums.netMinor },
  uptime: {
    unit: 'ratio',
    sources: ['capacity', 'outages'],
    value: sums => share(Math.max(0, sums.evseSeconds - sums.outSeconds), sums.evseSeconds),
  },
  incidents: { unit: 'count', sources: ['incidents'], value: sums => sums.incidents },
  'fault-rate': {
    unit: 'ratio',
    sources: ['use', 'incidents'],
    value: sums => share(sums.incidents, sums.sessions),
  },
}
