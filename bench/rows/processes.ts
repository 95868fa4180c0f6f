import { setTimeout as sleep } from 'node:timers/promises'
import { alternate, median, paced, quantile, throughput, type Line } from '../measure.ts'
import type { Shot } from '../client.ts'
import { rest } from '../figures.ts'
import { body, makePassports, someIds } from '../passports.ts'
import { perSecond } from '../report.ts'
import { megabytes, resident, weighs } from '../weight.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

/** All services as one process, and each in a process of its own behind the gateway, on the same engines. */
export async function processes(world: World): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const databases = [await world.database('row_one_process'), await world.database('row_processes')] as const
  const one = await world.platform(databases[0])
  const many = await world.spread(databases[1])
  const direct = many.parts.get('passports')!
  // They come to rest.
  await sleep(2_000)
  const weights = [await weigh(one, many.parts)]

  const prepare = async (database: string, door: Pick<Server, 'url'>) => {
    const sql = world.sqlOf(database)
    const [person] = await makePeople(sql, 1)
    await makePassports(sql, person!.id, 1_000)
    const headers = await signedIn(door, person!)
    const get: Shot = { paths: (await someIds(sql, person!.id, 100)).map(id => `/api/passports/${id}`), headers }
    const post: Shot = { method: 'POST', paths: ['/api/passports'], headers, body }
    return { get, post }
  }
  const [ofOne, ofMany] = [await prepare(databases[0], one), await prepare(databases[1], many)]

  const oneRests = () => rest([one])
  const manyRest = () => rest([...many.parts.values()])
  /** As many as 20 clients get, and what one takes at a rate that both can bear. */
  async function compare(name: string, left: Shot, right: Shot, rate: number): Promise<Line[]> {
    const taken: { one: number[]; many: number[] } = { one: [], many: [] }
    const latency = await alternate(
      rounds,
      async () => keep(taken.one, await paced(one.url, left, { rate, seconds })),
      async () => keep(taken.many, await paced(many.url, right, { rate, seconds })),
    )
    await Promise.all([oneRests(), manyRest()])
    const most = await alternate(
      rounds,
      () => throughput(one.url, left, { seconds }).finally(oneRests),
      () => throughput(many.url, right, { seconds }).finally(manyRest),
    )
    return [
      {
        work: `${name}, 20 clients`,
        floor: `${perSecond(most.floor)} one process`,
        ohmnibus: `${perSecond(most.subject)} a process each, through the gateway`,
        ratio: most.ratio,
      },
      { work: `${name}, ${rate}/s`, floor: tails(taken.one), ohmnibus: tails(taken.many), ratio: latency.ratio },
    ]
  }
  const read = await compare('GET of one passport by key', ofOne.get, ofMany.get, 200)
  const passed = await alternate(
    rounds,
    () => throughput(direct.url, ofMany.get, { seconds }),
    () => throughput(many.url, ofMany.get, { seconds }),
  )
  const floor = await world.floor(databases[1])
  const bare: Shot = {
    paths: ofMany.get.paths.map(path => `/hop${path}`),
    headers: { ...ofMany.get.headers, 'x-to': direct.url },
  }
  const hop = await alternate(
    rounds,
    () => throughput(floor.url, bare, { seconds }),
    () => throughput(many.url, ofMany.get, { seconds }),
  )
  await floor.close()
  const written = await compare('POST of one passport', ofOne.post, ofMany.post, 50)
  weights.push(await weigh(one, many.parts))
  await Promise.all([one.close(), many.close()])
  const lines: Line[] = [
    ...read,
    {
      work: 'the same, 20 clients, of the process that serves it',
      floor: `${perSecond(passed.floor)} asked directly`,
      ohmnibus: `${perSecond(passed.subject)} through the gateway`,
      ratio: passed.ratio,
    },
    {
      work: 'the same, 20 clients, passed on by the gateway',
      floor: `${perSecond(hop.floor)} by bare Fastify and @fastify/reply-from`,
      ohmnibus: perSecond(hop.subject),
      ratio: hop.ratio,
      budget: '≥ 0.85',
      met: hop.ratio.median >= 0.85,
    },
    ...written,
  ]
  if (!weighs) return lines
  const weight = (when: string, { one, many }: (typeof weights)[number]): Line => ({
    work: `resident ${when}, without the engines`,
    floor: `${megabytes(one)} one process`,
    ohmnibus: `${megabytes(many.reduce((sum, [, bytes]) => sum + bytes, 0))} a process each (${many.map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', ')})`,
  })
  return [weight('after the start', weights[0]!), ...lines, weight('after all this', weights[1]!)]
}

/** Bytes. */
async function weigh(one: Server, parts: ReadonlyMap<string, Server>) {
  const many = await Promise.all([...parts].map(async ([name, { pid }]) => [name, await resident(pid)] as const))
  return { one: await resident(one.pid), many }
}

/** Keeps what one round took. Answers its median. */
function keep(all: number[], taken: readonly number[]): number {
  all.push(...taken)
  return median(taken)
}

const tails = (taken: readonly number[]): string =>
  `p50 ${median(taken).toFixed(2)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms`
