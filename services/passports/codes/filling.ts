import type { Job } from '#kernel'
import type { PassportsHost } from '../host.ts'
import { markFilled, unfilled } from '../store.ts'
import { claimMany, nextPublished } from './store.ts'

const batch = 500
const name = 'codes'

/**
 * Lets the codes of batteries open whose passports were published before anybody kept them; where two say the same, the
 * one that was there first has it.
 */
export async function fillCodes({ db, job, log }: PassportsHost): Promise<void> {
  const fill: Job<{ after: string | null }> = job('fill codes', ({ after }) =>
    db.transaction(async tx => {
      const found = await nextPublished(tx, after, batch)
      const named = found.flatMap(({ id, identifier }) => (identifier === null ? [] : [{ id, identifier }]))
      if (found.length > 0) await claimMany(tx, named, found.at(-1)!.at)
      if (found.length === batch) return void (await tx.enqueue(fill, { after: found.at(-1)!.id }))
      await markFilled(tx, name)
      log.info('the codes of passports open')
    }),
  )
  if ((await unfilled(db, [name])).length > 0)
    await db.transaction(tx => tx.enqueue(fill, { after: null }, { key: 'passports codes' }))
}
