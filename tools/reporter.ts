import type { TestEvent } from 'node:test/reporters'

/** Prints what failed and what was skipped, by name, and totals at the end; a line a file on the way. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  const skipped: string[] = []
  let passed = 0
  for await (const event of source) {
    if (event.type === 'test:pass' && event.data.details.type !== 'suite') {
      if (event.data.skip !== undefined)
        skipped.push(`${event.data.name}${typeof event.data.skip === 'string' ? `: ${event.data.skip}` : ''}`)
      else passed++
    }
    if (event.type === 'test:fail' && event.data.details.type !== 'suite') {
      const { name, file, line, details } = event.data
      const cause = (details.error.cause ?? details.error) as Error
      failures.push(`✖ ${name}\n  ${file}:${line}\n  ${(cause.stack ?? String(cause)).replaceAll('\n', '\n  ')}`)
      yield `✖ ${name}\n`
    }
    if (event.type === 'test:stderr') yield event.data.message
    if (event.type === 'test:summary' && event.data.file !== undefined) {
      const { counts, duration_ms, file } = event.data
      yield `${counts.passed + counts.skipped + counts.todo < counts.tests ? '✖' : '✔'} ${file.replace(`${process.cwd()}/`, '')}: ${counts.passed} passed (${(duration_ms / 1000).toFixed(1)} s)\n`
    }
  }
  if (failures.length > 0) yield `\n${failures.join('\n\n')}\n`
  for (const name of skipped) yield `SKIPPED ${name}\n`
  yield `\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped\n`
}
