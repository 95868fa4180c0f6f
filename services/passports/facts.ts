import type { PassportFacts } from '#contracts/passports'
import type { Db } from '#kernel'
import { searchable } from './columns.ts'
import { findAccess, findPublished } from './store.ts'

/** What everybody may know of a battery, once its passport is published, and whose the passport is. */
export async function factsOf(db: Db, passportId: string) {
  const access = await findAccess(db, passportId)
  if (!access) return undefined
  const { owner, status } = access
  const published = await findPublished(db, passportId)
  if (!published) return { passportId, owner, status, facts: null }
  const { identifier, model, category, chemistry, massKg, manufacturedOn } = searchable(published.data)
  const facts: PassportFacts = { identifier, model, category, chemistry, massKg, manufacturedOn }
  return { passportId, owner, status, facts }
}
