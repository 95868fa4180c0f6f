import type { Owner } from '#contracts/shared'
import { madeIn, type Db, type Tx, type Span } from '#kernel'
import type { Treatment } from '#money/tax'

/** Where a session is, as far as its price depends on that. */
export interface ChargePlace {
  readonly timeZone: string
  /** ISO 3166-1 alpha-3. */
  readonly country: string | null
  readonly region: string | null
}

export interface Charge {
  readonly sessionId: string
  readonly chargerId: string
  readonly stationId: string | null
  readonly evse: number
  readonly connector: number
  readonly seller: Owner | null
  readonly driverId: string | null
  /** What was shown to the charger. */
  readonly token: string | null
  /** The company that pays, by which of its cards, and where it books that; null where the driver pays. */
  readonly companyId: string | null
  readonly cardId: string | null
  readonly costCentreId: string | null
  readonly startedAt: Date
  readonly endedAt: Date | null
  readonly energyWh: bigint
  readonly toldAt: Date
  readonly state: 'running' | 'due' | 'charged' | 'free' | 'refused'
  readonly agreedAt: Date | null
  readonly tariffId: string | null
  readonly version: number | null
  readonly quoteId: string | null
  readonly place: ChargePlace | null
  readonly revision: number
  readonly price: object | null
  /** How what is booked is taxed; null where nobody had said yet who sells. */
  readonly taxed: { readonly treatment: Treatment; readonly buyerTaxId: string | null } | null
  readonly currency: string | null
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly owedMinor: bigint
  /** What of these was given back by hand: never more than the session costs. */
  readonly creditedNetMinor: bigint
  readonly creditedTaxMinor: bigint
  readonly chargedAt: Date | null
  /** Who was asked to pay when it was booked; null where nobody was known. */
  readonly bookedOn: Owner | null
  /** Whether they pay it by invoice. */
  readonly onAccount: boolean
  /** Of the booking that is on an invoice, and the latest invoice it is on. */
  readonly invoicedRevision: number
  readonly invoiceId: string | null
}

const columns = (db: Db) => db`
  session_id as "sessionId", charger_id as "chargerId", station_id as "stationId", evse, connector,
  case when seller_id is not null then json_build_object('kind', seller_kind, 'id', seller_id) end as seller,
  driver_id as "driverId", token, company_id as "companyId", card_id as "cardId", cost_centre_id as "costCentreId",
  started_at as "startedAt", ended_at as "endedAt", energy_wh as "energyWh",
  told_at as "toldAt", state, agreed_at as "agreedAt", tariff_id as "tariffId", version, quote_id as "quoteId", place,
  revision, price, taxed, currency, net_minor as "netMinor", tax_minor as "taxMinor", total_minor as "totalMinor",
  owed_minor as "owedMinor", credited_net_minor as "creditedNetMinor", credited_tax_minor as "creditedTaxMinor",
  charged_at as "chargedAt",
  case when booked_id is not null then json_build_object('kind', booked_kind, 'id', booked_id) end as "bookedOn",
  on_account as "onAccount", invoiced_revision as "invoicedRevision", invoice_id as "invoiceId"`

export async function findCharge(db: Db, sessionId: string): Promise<Charge | undefined> {
  const [row] = await db<Charge[]>`select ${columns(db)} from charges where session_id = ${sessionId}`
  return row
}

export async function lockCharge(tx: Tx, sessionId: string): Promise<Charge | undefined> {
  const [row] = await tx<Charge[]>`select ${columns(tx)} from charges where session_id = ${sessionId} for update`
  return row
}

/** In one order, as whoever wants the same waits for the others. */
export const lockCharges = (tx: Tx, sessionIds: readonly string[]) => tx<Charge[]>`
  select ${columns(tx)} from charges where session_id = any(${sessionIds as string[]}::uuid[])
  order by session_id for update`

