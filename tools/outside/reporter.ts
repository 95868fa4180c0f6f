import type { TestEvent } from 'node:test/reporters'

/** How a line says that its program cannot be had here. */
export const unobtainable = 'not obtainable: '

const totals = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

/** Prints a line for each thing that was held against others: ok, failed or not obtainable, and what was compared. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts = { ok: 0, failed: 0, 'not obtainable': 0 }
  for await (const event of source) {
    if (event.type === 'test:pass') {
      counts.ok++
      yield `ok              ${event.data.name} (${(event.data.details.duration_ms / 1000).toFixed(1)} s)\n`
    }
    if (event.type === 'test:fail') {
      const { name, details } = event.data
      const cause = (details.error.cause ?? details.error) as Error
      const said = String(cause.message ?? cause)
      const isMissing = said.startsWith(unobtainable)
      counts[isMissing ? 'not obtainable' : 'failed']++
      yield isMissing
        ? `not obtainable  ${name}: ${said.slice(unobtainable.length)}\n`
        : `failed          ${name}\n${(cause.stack ?? said).replace(/^/gm, '                ')}\n`
    }
    if (event.type === 'test:diagnostic' && !totals.test(event.data.message))
      yield `                ${event.data.message}\n`
    if (event.type === 'test:stderr') yield event.data.message
  }
  yield `\n${counts.ok} ok, ${counts.failed} failed, ${counts['not obtainable']} not obtainable\n`
}
