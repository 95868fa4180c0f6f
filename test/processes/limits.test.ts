import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { startProcesses } from './processes.ts'

/** What the client at an address of its own is told, by the gateway there. */
async function ask(gateway: string, localAddress: string) {
  const asked = request(`${gateway}/api/auth/profile`, { localAddress, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  const { headers, statusCode: status } = answer
  const of = (name: string): string => String(headers[name])
  return {
    status,
    limit: of('ratelimit-limit'),
    left: of('ratelimit-remaining'),
    reset: Number(of('ratelimit-reset')),
    again: headers['retry-after'],
    policy: of('ratelimit-policy'),
    standing: of('ratelimit'),
  }
}

test('two gateways on one Redis count together: each says what is left after both, and both refuse and say when to come back', async t => {
  const p = await startProcesses(t, 1, {
    parts: ['identity', 'gateway'],
    environment: { GATEWAY_RATE_LIMIT: '6', RATE_LIMIT_FACTOR: '1' },
  })
  const second = await p.startPart('gateway', 1)
  const gateways = [p.address, second.address]
  assert.notEqual(gateways[0], gateways[1])
  const turn = (at: number): string => gateways[at % 2]!

  for (const left of [5, 4, 3, 2, 1, 0]) {
    const told = await ask(turn(left), '127.0.0.1')
    assert.deepEqual([told.status, told.limit, told.left], [401, '6', String(left)], 'it was passed on, and counted')
    assert.equal(told.policy, '"gateway";q=6;w=60')
    assert.equal(told.standing, `"gateway";r=${left};t=${told.reset}`)
    assert.equal(told.again, undefined)
  }
  const refused = await Promise.all(gateways.map(gateway => ask(gateway, '127.0.0.1')))
  for (const told of refused) {
    assert.deepEqual([told.status, told.limit, told.left], [429, '6', '0'])
    assert.equal(told.again, String(told.reset))
    assert.equal(told.standing, `"gateway";r=0;t=${told.reset}`)
  }
  const [first, other] = refused as [(typeof refused)[0], (typeof refused)[0]]
  assert.ok(Math.abs(first.reset - other.reset) <= 1, 'one window, whoever is asked')
  assert.equal(first.policy, other.policy)

  const storm = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(turn(at), '127.0.0.2')))
  assert.equal(storm.filter(({ status }) => status === 401).length, 6, 'of many at once no more get through both')
  assert.equal(storm.filter(({ status }) => status === 429).length, 34)
  assert.equal((await ask(turn(0), '127.0.0.3')).left, '5', 'another address has its own')
})
