import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { UserFactorsChanged } from '#contracts/identity'
import { bearer, claimsOf, type Person } from '../testing.ts'
import { softAuthenticator, startFactors } from './testing.ts'

const site = { PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://app.example.com' }

async function startPasskeys(t: TestContext) {
  const p = await startFactors(t, site)
  const device = () => softAuthenticator({ origin: 'https://app.example.com', rpId: 'example.com' })
  type Device = ReturnType<typeof device>
  /** Somebody who has a passkey on that device. */
  async function withPasskey(who: Person, on: Device, name = 'My telephone') {
    const options = (await p.post('/passkeys/options', undefined, who.headers)).json()
    const answer = await p.post('/passkeys', { name, passkey: on.create(options) }, who.headers)
    const { accessToken, recoveryCodes, passkey } = answer.json()
    return {
      ...who,
      accessToken: accessToken as string,
      headers: bearer(accessToken),
      recoveryCodes: recoveryCodes as string[],
      passkeyId: passkey.id as string,
    }
  }
  const alone = async () => (await p.post('/passkeys/sign-in/options')).json()
  const signInAlone = (passkey: object) => p.post('/passkeys/sign-in', { passkey })
  return { ...p, device, withPasskey, alone, signInAlone }
}

test('a passkey is a second factor behind the password, and the only one where it makes sure who holds it', async t => {
  const p = await startPasskeys(t)
  const phone = p.device()
  const ada = await p.withPasskey(await p.person('Ada'), phone)
  assert.equal(ada.recoveryCodes.length, 10, 'with the first factor')
  const half = (await p.signIn(ada)).json()
  assert.deepEqual([half.code, half.factors], ['factor_required', ['passkey', 'recovery-code']])
  const options = (await p.post('/factor/passkey', { pendingToken: half.pendingToken })).json()
  assert.deepEqual(
    options.allowCredentials.map(({ id }: { id: string }) => id),
    [phone.id],
  )
  assert.equal(options.rpId, 'example.com')
  const whole = await p.post('/factor', { pendingToken: half.pendingToken, passkey: phone.get(options) })
  assert.equal(whole.statusCode, 200)
  assert.deepEqual(claimsOf(whole.json().accessToken).amr, ['pwd', 'hwk', 'user', 'mfa'])

  const asked = await p.alone()
  assert.deepEqual([asked.allowCredentials, asked.userVerification], [[], 'required'])
  const signedIn = await p.signInAlone(phone.get(asked))
  assert.equal(signedIn.statusCode, 200)
  assert.equal(signedIn.json().user.id, ada.id)
  assert.equal(claimsOf(signedIn.json().accessToken).acr, 'aal2')

  phone.state.verified = false
  const unverified = await p.signInAlone(phone.get(await p.alone()))
  assert.equal(unverified.json().code, 'passkey_invalid', 'whoever finds the device is not let in')
})

test('passkeys have names, last use and several a person; the same is not added twice', async t => {
  const p = await startPasskeys(t)
  const [phone, key] = [p.device(), p.device()]
  let ada = await p.withPasskey(await p.person('Ada'), phone)
  const options = (await p.post('/passkeys/options', undefined, ada.headers)).json()
  assert.deepEqual(
    options.excludeCredentials.map(({ id }: { id: string }) => id),
    [phone.id],
  )
  const twice = await p.post('/passkeys', { name: 'Again', passkey: phone.create(options) }, ada.headers)
  assert.deepEqual([twice.statusCode, twice.json().code], [409, 'passkey_exists'])
  const second = await p.withPasskey(ada, key, 'Key in the drawer')
  assert.equal(second.recoveryCodes, undefined)
  ada = { ...second, recoveryCodes: ada.recoveryCodes }
  await p.signInAlone(key.get(await p.alone()))
  const items = (await p.get('/passkeys', ada.headers)).json().items
  assert.deepEqual(
    items.map(({ name, lastUsedAt }: { name: string; lastUsedAt: string | null }) => [name, lastUsedAt !== null]),
    [
      ['My telephone', false],
      ['Key in the drawer', true],
    ],
  )
  const url = `/api/auth/passkeys/${items[0].id}`
  const renamed = await p.http.inject({ method: 'PATCH', url, payload: { name: 'Old one' }, headers: ada.headers })
  assert.equal(renamed.json().name, 'Old one')
  const mallory = await p.person('Mallory')
  assert.equal((await p.http.inject({ method: 'DELETE', url, headers: mallory.headers })).statusCode, 404)
  const removed = await p.http.inject({ method: 'DELETE', url, headers: ada.headers })
  assert.equal(removed.statusCode, 200)
  assert.equal((await p.signInAlone(phone.get(await p.alone()))).json().code, 'passkey_invalid')
  const told = (await p.published(UserFactorsChanged)).map(({ change, name }) => [change, name])
  assert.deepEqual(told.at(-1), ['removed', 'Old one'])
})

test('passkey of another origin, or of another domain, is refused: when it is made and when it signs', async t => {
  const p = await startPasskeys(t)
  const phone = p.device()
  const person = await p.person('Ada')
  const options = (await p.post('/passkeys/options', undefined, person.headers)).json()
  const evil = 'https://app.example.com.evil.example'
  const made = await p.post('/passkeys', { name: 'No', passkey: phone.create(options, evil) }, person.headers)
  assert.deepEqual([made.statusCode, made.json().code], [401, 'passkey_invalid'])
  await p.withPasskey(person, phone)
  for (const from of [evil, 'http://app.example.com', 'https://example.com', 'null'])
    assert.equal((await p.signInAlone(phone.get(await p.alone(), { from }))).json().code, 'passkey_invalid', from)
  const elsewhere = softAuthenticator({ origin: 'https://app.example.com', rpId: 'evil.example' })
  const bea = await p.person('Bea')
  const again = (await p.post('/passkeys/options', undefined, bea.headers)).json()
  const foreign = await p.post('/passkeys', { name: 'No', passkey: elsewhere.create(again) }, bea.headers)
  assert.equal(foreign.json().code, 'passkey_invalid')
})

test('cloned counter: a passkey whose counter did not rise is refused, and of two at once one', async t => {
  const p = await startPasskeys(t)
  const phone = p.device()
  await p.withPasskey(await p.person('Ada'), phone)
  assert.equal((await p.signInAlone(phone.get(await p.alone(), { counter: 5 }))).statusCode, 200)
  for (const counter of [5, 4, 0]) {
    const cloned = await p.signInAlone(phone.get(await p.alone(), { counter }))
    assert.deepEqual([cloned.statusCode, cloned.json().code], [401, 'passkey_cloned'], `counter ${counter}`)
  }
  const asked = await Promise.all([p.alone(), p.alone()])
  const codes = await Promise.all(
    asked.map(async options => (await p.signInAlone(phone.get(options, { counter: 6 }))).statusCode),
  )
  assert.deepEqual(codes.sort(), [200, 401])
  assert.match((await p.http.inject({ url: '/metrics' })).body, /ohmnibus_identity_passkeys_cloned_total 4/)
})

test('one that never counts goes on working', async t => {
  const p = await startPasskeys(t)
  const phone = p.device()
  await p.withPasskey(await p.person('Ada'), phone)
  for (const _ of [1, 2])
    assert.equal((await p.signInAlone(phone.get(await p.alone(), { counter: 0 }))).statusCode, 200)
})

test('what a passkey signed is good once, for what it was asked for, by whom, and for five minutes', async t => {
  const p = await startPasskeys(t)
  const [phone, other] = [p.device(), p.device()]
  const ada = await p.withPasskey(await p.person('Ada'), phone)
  const bea = await p.withPasskey(await p.person('Bea'), other)
  const answer = phone.get(await p.alone())
  assert.equal((await p.signInAlone(answer)).statusCode, 200)
  assert.equal((await p.signInAlone(answer)).json().code, 'passkey_invalid', 'replayed')
  const late = await p.alone()
  p.clock.pass(5 * 60_000 + 1_000)
  assert.equal((await p.signInAlone(phone.get(late))).json().code, 'passkey_invalid', 'late')
  assert.equal((await p.signInAlone(phone.get({ challenge: 'of-mine' }))).json().code, 'passkey_invalid', 'invented')

  const forStepUp = (await p.post('/step-up/passkey', undefined, ada.headers)).json()
  assert.equal((await p.signInAlone(phone.get(forStepUp))).json().code, 'passkey_invalid', 'for something else')
  const ofAda = (await p.post('/step-up/passkey', undefined, ada.headers)).json()
  const byBea = await p.post('/step-up', { passkey: other.get(ofAda) }, bea.headers)
  assert.equal(byBea.json().code, 'passkey_invalid', 'for somebody else')
  const pendingToken = await p.password(ada)
  const options = (await p.post('/factor/passkey', { pendingToken })).json()
  const stolen = await p.post('/factor', { pendingToken, passkey: other.get(options) })
  assert.equal(stolen.json().code, 'passkey_invalid', 'the passkey of somebody else')
  const own = (await p.post('/step-up/passkey', undefined, ada.headers)).json()
  assert.equal((await p.post('/step-up', { passkey: phone.get(own) }, ada.headers)).statusCode, 200)
})
