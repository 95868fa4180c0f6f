import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { newId } from '#kernel'
import { attributes, frameText, keptFor, languages, type Language } from '#law'
import { verifyHistory } from '../../../tools/verify.ts'
import { textOfPdf } from '../../../test/pdf.ts'
import { open } from '../testing.ts'
import { forms } from './forms.ts'

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
  note: 'zqown',
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
  for (const language of Object.keys(languages) as Language[]) {
    const { status, headers, text } = await page(`?lang=${language}`)
    assert.equal(status, 200)
    assert.equal(headers['content-language'], language)
    assert.match(text, new RegExp(`<html lang="${language}">`))
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['set-cookie'], undefined)
    assert.doesNotMatch(text, /<script|<iframe|<img|src=|zqown|secret|re-used|study/)
    assert.ok(text.length < 60_000, `${text.length}`)
    for (const [, link] of text.matchAll(/href="([^"]*)"/g))
      assert.match(link!, /^data:,$|^\?lang=|^\/api\/passports\/|^https:\/\/example\.com\/doc\.pdf$/)
    for (const words of ['symbols', 'bin', 'check', 'bound', 'proof', 'keys', 'backup'] as const)
      assert.ok(text.includes(frameText(words, language)), `${language} ${words}`)
  }
  const german = (await page('', { 'accept-language': 'de-AT,en;q=0.5' })).text.replace(/\s+/g, ' ')
  assert.match(german, /Batteriepass BP-1/)
  assert.match(german, /Nennkapazität<\/dt> ?<dd><bdi>1\.094,50 Ah<\/bdi>/)
  assert.match(german, /<bdi lang="de">Getrennt sammeln<\/bdi>/)
  assert.match((await page('?lang=mt')).text.replace(/\s+/g, ' '), /Passaport tal-batterija BP-1.*lang="en">Apart</)
  assert.match((await page('?lang=ja')).text, /<html lang="en">/, 'a language we do not have')
  assert.equal((await page(`?lang=en&${'x'.repeat(4000)}`)).status, 200, 'a 4,000-character query string')
})

test('the page tells months, spans, parts and links in the words of its language, digits and units as they were given', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const attributes = {
    uniqueBatteryIdentifier: { value: 'W-1' },
    batteryModelIdentifier: { value: 'M1' },
    batteryCategory: { value: 'EV' },
    manufacturingDate: { value: '2026-10' },
    warrantyPeriod: { value: 'P8Y6M' },
    initialInternalResistance: { value: { pack: { value: '48.0', unit: 'mΩ' } } },
    manufacturerInformation: { value: { name: 'Donau SE', address: 'Donaumarkt 1' } },
    euDeclarationOfConformity: { value: { title: 'DoC', url: 'https://example.com/doc.pdf', language: 'fr' } },
  }
  const { id } = await ada.make({ attributes })
  await ada.post(`/${id}/publish`)
  const said = async (language: string) =>
    (await p.http.inject({ url: `/passport/${id}?lang=${language}` })).body
      .replace(/<a [^>]*hreflang="fr"[^>]*>(<bdi lang="fr">.*?)<\/a>/, '$1')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
  const german = await said('de')
  for (const words of ['Oktober 2026', '8 Jahre, 6 Monate', 'Batteriesatz, 48,0 mΩ', 'Donau SE , Donaumarkt 1'])
    assert.ok(german.includes(words), `${words} in ${german}`)
  assert.match(german, /EU-Konformitätserklärung DoC /)
  assert.match(await said('mt'), /Ottubru 2026.*pakkett, 48\.0 mΩ/)
})

