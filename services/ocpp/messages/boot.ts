import type { Tx } from '#kernel'
import type { Peer } from '../peer.ts'

/** Seconds until a charger asks again whether it was accepted. */
const againSeconds = 30

/** All versions are answered with the same. */
export const bootAnswer = ({ status }: Peer, receivedAt: Date, heartbeat: number) => ({
  currentTime: receivedAt.toISOString(),
  interval: status === 'accepted' ? heartbeat : againSeconds,
  status: { accepted: 'Accepted', pending: 'Pending', rejected: 'Rejected' }[status],
})

interface Boot {
  readonly vendor: string
  readonly model: string
  readonly serialNumber: string | null
  readonly firmware: string | null
  readonly iccid: string | null
  readonly imsi: string | null
  readonly reason: string | null
}

/** Notes what a charger said of itself at its start. */
export const bootedBy =
  ({ id }: Peer, { serialNumber, reason, ...boot }: Boot, at: Date) =>
  (tx: Tx) => {
    const row = { ...boot, serial_number: serialNumber, boot_reason: reason, booted_at: at }
    return tx`update chargers set ${tx(row)} where id = ${id}`
  }
