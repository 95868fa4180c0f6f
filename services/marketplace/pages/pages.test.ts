import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { VendorUpdated } from '#contracts/vendors'
import { start } from '../../../kernel/testing.ts'
import { all } from '../../all.ts'
import { seedShop } from '../../../tools/demo/shop.ts'
import { findingsOf } from '../../../test/browser/axe.ts'
import { openChromium, withoutChromium } from '../../../test/browser/chromium.ts'
import { onSale, open, type Client } from '../testing.ts'

const script = `<script>alert(1)</script><img src=x onerror=alert(1)>`

const dataIn = (text: string): any[] =>
  [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)].map(([, json]) => JSON.parse(json!))

test('the page of a product says all there is in either language, sets no cookie, and runs nothing of others', async t => {
  const market = await open(t, {
    environment: { SHOP_NAME: 'Volt & Co', SHOP_COLOUR: '#aa0000', PUBLIC_URL: 'https://shop.example.com' },
  })
  const hostile = {
    name: `Box ${script}`,
    description: `# ${script}\n\n- [x](javascript:alert(1))`,
    tags: ['<b onclick=x>'],
    translations: { de: { name: 'Kiste', description: 'Gut' } },
  }
  const product = await onSale(market, { ...hostile, originalPrice: 59_900, slug: 'box' })
  const buyer = market.as()
  await market.received(buyer.userId, product.id)
  const said = { rating: 5, title: `Good "&" ${script}`, body: script, author: script }
  const review = await buyer.post(`/products/${product.id}/reviews`, said)
  assert.equal(review.body.state, 'held')
  assert.equal((await market.admin().put(`/reviews/${review.body.id}/state`, { state: 'visible' })).status, 200)
  const vendor = { vendorId: product.vendorId, owner: product.owner, applicantId: null, slug: 'volt' }
  await market.p.publish(VendorUpdated, {
    ...vendor,
    name: `Volt ${script}`,
    status: 'active',
    verified: true,
    version: 1,
  })
  await market.p.settle()
  const { status, text, headers } = await market.visit('/shop/p/box', { 'accept-language': 'en' })
  assert.equal(status, 200)
  assert.equal(headers['set-cookie'], undefined)
  assert.match(String(headers['content-security-policy']), /default-src 'none'.*script-src 'self'; connect-src 'self'$/)
  assert.doesNotMatch(
    text.replace(/<script (type="application\/ld\+json"|src="\.\.\/suggestions\.js" defer)>/g, ''),
    /<script|<img src=x|<b |href="javascript:/,
  )
  assert.ok(text.length < 60_000, `${text.length} bytes`)
  assert.match(text, /<html lang="en"/)
  assert.match(text, /<link rel="canonical" href="https:\/\/shop.example.com\/shop\/p\/box"/)
  assert.match(text, /property="og:type" content="product"/)
  assert.match(text, /€499.00/)
  assert.match(text, /action="\/cart\/items"/)
  assert.match(text, /Sold by <a href="\/shop\/v\/volt"/)
  const [crumbs, data] = dataIn(text)
  assert.equal(crumbs['@type'], 'BreadcrumbList')
  assert.partialDeepStrictEqual(data, {
    '@type': 'Product',
    name: hostile.name,
    offers: [{ '@type': 'Offer', price: '499.00', priceCurrency: 'EUR', availability: 'https://schema.org/InStock' }],
    aggregateRating: { ratingValue: 5, reviewCount: 1 },
    review: [{ '@type': 'Review', reviewRating: { ratingValue: 5 } }],
  })
  assert.match((await market.visit('/shop/p/box?lang=de')).text, /<html lang="de"[\s\S]*Kiste[\s\S]*In den Warenkorb/)
  await market.admin().put(`/products/${product.id}`, { slug: 'crate' })
  const moved = await market.visit('/shop/p/box')
  assert.deepEqual([moved.status, moved.headers.location], [301, '/shop/p/crate'])
  assert.equal((await market.visit('/shop/p/none')).status, 404)
  assert.equal((await market.visit('/shop/none')).status, 404)
})

