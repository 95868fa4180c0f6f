import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../kernel/toys.ts'
import { client, codeIn, mailsIn, register } from './client.ts'
import { notSplit, oneProcess, split } from './sites.ts'
import { saysWhoSells } from './vendors.ts'

const root = { email: 'root@example.com', password: 'quiet trains at dawn' }

/** Where the same is to be seen, whoever serves it. */
const sites: [string, typeof oneProcess, string | false][] = [
  ['in one process', oneProcess, false],
  ['with each service in a process of its own', split, notSplit],
]

for (const [site, open, skip] of sites)
  test(
    `an admin's morning ${site}: a look at all worlds, the queues, a person who wants to go, a setting, and the book of it all`,
    { skip },
    async t => {
      const p = await open(t, { environment: { ADMIN_EMAIL: root.email, ADMIN_PASSWORD: root.password } })
      const { address } = p
      const codeFor = async (email: string) => {
        await p.settle()
        return codeIn((await mailsIn(p.mailFolder)).findLast(mail => mail.to === email)!)
      }
      const signIn = async ({ email, password }: { email: string; password: string }) => {
        const one = client(address)
        one.use(await one.get(200, 'POST /api/auth/login', { email, password }))
        return one
      }
      const person = async (name: string) => {
        const [one, about] = [
          client(address),
          { email: `${name.toLowerCase()}@example.com`, password: 'louder trains at noon' },
        ]
        const { user } = await register(one, '/api/auth', { ...about, name }, codeFor)
        return Object.assign(one, about, { id: user.id })
      }
      const ada = await signIn(root)
      const [grace, zoe, leaver] = [await person('Grace'), await person('Zoe'), await person('Leaver')]

      // Of one admin there should be two.
      const before = await ada.get(200, `GET /api/admin/users/${grace.id}`)
      assert.deepEqual([before.role, before.sessions.length, before.organisations], ['user', 1, []])
      const promoted = await ada.get(200, `PUT /api/admin/users/${grace.id}`, { role: 'admin' })
      assert.equal(promoted.role, 'admin')
      for (const more of [{ email: 'x@example.com' }, { passwordHash: 'x' }, { version: 9 }, { id: zoe.id }])
        assert.equal(
          (await ada.ask(`PUT /api/admin/users/${grace.id}`, { role: 'admin', ...more })).status,
          400,
          'mass assignment',
        )
      const alan = await signIn(grace)

      // Somebody wants to sell, under a name that is a script.
      const name = '<script>alert(1)</script>'
      const docId = await saysWhoSells(zoe)
      await p.settle()
      await zoe.get(200, 'PUT /api/vendors/profile', {
        name,
        description: 'Wallboxes from Regensburg.',
        email: 'shop@example.com',
        iban: 'DE89 3704 0044 0532 0130 00',
        accountHolder: 'Voltwerk GmbH',
        evidence: [docId],
        acceptTerms: true,
      })
      await zoe.get(200, 'POST /api/vendors/profile/submit')
      await p.settle()
      assert.equal((await ada.get(200, 'GET /api/admin/dashboard')).vendors.pending, 1)
      const queue = await ada.ask('GET /api/admin/vendors')
      assert.deepEqual(
        queue.body.items.map((one: any) => [one.vendorId, one.name]),
        [[zoe.id, name]],
        'the script in a name is a name',
      )
      assert.match(queue.headers.get('content-type')!, /^application\/json/)
      assert.equal(queue.headers.get('x-content-type-options'), 'nosniff')
      await ada.get(200, `POST /api/admin/vendors/${zoe.id}/reject`, { reason: 'Of another company.' })
      await zoe.get(200, 'POST /api/vendors/profile/submit')
      await ada.get(200, `POST /api/admin/vendors/${zoe.id}/approve`, {})
      await p.settle()
      const seller = await signIn(zoe)
      const page = (await client(address).ask('GET /shop/v/script-alert-1-script')).body.toString()
      assert.ok(!page.includes('<script>alert'), 'nor is it one on a page')

      // And what they sell waits, the oldest first.
      const offer = (title: string) =>
        seller.get(201, 'POST /api/marketplace/products', { name: title, price: 49_900, stock: 3 })
      const [good, bad] = [await offer('Wallbox'), await offer('Walbox')]
      const waiting = await ada.get(200, 'GET /api/admin/products')
      assert.deepEqual(
        waiting.items.map(({ id }: any) => id),
        [good.id, bad.id],
      )
      await ada.get(200, `POST /api/admin/products/${good.id}/approve`)
      await ada.get(200, `POST /api/admin/products/${bad.id}/reject`, { reason: 'Twice.' })
      assert.deepEqual((await ada.get(200, 'GET /api/admin/products')).items, [])
      await p.settle()
      const { products, people, vendors } = await ada.get(200, 'GET /api/admin/dashboard')
      assert.deepEqual(products, { total: 2, pending: 0, byStatus: { active: 1, rejected: 1 } })
      assert.deepEqual([people.total, vendors.byStatus], [4, { active: 1 }])

      // A person is deleted by two admins, or not at all.
      const asked = await ada.get(202, `DELETE /api/admin/users/${leaver.id}`, { reason: 'Asked for it in writing.' })
      assert.equal((await ada.ask(`POST /api/admin/approvals/${asked.id}/approve`, {})).body.code, 'approval_own')
      await alan.get(200, `POST /api/admin/approvals/${asked.id}/approve`, {})
      await p.settle()
      assert.equal((await ada.get(200, `GET /api/admin/approvals/${asked.id}`)).state, 'done')
      assert.equal((await ada.ask(`GET /api/admin/users/${leaver.id}`)).status, 404)
      assert.equal((await leaver.ask('GET /api/auth/profile')).status, 401)
      assert.equal((await ada.get(200, 'GET /api/admin/dashboard')).people.total, 3)

      // One who would leave an organisation without an owner stays, and says why.
      const { id: organisation } = await seller.get(201, 'POST /api/auth/organisations', { name: 'Voltwerk' })
      seller.use(await seller.get(200, `POST /api/auth/organisations/${organisation}/switch`))
      await seller.get(201, 'POST /api/passports', { data: {} })
      const stays = await ada.get(202, `DELETE /api/admin/users/${zoe.id}`, { reason: 'By mistake.' })
      await alan.get(200, `POST /api/admin/approvals/${stays.id}/approve`, {})
      await p.settle()
      const failed = await ada.get(200, `GET /api/admin/approvals/${stays.id}`)
      assert.deepEqual([failed.state, failed.outcome], ['failed', { refusal: 'organisation_without_owner' }])
      assert.equal((await ada.get(200, `GET /api/admin/users/${zoe.id}`)).organisations[0].name, 'Voltwerk')

      // Admin demoted in another tab: what they have open is refused at once.
      assert.equal((await alan.ask('GET /api/admin/dashboard')).status, 200)
      await ada.get(200, `PUT /api/admin/users/${grace.id}`, { role: 'user' })
      for (const request of [
        'GET /api/admin/dashboard',
        'GET /api/admin/users',
        'GET /api/admin/vendors',
        'GET /api/admin/products',
        'GET /api/admin/audit/export',
        `POST /api/admin/approvals/${asked.id}/approve`,
      ])
        await until(async () => {
          const { status } = await alan.ask(request, request.startsWith('POST') ? {} : undefined)
          return [401, 403].includes(status)
        }, p.spreads)
      assert.equal(
        (await ada.ask(`PUT /api/admin/users/${(await ada.get(200, 'GET /api/auth/profile')).id}`, { role: 'user' }))
          .body.code,
        'own_account',
      )

      // The book of it all.
      await p.settle()
      const acts = (await ada.get(200, 'GET /api/admin/audit?limit=100')).items.map(({ act }: any) => act)
      for (const act of [
        'user.role-changed',
        'vendor.rejected',
        'vendor.approved',
        'product.approved',
        'product.rejected',
        'approval.asked',
        'approval.approved',
      ])
        assert.ok(acts.includes(act), `${act} among ${acts}`)
      const verdict = await ada.get(200, 'GET /api/admin/audit/verify')
      assert.deepEqual([verdict.intact, verdict.sealed], [true, acts.length])
      const chain = (await ada.get(200, `GET /api/admin/events?key=${zoe.id}`)).items
      assert.ok(
        chain.some(({ topic }: any) => topic === 'vendor.approved'),
        'the log has all that is told of somebody',
      )
    },
  )
