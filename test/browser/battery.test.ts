import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { publicIdOf } from '../../services/passports/codes/codes.ts'
import { verifyHistory } from '../../tools/verify.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, type Town } from './people.ts'

const model = { batteryCategory: 'EV', batteryModel: { id: 'LM3' } }
const battery = (batteryIdentifier: string) => ({ generalInformation: { batteryIdentifier, ...model } })

test(
  'what is known of one battery: its values, its proof, its code, and who may read more',
  { skip, timeout: 900_000 },
  async t => {
    const town = await openTown(t)
    await t.test('values are changed where they stand, digit by digit, and nobody overwrites anybody', () =>
      values(town),
    )
    await t.test('a history is verified in the browser, and a changed one shows', () => proof(town))
    await t.test('a code leads to the passport, typed or seen, and all of them are a list', () => scan(town))
    await t.test('a recycler asks, the owner asks back, gives, and takes it back', () => desk(town))
    assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
  },
)

const row = (page: Page, name: RegExp) => page.getByRole('row', { name })

async function values(town: Town): Promise<void> {
  const { at, person } = town
  const grace = await person('Gesa')
  const made = async (body: object): Promise<string> => (await grace.api.get(201, 'POST /api/passports', body)).id
  const attributes = {
    ratedCapacity: { value: '94.50', unit: 'Ah' },
    initialInternalResistance: { pack: { value: '25.10', unit: 'mΩ' } },
  }
  const parentId = await made({ data: { generalInformation: model, attributes }, granularity: 'model' })
  const id = await made({ data: battery('BP-V1'), granularity: 'item', parentId })
  const page = await at(grace, `/console/passports/${id}`)
  const capacity = row(page, /^Rated capacity/)
  await capacity.getByText('94.50 Ah').waitFor()
  await capacity.getByText('said of the model').waitFor()
  await row(page, /^Initial internal resistance/)
    .getByText('25.10 mΩ')
    .waitFor()
  await look(page, 'values')

  // By keyboard: open, type, choose the unit, save; the focus is where it was.
  const mass = row(page, /^Battery mass/)
  await page.getByRole('checkbox', { name: 'Also what is not given' }).check()
  await mass.getByRole('button', { name: /^Edit/ }).press('Enter')
  await mass.getByRole('textbox', { name: 'Value' }).fill('450000.0')
  await mass.getByRole('combobox', { name: 'Unit' }).click()
  await page.getByRole('option', { name: 'g', exact: true }).click()
  await look(page, 'values-form')

  // Somebody else saves meanwhile: both are brought together.
  await grace.api.get(200, `PATCH /api/passports/${id}/attributes`, {
    attributes: { batteryMass: { value: '449', unit: 'kg' } },
  })
  await mass.getByRole('button', { name: 'Save' }).click()
  const merge = page.getByRole('dialog', { name: 'Both of you changed this' })
  await merge.getByRole('radio', { name: /Yours/ }).first().check()
  for (const other of await merge.getByRole('radio', { name: /Yours/ }).all()) await other.check()
  await merge.getByRole('button', { name: 'Save the merged version' }).click()
  await mass.getByText('450000.0 g (450 kg)').waitFor()
  await mass.getByText('said of this battery').waitFor()
  const { items } = await grace.api.get(200, `GET /api/passports/${id}/attributes`)
  assert.equal(items.find((one: { id: string }) => one.id === 'batteryMass').givenValue, '450000.0')

  // Wrong values land at their field, and Escape leaves; what was typed is offered again.
  await mass.getByRole('button', { name: /^Edit/ }).press('Enter')
  await mass.getByRole('textbox', { name: 'Value' }).fill('-1')
  await mass.getByRole('button', { name: 'Save' }).click()
  await mass
    .getByText(/must not be less/)
    .first()
    .waitFor()
  await page.keyboard.press('Escape')
  await mass.getByText('450000.0 g (450 kg)').waitFor()
  await mass
    .getByRole('button', { name: 'Take away' })
    .or(mass.getByRole('button', { name: /Take the model/ }))
    .click()
  await mass.getByText('450000.0 g (450 kg)').waitFor({ state: 'detached' })
  await page.getByLabel('Search by name or article').fill('capacity')
  await mass.waitFor({ state: 'detached' })
  await page.context().close()
  await lookAllOver(town, grace, `/console/passports/${id}`, 'battery-values', 'table')
}

