import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { until } from '../kernel/toys.ts'
import { launchWholeChromium, withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown, openWindow, password, type Somebody, type Town } from './people.ts'
import { team } from './team-journey.ts'

/** Own accounts in a browser: what one agrees to, what one lets in, and what one is told. */

/** What takes SMS as Twilio does, for nobody. */
async function twilio(t: TestContext) {
  const taken: Record<string, string>[] = []
  const server = createServer(async (request, response) => {
    taken.push(Object.fromEntries(new URLSearchParams(await text(request))))
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"sid":"SM1","status":"queued"}')
  }).listen(0, '127.0.0.1')
  await new Promise(listening => server.once('listening', listening))
  t.after(() => server.close())
  return {
    taken,
    settings: {
      TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
      TWILIO_AUTH_TOKEN: 'token of the account',
      TWILIO_FROM: '+41790000000',
      TWILIO_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    },
  }
}

test('people look after their own account in a browser', { skip, timeout: 1_200_000 }, async t => {
  const sms = await twilio(t)
  const town = await openTown(t, sms.settings)
  const journeys: readonly [
    name: string,
    journey: (town: Town, sms: readonly Record<string, string>[]) => Promise<void>,
  ][] = [
    ['an organisation defines a role, makes a program with a key, and registers an app', team],
    ['an app is let in, seen, and let in no more', letIn],
    ['new terms are agreed to at the next sign-in, and a consent is given and taken back', agree],
    ['what one is told: by which way, when, on which number', messages],
    ['an admin acts in the place of somebody, in one tab, under both names', acting],
    ['a browser shows what is pushed to it, and leads to what it is about', pushed],
  ]
  for (const [name, journey] of journeys) await t.test(name, () => journey(town, sms.taken))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

async function letIn(town: Town): Promise<void> {
  const { admin, person, at, address } = town
  const ada = await person('Ada')
  const redirectUri = `${address}/console/signed-in`
  const { id } = await admin.api.get(201, 'POST /api/auth/clients', {
    name: 'Fleet planner',
    kind: 'public',
    redirectUris: [redirectUri],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'passports:read', 'charging:write'],
    password,
  })
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email offline_access passports:read charging:write',
    state: 'as it was',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  })
  const way = `/api/auth/authorize?${query}`
  await lookAllOver(town, ada, way, 'consent')
  await lookAllOver(town, ada, '/api/auth/apps', 'apps-none')

  const page = await at(ada, way)
  await page.getByRole('heading', { level: 1, name: 'Let “Fleet planner” in?' }).waitFor()
  await page.getByText('change: chargers').waitFor()
  // By keyboard alone.
  await page.getByRole('button', { name: 'Let it in', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/console\/signed-in\?.*code=/)
  await lookAllOver(town, ada, '/api/auth/apps', 'apps')
  await page.goto(`${address}/api/auth/sign-in`)
  await page.getByRole('link', { name: 'Apps you let in' }).click()
  await page.getByRole('button', { name: 'Do not let “Fleet planner” in any more' }).click()
  await page.getByRole('status').getByText('It is not let in any more').waitFor()
  await page.getByText('You let no app in.').waitFor()
  await page.context().close()
}

