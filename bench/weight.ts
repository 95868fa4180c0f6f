import { readdir, readFile } from 'node:fs/promises'

/** Whether the system tells what a process weighs. */
export const weighs = process.platform === 'linux'

/** Bytes that a process has in memory. */
export const resident = async (pid: number): Promise<number> => await bytes(`/proc/${pid}/status`, 'VmRSS')

/** Bytes of a PostgreSQL: its processes share most of their memory, so each counts for its part. */
export async function proportional(postmaster: number): Promise<number> {
  const pids = [String(postmaster)]
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) && (await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => ''))
    if (stat && stat.slice(stat.lastIndexOf(')')).split(' ')[2] === pids[0]) pids.push(entry)
  }
  const shares = await Promise.all(pids.map(pid => bytes(`/proc/${pid}/smaps_rollup`, 'Pss')))
  return shares.reduce((sum, share) => sum + share, 0)
}

/** File descriptors that a process may have open. */
export const mostFiles = async (pid: number): Promise<number> =>
  Number(/^Max open files\s+\d+\s+(\d+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? 1_024)

/** File descriptors that a process has open. */
export const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`

const bytes = async (file: string, field: string): Promise<number> =>
  1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(await readFile(file, 'utf8').catch(() => ''))?.[1] ?? 0)
