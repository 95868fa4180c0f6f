import type { Job, Tx } from '#kernel'
import { claimMany } from './codes/store.ts'
import { allColumns, composed, textColumns, valueOf, type Column } from './columns.ts'
import type { PassportsHost } from './host.ts'
import { markFilled, nextDecomposed, nextPassports, setColumn, setUnlessTaken, unfilled, type Texts } from './store.ts'

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

const composing = 'composed texts'

/**
 * Composes the texts that passports are found by and that were kept as they were written, once. Where two of an owner say
 * the same identifier then, the one that was there with it has it; the other keeps its own way to write it and is named in
 * the log.
 */
export async function composeTexts(host: PassportsHost): Promise<void> {
  const compose: Job<{ after: string | null }> = host.job('compose texts', ({ after }) =>
    host.db.transaction(async tx => {
      const found = await nextDecomposed(tx, after, batch)
      for (const one of found)
        if (!(await composeOne(tx, one)))
          host.log.warn({ passport: one.id }, 'another passport of the owner has this identifier, written otherwise')
      if (found.length === batch) return await tx.enqueue(compose, { after: found.at(-1)!.id })
      await markFilled(tx, composing)
    }),
  )
  if ((await unfilled(host.db, [composing])).length > 0)
    await host.db.transaction(tx => tx.enqueue(compose, { after: null }, { key: 'passports compose' }))
}

/** Whether its identifier is composed now too. */
async function composeOne(tx: Tx, { id, status, updatedAt, texts }: Texts): Promise<boolean> {
  let isFree = true
  for (const column of textColumns) {
    const text = texts[column.name]
    if (!text) continue
    const isSet = await setUnlessTaken(tx, id, column, composed(text))
    // Only an identifier can be somebody else's.
    if (!isSet) isFree = false
    else if (column.name === 'identifier' && status !== 'draft')
      await claimMany(tx, [{ id, identifier: text }], updatedAt)
  }
  return isFree
}
