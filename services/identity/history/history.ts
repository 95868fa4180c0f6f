import type { FastifyRequest } from 'fastify'
import { newId, type Tx } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { deviceOf, prefixOf } from '../sessions/devices.ts'
import { insertSignIn } from './store.ts'

const seen = (request: FastifyRequest, userId: string, now: Date) => ({
  id: newId(),
  userId,
  device: deviceOf(request.headers['user-agent']),
  addressPrefix: prefixOf(request.ip),
  createdAt: now,
})

/** Somebody came in; whether by a browser, or from a device and a place, that is new to them. */
export async function cameIn(
  tx: Tx,
  request: FastifyRequest,
  who: { userId: string; methods: string[]; browser: Buffer | null },
  now: Date,
): Promise<boolean> {
  const { userId, methods, browser } = who
  const sign = { ...seen(request, userId, now), outcome: 'signed-in' as const, methods, browser }
  const { before, known } = await insertSignIn(tx, sign)
  return before && !known
}

/**
 * Somebody tried who did not come in. Nobody waits for it: an answer that took longer where there is an account would
 * tell that there is one.
 */
export function triedToComeIn(
  { db, log, now }: IdentityHost,
  request: FastifyRequest,
  userId: string,
  outcome: 'password-wrong' | 'factor-wrong',
): void {
  const tried = { ...seen(request, userId, now()), outcome, methods: [], browser: null }
  db.transaction(tx => insertSignIn(tx, tried)).catch(error =>
    log.warn({ err: error, userId }, 'a sign-in that failed was not written down'),
  )
}
