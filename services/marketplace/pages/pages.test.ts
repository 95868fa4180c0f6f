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
import { onSale, open } from '../testing.ts'

const script = `<script>alert(1)</script><img src=x onerror=alert(1)>`

const dataIn = (text: string): any[] =>
  [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)].map(([, json]) => JSON.parse(json!))

test('the page of a product says all there is in either language, sets no cookie, and runs nothing', async t => {
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
  assert.match(String(headers['content-security-policy']), /default-src 'none'/)
  assert.doesNotMatch(
    text.replace(/<script type="application\/ld\+json">/g, ''),
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
      for (const path of ['/shop', '/shop/wallboxes', `/shop/p/${items[0]!.slug}`]) {
        await page.goto(address + path)
        const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        assert.equal(wide, false, `${path} fits ${width}`)
        assert.deepEqual(await context.cookies(), [])
        assert.deepEqual(await findingsOf(page), [], `${path} at ${width}`)
        assert.ok((await (await fetch(address + path)).text()).length < 60_000, `${path} is small`)
        if (process.env.OHMNIBUS_SCREENSHOTS)
          await page.screenshot({
            path: `${process.env.OHMNIBUS_SCREENSHOTS}/shop${path.replaceAll('/', '-')}-${width}.png`,
            fullPage: false,
          })
      }
      await page.getByRole('searchbox').first().fill('wallbx')
      await page.getByRole('button', { name: locale === 'de' ? 'Finden' : 'Find' }).click()
      assert.match(await page.locator('main').innerText(), /Wallbox 11 kW/)
    }
  },
)
