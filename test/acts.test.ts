import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { startScim } from '../services/identity/scim/testing.ts'

/**
 * What admins alone may write, by how the audit log names it: the topic of an event that the admin service follows, or
 * an act that its service has written down.
 */
const noted: readonly (readonly [act: string, ...routes: string[]])[] = [
  ['approval.approved', 'POST /api/admin/approvals/:id/approve'],
  ['approval.refused', 'POST /api/admin/approvals/:id/refuse'],
  ['approval.withdrawn', 'POST /api/admin/approvals/:id/withdraw'],
  ['approval.asked', 'POST /api/admin/dead-letters/replay', 'DELETE /api/admin/users/:id'],
  ['setting.defined', 'POST /api/admin/settings'],
  ['setting.changed', 'PUT /api/admin/settings/:key'],
  ['switch.turned', 'POST /api/admin/switches', 'PUT /api/admin/switches/:name'],
  ['user.role-changed', 'PUT /api/auth/users/:id/role', 'PUT /api/admin/users/:id'],
  ['user.disabled', 'PUT /api/auth/users/:id/disabled'],
  ['user.factors-changed', 'DELETE /api/auth/users/:id/factors'],
  ['user.signed-out', 'POST /api/auth/users/:id/sign-out'],
  ['user.acting-began', 'POST /api/auth/users/:id/act'],
  ['organisation.kinds-changed', 'PUT /api/auth/organisation-kinds/:id'],
  ['domain.attested', 'POST /api/auth/organisations/:id/domains/:domain/attest'],
  ['terms.published', 'POST /api/auth/terms'],
  ['terms.retracted', 'DELETE /api/auth/terms/:id'],
  ['import.begun', 'POST /api/auth/users/imports', 'POST /api/auth/users/imports/:id/commit'],
  ['import.cancel', 'POST /api/auth/users/imports/:id/cancel'],
  ['import.pause', 'POST /api/auth/users/imports/:id/pause'],
  ['import.resume', 'POST /api/auth/users/imports/:id/resume'],
  ['product.approved', 'POST /api/marketplace/products/:id/approve', 'POST /api/admin/products/:id/approve'],
  ['product.rejected', 'POST /api/marketplace/products/:id/reject', 'POST /api/admin/products/:id/reject'],
  ['category.created', 'POST /api/marketplace/categories'],
  ['category.updated', 'PUT /api/marketplace/categories/:id'],
  ['category.deleted', 'DELETE /api/marketplace/categories/:id'],
  ['review.decided', 'PUT /api/marketplace/reviews/:id/state'],
  ['synonyms.made', 'POST /api/marketplace/synonyms'],
  ['synonyms.deleted', 'DELETE /api/marketplace/synonyms/:id'],
  ['tax-class.changed', 'PUT /api/marketplace/tax-classes/:code'],
  ...(['approve', 'reject', 'suspend', 'reinstate'] as const).map(
    act =>
      [
        {
          approve: 'vendor.approved',
          reject: 'vendor.rejected',
          suspend: 'vendor.suspended',
          reinstate: 'vendor.reinstated',
        }[act],
        `POST /api/vendors/:id/${act}`,
        `POST /api/admin/vendors/:id/${act}`,
      ] as const,
  ),
  ['commission-rule.changed', 'POST /api/vendors/commission-rules', 'DELETE /api/vendors/commission-rules/:id'],
  ['payout.approved', 'POST /api/vendors/payouts/:id/approve'],
  ['payout.sent', 'POST /api/vendors/payouts/:id/sent'],
  ['payout.paid', 'POST /api/vendors/payouts/:id/paid', 'POST /api/vendors/payout-files/:id/paid'],
  ['payout.failed', 'POST /api/vendors/payouts/:id/failed'],
  ['payout.reversal-asked', 'POST /api/vendors/payouts/:id/reverse'],
  ['payout-file.written', 'POST /api/vendors/payout-files'],
  ['tax-report.taken', 'POST /api/vendors/dac7/:year/xml'],
  [
    'payment-event.replayed',
    ...['billing', 'orders', 'users'].map(service => `POST /api/${service}/webhooks/dead/:id/replay`),
  ],
  ['gift-card.issued', 'POST /api/orders/gift-cards'],
  ['figures.rebuilt', 'POST /api/analytics/rebuild'],
  ['application.moved', 'PATCH /api/content/applications/:id'],
  ['application.deleted', 'DELETE /api/content/applications/:id'],
  ...(
    [
      ['article.written', 'POST', ''],
      ['article.written', 'PUT', '/:slug'],
      ['article.deleted', 'DELETE', '/:slug'],
      ['article.published', 'POST', '/:slug/publish'],
      ['article.withdrawn', 'POST', '/:slug/withdraw'],
    ] as const
  ).map(
    ([act, method, path]) =>
      [
        act,
        ...['blog', 'help', 'tutorials', 'jobs'].map(section => `${method} /api/content/${section}${path}`),
      ] as const,
  ),
  ['dead-letter.replayed', 'POST /api/events/dead-letters/:id/replay'],
  ['dead-letter.given-up', 'DELETE /api/events/dead-letters/:id'],
  ['subscription.replayed', 'POST /api/events/subscriptions/replay'],
  ['address.reopened', 'POST /api/notifications/closed-addresses/reopen'],
  ['deliveries.replayed', 'POST /api/notifications/deliveries/replay'],
  ['delivery.replayed', 'POST /api/notifications/deliveries/:id/replay'],
  ['webhook-call.replayed', 'POST /api/notifications/webhook-calls/:id/replay'],
  ['webhook.replayed', 'POST /api/notifications/webhook-failures/:id/replay'],
]

