import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto'
import canonicalize from 'canonicalize'
import { calculateJwkThumbprint, CompactSign, type JWK } from 'jose'
import type { Job, Tx } from '#kernel'
import type { PassportsHost } from '../host.ts'
import { dayOf } from '../audiences/views.ts'
import { endOf } from './access.ts'
import { linkAccess } from './linking.ts'
import { leafOf, rootOf, segment } from './merkle.ts'
import { chainUp, isUnchained, nextUnchained } from './store.ts'
import { findLastCheckpoint, insertCheckpoint, insertLeaves, movedHeads, type Leaf } from './seals.ts'

const batch = 50

/** Binds versions to the history of their passport that were written before there was one: a few passports a job. */
export async function chainAll({ db, job, log }: PassportsHost): Promise<void> {
  const chain: Job<object> = job('chain versions', () =>
    db.transaction(async tx => {
      const ids = await nextUnchained(tx, batch)
      for (const id of ids) await chainUp(tx, id)
      if (ids.length > 0) await tx.enqueue(chain, {})
      else log.info('every version of a passport is bound to the one before')
    }),
  )
  if (await isUnchained(db)) await db.transaction(tx => tx.enqueue(chain, {}, { key: 'passports chain' }))
}

/** What checkpoints are signed with; the same in every process. */
export interface SealingKey {
  readonly privateKey: KeyObject
  readonly jwk: JWK
}

/** Ed25519 (RFC 8410) out of the platform's secret, so that no key has to be kept. */
export async function sealingKey({ secret }: Pick<PassportsHost, 'secret'>): Promise<SealingKey> {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex')
  const der = Buffer.concat([head, secret('checkpoints of passports')])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK
  return { privateKey, jwk: { ...jwk, alg: 'EdDSA', use: 'sig', kid: await calculateJwkThumbprint(jwk) } }
}

/** What of a leaf is hashed. */
export const textOf = ({ passport, chain, version, hash }: Leaf): string =>
  canonicalize({ ...(passport && { passport, version }), chain, hash })!

/**
 * Seals the heads of all histories that moved up to the end of a day, and what was read until then, where that is over for
 * some minutes and nothing is sealed of it: histories cannot be written anew behind a checkpoint that somebody kept.
 */
export async function sealDays({ db, now, log, platform, secret }: PassportsHost): Promise<void> {
  const last = dayOf(new Date(now().getTime() - 24 * 3_600_000 - 10 * 60_000))
  const before = await findLastCheckpoint(db)
  // What is not bound yet would be missing.
  if ((before && before.day >= last) || (await isUnchained(db))) return
  const key = await sealingKey({ secret })
  await db.transaction(async tx => {
    const from = before ? endOf(before.day) : new Date(0)
    const { size, segments } = await sealHeads(tx, last, from, endOf(last))
    if (size === 0) return
    const root = rootOf(segments)
    const said = {
      iss: platform.publicUrl,
      day: last,
      size,
      root: root.toString('hex'),
      previous: before ? { day: before.day, sha256: hash('sha256', before.jws) } : null,
    }
    const jws = await new CompactSign(Buffer.from(JSON.stringify(said)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'passport-checkpoint+jws', kid: key.jwk.kid })
      .sign(key.privateKey)
    await insertCheckpoint(tx, { day: last, size, root, segments: Buffer.concat(segments), jws, key: key.jwk }, now())
    log.info({ day: last, size }, 'the history of passports is sealed')
  })
}

/** Of what changed, and of what was read. */
async function* leavesIn(tx: Tx, day: string, from: Date, until: Date): AsyncGenerator<Leaf[]> {
  yield* movedHeads(tx, from, until)
  yield* linkAccess(tx, day, from)
}

/** Leaves in the order of passports, as many at a time as memory may hold. */
async function sealHeads(tx: Tx, day: string, from: Date, until: Date) {
  const segments: Buffer[] = []
  let waiting: Buffer[] = []
  let size = 0
  for await (const leaves of leavesIn(tx, day, from, until)) {
    const hashed = leaves.map(leaf => ({ ...leaf, leaf: leafOf(textOf(leaf)) }))
    await insertLeaves(tx, day, size, hashed)
    size += leaves.length
    waiting.push(...hashed.map(({ leaf }) => leaf))
    for (; waiting.length >= segment; waiting = waiting.slice(segment)) segments.push(rootOf(waiting.slice(0, segment)))
  }
  if (waiting.length > 0) segments.push(rootOf(waiting))
  return { size, segments }
}