test('a product says who made it and who answers for it, in words of the law, and an approved one is looked at anew', async t => {
  const market = await open(t, { environment: { SHOP_APPROVAL: 'changes' } })
  const party = { name: 'Volt <b>', address: 'Ringstr. 5, Berlin', email: 'safety@volt.example' }
  const safety = {
    manufacturer: party,
    responsible: { ...party, name: 'Union GmbH' },
    warnings: 'Wear gloves.\nKeep dry.',
  }
  const vendor = market.vendor()
  const product = await onSale(market, { slug: 'box', safety }, vendor)
  const seen = await market.visit('/shop/p/box', { 'accept-language': 'en' })
  for (const part of [
    /Made by/,
    /Volt &#60;b&#62;/,
    /Answers for it in the EU/,
    /Wear gloves/,
    /withdraw from the contract/,
  ])
    assert.match(seen.text, part)
  assert.match((await market.visit('/shop/p/box?lang=de')).text, /Verantwortlich in der EU[\s\S]*widerrufen/)
  const { body: before } = await vendor.get(`/products/${product.id}`)
  const { body: same } = await vendor.put(`/products/${product.id}`, { safety })
  assert.equal(same.version, before.version, 'the same said again changes nothing')
  const { body: changed } = await vendor.put(`/products/${product.id}`, { safety: null })
  assert.deepEqual([changed.safety, changed.status], [null, 'pending'])
  const wrong = await vendor.put(`/products/${product.id}`, { safety: { manufacturer: { ...party, email: 'nobody' } } })
  assert.equal(wrong.status, 400)
})

test('the shop is searched, narrowed down and gone through by forms and links, whatever stands in the address', async t => {
  const market = await open(t)
  for (let index = 0; index < 26; index++) await onSale(market, { name: `Box ${index}`, price: 1_000 + index * 100 })
  const { text } = await market.visit('/shop?search=box&sort=price&from=10,50')
  assert.match(text, /25 products/)
  assert.match(text, /noindex/)
  const next = /rel="next" href="([^"]+)"/.exec(text)![1]!.replaceAll('&#38;', '&')
  assert.match((await market.visit(next)).text, /Box 25/)
  for (const odd of [
    '?after=x',
    '?sort=none',
    '?from=abc',
    '?rating=9',
    '?a.power=1&a.power=2',
    '?search=%00',
    `?search=${encodeURIComponent(script)}`,
    '?utm_source=mail',
    '?lang=de',
  ])
    assert.equal((await market.visit(`/shop${odd}`)).status, 200, odd)
  assert.doesNotMatch((await market.visit(`/shop?search=${encodeURIComponent(script)}`)).text, /<script>|<img src=x/)
  const map = (await market.visit('/shop/sitemap.xml')).text
  const parts = [...map.matchAll(/<loc>http:\/\/[^/]+([^<]+)<\/loc>/g)].map(([, path]) => path!)
  assert.equal(parts.length, 2)
  const listed = (await market.visit(parts[1]!)).text
  assert.equal(listed.match(/<loc>/g)!.length, 26)
  for (const language of ['en', 'de', 'x-default'])
    assert.equal(listed.match(new RegExp(`hreflang="${language}"`, 'g'))!.length, 26)
  assert.match((await market.visit('/robots.txt')).text, /Sitemap: http.*\/shop\/sitemap.xml/)
})

