import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { chromium, type Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from '../kernel/toys.ts'
import { client, mailsIn } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
const skip = !executablePath && process.env.CI !== 'true' && 'there is no Chromium on this machine'

/** A station that everybody sees, of who sells there, with a charger that does as it is told. */
async function site(address: string, settle: () => Promise<void>, t: Parameters<typeof connect>[0]) {
  const operator = client(address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
  await charger.call('BootNotification', boot16)
  for (const connectorId of [1, 2])
    await charger.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Available' })
  await settle()
  await operator.get(200, 'POST /api/ocpp/chargers/CP-1/move', { organisationId: null })
  await settle()
  const { items } = await operator.get(200, 'GET /api/stations?scope=managed')
  const { id, version } = items[0]
  await operator.get(
    200,
    `PUT /api/stations/${id}`,
    {
      name: 'Parkhausbetriebsgesellschaft am Alexanderplatz',
      chargerId: 'CP-1',
      public: true,
      coordinates: { latitude: 52.52, longitude: 13.405 },
      evses: [1, 2].map(evse => ({
        evse,
        connectors: [{ connector: 1, standard: 'IEC_62196_T2', format: 'SOCKET', maxPowerW: 22_000 }],
      })),
    },
    { 'if-match': `"${version}"` },
  )
  const place = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await operator.get(200, 'PUT /api/billing/seller', {
    name: 'Example Charging',
    address: place,
    taxId: 'DE136695976',
  })
  const priceComponents = [
    { type: 'ENERGY', price: '0.49' },
    { type: 'PARKING_TIME', price: '6.00', graceSeconds: 1800 },
    { type: 'FLAT', price: '0.35' },
  ]
  const terms = { currency: 'EUR', taxIncluded: true, elements: [{ priceComponents }] }
  await operator.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
  await settle()
  return { operator, charger, stationId: id as string }
}

test(
  'an ad-hoc driver without an account: who follows the sign pays by card, charges, ends it, and has a receipt',
  { skip },
  async t => {
    const port = `${await freePort()}`
    const p = await start(t, await choose(), {
      environment: {
        PORT: port,
        PUBLIC_URL: `http://127.0.0.1:${port}`,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        OCPP_UNKNOWN_CHARGERS: 'accept',
      },
    })
    const address = await p.listen()
    const { charger, stationId } = await site(address, p.settle, t)

    const browser = await chromium.launch({
      executablePath,
      chromiumSandbox: process.getuid?.() !== 0,
      args: ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    })
    t.after(() => browser.close())
    const complaints: string[] = []
    const open = async (width: number, colorScheme: 'light' | 'dark', javaScriptEnabled: boolean, locale: string) => {
      const context = await browser.newContext({
        viewport: { width, height: 800 },
        colorScheme,
        javaScriptEnabled,
        locale,
      })
      const page = await context.newPage()
      page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))
      return page
    }
    /** It fits, and is there to be looked at. */
    const look = async (page: Page, name: string) => {
      const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      assert.equal(wide, false, `${name} fits`)
      assert.ok((await page.getByRole('link').count()) > 0, `${name} leads on`)
      if (!process.env.OHMNIBUS_SCREENSHOTS) return
      const { width } = page.viewportSize()!
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const path = `${process.env.OHMNIBUS_SCREENSHOTS}/${name}-${width}-${colorScheme}.png`
        await page.screenshot({ path, fullPage: true })
      }
    }

    // What a charger does that is asked to begin, and to end.
    let transactionId = 0
    let idTag = ''
    charger.answers.set('RemoteStartTransaction', payload => {
      idTag = payload.idTag
      return { status: 'Accepted' }
    })
    charger.answers.set('RemoteStopTransaction', payload => {
      assert.equal(payload.transactionId, transactionId)
      const ended = { transactionId, meterStop: 8_000, timestamp: new Date().toISOString(), reason: 'Remote' }
      void charger.call('StopTransaction', ended)
      return { status: 'Accepted' }
    })
    const begin = async () => {
      await until(() => idTag !== '')
      const started = {
        connectorId: 1,
        idTag,
        meterStart: 1_000,
        timestamp: new Date(Date.now() - 600_000).toISOString(),
      }
      const answer = await charger.call('StartTransaction', started)
      assert.equal(answer.idTagInfo.status, 'Accepted')
      transactionId = answer.transactionId
    }
    // As quick as a car charges: what would use up all that is reserved until the next reading is ended before.
    const measure = async (value: number, minutesAgo: number) => {
      const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString()
      const meterValue = [{ timestamp, sampledValue: [{ value: String(value) }] }]
      await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue })
      await p.settle()
    }

    // On a telephone without script: the station, its connector, the payment, the charging.
    const page = await open(360, 'light', false, 'en')
    await page.goto(`${address}/stations/${stationId}`)
    await look(page, 'station')
    await page
      .getByRole('link', { name: /Pay by card/ })
      .first()
      .click()
    await look(page, 'offer')
    const text = await page.locator('main').innerText()
    for (const part of ['€0.49 per kWh', '€0.10 per minute', '€0.35 per session', 'reserved on your card'])
      assert.ok(text.includes(part), `${part} in ${text}`)
    await page.getByLabel('How much at most').selectOption({ index: 1 })
    await page.getByLabel(/Mail address/).fill('ada@example.com')
    await page.getByRole('button', { name: 'Pay by card' }).click()
    await look(page, 'payment')
    await page.getByRole('button', { name: /3-D Secure/ }).click()
    await page.getByRole('button', { name: 'Yes, it is me' }).click()
    await p.settle()
    await page.reload()
    await look(page, 'starting')
    assert.match(await page.locator('h1').innerText(), /Charging begins/)
    await begin()
    await measure(4_000, 5)
    await page.reload()
    await look(page, 'charging')
    assert.match(await page.locator('#energy').innerText(), /3\.00 kWh/)

    // The same on a large screen with script: it goes on by itself.
    const screen = await open(1280, 'light', true, 'en')
    await screen.goto(page.url())
    await measure(7_000, 0)
    await screen.locator('#energy', { hasText: /^\s*6\.00/ }).waitFor()
    assert.match(await screen.locator('#cost').innerText(), /€3\.29/)
    await look(screen, 'charging')
    await page.getByRole('button', { name: 'End charging' }).click()
    await p.settle()
    await screen.getByRole('link', { name: 'Receipt (PDF)' }).waitFor()
    await look(screen, 'done')
    await page.reload()
    await look(page, 'done')
    assert.match(await page.locator('main').innerText(), /€3\.78 was taken from your card/)
    const href = (await page.getByRole('link', { name: 'Receipt (PDF)' }).getAttribute('href'))!
    const receipt = Buffer.from(await (await fetch(new URL(href, address))).arrayBuffer())
    assert.match(receipt.subarray(0, 5).toString(), /%PDF-/)
    await p.settle()
    const mail = (await mailsIn(p.platform.mailFolder!)).find(({ to }) => to === 'ada@example.com')!
    assert.match(mail.text, /€3\.78/)
    assert.ok(mail.text.includes(new URL(page.url()).pathname), 'the mail leads to the receipt')

    // A charger that refuses: nothing is paid, in the language of who came.
    charger.answers.set('RemoteStartTransaction', () => ({ status: 'Rejected' }))
    const other = await open(1280, 'dark', false, 'de')
    await other.goto(`${address}/charge/${stationId}/2/1`)
    await look(other, 'offer')
    await other.getByRole('button', { name: 'Mit Karte bezahlen' }).click()
    await look(other, 'payment')
    await other.getByRole('button', { name: 'Bezahlen', exact: true }).click()
    await p.settle()
    await other.reload()
    await look(other, 'refused')
    assert.match(await other.locator('main').innerText(), /hat abgelehnt. Nichts wurde abgebucht/)
    assert.deepEqual(complaints, [])
  },
)
