import { SessionCharged, SessionCredited } from '#contracts/billing'
import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import type { Delivered } from '#kernel'
import { written } from '../generations.ts'
import type { AnalyticsHost, AnalyticsTx } from '../host.ts'
import { lockSessions, noteCredits, noteOutlet, replaceSessions, type Outlet } from './session-store.ts'
import { book, tell, type Charged, type Session, type Told } from './sessions.ts'

type Event =
  | Delivered<typeof SessionStarted>
  | Delivered<typeof SessionUpdated>
  | Delivered<typeof SessionEnded>
  | Delivered<typeof SessionCorrected>

/** How sessions go and what they cost. */
export function followSessions({ onMany }: AnalyticsHost): void {
  const follow = (rankOf: (event: Event) => number) => async (events: readonly Event[], tx: AnalyticsTx) => {
    const outlets = new Map<string, Outlet>()
    const told = events.map(event => [event.sessionId, toldOf(event, rankOf(event))] as const)
    // A connector is there since anybody charged at it, where its charger has said nothing of it.
    for (const [, { chargerId, evse, connector, startedAt: since }] of told)
      if (evse > 0 && connector > 0) noteOutlet(outlets, { chargerId, evse, connector, since })
    await change(tx, told, tell, outlets)
  }
  const about = { id: 'figures', from: 'beginning', afterFailure: 'pass' } as const
  onMany(
    SessionStarted,
    { ...about, purpose: 'count sessions that began' },
    follow(() => 0),
  )
  onMany(
    SessionUpdated,
    { ...about, purpose: 'count the energy of sessions that go on' },
    follow(() => 1),
  )
  onMany(
    SessionEnded,
    { ...about, purpose: 'count the energy of sessions' },
    follow(() => 3),
  )
  onMany(
    SessionCorrected,
    { ...about, purpose: 'count what sessions were corrected to' },
    follow(event => ('endedAt' in event && event.endedAt === null ? 2 : 4)),
  )
  onMany(SessionCharged, { ...about, purpose: 'count what sessions brought in' }, async (events, tx) => {
    const charged = events.map(event => [event.sessionId, chargedOf(event)] as const)
    await change(tx, charged, book, new Map())
  })
  onMany(SessionCredited, { ...about, purpose: 'count what was given back of sessions' }, async (events, tx) => {
    const { number } = await written(tx)
    // Whoever is told of another credit of one of these waits here.
    await lockSessions(
      tx,
      number,
      events.map(({ sessionId }) => sessionId),
    )
    const sums = [...(await noteCredits(tx, number, events))]
    await change(tx, sums, (before, credited) => ({ ...before, credited }), new Map())
  })
}

async function change<T>(
  tx: AnalyticsTx,
  said: readonly (readonly [sessionId: string, said: T])[],
  apply: (before: Session, said: T) => Session,
  outlets: ReadonlyMap<string, Outlet>,
): Promise<void> {
  const generation = await written(tx)
  const before = await lockSessions(
    tx,
    generation.number,
    said.map(([id]) => id),
  )
  const after = new Map(before)
  for (const [id, one] of said) after.set(id, apply(after.get(id)!, one))
  const changes = [...after].flatMap(([id, session]) =>
    session === before.get(id) ? [] : [[before.get(id)!, session] as const],
  )
  await replaceSessions(tx, generation, changes, outlets)
}

const toldOf = (event: Event, rank: number): Told => ({
  at: Date.parse(event.updatedAt),
  rank,
  eventId: event.eventId,
  chargerId: event.chargerId,
  evse: event.evse,
  connector: event.connector,
  ownerId: event.owner?.id ?? null,
  driverId: event.driverId,
  startedAt: Date.parse(event.startedAt),
  endedAt: 'endedAt' in event && event.endedAt !== null ? Date.parse(event.endedAt) : null,
  energyWh: event.energyWh,
})

const chargedOf = (event: Delivered<typeof SessionCharged>): Charged => ({
  revision: event.revision,
  sellerId: event.seller.id,
  tariffId: event.tariffId,
  currency: event.currency,
  netMinor: event.netMinor,
  taxMinor: event.taxMinor,
  totalMinor: event.totalMinor,
  endedAt: Date.parse(event.endedAt),
})
