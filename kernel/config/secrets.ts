import { hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../problem.ts'
import type { Config } from './config.ts'

/** Keys for one purpose each, from the root of all keys. */
export const deriveFrom =
  (secret: Buffer) =>
  (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'ohmnibus', purpose, 32))

/** The root of all keys: given, or made once and kept in the data folder. */
export async function rootSecret(config: Config, dataFolder: string): Promise<Buffer> {
  if (config.OHMNIBUS_SECRET) return Buffer.from(config.OHMNIBUS_SECRET)
  const file = join(dataFolder, 'secret')
  try {
    // 0711: the user PostgreSQL runs as must pass, nobody else may look.
    await mkdir(dataFolder, { recursive: true, mode: 0o711 })
    await writeFile(file, randomBytes(48).toString('base64'), { flag: 'wx', mode: 0o600 }).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
    const secret = await readFile(file)
    if (secret.length < 32)
      throw new StartError(
        `${file} is damaged (${secret.length} bytes): ` +
          'restore it from a back-up, or remove the data folder to begin anew.',
      )
    return secret
  } catch (error) {
    throw folderProblem(error, dataFolder)
  }
}

function folderProblem(error: unknown, folder: string): unknown {
  const { code } = error as { code?: string }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StartError(
      `The data folder ${folder} cannot be written to. ` +
        'Give yourself the right, or choose another: OHMNIBUS_DATA=/some/folder',
    )
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartError(
      `The disk of the data folder ${folder} is full. Make room, or choose another: OHMNIBUS_DATA=/some/folder`,
    )
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new StartError(`${folder} is not a folder. Choose another: OHMNIBUS_DATA=/some/folder`)
  return error
}
