import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserDisabled } from '../../contracts/identity.ts'
import { newId } from '../../kernel/ids.ts'
import { defineService } from '../../kernel/service.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { start } from '../../kernel/testing.ts'

test('while no Kafka is there, who has to send to it tells the log once, however often it tries', async t => {
  const lines: { msg: string; operation?: string }[] = []
  const stream = new Writable({
    write(line, _, done) {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  const identity = defineService({ name: 'identity', folder: '/nowhere', publishes: [UserDisabled], start() {} })
  const p = await start(t, [identity], {
    environment: { KAFKA_BROKERS: '127.0.0.1:1' },
    log: openLog({ level: 'info', stream }),
  })
  await p.publish(UserDisabled, { userId: newId(), disabled: true, version: 2 })
  const tries = async (): Promise<number> =>
    Number(/^ohmnibus_relay_failures_total (\d+)/m.exec((await p.http.inject('/metrics')).body)?.[1] ?? 0)
  for (const deadline = Date.now() + 40_000; (await tries()) < 3; await sleep(100))
    assert.ok(Date.now() < deadline, 'it tries no more')
  const about = (pattern: RegExp) => lines.filter(({ msg, operation = '' }) => pattern.test(`${msg} ${operation}`))
  assert.equal(about(/changes hands/).length, 1)
  assert.equal(about(/an engine does not work.* send/).length, 1)
})
