import { setTimeout as sleep } from 'node:timers/promises'
import { alternate, throughput, type Line } from '../measure.ts'
import type { Shot } from '../client.ts'
import { body } from '../passports.ts'
import { perSecond } from '../report.ts'
import { allServices, makePeople, signedIn, type World } from '../world.ts'

/** One passport made: its rows, its event, its answer; while nobody reacts, and with all that follows from it. */
export async function post(world: World): Promise<Line[]> {
  const alone = await measured(world, 'row_post', ['identity', 'passports'])
  const together = await measured(world, 'row_post_all', allServices)
  const two = await alone.beside('/two')
  const same = await alone.beside('/same')
  const all = await together.beside('/two')
  await Promise.all([alone.close(), together.close()])
  return [
    {
      work: 'POST of one passport, which writes and publishes, while nobody reacts, 20 clients',
      floor: `${perSecond(two.floor)} bare Fastify and postgres.js, two rows in a pipelined transaction`,
      ohmnibus: perSecond(two.subject),
      ratio: two.ratio,
      budget: '≥ 0.65',
      met: two.ratio.median >= 0.65,
    },
    {
      work: 'the same, beside the same three rows with all their indexes',
      floor: `${perSecond(same.floor)} bare Fastify and postgres.js, pipelined`,
      ohmnibus: perSecond(same.subject),
      ratio: same.ratio,
    },
    {
      work: 'the same with all that follows: until the last person was told in the application, with its file',
      floor: `${perSecond(all.floor)} bare Fastify and postgres.js, two rows in a pipelined transaction`,
      ohmnibus: perSecond(all.subject),
      ratio: all.ratio,
      budget: '≥ 0.50',
      met: all.ratio.median >= 0.5,
    },
  ]
}

async function measured(world: World, name: string, services: readonly string[]) {
  const { rounds, seconds } = world.size
  const database = await world.database(name)
  const platform = await world.platform(database, services)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const [person] = await makePeople(sql, 1)
  const shot = (path: string, headers: Record<string, string>): Shot => ({
    method: 'POST',
    paths: [path],
    headers,
    body,
  })

  /** Resolves once nothing follows any more from what was written. */
  async function settled(): Promise<void> {
    if (!services.includes('notifications')) return
    for (;;) {
      const [row] = await sql<{ isOpen: boolean }[]>`
        select exists (select from graphile_worker._private_jobs where run_at <= now())
          or (select count(*) from kernel.log where topic = 'passport.created')
            > (select count(*) from notifications.notifications where event = 'passport.created') as "isOpen"`
      if (!row!.isOpen) return
      await sleep(20)
    }
  }

  async function subject(): Promise<number> {
    const headers = await signedIn(platform, person!)
    const started = performance.now()
    const rate = await throughput(platform.url, shot('/api/passports', headers), { seconds })
    const load = performance.now() - started
    await settled()
    return (rate * load) / (performance.now() - started)
  }

  return {
    beside: (path: string) =>
      alternate(rounds, () => throughput(floor.url, shot(path, { 'x-user': person!.id }), { seconds }), subject),
    close: () => Promise.all([platform.close(), floor.close()]),
  }
}
