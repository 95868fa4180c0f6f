import type { Owner } from '#contracts/shared'
import { turnedBetween } from '#law'
import { changedFields, type Passport } from '../passports.ts'
import { countOf } from './reading.ts'
import { dataFor } from './said.ts'
import { allViews, dayOf, reachOfView, type Count, type Seen, type View } from './views.ts'

/**
 * What each view counts after a change, from `former` to `passport`; null of a draft, which nobody else sees. A change that
 * a view does not show leaves no trace in it. What the law opened or closed in between is one.
 */
export function seenAfter(former: Passport, passport: Passport): Seen | null {
  if (passport.status === 'draft') return null
  const at = passport.updatedAt.toISOString()
  const isAsBefore = former.data === passport.data && !turnedBetween(dayOf(former.updatedAt), dayOf(passport.updatedAt))
  const isSame = ({ kind, id }: Owner): boolean => kind === passport.owner.kind && id === passport.owner.id
  const counts = allViews.map((view): [View, Count] => {
    if (former.status === 'draft') return [view, { version: 1, at, fields: [] }]
    const before = countOf(former, view)
    const fields = isAsBefore ? [] : changedFields(shownIn(view, former), shownIn(view, passport))
    if (fields.length === 0 && former.status === passport.status && isSame(former.owner))
      return [view, { version: before.version, at: before.at }]
    return [view, { version: before.version + 1, at, fields }]
  })
  return Object.fromEntries(counts) as unknown as Seen
}

const shownIn = (view: View, { data, category, updatedAt }: Passport) =>
  dataFor(reachOfView(view), data, category, dayOf(updatedAt))
