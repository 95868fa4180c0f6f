import { Secret, TOTP } from 'otpauth'
import type { Client } from './client.ts'

/** Somebody sets up an authenticator app, loses it, and an admin helps. */
export async function factorsHappen(
  root: Client,
  who: Client & { id: string; email: string; password: string },
): Promise<void> {
  const { secret } = await who.get(200, 'POST /api/auth/mfa/totp')
  const otp = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  const added = await who.get(200, 'POST /api/auth/mfa/totp/verify', { otp })
  who.use(added)
  const [recoveryCode] = added.recoveryCodes
  who.use(await who.get(200, 'POST /api/auth/step-up', { recoveryCode }))
  await who.get(200, 'POST /api/auth/mfa/recovery-codes')
  who.use(await who.get(200, 'DELETE /api/auth/mfa/totp'))
  const again = await who.get(200, 'POST /api/auth/mfa/totp')
  const next = new TOTP({ secret: Secret.fromBase32(again.secret) }).generate()
  await who.get(200, 'POST /api/auth/mfa/totp/verify', { otp: next })
  await root.get(204, `DELETE /api/auth/users/${who.id}/factors`)
  // By something else than at first.
  const other = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
  await who.get(200, 'POST /api/auth/login', { email: who.email, password: who.password }, other)
  await root.get(201, `POST /api/auth/users/${who.id}/act`, { reason: 'They ask for help' })
  await root.get(204, `POST /api/auth/users/${who.id}/sign-out`)
}
