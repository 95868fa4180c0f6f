import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPerson, RegistrationRepeated, SendOtp } from '#contracts/identity'
import { openDatabase } from '../../../kernel/database/open.ts'
import { openPool } from '../../../kernel/database/pool.ts'
import { startIdentity } from '../testing.ts'
import { createAdmin } from './admins.ts'

const password = 'quiet trains at dawn'
type Identity = Awaited<ReturnType<typeof startIdentity>>

/** Registers and proves the address, as typed; `kept` is how it is kept. */
async function join({ post, mailed }: Identity, typed: string, kept: string, name = 'Max') {
  assert.equal((await post('/register', { email: typed, password, name })).statusCode, 202, typed)
  const { code } = await mailed(kept)
  const joined = await post('/verify-otp', { email: typed, otp: code, password })
  assert.equal(joined.statusCode, 201, typed)
  return joined.json()
}

test('an address of a host with an umlaut is one address, however it is typed, and shown as its owner writes it', async t => {
  const p = await startIdentity(t)
  const { post, get, http, admin, db, published, ask } = p
  const kept = 'max@xn--mller-kva.example'
  const { user } = await join(p, 'Max@M\u00dcLLER.example', kept)
  assert.equal(user.email, 'max@m\u00fcller.example')
  const [row] = await db('identity')`select email from users where id = ${user.id}`
  assert.equal(row!.email, kept)
  assert.equal((await ask(getPerson, { userId: user.id })).email, kept)
  for (const email of [kept, 'MAX@m\u00fcller.example', 'max@mu\u0308ller.example', 'max@XN--MLLER-KVA.example'])
    assert.equal((await post('/login', { email, password })).statusCode, 200, email)

  const before = (await published(SendOtp)).length
  await post('/register', { email: kept, password, name: 'Eve' })
  assert.equal((await published(RegistrationRepeated)).length, 1, 'it has an account')
  assert.equal((await published(SendOtp)).length, before)

  const root = await admin()
  const { id } = (await post('/organisations', { name: 'Voltaic GmbH' }, root.headers)).json()
  const invite = (email: string) => post(`/organisations/${id}/invitations`, { email, role: 'viewer' }, root.headers)
  assert.equal((await invite('eva@m\u00fcller.example')).json().email, 'eva@m\u00fcller.example')
  await invite('eva@xn--mller-kva.example')
  const invited = (await get(`/organisations/${id}/invitations`, root.headers)).json().items
  assert.equal(invited.length, 1)
  for (const email of ['max@m\u00fcller.example', kept, 'max@'])
    assert.deepEqual(
      (await http.inject({ url: '/api/auth/users', query: { email }, headers: root.headers }))
        .json()
        .items.map((found: { id: string }) => found.id),
      [user.id],
      email,
    )
})

test('an address with letters of any script before the @ is taken where mail can reach it', async t => {
  const p = await startIdentity(t)
  const kept = 'm\u00e4x@bugs.example'
  const { user } = await join(p, 'Ma\u0308x@Bugs.example', kept)
  assert.equal(user.email, kept)
  assert.equal((await p.post('/login', { email: 'M\u00c4X@bugs.example', password })).statusCode, 200)
  assert.equal((await p.ask(getPerson, { userId: user.id })).email, kept)
  await join(p, '\u7528\u6237@\u4f8b\u5b50.example', '\u7528\u6237@xn--fsqu00a.example')
})

test('an address that our mail server does not deliver to is refused before anybody waits for a code', async t => {
  const environment = { SENDGRID_API_KEY: 'SG.none', SENDGRID_BASE_URL: 'http://127.0.0.1:9' }
  const { post, person, published } = await startIdentity(t, { environment })
  const ada = await person('Ada')
  const { id } = (await post('/organisations', { name: 'Voltaic GmbH' }, ada.headers)).json()
  const email = 'm\u00e4x@bugs.example'
  const before = (await published(SendOtp)).length
  for (const refused of [
    await post('/register', { email, password, name: 'Max' }),
    await post('/email', { email, password: ada.password }, ada.headers),
    await post(`/organisations/${id}/invitations`, { email, role: 'viewer' }, ada.headers),
  ]) {
    assert.deepEqual([refused.statusCode, refused.json().code], [400, 'address_unreachable'])
    assert.equal(refused.json().errors[0].pointer, '/email')
  }
  assert.equal((await published(SendOtp)).length, before)
  assert.equal((await post('/register', { email: 'max@m\u00fcller.example', password, name: 'Max' })).statusCode, 202)
})

test('what is no address is refused at every door, in time that grows with its length', async t => {
  const { post } = await startIdentity(t)
  for (const email of [
    'ada',
    'ada@',
    '@example.com',
    'ada@localhost',
    'a da@example.com',
    'ada@exa mple.com',
    'ada@example..com',
    '.ada@example.com',
    'ada@-example.com',
    'ada\u200b@example.com',
    'ada\u202e@example.com',
    'ada@\u202eexample.com',
    'ada@exa\u200bmple.com',
    'ada@exa\u00admple.com',
    'ada@ex\u0001ample.com',
    'ada@example.com, eve@example.com',
    `${'\u00fc'.repeat(200)}@example.com`,
    `ada@${'\u00fc'.repeat(240)}.example`,
  ])
    for (const [path, more] of [
      ['/register', { password, name: 'Ada' }],
      ['/login', { password }],
      ['/resend-otp', {}],
    ] as const) {
      const refused = await post(path, { email, ...more })
      assert.deepEqual([refused.statusCode, refused.json().code], [400, 'request_invalid'], `${path} ${email}`)
    }
  const began = performance.now()
  await post('/login', { email: `${'a.'.repeat(30_000)}\u00fc@example.com`, password })
  assert.ok(performance.now() - began < 500)
})

test('the first admin has an address that one can sign in with, or the start says what is wrong', async t => {
  const environment = (email: string) => ({ ADMIN_EMAIL: email, ADMIN_PASSWORD: 'a vermilion otter sleeps' })
  for (const email of ['admin@localhost', 'admin', 'admin@', 'ad\u200bmin@example.com'])
    await assert.rejects(
      startIdentity(t, { environment: environment(email) }),
      /ADMIN_EMAIL.*(like you@example\.com)/,
      email,
    )
  const p = await startIdentity(t, { environment: environment('Admin@M\u00fcller.example') })
  const signedIn = await p.post('/login', { email: 'admin@m\u00fcller.example', password: 'a vermilion otter sleeps' })
  assert.equal(signedIn.json().user.role, 'admin')

  const pool = openPool(p.platform.database.at, 'identity', { max: 1 })
  t.after(() => pool.end())
  const made = { email: 'second@localhost', password: 'a vermilion otter sleeps', now: new Date() }
  await assert.rejects(createAdmin(openDatabase(pool, 'identity'), made), /second@localhost.*like you@example\.com/)
})
