import { FirmwareReported } from '#contracts/ocpp'
import type { Tx } from '#kernel'
import { telling } from '../batch.ts'
import { writeNotices } from '../device/rows.ts'
import { noteFirmware } from '../firmware/store.ts'
import { noteSaid } from '../transfers/store.ts'
import { handler, type Call, type Handler, type Handlers } from './handler.ts'

interface Status {
  status: string
  requestId?: number
}

/** The last state of a matter is kept as it was said. */
export const noticed = <P extends object>(topic: string, keyOf: (payload: P) => unknown = () => ''): Handler<unknown> =>
  handler<P>({
    handle: ({ peer, payload, receivedAt }) => ({
      answer: {},
      write: tx => writeNotices(tx, peer.id, [{ topic, key: String(keyOf(payload) ?? ''), data: payload }], receivedAt),
    }),
  })

function firmware({ peer, payload, receivedAt }: Call<Status>) {
  const { status, requestId } = payload
  return {
    answer: {},
    tells: [
      telling(FirmwareReported, {
        chargerId: peer.id,
        status,
        requestId: requestId ?? null,
        at: receivedAt.toISOString(),
      }),
    ],
    async write(tx: Tx) {
      await writeNotices(tx, peer.id, [{ topic: 'firmware', key: '', data: payload }], receivedAt)
      await noteFirmware(tx, peer.id, { status, requestId, at: receivedAt })
    },
  }
}

/** Of a file that was asked for by a request; 1.6 knows diagnostics by none. */
const transfer = (topic: string) =>
  handler<Status>({
    handle: ({ peer, payload, receivedAt: at }) => ({
      answer: {},
      async write(tx) {
        await writeNotices(tx, peer.id, [{ topic, key: String(payload.requestId ?? ''), data: payload }], at)
        // Nothing is under way.
        if (payload.status !== 'Idle') await noteSaid(tx, peer.id, { ...payload, at })
      },
    }),
  })
const log = transfer('log')

/** Firmware management and diagnostics of 1.6 (§4.4, §4.5) and of its security whitepaper. */
export const firmware16: Handlers = {
  DiagnosticsStatusNotification: transfer('diagnostics'),
  FirmwareStatusNotification: handler<Status>({ handle: firmware }),
  SignedFirmwareStatusNotification: handler<Status>({ handle: firmware }),
  LogStatusNotification: log,
}

/** L Firmware management and N Diagnostics of 2.x. */
export const firmware2: Handlers = {
  FirmwareStatusNotification: handler<Status>({ handle: firmware }),
  PublishFirmwareStatusNotification: noticed<Status>('published-firmware', ({ requestId }) => requestId),
  LogStatusNotification: log,
}
