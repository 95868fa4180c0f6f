import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kernel'
import { newId } from '#kernel'
import { open, person } from './testing.ts'

test('the page of a document tells who may read it what it is and leads to its file, and others nothing', async t => {
  const { owner, userId } = person()
  const [passport, colleague] = [newId(), newId()]
  const passports = new Map([[passport, { owner, readers: [{ kind: 'person' as const, id: colleague }] }]])
  const { p, as } = await open(t, { passports })
  const ada = as({ userId })
  const fields = { title: 'Declaration <of> conformity', passportId: passport }
  const { docId } = (await ada.upload('hello', { name: 'declaration.txt', fields })).json
  const page = async (actor?: Partial<Actor>, id = docId, language = 'en') => {
    const token = actor && p.signedIn(actor).authorization.slice('Bearer '.length)
    const headers = { 'accept-language': language, ...(token && { cookie: `ohmnibus-access=${token}` }) }
    return await p.http.inject({ url: `/documents/${id}`, headers })
  }

  for (const userId of [owner.id, colleague]) {
    const { statusCode, headers, body } = await page({ userId })
    assert.deepEqual([statusCode, headers['cache-control']], [200, 'private, no-store'])
    for (const shown of [
      '<h1>Declaration &#60;of&#62; conformity</h1>',
      '<strong>File:</strong> <bdi>declaration.txt</bdi>',
      `<a href="/api/documents/${docId}?download=1">Get the file</a>`,
      `<a href="/passports/${passport}">`,
    ])
      assert.ok(body.includes(shown), shown)
  }
  assert.match((await page({ userId }, docId, 'de')).body, /Größe:<\/strong> <bdi>5 Byte/)
  for (const refused of [await page({}), await page({ userId }, newId())]) {
    assert.equal(refused.statusCode, 404)
    assert.doesNotMatch(refused.body, /declaration/i)
    assert.match(refused.body, /<a href="\/api\/auth\/sign-in">/)
  }
  const nobody = await page()
  assert.deepEqual(
    [nobody.statusCode, nobody.headers.location],
    [303, `/api/auth/sign-in?return=${encodeURIComponent(`/documents/${docId}`)}`],
  )

  await p.db('documents')`update documents set scan = 'infected', scan_key = file_key, scan_found = 'Eicar-Test'`
  const infected = (await page({ userId })).body
  assert.match(infected, /virus scanner found something harmful/)
  assert.doesNotMatch(infected, /download=1/)
})
