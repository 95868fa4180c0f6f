// Builds what npm gets into dist/: JavaScript for Node 20 and browsers, and types made from the document of the API.
import { spawnSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
rmSync(`${root}packages/client/dist`, { recursive: true, force: true })
run('console/types.ts')
run('node_modules/typescript/bin/tsc', '-p', 'packages/client')
copyFileSync(`${root}packages/client/src/api.gen.d.ts`, `${root}packages/client/dist/api.gen.d.ts`)
