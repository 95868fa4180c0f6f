import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const folder = join(import.meta.dirname, '..')
export const root = join(folder, '../..')

/** The client as npm gets it. Tests that run side by side take turns, and who comes second finds it built. */
export async function builtClient(): Promise<string> {
  const lock = join(folder, '.building')
  for (;;)
    try {
      mkdirSync(lock)
      break
    } catch {
      // One that was killed keeps nobody out for long.
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
      if (since !== undefined && Date.now() - since > 120_000) rmdirSync(lock)
      await setTimeout(200)
    }
  try {
    const entry = join(folder, 'dist/index.js')
    const sources = [...globSync('src/*.ts', { cwd: folder }), 'build.js', '../../docs/api/openapi.json']
    const isFresh =
      existsSync(join(folder, 'dist/api.gen.d.ts')) &&
      sources
        .filter(name => !name.endsWith('.gen.d.ts'))
        .every(name => statSync(join(folder, name)).mtimeMs < statSync(entry).mtimeMs)
    if (!isFresh) {
      const built = spawnSync(process.execPath, ['packages/client/build.js'], { cwd: root, encoding: 'utf8' })
      assert.equal(built.status, 0, built.stdout + built.stderr)
    }
    return entry
  } finally {
    rmdirSync(lock)
  }
}
