import { newId, type Tx } from '#kernel'
import { findChargers } from '../chargers/store.ts'
import { sendToAll } from '../commands/send.ts'
import { requestIdAt } from '../device/mirror.ts'
import type { OcppHost } from '../host.ts'
import { clockOf, isWithin } from '../tokens/free-vend.ts'
import { firmwareCall } from './firmware.ts'
import {
  countUpdates,
  dueCampaigns,
  failSilent,
  nextUpdates,
  noteAsked,
  settleAsked,
  updateCampaign,
  zonesOf,
  type Campaign,
} from './store.ts'

/** Goes on with campaigns: a few chargers at a time, and no further ones after too many have failed. */
export function runCampaigns(host: OcppHost): void {
  const { db, now } = host
  host.every('5 seconds', 'go on with campaigns of firmware', async () => {
    await db.transaction(async tx => {
      await failSilent(tx, now())
      for (const campaign of await dueCampaigns(tx, now())) await goOn(host, tx, campaign)
    })
  })
}

async function goOn(host: OcppHost, tx: Tx<'ocpp'>, campaign: Campaign): Promise<void> {
  const at = host.now()
  await settleAsked(tx, campaign.id, at)
  const {
    waiting = 0,
    failed = 0,
    asked = 0,
    'under-way': underWay = 0,
  } = (await countUpdates(tx, [campaign.id]))(campaign.id)
  const end = (state: Campaign['state']) =>
    updateCampaign(tx, { ...campaign, state, endedAt: at, version: campaign.version + 1 })
  if (failed >= campaign.stopAfter && waiting > 0) {
    host.log.warn({ campaignId: campaign.id, failed }, 'a campaign of firmware has stopped: too many chargers failed')
    return void (await end('stopped'))
  }
  if (waiting + asked + underWay === 0) return void (await end('done'))
  const room = campaign.share - asked - underWay
  if (room <= 0 || waiting === 0) return
  const zones = (await zonesOf(tx, campaign.id)).filter(zone => isOpen(campaign, zone, at))
  const next = await nextUpdates(tx, campaign.id, zones, room)
  if (next.length > 0) await ask(host, tx, next, at)
}

/** Whether it is within the hours of a campaign in a time zone. */
const isOpen = ({ from, to }: Campaign, zone: string, at: Date): boolean =>
  from === null || to === null || isWithin(clockOf(zone).format(at), from, to)

async function ask(host: OcppHost, tx: Tx<'ocpp'>, updates: Awaited<ReturnType<typeof nextUpdates>>, at: Date) {
  const chargers = new Map(
    (
      await findChargers(
        tx,
        updates.map(({ chargerId }) => chargerId),
      )
    ).map(charger => [charger.id, charger]),
  )
  const requestId = requestIdAt(at)
  const asks = updates.flatMap(({ id, chargerId, firmware }) => {
    const charger = chargers.get(chargerId)
    if (!charger?.ocppVersion) return []
    const askedBy = { userId: null, role: 'system' } as const
    const call = firmwareCall(charger.ocppVersion, firmware, requestId, at)
    return { id, charger, chargerId, requestId: newId(), askedBy, ...call }
  })
  const sent = await sendToAll(
    host,
    tx,
    asks.map(({ id: _, ...asked }) => asked),
  )
  for (const { id, requestId: askId } of asks)
    if (sent.has(askId)) await noteAsked(tx, id, { id: askId, requestId, at })
}
