import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Line } from '../measure.ts'
import { allServices, type World } from '../world.ts'

/** `npm start`, from the command to the first request it takes, and what it weighs then. */
export async function start(world: World): Promise<Line[]> {
  const data = join(world.folder, 'start')
  const cold = await startOnce(data)
  const warm = []
  for (let round = 0; round < world.size.rounds; round++) warm.push(await startOnce(data))
  const seconds = median(warm.map(({ seconds }) => seconds))
  const lines: Line[] = [
    { work: 'first start, on an empty folder', ohmnibus: `${cold.seconds.toFixed(2)} s`, budget: '< 15 s', met: cold.seconds < 15 },
    { work: 'start, all services, warm database', ohmnibus: `${seconds.toFixed(2)} s`, budget: '< 2 s', met: seconds < 2 },
  ]
  if (process.platform !== 'linux') return lines
  const node = median(warm.map(({ node }) => node))
  const postgres = median(warm.map(({ postgres }) => postgres))
  lines.push({
    work: 'resident after a warm start: the platform and its PostgreSQL',
    ohmnibus: `${megabytes(node + postgres)} (node ${megabytes(node)}, PostgreSQL ${megabytes(postgres)} proportional)`,
    budget: '< 250 MB',
    met: node + postgres < 250e6,
  })
  return lines
}

async function startOnce(data: string): Promise<{ seconds: number; node: number; postgres: number }> {
  const port = await freePort()
  const started = performance.now()
  const platform = spawn(process.execPath, [join(import.meta.dirname, '../../tools/ohmnibus.js'), 'start'], {
    env: { ...process.env, OHMNIBUS_SERVICES: allServices.join(','), OHMNIBUS_DATA: data, PORT: String(port), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<never>((_, reject) => platform.once('exit', code => reject(new Error(`npm start ended with ${code}`))))
  ended.catch(() => {})
  const ready = async (): Promise<void> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
      if (answer?.ok) return
      await sleep(5)
    }
  }
  try {
    await Promise.race([ready(), ended])
    const seconds = (performance.now() - started) / 1000
    await sleep(2_000)
    return { seconds, ...(process.platform === 'linux' ? await weightOf(platform.pid!, data) : { node: 0, postgres: 0 }) }
  } finally {
    platform.kill('SIGTERM')
    await ended.catch(() => {})
  }
}

/** Bytes. PostgreSQL's processes share most of their memory, so each counts for its part. */
async function weightOf(pid: number, data: string): Promise<{ node: number; postgres: number }> {
  const postmaster = (await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]!
  const pids = [postmaster]
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) && (await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => ''))
    if (stat && stat.slice(stat.lastIndexOf(')')).split(' ')[2] === postmaster) pids.push(entry)
  }
  const shares = await Promise.all(pids.map(one => kilobytes(`/proc/${one}/smaps_rollup`, 'Pss')))
  return { node: 1024 * (await kilobytes(`/proc/${pid}/status`, 'VmRSS')), postgres: 1024 * shares.reduce((sum, share) => sum + share, 0) }
}

const kilobytes = async (file: string, field: string): Promise<number> =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(await readFile(file, 'utf8').catch(() => ''))?.[1] ?? 0)

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
