import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { hash } from '@node-rs/argon2'
import { Registry } from 'prom-client'
import { openMetrics } from '../../../kernel/telemetry/metrics.ts'
import { checkPassword, guesses, openPasswords } from './passwords.ts'

const ada = { email: 'ada.lovelace@example.com', names: ['Ada', 'Lovelace'] }
const check = (password: string) => checkPassword(password, ada, 12)

test('passwords that lists of leaks are full of are refused, however they are spelled', () => {
  for (const password of [
    'password1234',
    'Password123!',
    'P@ssw0rd2024',
    'passwordpassword',
    'qwertyuiop12',
    'qwerty123456',
    '1q2w3e4r5t6y',
    '1qaz2wsx3edc',
    '123456789012',
    '111111111111',
    'abcabcabcabc',
    'abcdefghijkl',
    'iloveyou1234',
    'administrator',
    'Summer2024!!',
    'liverpool2019',
    'admin123admin123',
    'letmeinplease',
    'christopher1',
    'unbelievable',
    'zxcvbnm12345',
    'correcthorsebatterystaple',
    'ohmnibus1234',
    '987654321987654321',
    'dragonmonkey12',
  ])
    assert.throws(() => check(password), { code: 'password_common' }, password)
})

test('a phrase is accepted, and so is what a manager makes, of any characters', () => {
  for (const password of [
    'quiet trains at dawn',
    'x7Kq-93hd-Lm2p-8Zr4',
    '839201746352',
    'дождь стучит по крыше',
    '🦊🌲🚲🎻🧭🫖🪁🌋🐙🥨🪵🧲',
    'a'.repeat(4) + ' vermilion otter sleeps',
  ])
    assert.doesNotThrow(() => check(password), password)
})

test('a password has 12 to 128 characters, counted as people count', () => {
  assert.throws(() => check('x7Kq-93hd-L'), { code: 'password_too_short' })
  assert.throws(() => check('🦊🌲🚲🎻🧭🫖'), { code: 'password_too_short' })
  assert.doesNotThrow(() => check('vermilion otter '.repeat(8)))
  assert.throws(() => check(`${'vermilion otter '.repeat(8)}!`), {
    code: 'password_too_long',
    details: {
      detail: 'The password must have at most 128 characters.',
      errors: [{ pointer: '/password', detail: 'must have at most 128 characters' }],
    },
  })
})

test('a password does not contain the address or the name', () => {
  for (const password of ['my ADA.LOVELACE secret', 'ada.lovelace@example.com', 'she is lovelace 1815'])
    assert.throws(() => check(password), { code: 'password_personal' }, password)
  assert.doesNotThrow(() => check('canada in november rain'), 'three letters of a name are no hint')
})

test('estimating a long password takes no time', () => {
  const before = performance.now()
  for (let i = 0; i < 20; i++) guesses('ab1'.repeat(42))
  assert.ok(performance.now() - before < 1000)
})

test('a wrong password, no account and a hash of less cost are told apart', async t => {
  const passwords = openPasswords(openMetrics())
  t.after(passwords.close)
  const cheap = await hash('quiet trains', { memoryCost: 1024, timeCost: 1, parallelism: 1 })
  assert.equal(await passwords.verify('quiet trains', cheap), true)
  assert.equal(await passwords.verify('loud trains', cheap), false)
  assert.equal(await passwords.verify('quiet trains', undefined), false)
  assert.equal(passwords.outdated(cheap), true)
  assert.equal(passwords.outdated(await passwords.hash('quiet trains')), false)
})

test('a storm of sign-ins waits in a bounded queue and is then told to come back', async t => {
  const metrics = openMetrics()
  const passwords = openPasswords(metrics, 1)
  t.after(passwords.close)
  const cheap = await hash('quiet trains', { memoryCost: 1024, timeCost: 1, parallelism: 1 })
  const storm = Array.from({ length: 60 }, () => passwords.verify('quiet trains', cheap))
  const waiting = /^ohmnibus_password_hashes_waiting (\d+)$/m.exec(await (metrics.registry as Registry).metrics())?.[1]
  const outcomes = await Promise.allSettled(storm)
  assert.equal(waiting, '50')
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 51)
  const refusal = outcomes.find(outcome => outcome.status === 'rejected')!.reason
  assert.equal(refusal.code, 'sign_in_busy')
  assert.ok(refusal.details.retryAfter > 0)
  assert.equal(await passwords.verify('quiet trains', cheap), true, 'after the storm it works as before')
})

test('a hash that cannot be read is a fault of its own and stops nobody after it', async t => {
  const passwords = openPasswords(openMetrics(), 1)
  t.after(passwords.close)
  await assert.rejects(passwords.verify('quiet trains', 'no hash at all'))
  assert.equal(await passwords.verify('quiet trains', await passwords.hash('quiet trains')), true)
})

test(
  'a thread that ends in the middle of a hash, or between two, gives its place back',
  { timeout: 20_000 },
  async t => {
    const passwords = openPasswords(openMetrics(), 1)
    t.after(passwords.close)
    const threads: Worker[] = []
    const keep = (thread: Worker) => threads.push(thread)
    process.on('worker', keep)
    t.after(() => process.off('worker', keep))
    const lost = passwords.hash('quiet trains')
    await setImmediate()
    await Promise.all([assert.rejects(lost, /ended/), threads[0]!.terminate()])
    const stored = await passwords.hash('quiet trains')
    await threads[1]!.terminate()
    assert.equal(await passwords.verify('quiet trains', stored), true)
    assert.equal(threads.length, 3)
  },
)
