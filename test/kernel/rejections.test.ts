import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'

/** The code with which a process ends that has such a failure: 7 when it went on. */
async function ends(kind: string): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rejected.ts'), kind], { stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number]
  return code
}

test('a failure that nobody waited for ends the process, though it looks like an outage of the database', async () => {
  assert.deepEqual(await Promise.all(['service', 'query', 'standby'].map(ends)), [1, 1, 1])
})

test("a failure of the database's drivers in work of their own does not", async () => {
  assert.equal(await ends('driver'), 7)
})
