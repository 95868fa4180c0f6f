import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { textsIn } from '../../services/passports/labels/codes.ts'
import { until } from '../kernel/toys.ts'
import { look, type Town } from './people.ts'

/** As slow as a telephone in an underground car park. */
async function slowly(page: Page): Promise<void> {
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  const bytesPerSecond = 1_600_000 / 8
  await wire.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  })
  await wire.send('Emulation.setCPUThrottlingRate', { rate: 4 })
}

/** A station that everybody sees, of who sells there, with a charger that does as it is told. */
async function openStation(t: TestContext, { address, admin, p }: Town) {
  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-10`, 'ocpp1.6', {
    password: 'a long and random one',
  })
  charger.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
  charger.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  await charger.call('BootNotification', boot16)
  await admin.api.get(200, 'POST /api/ocpp/chargers/CP-10/approve')
  await until(async () => (await charger.call('BootNotification', boot16)).status === 'Accepted')
  for (const connectorId of [1, 2])
    await charger.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Available' })
  await p.settle()
  await admin.api.get(200, 'POST /api/ocpp/chargers/CP-10/move', { organisationId: null })
  await p.settle()
  const { items } = await admin.api.get(200, 'GET /api/stations?scope=managed')
  const { id, version } = items.find((one: { chargerId: string }) => one.chargerId === 'CP-10')
  await admin.api.get(
    200,
    `PUT /api/stations/${id}`,
    {
      name: 'Parkhausbetriebsgesellschaft am Alexanderplatz',
      chargerId: 'CP-10',
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
  await admin.api.get(200, 'PUT /api/billing/seller', {
    name: 'Example Charging',
    address: place,
    taxId: 'DE136695976',
  })
  // Said in another order than that in which people have to read it.
  const priceComponents = [
    { type: 'FLAT', price: '0.35' },
    { type: 'PARKING_TIME', price: '6.00', graceSeconds: 1_800 },
    { type: 'ENERGY', price: '0.49' },
  ]
  const terms = { currency: 'EUR', taxIncluded: true, elements: [{ priceComponents }] }
  await admin.api.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
  await p.settle()
  return { charger, stationId: id as string }
}

/** J10: who drives past charges without an account, by what is stuck to the charger. */
export async function adHocDriver(t: TestContext, town: Town): Promise<void> {
  const { address, at, mailed, p } = town
  const { charger, stationId } = await openStation(t, town)

  // What a charger does that is asked to begin, and to end.
  let [idTag, transactionId] = ['', 0]
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
  const plugIn = async (): Promise<void> => {
    await until(() => idTag !== '')
    const timestamp = new Date(Date.now() - 600_000).toISOString()
    const answer = await charger.call('StartTransaction', { connectorId: 1, idTag, meterStart: 1_000, timestamp })
    assert.equal(answer.idTagInfo.status, 'Accepted')
    transactionId = answer.transactionId
  }
  // As quick as a car charges: what would use up all that is reserved until the next reading is ended before.
  const measure = async (value: number, minutesAgo: number): Promise<void> => {
    const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString()
    const meterValue = [{ timestamp, sampledValue: [{ value: String(value) }] }]
    await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    await p.settle()
  }

  // What is stuck there is read by code that did not write it, and opened on a slow telephone without script.
  const code = await (await fetch(`${address}/api/billing/ad-hoc/${stationId}/qr.svg?evse=1&connector=1`)).arrayBuffer()
  const [sign] = await textsIn(
    await sharp(Buffer.from(code), { density: 200 }).flatten({ background: 'white' }).png().toBuffer(),
  )
  const page = await at(undefined, '/', { javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
  await slowly(page)
  await page.goto(sign!)
  const text = await page.locator('main').innerText()
  const prices = ['€0.49 per kWh', '€0.10 per minute', '€0.35 per session', 'reserved on your card']
  assert.deepEqual(
    prices.map(part => text.indexOf(part)),
    prices.map(part => text.indexOf(part)).toSorted((a, b) => a - b),
  )
  for (const part of prices) assert.ok(text.includes(part), `${part} in ${text}`)
  assert.ok(gzipSync(await page.content()).length < 15_000)
  await look(page, 'J10-prices')
  await page.getByLabel('How much at most').selectOption({ index: 1 })
  await page.getByLabel(/Mail address/).fill('driver@example.com')
  await page.getByRole('button', { name: 'Pay by card' }).click()
  await page.getByRole('button', { name: /3-D Secure/ }).click()
  await page.getByRole('button', { name: 'Yes, it is me' }).click()
  await p.settle()
  await page.reload()
  assert.match(await page.locator('h1').innerText(), /Charging begins/)
  await plugIn()
  await measure(4_000, 5)
  await page.reload()
  assert.match(await page.locator('#energy').innerText(), /3\.00 kWh/)
  const before = await page.locator('#cost').innerText()
  await measure(7_000, 0)
  await page.reload()
  assert.match(await page.locator('#cost').innerText(), /€3\.29/)
  assert.notEqual(await page.locator('#cost').innerText(), before)
  await look(page, 'J10-charging')

  // The same on a large screen with script goes on by itself, until it is ended.
  const screen = await at(undefined, new URL(page.url()).pathname, { colorScheme: 'dark' })
  await page.getByRole('button', { name: 'End charging' }).click()
  await p.settle()
  await screen.getByRole('link', { name: 'Receipt (PDF)' }).waitFor()
  await page.reload()
  assert.match(await page.locator('main').innerText(), /€3\.78 was taken from your card/)
  const href = (await page.getByRole('link', { name: 'Receipt (PDF)' }).getAttribute('href'))!
  const receipt = Buffer.from(await (await fetch(new URL(href, address))).arrayBuffer())
  assert.match(receipt.subarray(0, 5).toString(), /%PDF-/)
  await look(screen, 'J10-receipt')
  const mail = await mailed('driver@example.com')
  assert.match(mail.text, /€3\.78/)
  assert.ok(mail.text.includes(new URL(page.url()).pathname), 'the mail leads to the receipt')

  // A charger that refuses: nothing is paid, in the language of who came.
  charger.answers.set('RemoteStartTransaction', () => ({ status: 'Rejected' }))
  const other = await at(undefined, `/charge/${stationId}/2/1`, { javaScriptEnabled: false, locale: 'de' })
  await other.getByRole('button', { name: 'Mit Karte bezahlen' }).click()
  await other.getByRole('button', { name: 'Bezahlen', exact: true }).click()
  await p.settle()
  await other.reload()
  assert.match(await other.locator('main').innerText(), /hat abgelehnt. Nichts wurde abgebucht/)
  await look(other, 'J10-refused')
  for (const each of [page, screen, other]) await each.context().close()
}

/** Goes by Tab to something, from wherever the focus is. */
async function reach(page: Page, wanted: Locator): Promise<void> {
  for (let press = 0; press < 120; press++) {
    if (await wanted.evaluate(element => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`${String(wanted)} is not reached by keyboard`)
}

/** A shop of the admin: a battery with its passport, and a licence. */
async function openShop({ admin, p }: Town) {
  const { api } = admin
  await api.get(200, 'PUT /api/orders/seller', {
    name: 'Second Life GmbH',
    smallBusiness: false,
    taxId: 'DE136695976',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
  })
  await api.get(201, 'POST /api/orders/shipping-options', {
    name: 'Parcel',
    countries: [],
    currency: 'EUR',
    priceMinor: 490,
  })
  const { slug: category } = await api.get(201, 'POST /api/marketplace/categories', {
    names: { en: 'Energy storage', de: 'Speicher' },
  })
  const safety = {
    manufacturer: {
      name: 'Voltaic GmbH',
      address: 'Ringstr. 5, 10115 Berlin, Germany',
      email: 'safety@voltaic.example',
    },
    warnings: 'To be installed by an electrician.',
  }
  const offer = async (body: object) => {
    const product = await api.get(201, 'POST /api/marketplace/products', { currency: 'EUR', ...body })
    await api.get(200, `POST /api/marketplace/products/${product.id}/approve`)
    return product
  }
  const battery = async (serial: string) => {
    const { id } = await api.get(201, 'POST /api/passports', {
      data: {
        generalInformation: {
          batteryIdentifier: serial,
          batteryCategory: 'industrial',
          batteryModel: { id: 'PACK-12' },
          batteryMass: 95,
          manufacturingDate: '2024-01-15',
        },
        materialComposition: { batteryChemistry: 'LiFePO4' },
      },
    })
    await api.get(200, `POST /api/passports/${id}/publish`)
    await p.settle()
    const about = { kind: 'battery', passportId: id, category, price: 159_900, weightG: 95_000, safety }
    return await offer({ ...about, name: `Second-life storage ${serial}` })
  }
  const software = await offer({
    name: 'Load management for a year',
    kind: 'digital',
    price: 11_900,
    stockPolicy: 'unlimited',
    delivery: { kind: 'licence', documentId: null, maxDownloads: null },
  })
  await api.get(200, `POST /api/orders/keys/${software.variants[0].id}`, { keys: ['AAAA-1111', 'BBBB-2222'] })
  await p.settle()
  return { battery, software }
}

/** J11: a stranger buys, once without script, once with the keyboard alone, and withdraws from the contract. */
export async function boughtWithoutScript(_: TestContext, town: Town): Promise<void> {
  const { address, at, admin, mailed, p } = town
  const { battery, software } = await openShop(town)
  const pack = await battery('BP-J11-1')
  const page = await at(undefined, '/shop', { javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
  await page.getByLabel('Search the shop').fill('secnd-life storge')
  await page.getByRole('button', { name: 'Find' }).click()
  await page
    .getByRole('link', { name: /Second-life storage BP-J11-1/ })
    .first()
    .waitFor()
  await look(page, 'J11-found')
  await page
    .getByRole('link', { name: /Energy storage/ })
    .first()
    .click()
  await page
    .getByRole('link', { name: /Second-life storage BP-J11-1/ })
    .first()
    .click()
  for (const part of [
    'Made by',
    'Voltaic GmbH',
    'To be installed by an electrician',
    'LiFePO4',
    'withdraw from the contract',
  ])
    assert.ok((await page.locator('main').innerText()).includes(part), part)
  await look(page, 'J11-product')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.goto(`${address}/shop/p/${software.slug}`)
  await page.getByRole('button', { name: 'Add to cart' }).click()

  // The price changes while it lies there, and is told.
  await admin.api.get(200, `PUT /api/marketplace/products/${pack.id}`, { price: 149_900 })
  await p.settle()
  await page.reload()
  await page.getByText('The price has changed: it was €1,599.00, it is €1,499.00.').waitFor()
  await look(page, 'J11-price-changed')
  await page.getByRole('button', { name: 'Take the prices as they are now' }).click()
  await page.getByRole('link', { name: 'To the checkout' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill('guest@example.com')
  await page.getByLabel('Street').fill('Ringstr. 7')
  await page.getByLabel('Country').fill('de')
  await look(page, 'J11-checkout')
  await page.getByRole('button', { name: 'Order with obligation to pay' }).click()
  await page.getByRole('button', { name: 'Pay', exact: true }).click()
  await page.waitForURL(/\/orders\/guest\//)
  await p.settle()
  await page.reload()
  assert.match(await page.locator('code').first().innerText(), /^(AAAA|BBBB)-\d{4}$/)
  await look(page, 'J11-order')
  const { text } = await mailed('guest@example.com')
  assert.ok(text.includes(new URL(page.url()).pathname), 'the mail leads to the order')

  // Sent, arrived, and thought better of: two steps, and a confirmation in writing.
  const { items: sold } = await admin.api.get(200, 'GET /api/orders/sales?state=processing')
  await admin.api.get(201, `POST /api/orders/${sold[0].orderId}/shipments`, { partId: sold[0].partId, carrier: 'DHL' })
  await p.settle()
  await page.reload()
  await page.getByRole('button', { name: 'It has arrived' }).click()
  await page.getByText('Withdraw from the contract here').click()
  await look(page, 'J11-withdraw')
  await page.getByRole('button', { name: 'Confirm withdrawal' }).click()
  await page.getByText(/You withdrew from the contract on/).waitFor()
  await look(page, 'J11-withdrawn')
  await until(async () => (await mailed('guest@example.com')).event === 'withdrawal.declared')
  assert.match((await mailed('guest@example.com')).text, /1 × Second-life storage BP-J11-1/)
  await page.context().close()
  await byKeyboardAlone(town, await battery('BP-J11-2'))
}

async function byKeyboardAlone({ at, p }: Town, { name }: { name: string }): Promise<void> {
  const page = await at(undefined, '/shop', { locale: 'de', colorScheme: 'dark' })
  const press = async (wanted: Locator): Promise<void> => {
    await reach(page, wanted)
    await page.keyboard.press('Enter')
  }
  const type = async (label: string, text: string): Promise<void> => {
    await reach(page, page.getByLabel(label, { exact: label === 'Name' }))
    await page.keyboard.type(text)
  }
  await type('Im Shop suchen', name)
  await page.keyboard.press('Enter')
  await page.waitForURL(/search=/)
  await press(page.getByRole('link', { name }).first())
  await page.waitForURL(/\/shop\/p\//)
  await look(page, 'J11-product-de-dark')
  await press(page.getByRole('button', { name: 'In den Warenkorb' }))
  await page.waitForURL(/\/cart$/)
  await press(page.getByRole('link', { name: 'Zur Kasse' }))
  await page.waitForURL(/\/checkout$/)
  await type('Name', 'Ada Lovelace')
  await type('E-Mail', 'keys@example.com')
  await type('Straße', 'Ringstr. 7')
  await type('Land', 'de')
  await press(page.getByRole('button', { name: 'Zahlungspflichtig bestellen' }))
  await page.waitForURL(/\/payments\//)
  await press(page.getByRole('button', { name: 'Bezahlen', exact: true }))
  await page.waitForURL(/\/orders\/guest\//)
  await p.settle()
  await page.reload()
  await look(page, 'J11-order-de-dark')
  await page.context().close()
}
