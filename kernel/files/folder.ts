import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../problem.ts'
import { fileExists, partsOf, storageFull, type FileStore } from './files.ts'
import { damaged, heldTo, openMeter } from './integrity.ts'

interface FolderOptions {
  folder: string
  /** Told the key of each file that is not what was written. */
  onDamage?: (key: string) => void
}

/**
 * Files in a folder of this machine. What a process left half written when it died is removed when the next one starts.
 * A full disk is `file_storage_full`.
 */
export function folderFiles({ folder, onDamage = () => {} }: FolderOptions): FileStore {
  const incoming = join(folder, '.incoming')
  // What cannot be swept cannot be written to either, and is told there.
  const swept = removeAbandoned(incoming).catch(() => {})

  /** Two characters of the first id make folders of a size that file systems like. */
  const pathOf = (key: string): string => {
    const [service, id, rest] = partsOf(key)
    return join(folder, service, id.slice(-2), id, rest)
  }
  const newDraft = (): string => join(incoming, `${process.pid}-${randomUUID()}`)

  return {
    async write(key, content, { maxBytes }) {
      const path = pathOf(key)
      await swept
      const draft = newDraft()
      const { meter, measured } = openMeter(maxBytes)
      try {
        await mkdir(incoming, { recursive: true, mode: 0o700 })
        const handle = await open(draft, 'wx', 0o600)
        await pipeline(content, meter, handle.createWriteStream({ flush: true }))
        await place(key, draft, path)
        // A new folder is only there for good once its parent is, whoever made it.
        for (let at = dirname(path); at.length >= folder.length; at = dirname(at)) await syncFolder(at)
        return measured()
      } catch (error) {
        await rm(draft, { force: true })
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOSPC' || code === 'EDQUOT') throw storageFull()
        throw error
      }
    },
    async read(key, range, content) {
      const handle = await open(pathOf(key)).catch(unlessMissing)
      if (!handle) return undefined
      if (content && (await handle.stat()).size !== content.sizeBytes) {
        await handle.close()
        throw damaged(key, onDamage)
      }
      const source = handle.createReadStream({ ...range, highWaterMark: 256 * 1024 })
      return content && !range ? heldTo(source, content, { damaged: () => damaged(key, onDamage) }) : source
    },
    size: async key => (await stat(pathOf(key)).catch(unlessMissing))?.size,
    async remove(key) {
      const path = pathOf(key)
      await released(join(folder, '.held'))
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
    async check() {
      await mkdir(incoming, { recursive: true, mode: 0o700 })
      const probe = newDraft()
      try {
        await writeFile(probe, 'probe', { flag: 'wx', mode: 0o600 })
      } finally {
        await rm(probe, { force: true })
      }
    },
    close: async () => {},
  }
}

const day = 24 * 3_600_000

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

const namesIn = async (folder: string): Promise<string[]> => (await readdir(folder).catch(unlessMissing)) ?? []

/** Moves a draft to where it belongs. */
async function place(key: string, draft: string, path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      return await putNew(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(key)
      // Who removed the last other file of the folder may have taken the folder along in between.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 5) throw error
    }
  }
}

/** Like `rename`, which writes over what is there. */
async function putNew(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path)
  } catch (error) {
    // Some file systems know no second name.
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code!)) throw error
    return await rename(draft, path)
  }
  await rm(draft, { force: true })
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Drafts carry the process that wrote them; one that is gone, or had our number before us, does not come back for them.
 * No upload takes a day.
 */
async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await namesIn(incoming)) {
    const draft = join(incoming, name)
    const pid = Number.parseInt(name, 10)
    const age = Date.now() - ((await stat(draft).catch(unlessMissing))?.mtimeMs ?? 0)
    if (pid === process.pid || !isAlive(pid) || age > day) await rm(draft, { force: true })
  }
}

/**
 * A back-up that notes which files there are keeps all of them meanwhile; see tools/backup. It takes seconds, even for
 * a million of them.
 */
async function released(hold: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; await sleep(20)) {
    const holder = await readFile(hold, 'utf8').catch(unlessMissing)
    if (!holder || !isAlive(Number(holder))) return
    if (performance.now() > deadline)
      throw new Problem('unavailable', 'files_held', { detail: 'A back-up is under way. Try again.' })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
