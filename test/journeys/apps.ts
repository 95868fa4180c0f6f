import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Client } from './client.ts'

type Somebody = Client & { email: string; password: string }
const redirectUri = 'https://fleet.example.com/callback'

/** Somebody lets an app use their account and ends it again; its maker changes it and takes it away. */
export async function appsHappen(root: Client, who: Somebody): Promise<void> {
  const { id } = await root.get(201, 'POST /api/auth/clients', {
    name: 'Fleet planner',
    kind: 'confidential',
    redirectUris: [redirectUri],
    scopes: ['openid', 'account:read'],
  })
  await root.get(200, `PATCH /api/auth/clients/${id}`, { name: 'Fleet planner 2' })
  await root.get(200, `POST /api/auth/clients/${id}/secret`, {})
  await letIn(id, who)
  const { items } = await who.get(200, 'GET /api/auth/consents')
  await who.get(204, `DELETE /api/auth/consents/${items[0].id}`)
  await root.get(204, `DELETE /api/auth/clients/${id}`)

  const key = await who.get(201, 'POST /api/auth/keys', { name: 'Warehouse', scopes: ['passports:read'] })
  await who.get(204, `DELETE /api/auth/keys/${key.id}`)
}

/** In a browser, where they are asked. */
async function letIn(clientId: string, who: Somebody): Promise<void> {
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
    client_id: clientId,
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

/** An admin asks for a consent, which somebody gives, and takes back what was to be told later. */
export async function termsHappen(root: Client, who: Client): Promise<void> {
  const text = (title: string) => ({ title, text: 'We write to you once a month.' })
  const texts = { en: text('News by mail'), de: text('Neuigkeiten per E-Mail') }
  const { id } = await root.get(201, 'POST /api/auth/terms', { key: 'news', kind: 'consent', texts })
  await who.get(200, 'POST /api/auth/agreements', { answers: [{ termsId: id, agreed: true }] })
  const later = { key: 'privacy', kind: 'notice', effectiveAt: '2099-01-01T00:00:00.000Z', texts }
  const { id: next } = await root.get(201, 'POST /api/auth/terms', later)
  await root.get(204, `DELETE /api/auth/terms/${next}`)
}
