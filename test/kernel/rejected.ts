import { mkdtemp, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openPool } from '../../kernel/database/pool.ts'
import { endOnRejections } from '../../kernel/run/rejections.ts'
import { openLog } from '../../kernel/telemetry/log.ts'

// A process of its own: it begins something that fails, and nobody waits for it.

const kinds: Record<string, () => unknown> = {
  service: () => Promise.reject(Object.assign(new Error('a provider is away'), { code: 'ECONNREFUSED' })),
  query: () => openPool({ host: '127.0.0.1', port: 1, database: 'none' }, 'nobody')`select 1`.execute(),
  standby: () => Promise.reject(Object.assign(new Error('read only'), { code: '57P01' })),
  async driver() {
    const folder = join(await mkdtemp(join(tmpdir(), 'ohmnibus-driver-')), 'node_modules', 'graphile-worker')
    await mkdir(folder, { recursive: true })
    const file = join(folder, 'listen.mjs')
    await writeFile(
      file,
      `setTimeout(() => Promise.reject(Object.assign(new Error('lost'), { code: 'ECONNRESET' })), 10)`,
    )
    await import(pathToFileURL(file).href)
  },
}

endOnRejections(openLog({ level: 'silent' }))
setTimeout(() => process.exit(7), 1_500)
kinds[process.argv[2]!]!()
