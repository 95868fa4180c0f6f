import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** `worker.js` beside the page: with what the first screen needs, as the page names it, and the texts of each language. */
export const worker = (): Plugin => ({
  name: 'worker',
  writeBundle({ dir }) {
    const page = readFileSync(join(dir!, 'index.html'), 'utf8')
    const files = readdirSync(join(dir!, 'assets')).filter(name => /\.(js|css)$/.test(name))
    const named = [...page.matchAll(/ (?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name]) => name!)
    const shell = [...named, ...files.filter(name => /^(en|de|home)-[\w-]+\.js$/.test(name))]
    const version = createHash('sha256')
      .update([page, ...files.toSorted()].join('\n'))
      .digest('hex')
      .slice(0, 16)
    const source = readFileSync(new URL('../src/worker.js', import.meta.url), 'utf8')
    writeFileSync(
      join(dir!, 'worker.js'),
      source
        .replace(`'VERSION'`, JSON.stringify(version))
        .replace(`['SHELL']`, JSON.stringify(shell.map(name => `assets/${name}`))),
    )
  },
})
