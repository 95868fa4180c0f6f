// Builds the console into dist/. Part of `npm ci`; where its packages were left out, as in the image's last stage, it says so.
import { existsSync, globSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const page = `${root}dist/index.html`

/** With --if-changed: whether nothing it is made of is newer. */
function isFresh() {
  if (!process.argv.includes('--if-changed') || !existsSync(page)) return false
  const built = statSync(page).mtimeMs
  const sources = globSync(['src/**/*.{ts,tsx,css,js}', 'build/*.ts', '*.{ts,html,json}', '../docs/api/openapi.json'], {
    cwd: root,
  })
  return sources.every(name => statSync(root + name).mtimeMs < built)
}

/** One at a time in a folder; one that was killed keeps nobody out for long. */
async function alone(work) {
  const lock = `${root}.building`
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (Date.now() - statSync(lock, { throwIfNoEntry: false })?.mtimeMs > 60_000) rmdirSync(lock)
      await setTimeout(200)
    }
  }
  try {
    await work()
  } finally {
    rmdirSync(lock)
  }
}

async function build() {
  if (isFresh()) return
  const vite = await import('vite').catch(() => undefined)
  if (!vite) return console.log('The console was not built: its packages are not installed here (npm ci brings them).')
  process.chdir(root)
  await vite.build({ root, logLevel: 'warn' })
}

// What the image's first stages bring has no sources.
if (existsSync(`${root}vite.config.ts`)) await alone(build)
