import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { remote } from '../../seed.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }

test('an admin says what the shop goes by, and writes what they see at once', { skip, timeout: 600_000 }, async t => {
  buildConsole()
  const port = await freePort()
  const address = `http://localhost:${port}`
  const platform = await start(t, await choose(), {
    environment: { PORT: String(port), PUBLIC_URL: address, ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  await platform.listen()
  const client = remote(address)
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  const read = (path: string) => client('GET', path, undefined, accessToken)
  const context = await (await openChromium(t)).newContext({ locale: 'en', reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${address}/api/auth/sign-in?return=${encodeURIComponent('/console/market/categories')}`)
  await page.getByLabel('E-mail address').fill(admin.email)
  await page.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}/console/market/categories`)

  await t.test('categories are made, put below one another, changed, and removed where they are empty', async () => {
    await category(page, 'Charging', 'Laden')
    await category(page, 'Wallboxes', 'Wallboxen', 'Charging')
    const { items } = await read('/api/marketplace/categories')
    const [top, below] = items
    assert.deepEqual([top.name, below.name, below.parentId], ['Charging', 'Wallboxes', top.id])
    await page.getByRole('link', { name: 'Wallboxes' }).click()
    await page.getByLabel(/^English/).fill('Wall boxes')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('link', { name: 'Wall boxes' }).waitFor()
    await page
      .getByRole('row', { name: /Wall boxes/ })
      .getByRole('button', { name: 'Remove' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('link', { name: 'Wall boxes' }).waitFor({ state: 'detached' })
    assert.equal((await read('/api/marketplace/categories')).items.length, 1)
  })

  await t.test('a tax class says its rates, by country', async () => {
    await page.goto(`${address}/console/market/taxes/new`)
    await page.getByLabel(/^Code/).fill('batteries')
    await page.getByLabel(/^Name/).fill('Batteries')
    await page.getByLabel(/^Country/).fill('DE')
    await page
      .getByLabel(/^Percent/)
      .last()
      .fill('19')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('DE 19 %').waitFor()
    await page.getByRole('link', { name: 'Batteries' }).click()
    await page
      .getByLabel(/^Percent/)
      .last()
      .fill('7')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('DE 7 %').waitFor()
  })

  await t.test('a coupon and a commission rule are made, and ended', async () => {
    await page.goto(`${address}/console/market/coupons/new`)
    await page.getByLabel(/^Code/).fill('SPRING-10')
    await page.getByLabel(/^Percent/).fill('10')
    await page.getByRole('button', { name: 'Create' }).click()
    await end(page, /SPRING-?10/)
    assert.equal((await read('/api/orders/coupons')).items[0].active, false)

    await page.goto(`${address}/console/market/commissions/new`)
    await page.getByLabel(/^Hundredths of a percent/).fill('1250')
    await page.getByRole('combobox', { name: /^Category/ }).click()
    await page.getByRole('option', { name: 'Charging' }).click()
    await page.getByRole('button', { name: 'Create' }).click()
    await end(page, /12\.5 %/)
    assert.notEqual((await read('/api/vendors/commission-rules')).items.at(-1).until, null)
  })

  await t.test('the books show what moved with both its sides, and that no money does', async () => {
    const order = { amountMinor: 2_000, currency: 'EUR' }
    const paying = await client('POST', '/api/billing/wallet/top-ups', order, accessToken)
    await page.goto(paying.page)
    await page.getByRole('button', { name: 'Pay', exact: true }).click()
    await page.waitForLoadState()
    await platform.settle()
    await page.goto(`${address}/console/books`)
    await page.getByText('Payments are play money').waitFor()
    const moved = page.getByRole('row', { name: /Outside.*Wallet.*€20\.00/ })
    await moved.getByRole('link').click()
    await page.waitForURL(/account=/)
    await moved.waitFor()
    await page.goto(`${address}/console/accounts`)
    await page.getByRole('row', { name: /Wallet.*EUR €20\.00/ }).waitFor()
    await page.getByRole('row', { name: /Outside.*-€20\.00/ }).waitFor()
  })

  await t.test('what lacks before others can rely on it is told, each where it is so', async () => {
    await page.goto(`${address}/console/operations/go-live`)
    await page.getByText('○ Money moves where somebody pays (to do)').waitFor()
    await page.getByText(/Set STRIPE_SECRET_KEY/).waitFor()
    await page.getByText('✓ There are rates of tax (done)').waitFor()
    await page.getByText('✓ Every part answers (done)').waitFor()
    await page.getByRole('link', { name: 'There are terms' }).click()
    await page.waitForURL(`${address}/console/operations/terms/new`)
  })

  await t.test('what one writes is seen as readers will see it', async () => {
    await page.goto(`${address}/console/content/blog/new`)
    await page.getByLabel(/^Text/).fill('## Cold\n\nBatteries like **warmth**.')
    await page.frameLocator('iframe.preview').getByRole('heading', { name: 'Cold' }).waitFor()
    await page.frameLocator('iframe.preview').locator('strong', { hasText: 'warmth' }).waitFor()
  })
})

async function category(page: Page, en: string, de: string, below?: string): Promise<void> {
  await page.getByRole('link', { name: 'New category' }).click()
  await page.getByLabel(/^English/).fill(en)
  await page.getByLabel(/^German/).fill(de)
  if (below) {
    await page.getByRole('combobox', { name: /^Belongs to/ }).click()
    await page.getByRole('option', { name: below }).click()
  }
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('link', { name: en }).waitFor()
}

async function end(page: Page, name: RegExp): Promise<void> {
  await page.getByRole('row', { name }).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'End it' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Do it for 1' }).click()
  await page.getByText('1 done, 0 refused').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
}
