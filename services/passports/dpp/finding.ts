import { partiesOf, Problem, type Actor, type Db } from '#kernel'
import { beginningOf, composed } from '../columns.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The passport of an identifier: as it is told, as its page is called, or bare. Fails with `passport_unknown`. */
export function idIn(text: string, publicUrl: string): string {
  const page = `${publicUrl}/passport/`
  const id = text.startsWith(page) ? text.slice(page.length) : text.replace(/^urn:uuid:/i, '')
  if (uuid.test(id)) return id.toLowerCase()
  throw new Problem('not_found', 'passport_unknown')
}

/** Passports of batteries with these identifiers, the published ones first: all of those, and drafts of who asks. */
export async function findByProducts(
  db: Db,
  identifiers: readonly string[],
  reader: Actor | undefined,
): Promise<{ id: string; identifier: string }[]> {
  const wanted = new Set(identifiers.map(composed))
  const beginnings = [...new Set([...wanted].map(beginningOf))]
  const parties = reader ? partiesOf(reader) : []
  const rows = await db<{ id: string; identifier: string }[]>`
    select id, coalesce(identifier_whole, identifier) as identifier from passports
    where version > 0 and coalesce(identifier, '') = any(${beginnings})
      and (status <> 'draft' or owner_id = any(${parties}))
    order by status = 'draft', id limit 1001`
  return rows.filter(({ identifier }) => wanted.has(identifier))
}
