import { statfs } from 'node:fs/promises'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { version } from '../version.ts'
import { inTime } from '../waiting.ts'

type Collect<L extends string> = (gauge: Gauge<L>) => void | Promise<void>

/** Named figures of one platform, as Prometheus reads them at `/metrics`. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  /** `collect` sets it anew whenever somebody looks; one that fails or takes longer than two seconds leaves it out. */
  gauge<L extends string>(name: string, help: string, labels?: readonly L[], collect?: Collect<L>): Gauge<L>
  /** Buckets in seconds unless given. */
  histogram<L extends string>(name: string, help: string, labels?: readonly L[], buckets?: number[]): Histogram<L>
  readonly registry: Registry
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const patienceMs = 2_000

/**
 * Asking for a name twice gives the same figure, so two services may count into one, and set one from both sides. With
 * a data folder also figures of the process and of the folder's disk.
 */
export function openMetrics(options: { dataFolder?: string } = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  // `any`: the labels of each figure are its own.
  const collectors = new Map<string, Collect<any>[]>()
  const known = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make()

  const metrics: Metrics = {
    registry,
    counter: (name, help, labelNames = []) =>
      known(name, () => new Counter({ name, help, labelNames: [...labelNames], registers })),
    gauge(name, help, labelNames = [], collect) {
      const asked = collectors.get(name) ?? []
      collectors.set(name, asked)
      if (collect) asked.push(collect)
      return known(name, () => {
        // Its type cannot be found out of what it collects itself.
        const gauge: Gauge<any> = new Gauge({
          name,
          help,
          labelNames: [...labelNames],
          registers,
          collect: () => look(gauge, name, labelNames.length > 0, asked),
        })
        return gauge
      })
    },
    histogram: (name, help, labelNames = [], buckets = seconds) =>
      known(name, () => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers })),
  }

  /** An engine that is away must not take the figures of all others along. */
  async function look(
    gauge: Gauge<any>,
    name: string,
    labelled: boolean,
    asked: readonly Collect<any>[],
  ): Promise<void> {
    if (asked.length === 0) return
    gauge.reset()
    // Without labels it would be left at 0, which is a claim.
    if (!labelled) gauge.remove()
    try {
      await inTime(patienceMs, () => Promise.all(asked.map(async collect => collect(gauge))))
    } catch {
      unread.inc({ metric: name })
    }
  }
  const unread = metrics.counter('ohmnibus_metrics_unread_total', 'Times a figure could not be read', ['metric'])

  const { dataFolder } = options
  if (dataFolder) {
    collectDefaultMetrics({ register: registry })
    // Gauges under names that Prometheus keeps for counters; they are there a second time under better ones.
    for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`)
    const disk = (name: string, help: string, blocks: 'bavail' | 'blocks') =>
      metrics.gauge(name, help, [], async gauge => {
        const space = await statfs(dataFolder)
        gauge.set(space[blocks] * space.bsize)
      })
    disk('ohmnibus_data_free_bytes', 'Room that is left on the disk of the data folder', 'bavail')
    disk('ohmnibus_data_size_bytes', 'Size of the disk of the data folder', 'blocks')
    metrics
      .gauge('ohmnibus_build_info', 'What runs here', ['version', 'node'])
      .set({ version, node: process.versions.node }, 1)
  }
  return metrics
}

/** Measures transactions of a service: how long they wait for a connection of its pool, and take once they have it. */
export function measureTransactions(metrics: Metrics, service: string, poolSize: number) {
  const now = { waiting: 0, open: 0 }
  const waits = metrics
    .histogram('ohmnibus_database_wait_seconds', 'Time transactions wait for a connection', ['service'])
    .labels({ service })
  const durations = metrics.histogram('ohmnibus_database_transaction_seconds', 'Time transactions take', [
    'service',
    'outcome',
  ])
  const [committed, failed] = [
    durations.labels({ service, outcome: 'committed' }),
    durations.labels({ service, outcome: 'failed' }),
  ]
  metrics.gauge(
    'ohmnibus_database_transactions',
    'Transactions that wait for a connection or are open',
    ['service', 'state'],
    gauge => {
      gauge.set({ service, state: 'waiting' }, now.waiting)
      gauge.set({ service, state: 'open' }, now.open)
    },
  )
  metrics
    .gauge('ohmnibus_database_pool_size', 'Connections a service may have in this process', ['service'])
    .set({ service }, poolSize)

  return async <C, T>(reserve: () => Promise<C>, work: (connection: C) => Promise<T>): Promise<T> => {
    const asked = performance.now()
    now.waiting++
    const connection = await reserve().finally(() => now.waiting--)
    const begun = performance.now()
    waits.observe((begun - asked) / 1000)
    now.open++
    let outcome = failed
    try {
      const value = await work(connection)
      outcome = committed
      return value
    } finally {
      now.open--
      outcome.observe((performance.now() - begun) / 1000)
    }
  }
}
