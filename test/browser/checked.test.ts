import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { start } from '../../kernel/testing.ts'
import { remote, seed } from '../../seed.ts'
import { choose } from '../../services/all.ts'
import { doors } from '../../services/doors.ts'
import { publicIdOf } from '../../services/passports/codes/codes.ts'
import { seedStations } from '../../tools/demo/stations.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { openInspector, type Budget, type Visit } from './checks.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'
import { faultsIn, validator } from './validity.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }

/** A platform with something of everything, and its admin in a browser. */
async function open(t: TestContext) {
  const port = await freePort()
  const address = `http://localhost:${port}`
  const platform = await start(t, await choose(), {
    doors,
    environment: {
      PORT: String(port),
      PUBLIC_URL: address,
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      // All screens are looked at with one sign-in.
      JWT_EXPIRES_IN: '1h',
    },
  })
  await platform.listen()
  const client = remote(address)
  await seed(client, { ...admin, passports: 4 })
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  await seedStations(client, accessToken, true)
  await platform.settle()
  const browser = await openChromium(t)
  return { address, platform, client, accessToken: accessToken as string, browser }
}

async function signIn(page: Page, address: string, path: string): Promise<void> {
  await page.goto(`${address}/api/auth/sign-in?return=${encodeURIComponent(path)}`)
  await page.getByLabel('E-mail address').fill(admin.email)
  await page.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(address + path)
}

