import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { remote } from '../../seed.ts'
import { seedStations } from '../../tools/demo/stations.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, password, type Somebody, type Town } from './people.ts'

interface Stations {
  readonly first: { readonly id: string; readonly name: string; readonly version: number }
  readonly siteId: string
  /** Looks at all of it, in German. */
  readonly edith: Somebody
}

test('charging is priced, booked and looked after in the console', { skip, timeout: 1_200_000 }, async t => {
  const town = await openTown(t)
  const stations = await furnish(town)
  const desks: readonly [name: string, desk: (town: Town, stations: Stations) => Promise<void>][] = [
    ['a tariff is read as drivers read it, tried, copied, changed, applied to a site, and taken back', tariffs],
    ['a booking is made, moved, extended and cancelled, and a point is blocked whoever has booked it', bookings],
    ['a site shows its stations, what the law asks of them, and what is planned there', sites],
    ['a technician is added, is away, and has a calendar', technicians],
  ]
  for (const [name, desk] of desks) await t.test(name, () => desk(town, stations))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

/** Stations with prices, of which the first stands at a site. */
async function furnish({ address, admin, person }: Town): Promise<Stations> {
  const client = remote(address)
  const { accessToken } = await client('POST', '/api/auth/login', { email: admin.email, password })
  await seedStations(client, accessToken, true)
  const { id: siteId } = await admin.api.get(201, 'POST /api/stations/sites', {
    name: 'Old town',
    timeZone: 'Europe/Berlin',
    openingTimes: { twentyFourSeven: false, regular: [{ weekday: 1, from: '08:00', to: '20:00' }] },
  })
  const { items } = await admin.api.get(200, 'GET /api/stations?q=Haidplatz&scope=managed')
  const { id, version, name, chargerId, address: at, coordinates, timeZone } = items[0]
  const said = { name, chargerId, address: at, coordinates, timeZone, siteId, public: true }
  const first = await admin.api.get(200, `PUT /api/stations/${id}`, said, { 'if-match': `"${version}"` })
  const edith = await person('Edith', 'admin')
  await edith.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  return { first, siteId, edith }
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()

async function tariffs(town: Town, { edith }: Stations): Promise<void> {
  const { at, admin } = town
  const page = await at(admin, '/console/tariffs', { timezoneId: 'Europe/Berlin' })
  await page.getByRole('link', { name: 'Day and night' }).click()
  await heading(page, 'Day and night')
  const words = page.getByRole('listitem')
  await words.filter({ hasText: '€0.39 per kWh (22:00–06:00)' }).waitFor()
  await words.filter({ hasText: '€0.10 per minute in which nothing flows (after 30 minutes)' }).waitFor()
  const row = (time: string) => page.getByRole('row').filter({ hasText: time })
  assert.match(await row('06:00–22:00').innerText(), /€0\.49 per kWh/)
  assert.match(await row('22:00–24:00').innerText(), /€0\.39 per kWh/)

  // Ten kWh over midnight of the tariff, half of them by day, and an hour too long.
  await page.getByLabel('It begins').fill('2037-03-02T21:30')
  await page.getByLabel('Energy in kWh').fill('10')
  await page.getByLabel('Minutes of charging').fill('60')
  await page.getByLabel('Minutes idle afterwards').fill('90')
  await page.getByText('In all: €10.40 (with tax)').waitFor()
  await row('Time in which nothing flows').filter({ hasText: '€6.00' }).waitFor()
  const path = new URL(page.url()).pathname
  await lookAllOver(town, edith, path, 'C9-tariff', '[role="status"] p')

  // Its copy is in force nowhere; what is typed is read at once, before it is saved.
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  await page.waitForURL(/\/tariffs\/[^/]+\/edit$/)
  await page.getByLabel('Name').fill('Evening')
  await page.getByLabel('Price').first().fill('0.25')
  await words.filter({ hasText: '€0.25 per kWh (22:00–06:00)' }).waitFor()
  await look(page, 'C9-editing')
  await page.getByLabel('Minutes of charging').press('Enter')
  assert.match(page.url(), /edit$/, 'Enter in what is tried saves nothing')
  await page.getByRole('button', { name: 'Save' }).click()
  await heading(page, 'Evening')

  await page.getByRole('tab', { name: 'In force at' }).click()
  await page.getByText('It is in force nowhere.').waitFor()
  await page.getByRole('button', { name: 'Apply it to …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Apply it to …' })
  await dialog.getByRole('combobox', { name: 'Site' }).click()
  await page.getByRole('option', { name: 'Old town' }).click()
  await look(page, 'C9-applying')
  await dialog.getByRole('button', { name: 'Apply it to …' }).click()
  await page.getByRole('link', { name: 'Haidplatz car park' }).waitFor()
  await page.getByRole('tab', { name: 'History' }).click()
  await page.getByRole('row').filter({ hasText: '€0.25 per kWh' }).first().waitFor()
  assert.equal(await page.getByRole('row').count(), 4, 'its head, and three versions')
  await page.getByRole('tab', { name: 'In force at' }).click()
  await page
    .getByRole('row', { name: /Haidplatz/ })
    .getByRole('button', { name: 'Remove' })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('It is in force nowhere.').waitFor()
  await page.context().close()
}

async function bookings(town: Town, { first, edith }: Stations): Promise<void> {
  const { at, admin } = town
  const page = await at(admin, '/console/bookings', { timezoneId: 'Europe/Berlin' })
  await page.getByRole('link', { name: 'Bookings by week' }).click()
  await page.getByText('Choose a station').waitFor()
  await page.getByRole('combobox', { name: 'Station' }).fill('haidpl')
  await page.getByRole('option', { name: /Haidplatz car park/ }).click()
  await page.waitForURL(/station=/)
  // Monday of the week after next: nothing of it is past.
  const monday = new Date(Date.now() + 14 * 86_400_000)
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7))
  const date = monday.toISOString().slice(0, 10)
  await page.getByLabel('Week of').fill(date)

  await page.getByRole('button', { name: 'Book', exact: true }).click()
  const booking = page.getByRole('dialog', { name: 'Book' })
  await booking.getByLabel('From').fill(`${date}T09:00`)
  await booking.getByLabel('To', { exact: false }).nth(0).fill(`${date}T10:00`)
  await booking.getByRole('combobox', { name: /Charging point/ }).click()
  await page.getByRole('option').first().click()
  await look(page, 'C11-booking')
  await booking.getByRole('button', { name: 'Book' }).click()
  await page.getByRole('link', { name: /09:00.*10:00/ }).waitFor()

  // Whoever blocks the point sees who has booked it.
  await page.getByRole('button', { name: 'Block for maintenance' }).click()
  const block = page.getByRole('dialog', { name: 'Block for maintenance' })
  await block.getByLabel('From').fill(`${date}T08:00`)
  await block.getByLabel('To', { exact: false }).nth(0).fill(`${date}T12:00`)
  await block.getByLabel('What is done').fill('New cables')
  await block.getByText('Bookings in the way: 1.').waitFor()
  await look(page, 'C11-blocking')
  await block.getByRole('button', { name: 'Block for maintenance' }).click()
  await page.getByText(/Blocked: New cables/).waitFor()
  await lookAllOver(town, edith, `/console/bookings/week?station=${first.id}&from=${date}`, 'C11-week')

  await page.getByRole('link', { name: /09:00.*10:00/ }).click()
  await page.getByRole('row', { name: /Kept by the charger Not asked yet/ }).waitFor()
  await page.getByRole('button', { name: 'Extend by 30 minutes' }).click()
  await page.getByRole('row', { name: /^To .*10:30/ }).waitFor()
  await page.getByRole('button', { name: 'Move' }).click()
  const move = page.getByRole('dialog', { name: 'Move' })
  assert.equal(await move.getByLabel('From').inputValue(), `${date}T09:00`)
  await move.getByLabel('From').fill(`${date}T09:30`)
  await move.getByRole('button', { name: 'Move' }).click()
  await page.getByRole('row', { name: /^From .*9:30/ }).waitFor()
  await look(page, 'C11-moved')
  await page.getByRole('button', { name: 'Cancel the booking' }).click()
  const cancel = page.getByRole('dialog', { name: 'Cancel the booking' })
  await cancel.getByLabel('Why; the driver reads it').fill('Works at the station')
  await cancel.getByRole('button', { name: 'Cancel the booking' }).click()
  await page.getByRole('row', { name: /Reason Works at the station/ }).waitFor()
  await page.context().close()
}

async function sites(town: Town, { siteId, edith }: Stations): Promise<void> {
  const { at, admin } = town
  const page = await at(admin, '/console/sites')
  await page.getByRole('link', { name: 'Old town' }).click()
  await heading(page, 'Old town')
  const row = page.getByRole('row', { name: /Haidplatz/ })
  await row.getByRole('link', { name: 'Day and night' }).waitFor()
  const signs = await row.getByRole('link', { name: 'PDF' }).getAttribute('href')
  assert.equal((await page.request.get(town.address + signs!)).headers()['content-type'], 'application/pdf')
  await lookAllOver(town, edith, `/console/sites/${siteId}`, 'C3-site', 'table')
  await page.getByRole('tab', { name: 'AFIR' }).click()
  await page.getByText(/A price is known before charging.*\(done\)/).waitFor()
  await page.getByRole('link', { name: 'Haidplatz car park: say what is missing' }).waitFor()
  await look(page, 'C3-law')
  await page.getByRole('tab', { name: 'Works' }).click()
  await page
    .getByRole('row', { name: /New cables/ })
    .getByRole('button', { name: 'End it' })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await page.getByText('No works are planned.').waitFor()
  await look(page, 'C3-works')
  await page.getByRole('tab', { name: 'Details' }).click()
  await page.getByText('Mon 08:00–20:00').waitFor()
  await page.context().close()
}

async function technicians(town: Town, { edith }: Stations): Promise<void> {
  const { at, admin, person } = town
  const grace = await person('Grace', 'technician')
  const page = await at(admin, '/console/technicians', { timezoneId: 'Europe/Berlin' })
  await page.getByRole('link', { name: 'New technician' }).first().click()
  await page.getByLabel('Name').fill('Grace Hopper')
  await page.getByLabel(/^Person/).fill(grace.id)
  await page.getByRole('button', { name: 'Create' }).click()
  await heading(page, 'Grace Hopper')
  await page.getByRole('button', { name: 'Enter an absence' }).click()
  const away = page.getByRole('dialog', { name: 'Enter an absence' })
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  await away.getByLabel('From').fill(`${tomorrow}T06:00`)
  await away.getByLabel('To', { exact: false }).nth(0).fill(`${tomorrow}T20:00`)
  await away.getByRole('button', { name: 'Enter an absence' }).click()
  await page.getByRole('cell', { name: 'Away', exact: true }).waitFor()
  await lookAllOver(town, edith, new URL(page.url()).pathname, 'C13-technician', 'table')
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByRole('button', { name: 'Add Skills' }).click()
  await look(page, 'C13-editing')
  await page.context().close()
}
