import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { until } from '../kernel/toys.ts'
import { findingsOf } from './axe.ts'

/** What a page may weigh, in bytes as they are sent; of a page of the server as it would be sent compressed. */
export interface Budget {
  readonly page: number
  readonly script: number
  /** How far things may move by themselves while it loads (cumulative layout shift). */
  readonly shift?: number
}

export interface Seen {
  readonly html: string
  readonly script: number
  readonly total: number
  readonly requests: number
  /** Milliseconds until something was painted, and until the largest was. */
  readonly paint: number
  readonly largest: number
  readonly shift: number
  readonly stops: number
}

export interface Visit {
  readonly path: string
  readonly budget: Budget
  /** Answers that are expected to refuse. */
  readonly refuses?: readonly number[]
  /** What one does there before it is looked at. */
  readonly act?: (page: Page) => Promise<void>
  /** Where its picture is kept, of a look. */
  readonly screenshot?: ((look: string) => string) | undefined
}

/** How a page is looked at: loaded for a wide window by day, and then turned, as who has it before them may do. */
const [day, night] = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 360 },
] as const
const height = 900

const inPage = readFileSync(new URL('in-page.js', import.meta.url), 'utf8')

interface Figures {
  readonly largest: number
  readonly shift: number
  readonly paint: number
  readonly wide: number
}
interface Walk {
  readonly unseen: readonly string[]
  readonly missed: readonly string[]
}

/**
 * Looks at page after page in a browser that keeps files, as browsers do, and compiles them once; what a page wrote down
 * is forgotten before the next. Fails for whatever asks others for something, breaks the policy, complains in the
 * console, is not for everybody (axe), does not fit, cannot be used by keyboard, or weighs too much.
 */
export async function openInspector(
  browser: Browser,
  address: string,
  state: BrowserContextOptions['storageState'],
  { locale = 'en', narrow = night.width as number } = {},
) {
  const context = await browser.newContext({
    colorScheme: day.colorScheme,
    locale,
    viewport: { width: day.width, height },
    storageState: state,
    reducedMotion: 'reduce',
    // Which would fetch, for each page, what keeps the console ready.
    serviceWorkers: 'block',
  })
  await context.addInitScript({ content: inPage })
  const known = new Map<string, number>()

  /** As who comes from elsewhere has it, with all that it weighs. */
  const inspect = async (visit: Visit): Promise<Seen> => {
    const page = await context.newPage()
    try {
      const weights = await weighing(page, known)
      const complaints = complaintsOf(page, address, visit.refuses ?? [])
      const answer = await page.goto(address + visit.path)
      const html = await answer!.text()
      await page.locator('h1').first().waitFor()
      await settled(page)
      await visit.act?.(page)
      const { largest, paint, shift } = await page.evaluate<Figures>('looking.figures()')
      const { total, script, requests } = weights()
      const stops = await lookAt(page, visit, narrow)
      assert.deepEqual(complaints, [], `${visit.path} asks nobody else and complains of nothing`)
      const weight = script > 0 ? total : gzipSync(html).length
      assert.ok(
        script <= visit.budget.script,
        `${visit.path} has ${script} bytes of script, at most ${visit.budget.script}`,
      )
      assert.ok(weight <= visit.budget.page, `${visit.path} weighs ${weight} bytes, at most ${visit.budget.page}`)
      const still = visit.budget.shift ?? Infinity
      assert.ok(shift <= still, `on ${visit.path} things move by ${shift} while it loads, at most ${still}`)
      return { html, script, total: weight, requests, paint, largest, shift, stops }
    } finally {
      await page.close()
    }
  }

  let hasBeen = false
  let inside: { readonly page: Page; readonly complaints: string[] } | undefined
  const openInside = async () => {
    const page = await context.newPage()
    const complaints = complaintsOf(page, address, [])
    await page.goto(`${address}/console/nowhere`)
    await page.locator('h1').first().waitFor()
    return { page, complaints }
  }
  /** A screen of the console as who is there already comes to it: in a third of the time. */
  const follow = async (visit: Pick<Visit, 'path' | 'screenshot'>): Promise<Pick<Seen, 'stops'>> => {
    const { page, complaints } = (inside ??= await openInside())
    await page.emulateMedia({ colorScheme: day.colorScheme })
    if (hasBeen) await comeTo(page, '/console/nowhere')
    hasBeen = true
    complaints.length = 0
    await comeTo(page, visit.path)
    await settled(page)
    const stops = await lookAt(page, visit, narrow)
    assert.deepEqual(complaints, [], `${visit.path} asks nobody else and complains of nothing`)
    return { stops }
  }
  return { inspect, follow, close: () => context.close() }
}

