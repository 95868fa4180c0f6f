// More than 500 lines: people of each role, one after the other in one browser.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import sharp from 'sharp'
import { CommissionRuleChanged } from '#contracts/vendors'
import { defineService, newId } from '#kernel'
import { boot16, boot2, connect } from '../../services/ocpp/testing.ts'
import { textsIn } from '../../services/passports/labels/codes.ts'
import { codeIn } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { withoutChromium as skip } from './chromium.ts'
import { faultToRepair } from './field-journey.ts'
import { look, openTown, password, type Town } from './people.ts'
import { adHocDriver, boughtWithoutScript } from './passing-journeys.ts'
import { bySerial } from './serial-journey.ts'
import { firstMonth } from './vendor-journey.ts'

/** Journeys J1 to J15 of people at work, over one platform and in one browser. */

/** Cannot stand what it reads until it is mended. */
const faults = { isBroken: true }
const reader = defineService({
  name: 'readers',
  folder: 'nowhere',
  start: host =>
    host.on(
      CommissionRuleChanged,
      { id: 'read', purpose: 'read', from: 'beginning', afterFailure: 'pass' },
      async ({ ruleId, basisPoints }) => {
        if (faults.isBroken) throw new Error(basisPoints > 1_000 ? `cannot stand ${ruleId}` : `too little of ${ruleId}`)
      },
    ),
})

test(
  'people of each role do their work in a browser, without a word of help',
  { skip, timeout: 1_200_000 },
  async t => {
    const town = await openTown(
      t,
      {
        OCPP_UNKNOWN_CHARGERS: 'hold',
        NOTIFICATION_DIGEST: '0s',
        MAINTENANCE_CALM: '0s',
        VENDORS_SETTLE_AFTER: '0s',
        VENDORS_PAYOUT_ALONE_MINOR: '10000',
        BILLING_CREDIT_ALONE_MINOR: '50',
      },
      [reader],
    )
    const journeys: readonly [name: string, journey: (t: TestContext, town: Town) => Promise<void>][] = [
      ['J1: from nothing to a battery that is scanned', fromNothing],
      ['J2: batteries by the thousand', bySerial],
      ['J3: an import gone wrong', importGoneWrong],
      ['J4: the first charger', firstCharger],
      ['J5: the wire, and commands', wireAndCommands],
      ['J6: from a fault to its repair, without a network', faultToRepair],
      ['J9: who sees what', whoSeesWhat],
      ['J10: an ad-hoc driver', adHocDriver],
      ['J11: bought without a script, and by keyboard', boughtWithoutScript],
      ["J12: a vendor's first month", firstMonth],
      ["J13: an admin's bad morning", badMorning],
      ['J14: by keyboard, in German, dark, and twice as large', byKeyboard],
      ['J15: many tabs', manyTabs],
    ]
    for (const [name, journey] of journeys) await t.test(name, each => journey(each, town))
    assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
  },
)

