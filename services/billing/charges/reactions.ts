import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { StationCreated, StationUpdated } from '#contracts/stations'
import type { Tx } from '#kernel'
import type { BillingHost } from '../host.ts'
import type { AdHoc } from '../ad-hoc/desk.ts'
import { charge, giveBackHeld, type Booked } from './charge.ts'
import { follow, listDue, listNowhere, noteDriver, noteStation, type Told } from './store.ts'

/** So many wait for their charge in one transaction. */
const atOnce = 500

/** Has a session booked, again if it was before. */
type Rebook = (tx: Tx<'billing'>, sessionId: string) => Promise<void>

/** Sessions are agreed on at their begin and booked at their end, each by a job, as that asks other services. */
export function followSessions(host: BillingHost, booked: Booked, adHoc: AdHoc): Rebook {
  // Who is told of the end while this is on its way leaves it to this.
  const agreeing = host.job('agree', ({ sessionId }: { sessionId: string }) => charge(host, sessionId, booked))
  const charging = host.job('charge', ({ sessionId }: { sessionId: string }) => charge(host, sessionId, booked))
  host.every('10 minutes', 'charge sessions that still wait for it', async () => {
    const before = new Date(host.now().getTime() - 10 * 60_000)
    // Those that cannot be charged yet keep none of the others from it.
    for (let last: string | undefined, isMore = true; isMore;) {
      const waiting: readonly string[] = await listDue(host.db, before, last, atOnce)
      last = waiting.at(-1)
      isMore = waiting.length === atOnce
      await host.db.transaction(async tx => {
        for (const sessionId of waiting) await tx.enqueue(charging, { sessionId }, { key: sessionId })
      })
    }
  })

  host.every('1 hour', 'give back what was kept for sessions that never ended', () => giveBackHeld(host))

  for (const event of [StationCreated, StationUpdated])
    host.on(
      event,
      { id: 'place', purpose: 'ask for what sessions cost whose station is known now', from: 'beginning' },
      async ({ chargerId, stationId, timestamp }, tx) => {
        if (chargerId) await noteStation(tx, chargerId, stationId, timestamp)
        for (const { sessionId, isDue } of chargerId ? await listNowhere(tx, chargerId) : [])
          await tx.enqueue(isDue ? charging : agreeing, { sessionId }, { key: sessionId })
      },
    )

  const take = async (
    told: Told & { readonly token: { idToken: string } | null },
    tx: Tx<'billing'>,
  ): Promise<void> => {
    const { isDue, isOpen } = await follow(tx, told)
    await adHoc.session(tx, told, told.token?.idToken)
    const { sessionId } = told
    if (isDue) await tx.enqueue(charging, { sessionId }, { key: sessionId })
    else if (isOpen) await tx.enqueue(agreeing, { sessionId }, { key: sessionId })
  }
  for (const event of [SessionStarted, SessionEnded, SessionCorrected])
    host.on(
      event,
      { id: 'charge', purpose: 'ask for what sessions cost', from: 'beginning' },
      async (told, tx) => await take(told, tx),
    )
  host.onMany(
    SessionUpdated,
    { id: 'driver', purpose: 'know who charges where that is told later', from: 'beginning', afterFailure: 'pass' },
    async (events, tx) => {
      for (const [sessionId, [driverId, token]] of new Map(
        events.flatMap(({ sessionId, driverId, token }) =>
          driverId ? [[sessionId, [driverId, token?.idToken ?? null] as const] as const] : [],
        ),
      )) {
        const changed = await noteDriver(tx, sessionId, driverId, token)
        if (changed) await tx.enqueue(changed.isDue ? charging : agreeing, { sessionId }, { key: sessionId })
      }
      for (const { sessionId, token } of events) await adHoc.watch(tx, sessionId, token?.idToken)
    },
  )
  return (tx, sessionId) => tx.enqueue(charging, { sessionId }, { key: sessionId })
}