async function agree(town: Town): Promise<void> {
  const { admin, person, at, address } = town
  const ben = await person('Ben')
  // Who publishes has just proven to be it.
  admin.api.use(await admin.api.get(200, 'POST /api/auth/login', { email: admin.email, password }))
  const publish = (key: string, kind: string, titles: readonly [string, string]) =>
    admin.api.get(201, 'POST /api/auth/terms', {
      key,
      kind,
      texts: {
        en: { title: titles[0], text: `## Why\n\nWe say here what **${titles[0]}** are about.\n\n- first\n- second` },
        de: { title: titles[1], text: `## Warum\n\nHier steht, worum es bei **${titles[1]}** geht.\n\n- erstens` },
      },
    })
  const own = await at(ben, '/console/me')
  await own.getByRole('heading', { level: 1, name: 'Profile' }).waitFor()
  await publish('terms', 'terms', ['Terms of use', 'Nutzungsbedingungen'])
  await publish('privacy', 'notice', ['Privacy notice', 'Datenschutzhinweise'])
  await publish('newsletter', 'consent', ['Newsletter', 'Rundbrief'])
  // Who is in stays in.
  await own.reload()
  await own.getByRole('heading', { level: 1, name: 'Profile' }).waitFor()
  await own.context().close()

  // The console leads there by itself.
  await lookAllOver(town, ben, '/api/auth/agree?return=/console/organisations', 'agree')
  const page = await at(ben, '/console/organisations')
  await page.getByRole('heading', { level: 1, name: 'Before you go on' }).waitFor()
  await page.getByText('Terms of use').first().click()
  await page.getByText('We say here what Terms of use are about').waitFor()
  await page.getByRole('checkbox', { name: /I agree to “Terms of use”/ }).check()
  await page.getByRole('button', { name: 'Agree and go on' }).click()
  assert.match(page.url(), /agree/, 'the browser wants both')
  await page.getByRole('checkbox', { name: /I have read “Privacy notice”/ }).check()
  await page.getByRole('button', { name: 'Agree and go on' }).click()
  await page.waitForURL(`${address}/console/organisations`)
  await page.getByRole('heading', { level: 1, name: 'Organisations' }).waitFor()

  await page.goto(`${address}/api/auth/agree`)
  await page.getByRole('button', { name: 'Allow: Newsletter' }).click()
  await page.getByText('You allowed this on').waitFor()
  await lookAllOver(town, ben, '/api/auth/agree', 'agreed')
  await page.getByRole('button', { name: 'Take back: Newsletter' }).click()
  await page.getByText('You have not allowed this.').waitFor()
  await lookAllOver(town, ben, '/api/auth/leave', 'leave')
  await page.context().close()
}

