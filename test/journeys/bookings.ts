import { ReservationReported } from '#contracts/ocpp'
import { SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'
import type { Client } from './client.ts'

/** What `stationsHappen` left behind is booked: somebody comes, and somebody cancels. */
export async function bookingsHappen(p: Pick<TestPlatform, 'publish'>, operator: Client): Promise<void> {
  const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()
  const { items } = await operator.get(200, 'GET /api/stations')
  const { id: stationId } = items.find(({ chargerId }: { chargerId: string | null }) => chargerId === 'CP-A')
  const book = (from: number, more: object = {}) =>
    operator.get(201, 'POST /api/bookings', { stationId, evse: 1, from: at(from), to: at(from + 60), ...more })
  const now = await book(0, { idToken: 'CAFE02' })
  const later = await book(120)
  await operator.get(200, `PUT /api/bookings/${later.id}`, { from: at(180), to: at(240) })
  await operator.get(200, `POST /api/bookings/${later.id}/cancel`, { reason: 'Works' })
  // By hand: there is no charger to keep it, and nobody to charge.
  const { reservationId } = now
  await p.publish(ReservationReported, { chargerId: 'CP-A', reservationId, status: 'removed', at: at(0) })
  const session = {
    sessionId: newId(),
    chargerId: 'CP-A',
    stationId,
    evse: 1,
    connector: 1,
    owner: null,
    driverId: null,
    token: { idToken: 'CAFE02', type: 'ISO14443' },
    startedAt: at(0),
    energyWh: 0,
    updatedAt: at(0),
  }
  await p.publish(SessionStarted, { ...session, offline: false })
  await p.publish(SessionUpdated, { ...session, updatedAt: at(1), chargingState: 'Charging' })
  const end = { endedAt: at(2), stopReason: 'Local', closedBy: 'charger' as const }
  await p.publish(SessionEnded, { ...session, ...end, energyWh: 1000, updatedAt: at(2) })
}
