import type { OcppVersion } from '#contracts/ocpp'
import { stringify, type Db, type Tx } from '#kernel'

/** Chargers that show prices, by what they are or whose: they are told anew what charging costs. */
export const askFor = (tx: Tx, of: { chargers: readonly string[] } | { ownerId: string }, at: Date) => tx`
  insert into prices_due (charger_id, since, after)
  select id, ${at}, ${at} from chargers
  where ocpp_version <> 'ocpp1.6'
    and ${'ownerId' in of ? tx`owner_id = ${of.ownerId}` : tx`id = any(${of.chargers as string[]})`}
  on conflict (charger_id) do update set since = excluded.since, after = excluded.after`

/** What they were told before may be gone with their start. */
export const doubt = (tx: Tx, chargers: readonly string[]) => tx`
  update charger_tariffs set state = 'unknown' where charger_id = any(${chargers as string[]})`

/** Those that are there and can be told now. */
export const listDue = (db: Db, at: Date) => db<{ id: string }[]>`
  select c.id from prices_due d join chargers c on c.id = d.charger_id
  where d.after <= ${at} and c.connection_id is not null and c.status = 'accepted' order by d.since limit 200`

export async function sinceWhen(db: Db, chargerId: string): Promise<Date | undefined> {
  const [row] = await db<{ since: Date }[]>`select since from prices_due where charger_id = ${chargerId}`
  return row?.since
}

/** Unless there was reason to tell it anew meanwhile. */
export const noteDone = (tx: Tx, chargerId: string, since: Date) => tx`
  delete from prices_due where charger_id = ${chargerId} and since = ${since}`

export const noteAgain = (tx: Tx, chargerId: string, after: Date) => tx`
  update prices_due set after = ${after} where charger_id = ${chargerId}`

/** What a charger was told of an EVSE, and what it said. */
export interface ChargerTariff {
  readonly evse: number
  readonly tariffId: string
  readonly tariff: object
  readonly state: 'accepted' | 'refused' | 'unknown'
  readonly said: string
  readonly at: Date
}

export const listTariffs = (db: Db, chargerId: string) => db<ChargerTariff[]>`
  select evse, tariff_id as "tariffId", tariff, state, said, at from charger_tariffs
  where charger_id = ${chargerId} order by evse`

export const noteTariff = (tx: Tx, chargerId: string, row: ChargerTariff) => tx`
  insert into charger_tariffs (charger_id, evse, tariff_id, tariff, state, said, at)
  values (${chargerId}, ${row.evse}, ${row.tariffId}, ${tx.json(row.tariff as never)}, ${row.state}, ${row.said}, ${row.at})
  on conflict (charger_id, evse) do update set tariff_id = excluded.tariff_id, tariff = excluded.tariff,
    state = excluded.state, said = excluded.said, at = excluded.at`

export const dropTariff = (tx: Tx, chargerId: string, evse: number) => tx`
  delete from charger_tariffs where charger_id = ${chargerId} and evse = ${evse}`

/** A transaction at a charger that shows what it costs, with what it was told last. */
export interface Costing {
  readonly id: string
  readonly chargerId: string
  readonly reference: string
  readonly evse: number
  readonly ocppVersion: OcppVersion
  readonly total: string | null
  readonly isFinal: boolean
  readonly tariffId: string | null
  /** What the charger takes for the tariff of the EVSE. */
  readonly defaultId: string | null
}

const costing = (db: Db) => db`
  t.id, t.charger_id as "chargerId", t.reference, t.evse, c.ocpp_version as "ocppVersion", k.total::text as total,
  coalesce(k.is_final, false) as "isFinal", k.tariff_id as "tariffId", (
    select d.tariff_id from charger_tariffs d
    where d.charger_id = t.charger_id and d.evse in (0, t.evse) and d.state = 'accepted'
    order by d.evse desc limit 1) as "defaultId"
  from chargers c join transactions t on t.charger_id = c.id left join transaction_costs k on k.transaction_id = t.id`

/** Those that go on, behind one. */
export const listCosting = (db: Db, after: string | undefined, limit: number) => db<Costing[]>`
  select ${costing(db)}
  where c.connection_id is not null and c.ocpp_version <> 'ocpp1.6' and c.status = 'accepted' and t.ended_at is null
    and t.begun_at is not null and not coalesce(k.is_final, false) ${after ? db`and t.id > ${after}` : db``}
  order by t.id limit ${limit}`

export const findCosting = (db: Db, ids: readonly string[]) => db<Costing[]>`
  select ${costing(db)} where t.id = any(${ids as string[]}::uuid[]) and c.ocpp_version <> 'ocpp1.6'`

export const noteCosts = (tx: Tx, rows: readonly Costing[], at: Date) => tx`
  insert into transaction_costs as k select * from json_populate_recordset(null::transaction_costs, ${tx.typed(
    // Texts of no type: the driver's JSON would be quoted once more.
    stringify(
      rows.map(row => ({
        transaction_id: row.id,
        charger_id: row.chargerId,
        reference: row.reference,
        total: row.total,
        is_final: row.isFinal,
        tariff_id: row.tariffId,
        at,
      })),
    ) as never,
    705,
  )})
  on conflict (transaction_id) do update set total = excluded.total, is_final = excluded.is_final,
    tariff_id = excluded.tariff_id, at = excluded.at
  -- What was booked is told later than what was thought of before.
  where not k.is_final or excluded.is_final`

/** What a charger was told of a transaction, by what it calls it. */
export async function findCost(db: Db, chargerId: string, reference: string): Promise<Cost | undefined> {
  const [row] = await db<Cost[]>`
    select total::float8 as total, is_final as "isFinal" from transaction_costs
    where charger_id = ${chargerId} and reference = ${reference} and total is not null limit 1`
  return row
}

/** In major units. */
export interface Cost {
  readonly total: number
  readonly isFinal: boolean
}

export const forgetCosts = (tx: Tx, before: Date) => tx`delete from transaction_costs where at < ${before}`
