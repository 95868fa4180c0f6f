import { createCipheriv, pbkdf2Sync, scryptSync } from 'node:crypto'
import { verifySync } from '@node-rs/argon2'
import { same } from '../secrets.ts'
import type { FirebaseParameters } from './firebase.ts'

/** Hashes of passwords that were made elsewhere: what is taken over of them, and whether they are that of a password. */

// What one check of a password may cost: about a second, 128 MiB. Whoever brings a hash along does not decide it.
const mostMemory = 128 * 1024 * 1024
const mostBcryptCost = 13
const mostIterations = 2_000_000
const mostArgonWork = 1024 * 1024

const base64 = '[A-Za-z0-9+/]+={0,2}'
const forms = {
  argon2:
    /^\$argon2(?:id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,4}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,171}$/,
  bcrypt: /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/,
  pbkdf2: new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$i=(\\d{1,8})(?:,l=\\d{1,3})?\\$(${base64})\\$(${base64})$`),
  scrypt: new RegExp(`^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,3}),p=(\\d{1,3})\\$(${base64})\\$(${base64})$`),
  firebase: new RegExp(`^\\$firebase-scrypt\\$(${base64})\\$(${base64})$`),
  /** As passlib and Django write PBKDF2: Base64 with dots, or a salt that is a text. */
  passlib: /^\$pbkdf2(-sha256|-sha512)?\$(\d{1,8})\$([A-Za-z0-9./]+)\$([A-Za-z0-9./]+)$/,
  django: new RegExp(`^pbkdf2_(sha1|sha256)\\$(\\d{1,8})\\$([^$]{1,100})\\$(${base64})$`),
}

const canonical = (text: string): string => {
  const passlib = forms.passlib.exec(text)
  if (passlib) {
    const [, kind = '-sha1', rounds, salt, hash] = passlib
    return `$pbkdf2${kind}$i=${rounds}$${salt!.replaceAll('.', '+')}$${hash!.replaceAll('.', '+')}`
  }
  const [, kind, rounds, salt, hash] = forms.django.exec(text) ?? []
  return kind ? `$pbkdf2-${kind}$i=${rounds}$${Buffer.from(salt!).toString('base64')}$${hash}` : text
}

/**
 * A hash as it is kept. `salt` makes it one of Firebase, whose project has to be known. What is wrong with one that is
 * not taken over, in words.
 */
export function takeOver(
  text: string,
  salt: string | undefined,
  firebase: FirebaseParameters | undefined,
): { stored: string } | { refusal: string } {
  if (salt !== undefined) {
    if (!firebase) return { refusal: 'is of Firebase, whose project FIREBASE_SCRYPT does not name' }
    const standard = (base: string) => base.replaceAll('-', '+').replaceAll('_', '/')
    const stored = `$firebase-scrypt$${standard(salt)}$${standard(text)}`
    return forms.firebase.test(stored) ? { stored } : { refusal: 'is no hash of Firebase' }
  }
  const stored = canonical(text)
  const cost = costOf(stored)
  if (cost === undefined)
    return { refusal: 'must be a hash of bcrypt, scrypt, PBKDF2 or argon2, as MCF or PHC write it' }
  return cost ? { stored } : { refusal: 'would cost too much to check' }
}

/** Whether the cost of a hash is one that is borne; undefined for what is none. */
function costOf(stored: string): boolean | undefined {
  const numbers = (form: RegExp) => form.exec(stored)?.slice(1).map(Number)
  const argon = numbers(forms.argon2)
  if (argon) {
    const [memory = 0, passes = 0, lanes = 0] = argon
    const isWhole = passes >= 1 && lanes >= 1 && memory >= 8 * lanes
    return isWhole ? memory * 1024 <= mostMemory && memory * passes <= mostArgonWork && lanes <= 16 : undefined
  }
  const bcrypt = numbers(forms.bcrypt)
  if (bcrypt) return bcrypt[0]! >= 4 ? bcrypt[0]! <= mostBcryptCost : undefined
  const [, , iterations, , hash] = forms.pbkdf2.exec(stored) ?? []
  if (hash) {
    const size = Buffer.from(hash, 'base64').length
    return size >= 16 && Number(iterations) >= 1 ? Number(iterations) <= mostIterations && size <= 64 : undefined
  }
  const [, ln, r, p, , key] = forms.scrypt.exec(stored) ?? []
  if (!key) return undefined
  const [n, blocks, lanes, size] = [2 ** Number(ln), Number(r), Number(p), Buffer.from(key, 'base64').length]
  if (n < 2 || blocks < 1 || lanes < 1 || size < 16) return undefined
  return 128 * n * blocks * lanes <= mostMemory && size <= 64
}

/** Whether a kept hash is that of a password; of what is none, no. In a thread of its own. */
export async function isHashOf(stored: string, password: string, firebase?: FirebaseParameters): Promise<boolean> {
  if (stored.startsWith('$argon2')) return verifySync(stored, password)
  if (forms.bcrypt.test(stored)) {
    const { default: bcrypt } = await import('bcryptjs')
    return bcrypt.compareSync(password, stored)
  }
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64')
  const [, digest, iterations, salt, hash] = forms.pbkdf2.exec(stored) ?? []
  if (digest)
    return same(pbkdf2Sync(password, bytes(salt), Number(iterations), bytes(hash).length, digest), bytes(hash))
  const [, ln, r, p, saltOf, key] = forms.scrypt.exec(stored) ?? []
  if (key) return same(derive(password, bytes(saltOf), bytes(key).length, Number(ln), Number(r), Number(p)), bytes(key))
  const [, firebaseSalt, firebaseHash] = forms.firebase.exec(stored) ?? []
  if (!firebaseHash) throw new Error('The hash of a password cannot be read.')
  if (!firebase) return false
  const { signerKey, saltSeparator, rounds, memCost } = firebase
  const secret = derive(password, Buffer.concat([bytes(firebaseSalt), bytes(saltSeparator)]), 64, memCost, rounds, 1)
  const cipher = createCipheriv('aes-256-ctr', secret.subarray(0, 32), Buffer.alloc(16))
  return same(Buffer.concat([cipher.update(bytes(signerKey)), cipher.final()]), bytes(firebaseHash))
}

const derive = (password: string, salt: Buffer, size: number, ln: number, r: number, p: number): Buffer =>
  scryptSync(password, salt, size, { N: 2 ** ln, r, p, maxmem: 2 * mostMemory })
