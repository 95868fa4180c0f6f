import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Service } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client, codeIn, mailsIn, register, type Client } from '../journeys/client.ts'
import { withClockwork } from '../journeys/clockwork.ts'
import { until } from '../kernel/toys.ts'
import { findingsOf } from './axe.ts'
import { buildConsole, openChromium } from './chromium.ts'

export const password = 'quiet trains at dawn'

/** Somebody with an account, and with a browser where they open one. */
export interface Somebody {
  readonly id: string
  readonly email: string
  readonly api: Client
}

/** One platform and one browser for many journeys. */
export async function openTown(
  t: TestContext,
  environment: Record<string, string> = {},
  neighbours: readonly Service[] = [],
) {
  buildConsole()
  const port = await freePort()
  const address = `http://localhost:${port}`
  const maintenance = withClockwork(await choose(), 'maintenance')
  const vendors = withClockwork(maintenance.services, 'vendors')
  const p = await start(t, [...vendors.services, ...neighbours], {
    environment: {
      PORT: String(port),
      PUBLIC_URL: address,
      ADMIN_EMAIL: 'root@example.com',
      ADMIN_PASSWORD: password,
      ...environment,
    },
  })
  await p.listen()
  const browser = await openChromium(t)
  const complaints: string[] = []
  const root = client(address)
  const signedIn = await root.get(200, 'POST /api/auth/login', { email: 'root@example.com', password })
  root.use(signedIn)
  const admin: Somebody = { id: signedIn.user.id, email: 'root@example.com', api: root }

  /** What was mailed to an address last. */
  const mailed = async (email: string) => {
    const mails = async () => (await mailsIn(p.platform.mailFolder!)).filter(({ to }) => to === email)
    await until(async () => (await mails()).length > 0)
    return (await mails()).at(-1)!
  }

  /** Somebody new, of a role. */
  const person = async (name: string, role = 'user'): Promise<Somebody> => {
    const api = client(address)
    const email = `${name.toLowerCase()}@example.com`
    const { user } = await register(api, '/api/auth', { email, password, name }, async to => codeIn(await mailed(to)))
    if (role !== 'user') {
      // Who gives a role has just proven who they are.
      root.use(await root.get(200, 'POST /api/auth/login', { email: admin.email, password }))
      await root.get(200, `PUT /api/auth/users/${user.id}/role`, { role })
      api.use(await api.get(200, 'POST /api/auth/login', { email, password }))
    }
    return { id: user.id, email, api }
  }

  /** A window of somebody, signed in at a screen; of nobody without one. */
  const at = async (who: Somebody | undefined, path: string, options: BrowserContextOptions = {}): Promise<Page> =>
    await openWindow({ browser, address, complaints }, who, path, options)

  /** What is done by the clock, now: works of maintenance and of vendors whose purpose is like this. */
  const strike = async (like: RegExp): Promise<void> => {
    await p.settle()
    await maintenance.strike(like)
    await vendors.strike(like)
    await p.settle()
  }

  return { p, address, browser, complaints, admin, mailed, person, at, strike }
}

export type Town = Awaited<ReturnType<typeof openTown>>

/** A window of somebody in a browser; see `at` of the town. */
export async function openWindow(
  town: { browser: Browser; address: string; complaints: string[] },
  who: Somebody | undefined,
  path: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const { browser, address, complaints } = town
  const context = await browser.newContext({
    locale: 'en',
    reducedMotion: 'reduce',
    // In each new window it would fetch all that keeps the console ready; who looks at that allows it.
    serviceWorkers: 'block',
    ...options,
  })
  closeInTime(context)
  if (who) {
    const answer = await context.request.post(`${address}/api/auth/login`, { data: { email: who.email, password } })
    assert.equal(answer.status(), 200, await answer.text())
  }
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', error => complaints.push(`${path}: ${error.message}`))
  page.on('console', message => /policy/i.test(message.text()) && complaints.push(`${path}: ${message.text()}`))
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${address}/`))
      complaints.push(`${path} asks ${request.url()}`)
  })
  await page.goto(address + path)
  return page
}

/**
 * Chromium sometimes never answers that a window of several tabs is closed, with all of them gone: nobody waits for that
 * longer than they would. What is left ends with the browser.
 */
function closeInTime(context: BrowserContext): void {
  const close = context.close.bind(context)
  context.close = async options => {
    await Promise.race([close(options), setTimeout(10_000, undefined, { ref: false })])
  }
}

/** Looks at a page as it is: kept as a picture where one is asked for, and nothing in the way of anybody. */
export async function look(page: Page, name: string): Promise<void> {
  const folder = process.env.OHMNIBUS_SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' })
  assert.deepEqual(await findingsOf(page), [], `${name} is for everybody`)
}

/** As people see it: in both languages, wide and narrow, light and dark. */
const looks = [
  { locale: 'en', wide: 'light', narrow: 'dark' },
  { locale: 'de', wide: 'dark', narrow: 'light' },
] as const

/** Looks at the same page in every way: in a window of its own for each language, which is turned, and made narrow. */
export async function lookAllOver(
  { at }: Pick<Town, 'at'>,
  who: Somebody | undefined,
  path: string,
  name: string,
  ready = 'h1',
): Promise<void> {
  for (const { locale, wide, narrow } of looks) {
    const page = await at(who, path, { locale, colorScheme: wide, viewport: { width: 1280, height: 900 } })
    const lookNow = async (way: string) => {
      await page.locator(ready).first().waitFor()
      await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' })
      const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      assert.ok(over <= 0, `${name} is ${over} px too wide, ${way}`)
      await look(page, `${name}-${way}`)
    }
    await lookNow(`${locale}-wide-${wide}`)
    await page.emulateMedia({ colorScheme: narrow })
    await page.setViewportSize({ width: 360, height: 800 })
    await lookNow(`${locale}-narrow-${narrow}`)
    await page.context().close()
  }
}