async function fromNothing(_: TestContext, { address, at, mailed, browser }: Town): Promise<void> {
  const email = 'ada@example.com'
  const page = await at(undefined, '/api/auth/sign-up')
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Name').fill('Ada')
  await page.getByLabel(/^Password/).fill(password)
  await page.keyboard.press('Enter')
  await page.getByLabel(/code/i).fill(codeIn(await mailed(email)))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1 }).waitFor()

  // The checklist is what is there, and leads on.
  await page.goto(`${address}/console`)
  await page.getByRole('link', { name: 'Set up your organisation' }).click()
  await page.getByRole('textbox', { name: /Name/ }).fill('Voltaic GmbH')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { level: 1, name: 'Voltaic GmbH' }).waitFor()
  await page.getByRole('link', { name: 'Home' }).click()
  await page.getByText('Set up your organisation (done)').waitFor()
  await look(page, 'J1-checklist')

  await page.getByRole('link', { name: 'Create the first passport' }).click()
  await page.getByLabel('Battery identifier').fill('BP-J1')
  await page.getByRole('combobox', { name: /Category/ }).click()
  await page.getByRole('option', { name: 'Electric vehicle' }).click()
  await page.getByLabel('Model id').fill('LM3')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { level: 1, name: 'BP-J1' }).waitFor()

  // What lacks is named with its article, and filled in where it lacks.
  await page.getByRole('tab', { name: 'Readiness' }).click()
  const lacking = page.getByText(/of \d+ are there; \d+ are missing/)
  const before = await lacking.innerText()
  await look(page, 'J1-readiness')
  const rated = page.getByRole('row', { name: /^11\. / })
  await rated.getByRole('link', { name: /Annex/ }).waitFor()
  await rated.getByRole('button', { name: /Fill in/ }).click()
  const dialog = page.getByRole('dialog')
  assert.equal(await dialog.getByRole('combobox', { name: 'Unit' }).inputValue(), 'Ah')
  await dialog.getByRole('textbox', { name: 'Value' }).fill('-94.50')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog
    .getByText(/must not be less/)
    .first()
    .waitFor()
  await look(page, 'J1-refused')
  await dialog.getByRole('textbox', { name: 'Value' }).fill('94.50')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await rated.waitFor({ state: 'detached' })
  assert.notEqual(await lacking.innerText(), before)

  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('link', { name: 'Public page' }).waitFor()

  // What goes onto the battery is read by code that did not write it, and leads to the page.
  const label = new URL((await page.getByRole('link', { name: 'Label (SVG)' }).getAttribute('href'))!, address).href
  const svg = await (await page.context().request.get(label)).body()
  const [shown] = await textsIn(await sharp(svg, { density: 300 }).flatten({ background: 'white' }).png().toBuffer())
  await page.context().close()

  // Whoever scans it reads it without an account, without script, in their language.
  const reader = await (await browser.newContext({ javaScriptEnabled: false, locale: 'bg' })).newPage()
  await reader.goto(`${shown}?lang=bg`)
  assert.equal(await reader.locator('html').getAttribute('lang'), 'bg')
  await reader.getByText('BP-J1').first().waitFor()
  await reader
    .getByText(/94[.,]50?\s*Ah/)
    .first()
    .waitFor()
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  const printed = await reader.pdf({ format: 'A4', ...(folder && { path: `${folder}/J1-printed.pdf` }) })
  assert.ok(printed.length > 5_000, 'it can be printed')
  await reader.context().close()
}