/** Of a driver or of sellers, the newest first. */
export const listCharges = (
  db: Db,
  of: {
    driverId?: string | undefined
    sellers?: readonly string[] | undefined
    started?: Span
  },
  limit: number,
  before: string | undefined,
) => db<Charge[]>`
  select ${columns(db)} from ${
    // Of each its newest along the index: who has sold a million has them read one by one, too.
    of.sellers === undefined || of.driverId !== undefined
      ? db`charges`
      : db`unnest(${of.sellers as string[]}::uuid[]) as seller (of_id) cross join lateral (
          select * from charges where seller_id = of_id ${before === undefined ? db`` : db`and session_id < ${before}`}
            ${madeIn(db, 'started_at', of.started ?? {})}
          order by session_id desc limit ${limit}) c`
  }
  where true ${of.driverId === undefined ? db`` : db`and driver_id = ${of.driverId}`}
    ${of.sellers === undefined ? db`` : db`and seller_id = any(${of.sellers as string[]}::uuid[])`}
    ${before === undefined ? db`` : db`and session_id < ${before}`} ${madeIn(db, 'started_at', of.started ?? {})}
  order by session_id desc limit ${limit}`

/** Ended before then, and not on an invoice as it is booked now. */
export const isUninvoiced = (db: Db, before: Date) => db`
  state = 'charged' and taxed is not null and invoiced_revision < revision and driver_id is not null
    and booked_id is not null and ended_at < ${before}`

export const mostCharges = 10_000

/** Of a seller to these; of each the oldest first. */
export const listUninvoiced = (db: Db, sellerId: string, buyers: readonly Owner[], before: Date) => db<Charge[]>`
  select ${columns(db)} from charges
  where ${isUninvoiced(db, before)} and seller_id = ${sellerId} and booked_id = any(${buyers.map(({ id }) => id)}::uuid[])
  order by booked_id, session_id limit ${mostCharges}`

/** Who has some of a seller, in the order of their ids. */
export const listUninvoicedBuyers = (db: Db, sellerId: string, before: Date, after: string, limit: number) => db<
  Owner[]
>`
  select distinct booked_kind as kind, booked_id as id from charges
  where ${isUninvoiced(db, before)} and seller_id = ${sellerId} and booked_id > ${after}
  order by booked_id, booked_kind limit ${limit}`

/** What a company pays, the newest first; of a cost centre, and ended within a time, if that is said. */
export const listCompanyCharges = (
  db: Db,
  {
    companyId,
    costCentreId,
    from,
    to,
    started = {},
  }: { companyId: string; costCentreId?: string | undefined; from?: Date; to?: Date; started?: Span },
  limit: number,
  before?: string,
) => db<Charge[]>`
  select ${columns(db)} from charges
  where company_id = ${companyId} ${costCentreId === undefined ? db`` : db`and cost_centre_id = ${costCentreId}`}
    ${from === undefined ? db`` : db`and ended_at >= ${from}`} ${to === undefined ? db`` : db`and ended_at < ${to}`}
    ${madeIn(db, 'started_at', started)} ${before === undefined ? db`` : db`and session_id < ${before}`}
  order by session_id desc limit ${limit}`

/** What is told of a session. */
export interface Told {
  readonly sessionId: string
  readonly chargerId: string
  readonly stationId: string | null
  readonly evse: number
  readonly connector: number
  readonly owner: Owner | null
  readonly driverId: string | null
  readonly token?: { readonly idToken: string } | null
  readonly startedAt: string
  readonly endedAt?: string | null
  readonly energyWh: number
  readonly updatedAt: string
}

/**
 * Keeps what was told of a session last, in whatever order it is told; true where something about its end changed, so
 * that it has to be charged (again).
 */
