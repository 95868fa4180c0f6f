import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { allCategories, languages } from '#law'
import { publicIdOf } from '../services/passports/codes/codes.ts'
import { faultsIn, validator } from './browser/validity.ts'
import { open, published, upload } from './lattice/cases.ts'

test('the link set of a battery names its papers by what they are, those alone that are everybody’s, and each leads to its bytes', async t => {
  const of = await open(t)
  const owner = { userId: newId() }
  const one = await published(of, 'EV', owner)
  const safety = await upload(of, owner, { passportId: one.id, kind: 'waste-information' })
  const code = `/id/${publicIdOf(one.id)}`
  const ask = async (url: string, accept = '*/*') => await of.p.http.inject({ url, headers: { accept } })
  const [set] = (await ask(`${code}?linkType=linkset`)).json().linkset
  const papersBy = (type: string): string[] =>
    (set[`https://ref.gs1.org/voc/${type}`] ?? []).map(({ title }: { title: string }) => title.split(' ').at(-1))
  const markerOf = (wanted: string) => one.papers.find(({ kind }) => kind === wanted)!.marker
  assert.deepEqual(papersBy('certificationInfo'), [markerOf('declaration-of-conformity')])
  assert.deepEqual(papersBy('instructions'), [markerOf('manual')], 'instructions are held back by the acts to come')
  assert.deepEqual(papersBy('sustainabilityInfo'), [safety.marker])
  assert.deepEqual(papersBy('safetyInfo'), [], 'a safety sheet is of point 2')
  const [doc] = set['https://ref.gs1.org/voc/certificationInfo']
  const { pathname, search } = new URL(doc.href)
  const bytes = await ask(pathname + search)
  assert.deepEqual([bytes.statusCode, bytes.body], [200, `in ${markerOf('declaration-of-conformity')}`])
  for (const [type, status] of [
    ['gs1:certificationInfo', 307],
    ['https://ref.gs1.org/voc/instructions', 307],
    ['gs1:sustainabilityInfo', 307],
    ['gs1:safetyInfo', 404],
  ] as const)
    assert.equal((await ask(`${code}?linkType=${encodeURIComponent(type)}`)).statusCode, status, type)
  const head = await of.p.http.inject({ method: 'HEAD', url: `${code}?linkType=linkset` })
  assert.deepEqual([head.statusCode, head.body], [200, ''])
})

test('a robot that makes previews of links gets what people get, and nothing of it counts as a visit', async t => {
  const of = await open(t)
  const owner = { userId: newId() }
  const one = await published(of, 'EV', owner)
  const ask = async (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') => {
    const {
      statusCode,
      headers: answered,
      body,
    } = await of.p.http.inject({ method, url: `/passport/${one.id}`, headers })
    return {
      status: statusCode,
      tag: answered.etag,
      cookie: answered['set-cookie'],
      type: answered['content-type'],
      body,
    }
  }
  const people = await ask({ accept: 'text/html', 'accept-language': 'en' })
  assert.match(people.body, /<title>[^<]+<\/title>/)
  const agents = [
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'WhatsApp/2.23.20.0',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'TelegramBot (like TwitterBot)',
    'Twitterbot/1.0',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  ]
  const others: Record<string, string>[] = [
    {},
    { accept: '*/*' },
    { range: 'bytes=0-524287' },
    { 'accept-encoding': 'identity' },
  ]
  for (const agent of agents)
    for (const more of others) {
      const robot = await ask({ 'user-agent': agent, 'accept-language': 'en', ...more })
      assert.deepEqual(robot, people, `${agent} ${JSON.stringify(more)}`)
      const head = await ask({ 'user-agent': agent, 'accept-language': 'en' }, 'HEAD')
      assert.deepEqual([head.status, head.tag, head.body], [200, people.tag, ''])
    }
  assert.deepEqual((await of.as(owner).get(`/${one.id}/access-log`)).body.items, [])
})

test('in every language and of every category the page loads nothing besides itself, runs nothing, and is HTML by its rules', async t => {
  const of = await open(t)
  const pages: Record<string, string> = {}
  for (const category of allCategories) {
    const { id } = await published(of, category, { userId: newId() })
    for (const language of Object.keys(languages)) {
      const name = `${category} ${language}`
      const { statusCode, headers, body } = await of.p.http.inject(`/passport/${id}?lang=${language}`)
      assert.deepEqual(
        [statusCode, headers['content-language'], headers['set-cookie']],
        [200, language, undefined],
        name,
      )
      assert.match(String(headers['content-security-policy']), /default-src 'none'/, name)
      assert.doesNotMatch(
        body,
        /<(script|iframe|object|embed|img|video|audio|form|base|meta http)\b|\son[a-z]+=/i,
        name,
      )
      assert.doesNotMatch(body, /@import|url\(|javascript:|\s(src|srcset|ping|action|formaction)=/i, name)
      for (const [link] of body.matchAll(/<link\b[^>]*>/g))
        assert.equal(link, '<link rel="icon" href="data:," />', name)
      pages[name] = body
    }
  }
  const checker = validator()
  if (checker) assert.deepEqual(faultsIn(checker, pages), [])
  else t.diagnostic('there is no Java here, so the HTML of the pages was not held against its rules')
})
