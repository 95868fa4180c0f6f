import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { until } from '../kernel/toys.ts'

/** What a page may weigh, in bytes as they are sent; of a page of the server as it would be sent compressed. */
export interface Budget {
  readonly page: number
  readonly script: number
}

export interface Seen {
  readonly html: string
  readonly script: number
  readonly total: number
  readonly requests: number
  /** Milliseconds until something was painted, and until the largest was. */
  readonly paint: number
  readonly largest: number
  readonly stops: number
}

export interface Visit {
  readonly address: string
  readonly path: string
  readonly budget: Budget
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
  readonly state?: BrowserContextOptions['storageState']
  /** Answers that are expected to refuse. */
  readonly refuses?: readonly number[]
  /** What one does there before it is looked at. */
  readonly act?: (page: Page) => Promise<void>
  readonly screenshot?: string
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const inPage = readFileSync(new URL('in-page.js', import.meta.url), 'utf8')

interface Figures {
  readonly largest: number
  readonly shift: number
  readonly paint: number
  readonly wide: number
}
interface Violation {
  readonly id: string
  readonly nodes: readonly { html: string; failureSummary: string }[]
}
interface Stop {
  readonly stop: string
  readonly seen: boolean
  readonly name: string
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * One page in a browser of its own: fails for whatever asks others for something, breaks the policy, complains in the
 * console, is not for everybody (axe), does not fit, cannot be used by keyboard, or weighs too much.
 */
export async function inspect(browser: Browser, visit: Visit): Promise<Seen> {
  const { address, path, budget, scheme = 'light', width = 1280, state, refuses = [], act, screenshot } = visit
  const context = await browser.newContext({
    colorScheme: scheme,
    locale: 'en',
    viewport: { width, height: 900 },
    storageState: state,
    reducedMotion: 'reduce',
  })
  try {
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => {
      const isExpected = refuses.some(status => message.text().includes(`status of ${status}`))
      if (message.type() === 'error' && !isExpected) complaints.push(message.text())
    })
    page.on('request', request => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${address}/`))
        complaints.push(`asks ${request.url()}`)
    })
    const weights = await weighing(page)
    await page.addInitScript({ content: inPage })
    await page.goto(address + path)
    await page.locator('h1').first().waitFor()
    // Not by `waitForFunction`: it evaluates a text within the page, as the policy forbids.
    await until(() => page.evaluate<boolean>('looking.isSettled()'), 30)
    const html = await (await page.context().request.get(address + path)).text()
    await act?.(page)
    if (screenshot) await page.screenshot({ path: screenshot, fullPage: true })

    const { largest, paint, wide } = await page.evaluate<Figures>('looking.figures()')
    assert.ok(wide <= 0, `${path} is ${wide} px wider than ${width}`)
    assert.deepEqual(await violationsIn(page), [], `${path} is for everybody`)
    // Keys are for wide windows; what is narrow has the same behind one button more.
    const stops = width > 600 ? await stopsIn(page) : 0
    assert.deepEqual(complaints, [], `${path} asks nobody else and complains of nothing`)
    const { total, script, requests } = weights()
    const weight = script > 0 ? total : gzipSync(html).length
    assert.ok(script <= budget.script, `${path} has ${script} bytes of script, at most ${budget.script}`)
    assert.ok(weight <= budget.page, `${path} weighs ${weight} bytes, at most ${budget.page}`)
    return { html, script, total: weight, requests, paint, largest, stops }
  } finally {
    await context.close()
  }
}

/** What comes over the wire, as it comes. */
async function weighing(page: Page) {
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  const scripts = new Set<string>()
  let [total, script, requests] = [0, 0, 0]
  wire.on('Network.responseReceived', ({ requestId, type }) => {
    requests++
    if (type === 'Script') scripts.add(requestId)
  })
  // Of bodies alone, compressed as they come.
  wire.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    total += encodedDataLength
    if (scripts.has(requestId)) script += encodedDataLength
  })
  return () => ({ total, script, requests })
}

/** Put in by the protocol, which no policy keeps out. */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const only = JSON.stringify({ runOnly: { type: 'tag', values: rules } })
  const { violations: found } = await page.evaluate<{ violations: Violation[] }>(`axe.run(document, ${only})`)
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary.replaceAll(/\s+/g, ' ')}`),
  )
}

/** Goes through the page by Tab: whatever can be used is reached, and shows that it is. Resolves with how many there are. */
export async function stopsIn(page: Page): Promise<number> {
  const wanted = await page.evaluate<number>('looking.mark()')
  const reached = new Set<string>()
  const unseen = new Set<string>()
  for (let press = 0; press < wanted + 20 && reached.size < wanted; press++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate<Stop | undefined>('looking.at()')
    if (!at) continue
    reached.add(at.stop)
    if (!at.seen) unseen.add(at.name)
  }
  assert.deepEqual([...unseen], [], 'who uses the keyboard sees where they are')
  const missed = await page.evaluate<string[]>(`looking.missed(${JSON.stringify([...reached])})`)
  assert.deepEqual(missed, [], 'everything is reached by keyboard')
  return wanted
}
