import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { startIdentity } from '../../services/identity/testing.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)
const skip = !executablePath && process.env.CI !== 'true' && 'there is no Chromium on this machine'

test('without script, light and dark, the buttons of pages do what they say, and links lead on', { skip }, async t => {
  const { listen, post, mailed, person, invitationFor } = await startIdentity(t)
  const address = await listen()
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const { id } = (await post('/organisations', { name: 'Volt & Söhne' }, ada.headers)).json()
  await post(`/organisations/${id}/invitations`, { email: grace.email, role: 'editor' }, ada.headers)
  await post('/register', { email: 'eve@example.com', password: 'quiet trains at dawn', name: 'Eve <b>', locale: 'de' })
  const proof = new URL((await mailed('eve@example.com')).link!).pathname
  const invitation = `/api/auth/invitations/${await invitationFor(grace.email)}`

  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })
  t.after(() => browser.close())
  const complaints: string[] = []
  const open = async (colorScheme: 'light' | 'dark') => {
    const context = await browser.newContext({
      colorScheme,
      javaScriptEnabled: false,
      viewport: { width: 420, height: 700 },
    })
    const page = await context.newPage()
    page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))
    page.on('request', request => {
      if (!request.url().startsWith(`${address}/`)) complaints.push(request.url())
    })
    const show = async (name: string) => {
      const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      assert.equal(wide, false, `${name} fits`)
      if (process.env.OHMNIBUS_SCREENSHOTS)
        await page.screenshot({ path: `${process.env.OHMNIBUS_SCREENSHOTS}/${name}-${colorScheme}.png` })
      return await page.locator('h1').innerText()
    }
    return { context, page, show }
  }

  const light = await open('light')
  await light.page.goto(address + proof)
  assert.equal(await light.show('confirm'), 'Adresse bestätigen')
  await light.page.keyboard.press('Tab')
  assert.match(String(await light.page.evaluate('getComputedStyle(document.activeElement).outline')), /3px/)
  await light.page.keyboard.press('Enter')
  await light.page.getByText('Ihr Konto ist bereit').first().waitFor()
  await light.show('confirmed')
  await light.page.goto(address + proof)
  assert.equal(await light.show('expired'), 'This link is no longer good')

  const dark = await open('dark')
  await dark.page.goto(address + invitation)
  assert.equal(await dark.show('sign-in'), 'Sign in first')
  await dark.context.addCookies([{ name: 'ohmnibus-access', value: grace.accessToken, url: address }])
  await dark.page.getByRole('link', { name: 'I have signed in: open it again' }).click()
  await dark.page.getByRole('button', { name: 'Join' }).waitFor()
  assert.equal(await dark.show('invited'), 'You are invited')
  await dark.page.getByRole('button', { name: 'Join' }).click()
  await dark.page.getByText('Welcome').first().waitFor()
  await dark.show('joined')
  await dark.page.getByRole('link', { name: 'Go to the start page' }).click()
  await dark.page.waitForURL(`${address}/docs**`)
  assert.deepEqual(complaints, [])
})