async function firstCharger(t: TestContext, { address, at, admin, p }: Town): Promise<void> {
  const page = await at(admin, '/console/chargers')
  await page.getByText('Connect a charger').click()
  const way = `${address.replace('http', 'ws')}/ocpp/`
  await page.getByText(way).waitFor()

  // One that speaks nothing that is spoken here is told there, with the reason.
  const wrong = await connect(t, `${way}WRONG-1`, ['ocpp9'] as never, { password: 'a long and random one' }).catch(
    () => undefined,
  )
  await page
    .getByRole('row', { name: /WRONG-1/ })
    .getByText(/It offers ocpp9/)
    .waitFor()
  await wrong?.close()
  await look(page, 'J4-refused')

  // It appears by itself, and is let in.
  const charger = await connect(t, `${way}CP-1`, 'ocpp1.6', { password: 'a long and random one' })
  charger.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
  charger.answers.set('GetLocalListVersion', () => ({ listVersion: -1 }))
  assert.equal((await charger.call('BootNotification', boot16)).status, 'Pending')
  await page.getByRole('link', { name: 'CP-1' }).click()
  await page.getByRole('button', { name: 'Let in' }).click()
  await page.getByRole('button', { name: 'Refuse' }).waitFor()
  await until(async () => (await charger.call('BootNotification', boot16)).status === 'Accepted')
  await charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })

  // A card, by its form.
  await page.goto(`${address}/console/tokens/new`)
  await page.getByRole('textbox', { name: /Card number/ }).fill('04A2B9C1')
  await page.getByRole('combobox', { name: /Type/ }).click()
  await page.getByRole('option', { name: 'ISO14443' }).click()
  await page.getByRole('button', { name: 'Create' }).click()
  await page.waitForURL(/tokens$/)
  await page.getByText('04A2B9C1').waitFor()

  // A session lives: its energy moves, and it is ended from here.
  const { transactionId } = await charger.call('StartTransaction', {
    connectorId: 1,
    idTag: '04A2B9C1',
    meterStart: 1_000,
    timestamp: new Date(Date.now() - 600_000).toISOString(),
  })
  const reading = async (minutes: number, value: number) =>
    await charger.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [
        {
          timestamp: new Date(Date.now() - minutes * 60_000).toISOString(),
          sampledValue: [
            { value: String(value), unit: 'Wh' },
            { value: '11000', unit: 'W', measurand: 'Power.Active.Import' },
          ],
        },
      ],
    })
  await reading(6, 2_500)
  await p.settle()
  await page.goto(`${address}/console/sessions`)
  await page.getByRole('row', { name: /CP-1/ }).getByRole('link').first().click()
  await page.getByText('1.50 kWh').first().waitFor()
  await reading(1, 4_250)
  await page.getByText('3.25 kWh').first().waitFor()
  await look(page, 'J4-live')
  charger.answers.set('RemoteStopTransaction', () => ({ status: 'Accepted' }))
  await page.getByRole('button', { name: 'Stop charging' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop charging' }).click()
  await until(() => charger.heard.some(([, , action]) => action === 'RemoteStopTransaction'))
  await charger.call('StopTransaction', {
    transactionId,
    meterStop: 4_300,
    timestamp: new Date().toISOString(),
    reason: 'Remote',
  })
  await page.getByText('3.30 kWh').first().waitFor()
  await page.context().close()
}

async function wireAndCommands(t: TestContext, { address, at, admin }: Town): Promise<void> {
  const way = `${address.replace('http', 'ws')}/ocpp/CP-2`
  const charger = await connect(t, way, 'ocpp2.0.1', { password: 'a long and random one' })
  charger.answers.set('GetLocalListVersion', () => ({ versionNumber: 0 }))
  charger.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
  await charger.call('BootNotification', boot2)
  await admin.api.get(200, 'POST /api/ocpp/chargers/CP-2/approve')
  await until(async () => (await charger.call('BootNotification', boot2)).status === 'Accepted')
  await assert.rejects(charger.call('MeterValues', { evseId: 'one', meterValue: [] }))

  // What was wrong stands beside what was said, with where.
  const page = await at(admin, '/console/chargers/CP-2?tab=wire', { colorScheme: 'dark' })
  const wrong = page.getByRole('row', { name: /MeterValues/ })
  await wrong.getByText(/ConstraintViolation: \/(evseId|meterValue)/).waitFor()
  await look(page, 'J5-wire')

  // What is filtered is live, too; a message leads to all of it, and to what is different in it.
  await page.goto(`${address}/console/wire`)
  await page.getByRole('row', { name: /CP-2 ← from the charger MeterValues/ }).waitFor()
  await page.goto(`${address}/console/chargers/CP-2/wire`)
  await page.getByRole('textbox', { name: /filter/ }).fill('action:StatusNotification')
  await page.keyboard.press('Enter')
  await page.getByText('Nothing matches these filters').waitFor()
  const told = { evseId: 1, connectorId: 2, timestamp: new Date().toISOString() }
  await charger.call('StatusNotification', { ...told, connectorStatus: 'Available' })
  await page.getByRole('row', { name: /from the charger StatusNotification Available 1.2 Answered/ }).waitFor()
  await page.getByText(/^● Live · \d+ frames heard/).waitFor()
  await charger.call('StatusNotification', { ...told, connectorStatus: 'Faulted' })
  const faulted = page.getByRole('row', { name: /StatusNotification Faulted/ })
  await faulted.waitFor()
  await look(page, 'J5-wire-filtered')
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused').waitFor()
  await faulted.getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: 'StatusNotification' }).waitFor()
  await look(page, 'J5-message')
  await page.getByRole('tab', { name: 'As it was sent' }).click()
  await page.getByText(/^\[2,".+","StatusNotification",\{/).waitFor()
  await page.getByRole('tab', { name: 'Compared' }).click()
  await page.getByRole('row', { name: 'Connector status Available Faulted' }).waitFor()
  await page.goto(`${address}/console/chargers/CP-2`)

  // A form as deep as the message; what lacks is told at its field.
  await page.getByRole('tab', { name: 'Commands' }).click()
  await page.getByRole('combobox', { name: 'Command' }).click()
  await page.getByRole('option', { name: 'SetChargingProfile' }).click()
  await page.getByRole('textbox', { name: 'evseId' }).fill('1')
  await page.getByRole('button', { name: 'Send' }).click()
  await page
    .getByRole('alert')
    .getByText(/chargingProfile/)
    .waitFor()
  const number = (name: string, value: string) =>
    page.getByRole('textbox', { name: new RegExp(`^${name}`) }).fill(value)
  const choose = async (name: string, value: string) => {
    await page.getByRole('combobox', { name: new RegExp(`^${name}`) }).click()
    await page.getByRole('option', { name: value, exact: true }).click()
  }
  await page
    .getByRole('group', { name: /^chargingProfile/ })
    .getByRole('textbox', { name: /^id/ })
    .fill('7')
  await number('stackLevel', '0')
  await choose('chargingProfilePurpose', 'TxDefaultProfile')
  await choose('chargingProfileKind', 'Absolute')
  await page.getByRole('button', { name: 'Add chargingSchedule' }).click()
  const schedule = page.getByRole('group', { name: /^chargingSchedule/ }).getByRole('group', { name: /^1/ })
  await schedule.getByRole('textbox', { name: /^id/ }).fill('1')
  await schedule.getByRole('combobox', { name: /^chargingRateUnit/ }).click()
  await page.getByRole('option', { name: 'A', exact: true }).click()
  await page.getByRole('button', { name: 'Add chargingSchedulePeriod' }).click()
  await number('startPeriod', '0')
  await number('limit', '16')
  charger.answers.set('SetChargingProfile', () => ({ status: 'Rejected', statusInfo: { reasonCode: 'TooLow' } }))
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('The charger rejects it.').waitFor()
  const [, , , sent] = charger.heard.findLast(([, , action]) => action === 'SetChargingProfile')!
  // A message of OCPP, which may be of any shape until it is looked at here.
  assert.deepEqual((sent as any).chargingProfile.chargingSchedule[0].chargingSchedulePeriod, [
    { startPeriod: 0, limit: 16 },
  ])
  await look(page, 'J5-command')

  // And what is done is told with how long it took.
  await page.getByRole('combobox', { name: 'Command' }).click()
  await page.getByRole('option', { name: 'ClearCache' }).click()
  charger.answers.set('ClearCache', () => ({ status: 'Accepted' }))
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(/ClearCache: answered after \d+ ms/).waitFor()
  await page.context().close()
}

async function whoSeesWhat(_: TestContext, { address, at, person, browser }: Town): Promise<void> {
  const [grace, eve] = [await person('Grace'), await person('Eve', 'interest')]
  const { id } = await grace.api.get(201, 'POST /api/passports', {
    data: {
      generalInformation: { batteryIdentifier: 'BP-J9', batteryCategory: 'EV', batteryModel: { id: 'LM3' } },
      attributes: { dismantlingInformation: [{ title: 'How to open it', url: 'https://voltaic.example/open' }] },
      notes: 'for us alone',
    },
  })
  await grace.api.get(200, `POST /api/passports/${id}/publish`)

  const recycler = await at(eve, `/console/passports/${id}`)
  await recycler.getByRole('heading', { level: 1, name: 'BP-J9' }).waitFor()
  assert.equal(await recycler.getByText('for us alone').count(), 0)

  const owner = await at(grace, `/console/passports/${id}?tab=readers`)
  await owner.getByText('for us alone').waitFor({ state: 'detached' })
  await owner.getByText('Give to a legitimate interest').first().click()
  await owner.getByRole('textbox', { name: /Who/ }).fill(eve.id)
  await owner.getByRole('combobox', { name: /Kind/ }).click()
  await owner.getByRole('option', { name: 'Person' }).click()
  await owner.getByRole('button', { name: 'Give to a legitimate interest' }).click()
  await owner.getByRole('row', { name: new RegExp(eve.id) }).waitFor()
  await look(owner, 'J9-readers')

  await recycler.reload()
  await recycler
    .getByText(/How to open it/)
    .first()
    .waitFor()
  assert.equal(await recycler.getByText('for us alone').count(), 0, "what is the owner's alone stays it")
  await owner.getByRole('tab', { name: "Readers' log" }).click()
  await owner
    .getByRole('row', { name: new RegExp(eve.id) })
    .first()
    .waitFor()

  const everybody = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  await everybody.goto(`${address}/passport/${id}`)
  await everybody.getByText('BP-J9').first().waitFor()
  assert.equal(await everybody.getByText('How to open it').count(), 0)

  // And taken back, at once.
  await owner.getByRole('tab', { name: 'Readers', exact: true }).click()
  await owner.getByRole('checkbox', { name: new RegExp(eve.id) }).check()
  await owner.getByRole('button', { name: 'Share no longer' }).click()
  await owner.getByRole('button', { name: /Do it/ }).click()
  await owner.getByText('1 done').first().waitFor()
  for (const page of [recycler, owner, everybody]) await page.context().close()
}

async function importGoneWrong(_: TestContext, { address, at, admin, p }: Town): Promise<void> {
  const page = await at(admin, '/console/tokens')
  await page.getByRole('button', { name: 'Import' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Import' })
  const line = (number: number): string => `IMP${String(number).padStart(5, '0')},ISO14443`
  const upload = async (lines: readonly string[]): Promise<void> =>
    await dialog.locator('input[type=file]').setInputFiles({
      name: 'cards.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['idToken,type', ...lines].join('\r\n')),
    })
  const cards = Array.from({ length: 220 }, (__, number) => line(number))

  // Tried first: each bad line is told with its column and what is wrong.
  await upload([...cards, 'X,Y', ',ISO14443', `${'x'.repeat(300)},ISO14443`])
  await dialog.getByRole('button', { name: 'Try it' }).click()
  await p.settle()
  await dialog.getByText(/It would create 220, .*3 are wrong/).waitFor()
  await dialog.getByRole('cell', { name: '222', exact: true }).first().waitFor()
  await look(page, 'J3-tried')
  assert.equal((await admin.api.get(200, 'GET /api/ocpp/tokens?q=IMP00001')).items.length, 0, 'nothing was changed')

  // Mended, taken over, left, and found again.
  await upload(cards)
  await dialog.getByRole('button', { name: 'Try it' }).click()
  await p.settle()
  await dialog.getByRole('button', { name: 'Take over 220' }).click()
  await p.settle()
  await dialog.getByText(/220 created/).waitFor()
  await page.goto(`${address}/console/jobs`)
  await page.getByRole('cell', { name: 'cards.csv' }).first().waitFor()
  await look(page, 'J3-jobs')
  await page.getByRole('button', { name: 'Details: cards.csv' }).first().click()
  await page.getByText(/220 created/).waitFor()
  await p.settle()
  assert.equal((await admin.api.get(200, 'GET /api/ocpp/tokens?q=IMP00001')).items.length, 1)
  await page.context().close()
}

async function badMorning(_: TestContext, { address, at, admin, person, p }: Town): Promise<void> {
  const alan = await person('Alan', 'admin')
  const rules = Array.from({ length: 8 }, (__, number) => ({
    ruleId: newId(),
    vendorId: null,
    categoryId: null,
    basisPoints: number < 5 ? 1_200 : 500,
    fixed: null,
    from: '2027-03-15T12:00:00.000Z',
    until: null,
    version: 1,
  }))
  for (const rule of rules) await p.publish(CommissionRuleChanged, rule)
  await p.settle()

  // By what they have in common; one goes by itself, the others once a second person agrees.
  const page = await at(admin, '/console/operations/dead-letters')
  const group = page.getByRole('row', { name: /cannot stand … / }).or(page.getByRole('row', { name: /cannot stand …/ }))
  await group.first().getByRole('cell', { name: '5', exact: true }).waitFor()
  await look(page, 'J13-groups')
  faults.isBroken = false
  await group.first().getByRole('button', { name: 'Replay all of these' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('It is mended')
  await dialog.getByRole('button', { name: 'Replay all of these' }).click()
  await dialog.waitFor({ state: 'detached' })
  const second = await at(alan, '/console/operations/approvals')
  await second.getByRole('checkbox', { name: /Replay dead letters|dead-letters/ }).check()
  await second.getByRole('button', { name: 'Agree' }).click()
  await second.getByRole('button', { name: /Do it/ }).click()
  await second.getByText('1 done').first().waitFor()
  // They are handled again in their own time; those that wait for it stand among the single ones still.
  await until(
    async () => !/cannot stand/.test(JSON.stringify(await admin.api.get(200, 'GET /api/events/dead-letters'))),
    60,
  )
  await page.reload()
  await page
    .getByRole('row', { name: /too little of/ })
    .first()
    .waitFor()
  assert.equal(await page.getByRole('row', { name: /cannot stand/ }).count(), 0)

  // All that happened to the same; why somebody does not come in; and the book of what admins did.
  await page.goto(`${address}/console/operations/events?key=${rules[0]!.ruleId}`)
  await page.getByRole('link', { name: 'commission-rule.changed' }).waitFor()
  await alan.api.ask('POST /api/auth/login', { email: alan.email, password: 'not the right one' })
  await page.goto(`${address}/console/people/${alan.id}?tab=sign-ins`)
  await page.getByText('Wrong password').first().waitFor()
  await look(page, 'J13-sign-ins')
  await page.goto(`${address}/console/operations/audit`)
  await page.getByText('approval.approved').first().waitFor()
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  await page.getByText('Every entry is as it was written.').waitFor()
  await look(page, 'J13-audit')
  for (const each of [page, second]) await each.context().close()
}

async function byKeyboard(_: TestContext, { at, admin, browser }: Town): Promise<void> {
  await admin.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  const page = await at(admin, '/console/passports', {
    locale: 'de',
    colorScheme: 'dark',
    viewport: { width: 640, height: 450 },
    deviceScaleFactor: 2,
    forcedColors: 'active',
  })
  assert.ok(browser.isConnected())
  await page.getByRole('heading', { level: 1, name: 'Pässe' }).waitFor()
  await page.keyboard.press('Tab')
  assert.match(await page.locator(':focus').innerText(), /Inhalt/)
  const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
  assert.ok(wide <= 0, 'it fits at twice the size')

  // The palette leads to any screen, and more rows than stand in a table are gone through by keys.
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').or(page.getByRole('searchbox')).first().waitFor()
  await page.keyboard.type('Karten')
  await page
    .getByRole('dialog')
    .getByText('Karten und Token')
    .or(page.getByRole('dialog').getByText(/^Karten/))
    .first()
    .waitFor()
  // What is chosen is seen, also where the colours are the reader's own.
  await page.locator('[data-action][data-selected]', { hasText: 'Karten und Token' }).waitFor()
  await look(page, 'J14-palette')
  await page.keyboard.press('Enter')
  await page.waitForURL(/tokens/)
  await page.getByRole('row').nth(3).waitFor()
  while ((await page.getByRole('grid').count()) === 0) {
    await page.keyboard.press('End')
    await page
      .getByRole('button', { name: 'Mehr laden' })
      .press('Enter', { timeout: 1_000 })
      .catch(() => {})
  }
  const row = page.getByRole('grid').getByRole('row').nth(1)
  await row.focus()
  await page.keyboard.press('PageDown')
  await until(async () => Number(await page.locator(':focus').getAttribute('aria-rowindex')) > 15)
  await look(page, 'J14-grid')
  await admin.api.get(200, 'PATCH /api/auth/profile', { locale: 'en' })
  await page.context().close()
}

async function manyTabs(_: TestContext, { address, at, person }: Town): Promise<void> {
  const linus = await person('Linus')
  const first = await at(linus, '/console/passports', { serviceWorkers: 'allow' })
  const tabs = [first]
  for (let number = 1; number < 8; number++) {
    const tab = await first.context().newPage()
    await tab.goto(`${address}/console/passports`)
    await tab.getByRole('heading', { level: 1 }).waitFor()
    tabs.push(tab)
  }
  for (const tab of tabs) await tab.getByText(/Live$/).waitFor()

  // The one that listens for all is closed, and another does: what happens is seen in each, without a reload.
  await first.close()
  await tabs[1]!.getByText(/Live$/).waitFor()
  await linus.api.get(201, 'POST /api/passports', {
    data: { generalInformation: { batteryIdentifier: 'BP-J15', batteryCategory: 'EV' } },
  })
  for (const tab of tabs.slice(1)) await tab.getByRole('link', { name: 'BP-J15' }).waitFor()

  // A newer console is there meanwhile, and a part of this one is gone: what was typed is still there after a reload.
  // In a browser that keeps nothing of the console beside it; where it does, the old one is whole until one goes on.
  const typing = await at(linus, '/console/passports/new')
  await typing.getByLabel('Battery identifier').fill('BP-J15-DRAFT')
  await typing.route('**/notifications-*.js', route => route.fulfill({ status: 404 }))
  await typing.getByRole('link', { name: 'Notifications', exact: true }).click()
  await typing.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
  await typing.getByText('There is a new version of the console.').waitFor()
  await look(typing, 'J15-deployed')
  await typing.unroute('**/notifications-*.js')
  await typing.getByRole('link', { name: 'Reload' }).click()
  await typing.getByRole('heading', { level: 1, name: 'Notifications' }).waitFor()
  await typing.goto(`${address}/console/passports/new`)
  await typing.getByRole('button', { name: 'Take it up again' }).click()
  assert.equal(await typing.getByLabel('Battery identifier').inputValue(), 'BP-J15-DRAFT')
  await typing.goto(`${address}/console/passports`)

  await tabs[7]!.getByRole('button', { name: /Your account/ }).click()
  await tabs[7]!.getByRole('menuitem', { name: 'Sign out' }).click()
  for (const tab of tabs.slice(1)) await tab.waitForURL(`${address}/`)
  await tabs[1]!.context().close()
}
