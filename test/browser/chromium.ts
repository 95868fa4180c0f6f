import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { chromium, type Browser } from 'playwright-core'

const firstOf = (paths: readonly string[]): string | undefined => paths.find(path => existsSync(path))
const whole = firstOf(['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'])
/** The same without what people have around a page, such as notifications: at half the work. */
const light = firstOf(['/usr/bin/chromium-headless-shell'])

/** Why a test with a browser is left out; with CI=true it fails instead. */
export const withoutChromium = !whole && process.env.CI !== 'true' && 'there is no Chromium on this machine'

export const launchChromium = (executablePath = light ?? whole): Promise<Browser> =>
  chromium.launch({
    ...(executablePath && { executablePath }),
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  })

/** One that shows notifications. */
export const launchWholeChromium = (): Promise<Browser> => launchChromium(whole)

export async function openChromium(t: TestContext): Promise<Browser> {
  const browser = await launchChromium()
  t.after(() => browser.close())
  return browser
}

/** The console as it is now: built by `npm ci`, and again where its sources changed since. */
export function buildConsole(): void {
  const root = join(import.meta.dirname, '..', '..')
  // Tests that run side by side take turns, and who comes second finds it built.
  const { status, stderr } = spawnSync(process.execPath, ['console/build.js', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The console cannot be built: ${stderr}`)
}