test('the list is narrowed down by vendor, kind, tags and stars, and keeps each while others are chosen', async t => {
  const market = await open(t)
  const [volt, ampere] = [market.vendor(), market.vendor()]
  const named = async (vendorId: string, name: string) =>
    await market.p.publish(VendorUpdated, {
      vendorId,
      owner: { kind: 'person', id: vendorId },
      applicantId: null,
      slug: name.toLowerCase(),
      name,
      status: 'active',
      verified: true,
      version: 1,
    })
  await named(volt.userId, 'Volt')
  await named(ampere.userId, 'Ampere')
  const cable = await onSale(market, { name: 'Cable', tags: ['Type 2', 'Blue'] }, volt)
  const plug = await onSale(market, { name: 'Plug', tags: ['Type 2'] }, ampere)
  await onSale(market, { name: 'Software', kind: 'digital', stockPolicy: 'unlimited', tags: ['one, two'] }, ampere)
  for (const [product, rating] of [
    [cable, 5],
    [plug, 3],
  ]) {
    const buyer = market.as()
    await market.received(buyer.userId, product.id)
    assert.equal((await buyer.post(`/products/${product.id}/reviews`, { rating })).status, 201)
  }
  const list = async (asked: string) => {
    const { text } = await market.visit(`/shop?${asked}`, { 'accept-language': 'en' })
    return {
      text,
      names: [...text.matchAll(/<a href="\/shop\/p\/[^"]+"><bdi>([^<]+)/g)].map(([, name]) => name).sort(),
    }
  }
  const { text } = await list('')
  for (const part of [
    /<select name="vendor">[\s\S]*>Ampere \(2\)<[\s\S]*>Volt \(1\)</,
    />Things \(2\)<[\s\S]*>Licences and files \(1\)</,
    /value="type 2"/,
    />4 stars or more \(1\)<[\s\S]*>3 stars or more \(2\)</,
  ])
    assert.match(text, part)
  assert.doesNotMatch(text, /value="one, two"/, 'it would be taken for two')
  assert.deepEqual((await list(`vendor=${ampere.userId}`)).names, ['Plug', 'Software'])
  assert.deepEqual((await list('kind=digital')).names, ['Software'])
  assert.deepEqual((await list('tags=type+2&tags=blue')).names, ['Cable'])
  assert.deepEqual((await list('tags=Type+2,Blue')).names, ['Cable'])
  const starred = await list(`rating=4&tags=type+2&vendor=${volt.userId}`)
  assert.deepEqual(starred.names, ['Cable'])
  for (const kept of [/value="type 2" checked/, /value="4" selected/, new RegExp(`value="${volt.userId}" selected`)])
    assert.match(starred.text, kept)
  assert.match((await list('rating=4')).text, />3 stars or more \(2\)</, 'counted as if no stars were chosen')
  for (const none of ['vendor=x', 'kind=none', 'tags=nothing&tags=else'])
    assert.equal((await market.visit(`/shop?${none}`)).status, 200)
  assert.match((await list('tags=nothing')).text, /value="nothing" checked/, 'what is chosen can be taken away again')
})

test('products stand side by side with what each says of itself, ticked in a list or beside one of them', async t => {
  const market = await open(t)
  const power = { key: 'power', names: { en: 'Power', de: 'Leistung' }, type: 'number', unit: 'kW', facet: true }
  const solar = { key: 'solar', names: { en: 'Solar', de: 'Solar' }, type: 'flag', facet: true }
  const names = { en: 'Wallboxes', de: 'Wallboxen' }
  const made = await market.admin().post('/categories', { slug: 'wallboxes', names, attributes: [power, solar] })
  assert.equal(made.status, 201, made.text)
  const vendor = market.vendor()
  for (const [slug, kW, more] of [
    ['small', 3.7, { solar: false }],
    ['middle', 11, { solar: true }],
    ['large', 22, {}],
  ] as const)
    await onSale(
      market,
      { name: `${slug} ${script}`, slug, category: 'wallboxes', attributes: { power: kW, ...more } },
      vendor,
    )
  const list = (await market.visit('/shop/wallboxes')).text
  assert.match(list, /<input type="checkbox" name="p" value="middle" form="compare"/)
  assert.match(list, /value="false" *\/>\s+No \(1\)/, 'a flag is one or the other')
  assert.match(list, /<form id="compare" action="\/shop\/compare">/)
  assert.match((await market.visit('/shop/p/small')).text, /<input type="hidden" name="p" value="small"/)
  const { status, text, headers } = await market.visit('/shop/compare?p=small&p=middle&p=small&p=none', {
    'accept-language': 'de',
  })
  assert.deepEqual([status, headers['set-cookie']], [200, undefined])
  const row = (name: string): string[] => {
    const [, cells] = new RegExp(`<th scope="row">${name}</th>(.*?)</tr>`, 's').exec(text)!
    return [...cells!.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell]) => cell!.replace(/<[^>]*>/g, '').trim())
  }
  assert.deepEqual(row('Leistung'), ['3,7 kW', '11 kW'])
  assert.deepEqual(row('Solar'), ['Nein', 'Ja'])
  assert.match(text, /<input type="checkbox" name="p" value="large" \/>/, 'what can be put beside them')
  assert.doesNotMatch(text, /<script>|<img src=x/)
  assert.match(text, /noindex/)
  assert.ok(text.length < 60_000)
  const without = /href="([^"]+)" aria-label="Weglassen: small/.exec(text)![1]!.replaceAll('&#38;', '&')
  assert.equal(without, '/shop/compare?p=middle')
  for (const odd of ['', '?p=', '?p=none', '?p[]=x', `?${'p=small&'.repeat(50)}`, '?p=a&p=b&p=c&p=d&p=e', '?p=%00'])
    assert.equal((await market.visit(`/shop/compare${odd}`)).status, 200, odd)
})

