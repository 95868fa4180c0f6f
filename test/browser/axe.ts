import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe-core finds wrong with a page, each with where. It is put in by the protocol, which no policy keeps out. */
export async function findingsOf(page: Page): Promise<string[]> {
  if (await page.evaluate<boolean>(`typeof axe === 'undefined'`)) await page.evaluate(axe)
  // What is well is neither collected nor sent: that is far more than what is not.
  const options = JSON.stringify({
    runOnly: { type: 'tag', values: rules },
    reporter: 'no-passes',
    // No rule of these reads style sheets, which would be collected before.
    preload: { assets: ['media'] },
  })
  return await page.evaluate<string[]>(`axe.run(document, ${options}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + (failureSummary ?? '').replaceAll(/\\s+/g, ' '))))`)
}
