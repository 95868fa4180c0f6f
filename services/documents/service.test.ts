import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { DocumentDeleted, DocumentUploaded } from '#contracts/documents'
import { PassportDeleted } from '#contracts/passports'
import { newId } from '#kernel'
import { healFiles } from './heal.ts'
import { open, person } from './testing.ts'

test('a document is answered whole, with a type from its content, and published', async t => {
  const { p, as, keys } = await open(t)
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  )
  const owner = as()
  const { status, json, headers } = await owner.upload(png, {
    name: 'picture',
    fields: { title: 'A picture', kind: 'manual', language: 'de' },
    first: false,
  })
  assert.equal(status, 201)
  assert.equal(headers.get('location'), `/api/documents/${json.docId}`)
  assert.deepEqual(
    { ...json, docId: '', createdAt: '' },
    {
      docId: '',
      createdAt: '',
      fileName: 'picture',
      title: 'A picture',
      kind: 'manual',
      language: 'de',
      contentType: 'image/png',
      sizeBytes: png.length,
      sha256: createHash('sha256').update(png).digest('hex'),
      scan: 'off',
      passportId: null,
    },
  )
  const [event] = await p.published(DocumentUploaded)
  assert.equal(event!.docId, json.docId)
  assert.equal((await keys()).length, 1)
  assert.equal((await owner.get(`/${json.docId}`)).headers.get('etag'), '"1"')
})

