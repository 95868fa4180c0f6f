import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { remote } from '../../seed.ts'
import { until } from '../kernel/toys.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { findingsOf } from './axe.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }
const many = 260

/** A platform with as many cards as no table shows at once, and its admin at their list. */
async function open(t: TestContext) {
  buildConsole()
  const port = await freePort()
  const address = `http://localhost:${port}`
  const platform = await start(t, await choose(), {
    environment: { PORT: String(port), PUBLIC_URL: address, ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password },
  })
  await platform.listen()
  const client = remote(address)
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  const rows = Array.from({ length: many }, (_, at) => `CARD-${String(at).padStart(4, '0')},${at === 0 ? '=1+1' : ''}`)
  const sent = await fetch(`${address}/api/ocpp/tokens/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'text/csv' },
    body: ['idToken,label', ...rows].join('\n'),
  })
  assert.equal(sent.status, 202)
  await until(async () => {
    const { count } = await client('GET', '/api/ocpp/tokens/count', undefined, accessToken)
    return count === many
  })
  const browser = await openChromium(t)
  const context = await browser.newContext({ locale: 'en', reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${address}/api/auth/sign-in?return=${encodeURIComponent('/console/tokens')}`)
  await page.getByLabel('E-mail address').fill(admin.email)
  await page.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}/console/tokens`)
  return { address, client, accessToken: accessToken as string, page }
}

type Opened = Awaited<ReturnType<typeof open>>

/** In which row the focus is, or in what else. */
const at = (page: Page): Promise<string> =>
  page.evaluate<string>(
    '(now => now === document.body ? "nowhere" : (now.closest("[data-row]") ?? now).innerText.trim().split(/\\s/)[0])(document.activeElement)',
  )

test(
  'lists are gone through by keyboard, done with as a whole, and taken away',
  { skip, timeout: 600_000 },
  async t => {
    const opened = await open(t)
    await t.test('who is in a row stays in it: while more come, while it is scrolled away, and after a dialog', () =>
      focusKept(opened),
    )
    await t.test('all that match are chosen by their number, and what was refused is told and can be taken away', () =>
      allThatMatch(opened),
    )
    await t.test('what is exported is what is seen, and no spreadsheet runs it', () => asSeen(opened))
  },
)

async function focusKept({ page }: Opened): Promise<void> {
  // More come as one goes down, until a grid takes the table's place.
  const link = (row: number) => page.locator('[data-row]').nth(row).getByRole('link')
  await link(90).waitFor()
  await link(90).focus()
  await link(190).waitFor()
  await link(190).focus()
  const where = await at(page)
  assert.match(where, /^CARD-/)
  await page.getByRole('grid').waitFor()
  assert.equal(await at(page), where)

  // A row that one scrolls away from is where keys go on from.
  await page.keyboard.press('ArrowDown')
  await until(async () => (await at(page)) !== where)
  const next = await at(page)
  await page.mouse.move(600, 400)
  await page.mouse.wheel(0, -20_000)
  await until(async () => (await page.evaluate<number>('scrollY')) === 0)
  assert.equal(await at(page), next)
  await page.keyboard.press('ArrowUp')
  await until(async () => (await at(page)) === where)

  // A dialog that is closed, and a bar that goes with what was chosen, leave it there.
  await page.keyboard.press(' ')
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await until(async () => (await at(page)) === 'Lock')
  await page.getByRole('button', { name: 'Deselect' }).click()
  await until(async () => (await at(page)) === where)
}

async function allThatMatch({ page, address, client, accessToken }: Opened): Promise<void> {
  await client('PUT', `/api/ocpp/tokens/${await idOf('CARD-0007')}`, { status: 'blocked' }, accessToken)
  async function idOf(text: string): Promise<string> {
    const { items } = await client('GET', `/api/ocpp/tokens?q=${text}`, undefined, accessToken)
    return items[0].id as string
  }
  await page.goto(`${address}/console/tokens`)
  // One is refused: its name is no version that stands.
  await page.route('**/api/ocpp/tokens/*', async route =>
    route.request().method() === 'PUT' &&
    route
      .request()
      .url()
      .endsWith(await refused)
      ? await route.fulfill({ status: 409, json: { code: 'conflict', title: 'Conflict', status: 409 } })
      : await route.continue(),
  )
  const refused = idOf('CARD-0100')
  await page.locator('[data-row]').first().getByRole('checkbox').check()
  await page.getByRole('button', { name: `Select all ${many} that match` }).click()
  await page.getByText(`All ${many} that match are selected.`).waitFor()
  await page.getByRole('button', { name: 'Lock', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Lock', exact: true })
  await dialog.getByText('It cannot be done to 1 of them').waitFor()
  assert.deepEqual(await findingsOf(page), [])
  await dialog.getByRole('button', { name: `Do it for ${many - 1}` }).click()
  await dialog.getByText(`${many - 2} done, 1 refused`).waitFor({ timeout: 120_000 })
  assert.deepEqual(await findingsOf(page), [])
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'The refused as CSV' }).click(),
  ])
  assert.match(await readFile((await file.path())!, 'utf8'), /^Rows,Why\r\nCARD-0100,/)
  await page.unroute('**/api/ocpp/tokens/*')
  await dialog.getByRole('button', { name: 'Try the refused again' }).click()
  await dialog.getByText('1 done, 0 refused').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  const { count } = await client('GET', '/api/ocpp/tokens/count?status=blocked', undefined, accessToken)
  assert.equal(count, many)
}

async function asSeen({ page, address }: Opened): Promise<void> {
  await page.goto(`${address}/console/tokens?q=CARD-000`)
  await page.getByText('10 in all').waitFor()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('checkbox', { name: 'Type' }).uncheck()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Export' }).click()
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'As CSV', exact: true }).click(),
  ])
  await page.getByText('10 rows exported.').waitFor()
  const lines = (await readFile((await file.path())!, 'utf8')).trimEnd().split('\r\n')
  assert.equal(lines.length, 11)
  assert.ok(!lines[0]!.includes('Type'))
  assert.ok(
    lines.some(line => line.includes(`CARD-0000,'=1+1,`)),
    lines.join('\n'),
  )
}
