import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Named figures of one platform, as Prometheus reads them at `/metrics`. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labels?: readonly L[], collect?: (gauge: Gauge<L>) => void | Promise<void>): Gauge<L>
  /** Buckets in seconds unless given. */
  histogram<L extends string>(name: string, help: string, labels?: readonly L[], buckets?: number[]): Histogram<L>
  readonly registry: Registry
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Asking for a name twice gives the same figure, so two services may count into one. */
export function openMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.process) collectDefaultMetrics({ register: registry })
  const known = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make()
  const registers = [registry]
  return {
    registry,
    counter: (name, help, labelNames = []) => known(name, () => new Counter({ name, help, labelNames: [...labelNames], registers })),
    gauge: (name, help, labelNames = [], collect) =>
      known(name, () => {
        const gauge: Gauge<any> = new Gauge({
          name,
          help,
          labelNames: [...labelNames],
          registers,
          ...(collect && { collect: () => collect(gauge) }),
        })
        return gauge
      }),
    histogram: (name, help, labelNames = [], buckets = seconds) =>
      known(name, () => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers })),
  }
}
