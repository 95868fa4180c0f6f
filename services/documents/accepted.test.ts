import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from './testing.ts'

const pdf = '%PDF-1.7\n%âãÏÓ\n'
const gif = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=', 'base64')

test('files of a type that the operator does not let in are refused by their content, and leave nothing', async t => {
  const { as, keys } = await open(t, { environment: { DOCUMENT_TYPES: 'application/pdf, Image/*, text/csv' } })
  const owner = as()
  const { status, json } = await owner.upload(pdf)
  assert.equal(status, 201)
  for (const content of [gif, 'a;b\n1;2\n']) assert.equal((await owner.upload(content)).status, 201)

  const more = { to: `/${json.docId}/file`, method: 'PUT' }
  for (const [content, type] of [
    ['<!doctype html><p>', 'text/html'],
    ['a sentence', 'text/plain'],
    ['PK\x03\x04 and more', 'application/zip'],
    [Buffer.from([0, 1, 2, 3]), 'application/octet-stream'],
  ] as const)
    for (const target of [{}, more]) {
      const refused = await owner.upload(content, { ...target, name: 'called.pdf' })
      assert.deepEqual([refused.status, refused.json.code], [415, 'document_type_refused'], type)
      assert.deepEqual(refused.json.accepted, ['application/pdf', 'image/*', 'text/csv'])
      assert.match(refused.json.detail, new RegExp(`is ${type} by its content`))
    }
  assert.equal((await keys()).length, 3)
  assert.equal((await owner.get(`/${json.docId}?download=1`)).bytes.toString(), pdf, 'what is there stays')
  const large = await owner.upload(Buffer.alloc(5_000_000))
  assert.equal(large.json.code, 'document_type_refused', 'one that is refused before its end is answered')
  assert.equal((await owner.upload(gif, more)).status, 200)
})

test('where nothing is said, a file of any type is taken', async t => {
  const owner = (await open(t)).as()
  for (const content of [pdf, gif, 'a sentence', Buffer.from([0, 1, 2, 3])])
    assert.equal((await owner.upload(content)).status, 201)
})

test('a list of types with a typing error in it is refused at the start', async t => {
  for (const types of ['pdf', 'image/', 'application/pdf image/png'])
    await assert.rejects(open(t, { environment: { DOCUMENT_TYPES: types } }), ({ cause }: { cause: Error }) =>
      /^DOCUMENT_TYPES: ".+" is no media type/.test(cause.message),
    )
})
