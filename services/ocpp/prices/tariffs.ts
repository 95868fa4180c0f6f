import { getChargerTariffs, TariffPublished, TariffWithdrawn } from '#contracts/billing'
import { StationCreated, StationUpdated } from '#contracts/stations'
import { Problem, type Db, type Tx } from '#kernel'
import { findCharger, type Charger } from '../chargers/store.ts'
import { answerOf, type CallCharger } from '../commands/call.ts'
import type { OcppHost } from '../host.ts'
import {
  askFor,
  doubt,
  dropTariff,
  listDue,
  listTariffs,
  noteAgain,
  noteDone,
  noteTariff,
  sinceWhen,
  type ChargerTariff,
} from './store.ts'
import { idOf, tariffOf, textOf, type Told } from './terms.ts'

const minuteMs = 60_000

/**
 * Tells chargers that show prices what charging costs: those of 2.1 by tariffs that they count with (I07), those of
 * 2.0.1 by the text that they show instead (I01). Anew whenever they start, a tariff of their owner changes, or they
 * stand for another station.
 */
export function tellTariffs(host: OcppHost, call: CallCharger): void {
  const { db, now } = host
  const telling = host.job(
    'tell a charger what charging costs',
    async ({ chargerId }: { chargerId: string }) => await bringUpToDate(host, call, chargerId),
    { tries: 3, urgency: 'bulk' },
  )
  host.every('10 seconds', 'tell chargers what charging costs', async () => {
    const due = await listDue(db, now())
    if (due.length === 0) return
    await db.transaction(async tx => {
      for (const { id: chargerId } of due) await tx.enqueue(telling, { chargerId }, { key: chargerId })
    })
  })
  for (const event of [TariffPublished, TariffWithdrawn])
    host.on(
      event,
      { id: 'prices', purpose: 'tell chargers of new prices', from: 'now', afterFailure: 'pass' },
      ({ owner }, tx) => askFor(tx, { ownerId: owner.id }, now()),
    )
  for (const event of [StationCreated, StationUpdated])
    host.on(
      event,
      { id: 'prices', purpose: 'tell chargers of prices at their station', from: 'now', afterFailure: 'pass' },
      async ({ chargerId }, tx) => {
        if (chargerId) await askFor(tx, { chargers: [chargerId] }, now())
      },
    )
}

/** Chargers that have started are told again. */
export async function tellStarted({ now }: OcppHost, tx: Tx, started: readonly string[]): Promise<void> {
  await doubt(tx, started)
  await askFor(tx, { chargers: started }, now())
}

type Send = (action: string, payload: object) => Promise<Record<string, unknown>>

async function bringUpToDate(host: OcppHost, call: CallCharger, chargerId: string): Promise<void> {
  const { ask, db, now, log } = host
  const [charger, since] = await Promise.all([findCharger(db, chargerId), sinceWhen(db, chargerId)])
  if (!since || !charger?.connectionId || charger.status !== 'accepted') return
  const actor = { userId: null, role: 'system' } as const
  const send: Send = async (action, payload) => {
    const { commandId, ended } = await call({ actor }, charger, action, payload)
    // That it is rejected is an answer too.
    return ended?.outcome === 'answered' ? (ended.answer as Record<string, unknown>) : answerOf(commandId, ended)
  }
  try {
    const { tariffs } = await ask(getChargerTariffs, { chargerId })
    const isDone =
      charger.ocppVersion === 'ocpp2.1'
        ? await setTariffs(host, charger, tariffs, send)
        : await showText(host, charger, tariffs, send)
    const again = new Date(now().getTime() + minuteMs)
    await db.transaction(tx => (isDone ? noteDone(tx, chargerId, since) : noteAgain(tx, chargerId, again)))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    log.debug({ err: error, chargerId }, 'a charger was not told what charging costs')
    await db.transaction(tx => noteAgain(tx, chargerId, new Date(now().getTime() + 5 * minuteMs)))
  }
}

type Wanted = readonly { readonly evse: number; readonly tariff: Told | null }[]