export async function follow(tx: Tx, told: Told): Promise<{ isDue: boolean; isOpen: boolean }> {
  const { sessionId, owner, endedAt = null } = told
  const [row] = await tx<{ isDue: boolean; isOpen: boolean }[]>`
    insert into charges as c (session_id, charger_id, station_id, evse, connector, seller_kind, seller_id, driver_id, token,
      started_at, ended_at, energy_wh, told_at, state)
    values (${sessionId}, ${told.chargerId}, ${told.stationId}, ${told.evse}, ${told.connector}, ${owner?.kind ?? null},
      ${owner?.id ?? null}, ${told.driverId}, ${told.token?.idToken ?? null}, ${told.startedAt}, ${endedAt}, ${told.energyWh}, ${told.updatedAt},
      ${endedAt === null ? 'running' : 'due'})
    on conflict (session_id) do update set
      station_id = coalesce(excluded.station_id, c.station_id), evse = excluded.evse, connector = excluded.connector,
      -- Who sold when it was agreed on is paid, whoever has the charger since.
      seller_kind = case when c.agreed_at is not null and c.seller_id is not null then c.seller_kind
        else coalesce(excluded.seller_kind, c.seller_kind) end,
      seller_id = case when c.agreed_at is not null and c.seller_id is not null then c.seller_id
        else coalesce(excluded.seller_id, c.seller_id) end,
      driver_id = coalesce(c.driver_id, excluded.driver_id), token = coalesce(c.token, excluded.token),
      -- Quotes and groups are of a driver.
      agreed_at = case when c.driver_id is null and excluded.driver_id is not null and c.revision = 0 then null
        else c.agreed_at end,
      started_at = excluded.started_at,
      ended_at = excluded.ended_at, energy_wh = excluded.energy_wh, told_at = excluded.told_at,
      state = excluded.state
    where (c.told_at, c.ended_at is not null, c.energy_wh)
      < (excluded.told_at, excluded.ended_at is not null, excluded.energy_wh)
    returning state = 'due' as "isDue", agreed_at is null as "isOpen"`
  return row ?? { isDue: false, isOpen: false }
}

/** Sessions at a charger of which nobody knew where it is. */
export const listNowhere = (db: Db, chargerId: string) => db<{ sessionId: string; isDue: boolean }[]>`
  select session_id as "sessionId", state = 'due' as "isDue" from charges
  where charger_id = ${chargerId} and agreed_at is null and state in ('running', 'due') order by session_id limit 1000`

/** Where a charger stands, of which the latest holds. */
export const noteStation = (tx: Tx, chargerId: string, stationId: string, at: string) => tx`
  insert into charger_stations as s (charger_id, station_id, station_at) values (${chargerId}, ${stationId}, ${at})
  on conflict (charger_id) do update set station_id = excluded.station_id, station_at = excluded.station_at
  where s.station_at < excluded.station_at`

/** The station that a charger stood for last. */
export async function stationOf(db: Db, chargerId: string): Promise<string | undefined> {
  const [row] = await db<{ stationId: string }[]>`
    select station_id as "stationId" from charger_stations where charger_id = ${chargerId}`
  return row?.stationId
}

/** Told of before then, and not booked yet, behind one. */
export async function listDue(db: Db, before: Date, after: string | undefined, limit: number): Promise<string[]> {
  const rows = await db<{ sessionId: string }[]>`
    select session_id as "sessionId" from charges
    where state = 'due' and told_at < ${before} ${after === undefined ? db`` : db`and session_id > ${after}`}
    order by session_id limit ${limit}`
  return rows.map(({ sessionId }) => sessionId)
}

/**
 * Whose a session is may be known later than its begin: a card is shown to a charger that runs already. It is agreed on
 * anew then, as quotes and groups are of a driver, or booked again. Undefined where that was known.
 */
export async function noteDriver(
  tx: Tx,
  sessionId: string,
  driverId: string,
  token: string | null,
): Promise<{ isDue: boolean } | undefined> {
  const [row] = await tx<{ isDue: boolean }[]>`
    update charges set driver_id = ${driverId}, token = coalesce(token, ${token}), agreed_at = case when revision > 0 then agreed_at end,
      state = case when state = 'running' then state else 'due' end
    where session_id = ${sessionId} and driver_id is null returning state = 'due' as "isDue"`
  return row
}

