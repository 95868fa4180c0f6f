import type { Job, Tx } from '#kernel'
import { allColumns, valueOf, type Column } from './columns.ts'
import type { PassportsHost } from './host.ts'
import { markFilled, nextPassports, setColumn, unfilled } from './store.ts'

const batch = 100

/**
 * Fills columns that came after passports were made: a hundred passports a job, each in one transaction with the wish
 * for the next hundred, so that a start anew goes on where it was. Until then such passports are not found by them. The
 * job has the name of its column: a process of an older version, which knows nothing of it, leaves it alone.
 */
export async function fillNewColumns(host: PassportsHost, columns: readonly Column[] = allColumns): Promise<void> {
  const names = await unfilled(
    host.db,
    columns.map(({ name }) => name),
  )
  for (const column of columns.filter(({ name }) => names.includes(name))) {
    const { name } = column
    const fill: Job<{ after: string | null }> = host.job(`fill column ${name}`, ({ after }) =>
      host.db.transaction(async tx => {
        const last = await fillSome(tx, column, after)
        if (last) return await tx.enqueue(fill, { after: last })
        await markFilled(tx, name)
        host.log.info({ column: name }, 'a column of passports is filled')
      }),
    )
    host.log.info({ column: name }, 'a column of passports is new and will be filled')
    await host.db.transaction(tx => tx.enqueue(fill, { after: null }, { key: `passports fill ${name}` }))
  }
}

/** The id of the last passport; undefined when there are no more. */
async function fillSome(tx: Tx, column: Column, after: string | null): Promise<string | undefined> {
  const passports = await nextPassports(tx, after, batch)
  await Promise.all(passports.map(({ id, data }) => setColumn(tx, id, column, valueOf(column, data))))
  return passports.at(-1)?.id
}