async function proof(town: Town): Promise<void> {
  const { at, person, address } = town
  const grace = await person('Gudrun')
  const { id, data } = await grace.api.get(201, 'POST /api/passports', { data: battery('BP-P1') })
  await grace.api.get(200, `PUT /api/passports/${id}`, { data: { ...data, note: 'heavier' } })
  const page = await at(grace, `/console/passports/${id}?tab=proof`)
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByRole('heading', { name: 'It is as it was written' }).waitFor()
  await page.getByText('2 links. No checkpoint has sealed it yet').waitFor()
  assert.equal(await page.getByRole('row', { name: /All is well/ }).count(), 3)
  await look(page, 'proof')
  const [leaving] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the proof' }).click(),
  ])
  const keys = new URL(
    (await page.getByRole('link', { name: 'Download the keys' }).getAttribute('href')) ?? '',
    address,
  ).href
  const kept = JSON.parse(readFileSync(await leaving.path(), 'utf8'))
  const verdict = verifyHistory([kept], { keys: (await (await page.context().request.get(keys)).json()).keys })
  assert.deepEqual([verdict.wrong, verdict.versions], [[], 2], 'anybody can check what was taken along')

  // A platform that tells of another past.
  await page.route(/\/proof\?/, async route => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, body: (await answer.text()).replace('heavier', 'lighter') })
  })
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByRole('heading', { name: 'It is not as it was written' }).waitFor()
  await row(page, /^Its values are what the roots/)
    .getByText('Wrong')
    .waitFor()

  await page.unroute(/\/proof\?/)
  await page.getByText("Readers' log", { exact: true }).last().click()
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('0 links.').waitFor()
  await page.context().close()
  await lookAllOver(town, grace, `/console/passports/${id}?tab=proof`, 'battery-proof')
}

/** A camera that sees one code, as no Chromium of a test has one. */
const camera = (code: string) => `
  globalThis.BarcodeDetector = class { async detect() { return [{ rawValue: ${JSON.stringify(code)} }] } }
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas')
    const pen = canvas.getContext('2d')
    setInterval(() => pen.fillRect(0, 0, 9, 9), 50)
    return canvas.captureStream()
  }`

async function scan(town: Town): Promise<void> {
  const { at, person, address } = town
  const grace = await person('Gerda')
  const made = async (identifier: string): Promise<string> => {
    const { id } = await grace.api.get(201, 'POST /api/passports', { data: battery(identifier) })
    await grace.api.get(200, `POST /api/passports/${id}/publish`)
    return id
  }
  const link = 'https://id.voltaic.example/01/09506000134352/21/SN1'
  const [plain, linked] = [await made('BP-S1'), await made(link)]
  const page = await at(grace, '/console/scan')
  const look1 = async (code: string, found: string | RegExp): Promise<void> => {
    await page.getByLabel('Code, link, identifier or serial').fill(code)
    await page.keyboard.press('Enter')
    await page.getByRole('row').filter({ hasText: code }).getByText(found).first().waitFor()
  }
  await page.getByRole('heading', { name: 'Nothing scanned yet' }).waitFor()
  await look1(`${address}/id/${publicIdOf(plain)}`, 'BP-S1')
  await look1('BP-S1', 'BP-S1')
  await look1('(01)09506000134352(21)SN1', link)
  await look1('https://passports.other.example/id/01k8z5h3q4x6r7s8t9v0w1y2z3', 'Open where it leads')
  await look1('nothing at all', 'No battery known here')
  await page.getByRole('heading', { name: '5 scanned' }).waitFor()
  await look(page, 'scan')
  await page.reload()
  await page.getByRole('heading', { name: '5 scanned' }).waitFor()
  await page.getByRole('button', { name: /^Remove: nothing/ }).click()
  await page.getByRole('heading', { name: '4 scanned' }).waitFor()

  await page.context().addInitScript({ content: camera(`${address}/passport/${publicIdOf(linked)}`) })
  await page.reload()
  await page.getByRole('button', { name: 'Use the camera' }).click()
  await page.getByRole('heading', { name: '5 scanned' }).waitFor()
  await page.getByRole('status').getByRole('link', { name: link }).click()
  await page.waitForURL(`${address}/console/passports/${linked}`)
  await page.context().close()
  await lookAllOver(town, grace, '/console/scan', 'battery-scan')
}

