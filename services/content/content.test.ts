import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ApplicationReceived,
  ApplicationRemoved,
  ArticleChanged,
  ArticlePublished,
  ArticleWithdrawn,
} from '#contracts/content'
import { DocumentUploaded } from '#contracts/documents'
import { formOf, open } from './testing.ts'

const post = {
  language: 'en',
  title: 'Charging in winter',
  body: '# Cold\n\nBatteries like **warmth**.',
  tags: ['cold'],
}
const job = {
  language: 'en',
  title: 'Field technician',
  organisation: 'Voltaic GmbH',
  employment: 'full-time',
  place: 'Hamburg',
  country: 'DE',
  pay: { fromMinor: 4_200_000, toMinor: 5_400_000, currency: 'EUR', per: 'year' },
  body: 'You repair chargers.',
}
const pdf = Buffer.from('%PDF-1.7\nabout me')

test('what somebody writes is shown as readers would see it, and kept nowhere', async t => {
  const { as, nobody } = await open(t)
  const shown = await as()('POST', '/preview', { body: '# Cold <script>\n\n[x](javascript:1)' })
  assert.equal(shown.statusCode, 200, shown.body)
  assert.match(shown.json().html, /<h2 [^>]*>Cold &lt;script&gt;<\/h2>/)
  assert.doesNotMatch(shown.json().html, /<script|href=/)
  assert.equal((await as()('GET', '/blog?state=draft')).json().items.length, 0)
  assert.equal((await nobody('POST', '/preview', { body: 'x' })).statusCode, 401)
})

test('a post goes from draft to readers, is changed, found, withdrawn and deleted', async t => {
  const { p, as, nobody, page } = await open(t)
  const admin = as()
  const made = await admin('POST', '/blog', post)
  assert.equal(made.statusCode, 201, made.body)
  const { slug, version } = made.json()
  assert.deepEqual([slug, version, made.json().state], ['charging-in-winter', 1, 'draft'])
  assert.equal((await nobody('GET', `/blog/${slug}`)).json().code, 'article_unknown')
  assert.equal((await page(`/blog/${slug}`)).statusCode, 404)
  assert.equal((await admin('GET', '/blog?state=draft')).json().items.length, 1)
  assert.equal((await nobody('GET', '/blog?state=draft')).statusCode, 403)

  const published = await admin('POST', `/blog/${slug}/publish`)
  assert.equal(published.json().state, 'published')
  const read = await nobody('GET', `/blog/${slug}`)
  assert.match(read.json().html, /<h2 id="cold">Cold<\/h2>\s*<p>Batteries like <strong>warmth<\/strong>/)
  assert.equal(
    (await nobody('GET', '/blog?search=battery')).json().items[0].slug,
    slug,
    'found by another form of a word',
  )
  assert.equal((await nobody('GET', '/blog?tag=cold')).json().items.length, 1)

  const changed = await admin('PUT', `/blog/${slug}`, { ...post, body: '# Cold\n\nBatteries like it warm.' })
  assert.equal(changed.statusCode, 200, changed.body)
  const versions = (await admin('GET', `/blog/${slug}/versions`)).json().items
  assert.equal(versions.length, 2)
  const latest = (await admin('GET', `/blog/${slug}/versions/${versions[0].version}`)).json()
  assert.match(latest.difference, /^-Batteries like \*\*warmth\*\*\.$/m)
  assert.match(latest.difference, /^\+Batteries like it warm\.$/m)

  assert.equal((await admin('POST', `/blog/${slug}/withdraw`)).json().state, 'withdrawn')
  assert.equal((await nobody('GET', `/blog/${slug}`)).statusCode, 404)
  assert.equal((await admin('DELETE', `/blog/${slug}`)).statusCode, 204)
  assert.deepEqual(
    [ArticlePublished, ArticleChanged, ArticleWithdrawn].map(event => event.topic),
    ['article.published', 'article.changed', 'article.withdrawn'],
  )
  assert.equal((await p.published(ArticlePublished)).length, 1)
  assert.equal((await p.published(ArticleChanged)).length, 1)
  assert.equal((await p.published(ArticleWithdrawn)).length, 1)
})