test('the type is that of the content, and what a browser could run never leaves as a page', async t => {
  const { as } = await open(t)
  const owner = as()
  for (const [content, type] of [
    ['<!doctype html><script>alert(1)</script>', 'text/html; charset=utf-8'],
    ['<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'image/svg+xml'],
    ['{"a":1}', 'application/json'],
    ['[draft] notes', 'text/plain; charset=utf-8'],
    ['%PDF-1.7\n%âãÏÓ\n', 'application/pdf'],
    [Buffer.from([0, 1, 2, 3]), 'application/octet-stream'],
  ] as const) {
    const { json } = await owner.upload(content, { name: 'x.txt' })
    assert.equal(json.contentType, type)
    const { headers } = await owner.get(`/${json.docId}?download=1`)
    assert.equal(headers.get('content-type'), /html|svg/.test(type) ? 'application/octet-stream' : type)
    assert.match(headers.get('content-disposition')!, /^attachment;/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-security-policy')!, /sandbox/)
  }
})

test('downloads honour ranges', async t => {
  const { as } = await open(t, { now: () => new Date('2027-02-18T08:00:00Z') })
  const owner = as()
  const { json } = await owner.upload('0123456789')
  const path = `/${json.docId}?download=1`
  assert.equal((await owner.get(path)).bytes.toString(), '0123456789')
  for (const [range, status, bytes] of [
    ['bytes=2-4', 206, '234'],
    ['bytes=7-', 206, '789'],
    ['bytes=-3', 206, '789'],
    ['Bytes=0-0', 206, '0'],
    ['bytes=5-99', 206, '56789'],
    ['bytes=0-1,3-4', 200, '0123456789'],
    ['lines=1-2', 200, '0123456789'],
    ['bytes=9-3', 200, '0123456789'],
  ] as const) {
    const answer = await owner.get(path, { range })
    assert.deepEqual([answer.status, answer.bytes.toString()], [status, bytes], range)
  }
  const beyond = await owner.get(path, { range: 'bytes=10-' })
  assert.deepEqual(
    [beyond.status, beyond.headers.get('content-range'), beyond.json.code],
    [416, 'bytes */10', 'range_unsatisfiable'],
  )
  assert.equal((await owner.get(path, { range: 'bytes=2-4', 'if-range': '"another"' })).status, 200)
  assert.equal((await owner.get(path, { range: 'bytes=2-4', 'if-range': `"${json.sha256}"` })).status, 206)
  const head = await owner.head(path)
  assert.deepEqual([head.status, head.headers.get('content-length'), head.bytes.length], [200, '10', 0])
  assert.equal((await owner.head(path, { range: 'bytes=99-' })).status, 200, 'ranges are for GET alone')

  assert.equal((await owner.get(`/${json.docId}`)).json.urlExpiresAt, '2027-02-18T08:05:00.000Z')
})

test('a file that is known by any of the tags that are named is not sent again, by its document or by its link', async t => {
  const { as, url: base } = await open(t)
  const owner = as()
  const { docId } = (await owner.upload('hello')).json
  const { url } = (await owner.get(`/${docId}`)).json
  const link = new URL(url).pathname + new URL(url).search
  const tag = (await owner.get(`/${docId}?download=1`)).headers.get('etag')!
  for (const path of [`${base}/api/documents/${docId}?download=1`, base + link]) {
    for (const known of [tag, `"other", ${tag}`, `"a,b",W/${tag}`, '*']) {
      const { status, bytes } = await owner.get(path, { 'if-none-match': known })
      assert.deepEqual([status, bytes.length], [304, 0], `${path} ${known}`)
    }
    for (const known of ['"other"', '"other", "another"', tag.slice(1, -1)])
      assert.equal((await owner.get(path, { 'if-none-match': known })).status, 200, `${path} ${known}`)
  }
})

test('a link is refused when anything of it was changed, and after five minutes', async t => {
  let now = new Date('2027-02-18T08:00:00Z')
  const { as, url: base } = await open(t, { now: () => now })
  const owner = as()
  const { json } = await owner.upload('0123456789', { name: 'ä "quoted"\n.txt' })
  const { url } = (await owner.get(`/${json.docId}`)).json
  const link = new URL(new URL(url).pathname + new URL(url).search, base)
  const plain = await fetch(link, { headers: { range: 'bytes=1-2' } })
  assert.deepEqual([plain.status, await plain.text()], [206, '12'])
  for (const name of ['key', 'name', 'type', 'expires']) {
    const changed = new URL(link)
    changed.searchParams.set(name, `${changed.searchParams.get(name)}1`)
    assert.equal((await fetch(changed)).status, 403, name)
  }
  now = new Date('2027-02-18T08:05:00Z')
  const again = await owner.get(`/${json.docId}`, { 'if-none-match': '"1"' })
  assert.deepEqual(
    [again.status, again.json.urlExpiresAt],
    [200, '2027-02-18T08:10:00.000Z'],
    'a client that had it before gets a link that works',
  )
  assert.equal(((await (await fetch(link)).json()) as { code: string }).code, 'link_expired')
})

test('file names keep what they say and lose what harms', async t => {
  const { as } = await open(t)
  const owner = as()
  const { json } = await owner.upload('x', { name: '../../etc/Erklärung 🔋 "1".txt' })
  assert.equal(json.fileName, 'Erklärung 🔋 "1".txt')
  const disposition = (await owner.get(`/${json.docId}?download=1`)).headers.get('content-disposition')!
  assert.equal(
    disposition,
    `attachment; filename="Erklarung  _1_.txt"; filename*=UTF-8''Erkl%C3%A4rung%20%F0%9F%94%8B%20%221%22.txt`,
  )
})

test('a form without a file, with two, with an empty or foreign one, or with wrong fields is refused and leaves nothing', async t => {
  const { p, as, keys, url } = await open(t, { environment: { DOCUMENT_MAX_BYTES: '1 KB' } })
  const owner = as()
  const form = async (fill: (body: FormData) => void) => {
    const body = new FormData()
    fill(body)
    const answer = await fetch(`${url}/api/documents/upload`, { method: 'POST', headers: owner.headers, body })
    return [answer.status, ((await answer.json()) as { errors?: { pointer: string }[] }).errors?.[0]?.pointer]
  }
  const file = new Blob(['content'])
  assert.deepEqual(await form(body => body.append('title', 'x')), [400, '/file'])
  assert.deepEqual(await form(body => (body.append('file', file), body.append('file', file))), [400, '/file'])
  assert.deepEqual(await form(body => body.append('file', new Blob([]))), [400, '/file'])
  assert.deepEqual(await form(body => body.append('other', file)), [400, '/other'])
  assert.deepEqual(await form(body => (body.append('file', file), body.append('colour', 'red'))), [400, '/colour'])
  assert.deepEqual(await form(body => (body.append('file', file), body.append('passportId', 'x'))), [
    400,
    '/passportId',
  ])
  assert.deepEqual(await form(body => (body.append('file', file), body.append('kind', 'A B'))), [400, '/kind'])
  assert.deepEqual(
    await form(body => (body.append('title', 'a'), body.append('title', 'b'), body.append('file', file))),
    [400, '/title'],
  )
  assert.equal((await owner.upload(randomBytes(1_001))).json.code, 'document_too_large')
  assert.equal((await owner.upload(randomBytes(300_000))).status, 413)
  assert.equal(
    (
      await fetch(`${url}/api/documents/upload`, {
        method: 'POST',
        headers: { ...owner.headers, 'content-type': 'application/json' },
        body: '{}',
      })
    ).status,
    415,
  )
  const broken = await fetch(`${url}/api/documents/upload`, {
    method: 'POST',
    headers: { ...owner.headers, 'content-type': 'multipart/form-data; boundary=x' },
    body: '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
  })
  assert.equal(broken.status, 400)
  await p.settle()
  assert.deepEqual(await keys(), [])
  assert.equal((await p.db('documents')`select from documents`).length, 0)
})

test('a client that goes away half way leaves no row and no file', async t => {
  const { p, as, keys, url } = await open(t)
  const { headers } = as()
  const gone = new Promise<void>(resolve => {
    const sending = httpRequest(`${url}/api/documents/upload`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x', 'content-length': '5000000' },
    })
    sending.on('error', () => resolve())
    sending.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n')
    sending.write(randomBytes(500_000), () => sending.destroy())
    sending.on('close', () => resolve())
  })
  await gone
  const { readdir } = await import('node:fs/promises')
  const drafts = () => readdir(`${p.dataFolder}/files/.incoming`).catch(() => [])
  for (let tries = 0; (await drafts()).length > 0 && tries < 200; tries++)
    await new Promise(resolve => setTimeout(resolve, 10))
  assert.deepEqual([await drafts(), await keys()], [[], []])
  assert.equal((await p.db('documents')`select from documents`).length, 0)
})

test('a large file passes through without being held in memory', async t => {
  const { as, url } = await open(t, { environment: { DOCUMENT_MAX_BYTES: '300 MB' } })
  const { headers } = as()
  const chunk = randomBytes(1_000_000)
  const before = process.memoryUsage().rss
  let most = 0
  async function* body() {
    yield Buffer.from('--x\r\ncontent-disposition: form-data; name="file"; filename="big.bin"\r\n\r\n')
    for (let count = 0; count < 250; count++) {
      yield chunk
      most = Math.max(most, process.memoryUsage().rss)
    }
    yield Buffer.from('\r\n--x--\r\n')
  }
  const answer = await fetch(`${url}/api/documents/upload`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
    body: body() as never,
    duplex: 'half',
  } as RequestInit)
  const json = (await answer.json()) as { sizeBytes: number }
  assert.deepEqual([answer.status, json.sizeBytes], [201, 250_000_000])
  assert.ok(most - before < 120_000_000, `grew by ${Math.round((most - before) / 1e6)} MB`)
})