export interface Agreement {
  readonly stationId: string
  /** Whose the station is, where nobody had said whose the charger is. */
  readonly owner: Owner | null
  readonly tariffId: string | null
  readonly version: number | null
  readonly quoteId: string | null
  readonly place: ChargePlace | null
}

export const setAgreement = (tx: Tx, sessionId: string, agreement: Agreement, at: Date) => {
  const { stationId, owner, tariffId, version, quoteId, place } = agreement
  return tx`
    update charges set station_id = coalesce(station_id, ${stationId}),
      seller_kind = coalesce(seller_kind, ${owner?.kind ?? null}), seller_id = coalesce(seller_id, ${owner?.id ?? null}),
      tariff_id = ${tariffId}, version = ${version},
      quote_id = ${quoteId}, place = ${place && tx.json(place as never)}, agreed_at = ${at}
    where session_id = ${sessionId} and agreed_at is null`
}

/** Who is going to be asked to pay, as is known by now. */
export const setPayer = (
  tx: Tx,
  sessionId: string,
  payer: Pick<Charge, 'companyId' | 'cardId' | 'costCentreId'> | undefined,
) => tx`
  update charges set company_id = ${payer?.companyId ?? null}, card_id = ${payer?.cardId ?? null},
    cost_centre_id = ${payer?.costCentreId ?? null}
  where session_id = ${sessionId}`

export const setFree = (tx: Tx, sessionId: string) => tx`
  update charges set state = 'free' where session_id = ${sessionId} and state = 'due' and revision = 0`

/** What was booked of it before stays. */
export const setRefused = (tx: Tx, { sessionId, toldAt }: Pick<Charge, 'sessionId' | 'toldAt'>) => tx`
  update charges set state = 'refused' where session_id = ${sessionId} and state = 'due' and told_at = ${toldAt}`

export const setCharged = (
  tx: Tx,
  {
    sessionId,
    revision,
    price,
    taxed,
    currency,
    netMinor,
    taxMinor,
    totalMinor,
    owedMinor,
    creditedNetMinor,
    creditedTaxMinor,
    chargedAt,
    bookedOn,
    onAccount,
  }: Pick<
    Charge,
    | 'sessionId'
    | 'revision'
    | 'price'
    | 'taxed'
    | 'currency'
    | 'netMinor'
    | 'taxMinor'
    | 'totalMinor'
    | 'owedMinor'
    | 'creditedNetMinor'
    | 'creditedTaxMinor'
    | 'chargedAt'
    | 'bookedOn'
    | 'onAccount'
  >,
) => tx`
  update charges set state = 'charged', revision = ${revision}, price = ${tx.json(price as never)},
    taxed = ${taxed && tx.json(taxed as never)}, currency = ${currency},
    net_minor = ${netMinor.toString()}, tax_minor = ${taxMinor.toString()}, total_minor = ${totalMinor.toString()},
    owed_minor = ${owedMinor.toString()}, credited_net_minor = ${creditedNetMinor.toString()},
    credited_tax_minor = ${creditedTaxMinor.toString()}, charged_at = ${chargedAt},
    booked_kind = ${bookedOn?.kind ?? null}, booked_id = ${bookedOn?.id ?? null}, on_account = ${onAccount}
  where session_id = ${sessionId}`

/** As much more of it was given back by hand. */
export const addCredited = (
  tx: Tx,
  sessionId: string,
  { netMinor, taxMinor }: { netMinor: bigint; taxMinor: bigint },
) => tx`
  update charges set credited_net_minor = credited_net_minor + ${netMinor.toString()},
    credited_tax_minor = credited_tax_minor + ${taxMinor.toString()}
  where session_id = ${sessionId}`