/** What leaves nothing behind that one could ask about. */
const unnoted: readonly (readonly [reason: string, ...routes: string[]])[] = [
  ['Shows what is sent along, and keeps nothing', 'POST /api/content/preview'],
]

test('whatever admins alone may write stands in the audit log afterwards, or a reason stands here why not', async t => {
  const p = await start(t, await choose())
  const ofAdmins = p.http.app.documented
    .filter(
      ({ method, config }) =>
        ['POST', 'PUT', 'PATCH', 'DELETE'].includes(String(method)) &&
        !config?.isAlias &&
        String(config!.access!.admits) === 'admin',
    )
    .map(({ method, url }) => `${String(method)} ${url}`)
  const listed = [...noted, ...unnoted].flatMap(([, ...routes]) => routes)
  assert.deepEqual([...new Set(ofAdmins)].toSorted(), listed.toSorted())

  // Each name is one that is written: by an event that is followed, or where the code says so.
  const followed = new Set(
    (
      await p.db('kernel')<{ topic: string }[]>`
      select topic from kernel.subscriptions where service = 'admin' and purpose like '%write down%'`
    ).map(({ topic }) => topic),
  )
  const code = globSync('{services,money,imports,kernel}/**/*.ts', { cwd: join(import.meta.dirname, '..') })
    .filter(file => !/test/.test(file))
    .map(file => readFileSync(join(import.meta.dirname, '..', file), 'utf8'))
    .join('\n')
  // Of these the second word is what was decided, or done.
  const composed = /^(approval|import)\./
  assert.deepEqual(
    noted.map(([act]) => act).filter(act => !followed.has(act) && !composed.test(act) && !code.includes(`'${act}'`)),
    [],
  )
})

test('what no event tells is written down with the act: by whom, where, and what it was done to', async t => {
  const p = await start(t, await choose())
  const userId = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  const send = async (name: string, payload?: object) => {
    const [method, url] = name.split(' ') as ['POST', string]
    const headers = p.signedIn({ role: 'admin', userId })
    const answer = await p.http.inject({ method, url, headers, ...(payload && { payload }) })
    assert.ok(answer.statusCode < 300, `${name}: ${answer.statusCode} ${answer.body}`)
    return /json/.test(String(answer.headers['content-type'])) ? answer.json() : undefined
  }
  const post = { language: 'en', title: 'Charging in winter', body: 'Warm.', tags: [] }
  const { id: article } = await send('POST /api/content/blog', post)
  await send(`POST /api/content/blog/${article}/publish`, { at: '2999-01-01T00:00:00Z' })
  await send(`POST /api/content/blog/${article}/withdraw`)
  await send(`DELETE /api/content/blog/${article}`)
  const { id: words } = await send('POST /api/marketplace/synonyms', { words: ['wallbox', 'wall box'] })
  await send(`DELETE /api/marketplace/synonyms/${words}`)
  const { id: card } = await send('POST /api/orders/gift-cards', { currency: 'EUR', amountMinor: 5_000 })
  await send('POST /api/notifications/deliveries/replay', {})
  await send('POST /api/analytics/rebuild', {})
  await send('GET /api/vendors/dac7/2027/csv')
  await p.settle()
  const { items } = await send(`GET /api/admin/audit?limit=100&actor=${userId}`)
  assert.deepEqual(
    items
      .filter(({ service }: { service: string }) => service !== 'admin')
      .map(({ service, act, object }: any) => `${service} ${act} ${object}`)
      .toSorted(),
    [
      'analytics figures.rebuilt figures',
      `content article.deleted ${article}`,
      `content article.scheduled ${article}`,
      `content article.unscheduled ${article}`,
      `content article.written ${article}`,
      `marketplace synonyms.deleted ${words}`,
      `marketplace synonyms.made ${words}`,
      'notifications deliveries.replayed all',
      `orders gift-card.issued ${card}`,
      'vendors tax-report.taken dac7/2027',
    ].toSorted(),
  )
  assert.deepEqual(items.find(({ act }: any) => act === 'gift-card.issued').details, {
    currency: 'EUR',
    amountMinor: 5_000,
  })
})

