import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
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

/** Somebody lets an app use their account, in a browser. */
export async function appIsLetIn(root: Client, who: Client & { email: string; password: string }): Promise<void> {
  const redirectUri = 'https://fleet.example.com/callback'
  const { id } = await root.get(201, 'POST /api/auth/clients', {
    name: 'Fleet planner',
    kind: 'public',
    redirectUris: [redirectUri],
    scopes: ['openid', 'account:read'],
  })
  const browse = (path: string, form?: Record<string, string>, cookie = '') =>
    fetch(new URL(path, who.address), {
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
      headers: { cookie, ...(form && { 'sec-fetch-site': 'same-origin' }) },
      redirect: 'manual',
    })
  const signedIn = await browse('/api/auth/sign-in', { email: who.email, password: who.password })
  assert.equal(signedIn.status, 303, await signedIn.text())
  const cookie = signedIn.headers.getSetCookie().map(one => one.split(';')[0])
  const asked = new URLSearchParams({
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid account:read',
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const page = await (await browse(`/api/auth/authorize?${asked}`, undefined, cookie.join('; '))).text()
  const [, form] = /action="(\/api\/auth\/authorize\/[\w-]{36})"/.exec(page) ?? []
  assert.ok(form, page)
  const decided = await browse(form, { decision: 'allow' }, cookie.join('; '))
  assert.ok(decided.status < 400, await decided.text())
}
