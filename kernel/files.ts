import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { anyone } from './access.ts'
import { sendFile } from './downloads.ts'
import { mount } from './http.ts'
import { Problem } from './problem.ts'

/** Where files lie: a folder here, S3 at scale. Keys are `<service>/<id>/<id>`; a key is written once and never changed. */
export interface Files {
  /** Streams to durable storage; there is a whole file or none. Fails with `file_too_large` (413) beyond `maxBytes`. */
  write(key: string, content: Readable, limit: { maxBytes: number }): Promise<{ sizeBytes: number; sha256: string }>
  /** Bytes `start` to `end` inclusive; undefined when there is no such file. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable | undefined>
  /** Size in bytes; undefined when there is no such file. */
  size(key: string): Promise<number | undefined>
  /** Fine when it is gone already. */
  remove(key: string): Promise<void>
  /** All keys below `prefix` (`<service>/`), with when they were written; in no order. */
  list(prefix: string): AsyncIterable<{ key: string; writtenAt: Date }>
  /** An address that gives the file to whoever holds it, until `expiresAt`. */
  link(key: string, as: { fileName: string; contentType: string; expiresAt: Date }): Promise<string>
  /** Fails when it cannot be written to. */
  check(): Promise<void>
}

interface FolderOptions {
  folder: string
  /** Signs links. */
  secret: Buffer
  publicUrl: string
  now: () => Date
}

/** Files in a folder of this machine. What a process left half written when it died is removed when the next one starts. A full disk is `file_storage_full`. */
export function folderFiles(options: FolderOptions): Files & { serve(app: FastifyInstance): void } {
  const { folder, now } = options
  const incoming = join(folder, '.incoming')
  // What cannot be swept cannot be written to either, and is told there.
  const swept = removeAbandoned(incoming).catch(() => {})

  /** Two characters of the first id make folders of a size that file systems like. */
  const pathOf = (key: string): string => {
    const [, service, id, rest] = /^([a-z]+)\/([\w-]{2,64})\/([\w-]{1,64})$/.exec(key) ?? []
    if (!service) throw new Error(`${key} is no key of a file`)
    return join(folder, service, id!.slice(-2), id!, rest!)
  }
  const newDraft = (): string => join(incoming, `${process.pid}-${randomUUID()}`)
  const signature = (query: string): Buffer => createHmac('sha256', options.secret).update(query).digest()

  const files: Files = {
    async write(key, content, { maxBytes }) {
      const path = pathOf(key)
      await swept
      const draft = newDraft()
      const hash = createHash('sha256')
      let sizeBytes = 0
      const measure = new Transform({
        transform(chunk: Buffer, _, done) {
          sizeBytes += chunk.length
          hash.update(chunk)
          done(sizeBytes > maxBytes ? tooLarge(maxBytes) : null, chunk)
        },
      })
      try {
        await mkdir(incoming, { recursive: true, mode: 0o700 })
        const handle = await open(draft, 'wx', 0o600)
        await pipeline(content, measure, handle.createWriteStream({ flush: true }))
        await place(draft, path)
        // A new folder is only there for good once its parent is, whoever made it.
        for (let at = dirname(path); at.length >= folder.length; at = dirname(at)) await syncFolder(at)
        return { sizeBytes, sha256: hash.digest('hex') }
      } catch (error) {
        await rm(draft, { force: true })
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC' || code === 'EDQUOT')
          throw new Problem('unavailable', 'file_storage_full', { detail: 'There is no room for the file.' })
        throw error
      }
    },
    async read(key, range) {
      const handle = await open(pathOf(key)).catch(unlessMissing)
      return handle?.createReadStream({ ...range, highWaterMark: 256 * 1024 })
    },
    size: async key => (await stat(pathOf(key)).catch(unlessMissing))?.size,
    async remove(key) {
      const path = pathOf(key)
      await rm(path, { force: true })
      // The folder of the id goes with its last file; one that is not empty stays.
      await rmdir(dirname(path)).catch(() => {})
    },
    async *list(prefix) {
      const service = prefix.replace(/\/$/, '')
      for (const shard of await namesIn(join(folder, service)))
        for (const id of await namesIn(join(folder, service, shard)))
          for (const name of await namesIn(join(folder, service, shard, id))) {
            const found = await stat(join(folder, service, shard, id, name)).catch(unlessMissing)
            if (found) yield { key: `${service}/${id}/${name}`, writtenAt: found.mtime }
          }
    },
    async link(key, { fileName, contentType, expiresAt }) {
      const query = new URLSearchParams({ key, name: fileName, type: contentType, expires: String(expiresAt.getTime()) }).toString()
      return `${options.publicUrl}/files/${signature(query).toString('base64url')}?${query}`
    },
    async check() {
      await mkdir(incoming, { recursive: true, mode: 0o700 })
      const probe = newDraft()
      try {
        await writeFile(probe, 'probe', { flag: 'wx', mode: 0o600 })
      } finally {
        await rm(probe, { force: true })
      }
    },
  }

  const Link = { key: Type.String(), name: Type.String(), type: Type.String(), expires: Type.String() }
  return {
    ...files,
    serve(app) {
      const http = mount(app, ['/files'], 'documents')
      http.get(
        '/:signature',
        {
          config: { access: anyone },
          schema: {
            summary: 'A file by its signed link',
            params: Type.Object({ signature: Type.String() }),
            querystring: Type.Object(Link),
            hide: true,
          },
        },
        async (request, reply) => {
          const { key, name, type, expires } = request.query
          const expected = signature(new URLSearchParams({ key, name, type, expires }).toString())
          const given = Buffer.from(request.params.signature, 'base64url')
          if (given.length !== expected.length || !timingSafeEqual(given, expected))
            throw new Problem('forbidden', 'link_invalid', { detail: 'The link was changed or is not whole. Ask for a new one.' })
          if (Number(expires) <= now().getTime())
            throw new Problem('forbidden', 'link_expired', { detail: 'The link has expired. Ask for a new one.' })
          const sizeBytes = await files.size(key)
          if (sizeBytes === undefined) throw new Problem('not_found', 'file_missing')
          return await sendFile(request, reply, {
            fileName: name,
            contentType: type,
            sizeBytes,
            tag: key.split('/').at(-1)!,
            read: range => files.read(key, range),
          })
        },
      )
    },
  }
}

const tooLarge = (maxBytes: number) =>
  new Problem('too_large', 'file_too_large', { detail: `A file may have ${maxBytes} bytes at most.`, maxBytes })

const day = 24 * 3_600_000

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(unlessMissing)) ?? []

/** Moves a draft to where it belongs. */
async function place(draft: string, path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      return await rename(draft, path)
    } catch (error) {
      // Who removed the last other file of the folder may have taken the folder along in between.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 5) throw error
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Drafts carry the process that wrote them; one that is gone, or had our number before us, does not come back for them. No upload takes a day. */
async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await namesIn(incoming)) {
    const draft = join(incoming, name)
    const pid = Number.parseInt(name, 10)
    const age = Date.now() - ((await stat(draft).catch(unlessMissing))?.mtimeMs ?? 0)
    if (pid === process.pid || !isAlive(pid) || age > day) await rm(draft, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
