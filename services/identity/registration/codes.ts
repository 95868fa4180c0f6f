import { createHmac, randomInt } from 'node:crypto'
import { newId } from '#kernel'
import { digest, newSecret, same, seal, unseal } from '../secrets.ts'

/** How long a one-time code may be entered, and how often. */
export const lifeOfCode = 10 * 60_000

export const triesOfCode = 5

/** A one-time code as it is stored: nothing of it can be read without the platform's secret. */
export interface StoredCode {
  id: string
  hash: Buffer
  linkHash: Buffer | null
  sealed: Buffer
  expiresAt: Date
}

/** Makes, checks and reveals one-time codes of six digits. */
export function openCodes(secret: (purpose: string) => Buffer) {
  const hashKey = secret('one-time codes')
  const sealKey = secret('one-time codes at rest')
  // A million codes are tried in a second, so a plain hash would hide nothing: it takes the key.
  const hash = (id: string, code: string) => createHmac('sha256', hashKey).update(`${id}:${code}`).digest()

  return {
    make(now: Date, options: { link: boolean; lifeMs?: number }): StoredCode {
      const id = newId()
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      const link = options.link ? newSecret() : null
      return {
        id,
        hash: hash(id, code),
        linkHash: link ? digest(link) : null,
        sealed: seal(sealKey, id, JSON.stringify({ code, link })),
        expiresAt: new Date(now.getTime() + (options.lifeMs ?? lifeOfCode)),
      }
    },
    matches: (stored: Pick<StoredCode, 'id' | 'hash'>, code: string): boolean =>
      same(stored.hash, hash(stored.id, code)),
    reveal: (stored: Pick<StoredCode, 'id' | 'sealed'>): { code: string; link: string | null } =>
      JSON.parse(unseal(sealKey, stored.id, stored.sealed)),
  }
}

export type Codes = ReturnType<typeof openCodes>
