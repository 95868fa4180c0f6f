import Type, { type Static } from 'typebox'
import { UserFactorsChanged } from '#contracts/identity'
import { Problem } from '#kernel'
import type { User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { unseal } from '../secrets.ts'
import { as } from '../sessions/sessions.ts'
import { PasskeyAnswer } from './passkeys.ts'
import { recoveryHash } from './recovery-codes.ts'
import { countRecoveryCodes, lockTotp, spendStep, takeRecoveryCode } from './store.ts'
import { totpStep } from './totp.ts'

export const TotpCode = Type.String({
  pattern: '^[0-9]{6}$',
  maxLength: 6,
  description: 'Of the authenticator app; each works once',
  examples: ['492817'],
})

/** One of them proves a second factor. */
export const proofs = {
  otp: Type.Optional(TotpCode),
  recoveryCode: Type.Optional(
    Type.String({ maxLength: 40, description: 'One of the ten; it is spent', examples: ['4k7w-x2m9-0qzr-hd3v'] }),
  ),
  passkey: Type.Optional(PasskeyAnswer),
}
export type Proof = { otp?: string; recoveryCode?: string; passkey?: Static<typeof PasskeyAnswer> }

export const proofRefusals = ['factor_invalid', 'passkey_invalid', 'passkey_cloned', 'too_many_requests'] as const

export const wrongFactor = (field: 'otp' | 'recoveryCode'): Problem =>
  new Problem('unauthenticated', 'factor_invalid', {
    detail: 'The code is wrong, was used already, or is no longer good.',
    errors: [{ pointer: `/${field}`, detail: 'is not a code that is good now' }],
  })

/** Proves by a second factor that somebody is there, and answers how (RFC 8176). */
export function openProving({ host, limits, passkeys }: Identity) {
  const { db, now } = host
  const totpKey = host.secret('authenticator secrets at rest')
  const recoveryKey = host.secret('recovery codes')

  /** A code works once, so that of two who send the same at once one is refused: the row is held. */
  async function byTotp(user: User, code: string): Promise<string[]> {
    await limits.factor.person.take(user.id)
    await limits.factor.day.take(user.id)
    const right = await db.transaction(async tx => {
      const totp = await lockTotp(tx, user.id)
      const at = now()
      const step = totp?.sealed && totpStep(unseal(totpKey, user.id, totp.sealed), code, totp.lastStep, at)
      if (step) await spendStep(tx, user.id, step, at)
      return step
    })
    if (!right) throw wrongFactor('otp')
    await limits.factor.person.reset(user.id)
    return ['otp']
  }

  async function byRecoveryCode(user: User, code: string): Promise<string[]> {
    await limits.factor.recovery.take(user.id)
    const right = await db.transaction(async tx => {
      if (!(await takeRecoveryCode(tx, user.id, recoveryHash(recoveryKey, user.id, code)))) return false
      const left = await countRecoveryCodes(tx, user.id)
      const change = { userId: user.id, change: 'used', factor: 'recovery-codes', name: null, left } as const
      await as(user, () => tx.publish(UserFactorsChanged, change))
      return true
    })
    if (!right) throw wrongFactor('recoveryCode')
    return ['otp']
  }

  /** Fails with one of `proofRefusals`. */
  return async function prove(user: User, { otp, recoveryCode, passkey }: Proof): Promise<string[]> {
    if (otp !== undefined) return [...(await byTotp(user, otp)), 'mfa']
    if (recoveryCode !== undefined) return [...(await byRecoveryCode(user, recoveryCode)), 'mfa']
    if (passkey !== undefined) return [...(await passkeys.proven(user, passkey)).methods, 'mfa']
    throw new Problem('invalid', 'request_invalid', {
      detail: 'Send a code, a recovery code or what the passkey answered.',
      errors: [{ pointer: '/otp', detail: 'is needed, or recoveryCode, or passkey' }],
    })
  }
}
