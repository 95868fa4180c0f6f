import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { languages } from '#law'
import { open } from '../testing.ts'

const evil = '<script>alert(1)</script>\u202e"\'>'
const data = {
  generalInformation: {
    batteryIdentifier: 'BP-1',
    batteryCategory: 'EV',
    batteryModel: 'M1',
    batteryStatus: 're-used',
  },
  attributes: {
    ratedCapacity: { value: '1094.50', unit: 'Ah' },
    initialInternalResistance: { pack: { value: '12', unit: 'mΩ' } },
    batteryChemistry: { value: { clearName: evil } },
    separateCollectionInfo: {
      value: [
        { language: 'de', value: 'Getrennt sammeln' },
        { language: 'en', value: 'Apart' },
      ],
    },
    carbonFootprintStudyLink: { value: 'https://example.com/study' },
    euDeclarationOfConformity: { value: { title: 'DoC', url: 'https://example.com/doc.pdf' } },
    testReportResults: { value: ['https://example.com/secret'] },
  },
  note: 'hush',
}

test('the page opens in each language of the Union, without script, cookie or second origin, from what everybody may see', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  const page = async (query = '', headers: Record<string, string> = {}, of = id) => {
    const answer = await p.http.inject({ url: `/passport/${of}${query}`, headers })
    return { status: answer.statusCode, headers: answer.headers, text: answer.body }
  }
  assert.equal((await page()).status, 404, 'a draft is not there')
  assert.equal((await page('', {}, newId())).status, 404)
  await ada.post(`/${id}/publish`)
  for (const language of Object.keys(languages)) {
    const { status, headers, text } = await page(`?lang=${language}`)
    assert.equal(status, 200)
    assert.equal(headers['content-language'], language)
    assert.match(text, new RegExp(`<html lang="${language}">`))
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['set-cookie'], undefined)
    assert.doesNotMatch(text, /<script|<iframe|<img|src=|hush|secret|re-used|study/)
    assert.ok(text.length < 60_000, `${text.length}`)
    for (const [, link] of text.matchAll(/href="([^"]*)"/g))
      assert.match(link!, /^\?lang=|^\/api\/passports\/|^https:\/\/example\.com\/doc\.pdf$/)
  }
  const german = (await page('', { 'accept-language': 'de-AT,en;q=0.5' })).text.replace(/\s+/g, ' ')
  assert.match(german, /Batteriepass BP-1/)
  assert.match(german, /Nennkapazität<\/dt> ?<dd><bdi>1\.094,50 Ah<\/bdi>/)
  assert.match(german, /<bdi lang="de">Getrennt sammeln<\/bdi>/)
  assert.match((await page('?lang=mt')).text.replace(/\s+/g, ' '), /Passaport tal-batterija BP-1.*lang="en">Apart</)
  assert.match((await page('?lang=ja')).text, /<html lang="en">/, 'a language we do not have')
  assert.equal((await page(`?lang=en&${'x'.repeat(4000)}`)).status, 200, 'a 4,000-character query string')
})

test('the page has a tag that only public changes move, and stays when the passport is archived', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  await ada.post(`/${id}/publish`)
  const page = (headers: Record<string, string> = {}) => p.http.inject({ url: `/passport/${id}`, headers })
  const { etag } = (await page()).headers
  assert.equal((await page({ 'if-none-match': String(etag) })).statusCode, 304)
  const head = await p.http.inject({ method: 'HEAD', url: `/passport/${id}` })
  assert.deepEqual([head.statusCode, head.headers.etag], [200, etag])
  await ada.patch(`/${id}/attributes`, { attributes: { batteryStatus: { value: 'repurposed' } } })
  assert.equal((await page()).headers.etag, etag)
  await ada.patch(`/${id}/attributes`, { attributes: { batteryMass: { value: '3', unit: 'kg' } } })
  assert.notEqual((await page()).headers.etag, etag)
  await ada.delete(`/${id}`)
  const archived = await page()
  assert.equal(archived.statusCode, 200)
  assert.match(archived.body, /is archived/)
})
