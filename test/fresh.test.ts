import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'

/**
 * What admins alone may do asks for a second factor of the last minutes where it moves money, decides about people or
 * cannot be undone. What does not stands here, with the reason.
 */
const everyday: readonly (readonly [reason: string, ...routes: string[]])[] = [
  [
    'Texts of the platform: each change is a version that is brought back',
    ...['blog', 'help', 'tutorials', 'jobs'].flatMap(section => [
      `POST /api/content/${section}`,
      `PUT /api/content/${section}/:slug`,
      `POST /api/content/${section}/:slug/publish`,
      `POST /api/content/${section}/:slug/withdraw`,
    ]),
  ],
  [
    'How the shop is sorted and searched: changed back at the same place, and nothing that holds products goes',
    'POST /api/marketplace/categories',
    'PUT /api/marketplace/categories/:id',
    'DELETE /api/marketplace/categories/:id',
    'POST /api/marketplace/synonyms',
    'DELETE /api/marketplace/synonyms/:id',
  ],
  [
    'About a thing, many a day: decided otherwise at the same place',
    'POST /api/marketplace/products/:id/approve',
    'POST /api/marketplace/products/:id/reject',
    'POST /api/admin/products/:id/approve',
    'POST /api/admin/products/:id/reject',
    'PUT /api/marketplace/reviews/:id/state',
  ],
  ['About a person who applies, many a day: moved back at the same place', 'PATCH /api/content/applications/:id'],
  [
    'One that failed is tried again: it was due anyway, and somebody else decided it',
    'POST /api/events/dead-letters/:id/replay',
    'POST /api/notifications/deliveries/:id/replay',
    'POST /api/notifications/webhook-calls/:id/replay',
    'POST /api/notifications/webhook-failures/:id/replay',
    'POST /api/notifications/closed-addresses/reopen',
  ],
  [
    'Changes nothing: it is made of what is sent along, and kept nowhere',
    'POST /api/vendors/dac7/:year/xml',
    'POST /api/content/preview',
  ],
]

/** Others may them too, but they give money away or take it for paid. */
const money = [
  'POST /api/billing/charges/:sessionId/credits',
  'POST /api/billing/credits/:id/confirm',
  'POST /api/billing/credits/:id/refuse',
  'POST /api/billing/invoices/:id/payments',
  'PUT /api/billing/companies/:id/terms',
  'POST /api/vendors/payouts',
]

test('each change that admins alone make asks for a fresh proof, or a reason stands here why it does not', async t => {
  const at = new Date('2027-05-01T08:00:00Z')
  let passed = 0
  const p = await start(t, await choose(), { now: () => new Date(at.getTime() + passed) })
  const changes = p.http.app.documented.filter(
    ({ method, config }) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(String(method)) && !config?.isAlias,
  )
  const byName = new Map(changes.map(route => [`${String(route.method)} ${route.url}`, route]))
  const ofAdmins = [...byName].filter(([, { config }]) => String(config!.access!.admits) === 'admin')
  assert.ok(ofAdmins.length > 80, `${ofAdmins.length} routes`)

  const excepted = everyday.flatMap(([, ...routes]) => routes)
  const open = ofAdmins.filter(([, { config }]) => config!.access!.maxAge === undefined).map(([name]) => name)
  assert.deepEqual(open.toSorted(), excepted.toSorted())
  assert.deepEqual(
    money.filter(name => byName.get(name)?.config!.access!.maxAge === undefined),
    [],
  )

  // As it is enforced: an admin who gave the factor a while ago is told to give it again, before anything else.
  const headers = p.signedIn({ role: 'admin', factor: 'set' })
  passed = 11 * 60_000
  const id = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  const base = await p.listen()
  for (const [name, { config }] of [...ofAdmins, ...money.map(route => [route, byName.get(route)!] as const)]) {
    if (config!.access!.maxAge === undefined) continue
    const [method, path] = name.split(' ') as [string, string]
    const answer = await fetch(base + path.replace(/:\w+/g, id), { method, headers })
    const { code } = (await answer.json()) as { code: string }
    assert.deepEqual([answer.status, code], [401, 'fresh_sign_in_required'], name)
    assert.match(answer.headers.get('www-authenticate')!, /insufficient_user_authentication.*max_age="\d+"/, name)
  }
})
