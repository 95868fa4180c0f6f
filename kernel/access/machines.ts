import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** How keys of machines begin, for programs that look for secrets where none should be. */
export const startOfKeys = 'ohm_live_'

const form = /^ohm_live_([0-9A-Za-z_-]{43})([0-9a-f]{8})$/
const checksumOf = (secret: string): string => crc32(secret).toString(16).padStart(8, '0')

/** 256 random bits and, to tell a key from what only looks like one, their CRC-32 (hex). */
export function newKey(): string {
  const secret = randomBytes(32).toString('base64url')
  return startOfKeys + secret + checksumOf(secret)
}

/** Whether it may be a key, by its form and its checksum. */
export function isKey(text: string): boolean {
  const [, secret, checksum] = form.exec(text) ?? []
  return secret !== undefined && checksumOf(secret) === checksum
}

/** What is kept of a key (hex): nobody guesses 256 bits. */
export const digestOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')
