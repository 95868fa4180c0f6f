import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { EngineMissing } from './recipe.ts'
import { guard, quoted } from './guard.ts'

const home = join(dirname(dirname(import.meta.dirname)), '.cache', 'engines')

/**
 * The folder of one version of an engine below `.cache/engines`, filled by `fill` the first time. Half filled ones are
 * never seen, and of two processes that fill it at once one wins.
 */
export async function cached(stamp: string, fill: (part: string) => Promise<void>): Promise<string> {
  const folder = join(home, stamp)
  if (fs.existsSync(folder)) return folder
  try {
    fs.mkdirSync(home, { recursive: true })
  } catch (error) {
    throw new EngineMissing(`${home} cannot be written (${(error as NodeJS.ErrnoException).code}); make it writable`)
  }
  const part = fs.mkdtempSync(join(home, `${stamp}.part-`))
  const release = guard(`rm -rf ${quoted(part)}`)
  try {
    await fill(part)
    fs.chmodSync(part, 0o755)
    fs.renameSync(part, folder)
  } catch (error) {
    if (!fs.existsSync(folder)) throw error
  } finally {
    fs.rmSync(part, { recursive: true, force: true })
    release()
  }
  return folder
}

/** Runs a program that fetches something, in `folder` where that is said; fails with `EngineMissing` and what it said. */
export async function fetchBy(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
  folder?: string,
): Promise<void> {
  const env = { ...process.env, ...environment }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: folder })
  const release = child.pid ? guard(`kill ${child.pid}`) : () => {}
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said = `${said}${data}`.slice(-4000)))
  const how = await new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  release()
  if (how !== 'code 0') throw new EngineMissing(`\`${command}\` could not fetch it (${how}): ${said.trim()}`)
}
