import type { TestContext } from 'node:test'
import { look, type Town } from './people.ts'

/** J2: batteries by the thousand from their serials; fewer than the 100,000 that one order takes, as tests are run often. */
const many = 2_400

export async function bySerial(_: TestContext, { address, at, person, p }: Town): Promise<void> {
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
  await page.getByText('2,400 batteries, from LM3-000001 to LM3-002400.').waitFor()
  await page.getByLabel('Publish them at once').check()
  await page.getByRole('button', { name: 'Make 2,400' }).click()
  await page.getByText(/of 2,400:/).waitFor()
  await look(page, 'J2-progress')
  const order = page.url()
  await page.goto(`${address}/console/passports/${modelId}/edit`)
  await page.getByLabel('Model name').fill('Pack of J2')
  await p.settle()
  await page.getByLabel('Model name').fill('')
  await page.goto(order)
  await page.getByText('2,400 of 2,400: 2,400 made, 0 refused.').waitFor()

  await page.goto(`${address}/console/passports?model=J2-PACK&sort=identifier`)
  await page.getByText(/2,40\d in all/).waitFor()
  await page.context().close()
}
