import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listDocumentsOf } from '#contracts/documents'
import { newId, Problem, type Actor } from '#kernel'
import { answering } from '../../kernel/testing.ts'
import { data, open } from './testing.ts'

const docId = newId()
const documents = [{ docId, title: 'Declaration <of> conformity', fileName: 'declaration.pdf', sizeBytes: 182_044 }]

test('the page of a passport shows who may read it all of it in lists, with its documents, by the cookie', async t => {
  const { p, as } = await open(t, {}, [answering(listDocumentsOf, async () => ({ documents }))])
  const userId = newId()
  const evil = { ...data, 'a<b>': { '<script>': ['</ul><script>alert(1)</script>', null, true, 4.5, [], {}] } }
  const { id } = await as({ userId }).make(evil)
  const page = async (actor?: Partial<Actor>, language = 'en') => {
    const token = actor && p.signedIn(actor).authorization.slice('Bearer '.length)
    const headers = { 'accept-language': language, ...(token && { cookie: `ohmnibus-access=${token}` }) }
    const {
      statusCode: status,
      headers: answered,
      body: text,
    } = await p.http.inject({ url: `/passports/${id}`, headers })
    return { status, headers: answered, text: text.replace(/\s+/g, ' ').replace(/> (?=<li|<\/[ou]l)/g, '>') }
  }

  const own = await page({ userId })
  assert.deepEqual([own.status, own.headers['cache-control']], [200, 'private, no-store'])
  for (const shown of [
    '<h1>Battery passport BP-2024-011</h1>',
    '<strong>Model:</strong> <bdi>LM3-BAT-2024</bdi>',
    '<strong>Category:</strong> <bdi>EV</bdi>',
    '<strong>Status:</strong> <bdi>Draft</bdi>',
    '<strong>Version:</strong> <bdi>1</bdi>',
    `<a href="/api/documents/${docId}?download=1"><bdi>Declaration &#60;of&#62; conformity</bdi></a>`,
    '<strong><bdi>Battery mass</bdi>:</strong> <bdi>450</bdi>',
    '<ol><li><bdi>Lithium</bdi></li><li><bdi>Iron</bdi></li></ol>',
  ])
    assert.ok(own.text.includes(shown), `${shown} in ${own.text}`)
  assert.doesNotMatch(own.text, /<script|\{&#34;|a<b>/)
  assert.match((await page({ userId }, 'de')).text, /<h1>Batteriepass BP-2024-011<\/h1>.*Zellchemie.*182[^<]*kB/)

  const stranger = await page({})
  assert.equal(stranger.status, 404)
  assert.doesNotMatch(stranger.text, /BP-2024-011/)
  const nobody = await page()
  assert.deepEqual(
    [nobody.status, nobody.headers.location],
    [303, `/api/auth/sign-in?return=${encodeURIComponent(`/passports/${id}`)}`],
  )

  await as({ userId }).post(`/${id}/publish`)
  for (const actor of [undefined, {}]) {
    const { status, text } = await page(actor)
    assert.equal(status, 200)
    assert.match(text, /BP-2024-011.*LM3-BAT-2024.*LiFePO4.*Published/)
    assert.doesNotMatch(text, /Declaration|carbon|Lithium/i, 'the public part has no more')
    assert.match(text, /href="\/api\/auth\/sign-in\?return=/)
  }
})

test('the page of a passport stands while nobody lists documents', async t => {
  const { p, as } = await open(t, {}, [
    answering(listDocumentsOf, async () => {
      throw new Problem('unavailable', 'documents_away')
    }),
  ])
  const userId = newId()
  const { id } = await as({ userId }).make(data)
  const { statusCode, body } = await p.http.inject({ url: `/passports/${id}`, headers: p.signedIn({ userId }) })
  assert.equal(statusCode, 200)
  assert.match(body, /cannot be listed at the moment/)
})
