import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCheckDigit, isOperatorNumber, readLink, schemeOf } from './identifiers.ts'
import { languageAccepted, textFor } from './languages.ts'

test('check digits of GTIN and GLN refuse a slip of the pen', () => {
  for (const right of ['96385074', '036000291452', '4006381333931', '09520123456788'])
    assert.ok(hasCheckDigit(right), right)
  for (const wrong of ['96385075', '4006381333913', '1234', '', '952012345678x'])
    assert.ok(!hasCheckDigit(wrong), wrong)
})

test('a link names its battery whatever the order of its keys, by one canonical path', () => {
  assert.equal(readLink('/01/96385074')!.canonical, '/01/00000096385074')
  assert.equal(readLink('/01/09520123456788/21/A-1/10/LOT')!.canonical, '/01/09520123456788/10/LOT/21/A-1')
  assert.deepEqual(readLink('/01/09520123456788/21/A(10)B'), {
    scheme: 'gtin',
    gtin: '09520123456788',
    serial: 'A(10)B',
    canonical: '/01/09520123456788/21/A(10)B',
  })
  assert.equal(readLink('/8004/00123')!.canonical, '/8004/00123')
  for (const wrong of [
    '/01/09520123456789',
    '/01/09520123456788/99/x',
    '/01/09520123456788/21/a/21/b',
    `/01/09520123456788/21/${'x'.repeat(21)}`,
    '/01/09520123456788/21/%E0%A4%A',
    '/01/09520123456788/21/a%20b',
    '/02/09520123456788',
    '/01',
  ])
    assert.equal(readLink(wrong), undefined, wrong)
})

test('identifiers are told apart by scheme, and carried as they are where none knows them', () => {
  assert.equal(schemeOf('https://id.example.com/01/09520123456788/21/1'), 'gs1')
  assert.equal(schemeOf('https://id.example.com/batteries/1'), 'url')
  assert.equal(schemeOf('did:web:example.com'), 'did')
  assert.equal(schemeOf('urn:uuid:0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'), 'uuid')
  assert.equal(schemeOf('BP-2024-011'), 'other')
})

test('registered numbers of operators are held to their own check', () => {
  assert.ok(isOperatorNumber('LEI', '529900T8BM49AURSDO55'))
  assert.ok(!isOperatorNumber('LEI', '529900T8BM49AURSDO56'))
  assert.ok(isOperatorNumber('GLN', '4006381333931') && !isOperatorNumber('GLN', '4006381333932'))
  assert.ok(isOperatorNumber('EORI', 'DE123456789012345') && isOperatorNumber('DUNS', '150483782'))
  assert.ok(!isOperatorNumber('PASSPORT', '1'))
})

test('a reader gets the language they ask for first of those that there are', () => {
  assert.equal(languageAccepted('ja, ga;q=0.8, de-AT;q=0.9'), 'de')
  assert.equal(languageAccepted('ja'), undefined)
  assert.equal(languageAccepted('de;q=0, mt'), 'mt')
  assert.equal(languageAccepted(undefined), undefined)
  assert.equal(languageAccepted('sk;q=0.4, *;q=0.8'), 'en', 'any other is more welcome')
  assert.equal(languageAccepted('sk;q=0.8, *;q=0.4'), 'sk')
  assert.equal(languageAccepted('en;q=0, *;q=0.5'), 'bg')
  assert.equal(languageAccepted('*;q=0'), undefined)
})

test('a text of its maker comes in the reader’s language, its base, English, or as it came first', () => {
  const texts = [
    { language: 'fr', value: 'un' },
    { language: 'en-GB', value: 'one' },
    { language: 'de', value: 'eins' },
  ]
  assert.equal(textFor(texts, 'de-AT')!.value, 'eins')
  assert.equal(textFor(texts, 'mt')!.value, 'one')
  assert.equal(textFor(texts.slice(0, 1), 'mt')!.value, 'un')
  assert.equal(textFor([], 'mt'), undefined)
})
