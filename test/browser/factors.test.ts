import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { startIdentity } from '../../services/identity/testing.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

/** A free port, as passkeys are tied to an origin that has to be known at the start. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

test('people set up passkeys and an authenticator app on pages, and sign in with them', { skip }, async t => {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const environment = { PORT: String(port), PUBLIC_URL: origin }
  const { listen, person, clock } = await startIdentity(t, { environment })
  await listen()
  const ada = await person('Ada')

  const browser = await openChromium(t)
  const context = await browser.newContext({ locale: 'en', viewport: { width: 390, height: 844 } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  page.on('request', request => {
    if (!request.url().startsWith(`${origin}/`)) complaints.push(request.url())
  })
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const go = (path: string) => page.goto(`${origin}/api/auth${path}`)
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const shown = async (title: string, name: string) => {
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    const wide = await page.locator('html').evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
    assert.equal(wide, false, `${name} fits`)
    if (process.env.OHMNIBUS_SCREENSHOTS)
      await page.screenshot({ path: `${process.env.OHMNIBUS_SCREENSHOTS}/${name}.png`, fullPage: true })
  }
  const signIn = async () => {
    await page.getByLabel('E-mail address').fill(ada.email)
    await page.getByLabel('Password').fill(ada.password)
    await press('Sign in')
  }
  const signOut = async () => {
    await go('/sign-out')
    await press('Sign out')
    await shown('You are signed out', 'signed-out')
  }

  // A first passkey, with its recovery codes.
  await go('/sign-in?return=/api/auth/security')
  await shown('Sign in', 'sign-in')
  await signIn()
  await shown('How you sign in', 'security-none')
  await page.getByLabel('A name for it').fill('Ada’s telephone')
  await press('Add a passkey')
  await shown('Your recovery codes', 'codes')
  assert.equal(
    await page
      .getByRole('listitem')
      .filter({ has: page.locator('code') })
      .count(),
    10,
  )
  const recoveryCode = await page.locator('li code').first().innerText()
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await shown('How you sign in', 'security-passkey')
  await page.getByText('Ada’s telephone').first().waitFor()

  // The passkey alone, without address and password.
  await signOut()
  await go('/sign-in?return=/api/auth/devices')
  await press('Sign in with a passkey')
  await shown('Where you are signed in', 'devices')

  // Behind the password.
  await signOut()
  await go('/sign-in')
  await signIn()
  await shown('Second factor', 'second-factor')
  await press('Use a passkey')
  await shown('You are signed in', 'signed-in')

  // An authenticator app, half an hour later: the passkey proves first that it is her.
  clock.pass(30 * 60_000)
  await go('/security')
  await shown('Is it you?', 'confirm')
  await press('Use a passkey')
  await shown('How you sign in', 'security-again')
  await press('Set up an authenticator app')
  await shown('Set up an authenticator app', 'add-app')
  const picture = page.getByRole('img', { name: 'QR code for the authenticator app' })
  // It is drawn from what the page holds, which takes a moment all the same.
  await picture.evaluate(image => (image as unknown as { decode(): Promise<void> }).decode())
  const secret = (await page.locator('main code').innerText()).replaceAll(' ', '')
  const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.at })
  await page.getByLabel('Code').fill('000 000')
  await press('Confirm')
  await page.getByRole('alert').getByText('The code is wrong').waitFor()
  await shown('Set up an authenticator app', 'add-app-refused')
  await page.getByLabel('Code').fill(code().replace(/^.../, '$& '))
  await press('Confirm')
  await page.getByText('It is done.').waitFor()
  await shown('How you sign in', 'security-both')

  // By its code, then by a recovery code once the phone is lost; a wrong one says so.
  await signOut()
  clock.pass(60_000)
  await go('/sign-in?return=/api/auth/devices')
  await signIn()
  await shown('Second factor', 'second-factor-both')
  await page.getByLabel('Code').fill('wrong')
  await press('Sign in')
  await page.getByRole('alert').getByText('The code is wrong').waitFor()
  await page.getByLabel('Code').fill(code())
  await press('Sign in')
  await shown('Where you are signed in', 'devices-again')
  await signOut()
  await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
  await go('/sign-in')
  await signIn()
  await page.getByLabel('Code').fill(recoveryCode.toUpperCase())
  await press('Sign in')
  await shown('You are signed in', 'recovered')
  await page.getByRole('link', { name: 'How you sign in' }).click()
  await page.getByText('9 are left').waitFor()
  await press('Remove: Ada’s telephone')
  await page.getByText('It is done.').waitFor()
  await press('Remove the authenticator app')
  await page.getByText('Your password alone lets you in').waitFor()
  await shown('How you sign in', 'security-removed')
  assert.deepEqual(complaints, [])
})
