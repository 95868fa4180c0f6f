import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ChargerRegistered, ConnectorReported } from '#contracts/ocpp'
import { described, open } from '../testing.ts'

/** What a stream says, as far as it has come. */
async function listen(t: TestContext, url: string, headers: Record<string, string>) {
  const stop = new AbortController()
  t.after(() => stop.abort())
  const answer = await fetch(url, { headers, signal: stop.signal })
  assert.equal(answer.status, 200)
  let text = ''
  const heard = (async () => {
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) text += part
  })().catch(() => {})
  return {
    text: () => text,
    heard,
    stop: () => stop.abort(),
    async until(what: string) {
      for (let tries = 0; !text.includes(what); tries++) {
        assert.ok(tries < 500, `${what} in ${text}`)
        await new Promise(done => setTimeout(done, 10))
      }
    },
  }
}

test('who looks at a station sees what happens there, goes on where they were, and nothing of what is not theirs', async t => {
  const { p, operator } = await open(t)
  const url = await p.listen()
  const mine = operator()
  await p.publish(ChargerRegistered, { chargerId: 'CP-1', owner: null, status: 'accepted', version: 1 })
  await p.settle()
  const shown = await mine.make({ chargerId: 'CP-1' })
  const hidden = await operator().make({ ...described, public: false })
  await p.settle()
  const driver = p.signedIn({})
  assert.equal((await fetch(`${url}/api/stations/${hidden.id}/stream`, { headers: driver })).status, 404)

  const [one, all] = [
    await listen(t, `${url}/api/stations/${shown.id}/stream`, driver),
    await listen(t, `${url}/api/stations/stream`, driver),
  ]
  await one.until('id:')
  await all.until('id:')
  const say = (minute: number, status: 'available' | 'charging') => {
    const at = new Date(Date.UTC(2027, 1, 18, 8, minute)).toISOString()
    const report = { chargerId: 'CP-1', evse: 1, connector: 1, status, errorCode: null, info: null }
    return p.publish(ConnectorReported, { ...report, at, receivedAt: at })
  }
  await say(1, 'available')
  await one.until('event: status-changed')
  await all.until('event: status-changed')
  assert.ok(!all.text().includes(hidden.id))
  const last = /id: (\S+)\nevent: status-changed/.exec(one.text())![1]!
  one.stop()
  await one.heard
  await say(2, 'charging')
  await all.until('"charging"')
  const again = await listen(t, `${url}/api/stations/${shown.id}/stream`, { ...driver, 'last-event-id': last })
  await again.until('"charging"')
  assert.ok(!again.text().includes('event: gap'))
  const lost = await listen(t, `${url}/api/stations/stream`, { ...driver, 'last-event-id': 'elsewhere-1' })
  await lost.until('event: gap')
})
