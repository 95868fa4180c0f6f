import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import {
  anyone,
  defineService,
  forForms,
  form,
  headingsOf,
  html as page,
  languageOf,
  markdown,
  sendPage,
  type Texts,
} from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'

// `html` under another name: the formatter leaves what stands in it as it is.
const hostile = `"><script>alert('1')</script>&amp;<img src=x onerror=alert(1)>`

test('what came in is text, in text and in attributes, alone and in lists', () => {
  const escaped =
    '&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;amp;&#60;img src=x onerror=alert(1)&#62;'
  assert.equal(`${page`<p>${hostile}</p>`}`, `<p>${escaped}</p>`)
  assert.equal(`${page`<p title="a ${hostile}" lang="en">${1}</p>`}`, `<p title="a ${escaped}" lang="en">1</p>`)
  const items = ['a', '<b>'].map(text => page`<li>${text}</li>`)
  assert.equal(`${page`<ul>${items}</ul>`}`, '<ul><li>a</li><li>&#60;b&#62;</li></ul>')
  assert.equal(`${page`${[[hostile], page`<br>`]}`}`, `${escaped}<br>`)
  assert.equal(`${page`<p>${null}${undefined}${false}${''}${0}${10n}</p>`}`, '<p>010</p>')
})

test('only what html made counts as HTML, whatever looks like it', () => {
  const lookalike = JSON.parse('{"text":"<b>","toString":"<b>"}')
  const dressed = { toString: () => '<b>' } as never
  assert.equal(`${page`${dressed}`}`, '&#60;b&#62;')
  assert.throws(() => page`${lookalike}`)
})

