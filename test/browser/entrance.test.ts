import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { Secret, TOTP } from 'otpauth'
import { bearer, startIdentity } from '../../services/identity/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { openInspector, type Visit } from './checks.ts'
import { openChromium, withoutChromium as skip } from './chromium.ts'

/** Pages on which people come in, look after how they do, and leave; the scripts are for passkeys and to show a password,
 * of two pages twice. */
const budget = { page: 12_000, script: 4_000 }
/** As narrow as a page gets that is made four times as large. */
const narrow = 320

type Row = readonly [path: string, about?: Partial<Visit>]

test('pages of the entrance are for everybody, in both languages, by keyboard and 320 px wide', { skip }, async t => {
  const port = await freePort()
  const address = `http://localhost:${port}`
  const it = await startIdentity(t, { environment: { PORT: String(port), PUBLIC_URL: address } })
  await it.listen()
  const [ada, grace, linus] = [await it.person('Ada'), await it.person('Grace'), await it.person('Linus')]
  const { id } = (await it.post('/organisations', { name: 'Volt & Söhne' }, ada.headers)).json()
  await it.post(`/organisations/${id}/invitations`, { email: grace.email, role: 'editor' }, ada.headers)
  const invitation = `/invitations/${await it.invitationFor(grace.email)}`
  // What is mailed leads to pages, which spend nothing by being looked at.
  const mailedTo = async (email: string) => new URL((await it.mailed(email)).link!).pathname.replace('/api/auth', '')
  await it.post('/register', { email: 'eve@example.com', password: 'quiet trains at dawn', name: 'Eve' })
  const proof = await mailedTo('eve@example.com')
  await it.post('/forgot-password', { email: linus.email })
  const reset = await mailedTo(linus.email)
  const { uri, secret } = (await it.post('/mfa/totp', undefined, linus.headers)).json()
  assert.match(uri, /^otpauth:/)
  const otp = new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: it.clock.at })
  assert.equal((await it.post('/mfa/totp/verify', { otp }, linus.headers)).statusCode, 200)
  // Grace is about to set up an app of her own.
  const { accessToken } = (await it.post('/login', { email: grace.email, password: grace.password })).json()
  await it.post('/mfa/totp', undefined, bearer(accessToken))

  // An app asks Grace for what it may.
  const { id: clientId } = (
    await it.post(
      '/clients',
      {
        name: 'Fleet planner',
        kind: 'public',
        redirectUris: ['https://fleet.example.com/callback'],
        scopes: ['openid', 'profile', 'email', 'offline_access', 'account:read', 'passports:write'],
      },
      (await it.admin()).headers,
    )
  ).json()
  const consent = `/authorize?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: 'https://fleet.example.com/callback',
    response_type: 'code',
    scope: 'openid profile email account:read passports:write',
    state: 'any',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })}`

  const browser = await openChromium(t)
  const press = async (page: Page) => await page.locator('main form button').first().click()
  /** Nothing is typed, or too little: what is wrong is told where one is. */
  const refused = async (page: Page) => {
    for (const field of await page.locator('main input[required]').all()) await field.fill('x@y.example')
    await press(page)
    await page.getByRole('alert').first().waitFor()
  }
  const toFactor = async (page: Page) => {
    await page.locator('input[type=email]').fill(linus.email)
    await page.locator('input[type=password]').fill(linus.password)
    await page.keyboard.press('Enter')
    await page.waitForURL(/second-factor/)
  }
  const toCode = async (page: Page) => {
    await page.locator('input[type=email]').fill(linus.email)
    await page.keyboard.press('Enter')
    await page.waitForURL(/reset-password\/code/)
  }
  /** The box that a script brings. */
  const shows = async (page: Page) => {
    const [field, box] = [page.locator('input[name=password]'), page.locator('[data-shows] input')]
    await field.fill('quiet trains')
    await box.check()
    assert.equal(await field.getAttribute('type'), 'text')
    await box.uncheck()
    assert.equal(await field.getAttribute('type'), 'password')
    await box.check()
  }
  const asked = async (page: Page) => {
    await page.getByRole('heading', { name: /Fleet planner/ }).waitFor()
    assert.equal(await page.locator('main form').count(), 3)
  }
  const anybody: Row[] = [
    ['/sign-in'],
    ['/sign-in', { act: refused, refuses: [400, 401, 422] }],
    ['/sign-in', { act: shows }],
    ['/sign-in', { act: toFactor }],
    ['/sign-up'],
    ['/sign-up', { act: refused, refuses: [400, 422] }],
    [proof],
    ['/forgotten-password'],
    ['/forgotten-password', { act: toCode }],
    [reset],
    [reset, { act: shows }],
    [reset, { act: refused, refuses: [400, 422] }],
    ['/undo-address/gone', { refuses: [404, 410] }],
    [invitation],
    ['/sign-out'],
  ]
  const own: Row[] = [
    ['/security'],
    ['/add-app'],
    ['/confirm'],
    ['/devices'],
    ['/memberships'],
    ['/ways-in'],
    ['/apps'],
    [consent, { act: asked }],
    ['/agree'],
    ['/leave'],
    ['/leave', { act: refused, refuses: [400, 401, 403, 422] }],
    [invitation],
    ['/sign-out'],
  ]
  const state = await signedIn(browser, address, grace)
  for (const locale of ['de', 'en']) {
    await walk(t, { browser, address, locale }, anybody)
    await walk(t, { browser, address, locale, state }, own)
  }
})

async function signedIn(browser: Browser, address: string, { email, password }: { email: string; password: string }) {
  const context = await browser.newContext()
  const answer = await context.request.post(`${address}/api/auth/login`, { data: { email, password } })
  assert.equal(answer.status(), 200)
  const state = await context.storageState()
  await context.close()
  return state
}

async function walk(
  t: TestContext,
  about: { browser: Browser; address: string; locale: string; state?: BrowserContextOptions['storageState'] },
  rows: readonly Row[],
) {
  const { browser, address, locale, state } = about
  const { inspect, close } = await openInspector(browser, address, state, { locale, narrow })
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  for (const [index, [path, visit]] of rows.entries())
    await t.test(`${locale} ${path} ${visit?.act?.name ?? ''}`, async () => {
      const name = `entrance-${locale}-${state ? 'own' : 'anybody'}-${index}`
      const screenshot = folder ? (look: string) => `${folder}/${name}-${look}.png` : undefined
      const { html } = await inspect({ path: `/api/auth${path}`, budget, screenshot, ...visit })
      // Where a mail leads, it goes on in the language of the mail.
      if (!path.includes('/', 1)) assert.match(html, new RegExp(`<html lang="${locale}"`))
    })
  await close()
}