test('who has received a product reviews it by a form, and takes that back', async t => {
  const market = await open(t, { environment: { PUBLIC_URL: 'https://example.com/volt' } })
  const product = await onSale(market, { slug: 'box' })
  const [buyer, stranger] = [market.as(), market.as()]
  await market.received(buyer.userId, product.id)
  const at = '/shop/p/box/review'
  const visit = async (who: Client, sent?: Record<string, string>) => {
    const answer = await market.p.http.inject({
      url: at,
      headers: { ...market.p.signedIn({ userId: who.userId }), 'content-type': 'application/x-www-form-urlencoded' },
      ...(sent && { method: 'POST', payload: String(new URLSearchParams(sent)) }),
    })
    return { status: answer.statusCode, text: answer.body, headers: answer.headers }
  }
  assert.match((await market.visit('/shop/p/box')).text, new RegExp(`href="/volt${at}"`))
  const { status, headers } = await market.visit(at)
  assert.deepEqual([status, headers.location], [303, `/volt/api/auth/sign-in?return=${encodeURIComponent(at)}`])
  assert.match((await visit(stranger)).text, /has not received it yet/)
  assert.equal((await visit(stranger, { rating: '1' })).status, 403)
  const form = await visit(buyer)
  assert.match(form.text, /<input[^>]*name="rating"[^>]*value="5"/)
  assert.match(String(form.headers['cache-control']), /no-store/)
  const unfit = await visit(buyer, { rating: '', title: `Good ${script}`, body: 'Since a year' })
  assert.equal(unfit.status, 400)
  assert.match(unfit.text, /role="alert"[\s\S]*value="Good &#60;script[\s\S]*Since a year<\/textarea>/)
  assert.doesNotMatch(unfit.text, /<script|<img src=x/)
  const sent = await visit(buyer, { rating: '4', title: ' Good ', body: 'Since\r\na year', author: '' })
  assert.deepEqual([sent.status, sent.headers.location], [303, `/volt${at}`])
  assert.match((await visit(buyer)).text, /Everybody can read it now/)
  const [review] = (await market.as().get(`/products/${product.id}/reviews`)).body.items
  assert.partialDeepStrictEqual(review, { rating: 4, title: 'Good', body: 'Since\na year', author: null })
  assert.equal((await visit(buyer, { rating: '1' })).status, 409, 'once')
  assert.equal((await visit(stranger, { act: 'take-back' })).status, 303)
  assert.equal((await market.as().get(`/products/${product.id}`)).body.reviewCount, 1)
  assert.equal((await visit(buyer, { act: 'take-back' })).status, 303)
  assert.equal((await market.as().get(`/products/${product.id}`)).body.reviewCount, 0)
  assert.equal((await market.visit('/shop/p/none/review')).status, 404)
  await market.admin().put(`/products/${product.id}`, { slug: 'crate' })
  assert.equal((await market.visit('/shop/p/box')).headers.location, '/volt/shop/p/crate')
})

test('prices that somebody types are in the currency of the shop, which may have no decimals, or three', async t => {
  for (const [currency, prices, asked, found] of [
    ['JPY', [1_500, 2_500], 'from=1000&to=2000', 1],
    ['KWD', [12_500, 30_000], 'from=12,499&to=13', 1],
    ['EUR', [10_49, 10_50], 'from=10,50', 1],
  ] as const) {
    const market = await open(t, { environment: { SHOP_CURRENCY: currency } })
    for (const price of prices) await onSale(market, { price, currency })
    assert.match((await market.visit(`/shop?${asked}`)).text, new RegExp(`${found} product<`), currency)
    const { body } = await market.vendor().get('/products')
    const page = await market.visit(`/shop/p/${body.items[0].slug}`)
    assert.match(page.text, new RegExp(`name="currency" value="${currency}"`), 'what is shown is what is sent')
  }
})

test('the logo of the shop is a file that is served, in which nothing runs', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-logo-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'our logo.svg')
  writeFileSync(file, `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`)
  const market = await open(t, { environment: { SHOP_LOGO_FILE: file, PUBLIC_URL: 'https://example.com/volt' } })
  assert.match((await market.visit('/shop')).text, /<img src="\/volt\/shop\/logo.svg" alt="" ?\/>/)
  const { status, headers, raw } = await market.visit('/shop/logo.svg')
  assert.deepEqual([status, headers['content-type'], raw.toString().includes('svg')], [200, 'image/svg+xml', true])
  assert.match(String(headers['content-security-policy']), /default-src 'none'.*sandbox/)
  const missing = { environment: { SHOP_LOGO_FILE: join(folder, 'none.png') } }
  await assert.rejects(open(t, missing), { message: /SHOP_LOGO_FILE: .*none\.png cannot be read \(ENOENT\)/ })
})

