import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { newId } from '#kernel'
import { open } from '../../services/maintenance/testing.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
const skip = !executablePath && process.env.CI !== 'true' && 'there is no Chromium on this machine'

test('on a telephone of 360 pixels and without script a technician works on a ticket', { skip }, async t => {
  const { p, operator, as, station } = await open(t)
  const address = await p.listen()
  const owner = { kind: 'person' as const, id: newId() }
  const [me, grace] = [operator({ userId: owner.id }), as({ role: 'technician' })]
  const stationId = await station({ stationId: newId(), owner, name: 'Parkhausbetriebsgesellschaft am Alexanderplatz' })
  const technician = (await me.post('/technicians', { userId: grace.userId, name: 'Grace' })).body
  await me.post('/parts', { number: 'LOCK-T2', name: 'Lock for a socket of Type 2, with its screws', stock: 3 })
  const ticket = (await me.post('/tickets', { stationId, title: 'Cable does not lock' })).body
  await me.post(`/tickets/${ticket.id}/assign`, { technicianId: technician.id })

  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })
  t.after(() => browser.close())
  const page = await browser.newPage({
    viewport: { width: 360, height: 740 },
    javaScriptEnabled: false,
    extraHTTPHeaders: p.signedIn({ userId: grace.userId, role: 'technician' }),
  })
  const fits = async () => {
    const box = await page.locator('main').boundingBox()
    for (const one of await page.locator('main *').all()) {
      const part = await one.boundingBox()
      if (part) assert.ok(part.x >= 0 && part.x + part.width <= 360, (await one.textContent()) ?? '')
    }
    assert.ok(box!.width <= 360)
  }
  await page.goto(`${address}/maintenance/tickets`)
  await fits()
  await page.getByRole('link', { name: /Cable does not lock/ }).click()
  await fits()
  await page.getByRole('button', { name: 'Begin' }).click()
  await fits()
  await page.getByLabel('How it was done').fill('New lock')
  await page.getByRole('button', { name: 'It is done' }).click()
  assert.match(await page.getByRole('status').innerText(), /Resolved/)
  assert.equal((await me.get(`/tickets/${ticket.id}`)).body.state, 'resolved')
  await page.goto(`${address}/maintenance/report/${stationId}`)
  await fits()
})
