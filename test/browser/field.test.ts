import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { open } from '../../services/maintenance/testing.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

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

  const browser = await openChromium(t)
  const page = await browser.newPage({
    viewport: { width: 360, height: 740 },
    javaScriptEnabled: false,
    extraHTTPHeaders: p.signedIn({ userId: grace.userId, role: 'technician' }),
  })
  const fits = async () => {
    const outside = await page.evaluate<string[]>(`[...document.querySelectorAll('main, main *')]
      .filter(each => each.checkVisibility())
      .filter(each => each.getBoundingClientRect().left < 0 || each.getBoundingClientRect().right > 360)
      .map(each => each.outerHTML.slice(0, 160))`)
    assert.deepEqual(outside, [])
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
