import { constants } from 'node:fs'
import { access, copyFile, link, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type Postgres from 'postgres'
import postgres from 'postgres'
import { openPool } from '../../kernel/database/pool.ts'
import { startPostgres } from '../../embedded-postgres/postgres.ts'
import { StartError } from '../../kernel/problem.ts'
import { version } from '../../kernel/version.ts'
import { runningEmbedded } from '../embedded.ts'
import { format, writeArchive, type Writer } from './archive.ts'

/** What was backed up. */
export interface BackedUp {
  readonly file: string
  /** Before and after compression. */
  readonly bytes: number
  readonly archiveBytes: number
  readonly seconds: number
  readonly files: number
  /** Whether the platform's secret is in it; it is not where the environment gives it. */
  readonly secret: boolean
}

/** What the last back-up left behind in the data folder, for who looks at its age. */
export const lastBackup = 'last-backup.json'

/**
 * Backs up everything below a data folder into one archive, while the platform runs and writes, or stopped: the data
 * folder of PostgreSQL with the write-ahead log that makes it consistent, files, and the secret. Everything that was
 * acknowledged before the call is in it.
 */
export async function backUp(options: {
  dataFolder: string
  to: string
  progress?: (message: string) => void
}): Promise<BackedUp> {
  const { progress = () => {} } = options
  const dataFolder = resolve(options.dataFolder)
  const begun = new Date()
  const file = await targetOf(options.to, begun)
  if (!relative(dataFolder, file).startsWith('..'))
    throw new StartError(`${file} lies in the data folder itself. Put back-ups elsewhere, best on another machine.`)
  const cluster = join(dataFolder, 'postgres', 'data')
  await access(join(cluster, 'PG_VERSION')).catch(() => {
    throw new StartError(
      `There is nothing to back up in ${dataFolder}. Set OHMNIBUS_DATA to the folder of the platform.`,
    )
  })

  await using cleanup = new AsyncDisposableStack()
  let engine = runningEmbedded(dataFolder)
  if (!engine) {
    const server = await startPostgres({ folder: join(dataFolder, 'postgres'), progress })
    cleanup.defer(() => server.stop())
    engine = { at: { host: server.host, port: server.port, database: 'ohmnibus' }, admin: server.superuser }
  }
  const pool = openPool(engine.at, engine.admin, { limits: false })
  // One connection, which must not be closed for want of work: with it the back-up ends. The driver takes options as it
  // has read them too, its types do not know that.
  const sql = postgres({ ...pool.options, max: 1, idle_timeout: null } as unknown as Postgres.Options<{}>)
  cleanup.defer(() => sql.end({ timeout: 1 }))

  let files = 0
  let secret: Buffer | undefined
  const [server] = await sql<{ version: string; elsewhere: number }[]>`
    select current_setting('server_version') as version, count(*)::int as elsewhere from pg_tablespace
      where spcname not in ('pg_default', 'pg_global')`
  if (server!.elsewhere > 0)
    throw new StartError(
      'This PostgreSQL has tablespaces of its own, which a back-up of the data folder does not reach.',
    )
  const about = { format, ohmnibus: version, postgres: server!.version, begunAt: begun.toISOString() }
  const written = await writeArchive(file, about, async archive => {
    progress('Copying the database')
    // Keeps the write-ahead log from here on until the connection ends.
    await sql`select pg_create_physical_replication_slot(${`ohmnibus_backup_${process.pid}`}, true, true)`
    const [start] = await sql<
      { segment: string }[]
    >`select pg_walfile_name(pg_backup_start('ohmnibus', fast => true)) as segment`
    await addCluster(archive, cluster)

    await using held = await holdFiles(join(dataFolder, 'files'))
    const [stop] = await sql<{ segment: string; label: string; map: string }[]>`
      select pg_walfile_name(lsn) as segment, labelfile as label, spcmapfile as map
        from pg_backup_stop(wait_for_archive => false)`
    await held.note()
    await archive.add('postgres/data/backup_label', { size: Buffer.byteLength(stop!.label) }, Buffer.from(stop!.label))
    await addWal(archive, cluster, start!.segment, stop!.segment)

    progress('Copying files')
    files = held.folder ? await addTree(archive, held.folder, 'files') : 0
    secret = await readFile(join(dataFolder, 'secret')).catch(unlessMissing)
    if (secret) await archive.add('secret', { size: secret.length }, secret)
  }).catch(error => {
    if (['ENOSPC', 'EDQUOT'].includes(error.code))
      throw new StartError(`There is no room for the back-up in ${dirname(file)}. Nothing is left there.`)
    throw error
  })
  const { size: archiveBytes } = await stat(file)
  const seconds = (Date.now() - begun.getTime()) / 1000
  const last = { at: begun.toISOString(), file, bytes: archiveBytes, seconds }
  await writeFile(join(dataFolder, lastBackup), `${JSON.stringify(last)}\n`, { mode: 0o600 })
  return { file, bytes: written.bytes, archiveBytes, seconds, files, secret: Boolean(secret) }
}

async function targetOf(to: string, at: Date): Promise<string> {
  const path = resolve(to)
  const isFolder = (await stat(path).catch(unlessMissing))?.isDirectory()
  if (!isFolder && to.endsWith('/')) throw new StartError(`There is no folder ${path}.`)
  const file = isFolder ? join(path, `ohmnibus-${at.toISOString().slice(0, 19).replaceAll(':', '')}Z.tar.zst`) : path
  await access(dirname(file), constants.W_OK).catch(() => {
    throw new StartError(`${dirname(file)} is no folder that can be written to.`)
  })
  if (await stat(file).catch(unlessMissing)) throw new StartError(`${file} is there already. Choose another name.`)
  return file
}

/** What PostgreSQL's own base back-up leaves out: it is made anew, or belongs to the server that ran. */
const emptied = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
]
const leftOut =
  /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label.*|tablespace_map.*|backup_manifest|.*\.tmp)$/

