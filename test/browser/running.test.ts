import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, type Somebody, type Town } from './people.ts'

/** What an operator and who keeps the platform running find, follow and take back. */
test('who runs a network follows each thing to what it is made of', { skip, timeout: 1_200_000 }, async t => {
  const town = await openTown(t, {
    BILLING_DEBT_ALLOWED_MINOR: '100000',
    MAINTENANCE_CALM: '0s',
    NOTIFICATION_DIGEST: '0s',
  })
  const there = await furnish(t, town)
  const journeys: readonly [name: string, journey: (town: Town, there: There) => Promise<void>][] = [
    ['a session leads to its price, its invoice and the wire; a figure to its sessions', money],
    ['a connector that breaks is seen at once, and is an incident that one looks into and closes', incidents],
    ['a ticket is opened at a station, is made urgent, shows photos, and may take so long', tickets],
    ['a charger has its firmware, certificates, local list, profiles and tickets, another password, and an end', sides],
    ['an event says who reacted, and the audit log is a file', events],
    ['a list that is for others says for whom', forbidden],
  ]
  for (const [name, journey] of journeys) await t.test(name, () => journey(town, there))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

test(
  'passports and files are taken back, and a message leads to what it is about',
  { skip, timeout: 600_000 },
  async t => {
    const town = await openTown(t, { NOTIFICATION_DIGEST: '0s' })
    await t.test('a passport is as it was, is archived, and a draft is deleted', () => versions(town))
    await t.test('a file with mistakes comes back marked, and what it made is taken back', () => undone(town))
    assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
  },
)

interface There {
  readonly device: Awaited<ReturnType<typeof connect>>
  readonly stationId: string
  readonly say: (status: string, errorCode?: string) => Promise<void>
  /** Reads German. */
  readonly edith: Somebody
}

/** A station with a price, where somebody has charged for €4.90. */
async function furnish(t: TestContext, { address, admin, person, p }: Town): Promise<There> {
  const { api } = admin
  const edith = await person('Edith', 'admin')
  await edith.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  await api.get(201, 'POST /api/ocpp/tokens', { idToken: 'CARD', userId: admin.id })
  const seat = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await api.get(200, 'PUT /api/billing/seller', { name: 'Example Charging', address: seat, taxId: 'DE136695976' })
  const elements = [{ priceComponents: [{ type: 'ENERGY', price: '0.49' }] }]
  const terms = { currency: 'EUR', taxIncluded: true, elements }
  await api.get(201, 'POST /api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
  const device = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
  for (const action of ['TriggerMessage', 'Reset', 'ChangeAvailability', 'UpdateFirmware'])
    device.answers.set(action, () => (action === 'UpdateFirmware' ? {} : { status: 'Accepted' }))
  device.answers.set('ChangeConfiguration', () => ({ status: 'Accepted' }))
  device.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  await device.call('BootNotification', boot16)
  const say = async (status: string, errorCode = 'NoError'): Promise<void> => {
    await device.call('StatusNotification', { connectorId: 1, errorCode, status })
  }
  await say('Available')
  await p.settle()
  await api.get(200, 'POST /api/ocpp/chargers/CP-1/move', { organisationId: null })
  await p.settle()
  const evses = [{ evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2' }] }]
  const coordinates = { latitude: 49.019, longitude: 12.094 }
  const station = { name: 'Market square', chargerId: 'CP-1', coordinates, timeZone: 'Europe/Berlin', evses }
  const { id: stationId } = await api.get(201, 'POST /api/stations', station)
  const begin = { connectorId: 1, idTag: 'CARD', meterStart: 1_000, timestamp: new Date().toISOString() }
  const { transactionId } = await device.call('StartTransaction', begin)
  await device.call('StopTransaction', { transactionId, meterStop: 11_000, timestamp: new Date().toISOString() })
  await p.settle()
  return { device, stationId, say, edith }
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()

async function money(town: Town, { edith }: There): Promise<void> {
  const { at, admin, address } = town
  const page = await at(admin, '/console/sessions')
  await page.getByRole('row', { name: /CP-1/ }).getByRole('link').first().click()
  await page.getByRole('tab', { name: 'Price' }).click()
  await page.getByRole('row', { name: /Energy 10\.00 kWh €0\.49 per kWh €4\.90/ }).waitFor()
  await page.getByText('In all: €4.90 (with tax)').waitFor()
  await page.getByText('Nothing was given back.').waitFor()
  const session = new URL(page.url()).pathname
  await lookAllOver(town, edith, `${session}?tab=money`, 'C8-money', '.facts')
  await page.getByRole('link', { name: 'Invoice', exact: true }).click()
  await page
    .getByRole('link', { name: /Energy|CP-1/ })
    .first()
    .waitFor()
  const number = (await page.getByRole('heading', { level: 1 }).innerText()).trim()
  await lookAllOver(town, edith, new URL(page.url()).pathname, 'C10-invoice', '.rows')
  const pdf = await page.getByRole('link', { name: 'PDF' }).getAttribute('href')
  assert.equal((await page.request.get(address + pdf!)).headers()['content-type'], 'application/pdf')

  // Its number, pasted anywhere, leads here.
  await page.goto(`${address}/console`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').or(page.getByRole('searchbox')).first().fill(number)
  await page.getByRole('dialog').getByText(number, { exact: true }).click()
  await heading(page, number)

  await page.goto(address + session)
  await page.getByRole('link', { name: 'Wire log' }).last().click()
  await page.getByRole('row', { name: /StopTransaction/ }).waitFor()
  assert.equal(await page.getByRole('row', { name: /BootNotification/ }).count(), 1)
  await page.goto(`${address}${session}?tab=signed`)
  await page.getByText('A meter that signs what it counts').waitFor()

  // A point of a figure leads to the sessions of that time, a place to its own.
  await page.goto(`${address}/console/figures?interval=day`)
  const csv = await page.getByRole('link', { name: 'All of it as CSV' }).getAttribute('href')
  assert.match(await (await page.request.get(address + csv!)).text(), /Market square,energy,Wh,,10000/)
  await page.getByText('As a table').click()
  await page.locator('figure').getByRole('link').last().click()
  await page.getByRole('row', { name: /CP-1 10\.00 kWh/ }).waitFor()
  await page.goBack()
  await page.getByRole('link', { name: '10.00 kWh' }).last().click()
  await page.waitForURL(/\/sessions\?station=/)
  await page.getByRole('row', { name: /CP-1 10\.00 kWh/ }).waitFor()
  await page.context().close()
}

async function incidents(town: Town, { say, edith }: There): Promise<void> {
  const { at, admin, address, p } = town
  const page = await at(admin, '/console/stations')
  const row = page.getByRole('row', { name: /Market square/ })
  await row.getByText('Free').waitFor()
  await page.getByText(/Live$/).waitFor()
  // Nothing asks for it by the clock: what happens is heard.
  await say('Faulted', 'GroundFailure')
  await row.getByText('Faulted').waitFor()

  await p.settle()
  await page.goto(`${address}/console/incidents`)
  await page.getByRole('link', { name: 'Market square' }).click()
  await heading(page, /Market square · GroundFailure/)
  await page.getByText('Nothing here yet').waitFor()
  const { pathname } = new URL(page.url())
  await lookAllOver(town, edith, pathname, 'C14-incident', '.facts')
  await page.getByRole('button', { name: 'Have it start again' }).click()
  await page.getByRole('tab', { name: 'What was tried' }).click()
  await page.getByRole('row', { name: /Have it start again/ }).waitFor()
  await page.getByRole('tab', { name: 'Reports' }).click()
  await page.getByText('Nobody has reported it').waitFor()
  await say('Available')
  await p.settle()
  await page.reload()
  await page.getByRole('button', { name: 'Solved: close it' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Solved: close it' }).click()
  await page.getByRole('button', { name: 'Solved: close it' }).waitFor({ state: 'detached' })
  await page.getByRole('tab', { name: 'Details' }).click()
  await page.getByRole('row', { name: 'How it ended Solved' }).waitFor()
  await page.context().close()
}

async function tickets(town: Town, { stationId, edith }: There): Promise<void> {
  const { at, admin, address, p, person } = town
  const grace = await person('Grace', 'technician')
  await admin.api.get(201, 'POST /api/maintenance/technicians', { userId: grace.id, name: 'Grace' })
  const page = await at(admin, '/console/tickets')
  await page.getByRole('link', { name: 'How long they may take' }).click()
  await page.getByRole('textbox', { name: /^Critical, in hours/ }).fill('4.5')
  await page.getByRole('textbox', { name: /^Working hours/ }).fill('1-6 07:00-20:00')
  await page.getByRole('textbox', { name: /^Person/ }).fill(grace.id)
  await look(page, 'C12-levels')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/tickets$/)
  const levels = await admin.api.get(200, 'GET /api/maintenance/sla')
  assert.deepEqual([levels.criticalS, levels.highS, levels.escalateTo], [16_200, null, { personId: grace.id }])
  await lookAllOver(town, edith, '/console/tickets/levels', 'C12-levels', 'form')

  await page.goto(`${address}/console/tickets`)
  await page.getByRole('link', { name: 'Open a ticket' }).first().click()
  await page.getByRole('combobox', { name: /^Station/ }).click()
  await page.getByRole('option', { name: 'Market square' }).click()
  await page.getByRole('textbox', { name: /^Title/ }).fill('The lamp is out')
  await page.getByRole('button', { name: 'Create' }).click()
  await heading(page, /The lamp is out/)
  await page.getByRole('button', { name: 'Priority' }).click()
  const dialog = page.getByRole('dialog', { name: 'Priority' })
  await dialog.getByRole('combobox').click()
  await page.getByRole('option', { name: 'Critical' }).click()
  await dialog.getByRole('button', { name: 'Priority' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByText(/· Critical/).waitFor()

  // A photo is shown, and is a document.
  const photo = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#804000' } })
    .jpeg()
    .toBuffer()
  await page.locator('input[type=file]').setInputFiles({ name: 'lamp.jpg', mimeType: 'image/jpeg', buffer: photo })
  const shown = page.getByRole('img', { name: 'Photo 1' })
  await shown.waitFor()
  await p.settle()
  await page.reload()
  await shown.waitFor()
  const wide = () => shown.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth)
  assert.equal(await wide(), 40)
  await lookAllOver(town, edith, new URL(page.url()).pathname, 'C12-ticket', 'img')
  await page.goto(`${address}/console/chargers/CP-1?tab=tickets`)
  await page.getByRole('link', { name: /The lamp is out/ }).waitFor()
  await page.getByRole('link', { name: 'Open a ticket' }).click()
  await page.waitForURL(new RegExp(`stationId=${stationId}`))
  assert.equal(await page.getByRole('combobox', { name: /^Station/ }).inputValue(), 'Market square')
  await page.context().close()
}

async function sides(town: Town, { device, edith }: There): Promise<void> {
  const { at, admin, address } = town
  const page = await at(admin, '/console/chargers/CP-1?tab=firmware')
  await page.getByRole('button', { name: 'New firmware' }).click()
  const dialog = page.getByRole('dialog', { name: 'New firmware' })
  await dialog.getByRole('textbox', { name: 'Address of the file' }).fill('https://files.example.com/2.5.0.bin')
  await dialog.getByRole('button', { name: 'New firmware' }).click()
  await page.getByRole('row', { name: /2\.5\.0\.bin/ }).waitFor()
  await lookAllOver(town, edith, '/console/chargers/CP-1?tab=firmware', 'C4-firmware', '[role=tabpanel]:visible')

  await page.getByRole('tab', { name: 'Certificates' }).click()
  await page.getByRole('button', { name: 'New password' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New password' }).click()
  const told = (await page.getByRole('alert').locator('.told').innerText()).trim()
  assert.ok(told.length >= 16)
  await look(page, 'C4-password')
  await page.getByRole('alert').getByRole('button', { name: 'Close' }).click()
  assert.equal(await page.locator('.told').count(), 0, 'and is told once')
  await lookAllOver(town, edith, '/console/chargers/CP-1?tab=certificates', 'C4-certificates', '.facts')

  await page.getByRole('tab', { name: 'Local list' }).click()
  await page.getByRole('row', { name: 'Kept no' }).waitFor()
  await page.getByRole('button', { name: 'Keep the list otherwise' }).click()
  const keeping = page.getByRole('dialog', { name: 'Keep the list otherwise' })
  await keeping.getByRole('checkbox').check()
  await keeping.getByRole('button', { name: 'Keep the list otherwise' }).click()
  await page.getByRole('row', { name: 'Kept yes' }).waitFor()
  await lookAllOver(town, edith, '/console/chargers/CP-1?tab=localList', 'C4-local-list', '.facts')
  await page.getByRole('tab', { name: 'Profiles' }).click()
  await page.getByText('Nothing has come in so far.').waitFor()

  await device.close()
  await page.getByRole('button', { name: 'Retire' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Retire' }).click()
  await page.waitForURL(`${address}/console/chargers`)
  await admin.api.get(404, 'GET /api/ocpp/chargers/CP-1')
  await page.context().close()
}

async function events(town: Town, { edith }: There): Promise<void> {
  const { at, admin, address } = town
  const page = await at(admin, '/console/operations/events?topic=session.ended')
  await page.getByRole('link', { name: 'session.ended' }).first().click()
  await heading(page, 'session.ended')
  await page.getByText('"energyWh": 10000').waitFor()
  const { pathname } = new URL(page.url())
  await page.getByRole('tab', { name: 'Who reacted' }).click()
  await page
    .getByRole('row', { name: /billing .* Handled/ })
    .first()
    .waitFor()
  await lookAllOver(town, edith, `${pathname}?tab=reactions`, 'O3-event', '.rows')
  await page.getByRole('tab', { name: 'Details' }).click()
  const trace = await page
    .getByRole('row', { name: /^Trace/ })
    .getByRole('cell')
    .innerText()
  await page.getByRole('link', { name: 'All that happened to it' }).click()
  await page.getByRole('link', { name: 'session.started' }).waitFor()

  // A trace that somebody was told, pasted, leads to what happened.
  await page.goto(`${address}/console/search?q=${trace.trim()}`)
  await page.getByRole('main').getByRole('link', { name: 'session.ended' }).click()
  await heading(page, 'session.ended')
  await page.goto(`${address}/console/operations/audit`)
  const file = await page.getByRole('link', { name: 'All of it as CSV' }).getAttribute('href')
  const answer = await page.request.get(address + file!)
  assert.match(answer.headers()['content-type']!, /^text\/csv/)
  await page.context().close()
}

async function forbidden({ at, person }: Town): Promise<void> {
  const page = await at(await person('Ursula'), '/console/operations/audit')
  await page.getByText('This is not for your role.').waitFor()
  await page.getByText('It opens to these roles: Admin.').waitFor()
  await page.context().close()
}

async function versions(town: Town): Promise<void> {
  const { at, person, address, p } = town
  const ada = await person('Ada')
  const make = async (batteryIdentifier: string, more = {}) =>
    await ada.api.get(201, 'POST /api/passports', {
      data: {
        generalInformation: { batteryIdentifier, batteryCategory: 'EV', batteryModel: { id: 'LM3' } },
        ...more,
      },
    })
  const { id, data } = await make('BP-1', { notes: 'as it began' })
  const changed = { data: { ...data, notes: 'a mistake' } }
  await ada.api.get(200, `PUT /api/passports/${id}`, changed, { 'if-match': '"1"' })
  const page = await at(ada, `/console/passports/${id}?tab=history`)
  await page.getByText(/^Owner Ada|· Owner Ada/).waitFor()
  await page.getByRole('button', { name: 'Restore this version' }).click()
  await page.getByRole('dialog').getByText('becomes version 3').waitFor()
  await look(page, 'X21-restore')
  await page.getByRole('dialog').getByRole('button', { name: 'Restore this version' }).click()
  await page.getByText('Version 3').waitFor()
  const now = await ada.api.get(200, `GET /api/passports/${id}`)
  assert.deepEqual([now.version, now.data.notes], [3, 'as it began'])

  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('button', { name: 'Archive' }).click()
  await look(page, 'P3-archive')
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click()
  await page.getByRole('button', { name: 'Archive' }).waitFor({ state: 'detached' })
  assert.equal((await ada.api.get(200, `GET /api/passports/${id}`)).status, 'archived')

  const draft = await make('BP-2')
  await page.goto(`${address}/console/passports/${draft.id}`)
  await page.getByRole('button', { name: 'Delete the draft' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the draft' }).click()
  await page.waitForURL(`${address}/console/passports`)
  await ada.api.get(404, `GET /api/passports/${draft.id}`)

  // What was told of it leads to it.
  await p.settle()
  await page.goto(`${address}/console/notifications`)
  await page.getByRole('link', { name: /BP-1/ }).first().click()
  await page.waitForURL(`${address}/console/passports/${id}`)
  await heading(page, 'BP-1')
  await page.context().close()
}

async function undone({ at, person, p, address }: Town): Promise<void> {
  const grace = await person('Grace')
  const page = await at(grace, '/console/passports')
  await page.getByRole('button', { name: 'Import' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Import' })
  const lines = [
    'uniqueBatteryIdentifier,batteryCategory,batteryMass [kg]',
    'B-1,EV,450',
    'B-2,EV,451',
    'B-3,no such,452',
  ]
  const buffer = Buffer.from(lines.join('\r\n'))
  await dialog.locator('input[type=file]').setInputFiles({ name: 'batteries.csv', mimeType: 'text/csv', buffer })
  await dialog.getByRole('button', { name: 'Try it' }).click()
  await p.settle()
  const marked = await dialog
    .getByRole('link', { name: 'The file, with what is wrong marked in it' })
    .getAttribute('href')
  const file = await (await page.request.get(address + marked!)).text()
  assert.match(file, /B-3,no such/)
  await look(page, 'X10-marked')
  await dialog.getByRole('button', { name: 'Take over 2' }).click()
  await p.settle()
  await dialog.getByText(/2 created/).waitFor()

  await page.goto(`${address}/console/jobs`)
  await page.getByRole('button', { name: 'Take it back' }).click()
  await look(page, 'S3-undo')
  await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
  await p.settle()
  await page.getByRole('button', { name: 'Take it back' }).waitFor({ state: 'detached' })
  assert.deepEqual((await grace.api.get(200, 'GET /api/passports')).items, [])
  await page.context().close()
}
