import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { client } from './client.ts'
import { withClockwork } from './clockwork.ts'

const admin = { email: 'root@example.com', password: 'quiet trains at dawn' }
const draft = {
  language: 'en',
  title: 'Charging in winter',
  summary: 'What the cold does to a battery.',
  body: '# Why cold matters\n\nBatteries like **warmth**.',
  author: 'Ada Lovelace',
  tags: ['cold'],
}
const feeds = ['/blog/feed.xml', '/blog/rss.xml', '/blog/feed.json']
/** Where readers and search engines come upon a post. */
const places = ['/blog', ...feeds, '/sitemaps/content-1.xml']

test('a post from draft to feed: previewed, published at its time, found, corrected, and withdrawn from everywhere', async t => {
  let at = new Date('2027-03-27T20:00:00Z')
  const chosen = await choose(['identity', 'documents', 'passports', 'notifications', 'content'])
  const { services, strike } = withClockwork(chosen, 'content')
  const p = await start(t, services, {
    now: () => at,
    environment: { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  const address = await p.listen()
  const home = p.platform.config.publicUrl
  const [root, reader] = [client(address), client(address)]
  const signIn = async () => root.use(await root.get(200, 'POST /api/auth/login', admin))
  const textOf = async (path: string): Promise<string> => {
    const body = await reader.get(200, `GET ${path}`)
    return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body)
  }
  const foundAt = async (path: string): Promise<string[]> => {
    const texts = await Promise.all(places.map(textOf))
    return places.filter((_, at) => [`${path}"`, `${path}<`].some(end => texts[at]!.includes(end)))
  }
  const statusOf = async (path: string): Promise<number> => (await reader.ask(`GET ${path}`)).status
  await signIn()

  // Who writes sees it as readers will; nobody else sees anything, by its name or by its id.
  const shown = await root.get(200, 'POST /api/content/preview', { body: draft.body })
  assert.match(
    shown.html,
    /<h2 id="why-cold-matters">Why cold matters<\/h2>\s*<p>Batteries like <strong>warmth<\/strong>/,
  )
  const { id, slug, state } = await root.get(201, 'POST /api/content/blog', draft)
  assert.deepEqual([slug, state], ['charging-in-winter', 'draft'])
  const path = `/blog/${slug}`
  const isHidden = async (): Promise<void> => {
    for (const one of [path, `/api/content${path}`, `/api/content/blog/${id}`])
      assert.equal(await statusOf(one), 404, one)
    assert.deepEqual(await foundAt(path), [])
    assert.deepEqual((await reader.get(200, 'GET /api/content/blog')).items, [])
  }
  await isHidden()
  assert.equal(await statusOf('/api/content/blog?state=draft'), 403)

  // In the night in which clocks go forward, it comes at its instant.
  await root.get(400, `POST /api/content/blog/${id}/publish`, { at: '2027-03-27T19:00:00Z' })
  const scheduled = await root.get(200, `POST /api/content/blog/${id}/publish`, { at: '2027-03-28T03:30:00+02:00' })
  assert.deepEqual([scheduled.state, scheduled.publishAt], ['scheduled', '2027-03-28T01:30:00.000Z'])
  at = new Date('2027-03-28T01:29:59Z')
  await strike(/publish what is due/)
  await isHidden()
  at = new Date('2027-03-28T01:30:10Z')
  await strike(/publish what is due/)
  assert.deepEqual(await foundAt(path), places)
  assert.equal((await reader.get(200, `GET /api/content${path}`)).publishedAt, '2027-03-28T01:30:00.000Z')

  // Its page says to search engines, and to where it is passed on, what it is.
  const page = await textOf(path)
  assert.match(page, /<h1[^>]*>Charging in winter<\/h1>[^]*Ada Lovelace[^]*<strong>warmth<\/strong>/)
  for (const said of [
    `<link rel="canonical" href="${home}${path}" />`,
    `<link rel="alternate" type="application/atom+xml" href="${home}/blog/feed.xml" />`,
    '<meta property="og:type" content="article" />',
    `<meta property="og:title" content="${draft.title}" />`,
    `<meta property="og:url" content="${home}${path}" />`,
    `<meta property="og:description" content="${draft.summary}" />`,
  ])
    assert.ok(page.includes(said), said)
  const [posting] = [...page.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(([, text]) =>
    JSON.parse(text!),
  )
  assert.deepEqual(
    [posting['@type'], posting.headline, posting.url, posting.author.name, posting.datePublished],
    ['BlogPosting', draft.title, home + path, 'Ada Lovelace', '2027-03-28T01:30:00.000Z'],
  )
  const [atom, rss] = [await textOf('/blog/feed.xml'), await textOf('/blog/rss.xml')]
  assert.match(atom, /<entry>[^]*Charging in winter[^]*<name>Ada Lovelace<\/name>[^]*<\/entry>/)
  assert.match(rss, /<item>[^]*Charging in winter[^]*<pubDate>Sun, 28 Mar 2027 01:30:00 GMT<\/pubDate>[^]*<\/item>/)
  const [item] = (await reader.get(200, 'GET /blog/feed.json')).items
  assert.deepEqual([item.url, item.title, item.tags], [home + path, draft.title, ['cold']])
  assert.match(item.content_html, /<strong>warmth<\/strong>/)

  // It is corrected under another name: what has changed is kept, and the old name leads on.
  at = new Date('2027-03-29T08:00:00Z')
  await signIn()
  const corrected = { ...draft, slug: 'cold', body: '# Why cold matters\n\nBatteries like it **warm**.' }
  const known = { 'if-match': `"${(await root.get(200, `GET /api/content${path}`)).version}"` }
  await root.get(200, `PUT /api/content/blog/${id}`, corrected, known)
  await root.get(412, `PUT /api/content/blog/${id}`, draft, known)
  const { items: versions } = await root.get(200, `GET /api/content/blog/${id}/versions`)
  assert.deepEqual(
    versions.map((one: any) => one.slug),
    ['cold', slug],
  )
  const { difference } = await root.get(200, `GET /api/content/blog/${id}/versions/${versions[0].version}`)
  assert.match(difference, /^-Batteries like \*\*warmth\*\*\.$/m)
  assert.match(difference, /^\+Batteries like it \*\*warm\*\*\.$/m)
  assert.equal(await statusOf(`/api/content/blog/${id}/versions`), 401)
  const old = await reader.ask(`GET ${path}`)
  assert.deepEqual([old.status, old.headers.get('location')], [301, '/blog/cold'])
  assert.match(await textOf('/blog/cold'), /like it <strong>warm<\/strong>/)
  assert.deepEqual([await foundAt('/blog/cold'), await foundAt(path)], [places, []])
  const [again] = (await reader.get(200, 'GET /blog/feed.json')).items
  assert.match(again.content_html, /<strong>warm<\/strong>/)
  assert.deepEqual([again.date_published, again.date_modified], ['2027-03-28T01:30:00.000Z', at.toISOString()])

  // What is withdrawn is nowhere, under neither name; brought back it is as old as it is.
  await root.get(200, `POST /api/content/blog/${id}/withdraw`)
  assert.deepEqual(await Promise.all([path, '/blog/cold', '/api/content/blog/cold'].map(statusOf)), [404, 404, 404])
  assert.deepEqual(await foundAt('/blog/cold'), [])
  await root.get(200, `POST /api/content/blog/${id}/publish`)
  assert.deepEqual(await foundAt('/blog/cold'), places)
  assert.equal((await reader.get(200, 'GET /api/content/blog/cold')).publishedAt, '2027-03-28T01:30:00.000Z')
})
