import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateway } from '../../services/gateway/service.ts'
import { startIdentity } from '../../services/identity/testing.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

test('without script, light and dark, the buttons of pages do what they say, and links lead on', { skip }, async t => {
  const { listen, post, mailed, person, invitationFor } = await startIdentity(t, {}, [gateway])
  const address = await listen()
  const [ada, grace] = [await person('Ada'), await person('Grace')]
  const { id } = (await post('/organisations', { name: 'Volt & Söhne' }, ada.headers)).json()
  await post(`/organisations/${id}/invitations`, { email: grace.email, role: 'editor' }, ada.headers)
  await post('/register', { email: 'eve@example.com', password: 'quiet trains at dawn', name: 'Eve <b>', locale: 'de' })
  const proof = new URL((await mailed('eve@example.com')).link!).pathname
  const invitation = `/api/auth/invitations/${await invitationFor(grace.email)}`

  const browser = await openChromium(t)
  const complaints: string[] = []
  const open = async (colorScheme: 'light' | 'dark', width: number, locale = 'en') => {
    const context = await browser.newContext({
      colorScheme,
      locale,
      javaScriptEnabled: false,
      viewport: { width, height: 800 },
    })
    const page = await context.newPage()
    page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))
    page.on('request', request => {
      if (!request.url().startsWith(`${address}/`)) complaints.push(request.url())
    })
    const show = async (name: string) => {
      const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      assert.equal(wide, false, `${name} fits`)
      assert.ok((await page.getByRole('link').count()) > 0, `${name} leads on`)
      if (process.env.OHMNIBUS_SCREENSHOTS)
        await page.screenshot({
          path: `${process.env.OHMNIBUS_SCREENSHOTS}/${name}-${width}-${colorScheme}.png`,
          fullPage: true,
        })
      return await page.locator('h1').innerText()
    }
    const press = (name: string) => page.getByRole('button', { name }).click()
    const follow = (name: string) => page.getByRole('link', { name }).click()
    const fill = (label: string, text: string) => page.getByLabel(label).fill(text)
    const go = (path: string) => page.goto(address + path)
    return { context, page, show, press, follow, fill, go }
  }

  // The link of a registration that another browser made, by keyboard.
  const light = await open('light', 360, 'de')
  await light.go(proof)
  assert.equal(await light.show('confirm'), 'Adresse bestätigen')
  await light.page.keyboard.press('Tab')
  assert.match(String(await light.page.evaluate('getComputedStyle(document.activeElement).outline')), /3px/)
  await light.page.keyboard.type('zu leicht')
  await light.page.keyboard.press('Enter')
  await light.page.getByRole('alert').waitFor()
  await light.show('confirm-refused')
  await light.fill('Passwort', 'leise Züge im Morgengrauen')
  await light.page.keyboard.press('Enter')
  await light.page.getByText('Ihr Konto ist bereit').first().waitFor()
  await light.show('ready')
  await light.go(proof)
  assert.equal(await light.show('expired'), 'Dieser Link gilt nicht mehr')
  await light.go('/api/auth/sign-in')
  await light.press('Abmelden')
  assert.equal(await light.show('signed-out'), 'Sie sind abgemeldet')

  // An invitation: signing in leads back to it, and the wrong person is led to the other address.
  const dark = await open('dark', 1280)
  await dark.go(invitation)
  assert.equal(await dark.show('sign-in-first'), 'Sign in first')
  await dark.follow('Sign in')
  await dark.fill('E-mail address', ada.email)
  await dark.fill('Password', 'not the right password')
  await dark.press('Sign in')
  await dark.page.getByText('The address or the password is wrong.').waitFor()
  await dark.show('sign-in-refused')
  await dark.fill('Password', ada.password)
  await dark.press('Sign in')
  await dark.page.getByText('somebody else').first().waitFor()
  await dark.show('another')
  await dark.press('Sign out and use the other address')
  assert.equal(await dark.show('sign-in'), 'Sign in')
  assert.equal(await dark.page.getByLabel('E-mail address').inputValue(), grace.email)
  await dark.fill('Password', grace.password)
  await dark.press('Sign in')
  assert.equal(await dark.show('invited'), 'You are invited')
  await dark.press('Join')
  await dark.page.getByText('Welcome').first().waitFor()
  await dark.show('joined')
  await dark.follow('Go to the start page')
  await dark.page.waitForURL(`${address}/`)
  assert.equal(await dark.show('home'), 'Ohmnibus')
  await dark.page.keyboard.press('Tab')
  await dark.page.keyboard.press('Enter')
  await dark.page.waitForURL(`${address}/#content`)
  await dark.follow('The API, with everything to try')
  await dark.page.waitForURL(`${address}/docs**`)

  // Registering on the page, invited before there was an account.
  await post(`/organisations/${id}/invitations`, { email: 'new@example.com', role: 'viewer' }, ada.headers)
  const fresh = await open('light', 1280)
  await fresh.go(`/api/auth/invitations/${await invitationFor('new@example.com')}`)
  await fresh.follow('I have no account yet')
  assert.equal(await fresh.show('sign-up'), 'Create an account')
  await fresh.fill('Your name', 'Nova New')
  await fresh.fill('Password', 'password1234')
  await fresh.press('Create the account')
  await fresh.page.getByText('easy to guess').waitFor()
  assert.equal(await fresh.page.getByLabel('Your name').inputValue(), 'Nova New', 'what was typed stays')
  await fresh.show('sign-up-refused')
  await fresh.fill('Password', 'slow rivers in april')
  await fresh.press('Create the account')
  assert.equal(await fresh.show('code'), 'Look into your mailbox')
  await fresh.press('Send a new code')
  await fresh.page.getByText('A new code is on its way').waitFor()
  await fresh.show('code-sent')
  await fresh.fill('Code from the mail', (await mailed('new@example.com')).code.replace(/^.../, '$& '))
  await fresh.press('Confirm')
  assert.equal(await fresh.show('invited-new'), 'You are invited')

  // A forgotten password, by the code and by the link.
  const lost = await open('dark', 360)
  await lost.go('/api/auth/sign-in')
  await lost.follow('I have forgotten my password')
  assert.equal(await lost.show('forgotten'), 'Forgotten password')
  await lost.fill('E-mail address', 'new@example.com')
  await lost.press('Send the mail')
  assert.equal(await lost.show('reset-code'), 'Set a new password')
  const reset = await mailed('new@example.com')
  await lost.go(new URL(reset.link!).pathname)
  assert.equal(await lost.show('reset'), 'Set a new password')
  await lost.fill('New password', 'short')
  await lost.press('Set the password')
  await lost.page.getByText('too short').waitFor()
  await lost.fill('New password', 'slow rivers in may, or june')
  await lost.press('Set the password')
  await lost.page.getByText('Your password is changed').waitFor()
  await lost.show('reset-done')
  await lost.fill('E-mail address', 'new@example.com')
  await lost.fill('Password', 'slow rivers in may, or june')
  await lost.press('Sign in')
  assert.equal(await lost.show('signed-in'), 'You are signed in')
  await lost.follow('Where you are signed in')
  assert.equal(await lost.show('devices'), 'Where you are signed in')
  await lost.press('End this session')
  assert.equal(await lost.show('ended'), 'You are signed out')
  await lost.go(new URL(reset.link!).pathname)
  assert.equal(await lost.show('reset-expired'), 'This link is no longer good')
  assert.deepEqual(complaints, [])
})
