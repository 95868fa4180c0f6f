import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { all, choose } from '../../services/all.ts'
import { baseline, client, codeIn, mailsIn, register, stream, type Client } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses } from './processes.ts'

const password = 'quiet trains at dawn'
type Site = Awaited<ReturnType<typeof startProcesses>>

/** Somebody who has come on board through one address. */
async function person(p: Site, name: string, address: string) {
  const email = `${name.toLowerCase()}@example.com`
  const who = client(address)
  const tokens = await register(who, '/api/auth', { email, password, name }, async () => {
    await p.settle()
    return codeIn((await mailsIn(p.mailFolder)).filter(({ to }) => to === email).at(-1)!)
  })
  return { ...who, ...tokens, email, password }
}

/** What people see of a passport and hear of it; twice all services are more than a small machine has room for. */
const groundFloor = ['identity', 'passports', 'documents', 'notifications', 'gateway']

/** The same person at another process. */
const at = (who: Client, address: string): Client => client(address, who.headers)

/** Each migration was applied once, whoever of those that started beside each other did it. */
async function isUpToDate(p: Site): Promise<void> {
  const applied = await p.kernel`select service, name from migrations`
  // Modules have theirs in each service that includes them.
  const folders = (await choose()).flatMap(({ folder, includes = [] }) => [folder, ...includes.map(one => one.folder)])
  const files = [join(import.meta.dirname, '../../kernel/database'), ...folders].flatMap(folder => {
    try {
      return readdirSync(join(folder, 'migrations')).filter(file => file.endsWith('.sql'))
    } catch {
      return []
    }
  })
  assert.equal(applied.length, files.length)
}

test('processes that start at the same moment bring the database up to date once, and the last one takes what is left', async t => {
  await isUpToDate(await startProcesses(t, 2, { parts: [Object.keys(all).join(',')] }))
})

test('a session that ends in one process is refused in all others within a second, and by one that starts later', async t => {
  const p = await startProcesses(t, 2, { parts: ['identity', 'passports', 'notifications'] })
  const ada = await person(p, 'Ada', p.parts('identity')[0]!.address)
  const doors = [...p.parts('passports'), ...p.parts('notifications')].map(
    ({ service, address }) => [`/api/${service}`, address] as const,
  )
  assert.equal(doors.length, 4)
  for (const [path, address] of doors) await at(ada, address).get(200, `GET ${path}`)

  const [first] = p.parts('identity')
  await at(ada, first!.address).get(204, 'POST /api/auth/logout')
  const ended = Date.now()
  await Promise.all(
    [...doors, ...p.parts('identity').map(({ address }) => ['/api/auth/profile', address] as const)].map(
      async ([path, address]) => {
        await until(async () => (await at(ada, address).ask(`GET ${path}`)).status === 401)
        assert.ok(Date.now() - ended < 1_000, `${address} took ${Date.now() - ended} ms`)
      },
    ),
  )
  const late = await p.startPart('documents')
  assert.equal((await at(ada, late.address).get(401, 'GET /api/documents')).code, 'token_invalid')
})

test('a key after revocation is refused within one second in another process, and one that starts later never takes it', async t => {
  const p = await startProcesses(t, 2, { parts: ['identity', 'passports', 'notifications'] })
  const ada = await person(p, 'Ada', p.parts('identity')[0]!.address)
  const scopes = ['passports:read', 'notifications:read', 'documents:read']
  const made = await ada.get(201, 'POST /api/auth/keys', { name: 'Warehouse', scopes })
  const headers = { authorization: `Bearer ${made.key}` }
  const doors = [...p.parts('passports'), ...p.parts('notifications')].map(
    ({ service, address }) => [`/api/${service}`, client(address, headers)] as const,
  )
  assert.equal(doors.length, 4)
  for (const [path, program] of doors) await program.get(200, `GET ${path}`)
  await doors[0]![1].get(403, 'POST /api/passports', { data: baseline('BP-2024-012') })

  await ada.get(204, `DELETE /api/auth/keys/${made.id}`)
  const ended = Date.now()
  await Promise.all(
    doors.map(async ([path, program]) => {
      await until(async () => (await program.ask(`GET ${path}`)).status === 401)
      assert.ok(Date.now() - ended < 1_000, `${path} took ${Date.now() - ended} ms`)
    }),
  )
  const late = await p.startPart('documents')
  assert.equal((await client(late.address, headers).get(401, 'GET /api/documents')).code, 'token_invalid')
})

test('whoever listens at one process hears what happens in another', async t => {
  const p = await startProcesses(t, 2, { parts: groundFloor })
  const ada = await person(p, 'Ada', p.address)
  const ears = await Promise.all(
    [...p.parts('notifications').map(({ address }) => at(ada, address)), ada].map(who => stream(who)),
  )
  await p.settle()
  const { id } = await ada.get(201, 'POST /api/passports', { data: baseline('BP-2024-011') })
  for (const ear of ears) {
    for (;;) {
      const heard = (await ear.next())!
      if (heard.notification.event !== 'passport.created') continue
      assert.equal(heard.notification.link, `${p.publicUrl}/passports/${id}`)
      break
    }
    ear.hangUp()
  }
})

test('while a process is gone the other one of its service answers, and while both are people are told to come back', async t => {
  const p = await startProcesses(t, 2, { parts: groundFloor })
  const ada = await person(p, 'Ada', p.address)
  const list = async () => (await ada.ask('GET /api/passports')).status
  for (let i = 0; i < 10; i++) assert.equal(await list(), 200)
  const [first, second] = p.parts('passports')

  await first!.kill()
  for (let i = 0; i < 30; i++) assert.equal(await list(), 200, 'nobody notices')
  await second!.kill()
  const answer = await ada.ask('GET /api/passports')
  assert.deepEqual(
    [answer.status, answer.body.code, answer.headers.get('retry-after')],
    [503, 'service_unavailable', '1'],
  )
  await ada.get(200, 'GET /api/notifications')

  await p.startPart('passports', 1)
  await until(async () => (await list()) === 200, 10)
})

test('with each service in a process of its own, health and reference at the gateway tell of all that is behind it', async t => {
  const p = await startProcesses(t, 1)
  await isUpToDate(p)
  const who = client(p.address)
  const health = await who.get(200, 'GET /health')
  assert.deepEqual(Object.keys(health.services).sort(), Object.keys(all).sort())
  assert.ok(['database', 'kafka', 'cache', 'files'].every(engine => health.engines[engine] === 'ok'))
  const tagged = [...Object.keys(all).filter(name => name !== 'gateway'), 'operations']
  // Who does not answer in time is left out until it is asked again, some seconds later.
  let reference: { paths: Record<string, object>; tags: { name: string }[] } = { paths: {}, tags: [] }
  await until(async () => {
    reference = await who.get(200, 'GET /docs/openapi.json')
    return reference.tags.length === tagged.length
  })
  const { paths, tags } = reference
  assert.deepEqual(
    tags.map(({ name }) => name),
    tagged,
  )
  assert.equal((await who.get(200, 'GET /problems/battery_identifier_taken')).status, 409, 'a code of another process')
  for (const path of ['/api/auth/login', '/api/passports', '/api/documents/upload', '/api/notifications'])
    assert.ok(paths[path], path)
  await p.parts('documents')[0]!.kill()
  // What strangers are told may be some seconds old.
  await until(async () => (await who.ask('GET /health')).status === 503)
  const failing = await who.get(503, 'GET /health')
  assert.notEqual(failing.services.documents, 'ok')
  assert.equal(failing.services.identity, 'ok')
})
