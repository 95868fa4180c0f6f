import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import { stateOf, type Firmware } from './firmware.ts'

export interface Campaign {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly firmware: Firmware
  readonly startsAt: Date
  readonly from: string | null
  readonly to: string | null
  readonly share: number
  readonly stopAfter: number
  readonly state: 'running' | 'paused' | 'stopped' | 'cancelled' | 'done'
  readonly createdAt: Date
  readonly endedAt: Date | null
  readonly version: number
}

export interface Update {
  readonly id: string
  readonly campaignId: string | null
  readonly chargerId: string
  readonly firmware: Firmware
  readonly state: 'waiting' | 'asked' | 'under-way' | 'installed' | 'failed' | 'cancelled'
  readonly said: string | null
  readonly createdAt: Date
  readonly changedAt: Date
}

const columns = (db: Db) => db`
  id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, firmware, starts_at as "startsAt",
  window_from as "from", window_to as "to", share, stop_after as "stopAfter", state, created_at as "createdAt",
  ended_at as "endedAt", version`
const updateColumns = (db: Db) => db`
  id, campaign_id as "campaignId", charger_id as "chargerId", firmware, state, said, created_at as "createdAt",
  changed_at as "changedAt"`

export const insertCampaign = (tx: Tx, c: Campaign) => tx`
  insert into firmware_campaigns (id, owner_kind, owner_id, name, firmware, starts_at, window_from, window_to, share,
    stop_after, state, created_at)
  values (${c.id}, ${c.owner.kind}, ${c.owner.id}, ${c.name}, ${tx.json(c.firmware as never)}, ${c.startsAt},
    ${c.from}, ${c.to}, ${c.share}, ${c.stopAfter}, ${c.state}, ${c.createdAt})`

export const updateCampaign = (tx: Tx, { id, share, stopAfter, state, endedAt, version }: Campaign) => tx`
  update firmware_campaigns set share = ${share}, stop_after = ${stopAfter}, state = ${state}, ended_at = ${endedAt},
    version = ${version}
  where id = ${id}`

export async function findCampaign(db: Db, id: string): Promise<Campaign | undefined> {
  const [row] = await db<Campaign[]>`select ${columns(db)} from firmware_campaigns where id = ${id}`
  return row
}

export async function lockCampaign(tx: Tx, id: string): Promise<Campaign | undefined> {
  const [row] = await tx<Campaign[]>`select ${columns(tx)} from firmware_campaigns where id = ${id} for update`
  return row
}

/** The newest first. */
export const listCampaigns = (
  db: Db,
  owners: readonly string[] | undefined,
  limit: number,
  before: string | undefined,
) => db<Campaign[]>`
  select ${columns(db)} from firmware_campaigns
  where true ${owners ? db`and owner_id = any(${owners as string[]})` : db``} ${before ? db`and id < ${before}` : db``}
  order by id desc limit ${limit}`

/** Those that are due; each is looked at by one process at a time. */
export const dueCampaigns = (tx: Tx, at: Date) => tx<Campaign[]>`
  select ${columns(tx)} from firmware_campaigns where state = 'running' and starts_at <= ${at}
  order by id limit 100 for update skip locked`

/** Which chargers a campaign is for. */
export interface Group {
  readonly chargers?: readonly string[] | undefined
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly firmware?: string | undefined
}

/** Ids of the chargers of a group; `scopes` as `scopesFor` has them. */
export async function chargersOf(
  db: Db,
  group: Group,
  scopes: readonly (string | null)[] | undefined,
): Promise<string[]> {
  const { chargers, vendor, model, firmware } = group
  const rows = await db<{ id: string }[]>`
    select id from chargers where status <> 'rejected'
      ${chargers ? db`and id = any(${chargers as string[]})` : db``}
      ${vendor ? db`and lower(vendor) = lower(${vendor})` : db``}
      ${model ? db`and lower(model) = lower(${model})` : db``}
      ${firmware ? db`and lower(firmware) = lower(${firmware})` : db``}
      ${scopes ? db`and (owner_id is null or owner_id = any(${scopes.filter(id => id !== null)}::uuid[]))` : db``}
    order by id limit 10001`
  return rows.map(({ id }) => id)
}

export const insertUpdates = (tx: Tx, campaign: Campaign, ids: readonly string[], chargerIds: readonly string[]) => tx`
  insert into firmware_updates (id, campaign_id, charger_id, firmware, state, created_at, changed_at)
  select u.id, ${campaign.id}, u.charger_id, ${tx.json(campaign.firmware as never)}, 'waiting', ${campaign.createdAt},
    ${campaign.createdAt}
  from unnest(${ids as string[]}::uuid[], ${chargerIds as string[]}::text[]) as u (id, charger_id)`

/** One by itself, which has been asked for. Violates `firmware_updates_active` where another is under way. */
export const insertUpdate = (tx: Tx, u: Update & { requestId: number }) => tx`
  insert into firmware_updates (id, charger_id, firmware, request_id, state, created_at, changed_at)
  values (${u.id}, ${u.chargerId}, ${tx.json(u.firmware as never)}, ${u.requestId}, ${u.state}, ${u.createdAt},
    ${u.changedAt})`

