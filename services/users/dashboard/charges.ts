import { alone } from '../alone.ts'
import { SessionCharged } from '#contracts/billing'
import type { Db } from '#kernel'
import type { UsersHost } from '../host.ts'

export interface Charge {
  readonly sessionId: string
  readonly chargerId: string
  readonly energyWh: bigint
  readonly currency: string
  readonly totalMinor: bigint
  readonly endedAt: Date
}

/** What a driver charged is kept for their dashboard: of a session what was booked last. */
export function followCharges({ onMany }: UsersHost): void {
  onMany(
    SessionCharged,
    { id: 'charges', purpose: 'show drivers what they charged', from: 'beginning' },
    async (events, tx) => {
      // In one order, so that two who tell of the same persons wait for each other instead of locking each other out.
      const drivers = new Set(events.flatMap(({ driverId }) => driverId ?? []))
      for (const driverId of [...drivers].sort()) await alone(tx, driverId)
      for (const event of events) {
        const { sessionId, driverId, chargerId, energyWh, currency, totalMinor, startedAt, endedAt, revision } = event
        if (driverId === null) continue
        await tx`
          insert into charges
            (session_id, user_id, charger_id, energy_wh, currency, total_minor, started_at, ended_at, revision)
          select ${sessionId}, ${driverId}, ${chargerId}, ${energyWh}, ${currency}, ${totalMinor}, ${startedAt},
            ${endedAt}, ${revision}
          where not exists (select from leavers where user_id = ${driverId})
          on conflict (session_id) do update set user_id = excluded.user_id, energy_wh = excluded.energy_wh,
            currency = excluded.currency, total_minor = excluded.total_minor, started_at = excluded.started_at,
            ended_at = excluded.ended_at, revision = excluded.revision
          where charges.revision < excluded.revision`
      }
    },
  )
}

export const latestCharges = (db: Db, userId: string, limit: number) => db<Charge[]>`
  select session_id as "sessionId", charger_id as "chargerId", energy_wh as "energyWh", currency,
    total_minor as "totalMinor", ended_at as "endedAt"
  from charges where user_id = ${userId} order by ended_at desc, session_id desc limit ${limit}`

export interface ChargeSum {
  readonly currency: string
  readonly sessions: number
  readonly energyWh: bigint
  readonly totalMinor: bigint
}

/** What was charged since, for each currency. */
export const sumCharges = (db: Db, userId: string, since: Date) => db<ChargeSum[]>`
  select currency, count(*)::int as sessions, sum(energy_wh)::bigint as "energyWh",
    sum(total_minor)::bigint as "totalMinor"
  from charges where user_id = ${userId} and ended_at >= ${since} group by currency order by currency`
