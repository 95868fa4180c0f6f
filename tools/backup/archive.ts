import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import { StartError } from '../../kernel/problem.ts'

/** What an archive says of itself, in its first entry. */
export interface About {
  /** Of the archive: what is in it and how it is checked. */
  readonly format: number
  /** Version of the Ohmnibus that wrote it. */
  readonly ohmnibus: string
  /** Version of the PostgreSQL whose data folder is in it. */
  readonly postgres: string
  readonly begunAt: string
}

/** Its last entry, which is there only when all others are. */
export interface Manifest extends About {
  readonly endedAt: string
  readonly entries: number
  readonly bytes: number
  /** Of the entry `SHA256SUMS`, which has a line for each of the others, in their order. */
  readonly sums: string
}

export const format = 1
const aboutName = 'about.json'
const sumsName = 'SHA256SUMS'
const manifestName = 'manifest.json'
const isOurs = (name: string): boolean => [aboutName, sumsName, manifestName].includes(name)

/** An archive that is being written. */
export interface Writer {
  /** `content` has exactly `size` bytes. */
  add(
    name: string,
    file: { size: number; mode?: number; mtime?: Date },
    content: AsyncIterable<Buffer> | Buffer,
  ): Promise<void>
  addFolder(name: string, mode?: number): Promise<void>
}

/**
 * Writes an archive whole or not at all: a tar, compressed by zstd, readable by its owner only. Never holds more than a
 * few hundred kilobytes.
 */
export async function writeArchive(
  path: string,
  about: About,
  fill: (archive: Writer) => Promise<void>,
): Promise<{ bytes: number }> {
  const partial = `${path}.${process.pid}.partial`
  const sums = await openSums(`${partial}.sums`)
  const tar = pack()
  const target = createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true })
  const written = pipeline(tar, createZstdCompress(), target)
  const clear = (): void => [partial, sums.path].forEach(name => rmSync(name, { force: true }))
  process.once('exit', clear)
  // The fault of the disk, not what follows from it.
  let fault: unknown
  written.catch(error => (fault = error))

  const entry = async (
    name: string,
    { size, mode = 0o600, mtime = new Date() }: { size: number; mode?: number; mtime?: Date },
    content: AsyncIterable<Buffer>,
  ): Promise<string> => {
    const hash = createHash('sha256')
    const into = tar.entry({ name, size, mode, mtime })
    await pipeline(hashed(content, hash), into)
    return hash.digest('hex')
  }
  const json = async (name: string, value: object): Promise<void> => {
    const content = Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
    await entry(name, { size: content.length }, once(content))
  }
  try {
    await json(aboutName, about)
    await fill({
      async add(name, file, content) {
        await sums.add(await entry(name, file, Buffer.isBuffer(content) ? once(content) : content), name, file.size)
      },
      async addFolder(name, mode = 0o700) {
        tar.entry({ name: `${name}/`, type: 'directory', mode })
      },
    })
    const { entries, bytes, digest, size } = await sums.end()
    await entry(sumsName, { size }, createReadStream(sums.path))
    await json(manifestName, {
      ...about,
      endedAt: new Date().toISOString(),
      entries,
      bytes,
      sums: digest,
    } satisfies Manifest)
    tar.finalize()
    await written
    await rename(partial, path)
    await syncFolder(dirname(path))
    return { bytes }
  } catch (error) {
    tar.destroy()
    await written.catch(() => {})
    throw fault ?? error
  } finally {
    await sums.remove()
    clear()
    process.off('exit', clear)
  }
}

/**
 * Unpacks an archive below `into`, which is there and empty, and fails with `StartError` unless every byte is what was
 * written.
 */
