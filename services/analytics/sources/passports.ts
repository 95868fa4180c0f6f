import {
  PassportCreated,
  PassportDeleted,
  PassportMoved,
  PassportPublished,
  PassportSerialised,
  PassportStatusChanged,
  PassportUpdated,
  type PassportData,
} from '#contracts/passports'
import type { Tx } from '#kernel'
import { dayOf } from '../days.ts'
import { written, type Generation } from '../generations.ts'
import type { AnalyticsHost, AnalyticsTx } from '../host.ts'
import { nobody, recordset } from './rows.ts'

/** What is known of a passport, each side of it by the version of what told it last. */
interface Passport {
  readonly created_at: string | null
  readonly published_at: string | null
  readonly status: string | null
  readonly status_version: number | null
  readonly category: string | null
  readonly data_version: number | null
  readonly owner_id: string | null
  readonly owner_version: number | null
  readonly deleted: boolean
}

/** What an event tells of one. */
type Change = (before: Passport) => Passport
interface About {
  readonly passport: { readonly id: string }
  readonly owner: { readonly id: string }
  readonly version: number
  readonly timestamp: string
}

const owned =
  ({ owner, version }: About): Change =>
  before =>
    version > (before.owner_version ?? 0) ? { ...before, owner_id: owner.id, owner_version: version } : before
const filled =
  ({ version }: About, data: PassportData): Change =>
  before =>
    version > (before.data_version ?? 0) ? { ...before, category: categoryOf(data), data_version: version } : before
const stands =
  ({ version }: About, status: string): Change =>
  before =>
    version > (before.status_version ?? 0) ? { ...before, status, status_version: version } : before

function categoryOf(data: PassportData): string {
  const general = data.generalInformation
  return categoryNamed(typeof general === 'object' && general && (general as Record<string, unknown>).batteryCategory)
}

/** Anything may be written there. */
function categoryNamed(category: unknown): string {
  return typeof category === 'string' && /^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$/.test(category) ? category : 'other'
}

/** How many passports there are, and how many were made and published when. */
export function followPassports({ onMany }: AnalyticsHost): void {
  const follow =
    <E extends About>(changes: (event: E) => Change[]) =>
    (events: readonly E[], tx: AnalyticsTx) =>
      change(
        tx,
        events.map(event => [event.passport.id, [owned(event), ...changes(event)]] as const),
      )
  const about = { id: 'figures', purpose: 'count passports', from: 'beginning' } as const
  onMany(
    PassportCreated,
    about,
    follow(event => [
      filled(event, event.passport.data),
      stands(event, 'draft'),
      before => ({ ...before, created_at: event.timestamp }),
    ]),
  )
  onMany(PassportSerialised, about, (events, tx) =>
    change(
      tx,
      events.flatMap(({ items, owner, category, published, timestamp }) =>
        items.map(({ passportId: id }) => {
          const event = { passport: { id }, owner, version: 1, timestamp }
          const named: Change = before =>
            before.data_version ? before : { ...before, category: categoryNamed(category), data_version: 1 }
          const made: Change = before => ({
            ...before,
            created_at: timestamp,
            ...(published && { published_at: timestamp }),
          })
          return [id, [owned(event), named, stands(event, published ? 'published' : 'draft'), made]] as const
        }),
      ),
    ),
  )
  onMany(
    PassportUpdated,
    about,
    follow(event => [filled(event, event.passport.data)]),
  )
  onMany(
    PassportPublished,
    about,
    follow(event => [before => ({ ...before, published_at: event.timestamp })]),
  )
  onMany(
    PassportStatusChanged,
    about,
    follow(event => [stands(event, event.status)]),
  )
  onMany(
    PassportMoved,
    about,
    follow(() => []),
  )
  onMany(
    PassportDeleted,
    about,
    follow(() => [before => ({ ...before, deleted: true })]),
  )
}

