#!/usr/bin/env node
// Runs on any Node from 20: the platform itself needs the one that came with `npm ci`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url))
// Code as it was compiled at the last start; where nobody may write, each start compiles for itself.
const compiled = fileURLToPath(new URL('../node_modules/.cache/ohmnibus', import.meta.url))
const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= 26) {
  module.enableCompileCache(compiled)
  await import('./cli.ts')
} else if (!existsSync(own)) {
  console.error(
    `Ohmnibus needs Node 26, and this is ${process.version}. Run "npm ci" here (with install scripts allowed): it brings the right one.`,
  )
  process.exit(1)
} else {
  const env = { NODE_COMPILE_CACHE: compiled, ...process.env }
  const child = spawn(own, [...process.execArgv, cli, ...process.argv.slice(2)], { stdio: 'inherit', env })
  // The child decides when to end. A terminal sends it Ctrl-C by itself: it takes two that come together for one.
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill(name))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}
