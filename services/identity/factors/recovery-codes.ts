import { createHmac, randomBytes } from 'node:crypto'

const howMany = 10
/** Of Crockford's base32: none that is taken for another. */
const signs = '0123456789abcdefghjkmnpqrstvwxyz'

/** 80 random bits in four groups of four. */
function newCode(): string {
  const text = [...randomBytes(16)].map(byte => signs[byte % 32]).join('')
  return text.match(/.{4}/g)!.join('-')
}

export const newRecoveryCodes = (): string[] => Array.from({ length: howMany }, newCode)

/** As people copy it: with or without lines between, in capitals, with letters that look like digits. */
const tidy = (typed: string): string =>
  typed
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/o/g, '0')
    .replace(/[il]/g, '1')

/** As it is stored: keyed, so that whoever reads the database alone cannot try codes. */
export const recoveryHash = (key: Buffer, userId: string, typed: string): Buffer =>
  createHmac('sha256', key)
    .update(`${userId}:${tidy(typed)}`)
    .digest()
