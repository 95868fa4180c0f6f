import { alternate, throughput, type Line, type Shot } from '../measure.ts'
import { body } from '../passports.ts'
import { makePeople, signedIn, type World } from '../world.ts'
import { perSecond } from '../report.ts'

/** One passport made: its rows, its event, its answer. */
export async function post(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const shot = (path: string, headers: Record<string, string>): Shot => ({
    method: 'POST',
    paths: [path],
    headers,
    body,
  })
  const lines: Line[] = []

  // Alone with identity first: what others make of the event is work of their own, and shown apart.
  const database = await world.database('row_post')
  const platform = await world.platform(database, ['identity', 'passports'])
  const floor = await world.floor(database)
  const [person] = await makePeople(world.sqlOf(database), 1)
  const own = { 'x-user': person!.id }
  const subject = async (): Promise<number> =>
    throughput(platform.url, shot('/api/passports', await signedIn(platform, person!)), { seconds })
  const two = await alternate(rounds, () => throughput(floor.url, shot('/two', own), { seconds }), subject)
  const same = await alternate(
    Math.ceil(rounds / 2),
    () => throughput(floor.url, shot('/same', own), { seconds }),
    subject,
  )
  lines.push(
    {
      work: 'POST of one passport, which writes and publishes, 20 clients',
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
  )
  await Promise.all([platform.close(), floor.close()])
  return lines
}
