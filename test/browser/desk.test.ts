import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { newId } from '#kernel'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { vendorsHappen } from '../journeys/vendors.ts'
import { withoutChromium as skip } from './chromium.ts'
import { look, lookAllOver, openTown } from './people.ts'

type Town = Awaited<ReturnType<typeof openTown>>
type StandIn = ReturnType<typeof openStandIn>

test('what the platform keeps of how people work is there in any browser', { skip, timeout: 1_200_000 }, async t => {
  const stripe = await openStripe(t, () => town.address)
  const town = await openTown(t, stripe.settings)
  const desks: readonly [name: string, desk: (t: TestContext, town: Town) => Promise<void>][] = [
    ['a view is shared with the organisation, chosen in another browser, changed, saved again, and deleted', views],
    ['batteries out of a file whose columns nobody knows, found again among the jobs', importing],
    ['sales by day and month', salesByTime],
    ['a post is written, published, read by everybody, and withdrawn', writing],
    ['a passport in the format of others, with what is lost, and labels of batteries', exchanging],
    ['many are invited at once, and a member gets another role', members],
    ['a setting is defined and changed, and what it was is kept', settings],
    ['how all passports stand, and on which day that changes', fleet],
    ['one click at the sign-in page tries a role', trying],
    ['who sells is led to Stripe, and back', (_, there) => paidByStripe(there, stripe.standIn)],
  ]
  for (const [name, desk] of desks) await t.test(name, each => desk(each, town))
  assert.deepEqual(town.complaints, [], 'nobody else is asked for anything, and no screen fails')
})

/** Stripe Connect at the other end of a socket. */
async function openStripe(t: TestContext, addressOf: () => string) {
  const secret = 'whsec_connect_for_desks'
  const standIn = openStandIn({
    secrets: { stripe: secret, razorpay: secret },
    deliver: async (_, body, headers) =>
      (await fetch(`${addressOf()}/api/vendors/webhooks/stripe`, { method: 'POST', body, headers })).status,
  })
  t.after(() => standIn.close())
  const settings = {
    STRIPE_SECRET_KEY: 'sk_test_desks',
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_CONNECT_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: await standIn.listen(),
  }
  return { standIn, settings }
}

/** By the menu at the top, which comes when it is asked for. */
async function actFor(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^You act for/ }).click()
  await page.getByRole('menuitem', { name: new RegExp(name) }).click()
  await page.getByRole('button', { name: `You act for: ${name}` }).waitFor()
}

async function views(_: TestContext, { at, person }: Town): Promise<void> {
  const ada = await person('Ada')
  const { id } = await ada.api.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  const acting = await ada.api.get(200, `POST /api/auth/organisations/${id}/switch`)
  ada.api.use(acting)
  for (const batteryIdentifier of ['BP-1', 'BP-2'])
    await ada.api.get(201, 'POST /api/passports', { data: { generalInformation: { batteryIdentifier } } })

  const page = await at(ada, '/console/passports')
  await actFor(page, 'Voltaic GmbH')
  await page.getByRole('textbox', { name: /filter/ }).fill('status:draft')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Save this view' }).click()
  await page.getByLabel('Name of the view').fill('Drafts')
  await page.getByRole('checkbox', { name: 'For all of the organisation' }).check()
  await look(page, 'views-saving')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('button', { name: 'Drafts (2)', pressed: true }).waitFor()
  await page.context().close()

  // Another browser: one's own have no such view, those of the organisation have.
  const other = await at(ada, '/console/passports', { colorScheme: 'dark' })
  await other.getByRole('heading', { level: 1, name: 'Passports' }).waitFor()
  assert.equal(await other.getByRole('button', { name: /^Drafts/ }).count(), 0)
  await actFor(other, 'Voltaic GmbH')
  await other.getByRole('button', { name: /^Drafts/ }).click()
  await other.waitForURL(/status=draft/)
  await other.getByRole('textbox', { name: /filter/ }).fill('identifier:BP-1')
  await other.keyboard.press('Enter')
  await other.getByText('1 in all').waitFor()
  await look(other, 'views-changed')
  await other.getByRole('button', { name: 'Back to the view' }).click()
  await other.getByText('2 in all').waitFor()
  await other.getByRole('textbox', { name: /filter/ }).fill('identifier:BP-2')
  await other.keyboard.press('Enter')
  await other.getByRole('button', { name: 'Save into Drafts' }).click()
  await other.getByRole('button', { name: 'Drafts (1)', pressed: true }).waitFor()
  await other.getByRole('button', { name: 'Delete the view Drafts' }).click()
  const dialog = other.getByRole('dialog')
  await dialog.getByText('for all of the organisation').waitFor()
  await dialog.getByRole('button', { name: 'Delete it' }).click()
  await other.getByRole('button', { name: 'Save this view' }).waitFor()
  assert.equal(await other.getByRole('button', { name: /^Drafts/ }).count(), 0)
  await other.context().close()
}

