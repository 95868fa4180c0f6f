import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemberChanged } from '#contracts/identity'
import { engine } from '../../../test/engines/engine.ts'
import { claimsOf, startIdentity } from '../testing.ts'

const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }

test('in evaluation mode one click signs in as somebody of a role, each time as the same one', async t => {
  const p = await startIdentity(t)
  const admin = await p.admin()
  const { id } = (await p.post('/organisations', { name: 'Demo Batteries' }, admin.headers)).json()
  const page = (await p.get('/sign-in')).body
  const offered = [...page.matchAll(/action="\/api\/auth\/cast\/(\w+)"/g)].map(([, part]) => part!)
  assert.equal(offered.length, 9)
  const roles: Record<string, unknown> = {}
  for (const part of offered) {
    const answer = await p.post(`/cast/${part}`, undefined, own)
    assert.equal(answer.statusCode, 303, part)
    const begins: Record<string, string> = { driver: '/charge', buyer: '/shop' }
    assert.equal(answer.headers.location, begins[part] ?? '/console')
    const cookie = answer.cookies.find(
      ({ name, value }) => /access|token/i.test(name) && value.split('.').length === 3,
    )!
    const { sub, role, org } = claimsOf(cookie.value)
    roles[part] = [role, org?.id === id && org.role]
    const again = await p.post(`/cast/${part}`, undefined, own)
    assert.equal(claimsOf(again.cookies.find(({ name }) => name === cookie.name)!.value).sub, sub)
  }
  assert.deepEqual(roles, {
    admin: ['admin', false],
    editor: ['user', 'editor'],
    operator: ['operator', 'editor'],
    technician: ['technician', 'editor'],
    vendor: ['vendor', false],
    authority: ['authority', false],
    recycler: ['interest', false],
    driver: ['user', false],
    buyer: ['user', false],
  })
  assert.equal((await p.published(MemberChanged)).length, 3)

  // Who was sent here from a page comes back to it, and nowhere else.
  const asked = (await p.get('/sign-in?return=/orders')).body
  assert.match(asked, /action="\/api\/auth\/cast\/buyer\?return=%2Forders"/)
  assert.equal((await p.post('/cast/buyer?return=%2Forders', undefined, own)).headers.location, '/orders')
  assert.equal((await p.post('/cast/buyer?return=%2F%2Fevil.example', undefined, own)).headers.location, '/shop')
  for (const answer of [await p.post('/cast/root', undefined, own), await p.get('/cast/vendor')])
    assert.deepEqual([answer.headers.location, answer.cookies], ['/api/auth/sign-in', []])
})

test('of many clicks at once one account is made', async t => {
  const p = await startIdentity(t)
  const answers = await Promise.all(Array.from({ length: 6 }, () => p.post('/cast/vendor', undefined, own)))
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [303])
  const [{ count }] = (await p.db('identity')`
    select count(*)::int as count from users where email = 'vendor@ohmnibus.local'`) as unknown as [{ count: number }]
  assert.equal(count, 1)
})

test('nobody is tried where the platform is run in earnest, is reached by others, or somebody else asks', async t => {
  const refused = async (p: Awaited<ReturnType<typeof startIdentity>>, headers: Record<string, string> = {}) => {
    assert.doesNotMatch((await p.get('/sign-in', headers)).body, /\/cast\//)
    const answer = await p.post('/cast/admin', undefined, { ...own, ...headers })
    assert.deepEqual([answer.statusCode, answer.cookies], [404, []])
  }
  const here = await startIdentity(t)
  for (const headers of [
    { host: 'ohmnibus.example.com' },
    { host: '192.0.2.7:8080' },
    { host: 'localhost.example.com' },
    { 'x-forwarded-for': '203.0.113.9' },
    { 'x-forwarded-host': 'ohmnibus.example.com' },
    { forwarded: 'for=203.0.113.9' },
  ] as Record<string, string>[])
    await refused(here, headers)
  const elsewhere = await here.http.inject({
    method: 'POST',
    url: '/api/auth/cast/admin',
    headers: own,
    remoteAddress: '203.0.113.9',
  })
  assert.equal(elsewhere.statusCode, 404)
  const forged = await here.post('/cast/admin', undefined, { ...own, 'sec-fetch-site': 'cross-site' })
  assert.deepEqual([forged.headers.location, forged.cookies], ['/api/auth/sign-in', []])

  await refused(await startIdentity(t, { environment: { PUBLIC_URL: 'https://ohmnibus.example.com' } }))
  const production = { ...(await engine(t, 'server')), PUBLIC_URL: 'http://localhost:8080' }
  await refused(await startIdentity(t, { environment: production }))
  const known = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'quiet trains at dawn' }
  const ownAdmin = await startIdentity(t, { environment: known })
  const tried = await ownAdmin.post('/cast/admin', undefined, own)
  assert.deepEqual(
    [tried.headers.location, tried.cookies],
    ['/api/auth/sign-in', []],
    'an admin of their own is nobody to try',
  )
  assert.doesNotMatch((await ownAdmin.get('/sign-in')).body, /\/cast\/admin/)
})
