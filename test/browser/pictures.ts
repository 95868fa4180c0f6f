import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { launchChromium } from './chromium.ts'

/**
 * `npm run pictures -- http://localhost:8080` makes the pictures of docs/guides/console.md anew, in English and in German:
 * of a platform in evaluation mode whose demo is there, asked from its own machine.
 */
const pictures: readonly [name: string, part: string, path: string][] = [
  ['home', 'operator', '/console'],
  ['passports', 'editor', '/console/passports'],
  ['readiness', 'editor', '/console/passports/readiness'],
  ['chargers', 'operator', '/console/chargers'],
  ['map', 'operator', '/console/map'],
  ['products', 'admin', '/console/products'],
  ['settings', 'admin', '/console/operations/settings'],
]

const folder = join(import.meta.dirname, '..', '..', 'docs', 'guides', 'pictures')

async function take(browser: Browser, address: string, locale: string): Promise<void> {
  for (const [name, part, path] of pictures) {
    const context = await browser.newContext({
      locale,
      reducedMotion: 'reduce',
      serviceWorkers: 'block',
      viewport: { width: 1280, height: 800 },
    })
    const page = await context.newPage()
    await page.goto(`${address}/api/auth/sign-in`)
    await page.locator(`form[action*="/cast/${part}"] button`).click()
    await page.waitForURL(`${address}/console`)
    // Whoever was tried before speaks as they did then.
    const headers = { 'sec-fetch-site': 'same-origin', origin: address }
    await context.request.patch(`${address}/api/auth/profile`, { data: { locale }, headers })
    await page.goto(address + path)
    await page.locator('h1').waitFor()
    await page.waitForLoadState('networkidle').catch(() => {})
    await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' })
    const picture = await page.screenshot({ animations: 'disabled' })
    const file = join(folder, `${name}-${locale}.webp`)
    await sharp(picture).webp({ quality: 70 }).toFile(file)
    console.log(file)
    await context.close()
  }
}

const [address = 'http://localhost:8080'] = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const browser = await launchChromium()
try {
  for (const locale of ['en', 'de']) await take(browser, address, locale)
} finally {
  await browser.close()
}