async function messages(town: Town, taken: readonly Record<string, string>[]): Promise<void> {
  const { p, person, at } = town
  const cleo = await person('Cleo')
  await agreeToAll(cleo)
  const page = await at(cleo, '/console/me')
  await page.getByRole('link', { name: 'Messages' }).click()
  await page.getByRole('heading', { level: 1, name: 'Messages' }).waitFor()
  await page.getByText('Battery passports ·').click()
  const mail = page.getByRole('checkbox', { name: 'A passport was created: Mail' })
  const before = await mail.isChecked()
  await mail.setChecked(!before)
  await page.getByRole('checkbox', { name: 'A passport was created: SMS' }).check()
  await page.getByRole('checkbox', { name: /Quiet hours/ }).check()
  await page.getByLabel('Quiet hours, from').fill('21:30')
  await page.getByRole('combobox', { name: 'Time zone' }).fill('Zurich')
  await page.getByRole('option', { name: 'Europe/Zurich' }).click()
  await page.getByRole('combobox', { name: 'News by mail' }).click()
  await page.getByRole('option', { name: 'once a day' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  const { email, sms, quietHours, timeZone, digest } = await cleo.api.get(200, 'GET /api/notifications/preferences')
  assert.deepEqual(
    [email['passport.created'], sms['passport.created'], quietHours, timeZone, digest],
    [!before, true, { from: '21:30', to: '07:00' }, 'Europe/Zurich', 'daily'],
  )
  await page.reload()
  await page.getByText('Battery passports ·').click()
  assert.equal(await mail.isChecked(), !before, 'it is there again')

  // A number, by its code.
  await page.getByLabel('Number, as +41791234567').fill('+41 79 123 45 67')
  await page.getByRole('button', { name: 'Send a code' }).click()
  await page.getByText('A code was sent to +41791234567.').waitFor()
  await page.getByLabel('Code of the SMS').fill('000000')
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('That is not the code').waitFor()
  await p.settle()
  await page.getByLabel('Code of the SMS').fill(/\d{6}/.exec(taken.at(-1)!.Body!)![0])
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('+41791234567 is confirmed.').waitFor()
  await page.context().close()
  await lookAllOver(town, cleo, '/console/me/messages', 'messages')
}

async function acting(town: Town): Promise<void> {
  const { admin, person, at, address, mailed } = town
  const eve = await person('Eve')
  await agreeToAll(eve)
  await agreeToAll(admin)
  const page = await at(admin, `/console/people/${eve.id}`)
  await page.getByRole('button', { name: 'Act in their place' }).click()
  await look(page, 'act')
  await page.getByRole('textbox', { name: /reason/i }).fill('Ticket 4711')
  await page.getByRole('dialog').getByRole('button', { name: 'Act in their place' }).click()
  await page
    .getByRole('status')
    .getByText(/You act in the place of Eve, as Admin/)
    .waitFor()
  await look(page, 'acting')
  assert.match((await mailed(eve.email)).subject, /in your place/)
  // Another tab is the admin's own.
  const own = await page.context().newPage()
  await own.goto(`${address}/console/me`)
  await own.getByRole('heading', { level: 1, name: 'Profile' }).waitFor()
  assert.equal(await own.getByText('You act in the place of').count(), 0)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.waitForURL(`${address}/console/people`)
  assert.equal(await page.getByText('You act in the place of').count(), 0)
  const { items } = await eve.api.get(200, 'GET /api/auth/sessions')
  assert.ok(!items.some(({ device }: { device: string }) => device.includes('admin')), 'it has ended')
  await own.close()
  await page.context().close()
}

async function pushed(town: Town): Promise<void> {
  const { person, address } = town
  await using browser = await launchWholeChromium()
  const dana = await person('Dana')
  await agreeToAll(dana)
  const service = await pushService()
  const page = await openWindow({ ...town, browser }, dana, '/console/me/messages', {
    permissions: ['notifications'],
    serviceWorkers: 'allow',
  })
  // Chromium's own push service is far away; what the console makes of a subscription is what is looked at.
  await page.evaluate(`PushManager.prototype.subscribe = async options => ({
    toJSON: () => ({
      endpoint: '${service.url}',
      expirationTime: null,
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
    }),
  })`)
  await page.getByRole('button', { name: 'Show messages in this browser' }).click()
  await page.getByRole('cell', { name: '127.0.0.1' }).first().waitFor()
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByText('It is on its way.').waitFor()
  assert.equal(service.taken(), 1)
  await look(page, 'push')

  const notified = await delivered(page, browser, {
    id: '1',
    event: 'passport.created',
    title: 'Passport BP-1 was created',
    link: `${address}/console/passports`,
  })
  assert.deepEqual(notified, [{ title: 'Passport BP-1 was created', tag: 'passport.created' }])
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('No device shows messages yet.').waitFor()
  await page.context().close()
  service.close()
}

/** What the browser shows once its push service has given it this. */
async function delivered(page: Page, browser: Town['browser'], message: object): Promise<unknown> {
  const wire = await browser.newBrowserCDPSession()
  const session = await page.context().newCDPSession(page)
  const registrations: { registrationId: string }[] = []
  session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: told }) => registrations.push(...told))
  await session.send('ServiceWorker.enable')
  await until(() => registrations.length > 0)
  await session.send('ServiceWorker.deliverPushMessage', {
    origin: new URL(page.url()).origin,
    registrationId: registrations[0]!.registrationId,
    data: JSON.stringify(message),
  })
  const shown = () =>
    page.evaluate<unknown[]>(`navigator.serviceWorker.getRegistrations()
      .then(all => Promise.all(all.map(each => each.getNotifications())))
      .then(all => all.flat().map(({ title, tag }) => ({ title, tag })))`)
  await until(async () => (await shown()).length > 0)
  await wire.detach()
  return await shown()
}

/** Takes whatever is pushed. */
async function pushService() {
  let taken = 0
  const server = createServer(async (request, response) => {
    await text(request)
    taken++
    response.writeHead(201).end()
  }).listen(0, '127.0.0.1')
  await new Promise(listening => server.once('listening', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`
  return { url, taken: () => taken, close: () => server.close() }
}

/** What the journey before has published. */
async function agreeToAll({ api }: Somebody): Promise<void> {
  const { items } = await api.get(200, 'GET /api/auth/agreements')
  const answers = items
    .filter(({ open }: { open: boolean }) => open)
    .map(({ id }: { id: string }) => ({ termsId: id, agreed: true }))
  if (answers.length > 0) api.use(await api.get(200, 'POST /api/auth/agreements', { answers }))
}
