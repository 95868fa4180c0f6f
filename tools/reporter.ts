import type { TestEvent } from 'node:test/reporters'

/** Prints what failed and what was skipped, by name, and totals at the end; a line a file on the way. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = []
  const skipped: { name: string; reason: string }[] = []
  const files = new Map<string, { passed: number; failed: number; ms: number }>()
  let passed = 0
  for await (const event of source) {
    if ((event.type === 'test:pass' || event.type === 'test:fail') && event.data.nesting === 0 && event.data.file) {
      const file = files.get(event.data.file) ?? { passed: 0, failed: 0, ms: 0 }
      file[event.type === 'test:pass' ? 'passed' : 'failed']++
      file.ms += event.data.details.duration_ms
      files.set(event.data.file, file)
    }
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
      files.delete(file)
      yield lineOf(file, counts.passed, counts.passed + counts.skipped + counts.todo < counts.tests, duration_ms)
    }
  }
  // Those that ran in one process have no summary each.
  for (const [file, { passed, failed, ms }] of files) yield lineOf(file, passed, failed > 0, ms)
  if (failures.length > 0) yield `\n${failures.join('\n\n')}\n`
  for (const [reason, tests] of Map.groupBy(skipped, ({ reason }) => reason))
    yield `SKIPPED, ${reason}\n${tests.map(({ name }) => `  ${name}\n`).join('')}`
  yield `\n${passed} passed, ${failures.length} failed, ${skipped.length} skipped\n`
}

const lineOf = (file: string, passed: number, isBad: boolean, ms: number): string =>
  `${isBad ? '✖' : '✔'} ${file.replace(`${process.cwd()}/`, '')}: ${passed} passed (${(ms / 1000).toFixed(1)} s)\n`
