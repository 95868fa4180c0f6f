import type { TestEvent } from 'node:test/reporters'

/** Prints each file in which a test failed, on a line. */
export default async function* failedFiles(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Set<string>()
  for await (const event of source)
    if (event.type === 'test:fail' && event.data.skip === undefined) files.add(event.data.file ?? event.data.name)
  yield [...files].map(file => `${file}\n`).join('')
}
