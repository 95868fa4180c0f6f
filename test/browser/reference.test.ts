import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

test('the reference shows every route and asks nobody else for anything', { skip }, async t => {
  const platform = await start(t, await choose())
  const address = await platform.listen()
  const browser = await openChromium(t)
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const strangers: string[] = []
  const complaints: string[] = []
  page.on('request', request => {
    if (!request.url().startsWith(`${address}/`) && !request.url().startsWith('data:')) strangers.push(request.url())
  })
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))

  await page.goto(`${address}/docs`)
  const { paths } = (await (await fetch(`${address}/docs/openapi.json`)).json()) as { paths: Record<string, object> }
  const expected = Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map(() => path))
  // Looked up as a whole it takes three times as long.
  await page.locator('.opblock').first().waitFor({ timeout: 20_000 })
  const shown = await seenWhileScrolling(page)
  assert.deepEqual([...shown.values()].sort(), expected.sort())

  if (process.env.OHMNIBUS_SCREENSHOTS)
    await page.screenshot({ path: `${process.env.OHMNIBUS_SCREENSHOTS}/reference.png` })

  // A route is tried out from the page: the answer comes from this platform.
  await page.getByPlaceholder(/Filter/).fill('/health/live')
  const live = page.locator('.opblock', { has: page.locator('[data-path="/health/live"]') })
  await live.locator('.opblock-summary-control').click()
  await live.getByRole('button', { name: 'Try it out' }).click()
  await live.getByRole('button', { name: 'Execute' }).click()
  await live.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor()

  assert.deepEqual(strangers, [])
  assert.deepEqual(complaints, [])
})

/** The paths of all operations by their ids: of many only those are drawn that stand in the window. */
async function seenWhileScrolling(page: Page): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  for (let still = 0; still < 10;) {
    // Once what the wheel has moved is drawn.
    const rows = await page.evaluate<[string, string | null][]>(`new Promise(drawn =>
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn)))).then(() =>
        [...document.querySelectorAll('.opblock')].map(block =>
          [block.id, block.querySelector('.opblock-summary-path')?.getAttribute('data-path')]))`)
    const before = seen.size
    for (const [id, path] of rows) if (id && path) seen.set(id, path)
    still = seen.size === before ? still + 1 : 0
    await page.mouse.wheel(0, 600)
  }
  return seen
}
