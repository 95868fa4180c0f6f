import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import fastify from 'fastify'
import type { Content } from '../../kernel/files/files.ts'
import { folderFiles } from '../../kernel/files/folder.ts'
import { linkedFiles } from '../../kernel/files/links.ts'
import { limit, newKey, openS3, signing, stream, type Opened } from './files.ts'

const contentOf = (bytes: Buffer): Content => ({
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

async function openFolder(t: TestContext): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const damaged: string[] = []
  const files = folderFiles({ folder, onDamage: key => void damaged.push(key) })
  const pathOf = async (key: string) => {
    const [, id, rest] = key.split('/')
    const paths = await readdir(folder, { recursive: true })
    return join(
      folder,
      paths.find(path => path.endsWith(`${id}/${rest}`))!,
    )
  }
  return { files, damaged: () => damaged, overwrite: async (key, bytes) => writeFile(await pathOf(key), bytes) }
}

for (const [name, open] of Object.entries({ folder: openFolder, s3: openS3 })) {
  test(`${name}: what was written is read whole and by range, with its size and hash`, async t => {
    const { files } = await open(t)
    const key = newKey()
    const content = randomBytes(700_000)
    const written = await files.write(key, Readable.from([content.subarray(0, 10), content.subarray(10)]), limit)
    assert.deepEqual(written, { sizeBytes: 700_000, sha256: createHash('sha256').update(content).digest('hex') })
    assert.equal(await files.size(key), 700_000)
    assert.ok((await buffer((await files.read(key))!)).equals(content))
    assert.ok((await buffer((await files.read(key, { start: 5, end: 300_004 }))!)).equals(content.subarray(5, 300_005)))
    await files.check()
  })

  test(`${name}: too much, or a source that breaks, leaves nothing`, async t => {
    const { files } = await open(t)
    const key = newKey()
    await assert.rejects(files.write(key, Readable.from([randomBytes(101)]), { maxBytes: 100 }), {
      code: 'file_too_large',
    })
    const broken = Readable.from(
      (async function* () {
        yield randomBytes(10)
        throw new Error('gone')
      })(),
    )
    await assert.rejects(files.write(key, broken, limit), /gone/)
    assert.equal(await files.size(key), undefined)
    assert.equal(await files.read(key), undefined)
    assert.deepEqual(await Array.fromAsync(files.list('documents/')), [])
  })

  test(`${name}: files are listed, removed once and again, and never found by a key that climbs`, async t => {
    const { files } = await open(t)
    const keys = [newKey(), newKey(), newKey()]
    for (const key of keys) await files.write(key, Readable.from(['x']), limit)
    const listed = await Array.fromAsync(files.list('documents/'))
    assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort())
    await files.remove(keys[0]!)
    await files.remove(keys[0]!)
    assert.equal((await Array.fromAsync(files.list('documents/'))).length, 2)
    for (const key of [
      '../../etc/passwd',
      'documents/../x/y',
      '/etc/passwd',
      'documents/a',
      'documents//x',
      'documents/aa/b/c',
    ])
      await assert.rejects(async () => await files.read(key), key)
  })

  test(`${name}: many writers at once each have their file`, async t => {
    const { files } = await open(t)
    const written = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => [index, newKey()] as const).map(async pair => {
        const [index, key] = await pair
        await files.write(key, Readable.from([`file ${index}`]), limit)
        return [index, key] as const
      }),
    )
    for (const [index, key] of written)
      assert.equal((await buffer((await files.read(key))!)).toString(), `file ${index}`)
  })

  test(`${name}: a key is written once: of many at once one wins, and nobody changes what it wrote`, async t => {
    const { files } = await open(t)
    const key = newKey()
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        files.write(key, Readable.from([`writer ${i}`]), limit).then(
          () => i,
          error => error.code as string,
        ),
      ),
    )
    const winners = results.filter(result => typeof result === 'number')
    assert.deepEqual(
      [winners.length, new Set(results.filter(result => typeof result === 'string'))],
      [1, new Set(['file_exists'])],
    )
    await assert.rejects(files.write(key, stream(20_000_000), { maxBytes: 1e8 }), { code: 'file_exists', status: 409 })
    assert.equal((await buffer((await files.read(key))!)).toString(), `writer ${winners[0]}`)
  })

  test(`${name}: the end of a file, its first byte and nothing are ranges; an empty file is one`, async t => {
    const { files } = await open(t)
    const [key, empty] = [newKey(), newKey()]
    await files.write(key, Readable.from(['0123456789']), limit)
    await files.write(empty, Readable.from([]), limit)
    const read = async (start: number, end: number) =>
      (await buffer((await files.read(key, { start, end }))!)).toString()
    assert.deepEqual([await read(0, 0), await read(9, 9), await read(8, 20), await read(10, 20)], ['0', '9', '89', ''])
    assert.equal(await files.size(empty), 0)
    assert.equal((await buffer((await files.read(empty, undefined, contentOf(Buffer.alloc(0))))!)).length, 0)
  })

  test(`${name}: a damaged file is noticed by its size before a byte is out, by its hash before the last ones are; operators are told which it is`, async t => {
    const { files, overwrite, damaged } = await open(t)
    const key = newKey()
    const bytes = randomBytes(900_000)
    const content = await files.write(key, Readable.from([bytes]), limit)
    assert.ok((await buffer((await files.read(key, undefined, content))!)).equals(bytes))
    assert.deepEqual(damaged(), [])

    const tampered = Buffer.from(bytes)
    tampered[450_000]! ^= 1
    await overwrite(key, tampered)
    let out = 0
    await assert.rejects(
      async () => {
        for await (const chunk of (await files.read(key, undefined, content))!) out += chunk.length
      },
      { code: 'file_damaged', status: 503 },
    )
    assert.ok(out < bytes.length, 'a client that counts knows that it has not got everything')
    await overwrite(key, bytes.subarray(1))
    await assert.rejects(files.read(key, undefined, content), { code: 'file_damaged' })
    await assert.rejects(files.read(key, { start: 899_999, end: 899_999 }, content), { code: 'file_damaged' })
    assert.equal(
      (await files.read(key, { start: 0, end: 9 }))?.destroy().destroyed,
      true,
      'who does not say what it should be gets what is there',
    )
    assert.equal(damaged().length, 3)
    assert.equal(damaged()[0], key)
  })

  test(`${name}: a link gives the file with its name and type, whole and by range, until it expires; a changed one, a file that is gone and a damaged one are told apart`, async t => {
    const { files: store, overwrite } = await open(t)
    const files = linkedFiles(store, { ...signing, now: () => new Date() })
    const app = fastify()
    files.serve(app, ['documents', 'ledger'])
    app.setErrorHandler((error: { status?: number; code: string }, _, reply) =>
      reply
        .code(error.status ?? 500)
        .type('application/json')
        .send({ code: error.code }),
    )
    t.after(() => app.close())
    const key = newKey()
    const bytes = Buffer.from('a declaration')
    const content = await files.write(key, Readable.from([bytes]), limit)
    const as = { fileName: 'Erklärung.pdf', contentType: 'application/pdf', expiresAt: new Date(Date.now() + 60_000) }
    const get = async (link: string, headers = {}) =>
      await app.inject({ url: link.replace('http://localhost', ''), headers })
    const links = [await files.link(key, as), await files.link(key, { ...as, content })]
    for (const link of links) {
      const whole = await get(link)
      assert.deepEqual(
        [whole.statusCode, whole.body, whole.headers['content-type'], whole.headers['content-length']],
        [200, 'a declaration', 'application/pdf', '13'],
      )
      assert.match(String(whole.headers['content-disposition']), /filename\*=UTF-8''Erkl%C3%A4rung\.pdf/)
      const part = await get(link, { range: 'bytes=2-' })
      assert.deepEqual(
        [part.statusCode, part.body, part.headers['content-range']],
        [206, 'declaration', 'bytes 2-12/13'],
      )
      for (const changed of [
        link.replace('application%2Fpdf', 'text%2Fhtml'),
        `${link}0`,
        link.replace(/documents\/(.)/, (_, first) => `documents/${first === '_' ? 'a' : '_'}`),
        link.replace('files/documents', 'files/ledger'),
      ])
        assert.deepEqual([(await get(changed)).statusCode, (await get(changed)).json().code], [403, 'link_invalid'])
    }
    assert.equal((await get(await files.link(key, { ...as, expiresAt: new Date() }))).json().code, 'link_expired')
    const before = await get(links[0]!.replace('files/documents', 'files'))
    assert.equal(before.body, 'a declaration', 'as links of documents were before they named the service')

    await overwrite(key, Buffer.from('A declaration'))
    const damaged = await get(links[1]!)
    assert.deepEqual([damaged.statusCode, damaged.json().code], [503, 'file_damaged'])
    await files.remove(key)
    for (const link of links)
      assert.deepEqual([(await get(link)).statusCode, (await get(link)).json().code], [404, 'file_missing'])
  })

  test(`${name}: 200 MB stream through with flat memory, and out again`, { timeout: 120_000 }, async t => {
    const { files } = await open(t)
    const key = newKey()
    const sizeBytes = 200 * 1024 * 1024
    let peak = 0
    const before = process.memoryUsage().rss
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 20)
    t.after(() => clearInterval(watch))
    const content = await files.write(key, stream(sizeBytes), { maxBytes: 1e9 })
    assert.deepEqual([content.sizeBytes, await files.size(key)], [sizeBytes, sizeBytes])
    const hash = createHash('sha256')
    for await (const chunk of (await files.read(key, undefined, content))!) hash.update(chunk)
    assert.equal(hash.digest('hex'), content.sha256)
    t.diagnostic(`at most ${Math.round(peak / 1e6)} MB more than before`)
    assert.ok(peak < 130e6, `${Math.round(peak / 1e6)} MB`)
  })

  test(`${name}: a file is kept while the one that it replaces is removed`, async t => {
    const { files } = await open(t)
    for (let round = 0; round < (name === 's3' ? 20 : 200); round++) {
      const [former, latter] = [newKey(), newKey().split('/').at(-1)!]
      const key = former.replace(/[^/]+$/, latter)
      await files.write(former, Readable.from(['former']), limit)
      const write = () => files.write(key, Readable.from(['latter']), limit)
      // versitygw takes a folder away with its last file, and refuses who begins to write there at that moment: asked
      // again, as clients do, it takes it.
      const writing = write().catch(error =>
        name === 's3' && error.code === 'files_unavailable' ? write() : Promise.reject(error),
      )
      // At another moment of the write each time.
      for (let turns = round % 40; turns > 0; turns--) await new Promise(setImmediate)
      await Promise.all([writing, files.remove(former)])
      assert.deepEqual([await files.size(former), await files.size(key)], [undefined, 6])
    }
  })
}

