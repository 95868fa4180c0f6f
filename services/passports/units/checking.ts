import { Problem, type Job } from '#kernel'
import type { PassportsHost } from '../host.ts'
import { assessAll, holdFree, holdOwned, nextUnchecked, noteChecked, uncheckedFrom, type Place } from './assessments.ts'

const some = 200

/** Finds anew which passports of an owner are ready, as what they declared of themselves is another. */
export function assessesOwners(host: PassportsHost): Job<{ ownerId: string; after: string | null }> {
  const assess: Job<{ ownerId: string; after: string | null }> = host.job(
    'assess passports of an owner',
    ({ ownerId, after }) =>
      host.db.transaction(async tx => {
        const ids = await holdOwned(tx, ownerId, after, some)
        await assessAll(tx, ids)
        if (ids.length === some) await tx.enqueue(assess, { ownerId, after: ids.at(-1)! })
      }),
    { urgency: 'bulk' },
  )
  return assess
}

/**
 * Looks at passports of which it is not kept whether they are ready: new drafts, what changed otherwise than by its owner,
 * and all of them when the tables of the law are others. What is published, and each change, is looked at where it is made.
 */
export function checkReadiness(host: PassportsHost): () => Promise<void> {
  const { db, now, log } = host
  const check: Job<object> = host.job<object>(
    'check readiness',
    async (_, { signal }) => {
      const begun = now()
      let [checked, busy] = [0, 0]
      for (let place: Place | undefined = await uncheckedFrom(db); !signal.aborted;) {
        const next: Place[] = await nextUnchecked(db, place, some)
        if (next.length > 0) {
          const free = await db.transaction(async tx => {
            const free = await holdFree(
              tx,
              next.map(({ id }) => id),
            )
            await assessAll(tx, free)
            return free.length
          })
          checked += free
          busy += next.length - free
        }
        place = next.at(-1)
        if (!place || next.length < some) {
          // Who is changed just now is found the next time, by a look from the same place.
          if (busy === 0) await db.transaction(tx => noteChecked(tx, begun))
          if (checked > 0) log.info({ checked }, 'whether passports are ready is kept')
          return
        }
      }
      // Begun again, it passes those by that are done.
      throw new Problem('unavailable', 'stopping')
    },
    { urgency: 'bulk' },
  )
  const look = async (): Promise<void> => {
    const [next] = await nextUnchecked(db, await uncheckedFrom(db), 1)
    if (next) await db.transaction(tx => tx.enqueue(check, {}, { key: 'passports readiness' }))
  }
  host.every('1 minute', 'see whether readiness of passports is to be found', look)
  return look
}