async function desk(town: Town): Promise<void> {
  const { at, person, p, address } = town
  const [grace, eve] = [await person('Gitta'), await person('Edda')]
  const attributes = { dismantlingInformation: [{ title: 'How to open it', url: 'https://voltaic.example/open' }] }
  const { id } = await grace.api.get(201, 'POST /api/passports', { data: { ...battery('BP-D1'), attributes } })
  await grace.api.get(200, `POST /api/passports/${id}/publish`)

  const recycler = await at(eve, `/console/passports/${id}`)
  await recycler.getByRole('button', { name: 'Ask to read more' }).click()
  const asking = recycler.getByRole('dialog')
  await asking.getByRole('textbox', { name: /^Name/ }).fill('ReCell GmbH')
  await asking.getByRole('combobox', { name: /^Purpose/ }).click()
  await recycler.getByRole('option', { name: /Repair/ }).click()
  await asking.getByRole('textbox', { name: /^Reason/ }).fill('It stands in our workshop')
  await asking.getByRole('button', { name: 'Ask to read more' }).click()
  await asking.waitFor({ state: 'detached' })
  await p.settle()

  const owner = await at(grace, '/console/passports/requests')
  await row(owner, /ReCell GmbH/).waitFor()
  await look(owner, 'desk')
  await owner.getByRole('link', { name: 'BP-D1' }).click()
  await row(owner, /ismantl/).waitFor()
  await owner.getByRole('button', { name: 'Ask back' }).click()
  await owner.getByRole('dialog').getByRole('textbox').fill('Since when?')
  await owner.getByRole('dialog').getByRole('button', { name: 'Ask back' }).click()
  await owner.getByText('Since when?').waitFor()

  await recycler.goto(`${address}/console/passports/requests?as=asker`)
  await recycler.getByRole('link', { name: 'BP-D1' }).click()
  assert.equal(await recycler.getByRole('button', { name: 'Give' }).count(), 0, 'the other side decides')
  await recycler.getByRole('button', { name: 'Answer' }).click()
  await recycler.getByRole('dialog').getByRole('textbox').fill('Since Monday')
  await recycler.getByRole('dialog').getByRole('button', { name: 'Answer' }).click()
  await recycler.getByText('Since Monday').waitFor()

  await owner.reload()
  await owner.getByText('Since Monday').waitFor()
  await owner.getByRole('button', { name: 'Give', exact: true }).click()
  await look(owner, 'desk-giving')
  await owner.getByRole('dialog').getByRole('button', { name: 'Give', exact: true }).click()
  await owner.getByText('✓ Given').waitFor()
  await recycler.goto(`${address}/console/passports/${id}`)
  await recycler.getByText('How to open it').first().waitFor()
  await owner.getByRole('tab', { name: 'Uses' }).click()
  await row(owner, new RegExp(eve.id)).first().waitFor()

  // Many at once, from the list.
  await owner.goto(`${address}/console/passports/requests`)
  await row(owner, /ReCell GmbH/)
    .getByRole('checkbox')
    .check()
  await owner.getByRole('button', { name: 'Take back' }).click()
  await owner.getByRole('dialog').getByRole('textbox').fill('Sold')
  await owner.getByRole('dialog').getByRole('button', { name: 'Do it for 1' }).click()
  await owner.getByText('1 done, 0 refused').waitFor()
  assert.equal((await eve.api.get(200, `GET /api/passports/${id}`)).audience, 'public')
  for (const page of [recycler, owner]) await page.context().close()
  await lookAllOver(town, grace, '/console/passports/requests', 'battery-requests')
}
