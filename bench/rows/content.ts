import type { Pool } from '../../kernel/database/database.ts'
import { rest } from '../figures.ts'
import { alternate, latencies, median, paced, quantile, throughput, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

/** What readers find, and the first page of who runs the platform among a million orders. */
export async function content(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_content')
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  try {
    const sql = world.sqlOf(database)
    const [person] = await makePeople(sql, 1)
    await sql`update identity.users set role = 'admin' where id = ${person!.id}`
    const headers = await signedIn(platform, person!)
    const slugs = await writePosts(platform, headers)
    await rest([platform])
    const pages = { paths: slugs.map(slug => `/blog/${slug}`) }
    const read = (seconds: number) => paced(platform.url, pages, { rate: 1_000, seconds })
    // Code that has run a while is what readers meet.
    await read(2)
    const taken = await read(quick ? 2 : 6)
    const tag = (await fetch(platform.url + pages.paths[0]!)).headers.get('etag')!
    const known = { 'if-none-match': tag }
    const unchanged = await alternate(
      rounds,
      () =>
        throughput(
          floor.url,
          { paths: slugs.map(slug => `/article/${slug}`), headers: known },
          { seconds, is3xx: true },
        ),
      () => throughput(platform.url, { ...pages, headers: known }, { seconds, is3xx: true }),
    )
    const orders = await countOrders(world.sqlOf(database, 'admin'), quick ? 10_000 : 1_000_000)
    const shot = { paths: ['/api/admin/dashboard'], headers }
    await latencies(platform.url, shot, 5)
    const looked = await latencies(platform.url, shot, quick ? 50 : 300)
    return [
      {
        work: 'page of a post, 1,000/s',
        ohmnibus: tails(taken),
        budget: 'p99 < 10 ms',
        met: quantile(taken, 0.99) < 10,
      },
      {
        work: 'the same page where the reader has it, 304, 20 clients',
        floor: `${perSecond(unchanged.floor)} bare Fastify and postgres.js, its version by its name`,
        ohmnibus: perSecond(unchanged.subject),
        ratio: unchanged.ratio,
        budget: '≥ 0.65',
        met: unchanged.ratio.median >= 0.65,
      },
      {
        work: `dashboard of an admin, ${orders.toLocaleString('en')} orders`,
        ohmnibus: tails(looked),
        budget: 'p99 < 100 ms',
        met: quantile(looked, 0.99) < 100,
      },
    ]
  } finally {
    await Promise.all([platform.close(), floor.close()])
  }
}

const tails = (taken: readonly number[]): string =>
  `p50 ${median(taken).toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms (${taken.length})`

/** Fifty, of some 600 words with headings, lists, links and a table; each shares a tag with others. */
async function writePosts(platform: Server, headers: Record<string, string>): Promise<string[]> {
  const part = (at: number) =>
    `## Part ${at}\n\n${'A charger that nobody wrote for us connects, *charges a car*, and [nothing is lost](/help). '.repeat(9)}\n\n- one\n- two\n- three\n`
  const body = `${Array.from({ length: 5 }, (_, at) => part(at)).join('\n')}\n| a | b |\n| --- | --- |\n| 1 | 2 |\n`
  const slugs: string[] = []
  for (let at = 0; at < 50; at++) {
    const slug = `post-${at}`
    const draft = {
      language: 'en',
      slug,
      title: `Post ${at}`,
      summary: 'What we found.',
      body,
      tags: [`tag-${at % 5}`],
    }
    for (const [path, sent] of [
      ['', draft],
      [`/${slug}/publish`, {}],
    ] as const) {
      const answer = await fetch(`${platform.url}/api/content/blog${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(sent),
      })
      if (!answer.ok) throw new Error(`${slug}${path}: ${answer.status} ${await answer.text()}`)
    }
    slugs.push(slug)
  }
  return slugs
}

/** Orders of two years as the service counts them, in five states and two currencies. */
async function countOrders(sql: Pool, count: number): Promise<number> {
  await sql`
    insert into admin.things (kind, id, rank, state, facet, amount, day)
    select kind, md5(kind || n)::uuid, '1', (array['pending', 'paid', 'shipped', 'delivered', 'cancelled'])[1 + n % 5],
      (array['EUR', 'USD'])[1 + n % 2], 4900, current_date - n % 730
    from generate_series(1, ${count}::int) n, unnest(array['order', 'payment']) kind`
  await sql`vacuum analyze admin.counts`
  return count
}
