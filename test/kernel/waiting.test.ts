import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTime, wakeable } from '../../kernel/waiting.ts'

test('what ends in time is given as it ends, and what does not fails with what is said of that', async () => {
  assert.equal(await inTime(1_000, () => 1), 1)
  await assert.rejects(
    inTime(1_000, () => Promise.reject(new Error('its own'))),
    /its own/,
  )
  await assert.rejects(
    inTime(1, () => new Promise(() => {})),
    /longer than 1 ms/,
  )
  await assert.rejects(
    inTime(
      1,
      () => new Promise(() => {}),
      () => new Error('nobody is there'),
    ),
    /nobody is there/,
  )
})

test('woken while at work, it is done once more, and never twice at a time', async () => {
  let under = 0
  let times = 0
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const work = wakeable(async () => {
    assert.equal(++under, 1)
    await gates[times++]?.promise
    under--
  })
  const first = work.wake()
  await Promise.resolve()
  void work.wake()
  void work.wake()
  gates.forEach(({ resolve }) => resolve())
  await first
  assert.equal(times, 2)
  await work.wake()
  assert.equal(times, 3, 'also after it had come to rest')
})

test('work that has more to do goes on, and a failure reaches who woke it and ends nothing else', async () => {
  let left = 3
  const work = wakeable(async () => {
    if (left === 0) throw new Error('nothing left')
    return --left > 0
  })
  await work.wake()
  assert.equal(left, 0)
  await assert.rejects(work.wake(), /nothing left/)
  await work.idle()
  left = 1
  await work.wake()
  assert.equal(left, 0)
})
