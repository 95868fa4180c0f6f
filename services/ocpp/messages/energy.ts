import { removeNotices, writeNotices } from '../device/rows.ts'
import { noticed } from './firmware.ts'
import { handler, type Handlers } from './handler.ts'

interface OpenStream {
  constantStreamData: { id: number; variableMonitoringId: number }
}

interface StreamData {
  id: number
  basetime: string
  data: { t: number; v: string }[]
}

interface DerAlarm {
  controlType: string
}

/** Of a settlement the receipt that the charger made is the receipt there is. */
interface Settlement {
  pspRef: string
}

interface VatNumber {
  vatNumber: string
  evseId?: number
}

/** A country and up to thirteen characters (Council Directive 2006/112/EC, Art. 215): more is not known here. */
const countries = 'AT BE BG CH CY CZ DE DK EE EL ES FI FR GB HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK XI'
const vatNumber = new RegExp(`^(${countries.replaceAll(' ', '|')})[0-9A-Z+*.]{2,13}$`, 'i')

/** Blocks of 2.1: payment on site, periodic streams, Q and R (feeding back), S (battery swap). */
export const energy21: Handlers = {
  BatterySwap: noticed<{ requestId: number }>('battery-swap', ({ requestId }) => requestId),
  NotifySettlement: noticed<Settlement>('settlement', ({ pspRef }) => pspRef),

  VatNumberValidation: handler<VatNumber>({
    handle: ({ payload }) => ({
      answer: {
        ...payload,
        status: vatNumber.test(payload.vatNumber.replaceAll(/[ -]/g, '')) ? 'Accepted' : 'Rejected',
      },
    }),
  }),

  NotifyDERAlarm: noticed<DerAlarm>('der-alarm', ({ controlType }) => controlType),
  NotifyDERStartStop: noticed<{ controlId: string }>('der-control', ({ controlId }) => controlId),
  ReportDERControl: noticed<{ requestId: number }>('der-report', ({ requestId }) => requestId),

  OpenPeriodicEventStream: handler<OpenStream>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: { status: 'Accepted' },
      write: tx =>
        writeNotices(
          tx,
          peer.id,
          [{ topic: 'stream', key: String(payload.constantStreamData.id), data: payload }],
          receivedAt,
        ),
    }),
  }),

  ClosePeriodicEventStream: handler<{ id: number }>({
    handle: ({ peer, payload }) => ({
      answer: {},
      async write(tx) {
        await removeNotices(tx, peer.id, 'stream', String(payload.id))
        await removeNotices(tx, peer.id, 'stream-values', String(payload.id))
      },
    }),
  }),

  // Comes without being answered; the values of a stream are those that came last, and all are in the log of messages.
  NotifyPeriodicEventStream: noticed<StreamData>('stream-values', ({ id }) => id),
}