async function importing(_: TestContext, { at, person, address, p }: Town): Promise<void> {
  const grace = await person('Grace')
  const page = await at(grace, '/console/passports')
  await page.getByRole('button', { name: 'Import' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Import' })
  const lines = ['Kennung der Zelle;Farbe;Gewicht [kg];Kategorie der Batterie', 'B-1;rot;450,5;EV', 'B-2;blau;451;EV']
  await dialog.locator('input[type=file]').setInputFiles({
    name: 'batterien.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(lines.join('\r\n')),
  })
  await dialog.getByRole('button', { name: 'Try it' }).click()
  const unknown = dialog.getByRole('group', { name: 'Columns that are not known' })
  const answer = async (head: string, typed: string, option: string | RegExp): Promise<void> => {
    await unknown.getByRole('combobox', { name: head }).fill(typed)
    await page.getByRole('option', { name: option }).click()
  }
  await answer('Kennung der Zelle', 'uniqueBatteryIdentifier', /\(uniqueBatteryIdentifier\)/)
  await answer('Farbe', 'Leave', 'Leave it out')
  // What it is alike is a guess that one can take.
  const guess = unknown.getByRole('combobox', { name: 'Kategorie der Batterie' })
  assert.match(await guess.inputValue(), /\(batteryCategory\)/)
  await look(page, 'import-heads')
  await unknown.getByRole('button', { name: 'Keep this, and try it again' }).click()
  await p.settle()
  await dialog.getByRole('button', { name: 'Take over 2' }).click()
  await p.settle()
  await dialog.getByText(/2 created/).waitFor()
  await page.context().close()

  // From another browser.
  const jobs = await at(grace, '/console/jobs', { colorScheme: 'dark', viewport: { width: 390, height: 844 } })
  await jobs.getByRole('cell', { name: 'batterien.csv' }).first().waitFor()
  assert.equal(await jobs.getByText('tried only').count(), 0, 'what was tried was taken over as it was')
  await look(jobs, 'jobs-narrow')
  await jobs.goto(`${address}/console/passports`)
  await jobs.getByRole('link', { name: 'B-2' }).waitFor()
  await jobs.context().close()
}

async function salesByTime(_: TestContext, { at, admin, p }: Town): Promise<void> {
  const page = await at(admin, '/console/sales')
  await page.getByText('Nothing was sold in this time.').waitFor()
  await p.db('analytics')`
    insert into shop_moves (generation, cause, order_id, vendor_id, currency, at, day, pieces, total_minor, tax_minor,
      commission_minor, refunded_minor)
    select number, gen_random_uuid(), gen_random_uuid(), ${newId()}::uuid, 'EUR', now() - n * interval '1 day',
      (now() - n * interval '1 day')::date, 1, 10000 + n * 700, 1900, 1000, case when n = 3 then 2500 else 0 end
    from generations, generate_series(1, 12) n`
  await page.reload()
  await page.getByRole('img', { name: /^Sold in EUR: / }).waitFor()
  await page.getByRole('img', { name: 'Refunded in EUR: €0.00–€25.00' }).waitFor()
  await look(page, 'sales-days')
  await page.getByText('Month', { exact: true }).click()
  await page.getByRole('img', { name: /^Sold in EUR: / }).waitFor()
  await page.context().close()
  const german = await at(admin, '/console/sales', { colorScheme: 'dark', viewport: { width: 390, height: 844 } })
  await german.getByRole('img', { name: /^Sold in EUR: / }).waitFor()
  await look(german, 'sales-narrow')
  await german.context().close()
}

async function writing(_: TestContext, { at, admin, address }: Town): Promise<void> {
  const page = await at(admin, '/console/content/blog')
  await page.getByRole('link', { name: 'Write one' }).first().click()
  await page.getByRole('textbox', { name: /^Title/ }).fill('Charging in winter')
  await page.getByRole('textbox', { name: /^Text/ }).fill('**Put on a jumper** first.')
  await page.getByRole('combobox', { name: /^Language/ }).click()
  await page.getByRole('option', { name: 'English' }).click()
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { level: 1, name: 'Charging in winter' }).waitFor()
  await page.getByRole('tab', { name: 'Preview' }).click()
  await page.locator('iframe').contentFrame().getByText('Put on a jumper').waitFor()
  const read = async () => (await page.context().request.get(`${address}/blog/charging-in-winter`)).status()
  assert.equal(await read(), 404, 'a draft is read by nobody')
  await page.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('link', { name: 'The page that everybody reads' }).waitFor()
  assert.equal(await read(), 200)
  await look(page, 'content-one')
  await page.getByRole('button', { name: 'Withdraw' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await page.getByRole('button', { name: 'Publish' }).waitFor()
  assert.equal(await read(), 404)
  await page.goto(`${address}/console/content/blog`)
  await page.getByText('Withdrawn', { exact: true }).click()
  await page.getByRole('link', { name: 'Charging in winter' }).waitFor()
  await look(page, 'content-list')
  await page.context().close()
}

async function fleet(_: TestContext, { at, person }: Town): Promise<void> {
  const hedy = await person('Hedy')
  for (const number of [1, 2])
    await hedy.api.get(201, 'POST /api/passports', {
      data: { generalInformation: { batteryIdentifier: `BP-F${number}`, batteryCategory: 'EV' } },
    })
  const page = await at(hedy, '/console/passports/readiness?on=2027-03-01')
  await page.getByRole('row', { name: /^Electric vehicle 2 0/ }).waitFor()
  await page.getByRole('columnheader', { name: 'Lack it' }).waitFor()
  await page
    .getByRole('row', { name: /^\d+\. .* 2$/ })
    .first()
    .waitFor()
  await page.locator('section', { hasText: 'Days of the law' }).getByRole('link').last().click()
  await page.waitForURL(/on=2027-03-01&compare=20\d\d-/)
  await page.getByRole('columnheader', { name: /^Ready .*20\d\d/ }).waitFor()
  await look(page, 'fleet')
  assert.equal(await page.locator('nav [aria-current=page]').count(), 1)
  await page.getByRole('link', { name: 'BP-F1' }).click()
  await page.getByRole('tab', { name: 'Readiness', selected: true }).waitFor()
  await page.context().close()
}

async function exchanging(_: TestContext, town: Town): Promise<void> {
  const { at, person, address } = town
  const rosa = await person('Rosa')
  for (const number of [1, 2]) {
    const { id } = await rosa.api.get(201, 'POST /api/passports', {
      data: {
        generalInformation: {
          batteryIdentifier: `BP-X${number}`,
          batteryCategory: 'EV',
          batteryModel: { id: 'LM3' },
        },
        attributes: { batteryMass: { value: '450', unit: 'kg' } },
        notes: 'for us alone',
      },
    })
    await rosa.api.get(200, `POST /api/passports/${id}/publish`)
  }
  const page = await at(rosa, '/console/passports/exchange')
  await page.getByRole('combobox', { name: 'Passport' }).click()
  await page.getByRole('option', { name: 'BP-X1' }).click()
  await page.getByRole('button', { name: 'Show what becomes of it' }).click()
  await page.getByRole('region', { name: 'What is lost' }).getByRole('row').nth(1).waitFor()
  await look(page, 'exchange')
  const [leaving] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ])
  assert.equal(leaving.suggestedFilename(), 'passport-batterypass-1.2.json')
  // A document of somebody else: nothing of it is kept.
  await page.locator('input[type=file]').setInputFiles(await leaving.path())
  await page.getByRole('button', { name: 'Show what becomes of it' }).click()
  await page.getByText('What is lost or becomes something else').waitFor()

  await page.goto(`${address}/console/passports/labels`)
  await page.getByRole('checkbox', { name: 'Select the loaded rows' }).check()
  await page.getByRole('button', { name: 'Put on the sheet' }).click()
  await page.getByRole('button', { name: /Do it for 2/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('2 on the sheet').waitFor()
  await page.getByText('A decoder has read it.').waitFor()
  await page.getByRole('img', { name: 'The label as it is printed' }).waitFor()
  await look(page, 'labels')
  await page.getByRole('textbox', { name: 'Size in mm' }).fill('5')
  await page.getByRole('alert').getByText('At 300 dots an inch this code needs').waitFor()
  await page.getByRole('textbox', { name: 'Size in mm' }).fill('40')
  await page.getByText('A decoder has read it.').waitFor()
  const [sheet] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Label sheets (PDF)' }).click(),
  ])
  assert.equal(sheet.suggestedFilename(), 'labels-2.pdf')
  await page.context().close()
  await rosa.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  await lookAllOver(town, rosa, '/console/passports/exchange', 'exchange')
  await lookAllOver(town, rosa, '/console/passports/labels', 'labels')
}

async function members(_: TestContext, town: Town): Promise<void> {
  const { at, person, mailed } = town
  const [olga, nora] = [await person('Olga'), await person('Nora')]
  const { id } = await olga.api.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  const page = await at(olga, `/console/organisations/${id}?tab=invitations`)
  await page.getByLabel('Whom to invite').fill('Nora <nora@example.com>; new@example.com\nolga@example.com')
  await page.getByRole('combobox', { name: 'Role' }).click()
  await page.getByRole('option', { name: 'Viewer' }).click()
  await page.getByRole('button', { name: 'Invite 3' }).click()
  await page.getByText('2 invited, 1 refused').waitFor()
  assert.equal(await page.getByLabel('Whom to invite').inputValue(), 'olga@example.com')
  await look(page, 'invitations')
  const chooses = async (who: string, act: string): Promise<void> => {
    await page.getByRole('checkbox', { name: new RegExp(who) }).check()
    await page.getByRole('button', { name: act, exact: true }).click()
  }
  const does = async (): Promise<void> => {
    await page.getByRole('button', { name: /Do it/ }).click()
    await page.getByText('1 done').first().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  }
  await chooses('nora', 'Send again')
  await does()
  await chooses('new@', 'Withdraw')
  await does()
  await page.getByRole('row', { name: /new@/ }).waitFor({ state: 'detached' })
  await town.p.settle()
  const [token] = /[\w-]{30,}/.exec(new URL(/http\S+/.exec((await mailed(nora.email)).text)![0]).pathname)!
  await nora.api.get(200, 'POST /api/auth/invitations/accept', { token })
  await page.getByRole('tab', { name: 'Members' }).click()
  await chooses('Nora', 'Change the role')
  await page.getByRole('dialog').getByRole('combobox', { name: 'Role' }).click()
  await page.getByRole('option', { name: 'Admin' }).click()
  await does()
  await page.getByRole('row', { name: /Nora nora@example.com Admin – no/ }).waitFor()
  await page.context().close()
  await olga.api.get(200, 'PATCH /api/auth/profile', { locale: 'de' })
  await lookAllOver(town, olga, `/console/organisations/${id}?tab=members`, 'members', '.rows')
  await lookAllOver(town, olga, `/console/organisations/${id}?tab=invitations`, 'invitations', 'textarea')
}

async function settings(_: TestContext, town: Town): Promise<void> {
  const { at, admin } = town
  const page = await at(admin, '/console/operations/settings')
  await page.getByRole('link', { name: 'notice.text', exact: true }).waitFor()
  await page.getByRole('link', { name: 'New setting' }).click()
  await page.getByRole('textbox', { name: /^Key/ }).fill('notice.days')
  await page.getByRole('combobox', { name: /^Kind/ }).click()
  await page.getByRole('option', { name: 'Whole number' }).click()
  await page.getByRole('textbox', { name: /^Description/ }).fill('For how many days a notice stands')
  await page.getByRole('textbox', { name: /^Value/ }).fill('7')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('link', { name: 'notice.days' }).click()
  await page.getByRole('textbox', { name: /^Value/ }).fill('14')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('row', { name: /notice.days 14 For how many days/ }).waitFor()
  await page.getByRole('link', { name: 'notice.days' }).click()
  await page.getByRole('row', { name: /^1 7/ }).waitFor()
  await page.context().close()
  await lookAllOver(town, admin, '/console/operations/settings', 'settings', '.rows')
  await lookAllOver(town, admin, '/console/operations/settings/notice.days', 'setting', '.rows')
}

async function trying(_: TestContext, { at, address }: Town): Promise<void> {
  const page = await at(undefined, '/console', { colorScheme: 'dark' })
  await page.getByRole('heading', { name: 'Try it as somebody else' }).waitFor()
  await look(page, 'cast')
  await page.getByRole('button', { name: 'Vendor' }).click()
  await page.waitForURL(`${address}/console`)
  await page.getByRole('button', { name: 'Your account: Vera Vendor' }).waitFor()
  await page.getByRole('link', { name: 'Sales' }).waitFor()
  await look(page, 'cast-vendor')
  await page.context().close()
}

async function paidByStripe({ at, admin, person, p, address, complaints }: Town, standIn: StandIn): Promise<void> {
  const vera = await person('Vera')
  await vendorsHappen(admin.api, { ...vera.api, id: vera.id }, [])
  await p.settle()
  const page = await at(vera, '/console/vendor/earnings')
  await page.getByText('To the bank account of your profile').waitFor()
  await look(page, 'paid-to-bank')
  // Whose pages are not ours.
  await page.route('https://connect.example.com/**', route => route.fulfill({ body: 'Who are you?' }))
  await page.getByRole('button', { name: 'Be paid by Stripe' }).click()
  await page.getByText('Who are you?').waitFor()
  complaints.splice(0, complaints.length, ...complaints.filter(said => !said.includes('https://connect.example.com/')))
  const [account] = standIn.connect.accounts.values()
  standIn.connect.require(account!.id, ['individual.verification.document'])
  await standIn.idle()
  await page.goto(`${address}/console/vendor/earnings`)
  await page.getByText('individual verification document').waitFor()
  await look(page, 'paid-to-due')
  standIn.connect.complete(account!.id)
  await standIn.idle()
  await p.settle()
  await page.reload()
  await page.getByText(/^To your account at Stripe \(Stripe •••• /).waitFor()
  await page.context().close()
}
