import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as ask } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { until } from '../kernel/toys.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'
import { look } from './people.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }

/** The road between browser and platform: it can be cut, and bring a newer worker of the console than there is. */
async function openRoad(t: TestContext, port: number, target: number) {
  const road = { cut: false, newer: '' }
  const server = createServer((asked, answer) => {
    if (road.cut) return void asked.socket.destroy()
    const { url = '/', method, headers } = asked
    const passed = ask({ host: '127.0.0.1', port: target, path: url, method, headers }, given => {
      const isWorker = road.newer !== '' && url === '/console/worker.js'
      const { 'content-length': length, ...others } = given.headers
      answer.writeHead(given.statusCode!, isWorker || length === undefined ? others : given.headers)
      given.on('data', part => answer.write(part)).on('end', () => answer.end(isWorker ? road.newer : undefined))
    })
    passed.on('error', () => asked.socket.destroy())
    answer.on('close', () => passed.destroy())
    asked.pipe(passed)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const set = (state: Partial<typeof road>): void => {
    Object.assign(road, state)
    if (road.cut) server.closeAllConnections()
  }
  return set
}

/** Paths of all that the browser keeps. */
const keptIn = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`(async () => {
    const names = await caches.keys()
    const lists = await Promise.all(names.map(async name => await (await caches.open(name)).keys()))
    return lists.flat().map(({ url }) => new URL(url).pathname)
  })()`)

const workersIn = (page: Page): Promise<number> =>
  page.evaluate<number>('navigator.serviceWorker.getRegistrations().then(({ length }) => length)')

test(
  'the console opens without a connection, keeps nothing of anybody, tells of a newer one, and goes with who signs out',
  { skip },
  async t => {
    buildConsole()
    const [port, own] = [await freePort(), await freePort()]
    const address = `http://localhost:${port}`
    const platform = await start(t, await choose(), {
      environment: {
        PORT: String(own),
        PUBLIC_URL: address,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
      },
    })
    await platform.listen()
    const set = await openRoad(t, port, own)
    const browser = await openChromium(t)
    const page = await (await browser.newContext({ locale: 'en', reducedMotion: 'reduce' })).newPage()
    page.setDefaultTimeout(90_000)
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))

    await page.goto(`${address}/console/passports`)
    await page.getByLabel('E-mail address').fill(admin.email)
    await page.getByLabel('Password').fill(admin.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Passports' }).waitFor()
    await until(async () => (await keptIn(page)).includes('/console'), 90)
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Passports' }).waitFor()
    const kept = await keptIn(page)
    assert.deepEqual(
      kept.filter(path => path !== '/console' && !path.startsWith('/console/assets/')),
      [],
      'nothing that the platform answered is kept',
    )

    set({ cut: true })
    await page.reload()
    await page.getByText('There is no connection.').waitFor()
    assert.equal(await page.getByText(admin.email).count(), 0)
    await look(page, 'offline-start')
    set({ cut: false })
    await page.getByRole('heading', { level: 1, name: 'Passports' }).waitFor()

    await page.getByRole('link', { name: 'New passport' }).first().click()
    await page.getByLabel('Battery identifier').fill('BP-OFFLINE-1')
    set({ newer: '\n// another build\n' })
    await page.evaluate(`navigator.serviceWorker.getRegistration('/console').then(it => it.update()).then(() => true)`)
    await page.getByText('There is a newer version').waitFor()
    await look(page, 'newer-version')
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByText('was not saved').waitFor()
    await page.getByRole('button', { name: 'Take it up again' }).click()
    assert.equal(await page.getByLabel('Battery identifier').inputValue(), 'BP-OFFLINE-1')
    assert.equal(await page.getByText('There is a newer version').count(), 0)

    await page.goto(`${address}/console`)
    await page.getByRole('button', { name: /Your account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(`${address}/`)
    await until(async () => (await workersIn(page)) === 0)
    assert.deepEqual(await keptIn(page), [])
    assert.deepEqual(complaints, [])
    await t.test(
      'what keeps the console ready is asked for each time, may fetch from here alone, and has a build of its own',
      () => workerOf(platform),
    )
  },
)

async function workerOf({ http }: TestPlatform): Promise<void> {
  const { statusCode, headers, body } = await http.inject('/console/worker.js')
  assert.deepEqual(
    [statusCode, headers['cache-control'], headers['service-worker-allowed'], headers['content-security-policy']],
    [200, 'no-cache', '/console', `default-src 'none'; connect-src 'self'`],
  )
  const page = String((await http.inject('/console')).body)
  for (const [, name] of page.matchAll(/ (?:src|href)="\/console\/(assets\/[^"]+)"/g))
    assert.ok(body.includes(name!), name!)
  assert.doesNotMatch(body, /VERSION|SHELL/)
}