test('an address that is neither a path nor of the web or of mail leads nowhere', () => {
  const linked = (address: string) => `${page`<a href="${address}">x</a>`}`
  for (const address of ['', '/a?b=1', '?after=2', '#top', 'https://example.com/', 'mailto:ada@example.com'])
    assert.equal(linked(address), `<a href="${address}">x</a>`)
  for (const address of [
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
  ])
    assert.equal(linked(address), '<a href="#">x</a>')
  assert.equal(`${page`<form action="${'javascript:x'}"></form>`}`, '<form action="#"></form>')
  assert.equal(`${page`<a href="/find?q=${'"javascript:'}">x</a>`}`, '<a href="/find?q=&#34;javascript:">x</a>')
  assert.equal(linked('/"onclick="alert(1)'), '<a href="/&#34;onclick=&#34;alert(1)">x</a>')
})

test('where nothing can be escaped, nothing is put', () => {
  assert.throws(() => page`<p title=${hostile}></p>`, /double quotes/)
  assert.throws(() => page`<p title='${hostile}'></p>`, /double quotes/)
  assert.throws(() => page`<script>${hostile}</script>`, /a script, a style or a comment/)
  assert.throws(() => page`<style>${hostile}</style>`, /a script, a style or a comment/)
  assert.throws(() => page`<!-- ${hostile} -->`, /a script, a style or a comment/)
  assert.throws(() => page`<input ${hostile}>`, /Only HTML/)
  assert.throws(() => page`<p title="${page`<b></b>`}"></p>`, /cannot stand in an attribute/)
  const chosen = true
  assert.equal(`${page`<input ${chosen && page`checked`}>`}`, '<input checked>')
  assert.equal(`${page`<!-- a --><style>b{}</style><p>${1}</p>`}`, '<!-- a --><style>b{}</style><p>1</p>')
})

test('a page speaks the language the browser likes best of those there are', () => {
  const chosen = (header?: string) => languageOf({ headers: { 'accept-language': header } })
  assert.deepEqual(
    ['de', 'de-AT,de;q=0.9,en;q=0.8', 'fr,de;q=0.5,en;q=0.4', 'EN;q=0.1, DE;q=0.2', 'en;q=0,de;q=0.1'].map(chosen),
    ['de', 'de', 'de', 'de', 'de'],
  )
  assert.deepEqual(
    [undefined, '', '*', 'fr', 'de;q=0', 'en,de', 'de;q=x', ';;,=', 'den'].map(chosen),
    Array.from({ length: 9 }, () => 'en'),
  )
})

const startPages = async (t: TestContext) => {
  const greetings: Texts<string> = { en: 'Hello', de: 'Hallo' }
  const Fields = Type.Object({ name: Type.String(), plug: Type.Optional(Type.Array(Type.String())) })
  const desk = defineService({
    name: 'desk',
    folder: 'nowhere',
    start({ http }) {
      const produces = ['text/html']
      forForms(http, http => {
        for (const [path, secret] of [
          ['/', false],
          ['/secret', true],
        ] as const)
          http.get(
            path,
            {
              config: { access: anyone },
              schema: { summary: 'Look', produces, response: { 200: Type.Null(), 404: Type.Null() } },
            },
            (request, reply) =>
              sendPage(reply, secret ? 404 : 200, {
                language: languageOf(request),
                title: `${greetings[languageOf(request)]} <i>`,
                body: form('Say <hello>', page`<label>Name <input name="name"></label>`),
                onward: [{ to: '/', text: 'Home' }],
                secret,
              }),
          )
        http.post(
          '/',
          {
            config: { access: anyone },
            schema: { summary: 'Say', body: Fields, consumes: ['application/x-www-form-urlencoded'] },
          },
          ({ body }) => body,
        )
      })
    },
  })
  return await start(t, [desk])
}

test('a page is whole, names its language, leads on, runs nothing and fetches nothing', async t => {
  const { http } = await startPages(t)
  const { statusCode, headers, body } = await http.inject({ url: '/api/desk', headers: { 'accept-language': 'de' } })
  assert.equal(statusCode, 200)
  const style = /<style>([^]*)<\/style>/.exec(body)![1]!
  assert.partialDeepStrictEqual(headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-language': 'de',
    'referrer-policy': 'same-origin',
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; ` +
      `img-src 'self' data:; ` +
      `form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  })
  assert.match(String(headers.vary), /\baccept-language$/)
  assert.match(body, /^<!doctype html>\n<html lang="de">/)
  assert.match(body, /<meta name="viewport" content="width=device-width, initial-scale=1" \/>/)
  assert.match(body, /<title>Hallo &#60;i&#62;<\/title>/)
  assert.match(
    body,
    /<form method="post"><label>Name <input name="name"><\/label><button>Say &#60;hello&#62;<\/button>/,
  )
  assert.match(body, /<a href="\/">Home<\/a>/)
  assert.doesNotMatch(body, /<script|<link(?! rel="icon" href="data:,")|<img|https?:/)
  assert.equal(headers['cache-control'], 'no-store')
})

test('nobody keeps or lists a page whose address is a secret, whatever its status', async t => {
  const { http } = await startPages(t)
  const { statusCode, headers } = await http.inject('/api/desk/secret')
  assert.equal(statusCode, 404)
  assert.partialDeepStrictEqual(headers, { 'cache-control': 'no-store', 'x-robots-tag': 'noindex' })
})

test('who follows a link that leads nowhere is told so on a page with a way on; what asks the API hears of a fault', async t => {
  const { http } = await startPages(t)
  const look = (url: string, accept: string) => http.inject({ url, headers: { accept } })
  const page = await look('/desks/<b>?q="', 'text/html,*/*;q=0.8')
  assert.deepEqual([page.statusCode, page.headers['content-language']], [404, 'en'])
  assert.match(page.body, /<h1>There is nothing at this address<\/h1>[^]*<a href="[^"]*\/">The first page/)
  assert.doesNotMatch(page.body, /desks/)
  assert.match(String(page.headers.vary), /\baccept\b/)
  for (const [url, accept] of [
    ['/desks', '*/*'],
    ['/api/desks', 'text/html'],
  ] as const)
    assert.equal((await look(url, accept)).json().code, 'route_unknown')
})

test('what a form sends is held to the schema of its route', async t => {
  const { http } = await startPages(t)
  const send = (payload: string) =>
    http.inject({
      method: 'POST',
      url: '/api/desk',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload,
    })
  assert.deepEqual((await send('name=Ada+B%C3%BCrger&plug=1&plug=2')).json(), { name: 'Ada Bürger', plug: ['1', '2'] })
  for (const nul of ['%00', '%00%00', '\0'])
    assert.deepEqual((await send(`name=A${nul}da`)).json(), { name: 'Ada' }, 'what nobody types, and no table holds')
  assert.deepEqual((await send('name=A%0%000da')).json(), { name: 'A%00da' }, 'what is no NUL stays')
  assert.equal((await send('name=a&name=b')).statusCode, 400)
  assert.equal((await send('name=a&role=admin')).statusCode, 400)
  assert.equal((await send('name=a&__proto__=b')).statusCode, 400)
  assert.equal((await send('')).statusCode, 400)
  assert.equal((await send(`name=${'x'.repeat(70_000)}`)).statusCode, 413)
})

test('Markdown is cleaned: no script, no frame, no address that runs, no picture of others', async () => {
  const written = `# Title\n\n## Title\n\n## Ünter uns!\n\n<script>alert(1)</script> <b onclick=x>bold</b>\n\n[a](javascript:alert(1)) [b](data:text/html;base64,eA==) [c](https://example.com/ "t") [d](/help) [e](//evil.example) [f](mailto:a@example.com)\n\n![x](https://evil.example/x.png) ![ours](/pictures/1.webp)\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n<https://example.com/a>\n`
  const shown = String(await markdown(written))
  assert.match(shown, /<h2 id="title">Title<\/h2>\s*<h3 id="title-2">Title<\/h3>\s*<h3 id="ünter-uns">/)
  assert.match(String(await markdown('## Begin\n\n### Then')), /<h2 id="begin">Begin<\/h2>\s*<h3 id="then">/)
  assert.doesNotMatch(shown, /<script|<b |="(javascript|data):|evil\.example/)
  assert.match(shown, /<a href="https:\/\/example.com\/">c<\/a> <a href="\/help">d<\/a>/)
  assert.match(shown, /<img src="\/pictures\/1.webp" alt="ours" loading="lazy" \/>/)
  assert.match(shown, /<td>1<\/td>/)
  assert.match(String(await markdown('[c](https://example.com/)', 'reader')), /rel="ugc nofollow noopener"/)
  assert.deepEqual(await headingsOf('# One\n\ntext\n\n## Two\n\n# Three'), [
    { text: 'One', anchor: 'one' },
    { text: 'Three', anchor: 'three' },
  ])
})

test('data about a page ends no element, and its head says where it belongs', async t => {
  const service = defineService({
    name: 'answers',
    folder: import.meta.dirname,
    start({ site }) {
      site.get(
        '/found',
        { config: { access: anyone }, schema: { summary: 'A page', produces: ['text/html'] } },
        (_, reply) =>
          sendPage(reply, 200, {
            language: 'en',
            title: 'A "page"',
            body: page`<p>text</p>`,
            onward: [{ to: '/', text: 'Home' }],
            found: {
              address: 'https://example.com/found',
              description: hostile,
              languages: { en: 'https://example.com/found', de: 'https://example.com/de/found' },
              data: [{ '@type': 'Thing', name: hostile }],
            },
          }),
      )
    },
  })
  const { http } = await start(t, [service])
  const { body } = await http.inject('/found')
  assert.match(body, /<link rel="canonical" href="https:\/\/example.com\/found" \/>/)
  assert.match(body, /<link rel="alternate" hreflang="de" href="https:\/\/example.com\/de\/found" \/>/)
  const [, data] = /<script type="application\/ld\+json">(.*?)<\/script>/.exec(body)!
  assert.equal(JSON.parse(data!).name, hostile)
  assert.equal(body.match(/<script/g)!.length, 1)
})
