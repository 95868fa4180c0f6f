import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash } from '@node-rs/argon2'
import {
  getCode,
  PasswordResetRefused,
  RegistrationRepeated,
  SendOtp,
  SessionsRevoked,
  UserPasswordReset,
} from '#contracts/identity'
import { startIdentity } from '../testing.ts'

const minute = 60_000
const another = 'a vermilion otter sleeps'
const tiedTo = ({ cookies }: { cookies: { name: string; value: string }[] }) => ({
  cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
})
const tokenOf = ({ link }: { link: string | null }) => link!.split('/').at(-1)!

test('a forgotten password is set anew by the link: all sessions end, the owner is told, nobody is signed in by it', async t => {
  const { post, get, mailed, person, published } = await startIdentity(t)
  const { email, password, headers, refreshToken, id } = await person('Ada')

  const asked = await post('/forgot-password', { email: 'ADA@example.com' })
  assert.deepEqual([asked.statusCode, asked.json()], [202, { email }])
  assert.partialDeepStrictEqual((await published(SendOtp)).at(-1), { email, purpose: 'password-reset' })
  const mail = await mailed(email)
  assert.match(mail.link!, /^http:\/\/localhost:0\/api\/auth\/reset-password\/[\w-]{43}$/)
  assert.equal((await get('/profile', headers)).statusCode, 200, 'asking ends nothing')

  const answer = await post('/reset-password', { token: tokenOf(mail), password: another })
  assert.deepEqual([answer.statusCode, answer.cookies.length], [204, 0])
  assert.equal((await get('/profile', headers)).statusCode, 401)
  assert.equal((await post('/refresh', { refreshToken })).statusCode, 401)
  assert.equal((await post('/login', { email, password })).statusCode, 401)
  assert.equal((await post('/login', { email, password: another })).statusCode, 200)
  assert.partialDeepStrictEqual(await published(UserPasswordReset), [{ userId: id, version: 2, actor: { userId: id } }])
  assert.equal((await published(SessionsRevoked)).at(-1)!.userId, id)
  const again = await post('/reset-password', { token: tokenOf(mail), password: 'something else again' })
  assert.deepEqual([again.statusCode, again.json().code], [400, 'reset_invalid'], 'a link works once')
})

test('the code of the mail sets a password too, and spends every other open link', async t => {
  const { post, mailed, person, clock } = await startIdentity(t)
  const { email } = await person('Ada')
  await post('/forgot-password', { email })
  const first = await mailed(email)
  clock.pass(minute)
  await post('/forgot-password', { email })
  const second = await mailed(email)
  assert.notEqual(second.link, first.link)
  assert.equal((await post('/reset-password', { email, code: second.code, password: another })).statusCode, 204)
  for (const mail of [first, second]) {
    assert.equal((await post('/reset-password', { token: tokenOf(mail), password: another })).statusCode, 400)
    assert.equal((await post('/reset-password', { email, code: mail.code, password: another })).statusCode, 400)
  }
})

test('link and code are good for half an hour, and asked again too soon nothing more is mailed', async t => {
  const { post, mailed, person, published, clock, ask } = await startIdentity(t)
  const { email } = await person('Ada')
  const sent = async () => (await published(SendOtp)).filter(({ purpose }) => purpose === 'password-reset').length
  for (let i = 0; i < 3; i++) assert.equal((await post('/forgot-password', { email })).statusCode, 202)
  assert.equal(await sent(), 1)
  const mail = await mailed(email)
  clock.pass(30 * minute)
  assert.equal(
    (await post('/reset-password', { token: tokenOf(mail), password: another })).json().code,
    'reset_invalid',
  )
  assert.equal((await post('/reset-password', { email, code: mail.code, password: another })).statusCode, 400)
  const { codeId } = (await published(SendOtp)).at(-1)!
  await assert.rejects(ask(getCode, { codeId }), { code: 'code_unknown' })
  await post('/forgot-password', { email })
  assert.equal(await sent(), 2)
})

test('the new password is held to the rules of a registration, and a refused one does not spend the link', async t => {
  const { post, mailed, person } = await startIdentity(t)
  const { email } = await person('Lovelace')
  await post('/forgot-password', { email })
  const token = tokenOf(await mailed(email))
  const refused = async (password: string) => (await post('/reset-password', { token, password })).json().code
  assert.deepEqual(
    [
      await refused('short'),
      await refused('password1234'),
      await refused('lovelace sleeps well'),
      await refused('x'.repeat(129)),
    ],
    ['password_too_short', 'password_common', 'password_personal', 'password_too_long'],
  )
  assert.equal((await post('/reset-password', { token, password: another })).statusCode, 204)
})

test('who is disabled, who has no account and who has only registered get the mail that helps them, and all the same answer', async t => {
  const { http, post, mailed, person, admin, published } = await startIdentity(t)
  const [root, ada, grace] = [await admin(), await person('Ada'), await person('Grace')]
  await http.inject({
    method: 'PUT',
    url: `/api/auth/users/${grace.id}/disabled`,
    payload: { disabled: true },
    headers: root.headers,
  })
  await post('/register', { email: 'late@example.com', password: another, name: 'Late' })
  const answers = []
  for (const email of [ada.email, grace.email, 'nobody@example.com', 'late@example.com']) {
    const answer = await post('/forgot-password', { email })
    assert.deepEqual(answer.json(), { email })
    answers.push([answer.statusCode, Object.keys(answer.headers), answer.cookies.map(({ name }) => name)])
  }
  assert.equal(new Set(answers.map(answer => JSON.stringify(answer))).size, 1)
  assert.deepEqual(
    (await published(PasswordResetRefused)).map(({ email, reason }) => [email, reason]),
    [
      [grace.email, 'disabled'],
      ['nobody@example.com', 'no-account'],
    ],
  )
  assert.partialDeepStrictEqual((await published(SendOtp)).at(-1), {
    email: 'late@example.com',
    purpose: 'registration',
  })
  const { code } = await mailed('late@example.com')
  const proof = { email: 'late@example.com', otp: code, password: 'an entirely new phrase' }
  assert.equal((await post('/verify-otp', proof)).statusCode, 201, 'with a password chosen now')
  assert.deepEqual(await published(RegistrationRepeated), [])
})

