import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { until } from '../kernel/toys.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, type Town } from './people.ts'

/** What is decided about passports, about money of one's own, and where the platform is started. */

test('people decide in the console what the API lets them decide', { skip, timeout: 600_000 }, async t => {
  const town = await openTown(t, { SHOP_NAME: 'Corner shop' })
  await t.test('whether passports are published that lack something, and what one owes', () => publication(town))
  await t.test('what another rule set would change, and the readiness of all as a file', () => ruleSets(town))
  await t.test('money goes into a wallet, and back', () => wallet(town))
  await t.test('an admin sees with what the platform was started', () => started(town))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

const battery = {
  generalInformation: { batteryIdentifier: 'BP-DECIDED', batteryCategory: 'EV', batteryModel: { id: 'LM3' } },
}

async function publication({ at, person }: Town): Promise<void> {
  const rosa = await person('Rosa')
  const { id } = await rosa.api.get(201, 'POST /api/passports', { data: battery })
  const page = await at(rosa, '/console/passports/readiness')
  await page.getByRole('link', { name: 'Publication and diligence' }).click()
  await page.getByRole('combobox', { name: /What lacks/ }).click()
  await page.getByRole('option', { name: 'is not published' }).click()
  await page.getByRole('combobox', { name: /Due diligence/ }).click()
  await page.getByRole('option', { name: 'Is owed', exact: true }).click()
  await look(page, 'passport-settings')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { level: 1, name: 'Readiness' }).waitFor()
  const decided = async () => await rosa.api.get(200, 'GET /api/passports/settings')
  assert.deepEqual(await decided(), { publication: 'block', dueDiligence: 'owed', publicHost: null })

  await page.goto(new URL(`/console/passports/${id}`, page.url()).href)
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page
    .getByRole('alert')
    .filter({ hasText: /lacks|missing|mandatory/i })
    .waitFor()

  // What is left empty is not declared any more.
  await page.goto(new URL('/console/passports/readiness/settings', page.url()).href)
  const declared = page.getByRole('combobox', { name: /Due diligence/ })
  await declared.click()
  await page.getByRole('option', { name: 'Is owed', exact: true }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { level: 1, name: 'Readiness' }).waitFor()
  assert.deepEqual(await decided(), { publication: 'block', dueDiligence: null, publicHost: null })
  await page.context().close()
}

async function ruleSets(town: Town): Promise<void> {
  const { at, person } = town
  const greta = await person('Greta')
  await greta.api.get(201, 'POST /api/passports', { data: battery })
  const page = await at(greta, '/console/passports/readiness')
  const [csv] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Report (CSV)' }).click(),
  ])
  assert.match(await readFile((await csv.path())!, 'utf8'), /BP-DECIDED/)
  const [pdf] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Report (PDF)' }).click(),
  ])
  assert.match((await readFile((await pdf.path())!)).subarray(0, 5).toString(), /%PDF-/)

  await page.getByRole('link', { name: 'Rule sets' }).click()
  await page
    .getByRole('row', { name: /Draft/ })
    .first()
    .getByRole('button', { name: 'See what it would change' })
    .click()
  await page.getByRole('heading', { level: 2, name: /What it would change/ }).waitFor()
  await page.getByText(/Done$/).first().waitFor()
  await page.getByRole('row', { name: 'Looked at 1' }).waitFor()
  await look(page, 'rule-check')
  const { pathname, search } = new URL(page.url())
  await page.context().close()
  await lookAllOver(town, greta, pathname + search, 'rule-check')
}

async function wallet(town: Town): Promise<void> {
  const { at, person, p } = town
  const otto = await person('Otto')
  const page = await at(otto, '/console/wallet')
  await page.getByRole('button', { name: 'Put money in' }).click()
  await page.getByRole('textbox', { name: /Amount/ }).fill('25.50')
  await page.getByRole('combobox', { name: /Currency/ }).fill('EUR')
  await page.getByRole('option', { name: 'EUR' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Put money in' }).click()
  await page.getByRole('button', { name: 'Pay', exact: true }).click()
  await page.waitForURL(/\/console\/wallet/)
  await p.settle()
  await until(async () => (await otto.api.get(200, 'GET /api/billing/wallet')).balances.length > 0)
  await page.reload()
  await page.getByText('€25.50').first().waitFor()
  await look(page, 'wallet')

  await page.getByRole('button', { name: 'Have money back' }).click()
  await page.getByRole('textbox', { name: /Amount/ }).fill('5,5')
  await page.getByRole('textbox', { name: /Amount/ }).fill('5.5')
  await page.getByRole('combobox', { name: /Currency/ }).fill('EUR')
  await page.getByRole('option', { name: 'EUR' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Have money back' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByText('€20.00').first().waitFor()
  await page.context().close()
  await lookAllOver(town, otto, '/console/wallet', 'wallet')
}

async function started(town: Town): Promise<void> {
  const { at, admin } = town
  const page = await at(admin, '/console/operations/settings')
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) })
  await row('SHOP_NAME').getByText('Corner shop').waitFor()
  await row('SHOP_NAME').getByText('Environment').waitFor()
  await row('ADMIN_PASSWORD').getByText('••••••').waitFor()
  assert.equal(await row('SMTP_PORT').count(), 0)
  await page.getByLabel('Those too that nobody has set').check()
  await row('SMTP_PORT').getByRole('cell', { name: '587', exact: true }).waitFor()
  await page.context().close()
  await lookAllOver(town, admin, '/console/operations/settings', 'environment')
}
