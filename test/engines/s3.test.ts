import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { open as openDocuments } from '../../services/documents/testing.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { until } from '../kernel/toys.ts'
import { engine } from './engine.ts'
import { limit, newKey, openBucket, openS3, stream } from './files.ts'

/** A bucket on an S3 server of this test's own. */
async function ownServer(t: TestContext) {
  await engine(t, 's3') // skips where there is none
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-s3-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const server = await startEngine('s3', { folder })
  t.after(() => server.stop())
  return { server, folder }
}

/** A source that waits in the middle until it is told to go on. */
function inHalves(sizeBytes: number) {
  const half = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const source = Readable.from(
    (async function* () {
      const block = randomBytes(65_536)
      for (let done = 0; done < sizeBytes; done += block.length) {
        if (done === sizeBytes / 2) {
          half.resolve()
          await goOn.promise
        }
        yield block
      }
    })(),
    { objectMode: false },
  )
  return { source, half: half.promise, goOn: goOn.resolve }
}

test('s3: killed in the middle of an upload, and again during recovery, there is no half file; the next try is whole, and what is left goes after a day', async t => {
  const { server } = await ownServer(t)
  const { files, lines, unfinished } = await openBucket(t, server.settings)
  const huge = { maxBytes: 1e9 }
  const size = 512 * 65_536
  for (let round = 0; round < 2; round++) {
    const { source, half, goOn } = inHalves(size)
    const key = newKey()
    const written = files.write(key, source, huge)
    await half
    await until(async () => (await unfinished()) === round + 1)
    server.kill()
    goOn()
    await assert.rejects(written, { code: 'files_unavailable', status: 503 })
    assert.ok(source.destroyed, 'nobody goes on reading what cannot be stored')
    await assert.rejects(files.write(newKey(), Readable.from(['small']), huge), { code: 'files_unavailable' })
    await assert.rejects(files.size(key), { code: 'files_unavailable' })
    await assert.rejects(files.read(key), { code: 'files_unavailable' })
    await assert.rejects(files.remove(key), { code: 'files_unavailable' })
    await assert.rejects(Array.fromAsync(files.list('documents/')), { code: 'files_unavailable' })
    await assert.rejects(files.check())
    await server.restart()
  }
  assert.deepEqual(await Array.fromAsync(files.list('documents/')), [])
  const key = newKey()
  const content = await files.write(key, stream(size), huge)
  assert.equal((await buffer((await files.read(key, undefined, content))!)).length, size)
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'info'],
    'one line while nothing works, one when it does',
  )

  assert.equal(await unfinished(), 2)
  await openBucket(t, server.settings, { now: () => new Date(Date.now() + 23 * 3_600_000) })
  const { unfinished: later } = await openBucket(t, server.settings, {
    now: () => new Date(Date.now() + 25 * 3_600_000),
  })
  await until(async () => (await later()) === 0)
  assert.deepEqual(
    (await Array.fromAsync(files.list('documents/'))).map(({ key }) => key),
    [key],
  )
})

/**
 * Stands before the server and cuts the first connection over which such a request was answered, before the answer is
 * through.
 */
async function losingAnswer(
  t: TestContext,
  endpoint: string,
  request: RegExp,
): Promise<{ endpoint: string; lost(): number }> {
  let lost = 0
  const proxy = createServer(client => {
    const server = connect(Number(new URL(endpoint).port), '127.0.0.1')
    let doomed = false
    client.on('data', data => (doomed ||= lost === 0 && request.test(data.toString('latin1').split('\r\n', 1)[0]!)))
    server.on('data', data => {
      if (!doomed) return client.write(data)
      lost++
      client.destroy()
      server.destroy()
    })
    server.on('end', () => client.end()).on('error', () => client.destroy())
    client.on('error', () => {}).on('close', () => server.destroy())
    client.pipe(server)
  })
  await new Promise<void>(listening => proxy.listen(0, '127.0.0.1', listening))
  t.after(() => proxy.close())
  return { endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, lost: () => lost }
}

for (const [what, sizeBytes, request] of [
  ['a file', 1_000, /^PUT /],
  ['the last word of a large file', 20_000_000, /^POST .*uploadId=/],
] as const)
  test(`s3: where the answer to ${what} is lost, the file is there and is taken for ours`, async t => {
    const settings = await engine(t, 's3')
    const { endpoint, lost } = await losingAnswer(t, settings.S3_ENDPOINT!, request)
    const { files, unfinished } = await openBucket(t, { ...settings, S3_ENDPOINT: endpoint })
    const key = newKey()
    const content = await files.write(key, stream(sizeBytes), { maxBytes: 1e9 })
    assert.equal((await buffer((await files.read(key, undefined, content))!)).length, sizeBytes)
    assert.deepEqual([lost(), await unfinished()], [1, 0])
  })

test('s3: a client that goes away in the middle leaves neither a file nor parts of one', async t => {
  const { files, unfinished } = await openS3(t)
  const { source, half, goOn } = inHalves(512 * 65_536)
  const key = newKey()
  const written = files.write(key, source, { maxBytes: 1e9 })
  await half
  await until(async () => (await unfinished()) === 1)
  source.destroy(new Error('gone'))
  goOn()
  await assert.rejects(written, /gone/)
  assert.deepEqual([await files.size(key), await unfinished()], [undefined, 0])
  await assert.rejects(files.write(newKey(), stream(20_000_000), { maxBytes: 10_000_000 }), { code: 'file_too_large' })
  assert.equal(await unfinished(), 0)
})

