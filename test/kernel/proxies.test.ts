import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyone, defineService } from '../../kernel/index.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

test('what a proxy says of the client is believed of those in TRUSTED_PROXIES, and of nobody else', async t => {
  const seen = defineService({
    name: 'seen',
    folder: await folderWith(t),
    start({ http }) {
      http.get(
        '/',
        { config: { access: anyone }, schema: { summary: 'How it is seen' } },
        ({ ip, protocol, host }) => ({
          ip,
          protocol,
          host,
        }),
      )
    },
  })
  const headers = { host: 'inside:8080', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ohmnibus.example.com' }
  const ask = async (p: TestPlatform, remoteAddress: string, forwarded = '198.51.100.1, 203.0.113.9') =>
    (
      await p.http.inject({ url: '/api/seen', remoteAddress, headers: { ...headers, 'x-forwarded-for': forwarded } })
    ).json()
  const behind = await start(t, [seen], { environment: { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7' } })
  const believed = { ip: '203.0.113.9', protocol: 'https', host: 'ohmnibus.example.com' }
  assert.deepEqual(
    await ask(behind, '10.1.2.3'),
    believed,
    'the address next to the proxy, not what the client made up before it',
  )
  assert.deepEqual(await ask(behind, '192.0.2.7'), believed)
  assert.equal((await ask(behind, '10.1.2.3', '203.0.113.9, 10.9.9.9')).ip, '203.0.113.9', 'through two of them')
  assert.deepEqual(await ask(behind, '192.0.2.8'), { ip: '192.0.2.8', protocol: 'http', host: 'inside:8080' })
  const open = await start(t, [seen])
  assert.deepEqual(await ask(open, '10.1.2.3'), { ip: '10.1.2.3', protocol: 'http', host: 'inside:8080' })
})
