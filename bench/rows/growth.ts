import { alternate, latencies, median, type Line } from '../measure.ts'
import type { Shot } from '../client.ts'
import { makePassports, someIds } from '../passports.ts'
import { makePeople, signedIn, type World } from '../world.ts'

/** The same questions to a small and to a large table. */
export async function growth(world: World): Promise<Line[]> {
  const [few, many] = world.size.quick ? [1_000, 100_000] : [1_000, 1_000_000]
  const [small, large] = [await filled(world, few), await filled(world, many)]
  const questions: [string, (of: typeof small) => string[]][] = [
    ['GET by key', ({ ids }) => ids.map(id => `/${id}`)],
    ['list, the latest first', () => ['']],
    ['list, filter that finds one', ({ identifiers }) => identifiers.map(identifier => `?identifier=${identifier}`)],
    ['list, filter that finds one in fifty', () => models.map(model => `?model=${model}`)],
    [
      'list, two filters, one in four and one in three',
      () => ['EV', 'LMT', 'industrial'].map(category => `?category=${category}&status=published`),
    ],
    ['list, two such filters that never meet', () => ['?category=SLI&status=published']],
    ['search, a word of one', ({ identifiers }) => identifiers.map(identifier => `?q=${identifier.split('-').at(-1)}`)],
    ['search, a word of one in five hundred', () => plants.map(plant => `?q=${plant}`)],
    ['search, words of all', () => ['?q=regensburg+lithium']],
    ['list, sorted by identifier', () => ['?sort=identifier']],
    [
      'list, sorted by day of manufacture, filter one in fifty',
      () => models.map(model => `?model=${model}&sort=-manufacturedOn`),
    ],
    ['list, a page from the middle', ({ middle }) => [`?after=${middle}`]],
  ]
  const lines = await atBothSizes(world, [small, large], {
    questions,
    base: '/api/passports',
    name: work => `${work}: ${few.toLocaleString('en')} and ${many.toLocaleString('en')} passports`,
  })
  await Promise.all([small.platform.close(), large.platform.close()])
  return lines
}

/** A platform with so much in it, and who asks. */
interface Filled {
  readonly platform: { readonly url: string }
  readonly headers: Record<string, string>
}

/** Each question to a small table and to a large one, by turns: what takes twice as long there grows with the table. */
export async function atBothSizes<F extends Filled>(
  world: World,
  [small, large]: readonly [F, F],
  asked: {
    readonly questions: readonly [work: string, pathsOf: (of: F) => string[]][]
    readonly base: string
    readonly name: (work: string) => string
  },
): Promise<Line[]> {
  const count = world.size.quick ? 30 : 100
  const lines: Line[] = []
  for (const [work, pathsOf] of asked.questions) {
    const ask = (of: F) => async (): Promise<number> => {
      const shot: Shot = { paths: pathsOf(of).map(path => `${asked.base}${path}`), headers: of.headers }
      return median(await latencies(of.platform.url, shot, count))
    }
    const measured = await alternate(world.size.rounds, ask(small), ask(large))
    lines.push({
      work: asked.name(work),
      floor: `p50 ${measured.floor.toFixed(2)} ms`,
      ohmnibus: `p50 ${measured.subject.toFixed(2)} ms`,
      ratio: measured.ratio,
      budget: '≤ 2',
      met: measured.ratio.median <= 2,
    })
  }
  return lines
}

const models = Array.from({ length: 50 }, (_, number) => `MODEL-${String(number).padStart(3, '0')}`)
const plants = Array.from({ length: 100 }, (_, number) => `plant${number * 5}`)

async function filled(world: World, count: number) {
  const database = await world.database(`row_growth_${count}`)
  const platform = await world.platform(database, ['identity', 'passports'])
  const sql = world.sqlOf(database)
  const [person] = await makePeople(sql, 1)
  await makePassports(sql, person!.id, count)
  const headers = await signedIn(platform, person!)
  const ids = await someIds(sql, person!.id, 100)
  const rows = await sql<{ identifier: string }[]>`select identifier from passports.passports where id = any(${ids})`
  const [middle] = await sql<{ id: string; at: Date }[]>`
    select id, created_at as at from passports.passports where owner_id = ${person!.id}
      order by created_at, id offset ${Math.floor(count / 4)} limit 1`
  return {
    platform,
    headers,
    ids,
    identifiers: rows.map(({ identifier }) => identifier),
    middle: Buffer.from(JSON.stringify(['-createdAt', middle!.at.toISOString(), middle!.id])).toString('base64url'),
  }
}
