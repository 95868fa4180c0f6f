import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { mailsIn } from './journeys/client.ts'

test('host header poisoning of mails: each link in each leads to the address of the platform, whatever requests say', async t => {
  const p = await start(t, await choose(), {
    environment: { PUBLIC_URL: 'https://ohmnibus.example.com', NOTIFICATION_DIGEST: '0s' },
  })
  const [email, password] = ['ada@example.com', 'quiet trains at dawn']
  const evil = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example;proto=http',
    'x-original-host': 'evil.example',
  }
  const send = async (path: string, payload: object, headers = {}) => {
    const answer = await p.http.inject({ method: 'POST', url: path, payload, headers: { ...evil, ...headers } })
    assert.ok(answer.statusCode < 300, `${path}: ${answer.body}`)
    await p.settle()
    return answer.statusCode === 204 || answer.body === '' ? {} : answer.json()
  }
  const mails = () => mailsIn(p.platform.mailFolder!)
  const codeIn = async (event: string) =>
    /^\d{6}$/m.exec((await mails()).findLast(mail => mail.event === event)!.text)![0]
  await send('/api/auth/register', { email, password, name: 'Ada' })
  const { accessToken } = await send('/api/auth/verify-otp', { email, otp: await codeIn('send-otp'), password })
  const headers = { authorization: `Bearer ${accessToken}` }
  await send('/api/auth/login', { email, password }, { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' })
  const { id } = await send('/api/auth/organisations', { name: 'Voltaic GmbH' }, headers)
  await send(`/api/auth/organisations/${id}/invitations`, { email: 'guest@example.com', role: 'viewer' }, headers)
  await send('/api/passports', { data: {} }, headers)
  await send('/api/auth/forgot-password', { email })
  await send('/api/auth/email', { password, email: 'new@example.com' }, headers)
  await send('/api/auth/email/verify', { otp: await codeIn('send-otp') }, headers)

  const all = await mails()
  const links = all.flatMap(({ event, text }) =>
    [...text.matchAll(/https?:\/\/[^\s>)]+/g)].map(([link]) => ({ event, link: new URL(link) })),
  )
  assert.deepEqual([...new Set(links.map(({ link }) => link.origin))], ['https://ohmnibus.example.com'])
  assert.doesNotMatch(JSON.stringify(all), /evil/)
  for (const [what, path] of [
    ['an invitation', /^\/api\/auth\/invitations\//],
    ['a new device', /^\/api\/auth\/devices/],
    ['no more mails', /\/unsubscribe\//],
    ['a proof of the address', /^\/api\/auth\/verify\//],
    ['a new password', /^\/api\/auth\/reset/],
    ['an undone change of address', /^\/api\/auth\/undo-address\//],
  ] as const)
    assert.ok(
      links.some(({ link }) => path.test(link.pathname)),
      `${what}: ${links.map(({ event, link }) => `${event} ${link.pathname}`).join(', ')}`,
    )
})
