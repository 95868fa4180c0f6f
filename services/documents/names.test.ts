import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from './testing.ts'

const pdf = '%PDF-1.7\n%âãÏÓ\n'
const gif = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=', 'base64')

test('a name that promises other content than there is is refused, at an upload and at replacing, and leaves nothing', async t => {
  const { as, keys } = await open(t)
  const owner = as()
  const { json } = await owner.upload(pdf, { name: 'Report.PDF' })
  for (const target of [{}, { to: `/${json.docId}/file`, method: 'PUT' }])
    for (const [content, name, says, is] of [
      [gif, 'report.pdf', 'pdf', 'image/gif'],
      ['MZ\x90\0 a program', 'report.pdf', 'pdf', 'application/x-msdownload'],
      [pdf, 'picture.JPG', 'jpg', 'application/pdf'],
      ['<!doctype html><p>', 'a.png', 'png', 'text/html'],
      ['a sentence', 'letter.docx', 'docx', 'text/plain'],
      [Buffer.from([0, 1, 2, 3]), 'a.pdf', 'pdf', 'application/octet-stream'],
    ] as const) {
      const refused = await owner.upload(content, { ...target, name })
      assert.deepEqual([refused.status, refused.json.code], [422, 'document_type_mismatch'], name)
      assert.deepEqual([refused.json.extension, refused.json.contentType], [says, is])
    }
  assert.equal((await keys()).length, 1)
})

test('names without an extension, with one of text or with one nobody knows promise nothing', async t => {
  const owner = (await open(t)).as()
  for (const [content, name] of [
    [gif, 'picture'],
    [gif, 'picture.constructor'],
    [Buffer.from([0, 1, 2, 3]), 'readings.bin'],
    ['BMW, as a sentence begins', 'letter.txt'],
    [Buffer.from('Gr\xfc\xdfe', 'latin1'), 'letter.csv'],
    ['PK\x03\x04 and more', 'letter.docx'],
  ] as const)
    assert.equal((await owner.upload(content, { name })).status, 201, name)
})

test('a document is not given a name that promises other content than it has', async t => {
  const owner = (await open(t)).as()
  const { json } = await owner.upload(gif, { name: 'a.gif' })
  const refused = await owner.change(`/${json.docId}`, { fileName: 'a.pdf' })
  assert.deepEqual([refused.status, refused.json.code], [422, 'document_type_mismatch'])
  assert.equal((await owner.get(`/${json.docId}`)).json.fileName, 'a.gif')
  assert.equal((await owner.change(`/${json.docId}`, { fileName: 'b.gif', title: 'B' })).status, 200)
})

test('a title is one line with something to see in it, whether a form brings it or a change', async t => {
  const owner = (await open(t)).as()
  const { json } = await owner.upload(gif, { name: 'a.gif', fields: { title: 'Maße – 10 µm' } })
  assert.equal((await owner.get(`/${json.docId}`)).json.title, 'Maße – 10 µm')
  for (const title of ['two\nlines', 'a\u202eb', 'a\u0007b', ' \u200b', '\u2028']) {
    const [brought, changed] = [
      await owner.upload(gif, { name: 'a.gif', fields: { title } }),
      await owner.change(`/${json.docId}`, { title }),
    ]
    for (const { status, json } of [brought, changed])
      assert.deepEqual([status, json.errors?.[0].pointer], [400, '/title'], JSON.stringify(title))
  }
  assert.equal((await owner.get(`/${json.docId}`)).json.title, 'Maße – 10 µm')
})

test('the type of the same bytes is the same, however they were cut on their way', async t => {
  const { as, url } = await open(t)
  const ada = as()
  const part = (name: string, content: string) => {
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt32LE(content.length, 18)
    header.writeUInt32LE(content.length, 22)
    header.writeUInt16LE(name.length, 26)
    return Buffer.concat([header, Buffer.from(name), Buffer.from(content)])
  }
  const types =
    '<Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
  const file = Buffer.concat([part('word/media/a.png', 'x'.repeat(20_000)), part('[Content_Types].xml', types)])
  const boundary = 'cut-in-pieces'
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.docx"\r\n\r\n`
  const whole = Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
  const found = new Set<string>()
  for (const size of [1_400, 4_100, 16_000, whole.length]) {
    const body = (async function* () {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
    })()
    const headers = { ...ada.headers, 'content-type': `multipart/form-data; boundary=${boundary}` }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const answer = await fetch(`${url}/api/documents/upload`, init)
    found.add(((await answer.json()) as { contentType: string }).contentType)
  }
  assert.deepEqual([...found], ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'])
})
