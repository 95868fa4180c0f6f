import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { anyone, defineService, signedIn } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { gateway } from '../../services/gateway/service.ts'
import { folderWith } from './toys.ts'
import { answer, dial, problemIn } from './wire.ts'

const boxes = async (t: TestContext) =>
  defineService({
    name: 'boxes',
    folder: await folderWith(t),
    start({ http }) {
      const body = Type.Object({ text: Type.String() })
      http.get('/', { config: { access: anyone }, schema: { summary: 'Look' } }, () => ({ here: true }))
      http.post('/', { config: { access: anyone }, schema: { summary: 'Fill', body } }, () => ({ done: true }))
      http.post('/own', { config: { access: signedIn }, schema: { summary: 'Fill', body } }, () => ({ done: true }))
      http.scope((app, scoped) => {
        app.removeAllContentTypeParsers()
        app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
        scoped.post(
          '/early',
          { config: { access: anyone }, schema: { summary: 'Answer after the first bytes' }, bodyLimit: 1e9 },
          async request => {
            await once(request.raw, 'readable')
            request.raw.read(10)
            return { enough: true }
          },
        )
      })
    },
  })

const head = (path: string, length: number, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`

/** Sends all before it reads anything, as many libraries do; the answer, or what broke. */
async function sendThenRead(base: string, begin: string, body: Buffer): Promise<string> {
  const socket = dial(base)
  const broken = new Promise<string>(resolve =>
    socket.once('error', (error: { code?: string }) => resolve(`${error.code}`)),
  )
  socket.write(begin)
  const sent = new Promise<void>(resolve => socket.write(body, error => error ?? resolve()))
  const first = await Promise.race([sent, broken])
  if (first) return first
  const answered = await Promise.race([answer(socket), broken])
  socket.destroy()
  return problemIn(answered)
}

test('a body above the limit is answered to who sends all of it before reading, whether the connection stays or not', async t => {
  const p = await start(t, [await boxes(t)])
  const base = await p.listen()
  const body = Buffer.alloc(12 * 1_048_576, 'x')
  const chunked = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
  const begin = 'POST /api/boxes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  for (let round = 0; round < 5; round++) {
    for (const more of ['', 'connection: close\r\n'])
      assert.equal(await sendThenRead(base, head('/api/boxes', body.length, more), body), '413 body_too_large', more)
    for (const more of ['', 'connection: close\r\n'])
      assert.equal(
        await sendThenRead(base, `${begin}transfer-encoding: chunked\r\n${more}\r\n`, chunked),
        '413 body_too_large',
        more,
      )
    const old = head('/api/boxes', body.length).replace('HTTP/1.1', 'HTTP/1.0')
    assert.equal(await sendThenRead(base, old, body), '413 body_too_large')
  }
})

test('whatever is answered before the end of a body, the connection serves its next request', async t => {
  const p = await start(t, [await boxes(t)])
  const behind = await p.listen()
  const front = await start(t, [gateway], { environment: { BOXES_SERVICE_URL: behind } })
  const body = Buffer.alloc(3 * 1_048_576, 'x')
  const refused: [path: string, answer: RegExp][] = [
    ['/api/boxes', /^HTTP\/1.1 413 /],
    ['/api/boxes/own', /^HTTP\/1.1 401 /],
    ['/api/boxes/nothing', /^HTTP\/1.1 404 /],
    ['/api/nothing', /^HTTP\/1.1 404 /],
    ['/api/boxes/early', /^HTTP\/1.1 200 /],
  ]
  for (const base of [behind, await front.listen()]) {
    const socket = dial(base)
    for (const [path, expected] of [...refused, ...refused]) {
      socket.write(head(path, body.length))
      socket.write(body)
      assert.match((await answer(socket))!, expected, path)
      socket.write('GET /api/boxes HTTP/1.1\r\nhost: x\r\n\r\n')
      assert.match((await answer(socket)) ?? 'nothing', /\{"here":true\}$/, `behind ${path}`)
    }
    socket.destroy()
  }
})

test('who goes on sending long after the answer is cut off, and nobody else', async t => {
  const app = await openHttp({
    log: openLog({ level: 'silent' }),
    metrics: openMetrics(),
    corsOrigins: [],
    publicUrl: 'http://localhost',
    patience: 300,
    access: openAccess({ now: () => new Date() }),
  })
  t.after(() => app.close())
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const more of ['', 'connection: close\r\n']) {
    const socket = dial(base)
    socket.write(head('/nothing', 1_000_000, more))
    const begun = performance.now()
    const endless = setInterval(() => socket.write('x'), 20)
    assert.equal(problemIn(await answer(socket)), '404 route_unknown')
    await new Promise(resolve => socket.once('close', resolve))
    clearInterval(endless)
    const took = performance.now() - begun
    assert.ok(took > 250 && took < 2_000, `${took} ms`)
  }
  const patient = dial(base)
  patient.write(head('/nothing', 3))
  assert.equal(problemIn(await answer(patient)), '404 route_unknown')
  patient.write('abc')
  await new Promise(resolve => setTimeout(resolve, 600))
  patient.write('GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.equal(problemIn(await answer(patient)), '404 route_unknown', 'the connection of who ended stays')
  patient.destroy()
})
