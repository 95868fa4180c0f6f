import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type Postgres from 'postgres'
import { verbatim } from '../http/strict-json.ts'
import { Problem } from '../problem.ts'
import { context } from '../telemetry/context.ts'
import { measureTransactions, openMetrics } from '../telemetry/metrics.ts'
import { span } from '../telemetry/tracing.ts'
import type { Database, Once, Pool, Tx } from './database.ts'
import { isRace } from './faults.ts'
import { asText, transact, type Surroundings } from './transaction.ts'

const alone: Surroundings = {
  enqueue() {
    throw new Error('jobs are enqueued where a platform runs')
  },
  committed() {},
  failed() {},
}

/** Opens the database of one service. */
export function openDatabase<Name extends string>(
  pool: Pool,
  name: Name,
  { metrics = openMetrics(), ...given }: Partial<Surroundings> & { metrics?: ReturnType<typeof openMetrics> } = {},
): Database<Name> {
  const surroundings = { ...alone, ...given }
  const measured = measureTransactions(metrics, name, pool.options.max)
  const attributes = { 'db.system.name': 'postgresql', 'db.namespace': name, 'db.operation.name': 'transaction' }

  const transaction = async <T>(work: (tx: Tx<Name>) => Promise<T>): Promise<T> => {
    if (context().transaction)
      throw new Error(`a transaction of ${name} inside one of ${context().transaction}: pass the outer tx along`)
    for (let tries = 1; ; tries++) {
      try {
        return await span(`transaction ${name}`, 'client', attributes, () =>
          measured(
            () => pool.reserve(),
            raw => transact(raw, name, surroundings, work),
          ),
        )
      } catch (error) {
        if (!isRace(error) || tries === 5) throw error
        await sleep(Math.random() * 10 * 2 ** tries)
      }
    }
  }

  const once = async <T>({ idempotency }: Once, work: (tx: Tx<Name>) => Promise<T>): Promise<T> => {
    if (!idempotency) return await transaction(work)
    const key = createHash('sha256').update(`${name}\n${idempotency.caller}\n${idempotency.key}`).digest()
    return await transaction(async tx => {
      // The lock, not the row, tells that the first request is still at work: nobody waits for it.
      const [lock] = await tx<{ free: boolean }[]>`
        select pg_try_advisory_xact_lock(${key.readBigInt64BE().toString()}::bigint) as free`
      if (!lock!.free) throw new Problem('conflict', 'idempotency_key_in_flight', { retryAfter: 1 })
      const [stored] = await tx<{ fingerprint: string; answer: string }[]>`
        select fingerprint, answer::text as answer from kernel.answers where key = ${key}`
      if (stored && stored.fingerprint !== idempotency.fingerprint)
        throw new Problem('unprocessable', 'idempotency_key_reused', {
          detail: 'This Idempotency-Key was used with another request. Use a new key.',
        })
      if (stored) return verbatim<T>(stored.answer)
      const answer = await work(tx)
      tx.withCommit(
        tx`insert into kernel.answers (key, service, fingerprint, answer)
          values (${key}, ${name}, ${idempotency.fingerprint}, ${tx.json(answer as Postgres.JSONValue)})`.execute(),
      )
      return answer
    })
  }

  return Object.assign(pool, { json: asText(pool), transaction, once }) as Database<Name>
}
