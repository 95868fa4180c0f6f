import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { clamd, eicar } from '../../test/engines/clamd.ts'
import { openScanner } from './scanner.ts'

const host = '127.0.0.1'
const of =
  (...pieces: (string | Buffer)[]) =>
  async () =>
    Readable.from(pieces.map(piece => Buffer.from(piece)))

async function standIn(t: TestContext, options: Parameters<typeof clamd>[0] = {}, patience?: number) {
  const server = await clamd(options)
  t.after(server.close)
  return { ...server, scanner: openScanner({ host, port: server.port, ...(patience && { patience }) }) }
}

/** Something that listens and is no clamd: what it does with each connection is `behave`. */
async function stranger(t: TestContext, behave: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    behave(socket)
  })
  await new Promise<void>(listening => server.listen(0, host, listening))
  t.after(() => {
    sockets.forEach(socket => socket.destroy())
    server.close()
  })
  return openScanner({ host, port: (server.address() as AddressInfo).port, patience: 300 })
}

const unavailable = (detail: RegExp) => ({ code: 'scanner_unavailable', kind: 'unavailable', message: detail })

test('what is clean is clean, what is not is named, and the scanner says what it is', async t => {
  const { scanner } = await standIn(t)
  assert.equal(await scanner.scan(of('harmless')), undefined)
  assert.equal(await scanner.scan(of(eicar)), 'Win.Test.EICAR_HDB-1')
  assert.match(await scanner.version(), /^ClamAV 1\.4/)
})

test('the content arrives as it is, an empty piece in its middle does not end it', async t => {
  const { scanner, scanned } = await standIn(t)
  const [first, second] = [randomBytes(200_000), randomBytes(70_001)]
  assert.equal(await scanner.scan(of(first, '', second)), undefined)
  assert.deepEqual(
    scanned.map(({ bytes, sha256 }) => [bytes, sha256]),
    [[270_001, createHash('sha256').update(first).update(second).digest('hex')]],
  )
})

test('a large file passes through without being held in memory: no more of it is read than the scanner takes', async t => {
  const { scanner, scanned, received } = await standIn(t)
  const piece = randomBytes(256 * 1024)
  let ahead = 0
  const content = Readable.from(
    (async function* () {
      for (let count = 1; count <= 800; count++) {
        yield piece
        ahead = Math.max(ahead, count * piece.length - received())
      }
    })(),
    { objectMode: false },
  )
  assert.equal(await scanner.scan(async () => content), undefined)
  assert.equal(scanned[0]!.bytes, 800 * piece.length)
  // What the sockets of both ends hold.
  assert.ok(ahead < 20_000_000, `${Math.round(ahead / 1e6)} MB ahead`)
})

test('a file larger than the scanner takes is told as that', async t => {
  const { scanner } = await standIn(t, { limit: 100_000 })
  assert.equal(await scanner.scan(of(randomBytes(99_000))), undefined)
  const beyond = { code: 'scanner_limit', message: /StreamMaxLength.*DOCUMENT_MAX_BYTES/ }
  await assert.rejects(scanner.scan(of(randomBytes(60_000), randomBytes(60_000))), beyond)
  // It hangs up in the midst of what we write, and its answer may be lost with that.
  for (let times = 0; times < 20; times++)
    await assert.rejects(scanner.scan(of(...Array.from({ length: 100 }, () => randomBytes(65_536)))), beyond)
})

test('a scanner that says it has not looked at all of a file has found nothing in it', async t => {
  for (const limit of ['MaxFileSize', 'MaxScanSize', 'MaxFiles', 'MaxRecursion', 'MaxScanTime']) {
    const { scanner } = await standIn(t, { reply: () => `stream: Heuristics.Limits.Exceeded.${limit} FOUND` })
    await assert.rejects(scanner.scan(of('harmless')), { code: 'scanner_limit', message: new RegExp(limit) })
  }
})

test('a scanner that hangs up, answers nonsense, half an answer or one without an end has found nothing out', async t => {
  for (const [reply, detail] of [
    [undefined, /ends the connection without an answer/],
    ['', /answers ""/],
    ['OK', /answers "OK"/],
    ['stream: OK and more', /answers "stream: OK and more"/],
    ['stream: OK\nstream: x FOUND', /answers/],
    ['COMMAND READ TIMED OUT', /answers "COMMAND READ TIMED OUT"/],
    ['stream: Can not allocate memory ERROR', /answers "stream: Can not/],
    ['x'.repeat(1_000_000), /at length|fails with/],
  ] as const) {
    const { scanner } = await standIn(t, { reply: () => reply })
    await assert.rejects(scanner.scan(of('harmless')), unavailable(detail))
  }
  const half = await stranger(t, socket => void socket.on('data', () => socket.end('stream: OK')))
  await assert.rejects(half.scan(of('harmless')), unavailable(/without an answer/))
  const early = await stranger(t, socket => void socket.write('stream: OK\0'))
  await assert.rejects(early.scan(of(randomBytes(5_000_000))), unavailable(/before it has all/))
})

test('a scanner that says nothing, drips, takes nothing or is not there is given up in time', async t => {
  const within = async (work: () => Promise<unknown>, ms: number, detail: RegExp) => {
    const begun = performance.now()
    await assert.rejects(work, unavailable(detail))
    assert.ok(performance.now() - begun < ms, `it took ${performance.now() - begun} ms`)
  }
  const silent = await stranger(t, socket => void socket.resume())
  await within(() => silent.scan(of('harmless')), 2_000, /answer/)
  await within(() => silent.version(), 2_000, /answer/)
  const drips = await stranger(t, socket => {
    const timer = setInterval(() => socket.write('x'), 50)
    socket.resume().on('close', () => clearInterval(timer))
  })
  await within(() => drips.scan(of('harmless')), 2_000, /takes too long/)
  const deaf = await stranger(t, socket => void socket.pause())
  await within(() => deaf.scan(of(...Array.from({ length: 40 }, () => randomBytes(1_000_000)))), 5_000, /answer/)
  const gone = await clamd()
  await gone.close()
  const away = openScanner({ host, port: gone.port })
  await within(() => away.scan(() => assert.fail('the content is read for nobody')), 2_000, /ECONNREFUSED/)
})

test('a content that breaks off is the fault of who reads it, and no verdict', async t => {
  const { scanner, scanned } = await standIn(t)
  const broken = async () =>
    Readable.from(
      (async function* () {
        yield randomBytes(100_000)
        throw new Error('the disk is gone')
      })(),
      { objectMode: false },
    )
  await assert.rejects(scanner.scan(broken), /the disk is gone/)
  await assert.rejects(
    scanner.scan(async () => Promise.reject(new Error('no such file'))),
    /no such file/,
  )
  assert.deepEqual(scanned, [])
})

test('a scan that nobody wants any more ends at once', async t => {
  const { scanner } = await standIn(t, { reply: () => new Promise(() => {}) })
  const stop = new AbortController()
  const scanning = scanner.scan(of('harmless'), stop.signal)
  setTimeout(() => stop.abort(), 50)
  await assert.rejects(scanning, unavailable(/./))
})