test('only admins write, and nobody writes what is not theirs to say', async t => {
  const { as, nobody } = await open(t)
  for (const who of [as({ role: 'user' }), as({ role: 'operator' }), as({ role: 'vendor' })])
    assert.equal((await who('POST', '/blog', post)).statusCode, 403)
  assert.equal((await nobody('POST', '/blog', post)).statusCode, 401)
  const admin = as()
  for (const extra of [{ state: 'published' }, { version: 9 }, { publishedAt: '2020-01-01T00:00:00Z' }, { helped: 5 }])
    assert.equal((await admin('POST', '/blog', { ...post, ...extra })).statusCode, 400)
  assert.equal((await admin('POST', '/tutorials', post)).json().errors[0].pointer, '/steps')
})

test('of two editors of one article the second hears that it has changed', async t => {
  const { as } = await open(t)
  const [ada, grace] = [as(), as()]
  const { slug } = (await ada('POST', '/blog', post)).json()
  const tag = { 'if-match': '"1"' }
  assert.equal((await ada('PUT', `/blog/${slug}`, { ...post, title: 'Winter' }, tag)).statusCode, 200)
  assert.equal((await grace('PUT', `/blog/${slug}`, { ...post, title: 'Cold' }, tag)).statusCode, 412)
})

test('a slug that is taken is refused; one that was changed leads on, and no other takes it', async t => {
  const { as, page } = await open(t)
  const admin = as()
  const publish = async (draft: object) => {
    const { id } = (await admin('POST', '/blog', draft)).json()
    await admin('POST', `/blog/${id}/publish`)
    return id
  }
  const first = await publish(post)
  assert.equal((await admin('POST', '/blog', post)).json().code, 'slug_taken')
  await admin('PUT', `/blog/${first}`, { ...post, slug: 'winter' })
  const led = await page('/blog/charging-in-winter')
  assert.deepEqual([led.statusCode, led.headers.location], [301, '/blog/winter'])
  assert.equal((await admin('POST', '/blog', post)).json().code, 'slug_taken', 'nor by one that is new')
  const second = await publish({ ...post, title: 'Charging in summer' })
  const taking = await admin('PUT', `/blog/${second}`, { ...post, slug: 'charging-in-winter' })
  assert.deepEqual([taking.statusCode, taking.json().code], [409, 'slug_taken'], 'nor by one that is there')
  assert.equal((await page('/blog/charging-in-winter')).headers.location, '/blog/winter', 'it leads on all the same')
  // It takes its own back, and the one that it had meanwhile leads there.
  assert.equal((await admin('PUT', `/blog/${first}`, { ...post, slug: 'charging-in-winter' })).statusCode, 200)
  assert.equal((await page('/blog/charging-in-winter')).statusCode, 200)
  const back = await page('/blog/winter')
  assert.deepEqual([back.statusCode, back.headers.location], [301, '/blog/charging-in-winter'])
  assert.equal((await admin('DELETE', `/blog/${first}`)).statusCode, 204)
  assert.equal((await admin('POST', '/blog', { ...post, slug: 'winter' })).statusCode, 201, 'free once it is gone')
})

