import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import { mayWrite, type Actor } from '#kernel'

/** Nobody, where whose a thing is stands to be compared. */
export const nobody = '00000000-0000-0000-0000-000000000000'

/** Operators see to what is theirs and to what is nobody's yet, admins to all. */
export const mayManage = (actor: Actor, owner: Owner | null): boolean =>
  actor.role === 'admin' || (actor.role === 'operator' && (owner === null || mayWrite(actor, { owner })))

/** The owner in the columns of a table that goes by `alias`. */
export const ownerColumn = (db: Db, alias: string) =>
  db.unsafe(
    `case when ${alias}.owner_id is not null then json_build_object('kind', ${alias}.owner_kind, 'id', ${alias}.owner_id) end`,
  )

/** What is told of these chargers is written by one transaction at a time. */
export async function lockChargers(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const sorted = [...new Set(ids)].sort()
  await tx`insert into chargers (id) select unnest(${sorted}::text[]) on conflict do nothing`
  await tx`select from chargers where id = any(${sorted}::text[]) order by id for no key update`
  return sorted
}

export interface ToldCharger {
  readonly id: string
  readonly owner: Owner | null
  readonly accepted: boolean
  readonly removed: boolean
  readonly at: string
  readonly version: number
}

/** What was told last of a charger. */
export const noteCharger = (tx: Tx, { id, owner, accepted, removed, at, version }: ToldCharger) => tx`
  update chargers set owner_kind = ${owner?.kind ?? null}, owner_id = ${owner?.id ?? null}, accepted = ${accepted},
    removed_at = ${removed ? at : null}, told_at = ${at}, told_version = ${version}
  where id = ${id} and (told_at is null or (told_at, told_version) < (${at}::timestamptz, ${version}::int))`

export interface ToldStation {
  readonly id: string
  readonly chargerId: string | null
  readonly owner: Owner | null
  /** Unless it is gone. */
  readonly name: string | undefined
  readonly version: number
  readonly at: string
}

/** What was told last of a station; gives the chargers that stood or stand there. */
export async function noteStation(tx: Tx, station: ToldStation): Promise<string[]> {
  const { id, chargerId, owner, name, version, at } = station
  const [before] = await tx<{ chargerId: string | null }[]>`
    select charger_id as "chargerId" from stations where id = ${id} for update`
  await tx`
    insert into stations as s (id, charger_id, owner_kind, owner_id, name, version, station_at, deleted)
    values (${id}, ${chargerId}, ${owner?.kind ?? null}, ${owner?.id ?? null}, ${name ?? ''}, ${version}, ${at},
      ${name === undefined})
    on conflict (id) do update set charger_id = excluded.charger_id, owner_kind = excluded.owner_kind,
      owner_id = excluded.owner_id, name = excluded.name,
      version = excluded.version, station_at = excluded.station_at, deleted = excluded.deleted
    where s.version < excluded.version`
  return [before?.chargerId, chargerId].filter(charger => charger !== null && charger !== undefined)
}

/**
 * A charger has a connection, or (`at`) has lost it; of an earlier one nothing is noted. Gives those of which something
 * was.
 */
export const noteConnection = (tx: Tx, id: string, connectionId: string, at: string | null) => tx<{ id: string }[]>`
  update chargers set connection_id = ${connectionId}, disconnected_at = ${at}
  where id = ${id} and (connection_id is null or connection_id < ${connectionId}
    or (connection_id = ${connectionId} and disconnected_at is null and ${at}::timestamptz is not null))
  returning id`

/** Where chargers stand, whose they are and what people call the place, as is known now. */
export const placesOf = (db: Db, chargerIds: readonly string[]) => db`
  select c.id as charger_id, c.told_at is not null as known, c.removed_at, s.id as station_id,
    case when s.owner_id is not null then s.owner_kind else c.owner_kind end as owner_kind,
    coalesce(s.owner_id, c.owner_id) as owner_id, coalesce(s.name, c.id) as place
  from chargers c
  left join lateral (select * from stations s where s.charger_id = c.id and not s.deleted
    order by s.station_at desc, s.id desc limit 1) s on true
  where c.id = any(${chargerIds as string[]})`
