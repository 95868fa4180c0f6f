import { partiesOf, type Actor, type Db } from '#kernel'
import type { PassportReader, PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { isAuthority } from '../operators/store.ts'
import { readingOf } from './reading.ts'
import { views } from './views.ts'

/** As whom somebody reads a passport, for what belongs to it; see `get_passport_tiers`. */
export async function tiersOf(db: Db, passportId: string, reader: PassportReader | null, now: Date) {
  const actor: Actor | undefined = reader ? { ...reader, sessionId: '' } : undefined
  const parties = actor ? partiesOf(actor) : []
  const authority = actor?.organisation ? isAuthority(db, actor.organisation.id) : db`false`
  const [row] = await db<
    {
      owner: Owner
      status: PassportStatus
      category: string | null
      readers: Owner[]
      interested: boolean
      byAuthority: boolean
      until: Date | null
    }[]
  >`
    select json_build_object('kind', p.owner_kind, 'id', p.owner_id) as owner, p.status, p.category,
      coalesce(json_agg(json_build_object('kind', r.kind, 'id', r.reader_id)) filter (where r.audience = 'owner'), '[]')
        as readers,
      coalesce(bool_or(r.audience = 'interest'), false) as interested, ${authority} as "byAuthority",
      case when bool_and(r.until_at is not null) then max(r.until_at) end as until
    from passports p left join readers r
      on r.passport_id = p.id and r.reader_id = any(${parties}::uuid[]) and (r.until_at is null or r.until_at > ${now})
    where p.id = ${passportId} group by p.id`
  if (!row) return undefined
  const { owner, status, category, until } = row
  const reading = readingOf(actor, row)
  const audiences = !reading ? [] : reading.view === 'owner' ? (['owner'] as const) : views[reading.view]
  return {
    passportId,
    owner,
    status,
    category,
    audiences: [...audiences],
    asAdmin: reading?.isAdmin ?? false,
    ...(until && { until: until.toISOString() }),
  }
}
