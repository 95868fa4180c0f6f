import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'

/**
 * `npm run dev`: the platform on data of its own, `.data-dev` where OHMNIBUS_DATA names nothing else, and started again
 * whenever something changes that it is made of. One that does not start is tried again at the next change.
 */
const folders = ['contracts', 'embedded-postgres', 'imports', 'kernel', 'law', 'money', 'services', 'shop']
const env = { ...process.env, OHMNIBUS_DATA: process.env.OHMNIBUS_DATA || '.data-dev' }
/** Editors save in several steps, and often several files. */
const calmMs = 150

const changed = new Set<string>()
let platform: ChildProcess | undefined
let timer: NodeJS.Timeout | undefined
let ending = false

function begin(): void {
  const child = spawn(process.execPath, ['tools/ohmnibus.js', 'start'], { stdio: 'inherit', env })
  platform = child
  child.once('exit', (code, signal) => {
    platform = undefined
    if (ending) process.exit(code ?? 1)
    if (changed.size > 0) return again()
    console.error(`It ended (${signal ?? `code ${code}`}): started again when something changes.`)
  })
}

function again(): void {
  const [first, ...others] = changed
  changed.clear()
  console.error(`${first}${others.length > 0 ? ` and ${others.length} more` : ''} changed: starting again …`)
  begin()
}

function see(path: string): void {
  if (!/(\.(ts|sql|json)|^\.env)$/.test(path) || path.endsWith('.test.ts')) return
  changed.add(path)
  clearTimeout(timer)
  timer = setTimeout(() => (platform ? platform.kill('SIGTERM') : again()), calmMs)
}

for (const folder of folders.filter(folder => existsSync(folder)))
  watch(folder, { recursive: true }, (_, file) => file && see(join(folder, file)))
watch('.', (_, file) => file && see(file))

for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    ending = true
    if (!platform?.kill(name)) process.exit(0)
  })
begin()
