import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { PhotoTaken } from '#contracts/maintenance'
import { newId } from '#kernel'
import { healFiles } from './heal.ts'
import { open, person } from './testing.ts'

test('documents are found by kind, language, owner and date, alone and together, and counted the same', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const { as } = await open(t, { now: () => now })
  const { userId } = person()
  const owner = as({ userId })
  const made: Record<string, string> = {}
  for (const [title, kind, language] of [
    ['a', 'manual', 'de'],
    ['b', 'manual', 'de-AT'],
    ['c', 'test-report', 'DE'],
    ['d', 'test-report', ''],
  ] as const) {
    made[(await owner.upload(title, { fields: { title, kind, language } })).json.docId] = title
    now = new Date(now.getTime() + 600_000)
  }
  await as().upload('of somebody else')

  for (const [query, expected] of [
    ['', 'dcba'],
    ['kind=manual', 'ba'],
    ['language=de', 'ca'],
    ['kind=manual&language=de', 'a'],
    ['language=de-at', 'b'],
    ['createdFrom=2027-02-18T08:10:00Z', 'dcb'],
    ['createdTo=2027-02-18T08:10:00Z', 'a'],
    ['createdFrom=2027-02-18T08:10:00Z&createdTo=2027-02-18T08:30:00Z&language=de', 'c'],
    [`owner=${userId}`, 'dcba'],
    [`owner=${person().userId}`, ''],
  ] as const) {
    const { json } = await owner.get(`?${query}`)
    assert.equal(json.items.map(({ docId }: { docId: string }) => made[docId]).join(''), expected, query)
    assert.deepEqual((await owner.get(`/count?${query}`)).json, { count: expected.length, exact: true }, query)
  }
  for (const path of [
    '?colour=red',
    '/count?colour=red',
    '/count?limit=3',
    '?kind=No%20kind',
    '?createdFrom=yesterday',
  ])
    assert.deepEqual([path, (await owner.get(path)).status], [path, 400])
})

test('a count stops where it no longer matters how many there are', async t => {
  const { p, as } = await open(t)
  const { userId } = person()
  await p.db('documents')`
    insert into documents (id, owner_kind, owner_id, file_name, title, kind, content_type, size_bytes, sha256, file_key,
      version, created_at, updated_at)
    select gen_random_uuid(), 'person', ${userId}, 'a', 'a', 'other', 'text/plain', 1, ${'0'.repeat(64)}, i::text, 1, now(), now()
    from generate_series(1, 10500) i`
  assert.deepEqual((await as({ userId }).get('/count')).json, { count: 10_000, exact: false })
  assert.deepEqual((await as({ userId }).get('/count?kind=manual')).json, { count: 0, exact: true })
})

test('healing lists the storage once, and asks about single files only where that lacks them', async t => {
  const { as, keys, host } = await open(t)
  const owner = as()
  for (let count = 0; count < 20; count++) await owner.upload(`${count}`)
  const [lost] = await keys()
  await host().files.remove(lost!)
  const asked: string[] = []
  const files = Object.assign(Object.create(host().files), {
    size(key: string) {
      asked.push(key)
      return host().files.size(key)
    },
  })
  assert.deepEqual(await healFiles({ ...host(), files }), { removed: 0, missing: 1 })
  assert.deepEqual(asked, [lost])
})

test('a photo that a technician took is a document of who owns the station, once, and nobody else reads it', async t => {
  const { p, as, host } = await open(t)
  const { userId, owner } = person()
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]), Buffer.from('JFIF'), Buffer.alloc(1_000)])
  const fileKey = `maintenance/${newId()}/${newId()}`
  const content = await host().files.write(fileKey, Readable.from([jpeg]), { maxBytes: jpeg.length })
  const photo = { fileId: newId(), ticketId: newId(), owner, place: 'Market square', fileKey, fileName: 'ticket-7.jpg' }
  for (let time = 0; time < 2; time++) {
    await p.publish(PhotoTaken, { ...photo, ...content, at: '2027-02-18T08:00:00.000Z' })
    await p.settle()
  }
  const { json } = await as({ userId }).get('?kind=ticket-photo')
  assert.deepEqual(
    json.items.map(({ docId, title, contentType }: Record<string, string>) => [docId, title, contentType]),
    [[photo.fileId, 'Market square: ticket-7.jpg', 'image/jpeg']],
  )
  assert.equal((await as().get(`/${photo.fileId}`)).status, 404)
})
