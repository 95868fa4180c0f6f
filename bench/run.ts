import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pageOf, tableOf } from './report.ts'
import { events } from './rows/events.ts'
import { get } from './rows/get.ts'
import { growth } from './rows/growth.ts'
import { kafka } from './rows/kafka.ts'
import { list } from './rows/list.ts'
import { log } from './rows/log.ts'
import { post } from './rows/post.ts'
import { signIns } from './rows/sign-in.ts'
import { start } from './rows/start.ts'
import { openWorld } from './world.ts'

/** `npm run bench`: DESIGN's budgets, each beside its bare floor in the same run. */
const rows = [get, post, list, events, signIns, start, growth, log, kafka]
const { values } = parseArgs({
  options: { rows: { type: 'string' }, quick: { type: 'boolean', default: false }, profile: { type: 'string' } },
})
const chosen = values.rows?.split(',').map(Number) ?? rows.map((_, index) => index + 1)
if (!chosen.every(row => rows[row - 1])) throw new Error(`--rows takes numbers from 1 to ${rows.length}, as --rows 1,4`)

const started = performance.now()
const world = await openWorld(values.quick ? { rounds: 3, seconds: 2, quick: true } : { rounds: 7, seconds: 4, quick: false }, {
  profile: values.profile,
})
try {
  const results = []
  for (const row of chosen) {
    const lines = await rows[row - 1]!(world)
    console.log(tableOf(row, lines))
    results.push({ row, lines })
  }
  const [server] = await world.sqlOf('postgres')`select current_setting('server_version') as version`
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
  const page = pageOf(results, { command, postgres: server!.version, seconds: (performance.now() - started) / 1000 })
  await writeFile(join(import.meta.dirname, 'results.md'), page)
} finally {
  await world.close()
}
