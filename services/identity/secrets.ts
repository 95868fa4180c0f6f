import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'

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
