import type { Db } from '../database/database.ts'

/**
 * What a service keeps of persons: tables, each with the condition by which a row is one's, in SQL, where `$1` is their
 * id. `Object.keys` is the order of an export.
 */
export type PersonalTables = Readonly<Record<string, string>>

export interface PersonalPage {
  records: { of: string; record: Record<string, unknown> }[]
  next?: string
}

const mostRows = 500
/** Columns that prove something to us, and what search is made of: nobody's to be told. */
const isHidden = (column: string): boolean => /(^|_)(hash|secret|sealed|search)(_|$)/.test(column)

/** Answers, page by page, what these tables hold of a person. */
export function openPersonal(db: Db, tables: PersonalTables) {
  const names = Object.keys(tables)

  return async ({ userId, after }: { userId: string; after?: string }): Promise<PersonalPage> => {
    const [from, lastKey] = after === undefined ? [0, ''] : (JSON.parse(after) as [number, string])
    const records: PersonalPage['records'] = []
    for (let at = from; at < names.length; at++) {
      const table = names[at]!
      const left = mostRows - records.length
      const rows = await rowsOf(db, table, tables[table]!, userId, at === from ? lastKey : '', left + 1)
      const shown = rows.slice(0, left)
      for (const { record } of shown) records.push({ of: table, record: withoutSecrets(record) })
      if (rows.length > left) return { records, next: JSON.stringify([at, shown.at(-1)?.key ?? lastKey]) }
    }
    return { records }
  }
}

interface Row {
  record: Record<string, unknown>
  key: string
}

/** In the order of the primary key, as text, or of where rows lie: a person has few of a table. */
async function rowsOf(db: Db, table: string, condition: string, userId: string, after: string, limit: number) {
  const columns = await db<{ name: string }[]>`
    select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = ${table}::regclass and i.indisprimary order by array_position(i.indkey::int[], a.attnum::int)`
  const parts = columns.length > 0 ? columns.map(({ name }) => `"${name}"::text`) : ['tableoid::text', 'ctid::text']
  const key = `concat_ws('/', ${parts.join(', ')}) collate "C"`
  return await db.unsafe<Row[]>(
    `select to_jsonb(r) as record, ${key} as key from "${table}" r
    where (${condition}) and ${key} > $2 order by 2 limit ${limit}`,
    [userId, after],
  )
}

const withoutSecrets = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([column]) => !isHidden(column)))