async function change(tx: AnalyticsTx, said: readonly (readonly [id: string, changes: Change[]])[]): Promise<void> {
  const generation = await written(tx)
  const before = await lockPassports(
    tx,
    generation.number,
    said.map(([id]) => id),
  )
  const after = new Map(before)
  for (const [id, changes] of said) for (const apply of changes) after.set(id, apply(after.get(id)!))
  const changed = [...after].filter(([id, passport]) => passport !== before.get(id))
  if (changed.length === 0) return
  const rows = changed.map(([id, passport]) => ({ generation: generation.number, passport_id: id, ...passport }))
  await tx`
    update passports p set created_at = r.created_at, published_at = r.published_at, status = r.status,
      status_version = r.status_version, category = r.category, data_version = r.data_version, owner_id = r.owner_id,
      owner_version = r.owner_version, deleted = r.deleted
    from json_populate_recordset(null::passports, ${recordset(tx, rows)}) r
    where p.generation = r.generation and p.passport_id = r.passport_id`
  await count(
    tx,
    generation,
    changed.map(([id, passport]) => [before.get(id)!, passport]),
  )
}

async function lockPassports(tx: Tx, generation: number, ids: readonly string[]): Promise<Map<string, Passport>> {
  const sorted = [...new Set(ids)].sort()
  await tx`
    insert into passports (generation, passport_id) select ${generation}, unnest(${sorted}::uuid[])
    on conflict do nothing`
  const rows = await tx<(Passport & { id: string })[]>`
    select passport_id as id, to_json(created_at)#>>'{}' as created_at, to_json(published_at)#>>'{}' as published_at,
      status, status_version, category, data_version, owner_id, owner_version, deleted
    from passports where generation = ${generation} and passport_id = any(${sorted}::uuid[])
    order by passport_id for no key update`
  return new Map(rows.map(({ id, ...passport }) => [id, passport]))
}

/** What a passport adds is taken off as it was and put on as it is. */
async function count(
  tx: Tx,
  { number: generation, timeZone }: Generation,
  changes: readonly (readonly [before: Passport, after: Passport])[],
): Promise<void> {
  const counts = new Map<string, { owner_id: string; status: string; category: string; count: number }>()
  const days = new Map<string, { owner_id: string; day: string; created: number; published: number }>()
  const add = (passport: Passport, sign: 1 | -1): void => {
    const { owner_id, status, category, created_at, published_at, deleted } = passport
    const owner = owner_id ?? nobody
    if (status !== null && !deleted) {
      const of = { owner_id: owner, status, category: category ?? 'other' }
      const key = Object.values(of).join('\n')
      counts.set(key, { ...of, count: (counts.get(key)?.count ?? 0) + sign })
    }
    for (const [what, at] of [
      ['created', created_at],
      ['published', published_at],
    ] as const) {
      if (at === null) continue
      const day = dayOf(timeZone, Date.parse(at))
      const known = days.get(`${owner} ${day}`) ?? { owner_id: owner, day, created: 0, published: 0 }
      days.set(`${owner} ${day}`, { ...known, [what]: known[what] + sign })
    }
  }
  for (const [before, after] of changes) {
    add(before, -1)
    add(after, 1)
  }
  const rows = [...counts.values()].filter(row => row.count !== 0).map(row => ({ generation, ...row }))
  if (rows.length > 0) {
    await tx`
      insert into passport_counts as c
      select * from json_populate_recordset(null::passport_counts, ${recordset(tx, rows)})
      order by owner_id, status, category
      on conflict (generation, owner_id, status, category) do update set count = c.count + excluded.count`
    await tx`delete from passport_counts where generation = ${generation} and count = 0
      and owner_id = any(${rows.map(row => row.owner_id)}::uuid[])`
  }
  const ofDays = [...days.values()].filter(row => row.created !== 0 || row.published !== 0)
  if (ofDays.length === 0) return
  await tx`
    insert into passport_days as d
    select * from json_populate_recordset(null::passport_days,
      ${recordset(
        tx,
        ofDays.map(row => ({ generation, ...row })),
      )})
    order by day, owner_id
    on conflict (generation, day, owner_id) do update set created = d.created + excluded.created,
      published = d.published + excluded.published`
  await tx`delete from passport_days where generation = ${generation} and created = 0 and published = 0
    and owner_id = any(${ofDays.map(row => row.owner_id)}::uuid[])`
}
