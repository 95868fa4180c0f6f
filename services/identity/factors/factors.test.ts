import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionsRevoked, UserFactorsChanged, UserLoggedIn } from '#contracts/identity'
import { bearer, claimsOf } from '../testing.ts'
import { startFactors } from './testing.ts'

test('with an authenticator app the password alone lets nobody in; its code does', async t => {
  const p = await startFactors(t)
  const ada = await p.person('Ada')
  const elsewhere = (await p.signIn(ada)).json()
  const offered = (await p.post('/mfa/totp', undefined, ada.headers)).json()
  assert.match(offered.uri, /^otpauth:\/\/totp\/Ohmnibus:ada%40example\.com\?/)
  assert.match(offered.qrCode, /^<svg /)
  assert.equal((await p.signIn(ada)).statusCode, 200, 'it counts once a code was given')

  const wrong = await p.post('/mfa/totp/verify', { otp: '000000' }, ada.headers)
  assert.deepEqual([wrong.statusCode, wrong.json().code], [401, 'factor_invalid'])
  const set = (await p.post('/mfa/totp/verify', { otp: p.codeOf(offered.secret) }, ada.headers)).json()
  assert.equal(set.recoveryCodes.length, 10)
  assert.equal((await p.get('/profile', bearer(elsewhere.accessToken))).statusCode, 401, 'other sessions end')
  assert.equal((await p.post('/refresh', { refreshToken: elsewhere.refreshToken })).statusCode, 401)
  assert.equal((await p.get('/profile', ada.headers)).statusCode, 401, 'what the former token says has changed')
  const mine = await p.get('/mfa', bearer(set.accessToken))
  assert.equal(mine.json().recoveryCodesLeft, 10)
  assert.ok(mine.json().totp.createdAt)

  p.clock.pass(30_000)
  const half = await p.signIn(ada)
  assert.equal(half.statusCode, 401)
  assert.deepEqual(half.cookies, [])
  const { code, factors, pendingToken } = half.json()
  assert.deepEqual([code, factors], ['factor_required', ['totp', 'recovery-code']])
  assert.equal((await p.get('/profile', bearer(pendingToken))).statusCode, 401, 'it is no token')
  const whole = await p.post('/factor', { pendingToken, otp: p.codeOf(offered.secret) })
  assert.equal(whole.statusCode, 200)
  const claims = claimsOf(whole.json().accessToken)
  assert.deepEqual([claims.amr, claims.acr, claims.factor], [['pwd', 'otp', 'mfa'], 'aal2', 'set'])
  assert.equal(claims.auth_time, p.clock.at / 1000)
  const renewed = (await p.post('/refresh', { refreshToken: whole.json().refreshToken })).json()
  assert.equal(claimsOf(renewed.accessToken).auth_time, claims.auth_time, 'refreshing proves nothing')
  assert.equal((await p.post('/factor', { pendingToken, otp: p.codeOf(offered.secret, 1) })).statusCode, 401, 'once')
  assert.deepEqual(
    (await p.published(UserFactorsChanged)).map(({ change, factor }) => [change, factor]),
    [['added', 'totp']],
  )
})

test('TOTP replay: a code works once, also for two who send it at once, and none before it works then', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const otp = p.codeOf(ada.secret)
  const [one, two] = [await p.password(ada), await p.password(ada)]
  const answers = await Promise.all([one, two].map(pendingToken => p.post('/factor', { pendingToken, otp })))
  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [200, 401])
  assert.equal((await p.post('/factor', { pendingToken: await p.password(ada), otp })).json().code, 'factor_invalid')
  const before = p.codeOf(ada.secret, -1)
  assert.equal((await p.post('/factor', { pendingToken: await p.password(ada), otp: before })).statusCode, 401)
  const ahead = p.codeOf(ada.secret, 1)
  assert.equal((await p.post('/factor', { pendingToken: await p.password(ada), otp: ahead })).statusCode, 200, 'drift')
  assert.equal((await p.post('/factor', { pendingToken: await p.password(ada), otp: ahead })).statusCode, 401)
  p.clock.pass(5 * 60_000)
  const late = p.codeOf(ada.secret, -2)
  assert.equal((await p.post('/factor', { pendingToken: await p.password(ada), otp: late })).statusCode, 401, 'too old')
})

test('TOTP guessing is limited: by sign-in and by person, however many sign-ins are begun', async t => {
  const p = await startFactors(t, { RATE_LIMIT_FACTOR: '1' })
  const ada = await p.withApp(await p.person('Ada'))
  const guess = async (pendingToken: string, otp: string) => (await p.post('/factor', { pendingToken, otp })).statusCode
  const right = p.codeOf(ada.secret)
  const wrong = right === '123456' ? '654321' : '123456'
  const first = await p.password(ada)
  const codes = await Promise.all(Array.from({ length: 12 }, () => guess(first, wrong)))
  assert.ok(!codes.includes(200))
  assert.ok(codes.filter(code => code === 401).length >= 7, 'five tries a sign-in')
  assert.equal(await guess(first, right), 401, 'then not even the right one')
  const second = await p.password(ada)
  assert.equal(await guess(second, right), 429, 'nor by another sign-in')
  const [recoveryCode] = ada.recoveryCodes
  const recovered = await p.post('/factor', { pendingToken: second, recoveryCode })
  assert.equal(recovered.statusCode, 200, 'the owner is not locked out')
})

