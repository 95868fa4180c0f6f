import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const packages = { 'better-auth': '1.7.25', pg: '8.23.1' }
const folder = join(import.meta.dirname, '../../.cache/better-auth')

export const betterAuthVersion = packages['better-auth']

/** Its packages and its server, in a folder of their own: the product has nothing of it. Answers the server's script. */
export function installBetterAuth(): string {
  const script = join(folder, 'server.js')
  if (!existsSync(join(folder, 'node_modules/better-auth'))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies: packages }),
    )
    const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 300_000,
    })
    if (status !== 0) throw new Error(`better-auth cannot be installed: ${stderr}`)
  }
  copyFileSync(join(import.meta.dirname, 'server.js'), script)
  return script
}
