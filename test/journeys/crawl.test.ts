import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose } from '../../services/all.ts'
import { doors } from '../../services/doors.ts'
import { everythingHappens } from './everything.ts'

/** A page as a search engine sees it. */
interface Seen {
  readonly path: string
  readonly status: number
  readonly title: string
  readonly language: string | undefined
  readonly canonical: string | undefined
  readonly mayBeListed: boolean
  readonly links: readonly string[]
  /** The same in other languages, by language. */
  readonly languages: ReadonlyMap<string, string>
  readonly feeds: readonly string[]
}

/** Nobody follows what robots are asked to leave, or what is for people at work. */
const left = /^\/(api|cart|checkout|console|docs|account)\b/
const most = 500

const textOf = (html: string, pattern: RegExp): string | undefined =>
  pattern.exec(html)?.[1]?.trim().replaceAll('&amp;', '&').replaceAll('&#34;', '"').replaceAll('&#39;', `'`)

test('J16: who crawls from the first page meets no dead link and no title twice, and finds what the sitemaps list', async t => {
  const p = await everythingHappens(await choose(), { doors })
  t.after(p.close)
  await p.settle()
  const home = p.platform.config.publicUrl

  const read = async (path: string, language = 'en') =>
    await p.http.inject({ url: path, headers: { accept: 'text/html', 'accept-language': language } })
  /** As a path; undefined for what leads elsewhere, or is left out. */
  const pathOf = (link: string, from: string): string | undefined => {
    const url = URL.parse(link.replaceAll('&amp;', '&'), new URL(from, home))
    if (!url || url.origin !== new URL(home).origin || left.test(url.pathname)) return undefined
    // Of filtered lists the first filter is enough.
    return url.searchParams.size > 1 ? undefined : url.pathname + url.search
  }

  async function look(path: string): Promise<Seen> {
    const { statusCode: status, headers, body } = await read(path)
    const isPage = String(headers['content-type']).startsWith('text/html')
    const html = isPage ? body : ''
    const to = headers.location === undefined ? [] : [String(headers.location)]
    const robots = `${String(headers['x-robots-tag'] ?? '')} ${textOf(html, /<meta name="robots" content="([^"]*)"/) ?? ''}`
    return {
      path,
      status,
      language: textOf(html, /<html lang="([^"]*)"/),
      title: textOf(html, /<title>([^<]*)</) ?? '',
      canonical: textOf(html, /<link rel="canonical" href="([^"]*)"/)?.replace(home, ''),
      mayBeListed: isPage && status === 200 && !/noindex/.test(robots),
      links: [...to, ...[...html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map(([, link]) => link!)],
      languages: new Map(
        [...html.matchAll(/<link rel="alternate" hreflang="([^"]*)" href="([^"]*)"/g)].map(([, language, link]) => [
          language!,
          link!.replace(home, ''),
        ]),
      ),
      feeds: [...html.matchAll(/<link rel="alternate" type="application\/[^"]*" href="([^"]*)"/g)].map(([, link]) =>
        link!.replace(home, ''),
      ),
    }
  }

  const seen = new Map<string, Seen>()
  const via = new Map<string, string>([['/', '']])
  for (const [path] of via) {
    if (seen.size >= most) break
    const page = await look(path)
    seen.set(path, page)
    for (const link of [...page.links, ...page.languages.values()]) {
      const next = pathOf(link, path)
      if (next && !via.has(next)) via.set(next, path)
    }
  }
  t.diagnostic(`${seen.size} pages`)
  assert.ok(seen.size > 25 && seen.size < most, `${seen.size} pages`)
  const pages = [...seen.values()]
  assert.deepEqual(
    pages
      .filter(({ status }) => status >= 400 && status !== 410)
      .map(({ path, status }) => [status, path, via.get(path)]),
    [],
    'no link is dead',
  )

  const listed = pages.filter(({ path, mayBeListed, canonical }) => mayBeListed && (canonical ?? path) === path)
  const twice = listed.filter(({ title, language, path }) =>
    listed.some(other => other.title === title && other.language === language && other.path !== path),
  )
  assert.deepEqual(
    twice.map(({ title, path }) => [title, path]),
    [],
    'each page has a title of its own in its language',
  )

  // What is the same in another language says so too, and leads back.
  for (const { path, languages } of listed)
    for (const other of languages.values())
      assert.ok([...seen.get(other)!.languages.values()].includes(languages.get('en')!), `${path} and ${other}`)
  const feeds = new Set(pages.flatMap(page => page.feeds))
  assert.ok(feeds.size > 0)
  for (const feed of feeds) {
    const { statusCode, headers, body } = await read(feed)
    assert.equal(statusCode, 200, feed)
    assert.match(String(headers['content-type']), /^application\/(atom|rss)\+xml/)
    assert.match(body, /<feed |<rss /)
  }

  const robots = (await read('/robots.txt')).body
  const files = [...robots.matchAll(/^Sitemap: (\S+)$/gm)].map(([, file]) => file!.replace(home, ''))
  const inMaps = new Set<string>()
  for (const file of files) {
    const { statusCode, body } = await read(file)
    assert.equal(statusCode, 200, file)
    const found = [...body.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, place]) =>
      place!.replaceAll('&amp;', '&').replace(home, ''),
    )
    if (body.includes('<sitemapindex')) files.push(...found)
    else found.forEach(place => inMaps.add(place))
  }
  assert.ok(files.includes('/sitemaps/content.xml') && files.includes('/sitemaps/content-1.xml'))
  assert.ok(inMaps.size > 5, `${inMaps.size} places`)
  const unfit = []
  for (const place of inMaps) {
    const page = seen.get(place) ?? (await look(place))
    if (!page.mayBeListed || (page.canonical ?? place) !== place) unfit.push([place, page.status, page.canonical])
  }
  assert.deepEqual(unfit, [], 'what the sitemaps list may be listed, under that very address')
  assert.deepEqual(
    listed.map(({ path }) => path).filter(path => !inMaps.has(path)),
    [],
    'and they list all that may be',
  )

  // What was there once and is no more says so, and is listed no longer.
  await p.db('content')`
    update articles set details = (details::jsonb || '{"openUntil": "2020-01-31"}')::json where kind = 'job'`
  const over = [...inMaps].filter(place => place.startsWith('/jobs/'))
  assert.ok(over.length > 0)
  for (const place of over) assert.equal((await read(place)).statusCode, 410, place)
  assert.ok(!(await read('/sitemaps/content-1.xml')).body.includes(over[0]!))
})