test('a recovery code works once, in capitals and without lines too; the owner is told', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const [code] = ada.recoveryCodes as [string]
  const typed = code.toUpperCase().replaceAll('-', ' ')
  const use = async (recoveryCode: string) => p.post('/factor', { pendingToken: await p.password(ada), recoveryCode })
  assert.equal((await use(typed)).statusCode, 200)
  assert.equal((await use(code)).json().code, 'factor_invalid', 'recovery code twice')
  const { change, left } = (await p.published(UserFactorsChanged)).at(-1)!
  assert.deepEqual([change, left], ['used', 9])
  const stored = await p.db('identity')`select hash from recovery_codes`
  assert.ok(stored.every(({ hash }) => hash.length === 32))

  const renewed = (await p.post('/mfa/recovery-codes', undefined, ada.headers)).json().recoveryCodes
  assert.equal((await use(ada.recoveryCodes[1]!)).statusCode, 401, 'the former ones are good no more')
  assert.equal((await use(renewed[0])).statusCode, 200)
})

test('a recovery code used by two at once lets one of them in', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const pending = await Promise.all([p.password(ada), p.password(ada), p.password(ada)])
  const [recoveryCode] = ada.recoveryCodes
  const codes = await Promise.all(
    pending.map(async pendingToken => (await p.post('/factor', { pendingToken, recoveryCode })).statusCode),
  )
  assert.deepEqual(codes.sort(), [200, 401, 401])
})

test('a factor is neither removed nor added without a fresh sign-in, which says how to prove again', async t => {
  const p = await startFactors(t)
  const bea = await p.person('Bea')
  p.clock.pass(9 * 60_000)
  const stale = (await p.post('/refresh', { refreshToken: bea.refreshToken })).json()
  p.clock.pass(2 * 60_000)
  const thief = bearer(stale.accessToken)
  for (const path of ['/mfa/totp', '/passkeys/options'])
    assert.equal((await p.post(path, undefined, thief)).json().code, 'fresh_sign_in_required', path)
  const wrong = await p.post('/step-up', { password: 'not the right one' }, thief)
  assert.equal(wrong.json().code, 'password_wrong')
  const up = await p.post('/step-up', { password: bea.password }, thief)
  assert.equal((await p.post('/mfa/totp', undefined, bearer(up.json().accessToken))).statusCode, 200)

  const ada = await p.withApp(await p.person('Ada'))
  p.clock.pass(9 * 60_000)
  const { accessToken } = (await p.post('/refresh', { refreshToken: ada.refreshToken })).json()
  p.clock.pass(2 * 60_000)
  const headers = bearer(accessToken)
  const remove = (by: Record<string, string>) =>
    p.http.inject({ method: 'DELETE', url: '/api/auth/mfa/totp', headers: by })
  const refused = await remove(headers)
  assert.deepEqual(
    [refused.statusCode, refused.json().code, refused.json().maxAge],
    [401, 'fresh_sign_in_required', 600],
  )
  assert.equal(
    refused.headers['www-authenticate'],
    'Bearer error="insufficient_user_authentication", max_age="600"',
    'RFC 9470',
  )
  const byPassword = await p.post('/step-up', { password: ada.password }, headers)
  assert.equal(byPassword.statusCode, 400, 'where there is a factor the password alone is no fresh sign-in')
  const stepped = await p.post('/step-up', { otp: p.codeOf(ada.secret) }, headers)
  assert.equal(stepped.statusCode, 200)
  const removed = await remove(bearer(stepped.json().accessToken))
  assert.equal(removed.statusCode, 200)
  assert.equal((await p.get('/mfa', bearer(removed.json().accessToken))).json().recoveryCodesLeft, 0)
  assert.equal((await p.signIn(ada)).statusCode, 200)
})

test('session fixation: signing in begins another session, whatever the request brings along', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const mallory = await p.person('Mallory')
  const pendingToken = await p.password(ada)
  const planted = { cookie: `ohmnibus-refresh=${mallory.refreshToken}; ohmnibus-access=${mallory.accessToken}` }
  const answer = await p.post('/factor', { pendingToken, otp: p.codeOf(ada.secret) }, planted)
  const { sid, sub } = claimsOf(answer.json().accessToken)
  assert.equal(sub, ada.id)
  assert.notEqual(sid, claimsOf(mallory.accessToken).sid)
  assert.notEqual(sid, claimsOf(ada.accessToken).sid)
  assert.equal((await p.get('/profile', mallory.headers)).json().id, mallory.id)
})