test('the page has a tag that only public changes move, and stays when the passport is archived', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  await ada.post(`/${id}/publish`)
  const page = (headers: Record<string, string> = {}) => p.http.inject({ url: `/passport/${id}`, headers })
  const first = await page()
  const { etag } = first.headers
  const keeping = ({ headers }: typeof first) => [headers['cache-control'], headers.vary]
  const kept = ['public, max-age=60', 'accept, accept-language']
  for (const accept of forms) assert.deepEqual(keeping(await page({ accept })), kept, accept)
  assert.deepEqual(keeping(await page({ 'if-none-match': String(etag) })), kept, 'what stays is kept as long')
  const nowhere = await p.http.inject(`/passport/${newId()}`)
  assert.deepEqual(keeping(nowhere), ['no-cache', kept[1]], 'what is not there may be there soon')
  for (const known of [String(etag), `"other", ${etag}`, `W/${etag}`, '*'])
    assert.equal((await page({ 'if-none-match': known })).statusCode, 304, known)
  assert.equal((await page({ 'if-none-match': '"other"' })).statusCode, 200)
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

test('a text of 100,000 characters is no value that the page shows, and one as long as may be breaks nothing around it', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const text = (length: number) => `${evil}${'Ährenfeld '.repeat(length / 10)}zqend`
  const saying = (clearName: string, identifier: string) => ({
    ...data,
    generalInformation: { ...data.generalInformation, batteryIdentifier: identifier },
    attributes: { ...data.attributes, batteryChemistry: { value: { clearName } } },
  })
  const pageOf = async (id: string, accept = 'text/html') => {
    const { statusCode, body } = await p.http.inject({ url: `/passport/${id}?lang=mt`, headers: { accept } })
    assert.equal(statusCode, 200)
    return body
  }
  const long = await ada.make(saying(text(100_000), 'BP-1'))
  await ada.post(`/${long.id}/publish`)
  for (const accept of forms) {
    const body = await pageOf(long.id, accept)
    assert.doesNotMatch(body, /Ährenfeld/, accept)
    assert.ok(body.length < 60_000, `${accept}: ${body.length}`)
  }
  const kept = (await ada.get(`/${long.id}`)).body.data.attributes.batteryChemistry.value.clearName
  assert.equal(kept, text(100_000), 'its owner has it still')
  const attributes = { batteryChemistry: { value: { clearName: text(100_000) } } }
  const refused = await ada.patch(`/${long.id}/attributes`, { attributes })
  assert.deepEqual([refused.status, refused.body.code], [422, 'value_invalid'])

  const { id } = await ada.make(saying(text(19_000), 'BP-2'))
  await ada.post(`/${id}/publish`)
  const body = await pageOf(id)
  assert.match(body, /Ährenfeld zqend/)
  assert.doesNotMatch(body, /<script/)
  assert.ok(
    body.trimEnd().endsWith('</html>') && body.includes(frameText('check', 'mt')),
    'what stands behind it is there',
  )

  const named = await ada.make(saying('LFP', text(100_000)))
  const refusal = await ada.post(`/${named.id}/publish`)
  assert.deepEqual([refusal.status, refusal.body.code], [422, 'passport_incomplete'], 'nor is it an identifier')
})

test('the page explains the signs of cadmium and lead where the battery has them, and only those', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const pageWith = async (identifier: string, symbolsForCadmiumAndLead?: unknown) => {
    const { id } = await ada.make({
      generalInformation: { batteryIdentifier: identifier, batteryCategory: 'LMT', batteryModel: 'M1' },
      ...(symbolsForCadmiumAndLead !== undefined && { attributes: { symbolsForCadmiumAndLead } }),
    })
    await ada.post(`/${id}/publish`)
    const { body } = await p.http.inject({ url: `/passport/${id}?lang=de` })
    return ['getrennt gesammelt', '0,002 % Cadmium', '0,004 % Blei'].map(words => body.includes(words))
  }
  assert.deepEqual(await pageWith('A'), [true, false, false])
  assert.deepEqual(await pageWith('B', { value: 'Pb' }), [true, false, true])
  assert.deepEqual(await pageWith('C', { value: 'Cd, Pb' }), [true, true, true])
  assert.deepEqual(await pageWith('D', { value: 'https://example.com/signs.svg' }), [true, true, true])
  assert.deepEqual(await pageWith('E', { notApplicable: 'neither of them' }), [true, false, false])
})

test('what the page says of checking it is true: what its links give verifies without network', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  await ada.post(`/${id}/publish`)
  const { body } = await p.http.inject({ url: `/passport/${id}?lang=en` })
  const [proof, keys] = await Promise.all(
    ['proof', 'keys'].map(async name => {
      const [link] = new RegExp(`/api/passports/[^"]*${name}(?=")`).exec(body) ?? []
      return (await p.http.inject({ url: link! })).json()
    }),
  )
  const { wrong, versions } = verifyHistory([proof], { keys: keys.keys })
  assert.deepEqual([wrong, versions], [[], 1])
})

test('a page that says all there is stays under 60 KB, and 14 KB compressed, in each language', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const text = (words: number): string => 'Bring it back where you bought it, or to a collection point. '.repeat(words)
  const all = attributes.flatMap(({ id, type, unit, otherwise }): [string, unknown][] => {
    const number = { value: '12.5', unit }
    const values: Partial<Record<typeof type, unknown>> = {
      quantity: number,
      count: { value: '1500', unit },
      bySoc: [
        { soc: '80', ...number },
        { soc: '20', ...number },
      ],
      byPart: { value: { pack: number, module: number, cell: number } },
      localized: { value: Object.keys(languages).map(language => ({ language, value: text(3) })) },
      materials: { value: ['Lithium', 'Cobalt', 'Nickel'].map(name => ({ name, cas: '7439-93-2', share: '3.5' })) },
      uri: { value: 'https://example.com/a/link/of/a/usual/length' },
      document: { value: { title: 'Declaration', url: 'https://example.com/declaration.pdf' } },
      documents: { value: [{ title: 'Instructions', url: 'https://example.com/instructions.pdf' }] },
      contact: {
        value: { name: 'Somebody SE', address: 'Donaumarkt 1, 93047 Regensburg', web: 'https://example.com' },
      },
      text: { value: 'A text of a usual length' },
      texts: { value: ['Water', 'Sand'] },
      symbol: { value: 'Cd, Pb' },
      chemistry: { value: { shortName: 'NMC', clearName: 'Lithium nickel manganese cobalt oxide' } },
      month: { value: '2027-01' },
      duration: { value: 'P8Y' },
    }
    return otherwise === 'computed' || !values[type] || id === 'batteryCategory' ? [] : [[id, values[type]]]
  })
  const attributesOf = { ...Object.fromEntries(all), batteryCategory: { value: 'EV' } }
  const made = await ada.post('', { data: { attributes: attributesOf } })
  assert.equal(made.status, 201, made.text)
  assert.equal((await ada.post(`/${made.body.id}/publish`)).status, 200)
  for (const language of Object.keys(languages)) {
    const { rawPayload, body } = await p.http.inject({ url: `/passport/${made.body.id}?lang=${language}` })
    assert.match(body, /<svg/)
    assert.ok((body.match(/<dt>/g) ?? []).length > 40, `${body.match(/<dt>/g)?.length}`)
    assert.ok(rawPayload.length < 60_000, `${language}: ${rawPayload.length}`)
    const compressed = gzipSync(rawPayload).length
    assert.ok(compressed < 14_000, `${language}: ${compressed} compressed`)
  }
})

