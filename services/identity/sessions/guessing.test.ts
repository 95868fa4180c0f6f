import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startIdentity } from '../testing.ts'

test('limits slow down those who guess, from one place and at one account, without telling whether it exists', async t => {
  const { post, person } = await startIdentity(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
  const { email } = await person('Ada')
  const wrong = (address: string) => post('/login', { email: address, password: 'not the right password' })
  const statuses = async (address: string) => {
    const all: number[] = []
    for (let i = 0; i < 12; i++) all.push((await wrong(address)).statusCode)
    return all
  }
  const known = await statuses(email)
  assert.deepEqual(known, [...Array(10).fill(401), 429, 429])
  assert.deepEqual(await statuses('nobody@example.com'), known)
  const refused = await wrong(email)
  assert.equal(refused.json().code, 'too_many_requests')
  assert.ok(Number(refused.headers['retry-after']) > 0)
})