/**
 * Files change while they are read; the write-ahead log from before to after puts that right when the copy is started.
 */
async function addCluster(archive: Writer, cluster: string): Promise<void> {
  const control = join('global', 'pg_control')
  const visit = async (folder: string): Promise<void> => {
    await archive.addFolder(join('postgres/data', folder))
    if (emptied.includes(folder)) return
    const entries = (await readdir(join(cluster, folder), { withFileTypes: true }).catch(unlessMissing)) ?? []
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = join(folder, entry.name)
      if (leftOut.test(entry.name) || name === control) continue
      if (entry.isDirectory()) await visit(name)
      else if (entry.isFile()) await addFile(archive, join(cluster, name), join('postgres/data', name))
    }
  }
  await visit('.')
  const settled = await readStable(join(cluster, control))
  await archive.add(join('postgres/data', control), { size: settled.length }, settled)
}

/** Written by one call, but maybe while it is read. */
async function readStable(path: string): Promise<Buffer> {
  for (let before = await readFile(path); ; await sleep(5)) {
    const now = await readFile(path)
    if (now.equals(before)) return now
    before = now
  }
}

/**
 * One that is gone meanwhile was dropped; one that grew ends where it did, one that shrank is filled up: replay sees to
 * both.
 */
async function addFile(archive: Writer, path: string, name: string): Promise<boolean> {
  const handle = await open(path).catch(unlessMissing)
  if (!handle) return false
  try {
    const { size, mode, mtime } = await handle.stat()
    const content = async function* () {
      for (let left = size; left > 0;) {
        const chunk = Buffer.alloc(Math.min(left, 256 * 1024))
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, size - left)
        yield bytesRead > 0 ? chunk.subarray(0, bytesRead) : chunk
        left -= bytesRead > 0 ? bytesRead : chunk.length
      }
    }
    await archive.add(name, { size, mode: mode & 0o777, mtime }, content())
    return true
  } finally {
    await handle.close()
  }
}

/** The segments from `first` to `last`; they are complete, as the end of a back-up begins a new one. */
async function addWal(archive: Writer, cluster: string, first: string, last: string): Promise<void> {
  const folder = join(cluster, 'pg_wal')
  const segments = (await readdir(folder))
    .filter(name => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last)
    .sort()
  if (segments[0] !== first || segments.at(-1) !== last)
    throw new Error(`the write-ahead log from ${first} to ${last} is not there any more`)
  await archive.addFolder('postgres/data/pg_wal/archive_status')
  await archive.addFolder('postgres/data/pg_wal/summaries')
  for (const name of segments) await addFile(archive, join(folder, name), join('postgres/data/pg_wal', name))
}

/**
 * Keeps the platform from removing files until `note` has linked all there are into a folder of ours. A document that
 * is in the database when the back-up of that ends was deleted later, if at all, so its file goes later than that, and
 * is noted.
 */
async function holdFiles(files: string) {
  if (!(await stat(files).catch(unlessMissing)))
    return { folder: undefined, note: async () => {}, [Symbol.asyncDispose]: async () => {} }
  const hold = join(files, '.held')
  const folder = join(files, `.backup-${process.pid}`)
  for (const name of await readdir(files)) {
    const [, pid] = /^\.backup-(\d+)$/.exec(name) ?? []
    if (pid && !isAlive(Number(pid))) await rm(join(files, name), { recursive: true })
  }
  const holder = Number(await readFile(hold, 'utf8').catch(() => ''))
  if (holder && isAlive(holder)) throw new StartError(`Another back-up is under way (process ${holder}).`)
  await writeFile(hold, `${process.pid}`, { mode: 0o644 })
  const visit = async (from: string, to: string): Promise<void> => {
    await mkdir(to, { mode: 0o700 })
    for (const entry of await readdir(from, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory()) await visit(join(from, entry.name), join(to, entry.name))
      else await note(join(from, entry.name), join(to, entry.name)).catch(unlessMissing)
    }
  }
  return {
    folder,
    async note(): Promise<void> {
      await visit(files, folder)
      await rm(hold)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await rm(folder, { recursive: true, force: true })
      if ((await readFile(hold, 'utf8').catch(() => '')) === `${process.pid}`) await rm(hold, { force: true })
    },
  }
}

/** A second name for a file, or a copy where the file system knows no second names. */
const note = (from: string, to: string): Promise<void> =>
  link(from, to).catch(error => {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(error.code)) throw error
    return copyFile(from, to)
  })

/** Resolves with how many files there were. */
async function addTree(archive: Writer, folder: string, name: string): Promise<number> {
  await archive.addFolder(name)
  let count = 0
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const [from, to] = [join(folder, entry.name), join(name, entry.name)]
    if (entry.isDirectory()) count += await addTree(archive, from, to)
    else if (await addFile(archive, from, to)) count++
  }
  return count
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
}
