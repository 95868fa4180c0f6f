import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { PassportUpdated } from '#contracts/passports'
import Type from 'typebox'
import { openAccess } from '../../kernel/access/tokens.ts'
import { openHttp } from '../../kernel/http/open.ts'
import { anyone, newId } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { start } from '../../kernel/testing.ts'
import { open as openDocuments } from '../../services/documents/testing.ts'
import { gateway } from '../../services/gateway/service.ts'
import { startIdentity } from '../../services/identity/testing.ts'
import { ada, open as openNotifications, self } from '../../services/notifications/testing.ts'
import { until } from '../fault/product.ts'
import { ask, ca, echo, first, session, settingsOf } from './secured.ts'
import { listening } from './toys.ts'

async function served(t: TestContext, environment: Record<string, string> = settingsOf(first)) {
  const p = await start(t, [await echo(t)], { environment })
  return { p, base: await p.listen() }
}

const post = (client: ClientHttp2Session, body: string | Buffer, more: OutgoingHttpHeaders = {}) =>
  ask(client, { ':method': 'POST', ':path': '/api/echo', 'content-type': 'application/json', ...more }, body)

/** What the server and a client agree on; the code of the refusal where they do not. */
async function greet(base: string, options: ConnectionOptions): Promise<string> {
  const { port } = new URL(base)
  const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca, ...options })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${socket.alpnProtocol}`
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    socket.destroy()
  }
}

test('HTTP/2 and HTTP/1.1 are served on one port, with TLS 1.3 and 1.2 and nothing older or weaker', async t => {
  const { base } = await served(t)
  assert.match(base, /^https:/)
  const both = ['h2', 'http/1.1']
  assert.equal(await greet(base, { ALPNProtocols: both }), 'TLSv1.3 h2')
  assert.equal(await greet(base, { ALPNProtocols: both, maxVersion: 'TLSv1.2' }), 'TLSv1.2 h2')
  assert.equal(await greet(base, { ALPNProtocols: ['http/1.1'] }), 'TLSv1.3 http/1.1')
  assert.equal(await greet(base, {}), 'TLSv1.3 false')
  assert.match(await greet(base, { ALPNProtocols: ['spdy/3'] }), /NO_APPLICATION_PROTOCOL/)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  assert.match(await greet(base, old), /PROTOCOL_VERSION/)
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-CCM'])
    assert.match(
      await greet(base, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` }),
      /HANDSHAKE_FAILURE/,
      ciphers,
    )

  const { port } = new URL(base)
  const client = session(t, base)
  assert.deepEqual((await ask(client, { ':path': '/api/echo' })).json, {
    host: `127.0.0.1:${port}`,
    protocol: 'https',
    version: '2.0',
  })
  const answer = await new Promise<string>((resolve, reject) => {
    httpsRequest(`${base}/api/echo`, { ca }, response => {
      let text = ''
      response.on('data', chunk => (text += chunk)).on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
  assert.deepEqual(JSON.parse(answer), { host: `127.0.0.1:${port}`, protocol: 'https', version: '1.1' })
})

test('curl, as people have it, speaks both', async t => {
  const curl = promisify(execFile)
  if (
    !(await curl('curl', ['--version']).then(
      ({ stdout }) => /HTTP2/.test(stdout),
      () => false,
    ))
  )
    return t.skip('no curl with HTTP/2 here')
  const { base } = await served(t)
  for (const [option, version] of [
    ['--http2', '2.0'],
    ['--http1.1', '1.1'],
  ]) {
    const { stdout } = await curl('curl', [
      '-sS',
      option!,
      '--cacert',
      first.cert,
      '-d',
      '{"text":"x"}',
      '-H',
      'expect: 100-continue',
      '-H',
      'content-type: application/json',
      `${base}/api/echo`,
      '--next',
      '-sS',
      option!,
      '--cacert',
      first.cert,
      `${base}/api/echo`,
    ])
    assert.match(stdout, /^\{"text":"x"\}/)
    assert.ok(stdout.includes(`"version":"${version}"`), stdout)
  }
})

test('over HTTP/2 everything is answered as over HTTP/1.1, and nothing that it forbids is said', async t => {
  const warnings: string[] = []
  const warn = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const { base } = await served(t)
  const client = session(t, base)
  const code = async (headers: OutgoingHttpHeaders, body?: string | Buffer) => {
    const { status, json, headers: head } = await ask(client, headers, body)
    assert.equal(head['connection'], undefined)
    if (status >= 400) assert.match(String(head['content-type']), /^application\/problem\+json/)
    return `${status} ${json?.code ?? ''}`.trim()
  }
  const type = { 'content-type': 'application/json' }
  const toEcho = { ':method': 'POST', ':path': '/api/echo', ...type }
  assert.deepEqual((await post(client, '{"text":"ä"}')).json, { text: 'ä' })
  assert.equal(await code({ ':path': '/nothing' }), '404 route_unknown')
  assert.equal(await code({ ':path': '/%zz' }), '400 request_invalid')
  assert.equal(await code({ ':method': 'DELETE', ':path': '/api/echo' }), '405 method_not_allowed')
  assert.equal(await code({ ':method': 'PROPFIND', ':path': '/api/echo' }), '405 method_not_allowed')
  assert.equal(await code(toEcho, '{"text":'), '400 json_invalid')
  assert.equal(await code(toEcho, Buffer.alloc(3 * 1_048_576, 'x')), '413 body_too_large')
  assert.equal(
    await code({ ...toEcho, 'content-length': 3 * 1_048_576 }, Buffer.alloc(3 * 1_048_576, 'x')),
    '413 body_too_large',
  )
  assert.equal(await code({ ...toEcho, expect: '100-continue' }, '{"text":"x"}'), '200')
  assert.equal(await code({ ...toEcho, expect: 'wonders' }, '{"text":"x"}'), '200')
  assert.equal(await code({ ':method': 'CONNECT', ':authority': 'example.com:443' }), '405 method_not_allowed')
  const head = await ask(client, { ':method': 'HEAD', ':path': '/api/echo' })
  assert.deepEqual([head.status, head.body.length], [200, 0])
  assert.match(String(head.headers['strict-transport-security']), /^max-age=\d+/)
  assert.match(String(head.headers['x-request-id']), /^[0-9a-f]{32}$/)

  for (const headers of [
    { 'x-large': 'x'.repeat(40_000) },
    Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'y'])),
  ]) {
    const flooded = session(t, base)
    await once(flooded, 'remoteSettings')
    const stream = flooded.request({ ':path': '/api/echo', ...headers }).on('error', () => {})
    await new Promise(resolve => stream.resume().once('close', resolve))
    assert.equal(stream.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
  assert.equal(await code({ ':path': '/api/echo' }), '200')
  assert.deepEqual(warnings, [])
})

test('what is no TLS, or an endless greeting, is cut off, and the next is served', async t => {
  const { base } = await served(t)
  const { port } = new URL(base)
  for (const bytes of [
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    'garbage garbage garbage',
    randomBytes(2_000),
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ]) {
    const socket = connectTcp(Number(port), '127.0.0.1').on('error', () => {})
    socket.write(bytes)
    if (typeof bytes === 'string' && bytes.startsWith('\x16')) socket.end()
    socket.resume()
    await once(socket, 'close')
  }
  const garbled = connectTls({ host: '127.0.0.1', port: Number(port), ca, ALPNProtocols: ['h2'] }).on('error', () => {})
  garbled.write('this is not the preface of HTTP/2\r\n\r\n')
  garbled.resume()
  await once(garbled, 'close')
  const old = connectTls({ host: '127.0.0.1', port: Number(port), ca }).on('error', () => {})
  old.write('garbage\r\n\r\n')
  let text = ''
  old.on('data', chunk => (text += chunk))
  await once(old, 'close')
  assert.match(text, /^HTTP\/1.1 400 [^]*request_malformed/)
  assert.equal((await ask(session(t, base), { ':path': '/api/echo' })).status, 200)
})

test('who is too slow to greet, to ask or to send is given up', async t => {
  const access = openAccess({ now: () => new Date() })
  const app = await openHttp({
    access,
    log: openLog({ level: 'silent' }),
    metrics: openMetrics(),
    corsOrigins: [],
    publicUrl: 'https://localhost',
    tls: first,
    headersTimeout: 200,
    requestTimeout: 400,
  })
  app.post('/', { config: { access: anyone }, schema: { body: Type.Object({}) } }, () => ({}))
  t.after(() => app.close())
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = new URL(base)

  const silent = connectTcp(Number(port), '127.0.0.1')
  await once(silent.resume(), 'close')

  const slow = connectTls({ host: '127.0.0.1', port: Number(port), ca })
  slow.write('GET / HTTP/1.1\r\nhost: x\r\nx-slow')
  let text = ''
  slow.on('data', chunk => (text += chunk))
  await once(slow, 'close')
  assert.match(text, /^HTTP\/1.1 408 [^]*request_too_slow/)

  const client = session(t, base)
  const stream = client
    .request({ ':method': 'POST', ':path': '/', 'content-type': 'application/json' })
    .on('error', () => {})
  stream.write('{')
  await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
  assert.equal(
    (await ask(client, { ':method': 'POST', ':path': '/', 'content-type': 'application/json' }, '{}')).status,
    200,
  )
})

test('a flood of requests that are taken back ends its own connection and nobody else', async t => {
  const { base } = await served(t)
  const flood = session(t, base)
  await once(flood, 'remoteSettings')
  assert.equal(flood.remoteSettings.maxConcurrentStreams, 100)
  const ended = new Promise(resolve => flood.once('close', resolve))
  for (let round = 0; round < 100 && !flood.destroyed && !flood.closed; round++) {
    for (let i = 0; i < 50 && !flood.destroyed && !flood.closed; i++)
      flood
        .request({ ':path': '/api/echo/slow' })
        .on('error', () => {})
        .close(constants.NGHTTP2_CANCEL)
    await moment(1)
  }
  await ended
  assert.equal((await ask(session(t, base), { ':path': '/api/echo' })).status, 200)
})

test('while it stops, what is under way over HTTP/2 is answered, and neither idle nor stuck clients hold it up', async t => {
  const { p, base } = await served(t)
  const [idle, busy, stuck] = [session(t, base), session(t, base), session(t, base)]
  assert.equal((await ask(idle, { ':path': '/api/echo' })).status, 200)
  const gone = once(idle, 'close')
  const answer = ask(busy, { ':path': '/api/echo/slow' })
  const half = stuck
    .request({ ':method': 'POST', ':path': '/api/echo', 'content-type': 'application/json' })
    .on('error', () => {})
  half.write('{"te')
  await ask(stuck, { ':path': '/api/echo' })
  const began = performance.now()
  const closed = p.platform.close()
  await gone
  assert.ok(performance.now() - began < 1_000, 'an idle connection ends at once')
  assert.deepEqual((await answer).json, { slow: true })
  await closed
  assert.ok(performance.now() - began < 4_500, `${performance.now() - began} ms`)
})

/** Documents over TLS, in this process or in one behind a gateway. */
const ways = {
  'as it is': async (t: TestContext) => {
    const { p, as } = await openDocuments(t, { environment: settingsOf(first) })
    return { as, address: `https://127.0.0.1:${portOf(p)}` }
  },
  'through a gateway': async (t: TestContext) => {
    const { p, as } = await openDocuments(t)
    const behind = `http://127.0.0.1:${portOf(p)}`
    const front = await start(t, [gateway], { environment: { ...settingsOf(first), DOCUMENTS_SERVICE_URL: behind } })
    return { as, address: await front.listen() }
  },
}
const portOf = ({ http }: Awaited<ReturnType<typeof start>>): number => (http.app.server.address() as AddressInfo).port
for (const [way, opened] of Object.entries(ways))
  test(`a document goes up and down over HTTP/2 ${way}`, async t => {
    const { as, address } = await opened(t)
    const client = session(t, address)
    const owner = as()
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(5 * 1_048_576)])
    const form = Buffer.concat([
      Buffer.from(
        '--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\ncontent-type: application/pdf\r\n\r\n',
      ),
      content,
      Buffer.from('\r\n--x--\r\n'),
    ])
    const upload = {
      ':method': 'POST',
      ':path': '/api/documents/upload',
      'content-type': 'multipart/form-data; boundary=x',
      ...owner.headers,
    }
    const { status, json } = await ask(client, upload, form)
    assert.equal(status, 201)
    const down = await ask(client, { ':path': `/api/documents/${json.docId}?download=1`, ...owner.headers })
    assert.equal(createHash('sha256').update(down.body).digest('hex'), json.sha256)
    assert.ok(down.body.equals(content))
    const part = await ask(client, {
      ':path': `/api/documents/${json.docId}?download=1`,
      range: 'bytes=9-19',
      ...owner.headers,
    })
    assert.deepEqual([part.status, part.body.equals(content.subarray(9, 20))], [206, true])

    const cut = client.request(upload).on('error', () => {})
    cut.write(form.subarray(0, 1_000_000))
    await moment(20)
    cut.close(constants.NGHTTP2_CANCEL)
    assert.equal(
      (await ask(client, { ':path': '/api/documents', ...owner.headers })).json.items.length,
      1,
      'half an upload is none',
    )
  })

