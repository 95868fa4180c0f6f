import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../tools/engines/recipe.ts'
import { median, type Line } from '../measure.ts'
import { megabytes, proportional, resident, weighs } from '../weight.ts'
import { allServices, type World } from '../world.ts'

/** `npm start`, from the command to the first request it takes, and what it weighs then. */
export async function start(world: World): Promise<Line[]> {
  const data = join(world.folder, 'start')
  const cold = await startOnce(data)
  const warm = []
  for (let round = 0; round < world.size.rounds; round++) warm.push(await startOnce(data))
  const seconds = median(warm.map(({ seconds }) => seconds))
  const lines: Line[] = [
    {
      work: 'first start, on an empty folder',
      ohmnibus: `${cold.seconds.toFixed(2)} s`,
      budget: '< 15 s',
      met: cold.seconds < 15,
    },
    {
      work: 'start, all services, warm database',
      ohmnibus: `${seconds.toFixed(2)} s`,
      budget: '< 1.5 s',
      met: seconds < 1.5,
    },
  ]
  if (!weighs) return lines
  const node = median(warm.map(({ node }) => node))
  const postgres = median(warm.map(({ postgres }) => postgres))
  lines.push({
    work: 'resident after a warm start: the platform and its PostgreSQL',
    ohmnibus: `${megabytes(node + postgres)} (node ${megabytes(node)}, PostgreSQL ${megabytes(postgres)} proportional)`,
    budget: '< 350 MB',
    met: node + postgres < 350e6,
  })
  return lines
}

async function startOnce(data: string): Promise<{ seconds: number; node: number; postgres: number }> {
  const port = await freePort()
  const started = performance.now()
  // As `npm start` calls it.
  const command = ['--max-semi-space-size=16', join(import.meta.dirname, '../../tools/ohmnibus.js'), 'start']
  const platform = spawn(process.execPath, command, {
    env: {
      ...process.env,
      OHMNIBUS_SERVICES: allServices.join(','),
      OHMNIBUS_DATA: data,
      PORT: String(port),
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise<never>((_, reject) =>
    platform.once('exit', code => reject(new Error(`npm start ended with ${code}`))),
  )
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
    if (!weighs) return { seconds, node: 0, postgres: 0 }
    const postmaster = Number((await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0])
    return { seconds, node: await resident(platform.pid!), postgres: await proportional(postmaster) }
  } finally {
    platform.kill('SIGTERM')
    await ended.catch(() => {})
  }
}
