import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { until } from '../kernel/toys.ts'
import { look, type Town } from './people.ts'

/** J2: batteries by the thousand from their serials: `OHMNIBUS_SERIALS=100000` is as many as one order takes. */
const many = Number(process.env.OHMNIBUS_SERIALS ?? 2_000)
const told = many.toLocaleString('en')
/** With those of the list before; beyond ten thousand nobody counts to the end. */
const counted = many > 9_000 ? 'more than 10,000' : `${told.slice(0, -1)}\\d`
const patience = 60_000 + many * 60

export async function bySerial(_: TestContext, { address, at, person }: Town): Promise<void> {
  const rosa = await person('Rosa')
  const page = await at(rosa, '/console/passports/new')
  await page.getByText('A model', { exact: true }).click()
  await page.getByLabel('Battery identifier').fill('MODEL-J2')
  await page.getByRole('combobox', { name: /Category/ }).click()
  await page.getByRole('option', { name: 'Electric vehicle' }).click()
  await page.getByLabel('Model id').fill('J2-PACK')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { level: 1, name: 'MODEL-J2' }).waitFor()
  const modelId = new URL(page.url()).pathname.split('/').at(-1)!
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('link', { name: 'Public page' }).waitFor()

  // What a list has twice is told before, and refused by itself.
  await page.getByRole('tab', { name: 'Batteries' }).click()
  await page.getByLabel('Or a list of serials').fill('S-1\nS-2\nS-1\nS-3\nS-2')
  await page.getByText('5 batteries, from S-1 to S-2. 2 are in the list twice').waitFor()
  await page.getByRole('button', { name: 'Make 5' }).click()
  await page.getByText('5 of 5: 3 made, 2 refused.').waitFor()
  await page
    .getByRole('row', { name: /serial_repeated/ })
    .first()
    .waitFor()
  await look(page, 'J2-twice')

  // By a range, while something else is worked on.
  await page.getByLabel('Begins with').fill('LM3-')
  await page.getByLabel('How many').fill(String(many))
  await page.getByText(`${told} batteries, from LM3-000001 to LM3-${String(many).padStart(6, '0')}.`).waitFor()
  await page.getByLabel('Publish them at once').check()
  await page.getByRole('button', { name: `Make ${told}` }).click()
  await page.getByText(`of ${told}:`).waitFor()
  await look(page, 'J2-progress')
  const order = page.url()
  await page.goto(`${address}/console/passports/${modelId}/edit`)
  await page.getByLabel('Model name').fill('Pack of J2')
  await page.getByLabel('Model name').fill('')
  await page.goto(order)
  await page.getByText(`${told} of ${told}: ${told} made, 0 refused.`).waitFor({ timeout: patience })

  // Far down the list, into one of them, and back to where one was.
  await page.goto(`${address}/console/passports?model=J2-PACK&sort=identifier`)
  await page.getByText(new RegExp(`${counted} in all`)).waitFor()
  await look(page, 'J2-list')
  const last = page.getByRole('grid').getByRole('row').last()
  // So many that they stand in a grid, and are gone through by its keys.
  const focused = page.getByRole('grid').locator('[role=row]:focus')
  await until(async () => {
    await page.keyboard.press('End')
    if ((await last.count()) > 0 && (await focused.count()) === 0) await last.focus()
    return (await last.count()) > 0 && Number(await last.getAttribute('aria-rowindex')) > Math.min(5_000, many / 3)
  }, 120)
  // By keys, as rows go on coming below.
  const heading = page.getByRole('heading', { level: 1, name: /^LM3-/ })
  await page.keyboard.press('Enter')
  await heading.waitFor()
  const name = await heading.innerText()
  const deep = page.getByRole('link', { name, exact: true })
  await page.goBack()
  await deep.waitFor()
  assert.ok((await page.evaluate<number>('scrollY')) > 5_000, 'where one was')
  await page
    .getByRole('row', { name: new RegExp(name) })
    .getByRole('checkbox')
    .check()
  await page.getByRole('button', { name: new RegExp(`^Select all ${counted} that match`) }).click()
  await page.getByText(new RegExp(`^All ${counted} that match are selected`)).waitFor()
  await look(page, 'J2-all')

  // A sheet of labels for each thousand, and all of them as a file that is counted.
  await page.goto(`${address}/console/passports/${modelId}?tab=items`)
  const sheets: string[] = []
  page.on('download', download => sheets.push(download.suggestedFilename()))
  await page.getByRole('button', { name: 'Label sheets (PDF)' }).click()
  await page.getByText(new RegExp(`${told.slice(0, -1)}\\d labels are ready`)).waitFor({ timeout: patience })
  assert.equal(sheets.length, Math.ceil((many + 3) / 1_000))
  const [file] = await Promise.all([
    page.waitForEvent('download', {
      predicate: download => download.suggestedFilename() === 'passports.csv',
      timeout: patience,
    }),
    page.getByRole('link', { name: 'All of them as CSV' }).click(),
  ])
  const lines = (await readFile((await file.path())!, 'utf8')).trimEnd().split(/\r?\n/)
  assert.equal(lines.length, 1 + 3 + many)
  await page.context().close()
}
