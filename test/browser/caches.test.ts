import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startIdentity } from '../../services/identity/testing.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

test('who signs in after somebody else at one browser sees themselves', { skip }, async t => {
  const { listen, person } = await startIdentity(t)
  const address = await listen()
  const people = [await person('Ada'), await person('Bob')]
  const browser = await openChromium(t)
  const page = await browser.newPage({ bypassCSP: true })
  await page.goto(`${address}/health/live`)
  // In the page, where its cache is.
  const send = (path: string, payload?: object): Promise<any> =>
    page.evaluate(
      `fetch(${JSON.stringify(path)}, ${JSON.stringify(
        payload && {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(payload),
        },
      )}).then(answer => answer.status === 204 ? null : answer.json())`,
    )
  for (const { email, password, id } of people) {
    await send('/api/auth/login', { email, password })
    for (let visit = 0; visit < 2; visit++) {
      const profile = await send('/api/auth/profile')
      assert.deepEqual([profile.id, profile.email], [id, email])
    }
    await send('/api/auth/logout', {})
  }
})