/** As a reader of PDFs by others sees it; undefined where there is none on this machine. */
async function readByOthers(bytes: Buffer): Promise<string | undefined> {
  const reading = promisify(execFile)('pdftotext', ['-', '-'])
  reading.child.stdin!.on('error', () => {}).end(bytes)
  return await reading.then(
    ({ stdout }) => stdout,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
}

test('as PDF the page says the same, tagged, in the language that is asked for, with letters that can be read and copied', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  await ada.post(`/${id}/publish`)
  const get = (language: string, accept: string) =>
    p.http.inject({ url: `/passport/${id}?lang=${language}`, headers: { accept } })
  const squeezed = (text: string) => text.replace(/\s+/g, '')
  const words = (html: string) =>
    squeezed(
      html
        .replace(/^[^]*<main>/, '')
        .replace(/<nav>[^]*$/, '')
        .replace(/<svg[^]*?<\/svg>/g, '')
        .replace(/<[^>]*>/g, '')
        .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
    ).replaceAll('\u202e', '')
  for (const language of Object.keys(languages)) {
    const { statusCode, headers, rawPayload } = await get(language, 'application/pdf')
    assert.deepEqual(
      [statusCode, headers['content-type'], headers['content-language']],
      [200, 'application/pdf', language],
    )
    const raw = rawPayload.toString('latin1')
    assert.match(raw, /\/Marked true/)
    assert.ok(raw.includes(`/Lang (${language})`), language)
    for (const part of ['/S /H1', '/S /H2', '/S /TH', '/S /TD', '/FontFile2', 'pdfuaid:part'])
      assert.ok(raw.includes(part), `${language} ${part}`)
    const said = (text: string) =>
      squeezed(text.replace(/ \((?:https?:[^)]*)\)/g, '').replace(/https?:\/\/\S+ · \d+\/\d+/g, ''))
    const onPage = words((await get(language, 'text/html')).body)
    const printed = textOfPdf(rawPayload)
    const byOthers = await readByOthers(rawPayload)
    for (const text of [printed, ...(byOthers === undefined ? [] : [byOthers])]) {
      assert.doesNotMatch(text, /\ufffd|zqown|secret|re-used/, language)
      for (const part of ['hidden', 'authorities', 'bin', 'last'] as const)
        assert.ok(
          said(text).includes(squeezed(frameText(part, language as Language)).slice(0, 30)),
          `${language} ${part}`,
        )
    }
    const letters = (text: string) => [...text].sort().join('')
    assert.equal(letters(said(printed)), letters(onPage), `${language}: as many of each letter`)
    assert.ok((await get(language, 'application/pdf')).rawPayload.equals(rawPayload), 'the same bytes each time')
  }
})

test('the page names which groups are kept for whom, and whom they ask, whether or not anything is there', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const empty = { generalInformation: { batteryIdentifier: 'E-1', batteryCategory: 'EV', batteryModel: 'M1' } }
  const keptOn = async (given: object) => {
    const { id } = await ada.make(given)
    await ada.post(`/${id}/publish`)
    const { body } = await p.http.inject({ url: `/passport/${id}?lang=en` })
    const [, section] = /<h2>What is not shown here<\/h2>([^]*?)<\/section>/.exec(body) ?? []
    return section?.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
  }
  const kept = await keptOn(empty)
  assert.match(kept!, /Authorities: General Information \(\d+\), .*Persons with a legitimate interest: .*Performance/)
  assert.match(kept!, /ask the economic operator/)
  const counts = (audience: 'authority' | 'interest') =>
    [...keptFor(audience, 'EV', '2026-12-01').entries()]
      .filter(([group]) => group !== 'record')
      .map(([, count]) => count)
  assert.deepEqual(
    [...kept!.matchAll(/ \((\d+)\)/g)].map(([, count]) => Number(count)),
    [...counts('authority'), ...counts('interest')],
  )
  assert.equal(await keptOn(data), kept, 'a passport that says much of it says nothing of that')
  const light = { generalInformation: { batteryIdentifier: 'P-1', batteryCategory: 'SLI', batteryModel: 'M1' } }
  assert.equal(await keptOn(light), undefined, 'of what needs no passport nothing is kept')
})
