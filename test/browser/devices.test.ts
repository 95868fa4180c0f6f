import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { until } from '../kernel/toys.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, type Town } from './people.ts'

/** Chargers as devices: what they can be told, how they are set, new firmware, and such to play with. */
test(
  'an operator tells chargers what to do, sets them alike, and plays with some',
  { skip, timeout: 600_000 },
  async t => {
    const town = await openTown(t)
    await t.test('a command is doubted, filled in from the device, sent, found on the wire, and sent again', each =>
      command(each, town),
    )
    await t.test('one command goes to many, and again to those that did not take it', each => many(each, town))
    await t.test('a charger is read, compared with another and with a template, and set like it', each =>
      set(each, town),
    )
    await t.test('simulated chargers are started, plugged into, broken and switched off', () => play(town))
    await t.test('firmware is planned, held and called off', () => firmware(town))
    assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
  },
)

/** A charger of 1.6 with these keys, that takes what it is told. */
async function charger(t: TestContext, { address, admin }: Town, id: string, keys: Record<string, string>) {
  const it = await connect(t, `${address.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6')
  const readonly = new Set(['SupportedFeatureProfiles', 'NumberOfConnectors'])
  it.answers.set('GetConfiguration', () => ({
    configurationKey: Object.entries(keys).map(([key, value]) => ({ key, readonly: readonly.has(key), value })),
  }))
  it.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  it.answers.set('ChangeConfiguration', ({ key, value }: { key: string; value: string }) => {
    if (key === 'Restarted') return { status: 'RebootRequired' }
    keys[key] = value
    return { status: 'Accepted' }
  })
  await it.call('BootNotification', boot16)
  await it.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  const known = async () => (await admin.api.get(200, `GET /api/ocpp/chargers/${id}/variables`)).items.length > 0
  await until(known)
  return it
}

async function command(t: TestContext, town: Town): Promise<void> {
  const it = await charger(t, town, 'CP-A', {
    SupportedFeatureProfiles: 'Core,RemoteTrigger',
    HeartbeatInterval: '300',
    MeterValueSampleInterval: '60',
    Restarted: 'no',
  })
  const page = await town.at(town.admin, '/console/chargers/CP-A?tab=commands')
  await page.getByRole('combobox', { name: 'Command' }).click()
  await page.getByRole('option', { name: 'SetChargingProfile: Does not name SmartCharging' }).waitFor()
  await page.getByRole('combobox', { name: 'Command' }).fill('Unlock')
  await page.getByRole('option', { name: 'UnlockConnector' }).click()
  assert.match(page.url(), /action=UnlockConnector/)

  // A number of the device is offered, and the payload stands beside the fields, to be written as well.
  await page.getByRole('group', { name: 'Of this charger' }).getByRole('button', { name: '1 Free' }).click()
  const payload = page.getByRole('textbox', { name: 'JSON' })
  assert.equal(await payload.inputValue(), '{\n  "connectorId": 1\n}')
  await payload.fill('{"connectorId": 2}')
  assert.equal(await page.getByRole('textbox', { name: /^connectorId/ }).inputValue(), '2')
  it.answers.set('UnlockConnector', () => ({ status: 'UnlockFailed' }))
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(/UnlockConnector: answered after \d+ ms/).waitFor()
  await look(page, 'devices-command')
  await page.getByRole('link', { name: 'As it was on the wire' }).click()
  await page.getByRole('row', { name: /to the charger UnlockConnector/ }).waitFor()

  await page.goto(`${town.address}/console/chargers/CP-A?tab=commands&action=UnlockConnector`)
  await page.getByRole('button', { name: /^Fill in again/ }).click()
  assert.equal(await payload.inputValue(), '{\n  "connectorId": 2\n}')

  // What was answered is remembered against it until it starts again.
  await page.goto(`${town.address}/console/chargers/CP-A?tab=commands&action=ClearCache`)
  it.answers.delete('ClearCache')
  await it.close()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(/ClearCache: ended after \d+ ms/).waitFor()
  await page.getByText('The charger is not connected').first().waitFor()
  await page.context().close()
  await lookAllOver(
    town,
    town.admin,
    '/console/chargers/CP-A?tab=commands&action=SetChargingProfile',
    'devices-form',
    'form',
  )
}

async function many(t: TestContext, town: Town): Promise<void> {
  const [b, c] = [
    await charger(t, town, 'CP-B', { HeartbeatInterval: '60' }),
    await charger(t, town, 'CP-C', { HeartbeatInterval: '60' }),
  ]
  b.answers.set('ClearCache', () => ({ status: 'Accepted' }))
  c.answers.set('ClearCache', () => ({ status: 'Rejected' }))
  const page = await town.at(town.admin, '/console/chargers')
  for (const id of ['CP-B', 'CP-C']) await page.getByRole('checkbox', { name: `Select: ${id}` }).check()
  await page.getByRole('button', { name: 'Send a command' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Command' }).click()
  await page.getByRole('option', { name: 'ClearCache' }).click()
  await dialog.getByRole('button', { name: 'Send to 2' }).click()
  await dialog.getByRole('row', { name: /CP-C .*reject/i }).waitFor()
  await look(page, 'devices-many')
  c.answers.set('ClearCache', () => ({ status: 'Accepted' }))
  await dialog.getByRole('button', { name: /again/ }).click()
  const told = (it: typeof b) => it.heard.filter(([, , action]) => action === 'ClearCache').length
  await until(() => told(c) === 2)
  await dialog.getByRole('row', { name: /CP-C/ }).waitFor({ state: 'detached' })
  assert.deepEqual([told(b), told(c)], [1, 2], 'who took it is not told again')
  await page.context().close()
}

async function set(t: TestContext, town: Town): Promise<void> {
  const keys = { SupportedFeatureProfiles: 'Core', HeartbeatInterval: '300', Restarted: 'no' }
  await charger(t, town, 'CP-D', keys)
  await charger(t, town, 'CP-E', { SupportedFeatureProfiles: 'Core', HeartbeatInterval: '60', Restarted: 'no' })
  const page = await town.at(town.admin, '/console/chargers/CP-D?tab=config')
  await page.getByRole('row', { name: /HeartbeatInterval 300/ }).waitFor()
  Object.assign(keys, { Added: 'since' })
  await page.getByRole('button', { name: 'Read all of it' }).click()
  await page.getByRole('row', { name: /Added since/ }).waitFor()

  // Several at once: each says what became of it.
  for (const key of ['HeartbeatInterval', 'Restarted', 'SupportedFeatureProfiles'])
    await page.getByRole('checkbox', { name: `Select: ${key}` }).check()
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').first().waitFor()
  assert.equal(await dialog.getByRole('textbox').count(), 2, 'what can only be read is not asked for')
  await dialog.getByRole('textbox', { name: 'HeartbeatInterval' }).fill('120')
  await dialog.getByRole('textbox', { name: 'Restarted' }).fill('yes')
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.getByText('2 of 2 changed.').waitFor()
  await dialog.getByText(/Holds from its next start on/).waitFor()
  await look(page, 'devices-change')
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('Values that hold from its next start on: 1').waitFor()

  // What was set here is a template for others; and another charger is one, too.
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a template' }).click()
  const file = await (await saving).path()
  const kept = JSON.parse(await readFile(file, 'utf8')) as { values: { variable: string }[] }
  assert.deepEqual(
    kept.values.map(({ variable }) => variable),
    ['Added', 'HeartbeatInterval', 'Restarted'],
  )
  await page.goto(`${town.address}/console/chargers/CP-E?tab=config&with=CP-D`)
  await page.getByRole('row', { name: 'HeartbeatInterval 60 120' }).waitFor()
  await look(page, 'devices-drift')
  await page.getByRole('button', { name: 'Set these (1)' }).click()
  await dialog.getByRole('button', { name: 'Change' }).click()
  await dialog.getByText('1 of 1 changed.').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('row', { name: 'HeartbeatInterval 60 120' }).waitFor({ state: 'detached' })
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 't.json', mimeType: 'application/json', buffer: await readFile(file) })
  await page.getByRole('heading', { name: 'Set otherwise than t.json: 1' }).waitFor()
  await page.getByRole('row', { name: 'Added not there since' }).waitFor()
  await page.context().close()
  await lookAllOver(town, town.admin, '/console/chargers/CP-D?tab=config&with=CP-E', 'devices-config', '.rows')
}

async function play(town: Town): Promise<void> {
  await town.admin.api.get(201, 'POST /api/ocpp/tokens', { idToken: 'PLAY-1', type: 'ISO14443' })
  const page = await town.at(town.admin, '/console/simulator')
  await page.getByText('None is running').waitFor()
  await page.getByRole('button', { name: 'Start' }).click()
  const one = page.locator('section').filter({ has: page.getByRole('link', { name: /^SIM-/ }) })
  await one.getByText('Online').waitFor()
  const plug = one.getByRole('row', { name: /^Plug 1/ })
  await plug.getByRole('button', { name: 'Plug in' }).click()
  await plug.getByText('Charging').waitFor()
  await look(page, 'devices-simulator')
  await plug.getByRole('button', { name: 'Break' }).click()
  await plug.getByText('Faulted').waitFor()
  await plug.getByRole('button', { name: 'Mend' }).click()
  await plug.getByText('Free').waitFor()
  // What it does not know is greyed from then on.
  const id = await one.getByRole('link', { name: /^SIM-/ }).innerText()
  await town.admin.api.get(409, `POST /api/ocpp/chargers/${id}/commands/ClearDisplayMessage`, { id: 1 })
  const commands = await town.at(town.admin, `/console/chargers/${id}?tab=commands`)
  await commands.getByRole('combobox', { name: 'Command' }).click()
  await commands.getByRole('option', { name: /^ClearDisplayMessage: Answered NotSupported/ }).waitFor()
  await commands.context().close()
  await one.getByRole('button', { name: 'Cut its line' }).click()
  await one.getByRole('button', { name: 'Connect again' }).click()
  await one.getByText('Online').waitFor()
  await page.context().close()
  await lookAllOver(town, town.admin, '/console/simulator', 'devices-simulator', 'section')
  const left = await town.at(town.admin, '/console/simulator')
  await left.getByRole('button', { name: 'Switch off' }).click()
  await left.getByText('None is running').waitFor()
  await left.context().close()
}

async function firmware(town: Town): Promise<void> {
  const page = await town.at(town.admin, '/console/firmware')
  await page.getByRole('link', { name: 'New campaign' }).first().click()
  await page.getByLabel(/^Name/).fill('2.5.0 for all of Voltaic')
  await page.getByLabel(/^Address of the file/).fill('https://files.example.com/2.5.0.bin')
  await page.getByLabel('Maker').fill('Voltaic')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { level: 1, name: '2.5.0 for all of Voltaic' }).waitFor()
  await page.getByRole('row', { name: /CP-B/ }).waitFor()
  await page.getByRole('button', { name: 'Hold' }).click()
  await page.getByText('Paused').waitFor()
  await look(page, 'devices-campaign')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('Running').waitFor()
  await page.getByRole('button', { name: 'Call off' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Call off' }).click()
  await page.getByText('Cancelled').first().waitFor()
  const { url } = { url: new URL(page.url()).pathname }
  await page.context().close()
  await lookAllOver(town, town.admin, url, 'devices-campaign')
  await lookAllOver(town, town.admin, '/console/firmware/new', 'devices-campaign-new', 'form')
}
