import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import { open } from './testing.ts'

/** A ZIP as writers make it that do not know lengths beforehand: they stand behind each part, and in the directory. */
function zip(parts: [name: string, content: string | Buffer][], comment = ''): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []]
  let at = 0
  for (const [name, given] of parts) {
    const content = Buffer.from(given)
    const packed = deflateRawSync(content)
    const lengths = Buffer.alloc(12)
    lengths.writeUInt32LE(crc32(content), 0)
    lengths.writeUInt32LE(packed.length, 4)
    lengths.writeUInt32LE(content.length, 8)
    const common = Buffer.from([20, 0, 8, 0, 8, 0, 0, 0, 0, 0])
    const nameLength = Buffer.from([name.length, 0, 0, 0])
    const file = [
      Buffer.from('PK\x03\x04'),
      common,
      Buffer.alloc(12),
      nameLength,
      Buffer.from(name),
      packed,
      Buffer.from('PK\x07\x08'),
      lengths,
    ]
    const place = Buffer.alloc(14)
    place.writeUInt32LE(at, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), common, lengths, nameLength, place, Buffer.from(name))
    files.push(...file)
    at += file.reduce((sum, { length }) => sum + length, 0)
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(parts.length, 4)
  end.writeUInt16LE(parts.length, 6)
  end.writeUInt32LE(list.length, 8)
  end.writeUInt32LE(at, 12)
  end.writeUInt16LE(comment.length, 16)
  return Buffer.concat([...files, list, Buffer.from('PK\x05\x06'), end, Buffer.from(comment)])
}

const typesOf = (main: string) => `<Types><Override PartName="/x.xml" ContentType="${main}+xml"/></Types>`
const office = 'application/vnd.openxmlformats-officedocument'
const word = `${office}.wordprocessingml.document`
const picture: [string, Buffer] = ['word/media/picture.png', randomBytes(200_000)]
const late = (main: string) => zip([picture, ['[Content_Types].xml', typesOf(main)]])

test('an office file is told as what it is, however far behind the part lies by which it is', async t => {
  const { as } = await open(t)
  const ada = as()
  const told = async (content: Buffer, name = 'a') => (await ada.upload(content, { name })).json.contentType
  for (const [main, type] of [
    [`${word}.main`, word],
    [`${office}.spreadsheetml.sheet.main`, `${office}.spreadsheetml.sheet`],
    [`${office}.presentationml.presentation.main`, `${office}.presentationml.presentation`],
    ['application/vnd.ms-word.document.macroEnabled.main', 'application/vnd.ms-word.document.macroenabled.12'],
  ] as const)
    assert.equal(await told(late(main)), type)
  const text = 'application/vnd.oasis.opendocument.text'
  assert.equal(await told(zip([picture, ['mimetype', text]])), text)
  assert.equal(
    await told(zip([picture, ['[Content_Types].xml', typesOf(`${word}.main`)]], 'PK\x05\x06 stands in a comment')),
    word,
  )
  assert.equal(await told(zip([picture])), 'application/zip')
})

test('a ZIP whose end is missing or lies is a ZIP, and takes no time', async t => {
  const { as } = await open(t)
  const ada = as()
  const whole = late(`${word}.main`)
  const at = whole.lastIndexOf('PK\x05\x06')
  const list = whole.lastIndexOf('PK\x01\x02')
  const changed = (change: (copy: Buffer) => void) => {
    const copy = Buffer.from(whole)
    change(copy)
    return copy
  }
  for (const content of [
    whole.subarray(0, at),
    whole.subarray(0, whole.length - 1),
    changed(copy => copy.writeUInt32LE(0xffffffff, at + 16)),
    changed(copy => copy.writeUInt32LE(0xffffffff, at + 12)),
    changed(copy => copy.writeUInt32LE(0, at + 12)),
    changed(copy => copy.writeUInt32LE(0xfffffff0, list + 42)),
    changed(copy => copy.writeUInt32LE(0xfffffff0, list + 20)),
    changed(copy => copy.writeUInt32LE(1, list + 42)),
    changed(copy => copy.fill(0, list, list + 4)),
    Buffer.concat([whole.subarray(0, at), Buffer.from('PK\x05\x06'.repeat(20_000))]),
  ]) {
    const begun = performance.now()
    const { status, json } = await ada.upload(content, { name: 'a' })
    assert.deepEqual([status, json.contentType], [201, 'application/zip'])
    assert.ok(performance.now() - begun < 2_000)
  }
})

test('what is let in is decided by what a packed file turns out to be, and what is not leaves nothing', async t => {
  const { as, keys, p } = await open(t, { environment: { DOCUMENT_TYPES: word } })
  const ada = as()
  assert.equal((await ada.upload(late(`${word}.main`), { name: 'a.docx' })).status, 201)
  const macros = await ada.upload(late('application/vnd.ms-word.document.macroEnabled.main'), { name: 'a.docx' })
  assert.deepEqual([macros.status, macros.json.code], [415, 'document_type_refused'])
  assert.equal((await ada.upload(zip([picture]), { name: 'a.docx' })).status, 415)
  await p.settle()
  assert.equal((await keys()).length, 1)
})

test('the API document has every type that a file may leave with, whole or in part', async t => {
  const { p } = await open(t)
  const { paths } = (await p.http.inject('/docs/openapi.json?own=true')).json()
  const { responses } = paths['/api/documents/{docId}'].get
  const { supportedMimeTypes } = await import('file-type')
  const ours = ['text/plain', 'text/csv', 'application/json', 'application/octet-stream', word]
  for (const status of ['200', '206']) {
    const named = Object.keys(responses[status].content)
    for (const type of [...supportedMimeTypes, ...ours])
      assert.ok(named.includes(type) || named.includes(type.replace(/\/.*/, '/*')), `${status}: ${type}`)
  }
})