const kB = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`

type Row = readonly [path: string, about?: Partial<Visit>]

async function walk(
  t: TestContext,
  {
    browser,
    address,
    state,
    budget,
  }: Pick<Visit, 'budget'> & {
    browser: Browser
    address: string
    state?: BrowserContextOptions['storageState']
  },
  rows: readonly Row[],
) {
  const pages: Record<string, string> = {}
  const { inspect, follow, close } = await openInspector(browser, address, state)
  for (const [index, [path, about]] of rows.entries())
    await t.test(path, async each => {
      const folder = process.env.OHMNIBUS_SCREENSHOTS
      const name = `checked${path.replaceAll(/\W+/g, '-')}`
      const screenshot = folder ? (look: string) => `${folder}/${name}-${look}.png` : undefined
      // What all screens have they bring alike: some are weighed, and of the others the parts that are theirs.
      if (path.startsWith('/console') && !about && index % 10 > 0) {
        const { stops } = await follow({ path, screenshot })
        return each.diagnostic(`${stops} stops by keyboard`)
      }
      const seen = await inspect({ path, budget, screenshot, ...about })
      pages[path] = seen.html
      each.diagnostic(
        `${kB(seen.total)}, script ${kB(seen.script)}, ${seen.requests} requests, painted after ${Math.round(seen.paint)} ms, ` +
          `the largest after ${Math.round(seen.largest)} ms, moved by ${seen.shift.toFixed(3)}, ${seen.stops} stops by keyboard`,
      )
    })
  await close()
  return pages
}

/** The first screen waits for less than others, which bring what lists and forms need. */
const firstBudget: Budget = { page: 260_000, script: 236_000 }
const consoleBudget: Budget = { page: 280_000, script: 250_000 }

type Opened = Awaited<ReturnType<typeof open>>

// One test for all, as they share one platform; who asks for a part gives its name.
test(
  'screens and pages are for everybody, ask nobody else, and weigh what they may',
  { skip, timeout: 1_200_000 },
  async t => {
    buildConsole()
    const opened = await open(t)
    await t.test('no part of the console is heavy but what all have, the map and words', () => {
      const folder = new URL('../../console/dist/assets/', import.meta.url)
      const heavy = readdirSync(folder)
        .filter(name => name.endsWith('.js.br') && !/^(index|shared|map|en|de)-/.test(name))
        .filter(name => statSync(new URL(name, folder)).size > 13_000)
      assert.deepEqual(heavy, [])
    })
    await t.test('every screen of the console', { timeout: 900_000 }, each => screens(each, opened))
    await t.test('every page that needs no script', each => pages(each, opened))
  },
)

async function screens(t: TestContext, { address, browser, client, accessToken }: Opened) {
  const context = await browser.newContext({ locale: 'en' })
  const page = await context.newPage()
  await signIn(page, address, '/console')
  const state = await context.storageState()
  await context.close()
  const { items: passports } = await client('GET', '/api/passports?status=draft', undefined, accessToken)
  const { items: stations } = await client('GET', '/api/stations?scope=managed', undefined, accessToken)
  const { items: organisations } = await client('GET', '/api/auth/organisations', undefined, accessToken)
  const { items: tariffs } = await client('GET', '/api/billing/tariffs', undefined, accessToken)
  const { id: site } = await client('POST', '/api/stations/sites', { name: 'Old town' }, accessToken)
  const [passport, station] = [passports[0].id as string, stations[0].id as string]
  const saveNothing = async (shown: Page) => {
    await shown.getByRole('button', { name: 'Create' }).click()
    await shown.getByRole('alert').first().waitFor()
  }
  const openAll = (shown: Page) =>
    shown
      .locator('details')
      .evaluateAll(all => all.forEach(each => ((each as unknown as { open: boolean }).open = true)))
  await walk(t, { address, browser, state, budget: consoleBudget }, [
    ['/console', { budget: firstBudget }],
    ['/console/passports'],
    ['/console/passports?status=archived'],
    ['/console/passports/readiness?compare=2027-08-18'],
    ['/console/passports/readiness/rules'],
    ['/console/passports/readiness/settings'],
    ['/console/passports/new', { act: saveNothing }],
    [`/console/passports/${passport}`],
    [`/console/passports/${passport}?tab=history`],
    [`/console/passports/${passport}?tab=readiness`],
    [`/console/passports/${passport}?tab=readers`],
    [`/console/passports/${passport}?tab=proof`],
    ['/console/passports/requests'],
    ['/console/scan'],
    [`/console/passports/${passport}/edit`],
    [`/console/passports/${passport}?tab=documents`],
    ['/console/documents'],
    ['/console/passports/exchange'],
    ['/console/passports/labels'],
    ['/console/stations'],
    ['/console/stations/new'],
    [`/console/stations/${station}`],
    ['/console/map', { budget: { page: 340_000, script: 300_000 } }],
    ['/console/sites'],
    [`/console/sites/${site}`],
    [`/console/sites/${site}?tab=law`],
    [`/console/sites/${site}?tab=works`],
    ['/console/chargers'],
    ['/console/wire'],
    ['/console/simulator'],
    ['/console/firmware'],
    ['/console/firmware/new', { act: saveNothing }],
    ['/console/figures'],
    ['/console/sessions'],
    ['/console/tariffs'],
    ['/console/tariffs/new'],
    [`/console/tariffs/${tariffs[0].id as string}`],
    [`/console/tariffs/${tariffs[0].id as string}?tab=uses`],
    ['/console/tokens/new'],
    ['/console/bookings'],
    [`/console/bookings/week?station=${station}`],
    ['/console/technicians'],
    ['/console/technicians/new'],
    ['/console/incidents'],
    ['/console/tickets'],
    ['/console/tickets/new', { act: saveNothing }],
    ['/console/tickets/levels'],
    ['/console/credits'],
    ['/console/invoices'],
    ['/console/wallet'],
    ['/console/kept'],
    ['/console/books'],
    ['/console/accounts'],
    ['/console/products'],
    ['/console/products/new'],
    ['/console/products/sheet'],
    ['/console/orders'],
    ['/console/sales'],
    ['/console/vendor/earnings'],
    ['/console/market/payouts'],
    ['/console/market/bank-files'],
    ['/console/vendors/applications'],
    ['/console/content/blog'],
    ['/console/content/blog/new'],
    ['/console/market/reviews'],
    ...['categories', 'taxes', 'coupons', 'shipping', 'commissions'].flatMap(
      what => [[`/console/market/${what}`], [`/console/market/${what}/new`]] as const,
    ),
    ['/console/notifications'],
    ['/console/people'],
    ['/console/organisations'],
    [`/console/organisations/${organisations[0].id as string}?tab=invitations`],
    ...['roles', 'programs', 'apps', 'sign-in', 'about'].map(
      tab => [`/console/organisations/${organisations[0].id as string}?tab=${tab}`] as const,
    ),
    ['/console/me'],
    ['/console/me/messages', { act: openAll }],
    ['/console/webhooks'],
    ['/console/search?q=bp'],
    ['/console/content/jobs'],
    ['/console/operations/mailbox'],
    ['/console/operations/features'],
    ['/console/operations/features/new'],
    ['/console/operations/webhooks'],
    ['/console/operations/terms'],
    ['/console/operations/terms/new'],
    ['/console/operations/dead-letters'],
    ['/console/jobs'],
    ['/console/operations/approvals'],
    ['/console/operations/audit'],
    ['/console/operations/events'],
    ['/console/operations/deliveries'],
    ['/console/operations/bounces'],
    ['/console/people/verifications'],
    ['/console/sold'],
    ['/console/operations/settings'],
    ['/console/operations/settings/new'],
    ['/console/operations/go-live', { refuses: [404] }],
    ['/console/operations/health'],
    ['/console/signed-in'],
    ['/console/nowhere', {}],
  ])
}

async function pages(t: TestContext, { address, browser, client, accessToken }: Opened) {
  const { items: passports } = await client('GET', '/api/passports?status=published', undefined, accessToken)
  const { items: stations } = await client('GET', '/api/stations?scope=managed', undefined, accessToken)
  const budget: Budget = { page: 8_000, script: 0, shift: 0.05 }
  const heavier = (page: number): { budget: Budget } => ({ budget: { ...budget, page } })
  const seen = await walk(t, { address, browser, budget }, [
    ['/'],
    // Scripts are for passkeys, and for passwords that are shown by choice.
    ['/api/auth/sign-in', { budget: { ...budget, page: 9_000, script: 3_000 } }],
    ['/api/auth/sign-up', { budget: { ...budget, page: 9_000, script: 1_000 } }],
    ['/api/auth/forgotten-password'],
    ['/api/auth/verify/gone', { refuses: [404] }],
    ...['/imprint', '/privacy', '/terms', '/withdraw', '/accessibility', '/status'].map(path => [path] as const),
    ['/licences', heavier(11_000)],
    // What offers names while one types; without it one searches as ever.
    ['/shop', { budget: { ...budget, page: 20_000, script: 2_000 } }],
    ['/cart'],
    ['/blog'],
    ['/help'],
    ['/tutorials'],
    ['/jobs'],
    ['/charge', heavier(15_000)],
    [`/stations/${stations[0].id as string}`, heavier(15_000)],
    [`/passports/${passports[0].id as string}`, heavier(14_000)],
    // What a code on a battery opens, and the way there.
    [`/passport/${passports[0].id as string}`, heavier(14_000)],
    [`/passport/${passports[0].id as string}?lang=bg`, heavier(14_000)],
    [`/id/${publicIdOf(passports[0].id as string)}`, heavier(14_000)],
    [`/id/${publicIdOf(passports[0].id as string).replaceAll(/\d/g, '0')}`, { refuses: [404] }],
  ])
  await t.test('and is valid HTML', each => {
    const checker = validator()
    if (!checker && process.env.CI !== 'true') return each.skip('there is no Java here, or vnu-jar cannot be had')
    assert.ok(checker, 'CI has Java and vnu-jar')
    assert.deepEqual(faultsIn(checker, seen), [])
  })
}
