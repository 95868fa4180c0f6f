import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { folderFiles, type Files } from '../../kernel/files.ts'
import { newId } from '../../kernel/ids.ts'

const limit = { maxBytes: 1_000_000 }
const newKey = (): string => `documents/${newId()}/${newId()}`

async function openFolder(t: TestContext): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folderFiles({ folder, secret: randomBytes(32), publicUrl: 'http://localhost', now: () => new Date() })
}

for (const [name, open] of Object.entries({ folder: openFolder })) {
  test(`${name}: what was written is read whole and by range, with its size and hash`, async t => {
    const files = await open(t)
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
    const files = await open(t)
    const key = newKey()
    await assert.rejects(files.write(key, Readable.from([randomBytes(101)]), { maxBytes: 100 }), { code: 'file_too_large' })
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
    const files = await open(t)
    const keys = [newKey(), newKey(), newKey()]
    for (const key of keys) await files.write(key, Readable.from(['x']), limit)
    const listed = await Array.fromAsync(files.list('documents/'))
    assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort())
    await files.remove(keys[0]!)
    await files.remove(keys[0]!)
    assert.equal((await Array.fromAsync(files.list('documents/'))).length, 2)
    for (const key of ['../../etc/passwd', 'documents/../x/y', '/etc/passwd', 'documents/a', 'documents//x', 'documents/aa/b/c'])
      await assert.rejects(async () => await files.read(key), key)
  })

  test(`${name}: many writers at once each have their file`, async t => {
    const files = await open(t)
    const written = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => [index, newKey()] as const).map(async pair => {
        const [index, key] = await pair
        await files.write(key, Readable.from([`file ${index}`]), limit)
        return [index, key] as const
      }),
    )
    for (const [index, key] of written) assert.equal((await buffer((await files.read(key))!)).toString(), `file ${index}`)
  })

  test(`${name}: a file is kept while the one that it replaces is removed`, async t => {
    const files = await open(t)
    for (let round = 0; round < 200; round++) {
      const [former, latter] = [newKey(), newKey().split('/').at(-1)!]
      const key = former.replace(/[^/]+$/, latter)
      await files.write(former, Readable.from(['former']), limit)
      const writing = files.write(key, Readable.from(['latter']), limit)
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
  for (const draft of ['2147483646-gone', `${process.pid}-before-us`, `${process.ppid}-running`, `${process.ppid}-another-process-by-now`])
    await writeFile(join(folder, '.incoming', draft), 'half')
  const before = new Date(Date.now() - 25 * 3_600_000)
  await utimes(join(folder, '.incoming', `${process.ppid}-another-process-by-now`), before, before)
  const files = folderFiles({ folder, secret: randomBytes(32), publicUrl: 'http://localhost', now: () => new Date() })
  await files.write(newKey(), Readable.from(['x']), limit)
  assert.deepEqual(await readdir(join(folder, '.incoming')), [`${process.ppid}-running`])
})

test('folder: its check writes, leaves nothing, and fails where nothing can be written', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const at = (path: string) => folderFiles({ folder: path, secret: randomBytes(32), publicUrl: 'http://localhost', now: () => new Date() })
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
    import { folderFiles } from ${JSON.stringify(new URL('../../kernel/files.ts', import.meta.url).href)}
    const folder = ${JSON.stringify(folder)}
    const files = folderFiles({ folder, secret: Buffer.alloc(32), publicUrl: 'http://localhost', now: () => new Date() })
    const source = Readable.from((function* () { for (let count = 0; count < 40; count++) yield Buffer.alloc(100_000) })())
    const refused = await files.write('documents/aa/b', source, { maxBytes: 1e9 }).catch(error => error.code)
    const left = readdirSync(folder + '/.incoming')
    try { writeFileSync(folder + '/ballast', Buffer.alloc(2_000_000)) } catch {}
    const check = await files.check().catch(error => error.code)
    console.log(JSON.stringify([refused, left, check]))`
  // A small disk of its own, seen by this one process alone.
  const small = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
  const node = [process.execPath, '--input-type=module-typescript', '--eval', writer]
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', '--map-root-user', 'sh', '-c', small, folder, ...node], {
    encoding: 'utf8',
  })
  if (status !== 0 && !/Error/.test(stderr ?? '')) return t.skip('no small disk can be mounted here')
  assert.deepEqual([JSON.parse(stdout), status], [['file_storage_full', [], 'ENOSPC'], 0], stderr)
})
