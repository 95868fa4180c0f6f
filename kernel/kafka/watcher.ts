import type { EventRow, Partition } from '../events/transport.ts'
import { openOutage } from '../telemetry/outage.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openFetcher, type Fetcher } from './fetcher.ts'
import { opening } from './opening.ts'
import type { KafkaSettings } from './client.ts'
import type { Topics } from './topics.ts'

/** By as much the clocks of machines may be apart. */
const apartMs = 90_000

/** Tells a process of events of some topics, all partitions, from about when it started, each at least once. */
export function watchTopics(options: {
  watched: ReadonlyMap<string, (row: EventRow) => void>
  kafka: KafkaSettings
  topics: Topics
  log: Log
  metrics: Metrics
}) {
  const { watched, topics, log, metrics } = options
  const names = [...watched.keys()]
  const consequence = 'what others revoke is not heard of until it does'
  const outage = openOutage({ engine: 'kafka', consequence, log, metrics })
  const since = new Date(Date.now() - apartMs)
  const heard = new Map<string, number>()
  const keyOf = ({ incarnation, number }: Partition): string => `${incarnation} ${number}`
  let fetcher: Fetcher | undefined
  let stopped = false

  const opened = opening(open, { topics, outage, stopped: () => stopped })

  async function open(): Promise<void> {
    fetcher?.close()
    await topics.make(names)
    const shapes = await topics.shapesOf(names)
    const [recent, earliest, latest] = await Promise.all(
      [since, 'earliest' as const, 'latest' as const].map(at => topics.offsetsAt(names, at)),
    )
    const partitions = names.flatMap(topic =>
      recent!.get(topic)!.map((offset, number) => {
        const partition = { service: 'watch', topic, number, incarnation: shapes.get(topic)!.id }
        const wanted = heard.get(keyOf(partition)) ?? offset
        const start = Math.min(Math.max(wanted, earliest!.get(topic)![number]!), latest!.get(topic)![number]!)
        heard.set(keyOf(partition), start)
        return [partition, { start, end: start }] as const
      }),
    )
    fetcher = openFetcher({ ...options, name: 'watch', partitions: new Map(partitions), arrived, astray, outage })
    for (const [partition] of partitions) arrived(partition)
  }

  function arrived(partition: Partition): void {
    const next = (): EventRow[] => fetcher!.read(partition, heard.get(keyOf(partition))! - 1, 1_000)
    for (let rows = next(); rows.length > 0; rows = next())
      for (const row of rows) {
        watched.get(partition.topic)!(row)
        heard.set(keyOf(partition), row.offset + 1)
      }
  }

  function astray(): void {
    topics.doubt()
    void opened.wake()
  }

  void opened.wake()
  return {
    async stop(): Promise<void> {
      stopped = true
      await opened.idle()
      fetcher?.close()
    },
  }
}