/** What all EVSEs cost comes first, as it takes the place of what there was of each. */
async function setTariffs(host: OcppHost, { id: chargerId }: Charger, wanted: Wanted, send: Send): Promise<true> {
  const { db, now } = host
  const known = new Map((await listTariffs(db, chargerId)).map(row => [row.evse, row]))
  const priced = wanted.flatMap(({ evse, tariff }) => (tariff ? { evse, tariff, id: idOf(tariff, evse) } : []))
  const isAsKnown = (evse: number, id: string): boolean => {
    const row = known.get(evse)
    return row?.tariffId === id && row.state !== 'unknown'
  }
  let isAnew = false
  for (const { evse, tariffId } of known.values())
    if (!priced.some(one => one.evse === evse)) {
      await clear(send, { tariffIds: [tariffId] })
      await db.transaction(tx => dropTariff(tx, chargerId, evse))
      isAnew = true
    }
  for (const { evse, tariff, id } of priced.toSorted((one, other) => one.evse - other.evse)) {
    if (isAsKnown(evse, id) && !isAnew) continue
    if (evse === 0) isAnew = true
    const payload = tariffOf(tariff, id)
    const { state, said } = await set(send, evse, payload)
    const row: ChargerTariff = { evse, tariffId: id, tariff: payload, state, said, at: now() }
    await db.transaction(tx => noteTariff(tx, chargerId, row))
  }
  // Where connectors of one EVSE cost differently, none of their prices is shown.
  if (isAnew) for (const { evse, tariff } of wanted) if (evse !== 0 && !tariff) await clear(send, { evseId: evse })
  return true
}

async function set(send: Send, evseId: number, tariff: object): Promise<Pick<ChargerTariff, 'state' | 'said'>> {
  try {
    const { status } = await send('SetDefaultTariff', { evseId, tariff })
    // One of this id has these terms and is of this EVSE.
    const isThere = status === 'Accepted' || status === 'DuplicateTariffId'
    return { state: isThere ? 'accepted' : 'refused', said: String(status) }
  } catch (error) {
    // A charger that counts with no tariffs.
    if (error instanceof Problem && error.code === 'command_failed')
      return { state: 'refused', said: String(error.details.errorCode ?? 'InternalError') }
    throw error
  }
}

async function clear(send: Send, payload: object): Promise<void> {
  try {
    await send('ClearTariffs', payload)
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'command_failed')) throw error
  }
}

const controller = 'TariffCostCtrlr'

/** What a charger shows where it knows no other price (2.0.1, I01), if it said that it has such a text. */
async function showText(
  { db, now }: OcppHost,
  { id: chargerId, bootedAt }: Charger,
  wanted: Wanted,
  send: Send,
): Promise<boolean> {
  const values = await valuesOf(db, chargerId)
  // It is about to say what it has.
  if (values.size === 0) return bootedAt === null || now().getTime() - bootedAt.getTime() > 10 * minuteMs
  const everywhere = wanted.find(({ evse }) => evse === 0)?.tariff
  // One text is for all EVSEs: where they differ it says nothing that is wrong.
  const tariff = wanted.every(({ tariff }) => tariff?.tariffId === everywhere?.tariffId) ? everywhere : undefined
  const texts = {
    TariffFallbackMessage: tariff ? textOf(tariff.terms).slice(0, 255) : '',
    Currency: tariff?.terms.currency,
  }
  const setVariableData = Object.entries(texts).flatMap(([name, value]) =>
    value !== undefined && values.has(name) && (values.get(name) ?? '') !== value
      ? { component: { name: controller }, variable: { name }, attributeValue: value }
      : [],
  )
  if (setVariableData.length > 0) await send('SetVariables', { setVariableData })
  return true
}

/** What the controller of prices is set to. */
async function valuesOf(db: Db, chargerId: string): Promise<Map<string, string | null>> {
  const rows = await db<{ variable: string; value: string | null }[]>`
    select variable, value from variables
    where charger_id = ${chargerId} and component = ${controller} and evse = 0 and connector = 0
      and variable_instance = '' and attribute = 'Actual'`
  return new Map(rows.map(({ variable, value }) => [variable, value]))
}
