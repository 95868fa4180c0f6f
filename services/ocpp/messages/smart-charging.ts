import { endReport, removeNotices, writeNotices, writeProfiles } from '../device/rows.ts'
import { noticed } from './firmware.ts'
import { handler, type Handlers } from './handler.ts'

interface ReportChargingProfiles {
  requestId: number
  chargingLimitSource: string
  evseId: number
  tbc?: boolean
  chargingProfile: { id: number }[]
}

interface ChargingLimit {
  evseId?: number
  chargingLimit: { chargingLimitSource: string }
}

/** A limit holds until the one who set it takes it back, at an EVSE or at the whole charger. */
const limitKey = (evse: number | undefined, source: string): string => `${evse ?? 0} ${source}`

/** K Smart charging of 2.x. No schedule is made here: cars are told so, and chargers go by the profiles they have. */
const both: Handlers = {
  ReportChargingProfiles: handler<ReportChargingProfiles>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: {},
      async write(tx) {
        const { evseId: evse, chargingLimitSource: source, requestId, tbc, chargingProfile } = payload
        const rows = chargingProfile.map(profile => ({ id: profile.id, evse, source, profile }))
        await writeProfiles(tx, peer.id, rows, receivedAt)
        if (!tbc) await endReport(tx, peer.id, 'profiles', requestId)
      },
    }),
  }),

  NotifyChargingLimit: noticed<ChargingLimit>('charging-limit', ({ evseId, chargingLimit }) =>
    limitKey(evseId, chargingLimit.chargingLimitSource),
  ),

  ClearedChargingLimit: handler<{ chargingLimitSource: string; evseId?: number }>({
    handle: ({ peer, payload: { evseId, chargingLimitSource } }) => ({
      answer: {},
      write: tx => removeNotices(tx, peer.id, 'charging-limit', limitKey(evseId, chargingLimitSource)),
    }),
  }),

  NotifyEVChargingSchedule: handler<{ evseId: number }>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: { status: 'Accepted' },
      write: tx =>
        writeNotices(tx, peer.id, [{ topic: 'ev-schedule', key: String(payload.evseId), data: payload }], receivedAt),
    }),
  }),
}

const needs = (status: string) =>
  handler<{ evseId: number }>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: { status },
      write: tx =>
        writeNotices(tx, peer.id, [{ topic: 'ev-needs', key: String(payload.evseId), data: payload }], receivedAt),
    }),
  })

export const smartCharging201: Handlers = { ...both, NotifyEVChargingNeeds: needs('Rejected') }

export const smartCharging21: Handlers = {
  ...both,
  NotifyEVChargingNeeds: needs('NoChargingProfile'),
  NotifyPriorityCharging: noticed<{ transactionId: string }>('priority-charging', ({ transactionId }) => transactionId),
  // Dynamic profiles are set by who asks for them, and nobody here has another value for one.
  PullDynamicScheduleUpdate: handler({
    handle: () => ({ answer: { status: 'Rejected', statusInfo: { reasonCode: 'NoProfile' } } }),
  }),
}