test('s3: killed in the middle of a download, the reader gets an error and not an end', async t => {
  const { server } = await ownServer(t)
  const { files } = await openBucket(t, server.settings)
  const key = newKey()
  await files.write(key, stream(60_000_000), { maxBytes: 1e9 })
  const reading = (await files.read(key))!
  let got = 0
  await assert.rejects(
    async () => {
      for await (const chunk of reading) {
        if (got === 0) server.kill()
        got += chunk.length
      }
    },
    { code: 'files_unavailable' },
  )
  assert.ok(got > 0 && got < 60_000_000)
})

test('s3: one that hangs is given up on in time, and works again when it does', async t => {
  const { server } = await ownServer(t)
  const { files, unfinished } = await openBucket(t, server.settings, { patience: 1_000 })
  const key = newKey()
  await files.write(key, Readable.from(['x']), limit)
  const { source, half, goOn } = inHalves(512 * 65_536)
  const written = files.write(newKey(), source, { maxBytes: 1e9 })
  await half
  await until(async () => (await unfinished()) === 1)
  server.kill('SIGSTOP')
  goOn()
  const begun = Date.now()
  await Promise.all([
    assert.rejects(written, { code: 'files_unavailable' }),
    assert.rejects(files.write(newKey(), Readable.from(['x']), limit), { code: 'files_unavailable' }),
    assert.rejects(files.size(key), { code: 'files_unavailable' }),
    assert.rejects(files.read(key), { code: 'files_unavailable' }),
    assert.rejects(files.check()),
  ])
  // Three tries of a second, a quarter for the abort and the last look, and the pauses between.
  assert.ok(Date.now() - begun < 5_000, `${Date.now() - begun} ms`)
  server.kill('SIGCONT')
  await until(async () => (await files.size(key)) === 1)
  assert.equal(
    (await Array.fromAsync(files.list('documents/'))).length <= 2,
    true,
    'the small one may have arrived after all, whole',
  )
})

test('s3: what is wrong for good stops the start and says what to do; a server that is away does not', async t => {
  const { server } = await ownServer(t)
  const refused = (change: Record<string, string>, message: RegExp) =>
    assert.rejects(openBucket(t, { ...server.settings, ...change }), { name: 'StartError', message })
  await refused({ S3_BUCKET_NAME: 'not-there' }, /no bucket not-there at http.*S3_BUCKET_NAME/)
  await refused({ AWS_SECRET_ACCESS_KEY: 'wrong' }, /SignatureDoesNotMatch.*AWS_SECRET_ACCESS_KEY/)
  await refused({ AWS_ACCESS_KEY_ID: 'nobody' }, /not let us into the bucket.*AWS_ACCESS_KEY_ID/)
  await server.stop()
  const { files, lines } = await openBucket(t, server.settings)
  assert.match(lines[0]!.cause!, /ECONNREFUSED/)
  await server.restart()
  await files.write(newKey(), Readable.from(['x']), limit)
})

test('a platform on S3 and Redis says what is away, refuses only what cannot be, and loses nothing', async t => {
  const { server } = await ownServer(t)
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-redis-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const redis = await startEngine('redis', { folder })
  t.after(() => redis.stop())
  const { p, url, as, keys } = await openDocuments(t, { environment: { ...server.settings, ...redis.settings } })
  const { overwrite } = await openBucket(t, server.settings)
  const ada = as()
  const health = async () => {
    const answer = await fetch(`${url}/health`)
    return `${answer.status} ${Object.entries(((await answer.json()) as { engines: object }).engines)
      .filter(([, state]) => state !== 'ok')
      .map(([name]) => name)
      .join()}`
  }
  const kept = await ada.upload('before')
  assert.equal(kept.status, 201)
  assert.equal(await health(), '200 ')

  redis.kill()
  assert.equal(await health(), '503 cache')
  assert.equal((await fetch(`${url}/health/ready`)).status, 200, 'it goes on taking work')
  assert.equal((await ada.upload('without limits')).status, 201)

  server.kill()
  assert.equal(await health(), '503 cache,files')
  const refused = await ada.upload('in vain')
  assert.deepEqual(
    [refused.status, refused.json.code, refused.headers.get('retry-after')],
    [503, 'files_unavailable', '5'],
  )
  assert.equal((await ada.get(`/${kept.json.docId}?download=1`)).json.code, 'files_unavailable')
  assert.equal((await ada.get(`/${kept.json.docId}`)).status, 200, 'what is known about it lies elsewhere')
  assert.equal((await ada.get('')).json.items.length, 2)

  await Promise.all([redis.restart(), server.restart()])
  await until(async () => (await health()) === '200 ')
  assert.equal((await ada.get(`/${kept.json.docId}?download=1`)).bytes.toString(), 'before')
  const [fileKey] = (await p.db('documents')`select file_key from documents where id = ${kept.json.docId}`).map(
    row => row.file_key as string,
  )
  await overwrite(fileKey!, Buffer.from('BEFORE'))
  const damaged = await ada.get(`/${kept.json.docId}?download=1`)
  assert.deepEqual([damaged.status, damaged.json.code], [503, 'file_damaged'])
  const { json: linked } = await ada.get(`/${kept.json.docId}`)
  assert.equal((await fetch(linked.url.replace(/^http:..[^/]+/, url))).status, 503)
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^ohmnibus_files_damaged_total 2$/m)
  assert.equal((await keys()).length, 2)
})
