import { AsyncLocalStorage } from 'node:async_hooks'
import { Problem } from '#kernel'
import type { OcppHost } from './host.ts'
import { takeNumbers } from './store.ts'

const block = 1_000

/**
 * Numbers for the transactions of 1.6, at hand before anybody asks: a thousand are taken at a time, and more while half
 * are left.
 */
export async function openNumbers({ db, log }: OcppHost): Promise<() => number> {
  const free: number[] = []
  let taking: Promise<void> | undefined
  // Numbers are asked for inside of a batch's transaction, and taken in one of their own, as if from here.
  const take = AsyncLocalStorage.bind(async (): Promise<void> => {
    const first = await db.transaction(takeNumbers)
    for (let number = first; number < first + block; number++) free.push(number)
  })
  await take()
  return () => {
    if (free.length < block / 2)
      taking ??= take()
        .catch(error => log.warn({ err: error }, 'no more numbers for transactions can be had'))
        .finally(() => (taking = undefined))
    const number = free.shift()
    if (number === undefined) throw new Problem('unavailable', 'database_unavailable', { retryAfter: 1 })
    return number
  }
}