test('who may read a passport reads its documents; only editors of its owner attach and change', async t => {
  const { owner, userId } = person()
  const reader = person()
  const passportId = newId()
  const { as, passports } = await open(t, { passports: new Map([[passportId, { owner, readers: [reader.owner] }]]) })
  const { json, status } = await as({ userId }).upload('x', { fields: { passportId } })
  assert.equal(status, 201)
  const path = `/${json.docId}`
  assert.equal((await as({ userId: reader.userId }).get(path)).status, 200)
  assert.equal((await as({ userId: reader.userId }).get(`?passportId=${passportId}`)).json.items.length, 1)
  assert.equal((await as({ role: 'admin' }).get(path)).status, 200)
  for (const act of [
    (who: ReturnType<typeof as>) => who.get(path),
    (who: ReturnType<typeof as>) => who.get(`${path}?download=1`),
    (who: ReturnType<typeof as>) => who.change(path, { title: 'mine' }),
    (who: ReturnType<typeof as>) => who.delete(path),
    (who: ReturnType<typeof as>) => who.upload('y', { to: `${path}/file`, method: 'PUT' }),
  ]) {
    const stranger = await act(as())
    assert.deepEqual([stranger.status, stranger.json.code], [404, 'document_unknown'])
  }
  const forbidden = as({ userId: reader.userId })
  assert.equal((await forbidden.change(path, { title: 'mine' })).status, 403)
  assert.equal((await forbidden.delete(path)).status, 403)
  assert.equal((await forbidden.upload('y', { fields: { passportId } })).status, 403)
  assert.deepEqual(
    [
      (await as().upload('y', { fields: { passportId } })).status,
      (await as().upload('y', { fields: { passportId: newId() } })).status,
    ],
    [404, 404],
  )
  passports.get(passportId)!.readers = []
  assert.equal((await forbidden.get(path)).status, 404)
})