/** Resolves once another screen than the one there was has its heading. */
async function comeTo(page: Page, path: string): Promise<void> {
  const heading = 'document.querySelector("h1")?.textContent'
  const before = await page.evaluate<string | undefined>(heading)
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)})`)
  await until(async () => {
    const now = await page.evaluate<string | undefined>(heading)
    return now !== undefined && now !== before
  }, 60)
}

/** In both looks, and by keyboard. Resolves with how many stops there are. */
async function lookAt(
  page: Page,
  { path, screenshot }: Pick<Visit, 'path' | 'screenshot'>,
  narrow: number,
): Promise<number> {
  for (const { colorScheme, width } of [day, { ...night, width: narrow }]) {
    if (colorScheme !== day.colorScheme) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height })
      await settled(page)
    }
    const name = `${path}, ${colorScheme}, ${width} px`
    if (screenshot) await page.screenshot({ path: screenshot(`${colorScheme}-${width}`), fullPage: true })
    const { wide } = await page.evaluate<Figures>('looking.figures()')
    assert.ok(wide <= 0, `${name}: it is ${wide} px too wide`)
    assert.deepEqual(await findingsOf(page), [], `${name}: it is for everybody`)
  }
  // Keys are for wide windows; what is narrow has the same behind one button more.
  await page.setViewportSize({ width: day.width, height })
  return await stopsIn(page)
}

function complaintsOf(page: Page, address: string, refuses: readonly number[]): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    const isExpected =
      refuses.some(status => message.text().includes(`status of ${status}`)) ||
      // What looks at a page looks into its frames too; into that of a mail nobody does.
      message.text().includes("Blocked script execution in 'about:srcdoc'")
    if (message.type() === 'error' && !isExpected) complaints.push(message.text())
  })
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${address}/`))
      complaints.push(`asks ${request.url()}`)
  })
  return complaints
}

// Not by `waitForFunction`: it evaluates a text within the page, as the policy forbids.
const settled = (page: Page): Promise<void> => until(() => page.evaluate<boolean>('looking.isSettled()'), 60)

interface Weights {
  readonly total: number
  readonly script: number
  readonly requests: number
}

/** What comes over the wire, as it comes; of what the browser has from a page before, as it came then. */
async function weighing(page: Page, known: Map<string, number>): Promise<() => Weights> {
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  const asked = new Map<string, { url: string; bytes: number; isScript: boolean }>()
  wire.on('Network.responseReceived', ({ requestId, type, response }) =>
    asked.set(requestId, { url: response.url, bytes: 0, isScript: type === 'Script' }),
  )
  // Of bodies alone, compressed as they come.
  wire.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    const one = asked.get(requestId)
    if (one) one.bytes += encodedDataLength
  })
  return () => {
    const all = [...asked.values()]
    for (const { url, bytes } of all) if (bytes > 0) known.set(url, bytes)
    const came = new Set(all.filter(({ bytes }) => bytes > 0).map(({ url }) => url))
    const weight = ({ url, bytes }: { url: string; bytes: number }): number => {
      if (bytes > 0 || came.has(url)) return bytes
      came.add(url)
      return known.get(url) ?? 0
    }
    const weights = all.map(one => ({ ...one, weight: weight(one) }))
    const sum = (some: typeof weights): number => some.reduce((total, one) => total + one.weight, 0)
    return { total: sum(weights), script: sum(weights.filter(({ isScript }) => isScript)), requests: all.length }
  }
}

/** Goes through the page by Tab: whatever can be used is reached, and shows that it is. Resolves with how many there are. */
async function stopsIn(page: Page): Promise<number> {
  const wanted = await page.evaluate<number>('looking.mark()')
  const wire = await page.context().newCDPSession(page)
  let walk = await page.evaluate<Walk>('looking.walked()')
  for (let left = wanted + 20; left > 0 && walk.missed.length > 0;) {
    // As many presses at once as are wanted at least: most of the time would go into asking after each.
    const presses = Math.min(left, walk.missed.length)
    const tab = { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 }
    const keys = Array.from({ length: presses }, () => ['rawKeyDown', 'keyUp'] as const).flat()
    await Promise.all(keys.map(type => wire.send('Input.dispatchKeyEvent', { type, ...tab })))
    left -= presses
    walk = await page.evaluate<Walk>('looking.walked()')
  }
  assert.deepEqual(walk.unseen, [], 'who uses the keyboard sees where they are')
  assert.deepEqual(walk.missed, [], 'everything is reached by keyboard')
  return wanted
}
