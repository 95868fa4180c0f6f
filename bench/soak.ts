import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { figuresOf, rest, waiting } from './figures.ts'
import { groundNamed } from './ground.ts'
import { quantile } from './measure.ts'
import { kinds, mixInWords, nothingTaken, openMix } from './mix.ts'
import { aboutRun, perSecond, tableWith } from './report.ts'
import { trendOf, type Sample } from './trend.ts'
import { descriptors, proportional, resident } from './weight.ts'
import { openWorld, type Server } from './world.ts'

/**
 * `npm run soak`: the platform at half of its peak for an hour. Memory, file descriptors and latency have to stay where
 * they are.
 */
const sites = {
  embedded: { title: 'one process on embedded engines', page: 'soak.md' },
  engines: {
    title: 'each service in a process of its own, on PostgreSQL, Kafka, Redis and S3',
    page: 'soak-engines.md',
  },
}
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, on: { type: 'string', default: 'embedded' } },
})
const on = groundNamed(values.on)
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error('--minutes takes a number, as --minutes 60')
/** In less a slope is mostly warming up and chance. */
const judged = minutes >= 20
const seconds = minutes * 60
const every = Math.max(2, seconds / 360)

const units = {
  bytes: (value: number) => `${(value / 1e6).toFixed(1)} MB`,
  ms: (value: number) => `${value.toFixed(2)} ms`,
  count: (value: number) => value.toFixed(1),
}
const series = new Map<string, { unit: keyof typeof units; samples: Sample[] }>()

const began = performance.now()
const world = await openWorld({ rounds: 1, seconds, quick: false }, { on })
try {
  const database = await world.database('soak')
  const { url, parts } = on === 'engines' ? await world.spread(database) : await alone(database)
  const servers = [...parts.values()]
  const mix = await openMix(url, world.sqlOf(database))

  await mix.peak(judged ? 10 : 3)
  const peak = await mix.peak(judged ? 20 : 5)
  await rest(servers)
  console.log(`Peak ${perSecond(peak)}; half of it for ${minutes} minutes: ${mixInWords}.`)

  let taken = nothingTaken()
  let most = 0
  const started = performance.now()
  async function look(): Promise<void> {
    const at = (performance.now() - started) / 3_600_000
    const add = (name: string, unit: keyof typeof units, value: number): void => {
      if (!series.has(name)) series.set(name, { unit, samples: [] })
      series.get(name)!.samples.push({ at, value })
    }
    const before = taken
    taken = nothingTaken()
    const figures = await Promise.all(servers.map(figuresOf))
    for (const [index, [name, { pid }]] of [...parts].entries()) {
      add(`${name}: resident`, 'bytes', await resident(pid))
      add(`${name}: heap`, 'bytes', figures[index]!.get('nodejs_heap_size_used_bytes')!)
      add(`${name}: file descriptors`, 'count', await descriptors(pid))
    }
    add('PostgreSQL: proportional', 'bytes', await proportional(world.ground.postmaster))
    const open = waiting(figures)
    most = Math.max(most, open)
    add('events and jobs that wait', 'count', open)
    for (const kind of kinds) {
      if (before[kind].length === 0) continue
      add(`${kind}, p50`, 'ms', quantile(before[kind], 0.5))
      add(`${kind}, p99`, 'ms', quantile(before[kind], 0.99))
    }
  }

  let over = false
  const end = (): void => void (over = true)
  async function keepLooking(): Promise<void> {
    for (let next = started + every * 1000; !over; next += every * 1000) {
      await sleep(Math.max(0, next - performance.now()))
      if (!over) await look()
    }
  }
  // Where a process is gone, there is nothing more to find out.
  await Promise.all([
    mix.hold(peak / 2, seconds, { taken: () => taken, goesOn: () => !over }).finally(end),
    keepLooking().finally(end),
  ])
  const ended = performance.now()
  await rest(servers)
  const restMs = performance.now() - ended
  await mix.close()

  const rows = [...series].map(([name, { unit, samples }]) => {
    const { start, end, slopePerHour, error, flat } = trendOf(samples)
    const show = units[unit]
    const slope = `${slopePerHour < 0 ? '−' : '+'}${show(Math.abs(slopePerHour))} (± ${show(error)})`
    return { flat, cells: [name, show(start), show(end), slope, judged ? (flat ? 'flat' : '**rises**') : ''] }
  })
  const faults = [...mix.faults].map(([what, times]) => `- ${times} × ${what}\n`)
  const page = `# Soak: ${sites[on].title}

${aboutRun('soak', (performance.now() - began) / 1000, await world.version())}.

The work: ${mixInWords}. Peak with 20 clients: ${perSecond(peak)}. At half of it for ${minutes} minutes:
${mix.asked().toLocaleString('en')} requests (with those of the peak), ${faults.length === 0 ? 'no fault' : 'faults as below'}, ${mix.heard().toLocaleString('en')} notifications heard. At most ${most.toLocaleString('en')} events and jobs waited;
all were done ${(restMs / 1000).toFixed(1)} s after the last answer.

${faults.join('')}${faults.length > 0 ? '\n' : ''}A figure every ${every.toFixed(0)} s. The first tenth of the time is warming up and does not count; start and end are means of the first and of the last tenth of the rest. The
slope is that of the least-squares line, with its standard error. Flat: it rises in an hour by less than a tenth of the mean, or by less than three
times the standard error.

${tableWith(
  ['what', 'start', 'end', 'slope an hour', ''],
  rows.map(({ cells }) => cells),
).join('\n')}
`
  console.log(page)
  if (judged) await writeFile(join(import.meta.dirname, sites[on].page), page)
  else console.log('Too short to judge: from 20 minutes on it says what is flat, and writes the page.')
  if (faults.length > 0 || (judged && rows.some(({ flat }) => !flat))) process.exitCode = 1
} finally {
  await world.close()
}

async function alone(database: string): Promise<{ url: string; parts: ReadonlyMap<string, Server> }> {
  const server = await world.platform(database)
  return { url: server.url, parts: new Map([['platform', server]]) }
}
