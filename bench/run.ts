import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { groundNamed } from './ground.ts'
import type { Line } from './measure.ts'
import { aboutRun, pageOf, tableOf } from './report.ts'
import { analytics } from './rows/analytics.ts'
import { besideBetterAuth } from './rows/better-auth.ts'
import { books } from './rows/books.ts'
import { chargers } from './rows/chargers.ts'
import { content } from './rows/content.ts'
import { events } from './rows/events.ts'
import { get } from './rows/get.ts'
import { growth } from './rows/growth.ts'
import { identity } from './rows/identity.ts'
import { kafka } from './rows/kafka.ts'
import { law } from './rows/law.ts'
import { list } from './rows/list.ts'
import { log } from './rows/log.ts'
import { money } from './rows/money.ts'
import { nearby } from './rows/nearby.ts'
import { post } from './rows/post.ts'
import { processes } from './rows/processes.ts'
import { sessions } from './rows/sessions.ts'
import { shop } from './rows/shop.ts'
import { signIns } from './rows/sign-in.ts'
import { sockets } from './rows/sockets.ts'
import { start } from './rows/start.ts'
import { vendors } from './rows/vendors.ts'
import { openWorld, type World } from './world.ts'

/** `npm run bench`: DESIGN's budgets, each beside its bare floor in the same run. */
const rows = [
  get,
  post,
  list,
  events,
  signIns,
  start,
  growth,
  log,
  kafka,
  processes,
  chargers,
  async (world: World) => [...(await nearby(world)), ...(await sessions(world))],
  books,
  money,
  analytics,
  vendors,
  shop,
  sockets,
  besideBetterAuth,
  law,
  content,
  identity,
]
const grounds = {
  embedded: {
    title: 'embedded engines',
    page: 'results.md',
    there: [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22],
  },
  engines: {
    title: 'PostgreSQL, Kafka, Redis and S3',
    page: 'results-engines.md',
    there: [1, 2, 3, 5, 9, 10, 11, 13, 14],
  },
}
const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'embedded' },
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})
const on = groundNamed(values.on)
const { title, page, there } = grounds[on]
const chosen = values.rows?.split(',').map(Number) ?? there
if (!chosen.every(row => there.includes(row)))
  throw new Error(`--rows takes some of ${there} with --on ${on}, as --rows 1,2`)

const started = performance.now()
const file = join(import.meta.dirname, page)
const before = await readFile(file, 'utf8').catch(() => '')
const size = values.quick ? { rounds: 3, seconds: 2, quick: true } : { rounds: 7, seconds: 4, quick: false }
const world = await openWorld(size, { on, profile: values.profile })
try {
  const results: { row: number; lines: Line[] }[] = []
  const version = await world.version()
  for (const row of chosen) {
    const lines = await rows[row - 1]!(world)
    console.log(tableOf(row, lines))
    results.push({ row, lines })
    // Each at once: what was measured is not lost with a later row.
    if (values.quick) continue
    const about = aboutRun('bench', (performance.now() - started) / 1000, version)
    await writeFile(file, pageOf(before, title, about, results))
  }
} finally {
  await world.close()
}
