import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** Beside each file of the build the same in `.br` and `.gz`, so that serving it costs no processor. */
export const compressed = (): Plugin => ({
  name: 'compressed',
  writeBundle({ dir }) {
    const folder = join(dir!, 'assets')
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name))
      const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 }
      writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content, { params: quality }))
      writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }))
    }
  },
})