test('an article scheduled over a change of clocks comes at its instant', async t => {
  // In the night to 28 March 2027 clocks in Europe go from two to three.
  let at = new Date('2027-03-28T00:00:00Z')
  const opened = await open(t, { now: () => at })
  const admin = opened.as()
  const { id } = (await admin('POST', '/blog', post)).json()
  assert.equal(
    (await admin('POST', `/blog/${id}/publish`, { at: '2027-03-27T23:00:00Z' })).json().code,
    'publish_in_past',
  )
  const scheduled = await admin('POST', `/blog/${id}/publish`, { at: '2027-03-28T03:30:00+02:00' })
  assert.deepEqual([scheduled.json().state, scheduled.json().publishAt], ['scheduled', '2027-03-28T01:30:00.000Z'])
  at = new Date('2027-03-28T01:29:59Z')
  await opened.periodically(/publish what is due/)
  assert.equal((await opened.nobody('GET', `/blog/${id}`)).statusCode, 404)
  at = new Date('2027-03-28T01:30:00Z')
  await Promise.all([1, 2].map(() => opened.periodically(/publish what is due/)))
  assert.equal((await opened.nobody('GET', `/blog/${id}`)).json().publishedAt, '2027-03-28T01:30:00.000Z')
  assert.equal((await opened.p.published(ArticlePublished)).length, 1)
})

