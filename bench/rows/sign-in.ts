import { alternate, median, paced, quantile, throughput, type Line } from '../measure.ts'
import { makePassports, someIds } from '../passports.ts'
import { perSecond } from '../report.ts'
import { makePeople, signedIn, signIn, type World } from '../world.ts'

/** Signing in, and what a storm of it does to everybody else. */
export async function signIns(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const database = await world.database('row_sign_in')
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const people = await makePeople(sql, 50)
  const storm = () => throughput(platform.url, signIn(people), { seconds, connections: 8 })
  const measured = await alternate(
    rounds,
    async () =>
      (
        (await (await fetch(`${floor.url}/hashes?seconds=${seconds}`, { method: 'POST' })).json()) as {
          perSecond: number
        }
      ).perSecond,
    storm,
  )

  const owner = people[0]!
  await makePassports(sql, owner.id, 1_000)
  const paths = (await someIds(sql, owner.id, 100)).map(id => `/api/passports/${id}`)
  const headers = await signedIn(platform, owner)
  const rate = 200
  const read = () => paced(platform.url, { paths, headers }, { rate, seconds })
  const tails: { calm: number[]; storm: number[] } = { calm: [], storm: [] }
  const slowed = await alternate(
    rounds,
    async () => {
      const taken = await read()
      tails.calm.push(quantile(taken, 0.99))
      return median(taken)
    },
    async () => {
      const [taken] = await Promise.all([read(), storm()])
      tails.storm.push(quantile(taken, 0.99))
      return median(taken)
    },
  )
  await Promise.all([platform.close(), floor.close()])
  return [
    {
      work: 'sign-in, 8 clients',
      floor: `${perSecond(measured.floor)} the hash alone, in as many threads`,
      ohmnibus: perSecond(measured.subject),
      ratio: measured.ratio,
      budget: '≥ 0.85',
      met: measured.ratio.median >= 0.85,
    },
    {
      work: `GET of one passport, ${rate}/s, while others sign in as fast as they can`,
      floor: `p50 ${slowed.floor.toFixed(2)} ms, p99 ${median(tails.calm).toFixed(1)} ms while nobody does`,
      ohmnibus: `p50 ${slowed.subject.toFixed(2)} ms, p99 ${median(tails.storm).toFixed(1)} ms`,
      ratio: slowed.ratio,
      budget: 'p50 ≤ 1.20',
      met: slowed.ratio.median <= 1.2,
    },
  ]
}
