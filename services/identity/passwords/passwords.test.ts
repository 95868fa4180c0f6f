import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { hash } from '@node-rs/argon2'
import { Registry } from 'prom-client'
import { openMetrics } from '../../../kernel/telemetry/metrics.ts'
import { openPasswords } from './passwords.ts'

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

test('who stops hashing ends what is being hashed and sends away who still waits', async () => {
  const passwords = openPasswords(openMetrics(), 1)
  const stored = await passwords.hash('quiet trains')
  const asked = Array.from({ length: 5 }, () => passwords.verify('quiet trains', stored))
  const [outcomes] = await Promise.all([Promise.allSettled(asked), passwords.close()])
  assert.equal(outcomes[0]?.status, 'fulfilled')
  for (const outcome of outcomes)
    assert.ok(outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code === 'sign_in_busy')
  await assert.rejects(passwords.hash('quiet trains'), { code: 'sign_in_busy' })
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
    await once(process, 'worker')
    await once(threads[0]!, 'message')
    await Promise.all([assert.rejects(lost, /exited/), threads[0]!.terminate()])
    const stored = await passwords.hash('quiet trains')
    await threads[1]!.terminate()
    assert.equal(await passwords.verify('quiet trains', stored), true)
    assert.equal(threads.length, 3)
  },
)
