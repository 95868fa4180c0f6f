import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  randomInt,
  timingSafeEqual,
} from 'node:crypto'
import { newId } from '#kernel'

/** How long a one-time code may be entered, and how often. */
export const lifeOfCode = 10 * 60_000
export const triesOfCode = 5

/** 256 random bits for a link. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** A secret of 256 bits as it is stored: nobody guesses what it was. */
export const digest = (secret: string | Buffer): Buffer => createHash('sha256').update(secret).digest()

export const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/** AES-256-GCM: nonce (12 bytes), tag (16), ciphertext. Opens only for the row it was made for. */
export function seal(key: Buffer, row: string, text: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(row))
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
}

/** What was sealed for this row. Throws when it was made for another, with another key, or changed. */
export function unseal(key: Buffer, row: string, sealed: Buffer): string {
  const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    .setAAD(Buffer.from(row))
    .setAuthTag(sealed.subarray(12, 28))
  return Buffer.concat([cipher.update(sealed.subarray(28)), cipher.final()]).toString('utf8')
}

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
    make(now: Date, options: { link: boolean }): StoredCode {
      const id = newId()
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      const link = options.link ? newSecret() : null
      return {
        id,
        hash: hash(id, code),
        linkHash: link ? digest(link) : null,
        sealed: seal(sealKey, id, JSON.stringify({ code, link })),
        expiresAt: new Date(now.getTime() + lifeOfCode),
      }
    },
    matches: (stored: Pick<StoredCode, 'id' | 'hash'>, code: string): boolean =>
      same(stored.hash, hash(stored.id, code)),
    reveal: (stored: Pick<StoredCode, 'id' | 'sealed'>): { code: string; link: string | null } =>
      JSON.parse(unseal(sealKey, stored.id, stored.sealed)),
  }
}

export type Codes = ReturnType<typeof openCodes>
