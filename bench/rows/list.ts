import { alternate, throughput, type Line } from '../measure.ts'
import { makePassports, modelOf } from '../passports.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'
import { perSecond } from '../report.ts'

/** Twenty passports of one model. */
export async function list(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_list')
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const [person] = await makePeople(sql, 1)
  await makePassports(sql, person!.id, 5_000)
  const models = Array.from({ length: 20 }, (_, number) => modelOf(number))

  const own = { 'x-user': person!.id }
  const headers = await signedIn(platform, person!)
  const asked = (of: Server, path: string, as: Record<string, string>) => () =>
    throughput(of.url, { paths: models.map(model => `${path}?model=${model}`), headers: as }, { seconds })
  const subject = asked(platform, '/api/passports', headers)
  const shortest = await alternate(rounds, asked(floor, '/list', own), subject)
  const same = await alternate(Math.ceil(rounds / 2), asked(floor, '/same-list', own), subject)
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: 'list of 20 passports by a filter, 20 clients',
      floor: `${perSecond(shortest.floor)} bare Fastify and postgres.js, the shortest query for it`,
      ohmnibus: perSecond(shortest.subject),
      ratio: shortest.ratio,
      budget: '≥ 0.60',
      met: shortest.ratio.median >= 0.6,
    },
    {
      work: 'the same, beside the same queries',
      floor: `${perSecond(same.floor)} bare Fastify and postgres.js, what the service asks the database`,
      ohmnibus: perSecond(same.subject),
      ratio: same.ratio,
    },
  ]
}