test('notifications stream over HTTP/2, beside other requests of the connection, which goes on after it', async t => {
  const p = await openNotifications(t, { environment: settingsOf(first) })
  const base = await p.listen()
  const client = session(t, base)
  const stream = client.request({
    ':path': '/api/notifications/stream',
    ...p.signedIn({ userId: ada.userId, sessionId: newId() }),
  })
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => (text += chunk))
  const [head] = await once(stream, 'response')
  assert.deepEqual([head[':status'], head['content-type'], head['connection']], [200, 'text/event-stream', undefined])
  await until('the first frame', () => text.includes('retry:'), 5_000)
  await p.publish(PassportUpdated, {
    passport: { id: newId(), data: {} },
    identifier: 'BP-2',
    owner: self,
    version: 2,
    updatedFields: ['/a'],
  })
  await until('the notification', () => text.includes('BP-2'), 5_000)
  assert.equal((await ask(client, { ':path': '/health/live' })).status, 200)
  stream.close()
  await once(stream, 'close')
  assert.equal((await ask(client, { ':path': '/health/live' })).status, 200)

  const last = client.request({
    ':path': '/api/notifications/stream',
    ...p.signedIn({ userId: ada.userId, sessionId: newId() }),
  })
  last.resume()
  await once(last, 'response')
  const [ended, began] = [once(last, 'close'), performance.now()]
  await p.platform.close()
  await ended
  assert.ok(performance.now() - began < 1_900, 'a stream says goodbye when the platform stops')
})