export async function readArchive(
  path: string,
  into: string,
  refuse: (about: About) => void,
): Promise<Manifest & { byFolder: ReadonlyMap<string, number> }> {
  const damaged = (how: string) =>
    new StartError(`${path} is no whole back-up: ${how}. Nothing was changed; take another.`)
  const sums = await openSums(join(into, sumsName))
  const source = createReadStream(path, { highWaterMark: 1 << 20 })
  const tar = extract()
  // Nothing is awaited from here to the loop: an entry that comes before somebody listens is lost, and all wait for it.
  const flow = pipeline(source, createZstdDecompress(), tar)
  flow.catch(() => {})
  const byFolder = new Map<string, number>()
  let about: About | undefined
  let manifest: Manifest | undefined
  try {
    for await (const entry of tar) {
      const { name, type, mode, size = 0 } = entry.header
      const content = entry as AsyncIterable<Buffer>
      if (!about && name !== aboutName) throw damaged('it does not begin as one')
      if (manifest) throw damaged('there is something behind its end')
      if (isOurs(name)) {
        const text = name === sumsName ? await drained(content) : await textOf(content)
        if (name === aboutName) refuse((about = JSON.parse(text) as About))
        if (name === manifestName) manifest = JSON.parse(text) as Manifest
        continue
      }
      const place = join(into, safe(name) ?? fail(damaged(`it wants to write ${JSON.stringify(name)}`)))
      if (type === 'directory') await mkdir(place, { recursive: true, mode: (mode ?? 0o700) & 0o777 })
      else if (type === 'file') {
        await mkdir(dirname(place), { recursive: true, mode: 0o700 })
        const hash = createHash('sha256')
        await pipeline(hashed(content, hash), createWriteStream(place, { flags: 'wx', mode: (mode ?? 0o600) & 0o777 }))
        await sums.add(hash.digest('hex'), name, size)
        const [folder] = name.split('/') as [string]
        byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1)
      } else throw damaged(`it holds ${JSON.stringify(name)}, which is neither a file nor a folder`)
    }
    await flow
    const { digest, entries } = await sums.end()
    if (!manifest) throw damaged('its end is missing')
    if (digest !== manifest.sums || entries !== manifest.entries) throw damaged('its content is not what was written')
    return { ...manifest, byFolder }
  } catch (error) {
    source.destroy()
    await flow.catch(() => {})
    const { code = '', message } = error as NodeJS.ErrnoException
    throw error instanceof StartError || ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes(code)
      ? error
      : damaged(message)
  } finally {
    await sums.remove()
  }
}

/** A name that stays below the folder it is unpacked in; undefined for any other. */
function safe(name: string): string | undefined {
  const parts = name.replace(/\/$/, '').split('/')
  return parts.every(part => /^[^\0\\/]+$/.test(part) && part !== '.' && part !== '..') ? parts.join('/') : undefined
}

/** A file with a line for each entry, in the format of `sha256sum`. */
async function openSums(path: string) {
  const file: FileHandle = await open(path, 'wx', 0o600)
  const whole = createHash('sha256')
  let lines: string[] = []
  let entries = 0
  let bytes = 0
  let size = 0
  const flush = async (): Promise<void> => {
    const text = Buffer.from(lines.join(''))
    lines = []
    whole.update(text)
    size += text.length
    await file.appendFile(text)
  }
  return {
    path,
    async add(sha256: string, name: string, length: number): Promise<void> {
      entries++
      bytes += length
      if (lines.push(`${sha256}  ${name}\n`) >= 1_000) await flush()
    },
    async end() {
      await flush()
      await file.close()
      return { entries, bytes, size, digest: whole.digest('hex') }
    },
    async remove(): Promise<void> {
      await file.close().catch(() => {})
      await rm(path, { force: true })
    },
  }
}

async function* hashed(content: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function drained(content: AsyncIterable<Buffer>): Promise<string> {
  for await (const _ of content);
  return ''
}

const fail = (error: Error): never => {
  throw error
}

/** What stands in a folder is there for good only once the folder is. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  await handle.sync().finally(() => handle.close())
}
