import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineService, type Host } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'

test('a word reaches the processes of a service that hear its channel, and no others', async t => {
  const heard: string[] = []
  const { promise: last, resolve } = Promise.withResolvers<void>()
  const hosts: Host[] = []
  const service = (name: string) =>
    defineService({
      name,
      folder: import.meta.dirname,
      async start(host) {
        const number = hosts.push(host as never)
        await host.hear('one', word => {
          heard.push(`${number} ${word}`)
          if (word === 'end') resolve()
        })
      },
    })
  const p = await start(t, [service('talkers'), service('others')])
  await p.another([service('talkers')], {})
  await hosts[0]!.say('two', 'nobody hears it')
  await hosts[0]!.say('one', 'hello')
  await hosts[1]!.say('one', 'end')
  await last
  assert.deepEqual(heard.sort(), ['1 hello', '2 end', '3 hello'])
})
