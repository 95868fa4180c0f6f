import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getEmailUndo, SessionsRevoked, UserEmailChanged } from '#contracts/identity'
import { startFactors } from '../factors/testing.ts'
import { bearer, startIdentity } from '../testing.ts'

type Identity = Awaited<ReturnType<typeof startIdentity>>
const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** Moves the account to another address, as its owner or whoever has its password does. */
async function move(
  { post, mailed }: Identity,
  who: { password: string; headers: Record<string, string> },
  to: string,
) {
  assert.equal((await post('/email', { password: who.password, email: to }, who.headers)).statusCode, 202)
  const { code } = await mailed(to)
  assert.equal((await post('/email/verify', { otp: code }, who.headers)).statusCode, 200)
}
const linkOf = async ({ published, ask }: Identity, which = -1) => {
  const { undoId } = (await published(UserEmailChanged)).at(which)!
  return new URL((await ask(getEmailUndo, { undoId: undoId! })).link)
}
const press = ({ http }: Identity, path: string, headers: Record<string, string> = {}) =>
  http.inject({ method: 'POST', url: path, headers: { ...form, ...headers } })

test('a change of address ends all other sessions', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  const elsewhere = (await p.post('/login', { email: ada.email, password: ada.password })).json()
  assert.equal((await p.get('/profile', bearer(elsewhere.accessToken))).statusCode, 200)
  await move(p, ada, 'lovelace@example.com')
  assert.equal((await p.get('/profile', bearer(elsewhere.accessToken))).statusCode, 401)
  assert.equal((await p.post('/refresh', { refreshToken: elsewhere.refreshToken })).statusCode, 401)
  assert.equal((await p.get('/profile', ada.headers)).json().email, 'lovelace@example.com')
})

test('whoever reads the former address takes the change back, once: sessions and password of the other are gone', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  await move(p, ada, 'thief@example.com')
  const { pathname } = await linkOf(p)
  const page = await p.http.inject({ url: pathname })
  assert.equal(page.statusCode, 200)
  assert.match(page.body, /ada@example\.com/)
  assert.equal((await p.get('/profile', ada.headers)).json().email, 'thief@example.com', 'opening it changes nothing')

  const answers = await Promise.all([press(p, pathname), press(p, pathname)])
  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [303, 404], 'one of two at once')
  assert.equal((await p.get('/profile', ada.headers)).statusCode, 401)
  assert.equal((await p.post('/refresh', { refreshToken: ada.refreshToken })).statusCode, 401)
  for (const email of [ada.email, 'thief@example.com'])
    assert.equal((await p.post('/login', { email, password: ada.password })).statusCode, 401, email)
  assert.ok((await p.published(SessionsRevoked)).length > 0)

  const { link } = await p.mailed(ada.email)
  const password = 'slow rivers in april'
  assert.equal(
    (await p.post('/reset-password', { token: link!.split('/').at(-1), password })).statusCode,
    204,
    'a mail for a new password came',
  )
  assert.equal((await p.post('/login', { email: ada.email, password })).statusCode, 200)
  const back = (await p.published(UserEmailChanged)).at(-1)!
  assert.deepEqual([back.email, back.formerEmail, back.undoId], [ada.email, 'thief@example.com', undefined])
})

test('of two changes in a row the first former address has the last word', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  await move(p, ada, 'one@example.com')
  const first = await linkOf(p)
  p.clock.pass(60_000)
  await move(p, ada, 'two@example.com')
  const second = await linkOf(p)
  assert.equal((await press(p, first.pathname)).statusCode, 303)
  assert.equal((await press(p, second.pathname)).statusCode, 404, 'the one behind it leads nowhere any more')
  const [row] = await p.db('identity')`select email from users where id = ${ada.id}`
  assert.equal(row!.email, ada.email)
})

test('the link is good for 72 hours, and not from a page elsewhere', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  await move(p, ada, 'new@example.com')
  const { pathname } = await linkOf(p)
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  assert.equal((await press(p, pathname, foreign)).statusCode, 403)
  p.clock.pass(72 * 3_600_000 - 1_000)
  assert.equal((await p.http.inject({ url: pathname })).statusCode, 200)
  p.clock.pass(2_000)
  assert.equal((await p.http.inject({ url: pathname })).statusCode, 404)
  assert.equal((await press(p, pathname)).statusCode, 404)
})

test('an address that somebody else has proven meanwhile is not taken from them', async t => {
  const p = await startIdentity(t)
  const ada = await p.person('Ada')
  await move(p, ada, 'new@example.com')
  const { pathname } = await linkOf(p)
  const next = await p.person('Ada')
  assert.equal((await press(p, pathname)).statusCode, 404)
  assert.equal((await p.get('/profile', next.headers)).json().email, 'ada@example.com')
  assert.equal((await p.get('/profile', ada.headers)).json().email, 'new@example.com')
})

test('host header poisoning of mail links: they lead to the address of the platform, whatever the request says', async t => {
  const p = await startIdentity(t, { environment: { PUBLIC_URL: 'https://ohmnibus.example.com' } })
  const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
  const ask = (path: string, payload: object, headers = {}) => p.post(path, payload, { ...evil, ...headers })
  const [email, password] = ['ada@example.com', 'quiet trains at dawn']
  await ask('/register', { email, password, name: 'Ada' })
  const first = await p.mailed(email)
  const { accessToken } = (await ask('/verify-otp', { email, otp: first.code, password })).json()
  await ask('/forgot-password', { email })
  const second = await p.mailed(email)
  await ask('/email', { password, email: 'new@example.com' }, bearer(accessToken))
  await ask('/email/verify', { otp: (await p.mailed('new@example.com')).code }, bearer(accessToken))
  for (const link of [first.link!, second.link!, (await linkOf(p)).href])
    assert.equal(new URL(link).origin, 'https://ohmnibus.example.com')
})

test('what was set up to sign in with since the change goes when it is taken back, what was there before stays', async t => {
  const p = await startFactors(t)
  const [ada, bea] = [await p.withApp(await p.person('Ada')), await p.person('Bea')]
  await move(p as never, ada, 'new@example.com')
  const first = await linkOf(p as never)
  await move(p as never, bea, 'thief@example.com')
  const second = await linkOf(p as never)
  p.clock.pass(1_000)
  await p.withApp(bea)
  for (const { pathname } of [first, second]) assert.equal((await press(p as never, pathname)).statusCode, 303)
  const has = async (id: string) => (await p.db('identity')`select second_factor from users where id = ${id}`)[0]
  assert.deepEqual([await has(ada.id), await has(bea.id)], [{ second_factor: true }, { second_factor: false }])
})
