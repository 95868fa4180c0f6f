import type { FastifyRequest } from 'fastify'
import { placeOf, Problem } from '#kernel'
import { findUser, type User } from '../accounts/store.ts'
import { triedToComeIn } from '../history/history.ts'
import type { Identity } from '../identity.ts'
import { digest, newSecret } from '../secrets.ts'
import type { Begun } from '../sessions/sessions.ts'
import { openProving, type Proof } from './proving.ts'
import {
  countRecoveryCodes,
  deletePending,
  findPending,
  findTotp,
  insertPending,
  listPasskeys,
  tryPending,
} from './store.ts'

/** How long whoever gave the password may take for the second factor, and how many wrong ones they may give. */
const lifeOfPending = 10 * 60_000
const triesOfPending = 5

export const over = () =>
  new Problem('unauthenticated', 'pending_sign_in_invalid', {
    detail: 'The sign-in took too long, or too many codes were wrong. Sign in with your password again.',
  })

/** Sign-ins between password and second factor. */
export function openPending(identity: Identity) {
  const { host, sessions, limits, counted } = identity
  const { db, now } = host
  const prove = openProving(identity)

  /** By what somebody can prove to be there. */
  async function factorsOf(userId: string): Promise<('totp' | 'passkey' | 'recovery-code')[]> {
    const [totp, passkeys, codes] = await Promise.all([
      findTotp(db, userId),
      listPasskeys(db, userId),
      countRecoveryCodes(db, userId),
    ])
    return [
      ...(totp?.sealed ? (['totp'] as const) : []),
      ...(passkeys.length > 0 ? (['passkey'] as const) : []),
      ...(codes > 0 ? (['recovery-code'] as const) : []),
    ]
  }

  /** What whoever gave the right password is told, which is all that they are given. */
  async function asked(
    user: User,
    issuer: string | null = null,
  ): Promise<Problem & { details: { pendingToken: string } }> {
    const pendingToken = newSecret()
    const expiresAt = new Date(now().getTime() + lifeOfPending)
    await db.transaction(tx =>
      insertPending(tx, {
        tokenHash: digest(pendingToken),
        userId: user.id,
        passwordHash: user.passwordHash,
        issuer,
        expiresAt,
      }),
    )
    return new Problem('unauthenticated', 'factor_required', {
      detail: 'The password is right. Send the second factor to /api/auth/factor, with the pendingToken.',
      pendingToken,
      factors: await factorsOf(user.id),
      expiresIn: lifeOfPending / 1000,
    }) as never
  }

  /** Whose sign-in it is; undefined for one that took too long. */
  async function find(token: string | undefined): Promise<User | undefined> {
    const pending = token === undefined ? undefined : await findPending(db, digest(token), now())
    return pending && (await findUser(db, pending.userId))
  }

  /**
   * The session begins; never one that was there before. Fails with `pending_sign_in_invalid`, and as `prove` does.
   */
  const finish = counted('factor', async (request: FastifyRequest, token: string, proof: Proof): Promise<Begun> => {
    const place = placeOf(request.ip)
    await limits.factor.place.take(place)
    if (proof.otp !== undefined) await limits.wrongCode.take(place, 0)
    const tokenHash = digest(token)
    const pending = await db.transaction(tx => tryPending(tx, tokenHash, triesOfPending, now()))
    const user = pending && (await findUser(db, pending.userId))
    if (!user || user.disabled) throw over()
    const methods = await prove(user, proof).catch(async error => {
      if (error instanceof Problem) triedToComeIn(host, request, user.id, 'factor-wrong')
      if (proof.otp !== undefined) await limits.wrongCode.take(place)
      throw error
    })
    const issuedAt = now()
    // As whoever had this password: another one was set since.
    const known = { ...user, passwordHash: pending.passwordHash }
    const begun = await db.transaction(async tx =>
      (await deletePending(tx, tokenHash))
        ? sessions.begin(tx, known, request, issuedAt, {
            methods: [pending.issuer ? 'fed' : 'pwd', ...methods],
            issuer: pending.issuer,
          })
        : undefined,
    )
    if (!begun) throw over()
    return { user, ...begun, issuedAt }
  })

  return { asked, find, finish, factorsOf }
}

export type Pending = ReturnType<typeof openPending>