test('a viewer of an organisation reads and cannot add', async t => {
  const { as } = await open(t)
  const organisation = { id: newId() }
  const editor = as({ organisation: { ...organisation, role: 'editor' } })
  const viewer = as({ organisation: { ...organisation, role: 'viewer' } })
  const { json } = await editor.upload('x')
  assert.equal((await viewer.get(`/${json.docId}`)).status, 200)
  assert.equal((await viewer.get('')).json.items.length, 1)
  assert.equal((await viewer.upload('x')).status, 403)
  assert.equal((await viewer.delete(`/${json.docId}`)).status, 403)
})

test('metadata changes with If-Match; of two at once one is stale', async t => {
  const { as } = await open(t)
  const owner = as()
  const { docId } = (await owner.upload('x')).json
  const both = await Promise.all(['a', 'b'].map(title => owner.change(`/${docId}`, { title }, { 'if-match': '"1"' })))
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412])
  assert.equal((await owner.change(`/${docId}`, { colour: 'red' })).json.errors[0].pointer, '/colour')
  assert.equal((await owner.change(`/${docId}`, { fileName: '../x\r\ny.txt' })).json.fileName, 'xy.txt')
})

test('another file takes the place of the first, which is removed', async t => {
  const { p, as, keys } = await open(t)
  const owner = as()
  const { docId } = (await owner.upload('first')).json
  const { json, status } = await owner.upload('second', { to: `/${docId}/file`, method: 'PUT', name: 'b.txt' })
  assert.deepEqual([status, json.fileName, json.sizeBytes], [200, 'b.txt', 6])
  const titled = await owner.upload('third', { to: `/${docId}/file`, method: 'PUT', fields: { title: 'x' } })
  const stale = await owner.upload('third', { to: `/${docId}/file`, method: 'PUT', headers: { 'if-match': '"1"' } })
  assert.deepEqual([titled.status, titled.json.errors[0].pointer, stale.status], [400, '/title', 412])
  await p.settle()
  assert.equal((await keys()).length, 1)
  assert.equal((await owner.get(`/${docId}?download=1`)).bytes.toString(), 'second')
  assert.equal((await p.published(DocumentUploaded)).at(-1)!.version, 2)
})

