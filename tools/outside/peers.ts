import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cached, fetchBy } from '../engines/cache.ts'
import { pythonWith, type Run } from '../engines/python.ts'

/**
 * Libraries of others that Ohmnibus is held against, below `.cache/engines`: of npm as `npm/package-lock.json` has them,
 * of PyPI as the lists beside this file have them. None of them is a dependency, of the product or of its tests.
 */

const stampOf = (...texts: string[]): string => createHash('sha256').update(texts.join()).digest('hex').slice(0, 12)

/** A Python that has what a list names, with all that it needs. Fails with `EngineMissing`. */
export async function pythonOf(list: 'python' | 'aas' | 'schemathesis'): Promise<Run> {
  const text = readFileSync(join(import.meta.dirname, `${list}.txt`), 'utf8')
  const packages = text.split('\n').filter(line => line && !line.startsWith('#'))
  return await pythonWith({ packages, stamp: `outside-${list}-${stampOf(text)}` })
}

/** A package of npm, loaded. Fails with `EngineMissing`. */
export async function npmOf(name: string): Promise<any> {
  const beside = createRequire(join(await npmFolder(), 'package.json'))
  try {
    return beside(name)
  } catch (error) {
    // One that waits for its code of WebAssembly while it is loaded.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    return await import(pathToFileURL(beside.resolve(name)).href)
  }
}

/** Where the packages of npm lie. Fails with `EngineMissing`. */
export async function npmFolder(): Promise<string> {
  const own = join(import.meta.dirname, 'npm')
  const files = ['package.json', 'package-lock.json']
  const stamp = stampOf(...files.map(file => readFileSync(join(own, file), 'utf8')))
  return await cached(`outside-npm-${stamp}`, async part => {
    for (const file of files) cpSync(join(own, file), join(part, file))
    await fetchBy('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {}, part)
  })
}