test('a link that was mailed before the account was disabled, or its address changed, sets nothing', async t => {
  const { http, post, mailed, person, admin, clock } = await startIdentity(t)
  const [root, ada] = [await admin(), await person('Ada')]
  await post('/forgot-password', { email: ada.email })
  const old = tokenOf(await mailed(ada.email))
  const disable = (disabled: boolean) =>
    http.inject({
      method: 'PUT',
      url: `/api/auth/users/${ada.id}/disabled`,
      payload: { disabled },
      headers: root.headers,
    })
  await disable(true)
  assert.equal((await post('/reset-password', { token: old, password: another })).json().code, 'reset_invalid')
  await disable(false)
  clock.pass(minute)
  const { accessToken } = (await post('/login', { email: ada.email, password: ada.password })).json()
  const headers = { authorization: `Bearer ${accessToken}` }
  await post('/email', { password: ada.password, email: 'new@example.com' }, headers)
  await post('/email/verify', { otp: (await mailed('new@example.com')).code }, headers)
  assert.equal((await post('/reset-password', { token: old, password: another })).json().code, 'reset_invalid')
})

test('a change of the password, too, ends the links that wait in the mail', async t => {
  const { post, mailed, person } = await startIdentity(t)
  const { email, password, headers } = await person('Ada')
  await post('/forgot-password', { email })
  const token = tokenOf(await mailed(email))
  await post('/password', { currentPassword: password, newPassword: another }, headers)
  assert.equal((await post('/reset-password', { token, password: 'something else again' })).statusCode, 400)
})

test('wrong guesses of a stranger at the code of a forgotten password neither find it nor spoil it for its owner', async t => {
  const { post, mailed, person } = await startIdentity(t)
  const { email } = await person('Ada')
  const asked = await post('/forgot-password', { email })
  const { code } = await mailed(email)
  const wrong = code === '000000' ? '111111' : '000000'
  for (let i = 0; i < 6; i++)
    assert.equal((await post('/reset-password', { email, code: wrong, password: another })).statusCode, 400)
  assert.equal((await post('/reset-password', { email, code, password: another })).statusCode, 400, 'tried too often')
  assert.equal((await post('/reset-password', { email, code, password: another }, tiedTo(asked))).statusCode, 204)
})

test('two who use one link at the same moment: one password is set', async t => {
  const { post, mailed, person, published } = await startIdentity(t)
  const { email } = await person('Ada')
  await post('/forgot-password', { email })
  const token = tokenOf(await mailed(email))
  const both = await Promise.all(
    ['a vermilion otter sleeps', 'a turquoise heron wakes'].map(password =>
      post('/reset-password', { token, password }),
    ),
  )
  assert.deepEqual(both.map(({ statusCode }) => statusCode).sort(), [204, 400])
  assert.equal((await published(UserPasswordReset)).length, 1)
})

test('asking for a new password takes the same time for known and unknown addresses', async t => {
  const { post, person } = await startIdentity(t)
  const known = await Promise.all(Array.from({ length: 9 }, (_, i) => person(`Ada${i}`)))
  const took = { known: [] as number[], unknown: [] as number[] }
  for (const [i, { email }] of known.entries())
    for (const [kind, address] of [
      ['known', email],
      ['unknown', `nobody${i}@example.com`],
    ] as const) {
      const before = performance.now()
      await post('/forgot-password', { email: address })
      took[kind].push(performance.now() - before)
    }
  const ratio = Math.min(...took.known) / Math.min(...took.unknown)
  assert.ok(ratio > 0.5 && ratio < 2, JSON.stringify(took))
})

test('no link, code or password of a reset lies in the database as it is', async t => {
  const { post, mailed, person, db } = await startIdentity(t)
  const { email } = await person('Ada')
  await post('/forgot-password', { email })
  const mail = await mailed(email)
  const text = JSON.stringify(await db('identity')`select to_jsonb(r) as row from resets r`)
  for (const secret of [mail.code, tokenOf(mail)])
    for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret, 'base64url').toString('hex')])
      assert.ok(form.length < 6 || !text.includes(form), 'found in the database')
})

test('a password is the same however its letters and spaces were composed, and hashes of another form are made anew', async t => {
  const { post, person, db } = await startIdentity(t)
  const [composed, apart] = ['schöne grüße\u00a0am morgen', 'scho\u0308ne gru\u0308\u00dfe am morgen']
  const { email, id } = await person('Ada', { password: composed })
  for (const password of [composed, apart]) assert.equal((await post('/login', { email, password })).statusCode, 200)

  const asTyped = await hash(apart, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  await db('identity')`update users set password_hash = ${asTyped} where id = ${id}`
  assert.equal((await post('/login', { email, password: composed })).statusCode, 401, 'a hash of before')
  assert.equal((await post('/login', { email, password: apart })).statusCode, 200, 'goes on working')
  assert.equal(
    (await post('/login', { email, password: composed })).statusCode,
    200,
    'and is one for both from then on',
  )
})
