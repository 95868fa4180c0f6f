import { existsSync, readdirSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { periodic } from '../../kernel/jobs/job.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { folderFiles } from '../../kernel/files/folder.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { pick } from '../journeys/random.ts'
import { prometheus, underFireSettings, type Site } from './harness.ts'
import { isChildOf, kill, launch, saidBy, serversOf, until } from './product.ts'

/**
 * The platform as one process with its embedded PostgreSQL: either is killed, or both at once, and it is started again
 * without touching anything.
 */
export async function embeddedSite(more: Record<string, string> = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-fault-'))
  const dataFolder = join(folder, 'data')
  const port = await freePort()
  const start = () => launch({ folder, port, environment: { ...underFireSettings, ...more } })
  const faults: string[] = []
  let product = start()

  const peek: Site['peek'] = async (_service, look, role) => {
    const { at, admin: superuser } = runningEmbedded(dataFolder)!
    const pool = openPool(at, role ?? superuser, { schema: role ?? 'public', readOnly: role !== undefined, max: 1 })
    try {
      return await look(pool)
    } finally {
      await pool.end({ timeout: 1 })
    }
  }

  return {
    peek,
    address: product.address,
    mails: join(dataFolder, 'notifications'),
    files: folderFiles({ folder: join(dataFolder, 'files') }),
    faults,
    output: about => saidBy(product, about),
    ready: () => product.ready(),
    async disturb(random) {
      // While it is still starting it has no PostgreSQL of its own yet: what runs on the data was left by the one
      // before.
      const early = !serversOf(dataFolder).some(pid => isChildOf(pid, product.pid))
      const victim = pick(
        random,
        early ? (['both', 'the platform'] as const) : (['both', 'the platform', 'PostgreSQL'] as const),
      )
      if (victim !== 'the platform') kill(serversOf(dataFolder))
      if (victim !== 'PostgreSQL') kill([product.pid])
      const { code, signal } = await product.ends(10_000)
      const expected = victim === 'PostgreSQL' ? code === 1 : signal === 'SIGKILL' || code === 1
      if (!expected)
        faults.push(`after ${victim} was killed, the platform ended with ${signal ?? code}:\n${product.output()}`)
      product = start()
      return `kill ${victim}`
    },
    async settled() {
      await until(
        'every event handled',
        async () => {
          const figures = await (await fetch(`${product.address}/metrics`, { headers: prometheus })).text()
          return [...figures.matchAll(/^ohmnibus_event_lag\{.*\} (\d+)$/gm)].every(([, lag]) => lag === '0')
        },
        60_000,
      )
      await peek('kernel', db =>
        until(
          'every job done',
          async () => {
            const open = await db`select from graphile_worker._private_jobs where task_id not in
              (select id from graphile_worker._private_tasks where identifier like ${periodic('%', '%')})`
            return open.length === 0
          },
          60_000,
        ),
      )
    },
    async close() {
      try {
        product.signal('SIGTERM')
        const { code, ms } = await product.ends(10_000)
        if (code !== 0 || ms > 5_000)
          faults.push(`it was told to stop and ended with ${code} after ${ms} ms:\n${product.output()}`)
        if (serversOf(dataFolder).length > 0)
          faults.push(`PostgreSQL still runs after the stop: ${serversOf(dataFolder).join(', ')}`)
        const drafts = join(dataFolder, 'files', '.incoming')
        for (const name of existsSync(drafts) ? readdirSync(drafts) : [])
          faults.push(`the draft ${name} was left behind`)
      } finally {
        kill([product.pid])
        await product.exit
        kill(serversOf(dataFolder))
        await until('the end of PostgreSQL', () => serversOf(dataFolder).length === 0, 10_000)
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
}
