import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { readMigrations, unitsOf } from '../../kernel/database/migrate.ts'
import { binaries, startPostgres } from '../../embedded-postgres/postgres.ts'
import { StartError } from '../../kernel/problem.ts'
import { version } from '../../kernel/version.ts'
import { choose } from '../../services/all.ts'
import { runningEmbedded } from '../embedded.ts'
import { format, readArchive, syncFolder, type About } from './archive.ts'

/** What is there again. */
export interface Restored {
  readonly dataFolder: string
  /** Where what was in the data folder has gone, if there was anything. */
  readonly former: string | undefined
  readonly begunAt: Date
  readonly lastEventAt: Date | null
  readonly events: number
  readonly files: number
  readonly secret: boolean
  readonly seconds: number
}

/**
 * Puts a back-up into a data folder. All of it is unpacked apart, checked, started and stopped again before anything
 * takes the place of anything else; what was there is kept. Fails with `StartError` and leaves everything as it was.
 */
export async function restore(options: {
  from: string
  dataFolder: string
  /** Whether a folder with something in it may be replaced. */
  replace?: boolean
  progress?: (message: string) => void
}): Promise<Restored> {
  const { progress = () => {}, replace = false } = options
  const dataFolder = resolve(options.dataFolder)
  const begun = Date.now()
  const from = resolve(options.from)
  await access(from).catch(() => {
    throw new StartError(`There is no back-up ${from}.`)
  })
  const fresh = join(dataFolder, `.restoring-${process.pid}`)
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o711 })
    await refuseInUse(dataFolder, replace)
    await mkdir(fresh, { mode: 0o711 })
    progress('Unpacking and checking')
    const manifest = await readArchive(from, fresh, refuseForeign)
    progress('Starting PostgreSQL on it')
    const found = await settle(join(fresh, 'postgres'), progress)
    await syncTree(fresh)
    const former = await takePlace(fresh, dataFolder, replace)
    return {
      ...found,
      dataFolder,
      former,
      begunAt: new Date(manifest.begunAt),
      files: manifest.byFolder.get('files') ?? 0,
      secret: manifest.byFolder.has('secret'),
      seconds: (Date.now() - begun) / 1000,
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new StartError(`There is no room for the back-up in ${dataFolder}. Nothing was changed.`)
    if (code === 'EACCES' || code === 'EROFS')
      throw new StartError(`${dataFolder} cannot be written to. Nothing was changed.`)
    throw error
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Resolves with what is in the folder, left-overs of restoring aside. */
async function refuseInUse(dataFolder: string, replace: boolean): Promise<string[]> {
  if (runningEmbedded(dataFolder)) throw new StartError(`Ohmnibus runs on ${dataFolder}. Stop it first.`)
  const there = (await readdir(dataFolder)).filter(name => !/^(\.restoring-|\.before-|lost\+found$)/.test(name))
  if (there.length > 0 && !replace)
    throw new StartError(
      `${dataFolder} is not empty. Choose another folder with --data, or give --replace: what is there is kept in a folder there.`,
    )
  return there
}

/** Before anything is unpacked. */
function refuseForeign(about: About): void {
  const by = `It was made by Ohmnibus ${about.ohmnibus}, and this is ${version}`
  if (about.format > format || newer(about.ohmnibus, version))
    throw new StartError(`This back-up is too new. ${by}: restore with the newer one.`)
  const { major } = binaries()
  const [theirs] = about.postgres.split('.')
  if (theirs !== major)
    throw new StartError(
      `This back-up is of PostgreSQL ${theirs}, and the embedded one is ${major}. ${by}: restore and start it with the version that made it.`,
    )
}

const newer = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map(text => text.split('.').map(Number.parseFloat)) as [number[], number[]]
  const at = a.findIndex((part, index) => part !== b[index])
  return at >= 0 && a[at]! > (b[at] ?? 0)
}

/** Starts the copy, which makes it consistent, sees what is in it, and ends it cleanly. */
async function settle(folder: string, progress: (message: string) => void) {
  const server = await startPostgres({ folder, progress })
  const pool = openPool({ host: server.host, port: server.port, database: 'ohmnibus' }, server.superuser, {
    schema: 'kernel',
    max: 1,
    limits: false,
  })
  try {
    await refuseUnknown(pool)
    await leap(pool)
    const [found] = await pool<{ events: number; lastEventAt: Date | null }[]>`
      select count(*)::float8 as events, (select published_at from kernel.log order by position desc
        limit 1) as "lastEventAt" from kernel.log`
    return found!
  } finally {
    await pool.end({ timeout: 1 })
    await server.stop()
  }
}

async function refuseUnknown(pool: Pool): Promise<void> {
  for (const { name, folder } of unitsOf(await choose())) {
    const known = await readMigrations(folder)
    const [row] = await pool<
      { last: number | null }[]
    >`select max(number) as last from migrations where service = ${name}`
    if ((row!.last ?? 0) > known.length)
      throw new StartError('This back-up is of a newer Ohmnibus than this one: restore with the newer one.')
  }
}

/**
 * What was published after the back-up is gone here, but may have been seen elsewhere: in Kafka, in the databases of
 * other services. Its positions must never be those of other events, which would be taken for known ones.
 */
async function leap(pool: Pool): Promise<void> {
  const [parts] =
    await pool`select from pg_proc where pronamespace = 'kernel'::regnamespace and proname = 'begin_log_part'`
  if (parts) await pool`select begin_log_part(1000)`
  else await pool`select setval('log_position_seq', (select last_value from log_position_seq) + 1000000000000)`
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    // PostgreSQL has seen to its own.
    if (entry.isDirectory() && path.endsWith('/postgres')) continue
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) {
      const handle = await open(path)
      await handle.sync().finally(() => handle.close())
    }
  }
  await syncFolder(folder)
}

/**
 * The one moment in which something changes. Within the folder, which may be a mount or one whose parent is not ours.
 * Resolves with where the former content is.
 */
async function takePlace(fresh: string, dataFolder: string, replace: boolean): Promise<string | undefined> {
  const former = join(dataFolder, `.before-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z`)
  const there = await refuseInUse(dataFolder, replace)
  if (there.length > 0) await mkdir(former, { mode: 0o711 })
  for (const name of there) await rename(join(dataFolder, name), join(former, name))
  for (const name of await readdir(fresh)) await rename(join(fresh, name), join(dataFolder, name))
  await syncFolder(dataFolder)
  return there.length > 0 ? former : undefined
}
