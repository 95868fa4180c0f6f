import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentTypeOf, safeName } from './documents.ts'

const typeOf = (text: string) => contentTypeOf(Buffer.from(text)).then(type => type.split(';')[0])

test('a text is told by how it begins', async () => {
  for (const [text, type] of [
    ['name,amount\n"Smith, Ada",1\nBob,2\n', 'text/csv'],
    ['a;b\r\n1;2', 'text/csv'],
    ['a\tb\tc\n1\t\t3\n', 'text/csv'],
    ['Dear Ada,\nmany thanks,\n', 'text/plain'],
    ['Hello, Ada\nGood bye, Bob\n', 'text/plain'],
    ['a,b\n1,2,3\n', 'text/plain'],
    ['{"html":"<script>"}', 'application/json'],
    ['[1, 2]', 'application/json'],
    [' [7] \n', 'application/json'],
    ['[2027-02-18] started\n[2027-02-19] stopped\n', 'text/plain'],
    ['<?xml version="1.0"?><!-- a --><!-- b --><!DOCTYPE svg PUBLIC "x"><svg>', 'image/svg+xml'],
    ['<?xml version="1.0"?><!-- <svg> --><note/>', 'application/xml'],
    ['\n<!-- a --><html lang="en">', 'text/html'],
  ] as const)
    assert.equal(await typeOf(text), type, text)
  assert.equal(
    await contentTypeOf(Buffer.from('é'.repeat(3_000)).subarray(0, 4_101)),
    'text/plain; charset=utf-8',
    'cut within a character',
  )
  await assert.rejects(contentTypeOf(Buffer.alloc(0)), { code: 'document_empty' })
})

test('no text takes long to be told', async () => {
  for (const piece of ['<!---->', '<!--', '<?xml>', '<!doctype svg>', ' ', '"', '",', '\n', '[', '[1', '{ ', '<svg']) {
    const started = performance.now()
    await typeOf(piece.repeat(Math.floor(4_100 / piece.length)) + 'x')
    assert.ok(performance.now() - started < 1_000, piece)
  }
})

test('whatever a file begins with, it has a type', async () => {
  const starts = [
    '',
    '%PDF-',
    'PK\x03\x04',
    '\x1f\x8b',
    'RIFF',
    'OggS',
    'ID3',
    '\x89PNG\r\n\x1a\n',
    'II*\0',
    '\x1aE\xdf\xa3',
    '\0\0\0\x18ftyp',
    '<?xml',
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...starts),
      fc.uint8Array({ minLength: 1, maxLength: 4_200 }),
      async (start, rest) => {
        assert.match(
          await contentTypeOf(Buffer.concat([Buffer.from(start, 'latin1'), rest])),
          /^[a-z]+\/[\w.+-]+(; charset=utf-8)?$/,
        )
      },
    ),
  )
})

test('a name fits into file systems and headers, whatever was given', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: fc.constantFrom('🔋', '字', '/', '\\', '.', ' ', '\0', '\r\n', '%22', '\u202e', '\ud800', 'a') }),
  )
  fc.assert(
    fc.property(names, fc.constantFrom('', '.pdf', '.tar.gz'), (given, extension) => {
      const name = safeName(given + extension)
      assert.ok(name.length > 0 && [...name].length <= 200 && Buffer.byteLength(name) <= 255, name)
      assert.ok(name.isWellFormed() && !/[/\\\p{Cc}\p{Cf}]|^[.\s]/u.test(name), JSON.stringify(name))
    }),
  )
  assert.equal(Buffer.byteLength(safeName(`${'🔋'.repeat(300)}.pdf`)), 62 * 4 + 4)
  assert.match(safeName(`${'🔋'.repeat(300)}.pdf`), /🔋\.pdf$/)
  assert.equal(safeName(`${'a'.repeat(300)}.pdf`).length, 200)
  for (const [given, name] of [
    ['', 'file'],
    ['..', 'file'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\a.txt', 'a.txt'],
    ['. .hidden', 'hidden'],
    ['say %22hi%22%0D%0A.txt', 'say "hi".txt'],
    ['gnp\u202e.exe', 'gnp.exe'],
  ] as const)
    assert.equal(safeName(given), name)
})

test('UTF-16 with its mark is text, whatever its first bytes could be else', async () => {
  const wide = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
  assert.equal(await contentTypeOf(wide('name;mass\r\nVolt;478\r\n')), 'text/csv; charset=utf-16')
  assert.equal(await contentTypeOf(wide('Ein Satz.')), 'text/plain; charset=utf-16')
  assert.equal(await contentTypeOf(wide('Ein Satz.').swap16()), 'text/plain; charset=utf-16')
})
