import { alternate, throughput, type Line } from '../measure.ts'
import type { Shot } from '../client.ts'
import { makePassports, someIds } from '../passports.ts'
import { perSecond } from '../report.ts'
import { makePeople, signedIn, type World } from '../world.ts'

/** One passport by its key, and the account that a session is checked by. */
export async function get(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_get')
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const [person] = await makePeople(sql, 1)
  await makePassports(sql, person!.id, 1_000)
  const ids = await someIds(sql, person!.id, 100)

  const bare = { paths: ids.map(id => `/one/${id}`), headers: { 'x-user': person!.id } }
  const headers = await signedIn(platform, person!)
  const whole = { paths: ids.map(id => `/api/passports/${id}`), headers }
  const compared = (left: Shot, right: Shot) =>
    alternate(
      rounds,
      () => throughput(floor.url, left, { seconds }),
      () => throughput(platform.url, right, { seconds }),
    )
  const measured = await compared(bare, whole)
  const checked = await compared({ ...bare, paths: ['/profile'] }, { paths: ['/api/auth/profile'], headers })
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: 'signed-in GET of one passport by key, 20 clients',
      floor: `${perSecond(measured.floor)} bare Fastify and postgres.js, the same select`,
      ohmnibus: perSecond(measured.subject),
      ratio: measured.ratio,
      budget: '≥ 0.80',
      met: measured.ratio.median >= 0.8,
    },
    {
      work: 'check of a session: GET of the own account, 20 clients',
      floor: `${perSecond(checked.floor)} bare Fastify and postgres.js, the same select`,
      ohmnibus: perSecond(checked.subject),
      ratio: checked.ratio,
      budget: '≥ 0.70',
      met: checked.ratio.median >= 0.7,
    },
  ]
}
