import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { baseline, mailsIn } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { findingsOf } from './axe.ts'
import { look, password, type Town } from './people.ts'

/** J10 and J11: of who passes by, on pages that need no script. */

/** A page without a script: it fits, leads on, and has nothing in the way of anybody. */
async function lookAt(page: Page, name: string): Promise<void> {
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true, animations: 'disabled' })
  const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
  assert.ok(wide <= 0, `${name} fits`)
  // What looks at it is a script: in a window beside it, which runs them.
  const beside = await page
    .context()
    .browser()!
    .newContext({ storageState: await page.context().storageState(), viewport: page.viewportSize(), locale: 'en' })
  const same = await beside.newPage()
  await same.goto(page.url())
  assert.deepEqual(await findingsOf(same), [], `${name} is for everybody`)
  await beside.close()
}

/** As far from the mast as in a garage under the ground. */
async function slowly(page: Page): Promise<void> {
  const wire = await page.context().newCDPSession(page)
  const speed = (1.6 * 1_000_000) / 8
  await wire.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: speed,
    uploadThroughput: speed,
  })
}

/** J10: a driver without an account, on a telephone that runs no scripts and hears little. */
export async function adHocDriver(t: TestContext, { address, admin, at, p }: Town): Promise<void> {
  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-10`, 'ocpp1.6', {
    password: 'a long and random one',
  })
  charger.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  charger.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
  await charger.call('BootNotification', boot16)
  await admin.api.get(200, 'POST /api/ocpp/chargers/CP-10/approve')
  await until(async () => (await charger.call('BootNotification', boot16)).status === 'Accepted')
  await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  await p.settle()
  const { items } = await admin.api.get(200, 'GET /api/stations?scope=managed')
  const { id: stationId, version } = items.find((one: { chargerId: string }) => one.chargerId === 'CP-10')
  await admin.api.get(
    200,
    `PUT /api/stations/${stationId}`,
    {
      name: 'Car park at the market',
      chargerId: 'CP-10',
      public: true,
      coordinates: { latitude: 52.52, longitude: 13.405 },
      evses: [
        { evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2', format: 'SOCKET', maxPowerW: 22_000 }] },
      ],
    },
    { 'if-match': `"${version}"` },
  )
  const place = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await admin.api.get(200, 'PUT /api/billing/seller', {
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
  await admin.api.get(201, 'POST /api/billing/tariffs', { name: 'At the market', terms, uses: [{ stationId }] })
  await p.settle()

  // What the code on the charger leads to: the price, in the order that Reg. (EU) 2023/1804 asks for, before anything is paid.
  const phone = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true, javaScriptEnabled: false }
  const page = await at(undefined, '/charge', phone)
  await slowly(page)
  await page.goto(`${address}/charge/${stationId}/1/1`)
  const said = await page.locator('main').innerText()
  const places = ['€0.49 per kWh', '€0.10 per minute', '€0.35 per session'].map(part => said.indexOf(part))
  assert.ok(!places.includes(-1), said)
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    'by energy, by time, and what else there is',
  )
  await lookAt(page, 'J10-price')
  let [idTag, transactionId] = ['', 0]
  charger.answers.set('RemoteStartTransaction', payload => {
    idTag = payload.idTag
    return { status: 'Accepted' }
  })
  charger.answers.set('RemoteStopTransaction', () => {
    const ended = { transactionId, meterStop: 8_000, timestamp: new Date().toISOString(), reason: 'Remote' }
    void charger.call('StopTransaction', ended)
    return { status: 'Accepted' }
  })
  await page.getByLabel(/Mail address/).fill('driver@example.com')
  await page.getByRole('button', { name: 'Pay by card' }).click()
  await lookAt(page, 'J10-payment')
  await page.getByRole('button', { name: 'Pay', exact: true }).click()
  await p.settle()
  await page.reload()
  assert.match(await page.locator('h1').innerText(), /Charging begins/)
  await lookAt(page, 'J10-plug-in')

  // They plug in, and the charger begins.
  await until(() => idTag !== '')
  const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
  transactionId = (
    await charger.call('StartTransaction', { connectorId: 1, idTag, meterStart: 1_000, timestamp: ago(10) })
  ).transactionId
  const costs = []
  for (const [value, minutes] of [
    [4_000, 5],
    [7_000, 0],
  ] as const) {
    const meterValue = [{ timestamp: ago(minutes), sampledValue: [{ value: String(value) }] }]
    await charger.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    await p.settle()
    await page.reload()
    costs.push(Number((await page.locator('#cost').innerText()).replace('€', '')))
  }
  assert.match(await page.locator('#energy').innerText(), /6\.00 kWh/)
  assert.ok(costs[0]! > 0 && costs[1]! > costs[0]!, `it grows: ${costs.join(', ')}`)
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/J10-charging.png`, fullPage: true })

  // They end it from where they are, and the receipt comes by mail.
  await page.getByRole('button', { name: 'End charging' }).click()
  await p.settle()
  await until(async () => {
    await page.reload()
    return (await page.getByRole('link', { name: 'Receipt (PDF)' }).count()) > 0
  })
  assert.match(await page.locator('main').innerText(), /€3\.78 was taken from your card/)
  await lookAt(page, 'J10-receipt')
  await p.settle()
  const mail = (await mailsIn(p.platform.mailFolder!)).find(({ to }) => to === 'driver@example.com')!
  assert.match(mail.text, /€3\.78/)
  assert.ok(mail.text.includes(new URL(page.url()).pathname), 'and leads to the receipt')
  await page.context().close()

  // Who sold it gives a part back; above a limit a second person decides, or who asked takes it back.
  const desk = await at(admin, '/console/sold')
  await desk
    .getByRole('row', { name: /€3\.78/ })
    .getByRole('link')
    .click()
  await desk.getByRole('button', { name: 'Give money back' }).click()
  const dialog = desk.getByRole('dialog')
  await dialog.getByRole('textbox', { name: /^Amount/ }).fill('100')
  await dialog.getByRole('textbox', { name: /^Reason/ }).fill('The cable was short')
  await dialog.getByRole('button', { name: 'Give money back' }).click()
  await dialog.waitFor({ state: 'detached' })
  await desk.goto(`${address}/console/credits`)
  await desk
    .getByRole('row', { name: /The cable was short €1\.00 Proposed/ })
    .getByRole('checkbox')
    .check()
  await desk.getByRole('button', { name: 'Refuse' }).click()
  await desk.getByRole('button', { name: /Do it/ }).click()
  await desk.getByText('1 done').first().waitFor()
  await desk.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  await desk.getByText('Nothing waits for a second person').waitFor()
  await desk.context().close()
}