export const listUpdates = (
  db: Db,
  of: { campaignId: string; state?: string | undefined } | { chargerId: string; since: Date },
  limit: number,
  before: string | undefined,
) => db<Update[]>`
  select ${updateColumns(db)} from firmware_updates
  where ${
    'chargerId' in of
      ? db`charger_id = ${of.chargerId} and created_at >= ${of.since}`
      : db`campaign_id = ${of.campaignId} ${of.state ? db`and state = ${of.state}` : db``}`
  }
    ${before ? db`and id < ${before}` : db``}
  order by id desc limit ${limit}`

export type Counts = Partial<Record<Update['state'], number>>

/** How far each of these campaigns is. */
export async function countUpdates(db: Db, campaignIds: readonly string[]): Promise<(campaignId: string) => Counts> {
  const rows = await db<{ campaignId: string; state: Update['state']; count: number }[]>`
    select campaign_id as "campaignId", state, count(*)::int as count from firmware_updates
    where campaign_id = any(${campaignIds as string[]}::uuid[]) group by campaign_id, state`
  const counts = Map.groupBy(rows, row => row.campaignId)
  return campaignId => Object.fromEntries((counts.get(campaignId) ?? []).map(({ state, count }) => [state, count]))
}

/** Time zones of the chargers of a campaign that wait. */
export async function zonesOf(db: Db, campaignId: string): Promise<string[]> {
  const rows = await db<{ zone: string }[]>`
    select distinct coalesce(c.time_zone, 'UTC') as zone from firmware_updates u join chargers c on c.id = u.charger_id
    where u.campaign_id = ${campaignId} and u.state = 'waiting'`
  return rows.map(({ zone }) => zone)
}

/** The next that can be asked: connected, accepted, without another update; last those that gave no answer before. */
export const nextUpdates = (tx: Tx, campaignId: string, zones: readonly string[], limit: number) => tx<Update[]>`
  select ${updateColumns(tx)} from firmware_updates u
  where u.campaign_id = ${campaignId} and u.state = 'waiting'
    and exists (
      select from chargers c where c.id = u.charger_id and c.connection_id is not null and c.status = 'accepted'
        and coalesce(c.time_zone, 'UTC') = any(${zones as string[]}))
    and not exists (
      select from firmware_updates o where o.charger_id = u.charger_id and o.state in ('asked', 'under-way'))
  order by u.changed_at, u.charger_id limit ${limit}`

export const noteAsked = (tx: Tx, id: string, ask: { id: string; requestId: number; at: Date }) => tx`
  update firmware_updates set state = 'asked', said = null, ask_id = ${ask.id}, request_id = ${ask.requestId},
    changed_at = ${ask.at}
  where id = ${id} and state = 'waiting'`

export const noteUpdate = (tx: Tx, id: string, state: Update['state'], said: string | null, at: Date) => tx`
  update firmware_updates set state = ${state}, said = ${said}, changed_at = ${at}
  where id = ${id} and state in ('asked', 'under-way')`

/** What became of being asked: who was away waits again, who did not want to has failed. */
export const settleAsked = (tx: Tx, campaignId: string, at: Date) => tx`
  update firmware_updates u set changed_at = ${at},
    state = case when c.outcome in ('offline', 'timeout') then 'waiting' else 'failed' end,
    said = coalesce(c.answer ->> 'status', c.error_code, c.outcome)
  from commands c
  where u.campaign_id = ${campaignId} and u.state = 'asked' and c.request_id = u.ask_id and c.ended_at is not null
    and (c.outcome <> 'answered' or coalesce(c.answer ->> 'status', 'Accepted') not in ('Accepted', 'AcceptedCanceled'))`

/** Who says nothing more for six hours has failed. */
export const failSilent = (tx: Tx, at: Date) => tx`
  update firmware_updates set state = 'failed', said = 'silent', changed_at = ${at}
  where state in ('asked', 'under-way') and changed_at < ${at}::timestamptz - interval '6 hours'`

export const cancelWaiting = (tx: Tx, campaignId: string, at: Date) => tx`
  update firmware_updates set state = 'cancelled', changed_at = ${at}
  where campaign_id = ${campaignId} and state = 'waiting'`

/** A charger that is forgotten takes nothing more: who has its identity next is another one. */
export const cancelUpdatesOf = (tx: Tx, chargerId: string, at: Date) => tx`
  update firmware_updates set state = 'cancelled', changed_at = ${at}
  where charger_id = ${chargerId} and state in ('waiting', 'asked', 'under-way')`

/** Chargers that are somebody else's now take nothing more of campaigns of whom they were. */
export const cancelUpdatesFor = (tx: Tx, chargerIds: readonly string[], owner: Owner, at: Date) => tx`
  update firmware_updates u set state = 'cancelled', changed_at = ${at}
  from firmware_campaigns c
  where c.id = u.campaign_id and c.owner_id <> ${owner.id} and u.charger_id = any(${chargerIds as string[]})
    and u.state = 'waiting'`

/** How far a charger says it is with what it was asked for last. */
export async function noteFirmware(
  tx: Tx,
  chargerId: string,
  { status, requestId, at }: { status: string; requestId?: number | undefined; at: Date },
): Promise<void> {
  const state = stateOf(status)
  if (!state) return
  await tx`
    update firmware_updates set state = ${state}, said = ${status}, changed_at = ${at}
    where charger_id = ${chargerId} and state in ('asked', 'under-way')
      ${requestId === undefined ? tx`` : tx`and request_id = ${requestId}`}`
}