test('a deleted document is gone with its file, once', async t => {
  const { p, as, keys } = await open(t)
  const owner = as()
  const { docId } = (await owner.upload('x')).json
  const both = await Promise.all([owner.delete(`/${docId}`), owner.delete(`/${docId}`)])
  assert.deepEqual(both.map(({ status }) => status).sort(), [204, 404])
  await p.settle()
  assert.deepEqual([await keys(), (await p.published(DocumentDeleted)).length], [[], 1])
})

test('the same Idempotency-Key and file is one document; with another file it is refused', async t => {
  const { as, keys } = await open(t)
  const owner = as()
  const headers = { 'idempotency-key': 'once' }
  const first = await owner.upload('x', { headers })
  assert.equal((await owner.upload('x', { headers })).json.docId, first.json.docId)
  assert.equal((await owner.upload('y', { headers })).json.code, 'idempotency_key_reused')
  assert.equal((await owner.upload('x', { headers, name: 'another.txt' })).json.code, 'idempotency_key_reused')
  assert.equal((await keys()).length, 1)
})

test('the documents of a passport go with it, and none is attached after', async t => {
  const { owner, userId } = person()
  const passportId = newId()
  const { p, as, keys } = await open(t, { passports: new Map([[passportId, { owner }]]) })
  const client = as({ userId })
  const { docId } = (await client.upload('x', { fields: { passportId } })).json
  await p.publish(PassportDeleted, { passport: { id: passportId }, identifier: null, owner, version: 2 })
  await p.settle()
  assert.equal((await client.get(`/${docId}`)).status, 404)
  assert.equal((await client.upload('late', { fields: { passportId } })).json.code, 'passport_unknown')
  await p.settle()
  assert.deepEqual([await keys(), (await p.published(DocumentDeleted)).map(event => event.docId)], [[], [docId]])
})

test('files without a document are removed once they are old, documents without a file are found and found again', async t => {
  const { Readable } = await import('node:stream')
  let now = new Date()
  const { as, keys, host } = await open(t, { now: () => now })
  const { userId } = person()
  const { docId, sha256 } = (await as({ userId }).upload('x')).json
  await host().files.write(`documents/${newId()}/${newId()}`, Readable.from(['nobody knows me']), { maxBytes: 100 })
  assert.deepEqual(await healFiles(host()), { removed: 0, missing: 0 })
  now = new Date(now.getTime() + 2 * 3_600_000)
  assert.deepEqual(await healFiles(host()), { removed: 1, missing: 0 })
  const owner = as({ userId })
  const [key] = await keys()
  await host().files.remove(key!)
  assert.deepEqual(await healFiles(host()), { removed: 0, missing: 1 })
  for (const path of [`/${docId}`, `/${docId}?download=1`])
    assert.equal((await owner.get(path)).json.code, 'document_file_missing')
  assert.equal((await owner.change(`/${docId}`, { title: 'x' })).status, 200)
  assert.equal((await owner.get(`/${docId}`)).status, 404, 'another title brings no file back')
  await host().files.write(key!, Readable.from(['x']), { maxBytes: 100 })
  assert.equal((await owner.get(`/${docId}`)).status, 200, 'it is back at once')
  assert.deepEqual(await healFiles(host()), { removed: 0, missing: 0 })
  assert.equal(
    createHash('sha256')
      .update((await owner.get(`/${docId}?download=1`)).bytes)
      .digest('hex'),
    sha256,
  )
})

test('pages hold every document once', async t => {
  const { as } = await open(t)
  const owner = as()
  const made: string[] = []
  for (let count = 0; count < 5; count++) made.unshift((await owner.upload(`${count}`)).json.docId)
  const seen: string[] = []
  for (let path = '?limit=2'; ;) {
    const { json } = await owner.get(path)
    seen.push(...json.items.map((item: { docId: string }) => item.docId))
    if (!json.nextCursor) break
    path = `?limit=2&after=${json.nextCursor}`
  }
  assert.deepEqual(seen, made)
  for (const after of ['x', Buffer.from('["a","b"]').toString('base64url'), Buffer.from('[1,2]').toString('base64url')])
    assert.equal((await owner.get(`?after=${after}`)).status, 400)
})