test('folder: drafts of a process that is gone are removed, those of one that runs stay', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, '.incoming'))
  for (const draft of [
    '2147483646-gone',
    `${process.pid}-before-us`,
    `${process.ppid}-running`,
    `${process.ppid}-another-process-by-now`,
  ])
    await writeFile(join(folder, '.incoming', draft), 'half')
  const before = new Date(Date.now() - 25 * 3_600_000)
  await utimes(join(folder, '.incoming', `${process.ppid}-another-process-by-now`), before, before)
  const files = folderFiles({ folder })
  await files.write(newKey(), Readable.from(['x']), limit)
  assert.deepEqual(await readdir(join(folder, '.incoming')), [`${process.ppid}-running`])
})

test('folder: its check writes, leaves nothing, and fails where nothing can be written', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const at = (path: string) => folderFiles({ folder: path })
  await at(folder).check()
  assert.deepEqual(await readdir(folder, { recursive: true }), ['.incoming'])
  await writeFile(join(folder, 'taken'), '')
  await assert.rejects(at(join(folder, 'taken')).check())
})

test('folder: a full disk is told, to the check too, and nothing half written stays', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const writer = `
    import { readdirSync, writeFileSync } from 'node:fs'
    import { Readable } from 'node:stream'
    import { folderFiles } from ${JSON.stringify(new URL('../../kernel/files/folder.ts', import.meta.url).href)}
    const folder = ${JSON.stringify(folder)}
    const files = folderFiles({ folder })
    const source = Readable.from((function* () { for (let count = 0; count < 40; count++) yield Buffer.alloc(100_000) })())
    const refused = await files.write('documents/aa/b', source, { maxBytes: 1e9 }).catch(error => error.code)
    const left = readdirSync(folder + '/.incoming')
    try { writeFileSync(folder + '/ballast', Buffer.alloc(2_000_000)) } catch {}
    const check = await files.check().catch(error => error.code)
    console.log(JSON.stringify([refused, left, check]))`
  // A small disk of its own, seen by this one process alone.
  const small = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
  const node = [process.execPath, '--input-type=module-typescript', '--eval', writer]
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', '--map-root-user', 'sh', '-c', small, folder, ...node],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0 && !/Error/.test(stderr ?? '')) return t.skip('no small disk can be mounted here')
  assert.deepEqual([JSON.parse(stdout), status], [['file_storage_full', [], 'ENOSPC'], 0], stderr)
})
