import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { remote, seed } from '../../seed.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { findingsOf } from './axe.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }

async function open(t: Parameters<typeof openChromium>[0]) {
  buildConsole()
  const port = await freePort()
  const address = `http://localhost:${port}`
  const platform = await start(t, await choose(), {
    environment: { PORT: String(port), PUBLIC_URL: address, ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  await platform.listen()
  const client = remote(address)
  await seed(client, { ...admin, passports: 3 })
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  const { items } = await client('GET', '/api/passports?status=draft', undefined, accessToken)
  const passports = items.map(({ id }: { id: string }) => id) as string[]
  return { address, client, accessToken, passports, browser: await openChromium(t) }
}

type Opened = Awaited<ReturnType<typeof open>>

/** A browser of its own, signed in, at a screen. */
async function at(browser: Browser, address: string, path: string): Promise<Page> {
  const context = await browser.newContext({ locale: 'en', reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${address}/api/auth/sign-in?return=${encodeURIComponent(path)}`)
  await page.getByLabel('E-mail address').fill(admin.email)
  await page.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(address + path)
  return page
}

const picture = async (page: Page, name: string): Promise<void> => {
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
}

test('people edit the same, and lose nothing', { skip, timeout: 600_000 }, async t => {
  const opened = await open(t)
  await t.test(
    'two editors: what does not collide is merged by itself, the rest is decided, and the history shows both',
    () => twoEditors(opened, opened.passports[0]!),
  )
  await t.test('nothing typed is lost: over the end of the session, a closed tab, and leaving', () =>
    nothingLost(opened, opened.passports[1]!),
  )
})

async function twoEditors({ address, client, accessToken, browser }: Opened, passport: string): Promise<void> {
  const path = `/console/passports/${passport}/edit`
  const [ada, grace] = await Promise.all([at(browser, address, path), at(browser, address, path)])
  await grace.getByLabel('Mass in kg').fill('500')
  await grace.getByLabel('Chemistry').fill('NMC')
  await grace.getByRole('button', { name: 'Save' }).click()
  await grace.waitForURL(`${address}/console/passports/${passport}`)

  await ada.getByLabel('Mass in kg').fill('600')
  await ada.getByLabel('Serial number').fill('S-1')
  await ada.getByRole('button', { name: 'Save' }).click()
  const merge = ada.getByRole('dialog', { name: 'Both of you changed this' })
  await merge.waitFor()
  await merge.getByText('Material composition › Chemistry').waitFor()
  assert.ok(await merge.getByRole('button', { name: 'Save the merged version' }).isDisabled())
  assert.deepEqual(await findingsOf(ada), [])
  await picture(ada, 'J7-01')
  await merge.getByRole('radio', { name: /Yours/ }).check()
  await merge.getByRole('button', { name: 'Save the merged version' }).click()
  await ada.waitForURL(`${address}/console/passports/${passport}`)

  const { data, version } = await client('GET', `/api/passports/${passport}`, undefined, accessToken)
  assert.equal(version, 3)
  assert.equal(data.generalInformation.batteryMass, 600)
  assert.equal(data.generalInformation.batterySerialNumber, 'S-1')
  assert.equal(data.materialComposition.batteryChemistry, 'NMC')
  await ada.getByRole('tab', { name: 'History' }).click()
  await ada.getByText('Version 3').waitFor()
  await ada.getByRole('button', { name: 'What changed' }).first().click()
  await ada.getByRole('dialog').getByText('S-1').waitFor()
  await picture(ada, 'J7-02')
}

async function nothingLost({ address, client, accessToken, browser }: Opened, passport: string): Promise<void> {
  const page = await at(browser, address, `/console/passports/${passport}/edit`)
  await page.getByLabel('Serial number').fill('typed before the end')

  // Ended elsewhere: the form stands, the same person signs in over it, and it is saved once.
  await client('POST', '/api/auth/logout', { everywhere: true }, accessToken)
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Save' }).click()
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
  await dialog.waitFor()
  assert.deepEqual(await findingsOf(page), [])
  await picture(page, 'J8-01')
  await dialog.getByRole('textbox', { name: 'Password' }).fill('not the right one')
  await page.keyboard.press('Enter')
  await dialog.getByText('The password is wrong.').waitFor()
  await dialog.getByRole('textbox', { name: 'Password' }).fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}/console/passports/${passport}`)
  await page.getByText('typed before the end').waitFor()
  const { accessToken: again } = await client('POST', '/api/auth/login', admin)
  assert.equal((await client('GET', `/api/passports/${passport}`, undefined, again)).version, 2, 'saved once')

  // What is reloaded offers its draft; leaving asks.
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Serial number').fill('not saved yet')
  page.once('dialog', question => void question.accept())
  await page.reload()
  await page.getByText('Something you typed here before was not saved.').waitFor()
  await picture(page, 'J8-02')
  await page.getByRole('button', { name: 'Take it up again' }).click()
  assert.equal(await page.getByLabel('Serial number').inputValue(), 'not saved yet')
  await page.getByRole('link', { name: 'Documents' }).click()
  const leaving = page.getByRole('dialog', { name: 'Leave without saving?' })
  await leaving.getByRole('button', { name: 'Stay' }).click()
  assert.equal(await page.getByLabel('Serial number').inputValue(), 'not saved yet')
  await page.getByRole('link', { name: 'Documents' }).click()
  await leaving.getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL(`${address}/console/documents`)
}
