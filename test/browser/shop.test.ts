import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'
import { findingsOf } from './axe.ts'
import { openChromium, withoutChromium } from './chromium.ts'

const skip = withoutChromium

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
  const browser = await openChromium(t)
  for (const [javaScriptEnabled, width, colorScheme, locale] of [
    [false, 360, 'light', 'en'],
    [true, 1280, 'dark', 'de'],
  ] as const) {
    const buyer = await it.buyer([[software, 1]])
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      javaScriptEnabled,
      // For what looks at the page, not for the page.
      bypassCSP: javaScriptEnabled,
      colorScheme,
      locale,
      extraHTTPHeaders: it.p.signedIn({ userId: buyer.userId }),
    })
    const page = await context.newPage()
    const show = async (name: string): Promise<void> => {
      const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      assert.equal(wide, false, `${name} fits`)
      assert.ok((await page.getByRole('link').count()) > 0, `${name} leads on`)
      assert.ok((await page.content()).length < 60_000, `${name} is small`)
      if (javaScriptEnabled) assert.deepEqual(await findingsOf(page), [], name)
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
    // By keyboard, as it stands; another address is a second set of the same fields, closed until somebody opens it.
    await page.getByLabel('Name', { exact: true }).first().focus()
    await page.keyboard.type('Ada Lovelace')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Ringstr. 5')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page
      .getByRole('combobox', { name: say('Country', 'Land'), exact: true })
      .first()
      .selectOption({ label: say('Germany', 'Deutschland') })
    await page.getByText(say('Send it to another address', 'An eine andere Adresse schicken')).press('Enter')
    await page.getByLabel(say('Street', 'Straße')).last().fill('Ring 1\nTop 4')
    await page
      .getByRole('combobox', { name: say('Country', 'Land'), exact: true })
      .last()
      .selectOption('AT')
    await page.getByRole('button', { name: say('Work out the total', 'Summe ausrechnen') }).click()
    assert.equal(await page.getByLabel(say('Street', 'Straße')).last().inputValue(), 'Ring 1\nTop 4')
    await show('checkout')
    await page.getByRole('button', { name: say('Order with obligation to pay', 'Zahlungspflichtig bestellen') }).click()
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

test(
  'pages of what is given back have nothing in the way of a screen reader, for buyers and for vendors',
  { skip },
  async t => {
    const it = await open(t, cart, { wire: 'play' })
    const address = await it.p.listen()
    const box = await it.product({ name: 'Wallbox 11 kW' })
    const { body: card } = await it.admin.post('/api/orders/gift-cards', { currency: 'EUR', amountMinor: 100_00 })
    const buyer = await it.buyer([[box, 3]])
    await buyer.put('/api/cart', { giftCards: [card.code] })
    const { body: order } = await buyer.order()
    const browser = await openChromium(t)
    const visit = async (who: object, colorScheme: 'light' | 'dark') => {
      const extraHTTPHeaders = it.p.signedIn(who as { userId: string })
      const page = await (await browser.newContext({ colorScheme, bypassCSP: true, extraHTTPHeaders })).newPage()
      await page.goto(`${address}/orders/${order.id}`)
      return page
    }
    const look = async (name: string, page: Awaited<ReturnType<typeof visit>>) => {
      const path = `${process.env.OHMNIBUS_SCREENSHOTS}/shop-${name}.png`
      if (process.env.OHMNIBUS_SCREENSHOTS) await page.screenshot({ path, fullPage: true })
      assert.deepEqual(await findingsOf(page), [], name)
    }
    const vendor = await visit(
      { userId: it.shop.userId, role: 'vendor', organisation: { id: it.shop.owner.id, role: 'owner' } },
      'light',
    )
    await look('sale', vendor)
    await vendor.getByLabel('Carrier').fill('DHL')
    await vendor.getByRole('button', { name: 'All of it is sent' }).click()
    await vendor.getByText('On its way with DHL').waitFor()
    const theirs = await visit({ userId: buyer.userId }, 'dark')
    await theirs.getByRole('button', { name: 'It has arrived' }).click()
    await theirs.getByText('Wallbox 11 kW').last().click()
    await theirs.getByLabel('How many').fill('1')
    await theirs.getByLabel('Why').selectOption('broken')
    await look('order-return', theirs)
    await theirs.getByRole('button', { name: 'Ask to give it back' }).click()
    await theirs.getByText('The vendor has not answered yet').waitFor()
    await vendor.reload()
    await look('sale-return', vendor)
    await vendor.getByLabel('What you say to it').fill('Send it to Ringstr. 5')
    await vendor.getByRole('button', { name: 'Agree' }).click()
    await vendor.getByRole('button', { name: 'It is here' }).click()
    await vendor.getByText('It is here.').waitFor()
    await theirs.reload()
    await look('order-returned', theirs)
    await theirs.getByText('The vendor has it').waitFor()
    await it.isRight()
  },
)
