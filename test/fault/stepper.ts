import { getDocumentFile } from '#contracts/documents'
import { readConfig } from '../../kernel/config/config.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { answering, fakes } from '../../kernel/testing.ts'
import { run, type RunOptions } from '../../kernel/run/run.ts'
import { cart } from '../../services/cart/service.ts'
import type { OrdersHost } from '../../services/orders/host.ts'
import { orders } from '../../services/orders/service.ts'
import { stepping } from '../../services/orders/testing.ts'

/**
 * Orders and carts in a process of their own that kills itself, by SIGKILL, at a step it is told of: before a transaction
 * of orders, before its commit, or after it. Nothing in it ends, closes or gives back anything.
 */
export interface Told {
  readonly environment: Record<string, string>
  readonly database: RunOptions['database']
  readonly keys: RunOptions['keys']
}
/** `arm` with how many steps are left to it; `settle` is answered once nothing is under way. */
export type Word = { readonly arm: number } | { readonly settle: true }

const { environment, database, keys } = JSON.parse(process.env.STEPPER!) as Told
let left = Infinity
const step = (): void => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL')
}
const answers = [answering(getDocumentFile, async () => ({ state: 'unknown' as const, scanned: false, fileKey: null }))]
// What a service has of the world is known to itself alone (`never` for who starts it).
const stepped = {
  ...orders,
  start: (host: OrdersHost) => orders.start({ ...host, db: stepping(host.db, step) } as never),
}
const platform = await run([stepped as typeof orders, cart, ...fakes(answers)], readConfig(environment), {
  database,
  keys,
  periodic: false,
  open: true,
  log: openLog({ level: process.env.OHMNIBUS_TEST_LOG ?? 'silent' }),
})
await platform.listen()
process.on('message', async (word: Word) => {
  if ('arm' in word) left = word.arm
  else await platform.settle()
  process.send!('done')
})
// Its parent ended before it.
process.on('disconnect', () => process.exit())
process.send!('ready')
