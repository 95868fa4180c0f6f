import type { TestEvent } from 'node:test/reporters'

/** Prints what failed and what was skipped, by name, and totals at the end; a line a file on the way. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  const skipped: { name: string; reason: string }[] = []
  let passed = 0
  for await (const event of source) {
    if (event.type === 'test:pass' && event.data.details.type !== 'suite') {
      if (event.data.skip !== undefined) skipped.push({ name: event.data.name, reason: String(event.data.skip) })
      else passed++
    }
    if (event.type === 'test:fail' && event.data.details.type !== 'suite') {
      const { name, file, line, details } = event.data
      const cause = (details.error.cause ?? details.error) as Error
      if (event.data.skip !== undefined) {
        skipped.push({ name, reason: String(event.data.skip) }) // it ended by an error that says why
        continue
      }
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
  for (const [reason, tests] of Map.groupBy(skipped, ({ reason }) => reason))
    yield `SKIPPED, ${reason}\n${tests.map(({ name }) => `  ${name}\n`).join('')}`
  yield `\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped\n`
}