test('script in Markdown, in titles, in links and in pictures is text', async t => {
  const { as, page, nobody } = await open(t)
  const admin = as()
  const hostile = '<script>alert(1)</script><img src=x onerror=alert(1)>'
  const draft = {
    ...post,
    title: hostile,
    slug: 'hostile',
    summary: hostile,
    // What begins it is front matter elsewhere; here nothing of it counts.
    body: `---\ntitle: ${hostile}\nslug: taken-over\n---\n\n${hostile}\n\n[a](javascript:alert(1)) [d](JaVaScript&colon;alert(1)) [e](vbscript:x) [f](data:text/html,x) <javascript:alert(1)> ![b](data:image/svg+xml;base64,PHN2Zz4=) ![c](https://evil.example/x.svg)\n\n<svg onload=alert(1)>`,
    author: '"><script>alert(2)</script>',
  }
  const { id } = (await admin('POST', '/blog', draft)).json()
  await admin('POST', `/blog/${id}/publish`)
  for (const { body } of [await page('/blog/hostile'), await page('/blog')]) {
    assert.doesNotMatch(body, /<script(?! type="application\/ld\+json">)|<img|<svg|href="javascript|evil\.example/)
    for (const [, data] of body.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)) JSON.parse(data!)
  }
  const { html } = (await nobody('GET', '/blog/hostile')).json()
  assert.doesNotMatch(html, /<script|<svg|<img|="(javascript|vbscript|data)/i)
  assert.equal((await nobody('GET', '/blog/taken-over')).statusCode, 404)
  for (const feed of ['feed.xml', 'rss.xml']) assert.doesNotMatch((await page(`/blog/${feed}`)).body, /<script>alert/)
})

test('pages say how they are found, are the same for everybody and are not sent twice', async t => {
  const { as, page } = await open(t)
  const admin = as()
  const { id } = (await admin('POST', '/blog', { ...post, author: 'Ada Lovelace' })).json()
  await admin('POST', `/blog/${id}/publish`)
  const german = (
    await admin('POST', '/blog', { ...post, language: 'de', title: 'Laden im Winter', translationOf: id })
  ).json()
  await admin('POST', `/blog/${german.id}/publish`)
  const { body, headers } = await page('/blog/charging-in-winter')
  assert.match(body, /<link rel="canonical" href="[^"]+\/blog\/charging-in-winter" \/>/)
  assert.match(body, /<link rel="alternate" hreflang="de" href="[^"]+\/de\/blog\/laden-im-winter" \/>/)
  assert.match(body, /<meta property="og:type" content="article" \/>/)
  const data = [...body.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(([, text]) =>
    JSON.parse(text!),
  )
  assert.deepEqual(
    data.map(one => one['@type']),
    ['BlogPosting', 'BreadcrumbList'],
  )
  assert.equal(data[0].author.name, 'Ada Lovelace')
  assert.equal(headers['set-cookie'], undefined)
  assert.match(String(headers['cache-control']), /^public/)
  const again = await page('/blog/charging-in-winter', { 'if-none-match': String(headers.etag) })
  assert.deepEqual([again.statusCode, again.body], [304, ''])
  assert.match((await page('/de/blog')).body, /<html lang="de">[^]*Laden im Winter/)
  assert.match((await page('/blog/feed.xml')).body, /<entry>[^]*Charging in winter/)
  assert.match((await page('/blog/rss.xml')).body, /<item>[^]*Charging in winter/)
  assert.equal(JSON.parse((await page('/blog/feed.json')).body).items.length, 1)
  const map = (await page('/sitemaps/content-1.xml')).body
  assert.match(map, /<loc>[^<]+\/de\/blog\/laden-im-winter<\/loc>/)
  const help = await page('/help/sign-in-and-accounts')
  assert.match(help.body, /"@type":"FAQPage"/)
  assert.match((await page('/tutorials/first-passport')).body, /"@type":"HowToStep"/)
  assert.match((await page('/help?q=passports')).body, /what-is-a-battery-passport/)
  for (const path of ['/blog', '/help', '/tutorials', '/jobs', '/de/help', '/help/sign-in-and-accounts'])
    assert.ok((await page(path)).body.length < 60_000, path)
})

test('search engines find what is written however much it is: an index names every page of the sitemap', async t => {
  const { p, page } = await open(t)
  await p.db('content')`
    insert into articles (id, kind, language, family, slug, owner_kind, owner_id, title, summary, body, tags, details,
      state, published_at, changed_at, created_at, version)
    select id, 'post', 'en', id, 'post-' || n, 'person', id, 'A post', '', '', '{}', '{}', 'published',
      now() + n * interval '1 ms', now(), now(), 1
    from (select n, gen_random_uuid() as id from generate_series(1, 5001) n) posts`
  const places = async (path: string) => {
    const { statusCode, body } = await page(path)
    assert.equal(statusCode, 200, path)
    return [...body.matchAll(/<loc>https?:\/\/[^/<]+([^<]+)<\/loc>/g)].map(([, place]) => place!)
  }
  const files = await places('/sitemaps/content.xml')
  assert.deepEqual(files, ['/sitemaps/content-1.xml', '/sitemaps/content-2.xml'])
  const all = (await Promise.all(files.map(places))).flat()
  assert.equal(new Set(all).size, all.length, 'none twice')
  assert.ok(all.includes('/blog/post-1') && all.includes('/blog/post-5001'))
  assert.equal(all.filter(place => place.startsWith('/blog/post-')).length, 5_001)
})

test('a page made before shows at once what else has been written since, also to who has it', async t => {
  const { as, nobody, page } = await open(t)
  const admin = as()
  const written = async (article: object) => {
    const { id } = (await admin('POST', '/blog', article)).json()
    assert.equal((await admin('POST', `/blog/${id}/publish`)).statusCode, 200)
    return id as string
  }
  const id = await written(post)
  const path = '/blog/charging-in-winter'
  const seen = async (known = '') => {
    const { statusCode, body, headers } = await page(path, { 'if-none-match': known })
    return { statusCode, body, tag: String(headers.etag) }
  }
  const first = await seen()
  assert.equal((await seen()).body, first.body)
  assert.equal((await seen(first.tag)).statusCode, 304)

  const other = await written({ ...post, title: 'Charging in summer' })
  const second = await seen(first.tag)
  assert.match(second.body, /href="\/blog\/charging-in-summer"/)
  await written({ ...post, language: 'de', title: 'Laden im Winter', translationOf: id })
  assert.match((await seen(second.tag)).body, /href="\/de\/blog\/laden-im-winter"/)
  await admin('POST', `/blog/${other}/withdraw`)
  assert.doesNotMatch((await seen(second.tag)).body, /charging-in-summer/)

  const { tag } = await seen()
  assert.equal((await nobody('POST', '/help/messages/helpful', { helped: true })).statusCode, 204)
  assert.equal((await seen(tag)).statusCode, 304, 'whether an article helped is on no page')
})

test('a reader notes how far they are in a tutorial, and says whether a help article helped', async t => {
  const { p, as, nobody, page } = await open(t)
  const ada = as({ role: 'user' })
  assert.deepEqual((await ada('GET', '/tutorials/first-passport/progress')).json(), { step: 0 })
  assert.deepEqual((await ada('PUT', '/tutorials/first-passport/progress', { step: 2 })).json(), { step: 2 })
  assert.equal((await ada('PUT', '/tutorials/first-passport/progress', { step: 99 })).json().code, 'step_unknown')
  assert.deepEqual((await as({ role: 'user' })('GET', '/tutorials/first-passport/progress')).json(), { step: 0 })
  assert.equal((await page('/tutorials/first-passport/progress')).statusCode, 303)
  assert.equal((await nobody('POST', '/help/messages/helpful', { helped: true })).statusCode, 204)
  const said = await p.http.inject({
    method: 'POST',
    url: '/help/messages/helpful',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'helped=no',
  })
  assert.equal(said.statusCode, 200)
  const [row] = await p.db('content')`select helped, not_helped from articles where slug = 'messages'`
  assert.deepEqual({ ...row }, { helped: 1, not_helped: 1 })
})

test('a job goes from posting to application, whose file goes to documents and in time away', async t => {
  let at = new Date()
  const opened = await open(t, { now: () => at })
  const { p, as, nobody, page } = opened
  const admin = as()
  const { id, slug } = (await admin('POST', '/jobs', job)).json()
  await admin('POST', `/jobs/${id}/publish`)
  const shown = await page(`/jobs/${slug}`)
  assert.match(shown.body, /"@type":"JobPosting"[^]*"minValue":42000/)
  const apply = (
    fields: Record<string, string>,
    file?: { name: string; content: Buffer },
    path = `/jobs/${slug}/apply`,
  ) => p.http.inject({ method: 'POST', url: path, ...formOf(fields, file) })
  const grace = { name: 'Grace Hopper', email: 'grace@example.com', message: 'I like cables.' }
  const sent = await apply(grace, { name: '../cv.pdf', content: pdf })
  assert.equal(sent.statusCode, 201, sent.body)
  assert.match(sent.body, /has arrived/)
  const [received] = await p.published(ApplicationReceived)
  assert.equal(received!.file!.fileName, 'cv.pdf')
  assert.equal(received!.title, 'Field technician')

  const { items } = (await admin('GET', `/jobs/${slug}/applications`)).json()
  assert.deepEqual([items[0].name, items[0].fileName], ['Grace Hopper', 'cv.pdf'])
  assert.equal((await as({ role: 'user' })('GET', `/jobs/${slug}/applications`)).statusCode, 403)
  assert.equal((await nobody('GET', `/applications/${items[0].id}`)).statusCode, 401)
  // Those who decide move it on and note why; who was slower hears of it.
  const change = (body: object, tag = '"1"') =>
    p.http.inject({
      method: 'PATCH',
      url: `/api/content/applications/${items[0].id}`,
      headers: { ...p.signedIn({ role: 'admin' }), 'if-match': tag },
      payload: body,
    })
  const moved = await change({ stage: 'interview', note: 'Knows AC wiring.\nCall on Monday.' })
  assert.deepEqual([moved.statusCode, moved.headers.etag], [200, '"2"'])
  assert.equal((await change({ stage: 'declined' })).statusCode, 412)
  assert.equal((await change({ stage: 'anything' }, '"2"')).statusCode, 400)
  const noted = (await admin('GET', `/applications/${items[0].id}`)).json()
  assert.deepEqual([noted.stage, noted.note], ['interview', 'Knows AC wiring.\nCall on Monday.'])
  const inStage = async (stage: string) =>
    (await admin('GET', `/jobs/${slug}/applications?stage=${stage}`)).json().items.length
  assert.deepEqual([await inStage('interview'), await inStage('received')], [1, 0])
  const file = await admin('GET', `/applications/${items[0].id}/file`)
  assert.deepEqual(file.rawPayload, pdf)

  // Documents tell that they have it.
  await p.publish(DocumentUploaded, {
    docId: items[0].id,
    passportId: null,
    fileName: 'cv.pdf',
    owner: received!.owner,
    version: 1,
    title: 'cv',
    kind: 'application',
    contentType: 'application/pdf',
    sizeBytes: pdf.length,
    sha256: received!.file!.sha256,
  })
  await p.settle()
  const [row] = await p.db('content')`select filed_at is not null as filed from applications`
  assert.equal(row!.filed, true)

  at = new Date(at.getTime() + 179 * 86_400_000)
  await opened.periodically(/kept long enough/)
  assert.equal((await p.db('content')`select id from applications`).length, 1)
  at = new Date(at.getTime() + 2 * 86_400_000)
  await opened.periodically(/kept long enough/)
  assert.equal((await p.db('content')`select id from applications`).length, 0)
  assert.equal((await p.published(ApplicationRemoved)).length, 1)
})

test('an application with an empty file, another kind of file or one that is too large leaves nothing', async t => {
  const { p, as } = await open(t, { environment: { CONTENT_APPLICATION_MAX_BYTES: '20000' } })
  const admin = as()
  const { slug, id } = (await admin('POST', '/jobs', { ...job, openUntil: '2999-01-01' })).json()
  await admin('POST', `/jobs/${id}/publish`)
  const grace = { name: 'Grace', email: 'grace@example.com' }
  const apply = (fields: Record<string, string>, file?: { name: string; content: Buffer }) =>
    p.http.inject({ method: 'POST', url: `/api/content/jobs/${slug}/apply`, ...formOf(fields, file) })
  const refusals = [
    await apply(grace, { name: 'cv.pdf', content: Buffer.alloc(0) }),
    await apply(grace, { name: 'cv.exe', content: Buffer.from('MZ\0\0') }),
    await apply(grace, { name: 'cv.exe', content: pdf }),
    await apply(grace, { name: 'cv.pdf', content: Buffer.from('<html><script>') }),
    await apply(grace, { name: 'cv.pdf', content: Buffer.concat([pdf, Buffer.alloc(30_000)]) }),
    await apply({ name: 'Grace' }),
  ]
  assert.deepEqual(
    refusals.map(answer => [answer.statusCode, answer.json().code]),
    [
      [415, 'application_file_refused'],
      [415, 'application_file_refused'],
      [415, 'application_file_refused'],
      [415, 'application_file_refused'],
      [413, 'application_file_too_large'],
      [400, 'request_invalid'],
    ],
  )
  assert.equal((await apply(grace)).statusCode, 201)
  assert.equal((await admin('GET', `/jobs/${slug}/applications/count`)).json().count, 1)
  // On the page what was typed stays, and it says what is wrong.
  const again = await p.http.inject({
    method: 'POST',
    url: `/jobs/${slug}/apply`,
    ...formOf({ name: 'Grace "H"', email: 'x' }),
  })
  assert.equal(again.statusCode, 400)
  assert.match(again.body, /role="alert"[^]*value="Grace &#34;H&#34;"/)
})

test('for a job that is over nobody applies, and its page says so', async t => {
  const { p, as, page } = await open(t)
  const admin = as()
  const { slug, id } = (await admin('POST', '/jobs', { ...job, openUntil: '2020-01-31' })).json()
  await admin('POST', `/jobs/${id}/publish`)
  const refused = await p.http.inject({
    method: 'POST',
    url: `/api/content/jobs/${slug}/apply`,
    ...formOf({ name: 'Grace', email: 'grace@example.com' }),
  })
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'job_closed'])
  assert.equal((await page(`/jobs/${slug}`)).statusCode, 410)
})
