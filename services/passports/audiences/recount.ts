import type { Job, Tx } from '#kernel'
import type { PassportsHost } from '../host.ts'
import type { Passport } from '../passports.ts'
import { versionsOf, writeSeen } from './store.ts'
import { seenAfter } from './seen.ts'

const batch = 50

/**
 * Counts for others what passports changed that were published before anybody counted: version by version, a few passports
 * a job. Until then they are answered as if they had never changed.
 */
export async function recountAll({ db, job, log }: PassportsHost): Promise<void> {
  const recount: Job<{ after: string | null }> = job('recount', ({ after }) =>
    db.transaction(async tx => {
      const ids = await uncounted(tx, after)
      for (const id of ids) await recountOne(tx, id)
      if (ids.length === batch) await tx.enqueue(recount, { after: ids.at(-1)! })
      else log.info('what others see of passports is counted')
    }),
  )
  if ((await db<object[]>`select from passports where status <> 'draft' and seen is null limit 1`).length > 0)
    await db.transaction(tx => tx.enqueue(recount, { after: null }, { key: 'passports recount' }))
}

async function uncounted(tx: Tx, after: string | null): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select id from passports
    where status <> 'draft' and seen is null and id > ${after ?? '00000000-0000-0000-0000-000000000000'}
    order by id limit ${batch} for update`
  return rows.map(({ id }) => id)
}

/** One version after the other, so that two are held at a time. */
export async function recountOne(tx: Tx, id: string): Promise<void> {
  let former: Passport | undefined
  for await (const version of versionsOf(tx, id)) {
    // Of the first version nothing comes before; a draft counts nothing.
    const seen = seenAfter(former ?? { ...version, status: 'draft' }, version)
    former = { ...version, seen }
    if (seen) await writeSeen(tx, former)
  }
}
