import { alternate, throughput, type Line } from '../measure.ts'
import { makePassports, modelOf } from '../passports.ts'
import { makePeople, signedIn, type World } from '../world.ts'
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

  const headers = await signedIn(platform, person!)
  const measured = await alternate(
    rounds,
    () => throughput(floor.url, { paths: models.map(model => `/list?model=${model}`), headers: { 'x-user': person!.id } }, { seconds }),
    () => throughput(platform.url, { paths: models.map(model => `/api/passports?model=${model}`), headers }, { seconds }),
  )
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: 'list of 20 passports by a filter, 20 clients',
      floor: `${perSecond(measured.floor)} bare Fastify and postgres.js, the shortest query for it`,
      ohmnibus: perSecond(measured.subject),
      ratio: measured.ratio,
      budget: '≥ 0.60',
      met: measured.ratio.median >= 0.6,
    },
  ]
}
