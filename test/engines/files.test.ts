import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
}

test('folder: drafts of a process that is gone are removed, those of one that runs stay', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, '.incoming'))
  for (const draft of ['2147483646-gone', `${process.ppid}-running`]) await writeFile(join(folder, '.incoming', draft), 'half')
  const files = folderFiles({ folder, secret: randomBytes(32), publicUrl: 'http://localhost', now: () => new Date() })
  await files.write(newKey(), Readable.from(['x']), limit)
  assert.deepEqual(await readdir(join(folder, '.incoming')), [`${process.ppid}-running`])
})
