import assert from 'node:assert/strict'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { run } from '../../kernel/run.ts'
import { open } from '../../kernel/testing.ts'
import { notes, readers, seen, until, write } from './toys.ts'
import { add, worker } from './worker.ts'

/** A line to PostgreSQL that can be cut and mended. */
async function lineTo(t: TestContext, { host, port }: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(`${host}/.s.PGSQL.${port}`)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {}).on('close', () => (sockets.delete(from), to.destroy()))
      from.pipe(to)
    }
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port: own } = server.address() as AddressInfo
  const cut = () => {
    if (server.listening) server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.after(cut)
  return { host: '127.0.0.1', port: own, cut, mend: () => listen(own) }
}

test('while PostgreSQL is away requests are told so, and once it is back everything goes on by itself', async t => {
  const done: string[] = []
  const services = [await notes(t), await readers(t), worker(async ({ name }) => void done.push(name))]
  const p = await open(services)
  await p.platform.close()
  const { at, admin } = p.platform.database
  const line = await lineTo(t, at)
  const platform = await run(services, p.platform.config, {
    database: { at: { ...at, host: line.host, port: line.port }, admin },
    log: p.platform.log,
    periodic: false,
  })
  t.after(async () => {
    await platform.close()
    await p.close()
  })
  const post = (text: string) => platform.app.inject({ method: 'POST', url: '/api/notes', payload: { page: 'one', texts: [text] } })
  await write(platform, 'one', ['before'])
  await platform.settle()

  const loop = (async () => {
    // Work that is under way when the line breaks.
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 8 }, (_, n) => post(`during ${i}.${n}`)))
  })()
  await moment(20)
  line.cut()
  await loop
  for (let i = 0; i < 3; i++) {
    const answer = await post('refused')
    assert.deepEqual([answer.statusCode, answer.json().code, answer.headers['retry-after']], [503, 'database_unavailable', '1'])
  }
  assert.equal((await platform.app.inject('/health/live')).statusCode, 200)
  const health = await platform.app.inject('/health')
  assert.equal(health.statusCode, 503)
  assert.notEqual(health.json().engines.database, 'ok')
  await moment(1_000)

  await line.mend()
  await until(async () => (await post('after')).statusCode === 201, 15)
  await add(['a job'])
  await until(() => done.length === 1, 15)
  await until(async () => (await seen(p)).includes('one after'), 15)
  await platform.settle()
  assert.equal((await platform.app.inject('/health')).statusCode, 200)
  assert.equal((await seen(p)).length, Number((await p.db('kernel')`select count(*) from kernel.log`)[0]!.count))
})

test('the platform stops in time although PostgreSQL is away', async t => {
  const services = [await notes(t), await readers(t)]
  const p = await open(services)
  await p.platform.close()
  const { at, admin } = p.platform.database
  const line = await lineTo(t, at)
  const platform = await run(services, p.platform.config, {
    database: { at: { ...at, host: line.host, port: line.port }, admin },
    log: p.platform.log,
    periodic: false,
  })
  t.after(p.close)
  await write(platform, 'one', ['before'])
  line.cut()
  await moment(300)
  const begun = Date.now()
  await platform.close()
  assert.ok(Date.now() - begun < 5_000, `${Date.now() - begun} ms`)
})
