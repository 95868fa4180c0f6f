import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../kernel/testing.ts'
import { until } from './kernel/toys.ts'
import { remote } from '../seed.ts'
import { choose } from '../services/all.ts'
import { doors } from '../services/doors.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }
const environment = {
  PUBLIC_URL: 'https://volt.example',
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
  ORDERS_RETURN_DAYS: '30',
}

test('below every page stands who runs the platform, what holds, whose work is in it and how it is', async t => {
  const p = await start(t, await choose(), { environment, doors })
  const client = remote(await p.listen())
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  const look = async (path: string, language = 'en', headers = {}) => {
    const {
      statusCode,
      body,
      headers: answered,
    } = await p.http.inject({
      url: path,
      headers: { accept: 'text/html', 'accept-language': language, ...headers },
    })
    return { status: statusCode, text: body, headers: answered }
  }
  const below = doors.filter(({ isBelow }) => isBelow)
  const foot = (language: 'en' | 'de') =>
    `<footer>${below.map(({ to, name }) => `<a href="${to}">${name[language]}</a>`).join('')}</footer>`

  await t.test('in both languages, and each leads to a page that says what it is', async () => {
    assert.equal(below.length, 7)
    for (const path of ['/', '/shop', '/charge', '/nowhere', ...below.map(({ to }) => to)])
      for (const language of ['en', 'de'] as const)
        assert.ok((await look(path, language)).text.includes(foot(language)), `${path} in ${language}`)
    for (const { to } of below) {
      const { status, text } = await look(to, 'de')
      assert.equal(status, 200, to)
      assert.match(text, new RegExp(`<link rel="canonical" href="https://volt.example${to}"`))
      assert.match(text, /<meta name="description" content="[^"]{20,}"/)
    }
    assert.match((await look('/withdraw')).text, /within 30 days/, 'as long as whoever runs the platform lets them')
    assert.ok((await look('/de/help')).text.includes(foot('de')), 'in the language of the page')
    const secret = await look('/api/auth/sign-in')
    assert.ok(!secret.text.includes('<footer>'), 'nothing leads away from where one proves who one is')
    const first = await look('/', 'de')
    assert.equal([...first.text.matchAll(/<dt>/g)].length, doors.length - below.length, 'the first page has the others')
  })

  await t.test('the first page is found, and looks as it should where its address is shared', async () => {
    const { text } = await look('/')
    assert.match(text, /<link rel="canonical" href="https:\/\/volt.example\/" \/>/)
    assert.match(text, /<meta name="description" content="The open back end of electric mobility/)
    assert.match(text, /<meta name="twitter:card" content="summary" \/>/)
    assert.equal(
      [...text.matchAll(/<meta name="theme-color" content="#\w{6}" media="\(prefers-color-scheme: /g)].length,
      2,
    )
    const data = [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(([, one]) =>
      JSON.parse(one!),
    )
    assert.deepEqual(
      data.map(one => [one['@type'], one.url]),
      ['Organization', 'WebSite'].map(type => [type, 'https://volt.example/']),
    )
  })

  await t.test('what nobody has said is asked for, and stands there once an admin says it', async () => {
    for (const name of ['imprint', 'accessibility']) {
      assert.match((await look(`/${name}`)).text, new RegExp(`role="status"[^]*<code>${name}.text</code>`))
      const put = (key: string, value: string) =>
        client('PUT', `/api/admin/settings/${key}`, { value, version: 1 }, accessToken)
      await put(`${name}.text`, '**Volt Ltd**, <i>1 High Street</i>')
      const said = '<p><strong>Volt Ltd</strong>, &lt;i&gt;1 High Street&lt;/i&gt;</p>'
      for (const language of ['en', 'de'])
        await until(async () => (await look(`/${name}`, language)).text.includes(said))
      await put(`${name}.text.de`, 'Volt GmbH')
      await until(async () => (await look(`/${name}`, 'de')).text.includes('<p>Volt GmbH</p>'))
      const { text } = await look(`/${name}`)
      assert.ok(text.includes(said) && !text.includes('role="status"'))
    }
  })

  await t.test('and terms and notice are those that people agree to', async () => {
    for (const key of ['privacy', 'terms']) {
      assert.match((await look(`/${key}`)).text, new RegExp(`role="status"[^]*<code>${key}</code>`))
      const texts = { en: { title: `Our ${key}`, text: 'Be **kind**.' } }
      const later = new Date(Date.now() + 86_400_000).toISOString()
      const kind = key === 'terms' ? 'terms' : 'consent'
      await client('POST', '/api/auth/terms', { key, kind, texts }, accessToken)
      const next = { en: { title: 'Next', text: 'Not yet.' } }
      await client('POST', '/api/auth/terms', { key, kind, texts: next, effectiveAt: later }, accessToken)
      const { text } = await look(`/${key}`, 'de')
      assert.match(text, new RegExp(`<h1>Our ${key}</h1>[^]*Version 1[^]*<div lang="en"><p>Be <strong>kind`))
    }
  })

  await t.test('licences are those of what is installed', async () => {
    const { text, headers } = await look('/licences')
    assert.match(text, /<li>fastify 5\.\d+\.\d+: MIT<\/li>/)
    assert.doesNotMatch(text, /<li>(oxlint|newman) /, 'and not of what only builds or tests it')
    assert.equal((await look('/licences', 'en', { 'if-none-match': headers.etag })).status, 304)
    assert.equal((await look('/licences', 'de', { 'if-none-match': headers.etag })).status, 200)
  })

  await t.test('and the status is that of /health, in words', async () => {
    const { text, headers } = await look('/status')
    assert.equal(headers['cache-control'], 'no-store')
    for (const said of ['<h1>Everything works</h1>', '<li>Charging: works</li>', '<li>Data: works</li>'])
      assert.ok(text.includes(said), said)
    assert.match((await look('/status', 'de')).text, /<li>Laden: funktioniert<\/li>/)
  })
})
