import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ClientChanged,
  ClientConsentGiven,
  ClientConsentWithdrawn,
  ClientRegistered,
  ClientRemoved,
  ClientSecretRotated,
} from '#contracts/identity'
import { bearer } from '../testing.ts'
import { pkce, startProvider, type Site } from './testing.ts'

const send = (p: Site, method: 'PATCH' | 'DELETE', path: string, headers: Record<string, string>, payload?: object) =>
  p.http.inject({ method, url: `/api/auth${path}`, headers, ...(payload && { payload }) })

test('what becomes of a client is told: registered, changed, another secret, gone; and never its secret', async t => {
  const p = await startProvider(t)
  const organisationId = await p.found(p.ada)
  const { id, secret } = await p.register({ organisationId }, p.ada.headers)
  await send(p, 'PATCH', `/clients/${id}`, p.ada.headers, { name: 'Fleet planner 2', scopes: ['openid'] })
  await send(p, 'PATCH', `/clients/${id}`, p.ada.headers, { name: 'Fleet planner 2' })
  const rotated = (await p.post(`/clients/${id}/secret`, {}, p.ada.headers)).json().secret as string
  assert.equal((await send(p, 'DELETE', `/clients/${id}`, p.ada.headers)).statusCode, 204)
  const told = [
    await p.published(ClientRegistered),
    await p.published(ClientChanged),
    await p.published(ClientSecretRotated),
    await p.published(ClientRemoved),
  ]
  assert.deepEqual(
    told.map(events => events.length),
    [1, 1, 1, 1],
    'each once; what changes nothing is no news',
  )
  assert.partialDeepStrictEqual(told, [
    [{ clientId: id, organisationId, kind: 'confidential', firstParty: false, actor: { userId: p.ada.id } }],
    [{ clientId: id, name: 'Fleet planner 2', scopes: ['openid'] }],
    [{ clientId: id }],
    [{ clientId: id, name: 'Fleet planner 2' }],
  ])
  for (const known of [secret, rotated]) assert.ok(!JSON.stringify(told).includes(known))
})

test('clients that end with their organisation are told of too', async t => {
  const p = await startProvider(t)
  const organisationId = await p.found(p.ada)
  const { id } = await p.register({ organisationId }, p.ada.headers)
  assert.equal((await send(p, 'DELETE', `/organisations/${organisationId}`, p.ada.headers)).statusCode, 204)
  assert.partialDeepStrictEqual(await p.published(ClientRemoved), [{ clientId: id, organisationId }])
})

test('consents are told of as they are given, for more, and withdrawn; not each time that an app is used', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const jar = await p.browser(p.ada)
  const { challenge } = pkce()
  await p.letIn(jar, p.wayTo(client, challenge))
  await p.letIn(jar, p.wayTo(client, challenge))
  await p.letIn(jar, p.wayTo(client, challenge, { scope: 'openid email' }))
  const given = await p.published(ClientConsentGiven)
  assert.partialDeepStrictEqual(given, [
    { userId: p.ada.id, clientId: client.id, clientName: 'Fleet planner', actsFor: null, asked: true },
    { scopes: ['account:read', 'email', 'openid'], actor: { userId: p.ada.id } },
  ])
  assert.equal(given.length, 2)
  const [consent] = (await p.get('/consents', p.ada.headers)).json().items
  await p.open(jar, '/api/auth/apps', { consent: consent.id })
  assert.partialDeepStrictEqual(await p.published(ClientConsentWithdrawn), [
    { userId: p.ada.id, clientId: client.id, scopes: ['account:read', 'email', 'openid'], actor: { userId: p.ada.id } },
  ])

  const own = await p.register({ name: 'Console', firstParty: true })
  await p.letIn(jar, p.wayTo(own, challenge))
  assert.partialDeepStrictEqual((await p.published(ClientConsentGiven)).at(-1), { clientId: own.id, asked: false })
})

test('an admin who acts in the place of somebody lets no app in for them, and withdraws nothing', async t => {
  const p = await startProvider(t)
  const client = await p.register()
  const { challenge } = pkce()
  await p.letIn(await p.browser(p.ada), p.wayTo(client, challenge))
  const [consent] = (await p.get('/consents', p.ada.headers)).json().items
  const acting = await p.post(`/users/${p.ada.id}/act`, { reason: 'Ticket 4711' }, p.admin.headers)
  const { accessToken } = acting.json()
  // As a header, and as the cookie of a browser.
  for (const [jar, headers] of [
    [new Map<string, string>(), bearer(accessToken)],
    [new Map([['ohmnibus-access', accessToken as string]]), {}],
  ] as const) {
    const another = await p.register({ name: 'Another' })
    const asked = await p.open(jar, p.wayTo(another, challenge), undefined, headers)
    const led = p.ledTo(asked)
    assert.equal(led.pathname, '/api/auth/sign-in', 'they are asked to sign in as themselves')
    const own = led.searchParams.get('return')!
    const allowed = await p.open(jar, own, { decision: 'allow' }, headers)
    assert.equal(p.ledTo(allowed).pathname, '/api/auth/sign-in')
    const ended = await p.open(jar, '/api/auth/apps', { consent: consent.id }, headers)
    assert.equal(p.ledTo(ended).pathname, '/api/auth/sign-in')
  }
  const refused = await send(p, 'DELETE', `/consents/${consent.id}`, bearer(accessToken))
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'acting_for_another'])
  assert.equal((await p.published(ClientConsentGiven)).length, 1)
  assert.equal((await p.published(ClientConsentWithdrawn)).length, 0)
  assert.equal((await p.get('/consents', p.ada.headers)).json().items.length, 1)
})