test('a sign-in that waits for its factor ends with a changed password, a disabled account and its ten minutes', async t => {
  const p = await startFactors(t)
  const [ada, root] = [await p.withApp(await p.person('Ada')), await p.admin()]
  const finish = async (pendingToken: string) =>
    (await p.post('/factor', { pendingToken, otp: p.codeOf(ada.secret) })).json().code
  const [one, two] = [await p.password(ada), await p.password(ada)]
  const newPassword = 'louder trains at noon'
  const changed = await p.post('/password', { newPassword }, ada.headers)
  assert.equal(changed.statusCode, 204, 'by the fresh second factor, without the old password')
  assert.equal(await finish(one), 'pending_sign_in_invalid')
  const disable = (disabled: boolean) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/users/${ada.id}/disabled`,
      payload: { disabled },
      headers: root.headers,
    })
  const fresh = await p.password({ ...ada, password: newPassword })
  await disable(true)
  assert.equal(await finish(fresh), 'pending_sign_in_invalid')
  await disable(false)
  const late = await p.password({ ...ada, password: newPassword })
  p.clock.pass(10 * 60_000 + 1_000)
  assert.equal(await finish(late), 'pending_sign_in_invalid')
  assert.equal(await finish(two), 'pending_sign_in_invalid')
})

test('a new password by mail does not go past the second factor', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  await p.post('/forgot-password', { email: ada.email })
  const password = 'slow rivers in april'
  const token = (await p.mailed(ada.email)).link!.split('/').at(-1)
  assert.equal((await p.post('/reset-password', { token, password })).statusCode, 204)
  assert.equal((await p.post('/login', { email: ada.email, password })).json().code, 'factor_required')
})

test('REQUIRE_MFA: who has the role signs in only to set up a factor, and has all rights then', async t => {
  const p = await startFactors(t, { REQUIRE_MFA: 'admin,operator' })
  const ada = await p.person('Ada')
  const root = await p.admin()
  const users = (headers: Record<string, string>) => p.get('/users', headers)
  const refused = await users(root.headers)
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'second_factor_missing'])
  assert.equal((await p.get('/profile', root.headers)).statusCode, 403)
  assert.equal(claimsOf(root.headers.authorization.slice(7)).role, 'user', 'nor do others who read the token')
  assert.equal((await p.signIn(root)).json().setUpFactor, true)
  assert.equal((await p.get('/mfa', root.headers)).json().required, true)
  const { headers, secret } = await p.withApp(root as never)
  assert.equal((await users(headers)).statusCode, 200)
  const last = await p.http.inject({ method: 'DELETE', url: '/api/auth/mfa/totp', headers })
  assert.deepEqual([last.statusCode, last.json().code], [409, 'factor_needed'])

  // Somebody becomes an operator: from the next refresh on the role needs the factor.
  await p.http.inject({ method: 'PUT', url: `/api/auth/users/${ada.id}/role`, payload: { role: 'operator' }, headers })
  const renewed = (await p.post('/refresh', { refreshToken: ada.refreshToken })).json()
  assert.equal(renewed.setUpFactor, true)
  assert.equal((await p.get('/profile', bearer(renewed.accessToken))).statusCode, 403)
  assert.ok(secret)
})

test('an admin with a factor gives it again before a change to an account, and helps who has lost theirs', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const root = await p.withApp((await p.admin()) as never)
  const remove = (headers: Record<string, string>) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/users/${ada.id}/factors`, headers })
  p.clock.pass(6 * 60_000)
  assert.equal((await remove(root.headers)).json().code, 'fresh_sign_in_required')
  const { accessToken } = (await p.post('/step-up', { otp: p.codeOf(root.secret) }, root.headers)).json()
  assert.equal((await remove(bearer(accessToken))).statusCode, 204)
  assert.equal((await p.get('/profile', ada.headers)).statusCode, 401)
  assert.equal((await p.signIn(ada)).statusCode, 200)
  assert.equal((await p.published(UserFactorsChanged)).at(-1)!.change, 'all-removed')
  assert.ok((await p.published(SessionsRevoked)).length > 0)
  assert.ok((await p.published(UserLoggedIn)).length > 0)
})

test('no secret, code or token of a factor lies in the database as it is', async t => {
  const p = await startFactors(t)
  const ada = await p.withApp(await p.person('Ada'))
  const pendingToken = await p.password(ada)
  const rows = await Promise.all(
    ['totp', 'recovery_codes', 'pending_sign_ins'].map(table =>
      p.db('identity').unsafe(`select t::text as row from ${table} t`),
    ),
  )
  const text = JSON.stringify(rows)
  const hidden = [ada.secret, pendingToken, ...ada.recoveryCodes, ...ada.recoveryCodes.map(c => c.replaceAll('-', ''))]
  for (const each of hidden) {
    assert.ok(!text.includes(each))
    assert.ok(!text.includes(Buffer.from(each).toString('hex')))
  }
})