const skip = withoutChromium

test(
  'the shop of the demo has forty products with pictures, and fits small and large screens, light and dark',
  { skip },
  async t => {
    const names = ['identity', 'documents', 'passports', 'marketplace']
    const services = await Promise.all(names.map(name => all[name]!()))
    const signIn = { email: 'root@example.com', password: 'quiet trains at dawn' }
    const p = await start(t, services, { environment: { ADMIN_EMAIL: signIn.email, ADMIN_PASSWORD: signIn.password } })
    const client = async (method: string, url: string, payload?: object, token?: string) => {
      const answer = await p.http.inject({
        method: method as 'POST',
        url,
        ...(payload && { payload }),
        headers: token ? { authorization: `Bearer ${token}` } : {},
      })
      assert.ok(answer.statusCode < 300, `${method} ${url}: ${answer.body}`)
      return answer.json()
    }
    assert.equal(await seedShop(p.platform, client, signIn, new AbortController().signal), 41)
    await p.settle()
    const address = await p.listen()
    const { items } = (await (await fetch(`${address}/api/marketplace/products?limit=100`)).json()) as {
      items: { thumbnail: string | null; slug: string }[]
    }
    assert.equal(items.filter(({ thumbnail }) => thumbnail).length, 41)
    const german = { headers: { 'accept-language': 'de' } }
    const pack = await (await fetch(`${address}/shop/p/second-life-pack-42-kwh`, german)).text()
    assert.match(pack, /Sechs Jahre gefahren/)
    const browser = await openChromium(t)
    for (const [width, colorScheme, locale] of [
      [360, 'dark', 'de'],
      [1280, 'light', 'en'],
    ] as const) {
      const context = await browser.newContext({
        colorScheme,
        locale,
        // For what looks at the page: it has no script itself.
        bypassCSP: true,
        viewport: { width, height: 900 },
      })
      const page = await context.newPage()
      const compared = `/shop/compare?${items
        .slice(0, 4)
        .map(({ slug }) => `p=${slug}`)
        .join('&')}`
      for (const path of ['/shop', '/shop/wallboxes', `/shop/p/${items[0]!.slug}`, compared]) {
        await page.goto(address + path)
        const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        assert.equal(wide, false, `${path} fits ${width}`)
        assert.deepEqual(await context.cookies(), [])
        assert.deepEqual(await findingsOf(page), [], `${path} at ${width}`)
        assert.ok((await (await fetch(address + path)).text()).length < 60_000, `${path} is small`)
        if (process.env.OHMNIBUS_SCREENSHOTS)
          await page.screenshot({
            path: `${process.env.OHMNIBUS_SCREENSHOTS}/shop${path.split('?')[0]!.replaceAll('/', '-')}-${width}.png`,
            fullPage: false,
          })
      }
      await page.getByRole('combobox').first().fill('wallbx')
      await page.getByRole('button', { name: locale === 'de' ? 'Finden' : 'Find' }).click()
      assert.match(await page.locator('main').innerText(), /Wallbox 11 kW/)
      await context.close()
    }
    // As it is served: the script of the page may run, and ask.
    const page = await browser.newPage({ locale: 'de' })
    await page.goto(`${address}/shop/wallboxes`)
    const field = page.getByRole('combobox', { name: 'Im Shop suchen' })
    await field.pressSequentially('wallb')
    await page.locator('datalist option[value*="Wallbox"]').first().waitFor({ state: 'attached' })
    // Ticked by keys, and side by side.
    for (const box of await page
      .getByRole('checkbox', { name: /^Vergleichen: / })
      .all()
      .then(all => all.slice(0, 2))) {
      await box.focus()
      await page.keyboard.press('Space')
    }
    await page.getByRole('button', { name: 'Angekreuztes vergleichen' }).press('Enter')
    await page.getByRole('region', { name: 'Vergleich' }).waitFor()
    assert.equal(await page.getByRole('columnheader').count(), 3)
  },
)
