import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as tcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { ChargerConnected, ChargerDisconnected, ChargerRegistered } from '#contracts/ocpp'
import { newId } from '#kernel'
import { until } from '../../test/kernel/toys.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { boot16, boot2, connect, open } from './testing.ts'

const secret = 'a long and random one'

test('of the versions a charger offers the first that is known is spoken; one who offers none is let in and sent away', async t => {
  const { url, charger } = await open(t)
  const offering = await connect(t, `${url.replace('http', 'ws')}/ocpp/CP-1`, [
    'ocpp9',
    'ocpp2.0.1',
    'ocpp1.6',
  ] as never)
  assert.equal(offering.socket.protocol, 'ocpp2.0.1')
  for (const id of ['CP-2', 'CP-3']) {
    const nothing = await charger(id, '' as never)
    assert.equal(nothing.socket.protocol, '')
    assert.equal(await nothing.closed, 1002)
  }
})

test('a plain request to the address of a charger is told that it speaks WebSocket', async t => {
  const { url } = await open(t)
  const answer = await fetch(`${url}/ocpp/CP-1`)
  assert.equal(answer.status, 426)
  assert.equal(((await answer.json()) as { code: string }).code, 'upgrade_required')
})

test('every character that an identity may have is taken as it is, and one identity is one charger however it is encoded', async t => {
  const { p, url, charger } = await open(t)
  const ids = ['Säule 7', 'a/b%2F', 'EVB-P1234567', 'x'.repeat(48), "!$&'()*+,;=@~"]
  for (const id of ids) assert.equal((await (await charger(id)).call('BootNotification', boot16)).status, 'Accepted')
  assert.deepEqual(
    (await p.published(ChargerRegistered)).map(({ chargerId }) => chargerId),
    ids,
  )
  const again = await connect(t, `${url.replace('http', 'ws')}/ocpp/%45VB-P1234567`, 'ocpp1.6')
  await again.call('BootNotification', boot16)
  assert.equal((await p.published(ChargerRegistered)).length, ids.length)
})

test('what is no identity is 404', async t => {
  const { url } = await open(t)
  for (const path of ['a:b', 'x'.repeat(49), '', 'a/b', 'a%00b'])
    await assert.rejects(connect(t, `${url.replace('http', 'ws')}/ocpp/${path}`, 'ocpp1.6'), /404/, path)
})

test('a charger that has a password comes in with it alone, as text or as the bytes that its hexadecimal stands for', async t => {
  const { charger } = await open(t)
  const key = '0123456789abcdef0123456789ABCDEF01234567'
  await (await charger('CP-1', 'ocpp1.6', { password: secret })).close()
  await (await charger('CP-2', 'ocpp1.6', { password: Buffer.from(key, 'hex') })).close()
  await assert.rejects(charger('CP-1'), /401/)
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: `${secret}!` }), /401/)
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: secret, user: 'CP-2' }), /401/)
  await charger('CP-1', 'ocpp1.6', { password: secret })
  await charger('CP-2', 'ocpp1.6', { password: Buffer.from(key, 'hex') })
})

test('in production a stranger waits with the password it brought, and one without is turned away', async t => {
  const { charger, db } = await open(t, { environment: { OCPP_UNKNOWN_CHARGERS: 'hold' } })
  await assert.rejects(charger('CP-1'), /401/)
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: 'short' }), /401/)
  const it = await charger('CP-1', 'ocpp2.0.1', { password: secret })
  await assert.rejects(it.call('Heartbeat', {}), { code: 'SecurityError' })
  assert.equal((await it.call('BootNotification', boot2)).status, 'Pending')
  assert.equal((await db`select status from chargers`)[0]!.status, 'pending')
  const strict = await open(t, { environment: { OCPP_UNKNOWN_CHARGERS: 'refuse' } })
  await assert.rejects(strict.charger('CP-1', 'ocpp1.6', { password: secret }), /404/)
})

test('who guesses passwords is stopped, and the charger comes in all the same from elsewhere', async t => {
  const { charger } = await open(t, {
    environment: { RATE_LIMIT_FACTOR: '1', TRUSTED_PROXIES: '127.0.0.1' },
  })
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  await (await charger('CP-1', 'ocpp1.6', { password: secret, ...from('10.0.0.1') })).close()
  for (let guess = 0; guess < 10; guess++)
    await assert.rejects(charger('CP-1', 'ocpp1.6', { password: `guess number ${guess}`, ...from('10.0.0.2') }), /401/)
  await assert.rejects(charger('CP-1', 'ocpp1.6', { password: secret, ...from('10.0.0.2') }), /429/)
  await charger('CP-1', 'ocpp1.6', { password: secret, ...from('10.0.0.1') })
})