/** A vendor who is let in, with what they sell: a wallbox, software by key, and a battery that was used before. */
async function opensShop({ admin, person, p }: Town) {
  const iris = await person('Iris')
  const { api } = iris
  const place = { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' }
  await api.get(200, 'PUT /api/orders/seller', { name: 'Iris GmbH', address: place, smallBusiness: false })
  const form = new FormData()
  form.append('kind', 'other')
  form.append('file', new File(['%PDF-1.7\nregister'], 'register.pdf'))
  const { docId } = await api.get(201, 'POST /api/documents/upload', form)
  const { vendorId } = await api.get(200, 'PUT /api/vendors/profile', {
    name: 'Iris',
    description: 'Wallboxes, and what goes with them.',
    email: iris.email,
    iban: 'DE89 3704 0044 0532 0130 00',
    accountHolder: 'Iris GmbH',
    evidence: [docId],
    acceptTerms: true,
  })
  await api.get(200, 'POST /api/vendors/profile/submit')
  await admin.api.get(200, `POST /api/vendors/${vendorId}/approve`, {})
  await p.settle()
  api.use(await api.get(200, 'POST /api/auth/login', { email: iris.email, password }))
  await api.get(201, 'POST /api/orders/shipping-options', {
    name: 'Parcel',
    countries: ['DE'],
    currency: 'EUR',
    priceMinor: 490,
  })
  const { slug: category } = await admin.api.get(201, 'POST /api/marketplace/categories', {
    names: { en: 'Charging at home', de: 'Laden zu Hause' },
    attributes: [{ key: 'power', names: { en: 'Power', de: 'Leistung' }, type: 'number', unit: 'kW', facet: true }],
  })
  const sell = async (about: object) => {
    const made = await api.get(201, 'POST /api/marketplace/products', about)
    await admin.api.get(200, `POST /api/marketplace/products/${made.id}/approve`)
    return made as { id: string; slug: string; variants: { id: string }[] }
  }
  const safety = {
    manufacturer: { name: 'Voltwerk GmbH', address: 'Ringstr. 5, 10115 Berlin', email: 'safety@voltwerk.example' },
    warnings: 'To be installed by an electrician.',
  }
  const box = { category, stock: 50, weightG: 4_200, safety }
  const wallbox = await sell({ ...box, name: 'Wallbox Solo', price: 49_900, attributes: { power: 11 } })
  await sell({ ...box, name: 'Wallbox Duo', price: 79_900, attributes: { power: 22 } })
  const software = await sell({
    name: 'Load management, 1 year',
    description: 'Keeps all wallboxes of a house below its fuse.',
    kind: 'digital',
    price: 11_900,
    stockPolicy: 'unlimited',
    delivery: { kind: 'licence', documentId: null, maxDownloads: null },
  })
  await api.get(200, `POST /api/orders/keys/${software.variants[0]!.id}`, { keys: ['AAAA-1111', 'BBBB-2222'] })
  const { id: passportId } = await api.get(201, 'POST /api/passports', { data: baseline('BP-J11') })
  await api.get(200, `POST /api/passports/${passportId}/publish`)
  await p.settle()
  const battery = await sell({ name: 'Pack with a past', kind: 'battery', passportId, price: 90_000, weightG: 450_000 })
  await p.settle()
  return { api, wallbox, software, battery }
}

/** Goes to what has this name as who has no mouse does. */
async function reach(
  page: Page,
  role: 'link' | 'button' | 'textbox' | 'combobox' | 'spinbutton',
  name: RegExp | string,
) {
  const wanted = page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first()
  await wanted.waitFor()
  for (let press = 0; press < 120; press++) {
    if (await wanted.evaluate(element => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`${role} ${String(name)} is not reached by Tab`)
}

/** J11: bought by who has no account, once without a script, and once with one and without a mouse. */
export async function boughtWithoutScript(_: TestContext, town: Town): Promise<void> {
  const { address, at, p, mailed } = town
  const { api, wallbox, software, battery } = await opensShop(town)

  const price = async (priceMinor: number) => {
    const { version } = await api.get(200, `GET /api/marketplace/products/${wallbox.id}`)
    await api.get(
      200,
      `PUT /api/marketplace/products/${wallbox.id}`,
      { price: priceMinor },
      { 'if-match': `"${version}"` },
    )
    await p.settle()
  }
  /** What the vendor sends arrives. */
  const sent = async () => {
    let items: { orderId: string }[] = []
    await until(async () => {
      items = (await api.get(200, 'GET /api/orders/sales?state=processing')).items
      return items.length > 0
    })
    await api.get(201, `POST /api/orders/${items[0]!.orderId}/shipments`, { carrier: 'DHL', tracking: '0034' })
    await p.settle()
  }

  // Found in spite of a slip of the pen, and narrowed down.
  const page = await at(undefined, '/shop', { javaScriptEnabled: false, viewport: { width: 360, height: 780 } })
  await page.getByRole('searchbox').fill('walbox')
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  await page.getByRole('link', { name: 'Wallbox Duo' }).waitFor()
  await page.getByRole('group', { name: 'Price' }).getByLabel('to').fill('600')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByRole('link', { name: 'Wallbox Duo' }).waitFor({ state: 'detached' })
  await lookAt(page, 'J11-found')

  // All that is to be known before one buys: of a battery from its passport, of anything who made it and what one may do.
  await page.goto(`${address}/shop/p/${battery.slug}`)
  for (const said of ['LM3-BAT-2024', 'Open the passport', 'withdraw from the contract within 14 days'])
    await page.getByText(said).first().waitFor()
  await lookAt(page, 'J11-battery')
  await page.goto(`${address}/shop/p/${wallbox.slug}`)
  for (const said of ['safety@voltwerk.example', 'To be installed by an electrician.', 'withdraw from the contract'])
    await page.getByText(said).first().waitFor()
  await lookAt(page, 'J11-product')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.goto(`${address}/shop/p/${software.slug}`)
  await page.getByRole('button', { name: 'Add to cart' }).click()

  // The price changes meanwhile: it is said, and nobody pays what they have not agreed to.
  await price(52_900)
  await page.goto(`${address}/cart`)
  await page.getByText('The price has changed: it was €499.00, it is €529.00.').waitFor()
  await lookAt(page, 'J11-price-changed')
  await page.getByRole('button', { name: 'Take the prices as they are now' }).click()
  await page.getByText('The price has changed').waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'To the checkout' }).click()
  await page.getByLabel('Name', { exact: true }).first().fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill('guest@example.com')
  await page.getByLabel('Street and house').first().fill('Ringstr. 5')
  await page.getByLabel('Postal code').first().fill('10115')
  await page.getByLabel('Town').first().fill('Berlin')
  await page.getByRole('combobox', { name: 'Country', exact: true }).first().selectOption('DE')
  await lookAt(page, 'J11-checkout')
  await page.getByRole('button', { name: 'Order with obligation to pay' }).click()
  await page.getByRole('button', { name: 'Pay', exact: true }).click()
  await page.waitForURL(/\/orders\//)
  await p.settle()
  await page.reload()
  assert.match(await page.locator('code').first().innerText(), /^(AAAA-1111|BBBB-2222)$/)
  await lookAt(page, 'J11-order')

  // It arrives, and is withdrawn from in two steps, with a confirmation to keep.
  await sent()
  await page.reload()
  await page.getByRole('button', { name: 'It has arrived' }).click()
  await page.getByText('Withdraw from the contract here').click()
  await page.getByRole('button', { name: 'Confirm withdrawal' }).click()
  await page.getByText(/You withdrew from the contract on/).waitFor()
  await lookAt(page, 'J11-withdrawn')
  await p.settle()
  assert.match((await mailed('guest@example.com')).text, /withdr/i)
  await page.context().close()

  // The same with script, and by keys alone.
  const desk = await at(undefined, '/shop')
  await reach(desk, 'combobox', 'Search the shop')
  await desk.keyboard.type('wallbox solo')
  await desk.keyboard.press('Enter')
  await reach(desk, 'link', 'Wallbox Solo')
  await look(desk, 'J11-keys-found')
  await desk.keyboard.press('Enter')
  await reach(desk, 'button', 'Add to cart')
  await desk.keyboard.press('Enter')
  await reach(desk, 'link', 'To the checkout')
  await look(desk, 'J11-keys-cart')
  await desk.keyboard.press('Enter')
  await reach(desk, 'textbox', 'Name')
  // No company, no state.
  for (const value of ['Ada Lovelace', '', 'Ringstr. 5', '10115', 'Berlin', '', 'Germany', 'keys@example.com']) {
    await desk.keyboard.type(value)
    await desk.keyboard.press('Tab')
  }
  await reach(desk, 'button', 'Order with obligation to pay')
  await desk.keyboard.press('Enter')
  await reach(desk, 'button', 'Pay')
  await look(desk, 'J11-keys-payment')
  await desk.keyboard.press('Enter')
  await desk.waitForURL(/\/orders\//)
  await p.settle()
  await sent()
  await desk.reload()
  await reach(desk, 'button', 'It has arrived')
  await desk.keyboard.press('Enter')
  const withdraw = desk.locator('summary', { hasText: 'Withdraw from the contract here' })
  await withdraw.waitFor()
  for (let press = 0; press < 60; press++) {
    await desk.keyboard.press('Tab')
    if (await withdraw.evaluate(element => element === element.ownerDocument.activeElement)) break
  }
  await desk.keyboard.press('Enter')
  await reach(desk, 'button', 'Confirm withdrawal')
  await desk.keyboard.press('Enter')
  await desk.getByText(/You withdrew from the contract on/).waitFor()
  await look(desk, 'J11-keys-withdrawn')
  await desk.context().close()
}