test('a document of somebody else is looked for as long as one that is not there', async t => {
  const { as, asked } = await open(t)
  const { docId } = (await as().upload('x')).json
  const stranger = as()
  for (const id of [docId, newId()])
    for (const act of [
      () => stranger.get(`/${id}`),
      () => stranger.change(`/${id}`, { title: 'mine' }),
      () => stranger.delete(`/${id}`),
      () => stranger.upload('y', { to: `/${id}/file`, method: 'PUT' }),
    ]) {
      asked.length = 0
      assert.deepEqual([(await act()).json.code, asked], ['document_unknown', [id]])
    }
})

test('a document deleted while its file is replaced leaves neither row nor file, whoever was first', async t => {
  const { p, as, keys } = await open(t)
  const owner = as()
  for (let round = 0; round < 10; round++) {
    const { docId } = (await owner.upload('first')).json
    const [replaced, deleted] = await Promise.all([
      owner.upload('second', { to: `/${docId}/file`, method: 'PUT' }),
      owner.delete(`/${docId}`),
    ])
    assert.equal(deleted.status, 204)
    assert.ok([200, 404].includes(replaced.status), `answered ${replaced.status}`)
  }
  await p.settle()
  assert.deepEqual(await keys(), [])
})

test('an upload cut off anywhere in the form leaves nothing', async t => {
  const { p, as, keys, url } = await open(t)
  const { authorization } = as().headers
  const part = (head: string, body: string) => `--x\r\ncontent-disposition: form-data; name=${head}\r\n\r\n${body}\r\n`
  const form = `${part('"file"; filename="a"', 'hello')}${part('"title"', 'abc')}--x--\r\n`
  const request = `POST /api/documents/upload HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: ${form.length}\r\n\r\n`
  const cuts = Array.from({ length: form.length - 1 }, (_, cut) => cut).filter(cut => cut % 9 === 0)
  const cutAt = (cut: number) =>
    new Promise<void>(resolve => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
        .on('error', () => {})
        .on('close', () => resolve())
      socket.resume().end(request + form.slice(0, cut))
    })
  await Promise.all(cuts.map(cutAt))
  await p.settle()
  for (let tries = 0; (await keys()).length > 0 && tries < 200; tries++)
    await new Promise(resolve => setTimeout(resolve, 10))
  assert.deepEqual(await keys(), [])
  assert.equal((await p.db('documents')`select from documents`).length, 0)
})

test('a published or archived passport keeps its documents and their files, and takes further ones', async t => {
  const { userId, owner } = person()
  const id = newId()
  const { as, keys, passports, p } = await open(t, { passports: new Map([[id, { owner }]]) })
  const ada = as({ userId })
  const { docId } = (await ada.upload('the declaration', { fields: { passportId: id } })).json
  const draft = (await ada.upload('a sketch', { fields: { passportId: id } })).json
  assert.equal((await ada.delete(`/${draft.docId}`)).status, 204)
  for (const status of ['published', 'archived'] as const) {
    passports.set(id, { owner, status })
    for (const answer of [
      await ada.delete(`/${docId}`),
      await ada.upload('another', { to: `/${docId}/file`, method: 'PUT' }),
      await ada.change(`/${docId}`, { passportId: null }),
    ]) {
      assert.deepEqual([answer.status, answer.json.code], [409, 'document_kept'])
      assert.match(answer.json.detail, /Art\. 77/)
    }
    assert.equal((await ada.change(`/${docId}`, { title: 'The declaration', passportId: id })).status, 200)
    assert.equal((await ada.get(`/${docId}?download=1`)).bytes.toString(), 'the declaration')
  }
  assert.equal((await ada.upload('one more', { fields: { passportId: id } })).status, 201)
  await p.settle()
  assert.equal((await keys()).length, 2)
})