test('who was not let in is told to who sets up chargers, with the reason and for an hour, and to nobody else', async t => {
  const { charger, as, url, periodically, db } = await open(t, { environment: { OCPP_UNKNOWN_CHARGERS: 'hold' } })
  await assert.rejects(charger('CP-1'), /401/)
  await assert.rejects(charger('CP-1'), /401/)
  await assert.rejects(connect(t, `${url.replace('http', 'ws')}/ocpp/a%3Cb%3E%0A%00`, 'ocpp1.6'), /404/)
  const nothing = await charger('CP-2', '' as never, { password: secret })
  await nothing.closed
  const attempts = async (who = as()) => (await who.get('/attempts')).body.items as any[]
  await until(async () => (await attempts()).length === 3 && (await attempts()).some(({ tries }) => tries === 2))
  const told = Object.fromEntries((await attempts()).map(one => [one.identity, [one.code, one.tries]]))
  assert.deepEqual(told, {
    'CP-1': ['charger_unproven', 2],
    'a<b>': ['charger_unknown', 1],
    'CP-2': ['version_unspoken', 1],
  })
  const owner = newId()
  await db`update chargers set owner_kind = 'person', owner_id = ${owner} where id = 'CP-2'`
  assert.equal((await attempts()).length, 2, "another's charger is nobody else's matter")
  assert.equal((await attempts(as({ userId: owner }))).length, 3)
  assert.equal((await as({ role: 'user' }).get('/attempts')).status, 403)
  await db`update attempts set last_at = last_at - interval '61 minutes', first_at = first_at - interval '61 minutes'`
  assert.deepEqual(await attempts(), [])
  await periodically(/refused an hour ago/)
  assert.equal((await db`select from attempts`).length, 0)
})

test('of two connections of one identity the newer one stays, and nobody is told that the charger was away', async t => {
  const { p, charger, db } = await open(t)
  const old = await charger('CP-1')
  await old.call('BootNotification', boot16)
  const young = await charger('CP-1')
  assert.equal(await old.closed, 1000)
  assert.equal((await young.call('BootNotification', boot16)).status, 'Accepted')
  await p.settle()
  assert.equal((await p.published(ChargerDisconnected)).length, 0)
  const connections = await p.published(ChargerConnected)
  assert.equal((await db`select connection_id from chargers`)[0]!.connection_id, connections.at(-1)!.connectionId)
  await young.close()
  await until(async () => (await p.published(ChargerDisconnected)).length === 1)
})

test('a connection whose other end is gone without a word is found by pings', async t => {
  const { p, url } = await open(t, { environment: { OCPP_PING: '200ms' } })
  const { hostname, port } = new URL(url)
  const dead = tcp({ host: hostname, port: Number(port) })
  t.after(() => dead.destroy())
  dead.write(
    'GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n',
  )
  const [head] = (await once(dead, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1.1 101/)
  await until(async () => (await p.published(ChargerDisconnected)).length === 1, 5)
})

test('when a charger was heard last is noted within seconds, though heartbeats are not kept one by one', async t => {
  const { charger, db } = await open(t)
  const it = await charger('CP-1')
  const { currentTime } = await it.call('BootNotification', boot16)
  await sleep(50)
  const heard = async () => (await db<{ at: Date }[]>`select last_heard_at as at from chargers`)[0]!.at
  await it.call('Heartbeat', {})
  await until(async () => (await heard()) > new Date(currentTime), 15)
})

test('a platform that stops says goodbye and notes who is gone', async t => {
  const { p, charger, db } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  await p.platform.close()
  assert.equal(await it.closed, 1012)
  assert.equal((await db`select connection_id from chargers`)[0]!.connection_id, null)
})

test('ports of their own take chargers, over TLS too, where a certificate proves one and its serial number is held to', async t => {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-ocpp-tls-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const make = (name: string, subject: string, ...more: string[]) => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, '-subj', subject, ...more], {
      stdio: 'ignore',
    })
    return { key, cert }
  }
  const server = make('server', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
  const authority = make('authority', '/CN=Chargers')
  const mine = make('mine', '/CN=VT-0001', '-CA', authority.cert, '-CAkey', authority.key)
  const { db } = await open(t, {
    environment: {
      OCPP_PORT: String(port),
      OCPP_TLS_PORT: String(tlsPort),
      OCPP_TLS_CERT_FILES: server.cert,
      OCPP_TLS_KEY_FILES: server.key,
      OCPP_TLS_CA_FILE: authority.cert,
    },
  })
  const plain = await connect(t, `ws://localhost:${port}/ocpp/CP-1`, 'ocpp1.6')
  assert.equal((await plain.call('BootNotification', boot16)).status, 'Accepted')
  await assert.rejects(connect(t, `ws://localhost:${port}/ocpp/a:b`, 'ocpp1.6'), /404/)

  await db`
    insert into chargers (id, status, certificate_serial, created_at) values ('CP-2', 'accepted', 'VT-0001', now())`
  const ca = readFileSync(server.cert)
  const identity = { cert: readFileSync(mine.cert), key: readFileSync(mine.key) }
  const url = `wss://localhost:${tlsPort}/ocpp/CP-2`
  await assert.rejects(connect(t, url, 'ocpp2.0.1', { tls: { ca } }), /401/)
  await assert.rejects(connect(t, url.replace('wss', 'ws').replace(String(tlsPort), String(port)), 'ocpp2.0.1'), /401/)
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const outdated = connectTls({ host: 'localhost', port: tlsPort, ca, ...identity, ...versions })
  await assert.rejects(once(outdated, 'secureConnect'), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  const secure = await connect(t, url, 'ocpp2.0.1', { tls: { ca, ...identity } })
  const { chargingStation } = boot2
  const stranger = { ...boot2, chargingStation: { ...chargingStation, serialNumber: 'VT-0002' } }
  await assert.rejects(secure.call('BootNotification', stranger), { code: 'SecurityError' })
  const itself = { ...boot2, chargingStation: { ...chargingStation, serialNumber: 'VT-0001' } }
  assert.equal((await secure.call('BootNotification', itself)).status, 'Accepted')
})