test('what people do to their accounts and owners to their organisations is written down, by ids and without names', async t => {
  const providers = JSON.stringify([{ id: 'acme', issuer: 'https://id.acme.example', clientId: 'ohmnibus' }])
  const p = await startScim(t, { OIDC_PROVIDERS: providers }, await choose(['admin']))
  const { ada, id, tokenId, at } = p
  const send = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, payload?: object, by = ada) => {
    const url = `/api/auth${path}`
    const answer = await p.http.inject({ method, url, headers: by.headers, ...(payload && { payload }) })
    assert.ok(answer.statusCode < 300, `${method} ${url}: ${answer.statusCode} ${answer.body}`)
    return answer.body ? answer.json() : undefined
  }
  const role = await send('POST', at('/roles'), { name: 'Accountant', permissions: ['billing:write'] })
  await send('PATCH', at(`/roles/${role.id}`), { permissions: ['billing:read'] })
  await send('DELETE', at(`/roles/${role.id}`))
  const { id: groupId } = (await p.scim('POST', '/Groups', { displayName: 'Finance' })).json()
  await send('PUT', at(`/scim-groups/${groupId}`), { role: 'editor' })
  await send('DELETE', at(`/scim-tokens/${tokenId}`))
  await send('DELETE', at('/domains/example.com'))
  await send('POST', at('/invitations'), { email: 'guest@elsewhere.example', role: 'viewer' })
  // Of whom the rules are their access tokens end.
  await send('PUT', at('/sign-in-rules'), { secondFactor: false, provider: 'acme' })
  const bea = await p.person('Bea')
  await send('DELETE', '/profile', { password: bea.password }, bea)
  await p.settle()

  const root = await p.admin()
  const read = async (object: string) =>
    (await p.http.inject({ url: `/api/admin/audit?limit=100&object=${object}`, headers: root.headers })).json().items
  const ofCompany = await read(id)
  assert.deepEqual(
    ofCompany.map(({ actorId }: { actorId: string }) => actorId).filter((who: string) => who !== ada.id),
    [],
  )
  const written = Object.fromEntries(ofCompany.map(({ act, details }: any) => [act, details]))
  assert.deepEqual(Object.keys(written).toSorted(), [
    'domain.added',
    'domain.removed',
    'domain.verified',
    'organisation.created',
    'organisation.member-invited',
    'role.changed',
    'role.defined',
    'role.removed',
    'scim-group.mapped',
    'scim-token.ended',
    'scim-token.made',
    'sign-in-rules.changed',
  ])
  assert.partialDeepStrictEqual(written, {
    'domain.removed': { domain: 'example.com' },
    'role.changed': { roleId: role.id, permissions: ['billing:read'] },
    'role.removed': { roleId: role.id, to: null },
    'scim-group.mapped': { groupId, role: 'editor' },
    'scim-token.ended': { tokenId },
    'sign-in-rules.changed': { secondFactor: false, provider: 'acme', onlyProvider: false },
  })
  const ofBea = await read(bea.id)
  assert.deepEqual(
    ofBea.map(({ act, actorId }: any) => [act, actorId]),
    [
      ['user.deleted', bea.id],
      ['user.registered', bea.id],
    ],
  )
  assert.doesNotMatch(JSON.stringify([ofCompany, ofBea]), /Voltaic|Accountant|Finance|guest@|bea@|"Bea"/)
})
