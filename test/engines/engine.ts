import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { after, type TestContext } from 'node:test'
import type { Lent, Loan } from './lender.ts'

const held = new Set<Socket>()
after(() => held.forEach(socket => socket.destroy()))

/**
 * A corner of a real engine for this test alone, as settings of the platform: `kafka` gives `KAFKA_BROKERS` and a
 * `KAFKA_TOPIC_PREFIX` of the test's own, `redis` `REDIS_URL` and `REDIS_PREFIX`, `s3` `S3_ENDPOINT`, `AWS_…` and a
 * bucket, `server` the `DATABASE_URL` of an empty database with its superuser. All tests of a run share one engine of a
 * kind: who kills engines starts some of his own with `startEngine`.
 *
 * On a machine that cannot have the engine the test ends here as skipped, with the reason; with `CI=true` it fails.
 */
export async function engine(t: TestContext, name: Lent): Promise<Record<string, string>> {
  const path = process.env.OHMNIBUS_TEST_ENGINES
  if (!path) throw new Error('Tests need the engines that test/setup.ts lends: npm test -- <path>')
  const socket = connect(path)
  held.add(socket)
  await once(socket, 'connect')
  socket.write(`${name}\n`)
  const [line] = (await once(createInterface(socket), 'line')) as [string]
  const loan = JSON.parse(line) as Loan
  if ('fault' in loan) {
    const fault = `no ${name}: ${loan.fault}`
    if (process.env.CI !== 'true') t.skip(fault)
    throw new Error(fault)
  }
  socket.on('error', () => {}).unref()
  // Not in a hook of the test: hooks run in the order they were made, and the platform that uses the engine has its own
  // yet to come.
  t.signal.addEventListener('abort', () => {
    held.delete(socket)
    socket.destroy()
  })
  return loan.settings
}
