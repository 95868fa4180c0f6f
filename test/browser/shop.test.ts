import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
const skip = !executablePath && process.env.CI !== 'true' && 'there is no Chromium on this machine'

test('a buyer goes from the cart to the licence key, with and without script', { skip }, async t => {
  const it = await open(t, cart, { wire: 'play' })
  const address = await it.p.listen()
  const software = await it.product({
    name: 'Lastmanagement für große Parkhäuser und Tiefgaragen, ein Jahr',
    kind: 'digital',
    stock: null,
    price: 120_00,
    variant: { weightG: null, delivery: { kind: 'licence', documentId: null, maxDownloads: null } },
  })
  await it.shop.post(`/api/orders/keys/${software.variantId}`, { keys: ['AAAA-1111', 'BBBB-2222', 'CCCC-3333'] })
  await it.shop.post('/api/orders/coupons', { code: 'WELCOME', percent: '10' })
  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })
  t.after(() => browser.close())
  for (const [javaScriptEnabled, width, colorScheme, locale] of [
    [false, 360, 'light', 'en'],
    [true, 1280, 'dark', 'de'],
  ] as const) {
    const buyer = await it.buyer([[software, 1]])
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      javaScriptEnabled,
      colorScheme,
      locale,
      extraHTTPHeaders: it.p.signedIn({ userId: buyer.userId }),
    })
    const page = await context.newPage()
    const show = async (name: string): Promise<void> => {
      const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      assert.equal(wide, false, `${name} fits`)
      assert.ok((await page.getByRole('link').count()) > 0, `${name} leads on`)
      const path = `${process.env.OHMNIBUS_SCREENSHOTS}/shop-${name}-${width}-${colorScheme}.png`
      if (process.env.OHMNIBUS_SCREENSHOTS) await page.screenshot({ path, fullPage: true })
    }
    const say = (en: string, de: string): string => (locale === 'en' ? en : de)
    await page.goto(`${address}/cart`)
    await page.getByLabel(say('How many', 'Wie viele')).fill('2')
    await page.getByRole('button', { name: say('Change', 'Ändern') }).click()
    await page.getByText(say('Country, coupon', 'Land, Rabattcode')).click()
    await page.getByLabel(say('Coupon', 'Rabattcode'), { exact: true }).fill('welcome')
    await page
      .getByRole('button', { name: say('Use it', 'Einlösen') })
      .first()
      .click()
    await page.getByText(say('€216.00', '216,00 €')).first().waitFor()
    await show('cart')
    await page.getByRole('link', { name: say('To the checkout', 'Zur Kasse') }).click()
    await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel(say('Street', 'Straße')).fill('Ringstr. 5')
    await page.getByLabel(say('Country', 'Land')).fill('de')
    await show('checkout')
    await page.getByRole('button', { name: say('Order and pay', 'Zahlungspflichtig bestellen') }).click()
    await show('payment')
    // The bank declines first, then asks back, then agrees.
    await page.getByRole('button', { name: say('declined', 'ablehnen') }).click()
    await page.getByRole('alert').waitFor()
    await show('order-unpaid')
    await page.getByRole('button', { name: say('Pay', 'Bezahlen'), exact: true }).click()
    await page.getByRole('button', { name: '3-D Secure' }).click()
    await page.getByRole('button', { name: say('Yes, it is me', 'Ja, ich bin es') }).click()
    await page.waitForURL(/\/orders\//)
    await it.p.settle()
    await page.reload()
    assert.equal(await page.locator('code').count(), 2)
    assert.match(await page.locator('code').first().innerText(), /^(AAAA|BBBB|CCCC)-\d{4}$/)
    await show('order')
    await page.getByRole('link', { name: say('All your orders', 'Alle Ihre Bestellungen') }).click()
    assert.equal(
      await page
        .getByRole('listitem')
        .filter({ hasText: /[2-9A-Z]{5}-[2-9A-Z]{5}/ })
        .count(),
      1,
    )
    await show('orders')
    await page.goto(`${address}/cart`)
    await show('cart-empty')
    if (locale === 'en')
      await it.shop.post(`/api/orders/keys/${software.variantId}`, { keys: ['CCCC-4444', 'CCCC-5555'] })
    await context.close()
  }
  await it.isRight()
})
