import { getSessionCosts, SessionCharged } from '#contracts/billing'
import { decimalOf } from '#money/amount'
import { Problem } from '#kernel'
import { findChargers, type Charger } from '../chargers/store.ts'
import { sendToAll } from '../commands/send.ts'
import type { OcppHost } from '../host.ts'
import { findCosting, forgetCosts, listCosting, noteCosts, type Costing } from './store.ts'
import { idOf, tariffOf, type Told } from './terms.ts'

/** So many sessions are asked for at a time. */
const size = 50
const system = { userId: null, role: 'system' } as const

/**
 * Tells chargers of 2.x what their transactions cost (I02, I03): each minute where that has changed, and once it is
 * booked. Of 2.1 also by which tariff, where that is not the one of the EVSE: of a group of drivers, or as quoted.
 */
export function tellCosts(host: OcppHost): void {
  const { db, now, log } = host
  host.every('1 minute', 'tell chargers what their transactions cost', async () => {
    try {
      for (let last: string | undefined, isMore = true; isMore;) {
        const some: readonly Costing[] = await listCosting(db, last, size)
        last = some.at(-1)?.id
        isMore = some.length === size
        if (some.length > 0) await tell(host, some)
      }
    } catch (error) {
      // Nobody charges for anything here, or who does is away.
      if (!(error instanceof Problem && error.kind === 'unavailable')) throw error
      log.debug({ err: error }, 'chargers were not told what their transactions cost')
    }
  })
  host.every('1 day', 'forget what transactions cost', async () => {
    await db.transaction(tx => forgetCosts(tx, new Date(now().getTime() - 7 * 86_400_000)))
  })
  host.onMany(
    SessionCharged,
    { id: 'cost', purpose: 'tell chargers what a transaction cost', from: 'now', afterFailure: 'pass' },
    async (events, tx) => {
      const charged = new Map(events.map(event => [event.sessionId, event]))
      const found = await findCosting(tx, [...charged.keys()])
      if (found.length === 0) return
      const rows = found.map(one => {
        const { totalMinor, currency } = charged.get(one.id)!
        return { ...one, total: decimalOf({ minor: BigInt(totalMinor), currency }), isFinal: true }
      })
      await noteCosts(tx, rows, now())
      const chargers = await chargersOf(tx, rows)
      await sendToAll(
        host,
        tx,
        rows.map(row => ({ ...costUpdated(row, chargers), requestId: charged.get(row.id)!.eventId })),
      )
    },
  )
}

const chargersOf = async (db: Parameters<typeof findChargers>[0], rows: readonly Costing[]) =>
  new Map((await findChargers(db, [...new Set(rows.map(row => row.chargerId))])).map(one => [one.id, one]))

const costUpdated = ({ chargerId, reference, total }: Costing, chargers: ReadonlyMap<string, Charger>) => ({
  charger: chargers.get(chargerId)!,
  chargerId,
  action: 'CostUpdated',
  payload: { totalCost: Number(total), transactionId: reference },
  askedBy: system,
  requestId: null,
})

/** What changed of the costs of these. */
async function tell(host: OcppHost, some: readonly Costing[]): Promise<void> {
  const { ask, db, now } = host
  const { costs } = await ask(getSessionCosts, { sessionIds: some.map(({ id }) => id) })
  const byId = new Map(costs.map(cost => [cost.sessionId, cost]))
  const changed = some.flatMap(before => {
    const cost = byId.get(before.id)
    if (!cost) return []
    const own = before.ocppVersion === 'ocpp2.1' && cost.tariff ? idOf(cost.tariff, before.evse) : null
    // The tariff of all EVSEs is that of each.
    const isDefault = !cost.tariff || [idOf(cost.tariff, 0), own].includes(before.defaultId)
    const tariffId = before.tariffId ?? (own !== null && !isDefault && before.defaultId !== null ? own : null)
    const isDearer = before.total === null || Number(before.total) !== Number(cost.total)
    const isOther = tariffId !== before.tariffId
    if (!isDearer && !isOther) return []
    return { row: { ...before, total: cost.total, isFinal: cost.isFree, tariffId }, cost, isDearer, isOther }
  })
  if (changed.length === 0) return
  await db.transaction(async tx => {
    await noteCosts(
      tx,
      changed.map(({ row }) => row),
      now(),
    )
    const chargers = await chargersOf(
      tx,
      changed.map(({ row }) => row),
    )
    await sendToAll(
      host,
      tx,
      changed.flatMap(({ row, cost, isDearer, isOther }) => [
        ...(isOther ? [changeTariff(row, cost.tariff!, chargers)] : []),
        ...(isDearer ? [costUpdated(row, chargers)] : []),
      ]),
    )
  })
}

/** ChangeTransactionTariff of 2.1 (I11). */
const changeTariff = (row: Costing, tariff: Told, chargers: ReadonlyMap<string, Charger>) => ({
  charger: chargers.get(row.chargerId)!,
  chargerId: row.chargerId,
  action: 'ChangeTransactionTariff',
  payload: { transactionId: row.reference, tariff: tariffOf(tariff, row.tariffId!) },
  askedBy: system,
  requestId: null,
})
