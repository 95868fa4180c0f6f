import { alternate, quantile, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { openDeliveries } from '../toys/deliveries.ts'
import type { World } from '../world.ts'

/** From the commit of an event to the commit of its reaction. */
export async function events(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_events')
  const platform = await world.platform(database, ['toys'])
  const floor = await world.floor(database)
  const deliveries = openDeliveries(world.sqlOf(database))
  const count = quick ? 5_000 : 20_000

  const subject = async (): Promise<number> => {
    await deliveries.publish(count)
    await deliveries.reacted(count)
    return count / (await deliveries.seconds())
  }
  const cursor = async (): Promise<number> => {
    await deliveries.publish(count, 'bench')
    const answer = await fetch(`${floor.url}/drain?topic=bench`, { method: 'POST' })
    const { events, ms } = (await answer.json()) as { events: number; ms: number }
    if (events !== count) throw new Error(`the floor read ${events} events instead of ${count}`)
    return (events * 1000) / ms
  }
  const drained = await alternate(rounds, cursor, subject)

  const rate = 200
  const delays = await deliveries.delays(platform.url, { rate, seconds: seconds * 2 })
  const [p50, p99] = [quantile(delays, 0.5), quantile(delays, 0.99)]
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: `${count.toLocaleString('en')} waiting events, each with one row written`,
      floor: `${perSecond(drained.floor)} a cursor over the log, 200 events a transaction`,
      ohmnibus: perSecond(drained.subject),
      ratio: drained.ratio,
      budget: '≥ 0.80',
      met: drained.ratio.median >= 0.8,
    },
    {
      work: `from an event's commit to its reaction's commit, ${rate} events/s`,
      ohmnibus: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (${delays.length} events)`,
      budget: 'p50 < 2 ms, p99 < 15 ms',
      met: p50 < 2 && p99 < 15,
    },
  ]
}
