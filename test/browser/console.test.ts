import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { buildConsole, openChromium, withoutChromium as skip } from './chromium.ts'

const admin = { email: 'admin@example.com', password: 'quiet trains at dawn' }

async function signIn(page: Page, address: string, path = '/console'): Promise<void> {
  await page.goto(address + path)
  await page.getByLabel('E-mail address').fill(admin.email)
  await page.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}${path}`)
}

test(
  'who comes to the console signs in at the entrance, creates a passport, finds it, and leaves nothing behind',
  { skip },
  async t => {
    buildConsole()
    const port = await freePort()
    const address = `http://localhost:${port}`
    const platform = await start(t, await choose(), {
      environment: {
        PORT: String(port),
        PUBLIC_URL: address,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
      },
    })
    await platform.listen()
    const browser = await openChromium(t)
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('request', request => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${address}/`))
        complaints.push(request.url())
    })
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => /policy/i.test(message.text()) && complaints.push(message.text()))

    await signIn(page, address, '/console/passports')
    await page.getByRole('heading', { name: 'No passports yet' }).waitFor()
    await page.getByText('This platform is for evaluation').waitFor()
    await page.getByRole('link', { name: 'New passport' }).first().click()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('alert').getByText('Battery identifier').waitFor()
    await page.getByLabel('Battery identifier').fill('BP-2026-001')
    await page.getByRole('combobox', { name: /Category/ }).click()
    await page.getByRole('option', { name: 'Electric vehicle' }).click()
    await page.getByLabel('Mass in kg').fill('1,234.5')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { level: 1, name: 'BP-2026-001' }).waitFor()
    await page.getByText('1234.5').waitFor()
    await page.getByRole('link', { name: 'Passports' }).first().click()
    await page.getByRole('textbox', { name: /filter/ }).fill('status:draft BP-2026')
    await page.keyboard.press('Enter')
    await page.waitForURL(/status=draft/)
    await page.getByRole('link', { name: 'BP-2026-001' }).waitFor()
    await page.getByText('1 in all').waitFor()
    await page.getByRole('button', { name: /Your account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(`${address}/`)
    assert.deepEqual(complaints, [])
    await page.goto(`${address}/console`)
    await page.waitForURL(/sign-in/)
    await t.test(
      'the page of the console has a nonce of its own, its files are kept for ever, and what is none is told',
      () => filesOf(platform),
    )
  },
)

async function filesOf({ http }: TestPlatform): Promise<void> {
  const page = await http.inject('/console/passports')
  const nonce = /'nonce-([^']+)'/.exec(String(page.headers['content-security-policy']))![1]!
  assert.ok(page.body.includes(`nonce="${nonce}"`), 'the page carries the nonce of its policy')
  assert.match(page.body, /<html [^>]*data-mode="evaluation"/)
  const again = await http.inject('/console/passports')
  assert.ok(!again.body.includes(nonce), 'each answer has its own')
  const [script] = /\/console\/assets\/[\w.-]+\.js/.exec(page.body)!
  const asset = await http.inject({ url: script, headers: { 'accept-encoding': 'gzip, br' } })
  assert.deepEqual(
    [asset.statusCode, asset.headers['content-encoding'], asset.headers['cache-control']],
    [200, 'br', 'public, max-age=31536000, immutable'],
  )
  const refusing = await http.inject({ url: script, headers: { 'accept-encoding': 'gzip, br;q=0' } })
  assert.equal(refusing.headers['content-encoding'], 'gzip')
  assert.equal((await http.inject(script)).headers['content-encoding'], undefined)
  for (const path of ['/console/assets/gone.js', '/console/assets/..%2findex.html'])
    assert.ok((await http.inject(path)).statusCode >= 400, path)
}

test('refusals of the platform have German texts, and no text is of a code that is gone', async t => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  const codesIn = (text: string, line: RegExp) => [...text.matchAll(line)].map(([, code]) => code!)
  const codes = codesIn(await read('docs/api/problems.md'), /^\| \d{3} \| `(\w+)`/gm)
  const texts = codesIn(await read('console/src/texts/de-problems.ts'), /^ {2}(\w+):/gm)
  assert.ok(codes.length > 400)
  assert.deepEqual(
    texts.filter(code => !codes.includes(code)),
    [],
  )
  // One that is new shows what the platform says, in English, until somebody has put it into words.
  const missing = codes.filter(code => !texts.includes(code))
  t.diagnostic(`without a German text: ${missing.join(', ') || 'none'}`)
  assert.ok(missing.length < codes.length / 20, missing.join(', '))
})