test('in TLS the cookies are tied to it, and sign in over HTTP/2', async t => {
  const { listen, person } = await startIdentity(t, { environment: settingsOf(first) })
  const { email, password } = await person('Ada')
  const client = session(t, await listen())
  const signIn = { ':method': 'POST', ':path': '/api/auth/login', 'content-type': 'application/json' }
  const { headers } = await ask(client, signIn, JSON.stringify({ email, password }))
  const cookies = (headers['set-cookie'] as string[]).map(cookie => cookie.split(';', 1)[0]!)
  assert.ok(cookies.some(cookie => cookie.startsWith('__Host-ohmnibus-access=')))
  const profile = await ask(client, { ':path': '/api/auth/profile', cookie: cookies.join('; ') })
  assert.deepEqual([profile.status, profile.json.email], [200, email])
})

test('in production plain HTTP without a proxy is told of at the start, in one line', async t => {
  const production = { DATABASE_URL: 'postgres://somebody@localhost/ohmnibus', PUBLIC_URL: 'https://localhost' }
  for (const [environment, told] of [
    [{}, 0],
    [production, 1],
    [{ ...production, TRUSTED_PROXIES: '10.0.0.0/8' }, 0],
    [{ ...production, ...settingsOf(first) }, 0],
  ] as const) {
    const { lines, log } = listening()
    const p = await start(t, [await echo(t)], { environment, log })
    await p.listen()
    const warnings = lines.filter(({ msg }) => /^plain HTTP: .*TLS_CERT_FILE.*TRUSTED_PROXIES/.test(msg))
    assert.equal(warnings.length, told, JSON.stringify(environment))
  }
})
