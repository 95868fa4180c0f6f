import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import sharp from 'sharp'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { until } from '../kernel/toys.ts'
import { look, type Town } from './people.ts'

/** J6: a fault becomes a ticket, and a technician on a telephone works on it while there is no network. */
export async function faultToRepair(t: TestContext, town: Town): Promise<void> {
  const { address, at, admin, person, p, strike } = town
  const grace = await person('Katherine', 'technician')
  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-6`, 'ocpp1.6', {
    password: 'a long and random one',
  })
  for (const action of ['TriggerMessage', 'Reset', 'ChangeAvailability'])
    charger.answers.set(action, () => ({ status: 'Accepted' }))
  charger.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  await charger.call('BootNotification', boot16)
  await admin.api.get(200, 'POST /api/ocpp/chargers/CP-6/approve')
  await until(async () => (await charger.call('BootNotification', boot16)).status === 'Accepted')
  const say = async (status: string, errorCode = 'NoError'): Promise<void> => {
    await charger.call('StatusNotification', { connectorId: 1, errorCode, status })
    await p.settle()
  }
  await say('Available')
  const { items } = await admin.api.get(200, 'GET /api/stations?scope=managed')
  const { id, version } = items.find((one: { chargerId: string }) => one.chargerId === 'CP-6')
  const place = { latitude: 52.52, longitude: 13.405 }
  await admin.api.get(
    200,
    `PUT /api/stations/${id}`,
    {
      name: 'Market square',
      chargerId: 'CP-6',
      address: { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DEU' },
      coordinates: place,
      timeZone: 'Europe/Berlin',
      evses: [{ evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2', format: 'SOCKET' }] }],
    },
    { 'if-match': `"${version}"` },
  )
  const technician = { userId: grace.id, name: 'Katherine', position: place, radiusM: 50_000 }
  await admin.api.get(201, 'POST /api/maintenance/technicians', technician)
  await admin.api.get(201, 'POST /api/maintenance/parts', { number: 'LOCK-T2', name: 'Lock of a socket', stock: 3 })
  await p.settle()

  // The fault is an incident by itself; the operator makes it somebody's.
  await say('Faulted', 'ConnectorLockFailure')
  const opened = await admin.api.get(200, 'GET /api/maintenance/incidents?status=open&chargerId=CP-6')
  assert.deepEqual(
    opened.items.map((one: { place: string }) => one.place),
    ['Market square'],
  )
  const operator = await at(admin, '/console/incidents')
  await operator.getByRole('checkbox', { name: /Market square/ }).check()
  await operator.getByRole('button', { name: 'Open a ticket' }).click()
  await operator.getByRole('button', { name: 'Do it for 1' }).click()
  await operator.getByText('1 done').first().waitFor()
  await operator.goto(`${address}/console/tickets`)
  await operator.getByRole('link', { name: /Market square/ }).click()
  await operator.getByRole('tab', { name: 'Who might go' }).click()
  const proposal = operator.getByRole('row', { name: /Katherine/ })
  await proposal.getByText(/km away|within/i).waitFor()
  await look(operator, 'J6-proposals')
  await proposal.getByRole('button', { name: 'Assign' }).click()
  await proposal.getByText('Has it').waitFor()

  // On the telephone: begun with a network, and then there is none.
  const phone = await at(grace, '/console/tickets', {
    viewport: { width: 390, height: 800 },
    serviceWorkers: 'allow',
  })
  await phone.getByRole('link', { name: /Market square/ }).click()
  const ticketId = new URL(phone.url()).pathname.split('/').at(-1)!
  const ticket = () => admin.api.get(200, `GET /api/maintenance/tickets/${ticketId}`)
  await phone.getByRole('button', { name: 'Begin' }).click()
  await phone.getByRole('button', { name: 'It is done' }).waitFor()
  await until(async () => (await ticket()).state === 'in-progress')
  await phone.getByRole('combobox', { name: 'Part' }).waitFor()
  await look(phone, 'J6-online')

  await phone.context().setOffline(true)
  await phone.getByText('You are offline').waitFor()
  await phone.getByLabel('What is to say').fill('The lock is worn.')
  await phone.getByRole('button', { name: 'Say it' }).click()
  const photo = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#804000' } })
    .jpeg()
    .toBuffer()
  await phone.locator('input[type=file]').setInputFiles({ name: 'lock.jpg', mimeType: 'image/jpeg', buffer: photo })
  await phone.getByRole('combobox', { name: 'Part' }).click()
  await phone.getByRole('option', { name: /LOCK-T2/ }).click()
  await phone.getByRole('button', { name: 'Use the part' }).click()
  await phone.getByLabel('What is to say').fill('New lock, and it holds.')
  await phone.getByRole('button', { name: 'It is done' }).click()
  await phone.getByText('4 things wait for the network').waitFor()
  await look(phone, 'J6-offline')
  assert.equal((await ticket()).notes.length, 3, 'nobody has heard of it yet')
  const back = Date.now()

  // The network is back: all of it is there, in its order and with its times.
  await phone.context().setOffline(false)
  await phone.getByText('wait for the network').waitFor({ state: 'detached' })
  await until(async () => (await ticket()).state === 'resolved')
  const { notes, parts } = await ticket()
  const done = notes.slice(3) as { act: string; text: string | null; notedAt: string; photos: string[] }[]
  assert.deepEqual(
    done.map(({ act, text, photos }) => [act, act === 'part' ? null : text, photos.length]),
    [
      ['comment', 'The lock is worn.', 0],
      ['comment', null, 1],
      ['part', null, 0],
      ['resolve', 'New lock, and it holds.', 0],
    ],
  )
  const times = done.map(({ notedAt }) => Date.parse(notedAt))
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.ok(
    times.every(time => time <= back),
    'each has the time when it was done',
  )
  assert.deepEqual([parts[0].number, parts[0].quantity], ['LOCK-T2', 1])

  // The charger is well, and the ticket is closed in its time.
  await say('Available')
  await strike(/^open and close incidents/)
  await operator.getByRole('button', { name: 'Close' }).click()
  await operator.getByRole('button', { name: 'Open again' }).waitFor()
  await operator.getByRole('tab', { name: 'Details' }).click()
  await operator
    .getByRole('row', { name: /In time/ })
    .getByText('Yes')
    .waitFor()
  await look(operator, 'J6-closed')
  const closed = await admin.api.get(200, 'GET /api/maintenance/incidents?status=closed&chargerId=CP-6')
  assert.equal(closed.items[0].end, 'cleared')
  for (const page of [operator, phone]) await page.context().close()
}
