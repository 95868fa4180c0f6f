import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

interface Work {
  readonly name: string
  readonly version: string
  /** By SPDX, as its package says it. */
  readonly licence: string | undefined
  /** Of the licence, where what is sent has to carry it. */
  readonly text?: string
}

export interface Licences {
  readonly console: readonly Work[]
  readonly server: readonly Work[]
  readonly tag: string
}

const json = async <T>(path: string, otherwise: T): Promise<T> => {
  const text = await readFile(join(root, path), 'utf8').catch(() => undefined)
  return text === undefined ? otherwise : (JSON.parse(text) as T)
}

let known: Promise<Licences> | undefined

/** Of the packages of others as they are installed, and as the console was built of them; read once. */
export const licencesOf = (): Promise<Licences> =>
  (known ??= read().catch(error => ((known = undefined), Promise.reject(error))))

async function read(): Promise<Licences> {
  const built = await json<{ name: string; version: string; identifier?: string; text?: string }[]>(
    'console/dist/licences.json',
    [],
  )
  // What npm writes down of what it installed.
  const installed = await json<{
    packages: Record<string, { version: string; license?: string; dev?: true; link?: true }>
  }>('node_modules/.package-lock.json', { packages: {} })
  const server = Object.entries(installed.packages)
    .filter(([path, { dev, link }]) => !dev && !link && path.includes('node_modules/'))
    .map(([path, { version, license }]) => ({ name: path.split('node_modules/').at(-1)!, version, licence: license }))
  const console = built.map(({ identifier, ...work }) => ({ ...work, licence: identifier }))
  const whole = {
    console,
    // One of a version may lie in several places.
    server: [...new Map(server.map(one => [`${one.name} ${one.version}`, one])).values()].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  }
  return { ...whole, tag: createHash('sha256').update(JSON.stringify(whole)).digest('base64url').slice(0, 16) }
}
