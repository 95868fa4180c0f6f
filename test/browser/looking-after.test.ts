import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { Secret, TOTP } from 'otpauth'
import { Webhook as Verifier } from 'standardwebhooks'
import { PassportCreated } from '#contracts/passports'
import { newId } from '#kernel'
import { codeIn } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { withoutChromium as skip } from './chromium.ts'
import { lookAllOver, openTown, password, type Somebody, type Town } from './people.ts'

/** What an organisation is, what was sent to whom, who applied, and what is new for some: looked after in a browser. */
test('who looks after things has all of them in a browser', { skip, timeout: 1_200_000 }, async t => {
  const town = await openTown(t, { NOTIFICATION_DIGEST: '0s' })
  const journeys: readonly [name: string, journey: (town: Town, t: TestContext) => Promise<void>][] = [
    ['an organisation says what it is, is verified, and changes hands', standing],
    ['an admin reads what was mailed, and sends again what did not arrive', mailbox],
    ['a program is sent what happens, and what failed is sent again', webhooks],
    ['who applied for a job is read, moved on, answered and deleted', applications],
    ['what is new for some is switched, and a buyer is looked after', features],
    ['an admin takes people over from a file, and is asked for the second factor first', takingOver],
  ]
  for (const [name, journey] of journeys) await t.test(name, each => journey(town, each))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

/** Who did it a moment ago, as what cannot be taken back asks for. */
const proven = async ({ api, email }: Somebody): Promise<void> =>
  api.use(await api.get(200, 'POST /api/auth/login', { email, password }))

const choose = async (page: Page, field: string | RegExp, option: string | RegExp): Promise<void> => {
  // Of many the field lies below what was chosen.
  await page.getByRole('combobox', { name: field }).click({ force: true })
  await page.getByRole('option', { name: option }).click()
}

/** In the reader's language: German, in which words are longer. */
async function looks(town: Town, who: Somebody, path: string, name: string, ready: string): Promise<void> {
  const speak = (locale: 'en' | 'de') => who.api.get(200, 'PATCH /api/auth/profile', { locale })
  await speak('de')
  await lookAllOver(town, who, path, name, ready)
  await speak('en')
}

/** The second factor was given longer ago than five minutes: it is asked for over the dialog, and the file goes on. */
async function takingOver(town: Town): Promise<void> {
  const { p, at, admin, address } = town
  await proven(admin)
  const page = await at(admin, '/console/people')
  const { request } = page.context()
  const send = async (method: 'post' | 'delete', path: string, data?: object) => {
    const answer = await request[method](`${address}/api/auth${path}`, { ...(data && { data }) })
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
    return answer
  }
  const { secret } = await (await send('post', '/mfa/totp')).json()
  const app = new TOTP({ secret: Secret.fromBase32(secret) })
  await send('post', '/mfa/totp/verify', { otp: app.generate() })
  await p.db('identity')`
    update sessions set authenticated_at = authenticated_at - interval '6 minutes' where user_id = ${admin.id}`
  await send('post', '/refresh')

  await page.getByRole('button', { name: 'Import' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Import' })
  await dialog.getByText('Columns: email, emailVerified').waitFor()
  const lines = [
    'email,emailVerified,name,role',
    'hedy@elsewhere.example,yes,Hedy Lamarr,operator',
    'nobody,yes,Nobody,',
  ]
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\r\n')) })
  await dialog.getByRole('button', { name: 'Try it' }).click()
  const asked = page.getByRole('dialog', { name: 'Your second factor is needed' })
  const [confirming] = await Promise.all([
    page.waitForEvent('popup'),
    asked.getByRole('link', { name: 'Give the second factor' }).click(),
  ])
  // Each code works once: that of the next half minute.
  await confirming.getByLabel('Code').fill(app.generate({ timestamp: Date.now() + 30_000 }))
  await confirming.keyboard.press('Enter')
  await confirming.waitForURL(/console\/signed-in/)
  await confirming.close()
  await asked.getByRole('button', { name: 'I have: go on' }).click()

  await dialog.getByText('It would create 1, change 0, leave 0 as they are; 1 are wrong.').waitFor()
  await dialog.getByRole('button', { name: 'Take over 1' }).click()
  await dialog.getByText('1 created, 0 changed').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.goto(`${address}/console/people?q=lamarr`)
  await page.getByRole('link', { name: 'hedy@elsewhere.example' }).waitFor()
  await send('delete', '/mfa/totp')
  await page.context().close()
  await proven(admin)
}

async function standing(town: Town): Promise<void> {
  const { p, person, at, admin, address, mailed } = town
  const [olga, ben] = [await person('Olga'), await person('Ben')]
  const { id } = await olga.api.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  await olga.api.get(201, `POST /api/auth/organisations/${id}/invitations`, { email: ben.email, role: 'editor' })
  await p.settle()
  const [token] = /[\w-]{30,}/.exec(new URL(/http\S+/.exec((await mailed(ben.email)).text)![0]).pathname)!
  await ben.api.get(200, 'POST /api/auth/invitations/accept', { token })
  const path = `/console/organisations/${id}?tab=about`
  const page = await at(olga, path)

  // By keyboard: a wrong check digit lands at its field, and nothing that was typed is lost.
  await page.getByRole('textbox', { name: 'VAT' }).fill('DE136695977')
  await page.getByRole('textbox', { name: 'LEI' }).fill('5493001KJTIIGC8Y1R12')
  await page.keyboard.press('Control+s')
  await page.getByRole('alert').getByText('Its form or its check digits are wrong.').waitFor()
  assert.equal(await page.getByRole('textbox', { name: 'LEI' }).inputValue(), '5493001KJTIIGC8Y1R12')
  await page.getByRole('textbox', { name: 'VAT' }).fill('DE 136 695 976')
  await page.keyboard.press('Control+s')
  await page.getByText('Saved.').waitFor()
  const told = () => olga.api.get(200, `GET /api/auth/organisations/${id}/standing`)
  assert.deepEqual((await told()).identifiers, [
    { scheme: 'LEI', value: '5493001KJTIIGC8Y1R12' },
    { scheme: 'VAT', value: 'DE136695976' },
  ])

  // What it is: with a document of its own, by who acts for it; an admin looks.
  await page.getByRole('button', { name: 'Act for this organisation' }).first().click()
  await page.getByRole('button', { name: 'You act for: Voltaic GmbH' }).waitFor()
  await page.locator('input[type=file]').setInputFiles({
    name: 'register.pdf',
    mimeType: 'application/pdf',
    buffer: Buffer.from('%PDF-1.7\nRegister of Munich, HRB 4711'),
  })
  await page.getByRole('button', { name: 'Upload' }).click()
  await choose(page, /^Documents of the organisation/, /register/)
  await page.keyboard.press('Escape')
  await choose(page, /^Kind/, 'Manufacturer')
  await page.getByRole('button', { name: 'Have it verified' }).click()
  await page
    .getByRole('row', { name: /Manufacturer/ })
    .getByText('Asked')
    .waitFor()
  await page.getByRole('link', { name: 'Document 1' }).waitFor()
  await proven(admin)
  const [{ id: kind }] = (await told()).kinds
  await admin.api.get(200, `PUT /api/auth/organisation-kinds/${kind}`, { state: 'verified' })

  // A host of its own: refused until its domain is proven.
  const host = page.getByRole('textbox', { name: /^Host/ })
  const settings = page.locator('form').filter({ has: host })
  await host.fill('passports.voltaic.example')
  await settings.getByRole('button', { name: 'Save' }).click()
  await page
    .getByRole('alert')
    .getByText(/must be proven/)
    .waitFor()
  await p.db('identity')`
    insert into organisation_domains (organisation_id, domain, token, verified_at, created_at)
    values (${id}, 'voltaic.example', 'token', now(), now())`
  await settings.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Proven: voltaic.example').waitFor()
  await looks(town, olga, path, 'standing', 'h2 >> nth=4')

  // It changes hands, once its name is typed as it is.
  await page.goto(address + path)
  await choose(page, 'To', 'Ben')
  for (const typed of ['Voltaic', 'Voltaic GmbH']) {
    await page.getByRole('button', { name: 'Hand it over' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill(typed)
    await page.getByRole('dialog').getByRole('button', { name: 'Hand it over' }).click()
    if (typed === 'Voltaic') await page.getByText('That is not its name.').waitFor()
  }
  await page.getByRole('heading', { name: 'Hand over or delete' }).waitFor({ state: 'detached' })
  await proven(ben)
  assert.equal((await ben.api.get(200, `GET /api/auth/organisations/${id}`)).role, 'owner')
  await page.context().close()
}

async function mailbox(town: Town): Promise<void> {
  const { p, admin, at, address } = town
  const email = 'new@example.com'
  await admin.api.get(202, 'POST /api/auth/register', { email, password, name: 'New' })
  const code = codeIn(await town.mailed(email))
  const page = await at(admin, '/console/operations/deliveries')
  await page.getByRole('link', { name: 'Mailbox' }).click()
  await page.getByRole('heading', { level: 1, name: 'Mailbox' }).waitFor()
  await page.getByRole('link', { name: 'Your code for Ohmnibus' }).first().click()
  const shown = page.frameLocator('iframe')
  await shown.getByText(code).waitFor()
  const frame = (await (await page.locator('iframe').elementHandle())!.contentFrame())!
  const spacing = 'getComputedStyle(document.querySelector("p[class^=look-]")).letterSpacing'
  assert.equal(await frame.evaluate<string>(spacing), '4px', 'as it looks in a mailbox')
  await page.locator(`a[href^="${address}/api/auth/verify/"]`).waitFor()
  await looks(town, admin, new URL(page.url()).pathname + new URL(page.url()).search, 'mailbox', 'iframe')

  // One that was given up goes out again, and arrives.
  await p.settle()
  await p.db('notifications')`
    update deliveries set status = 'dead', tries = 25, error = '550 No such mailbox' where address = ${email}`
  await page.goto(`${address}/console/operations/deliveries?status=dead`)
  await page.getByRole('link', { name: 'Your code for Ohmnibus' }).click()
  await page.getByRole('tab', { name: 'Text' }).click()
  await page.getByText(code).waitFor()
  await page.getByRole('button', { name: 'Send again' }).click()
  await p.settle()
  await page.reload()
  await page.getByText(/Sent$/).first().waitFor()
  await looks(town, admin, new URL(page.url()).pathname, 'delivery', 'iframe')
  await page.context().close()
}

/** A program of somebody, which answers as it is told. */
async function program(t: TestContext) {
  const its = { status: 204, url: '', got: [] as { headers: Record<string, string>; body: string }[] }
  const server = createServer(async (request, response) => {
    its.got.push({ headers: request.headers as Record<string, string>, body: await text(request) })
    response.writeHead(its.status).end()
  }).listen(0, '127.0.0.1')
  await new Promise(listening => server.once('listening', listening))
  t.after(() => server.close())
  its.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
  return its
}

async function webhooks(town: Town, t: TestContext): Promise<void> {
  const { p, person, at } = town
  const there = await program(t)
  const wanda = await person('Wanda')
  const page = await at(wanda, '/console/webhooks', { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.getByRole('textbox', { name: /^Address/ }).fill(there.url)
  await page.getByRole('textbox', { name: /^Description/ }).fill('Our warehouse')
  await choose(page, 'What is sent', 'A passport was created')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Add the webhook' }).focus()
  await page.keyboard.press('Enter')
  const secret = (await page.getByRole('alert').locator('.told').textContent())!.trim()
  await page.getByRole('link', { name: there.url }).click()
  await page.getByRole('heading', { level: 1, name: 'Our warehouse' }).waitFor()
  const webhook = new URL(page.url()).pathname
  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByText('It arrived: 204').waitFor()

  // What does not arrive waits for its next try; given up, it is sent again by hand.
  there.status = 500
  there.got.length = 0
  await p.publish(PassportCreated, {
    passport: { id: newId(), data: {} },
    identifier: 'BP-1',
    version: 1,
    owner: { kind: 'person', id: wanda.id },
  })
  await p.settle()
  await page.reload()
  await page.getByText('It answered 500 Internal Server Error').waitFor()
  await p.db('notifications')`update webhook_calls set status = 'dead', tries = 11`
  await page.reload()
  await page.getByRole('link', { name: 'Passport created' }).click()
  await page.getByRole('heading', { level: 1, name: 'Call' }).waitFor()
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  await page.getByText('Copied.').waitFor()
  const curl = await page.evaluate<string>('navigator.clipboard.readText()')
  const headers = Object.fromEntries(
    [...curl.matchAll(/-H '([\w-]+): ([^']*)'/g)].map(([, name, value]) => [name!, value!]),
  )
  new Verifier(secret).verify(/--data-binary '(.*)'$/.exec(curl)![1]!, headers)
  there.status = 204
  await looks(town, wanda, new URL(page.url()).pathname, 'webhook-call', 'pre')
  there.got.length = 0
  await page.getByRole('button', { name: 'Send again' }).click()
  await p.settle()
  await page.getByText('Arrived').waitFor()
  assert.equal(there.got.length, 1)

  // Another secret; then it is off.
  await page.goto(new URL(`${webhook}?tab=secret`, page.url()).href)
  await page.getByRole('tabpanel').getByRole('button', { name: 'New secret' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
  assert.notEqual((await page.getByRole('alert').locator('.told').textContent())!.trim(), secret)
  await page.getByRole('button', { name: 'Switch off' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click()
  await page.getByRole('button', { name: 'Switch on' }).waitFor()
  await page.context().close()
  await looks(town, wanda, '/console/webhooks', 'webhooks', '.rows')
  for (const tab of ['calls', 'settings', 'secret'])
    await looks(town, wanda, `${webhook}?tab=${tab}`, `webhook-${tab}`, '[role=tabpanel] :is(form, .rows, .facts)')
}

const job = {
  language: 'en',
  title: 'Field technician',
  organisation: 'Voltaic GmbH',
  employment: 'full-time',
  place: 'Hamburg',
  country: 'DE',
  pay: { fromMinor: 4_200_000, toMinor: 5_400_000, currency: 'EUR', per: 'year' },
  body: 'You repair chargers.',
}

async function applications(town: Town): Promise<void> {
  const { admin, at, address } = town
  await proven(admin)
  const { id, slug } = await admin.api.get(201, 'POST /api/content/jobs', job)
  await admin.api.get(200, `POST /api/content/jobs/${id}/publish`, {})
  const form = new FormData()
  form.set('name', 'Grace Hopper')
  form.set('email', 'grace@example.com')
  form.set('message', 'I like cables.\nAnd trains.')
  form.set('file', new Blob(['%PDF-1.7\nabout me']), 'cv.pdf')
  const sent = await fetch(`${address}/api/content/jobs/${slug}/apply`, { method: 'POST', body: form })
  assert.equal(sent.status, 201, await sent.text())

  const page = await at(admin, `/console/content/jobs/${id}?tab=applications`)
  await page.getByRole('link', { name: 'Grace Hopper' }).click()
  await page.getByText('I like cables.').waitFor()
  const reply = await page.getByRole('link', { name: 'Reply by mail' }).getAttribute('href')
  assert.match(reply!, /^mailto:grace%40example\.com\?subject=Your%20application/)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download cv.pdf' }).click(),
  ])
  assert.equal(file.suggestedFilename(), 'cv.pdf')
  await choose(page, /^Stage/, 'Interview')
  await page.getByRole('textbox', { name: /^Note/ }).fill('Call on Monday.')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  const { pathname } = new URL(page.url())
  await looks(town, admin, pathname, 'application', 'form')
  await looks(town, admin, `/console/content/jobs/${id}?tab=applications`, 'applications', '.rows')
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Nobody has applied yet.').waitFor()
  await page.context().close()
}

async function features(town: Town): Promise<void> {
  const { admin, person, at, address } = town
  await proven(admin)
  const page = await at(admin, '/console/operations/features/new')
  await page.getByRole('textbox', { name: /^Name/ }).fill('map.start')
  await page.getByRole('textbox', { name: /^Description/ }).fill('Sessions can be started from the map.')
  await page.getByRole('button', { name: 'Create' }).click()
  const row = page.getByRole('row', { name: /map\.start/ })
  await row.getByRole('button', { name: 'Switch on' }).click()
  await row.getByRole('button', { name: 'Switch off' }).waitFor()
  const { features: on } = await admin.api.get(200, 'GET /api/admin/features')
  assert.equal(on['map.start'], true)
  await page.getByRole('link', { name: 'map.start' }).click()
  await page.getByRole('textbox', { name: /^For a share/ }).fill('0')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('region', { name: 'History' }).getByRole('row').nth(3).waitFor()
  await looks(town, admin, '/console/operations/features/map.start', 'feature', '.rows')

  // Found by the beginning of their address, seen with what they bought, and a second admin is asked.
  const bea = await person('Bea')
  await page.goto(`${address}/console/search?q=${bea.email.slice(0, 6)}`)
  await page.getByRole('main').getByRole('link', { name: 'Bea' }).waitFor()
  await looks(town, admin, `/console/search?q=${bea.email.slice(0, 6)}`, 'search', 'section')
  await page.getByRole('main').getByRole('link', { name: 'Bea' }).click()
  await page.getByRole('tab', { name: 'Orders' }).click()
  await page.getByText('They have bought nothing.').waitFor()
  await page.getByRole('button', { name: 'Delete the account' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('Asked for by mail')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the account' }).click()
  const asked = async () => (await admin.api.get(200, 'GET /api/admin/approvals')).items
  await until(async () => (await asked()).length > 0)
  const [{ act, object }] = await asked()
  assert.deepEqual([act, object], ['account.delete', bea.id])
  await page.context().close()
}
