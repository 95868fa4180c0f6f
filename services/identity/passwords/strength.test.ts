import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Problem } from '#kernel'
import { refuseWeak } from './strength.ts'

const ada = { email: 'ada.lovelace@example.com', names: ['Ada', 'Lovelace'] }
const check = (password: string, minimum = 12) => refuseWeak(password, ada, minimum)

test('passwords that lists of leaks are full of are refused, however they are spelled', async () => {
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
    'international',
    'communication',
    'Gemeinschaft1',
    'Donaudampfschiff',
    'Schatzi123456',
    'spongebob1234',
    'chargingstation',
    'elektroauto123',
    'q1w2e3r4t5y6u7',
    '1234qwer!@#$',
    '31.12.1999abc',
    'passphrase123',
    'Fussball2025!',
    '1'.repeat(128),
    'password'.repeat(16),
  ])
    await assert.rejects(check(password), { code: 'password_common' }, password)
})

test('a phrase is accepted, and so is what a manager makes, of any characters', async () => {
  for (const password of [
    'quiet trains at dawn',
    'x7Kq-93hd-Lm2p-8Zr4',
    '839201746352',
    'mein Hund frisst keine Birnen',
    'plumvelvetbicycle',
    'hgTz4!pQ82mn',
    'kqzvhwpxmrtj',
    'дождь стучит по крыше',
    '🦊🌲🚲🎻🧭🫖🪁🌋🐙🥨🪵🧲',
    'a'.repeat(4) + ' vermilion otter sleeps',
  ])
    await check(password)
})

test('a password has 12 to 128 characters, counted as people count', async () => {
  await assert.rejects(check('x7Kq-93hd-L'), { code: 'password_too_short' })
  await assert.rejects(check('🦊🌲🚲🎻🧭🫖'), { code: 'password_too_short' })
  await check('vermilion otter '.repeat(8))
  await assert.rejects(check(`${'vermilion otter '.repeat(8)}!`), {
    code: 'password_too_long',
    details: {
      detail: 'The password must have at most 128 characters.',
      errors: [{ pointer: '/password', detail: 'must have at most 128 characters' }],
    },
  })
})

test('a password does not contain the address or the name', async () => {
  for (const password of ['my ADA.LOVELACE secret', 'ada.lovelace@example.com', 'she is lovelace 1815'])
    await assert.rejects(check(password), { code: 'password_personal' }, password)
  await check('canada in november rain')
})

test('where eight characters are enough, eight that follow from nothing are', async () => {
  await check('x7Kq93hd', 8)
  await assert.rejects(check('dragon12', 8), { code: 'password_common' })
})

test('a refusal says what makes the password easy to guess', async () => {
  const saying = (password: string) =>
    check(password).then(
      () => '',
      (problem: Problem) => problem.details.detail,
    )
  assert.equal(await saying('Password2026!'), 'The password is easy to guess: it is made of common passwords.')
  assert.equal(
    await saying('01/02/1985pass'),
    'The password is easy to guess: it is made of dates and common passwords.',
  )
  assert.equal(
    await saying('qwertzuiop123'),
    'The password is easy to guess: it is made of rows of keys and rows of letters or digits.',
  )
  assert.equal(await saying('abcabcabcabc'), 'The password is easy to guess: it is made of repetitions.')
  assert.equal(
    await saying('l0v3lac31234'),
    'The password is easy to guess: it is made of your address or name and common passwords.',
  )
})

test('whoever tries passwords that are long to judge waits for that, and nobody else does', async () => {
  await check('quiet trains at dawn')
  const signs = '4@8({[<369!1|0$5+7%2aA'
  const hostile = ['ab1', '1', '01', 'p@ssw0rd', '1.1.2000 ', signs].map(text => text.repeat(128).slice(0, 128))
  const started = performance.now()
  let judged = 0
  const all = hostile.map(password => check(password).finally(() => judged++))
  await setImmediate()
  assert.equal(judged, 0, 'what else there is to do comes between')
  await Promise.allSettled(all)
  assert.ok(performance.now() - started < hostile.length * 1000)
})

test('too many who choose passwords at once are told to come back', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => check('quiet trains at dawn')))
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  assert.ok(refused.length > 0 && refused.length < 40)
  assert.ok(refused.every(({ reason }) => reason.code === 'sign_in_busy'))
})
