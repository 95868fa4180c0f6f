import { ReservationReported } from '#contracts/ocpp'
import { telling } from '../batch.ts'
import { writeNotices } from '../device/rows.ts'
import { handler, type Handlers } from './handler.ts'

interface DisplayMessages {
  requestId: number
  messageInfo?: { id: number }[]
}

interface ReservationUpdate {
  reservationId: number
  reservationUpdateStatus: keyof typeof reservationStatuses
}

const reservationStatuses = { Expired: 'expired', Removed: 'removed', NoTransaction: 'no-transaction' } as const

/** H Reservation and O Display messages of 2.x. */
export const people2: Handlers = {
  ReservationStatusUpdate: handler<ReservationUpdate>({
    handle: ({ peer, payload: { reservationId, reservationUpdateStatus }, receivedAt }) => ({
      answer: {},
      tells: [
        telling(ReservationReported, {
          chargerId: peer.id,
          reservationId,
          status: reservationStatuses[reservationUpdateStatus],
          at: receivedAt.toISOString(),
        }),
      ],
    }),
  }),

  NotifyDisplayMessages: handler<DisplayMessages>({
    handle: ({ peer, payload: { messageInfo = [] }, receivedAt }) => ({
      answer: {},
      write: tx =>
        writeNotices(
          tx,
          peer.id,
          messageInfo.map(message => ({ topic: 'display-message', key: String(message.id), data: message })),
          receivedAt,
        ),
    }),
  }),
}
