import type { TransactionReported } from '#contracts/ocpp'
import type { SessionCloser, SessionEnded } from '#contracts/sessions'
import type { EventData } from '#contracts/define'
import type { Owner } from '#contracts/shared'
import { partiesOf, type Actor, type Delivered } from '#kernel'
import { energyOf, type Meter } from './energy.ts'

/** Rules by which a session is over that its charger does not end. */
export type Rule = 'ConnectorAvailable' | 'AnotherSession' | 'ChargerSilent'

export interface Token {
  readonly idToken: string
  readonly type: string
  readonly accepted: boolean
}

/** A charging session; what was said of it, and what follows from that, in whatever order it was said. */
export interface Session {
  readonly id: string
  readonly chargerId: string
  readonly reference: string
  readonly stationId: string | null
  readonly evse: number
  readonly connector: number
  readonly owner: Owner | null
  /** The charger belonged to somebody then; else it is whose the charger is now. */
  readonly ownerTold: boolean
  readonly driverId: string | null
  readonly token: Token | null
  readonly offline: boolean
  readonly begunAt: Date | null
  readonly stoppedAt: Date | null
  readonly firstAt: Date
  readonly lastAt: Date
  readonly lastSeq: number
  readonly heardAt: Date
  readonly closed: { readonly at: Date; readonly rule: Rule; readonly on: Date } | null
  readonly startedAt: Date
  readonly endedAt: Date | null
  readonly stopReason: string | null
  readonly chargingState: string | null
  readonly meter: Meter
  readonly energyWh: number
  readonly powerW: number | null
  readonly socPercent: number | null
  readonly liveAt: Date | null
  readonly updatedAt: Date
}

export type Report = Delivered<typeof TransactionReported>

/** What is known of the charger a session is at. */
export interface Place {
  readonly owner: Owner | null
  readonly stationId: string | null
}

/** A clock that is ahead by less is not set right. */
const toleratedMs = 60_000

/**
 * The same report by a clock that is not ahead: nothing was measured after it was heard. What it says of one moment and
 * another stays as far apart.
 */
export function inPast(report: Report): Report {
  const latest = Math.max(...[report, ...report.readings].map(({ at }) => Date.parse(at)))
  const aheadMs = latest - Date.parse(report.receivedAt)
  if (aheadMs <= toleratedMs) return report
  const earlier = (at: string): string => new Date(Date.parse(at) - aheadMs).toISOString()
  return {
    ...report,
    at: earlier(report.at),
    readings: report.readings.map(reading => ({ ...reading, at: earlier(reading.at) })),
  }
}

const earliest = (one: Date | null, other: Date): Date => (one && one < other ? one : other)
const latest = (one: Date | null, other: Date): Date => (one && one > other ? one : other)

/** The session with what a report says; `meter` is what all its readings come to, `place` is for a new one. */
export function follow(before: Session | undefined, report: Report, meter: Meter, place: Place): Session {
  const [at, heardAt] = [new Date(report.at), new Date(report.receivedAt)]
  const seq = report.seqNo ?? 0
  const isLast = !before || at > before.lastAt || (at.getTime() === before.lastAt.getTime() && seq >= before.lastSeq)
  const begunAt = report.phase === 'begun' ? earliest(before?.begunAt ?? null, at) : (before?.begunAt ?? null)
  const stoppedAt = report.phase === 'ended' ? latest(before?.stoppedAt ?? null, at) : (before?.stoppedAt ?? null)
  const firstAt = earliest(before?.firstAt ?? null, at)
  const owner = (before?.ownerTold ? before.owner : report.owner) ?? (before ?? place).owner
  const token = before?.token ?? (report.token && tokenOf(report.token))
  const latestPlace = isLast && report.evse > 0 ? report : before
  return withEnd({
    id: report.transactionId,
    chargerId: report.chargerId,
    reference: report.reference,
    stationId: (before ?? place).stationId,
    evse: latestPlace?.evse ?? report.evse,
    connector: latestPlace?.connector ?? report.connector,
    owner,
    ownerTold: before?.ownerTold || report.owner !== null,
    driverId: before?.driverId ?? report.token?.userId ?? null,
    token,
    offline: (before?.offline ?? false) || report.offline,
    begunAt,
    stoppedAt,
    firstAt,
    lastAt: isLast ? at : before!.lastAt,
    lastSeq: isLast ? seq : before!.lastSeq,
    heardAt: latest(before?.heardAt ?? null, heardAt),
    // The charger speaks of it again.
    closed: before && heardAt > before.heardAt ? null : (before?.closed ?? null),
    startedAt: begunAt ?? firstAt,
    endedAt: null,
    stopReason:
      report.phase === 'ended' && stoppedAt?.getTime() === at.getTime()
        ? report.stopReason
        : (before?.stopReason ?? null),
    chargingState: (isLast ? report.chargingState : null) ?? before?.chargingState ?? null,
    meter,
    energyWh: energyOf(meter),
    ...liveOf(before, report),
    updatedAt: latest(before?.updatedAt ?? null, heardAt),
  })
}

const tokenOf = ({ idToken, type, accepted }: Token): Token => ({ idToken, type, accepted })

/** Ended where the charger said so, else by the rule that closed it; never before it began. */
const withEnd = (session: Session): Session => {
  const end = session.stoppedAt ?? session.closed?.at
  return { ...session, endedAt: end ? latest(session.startedAt, end) : null }
}

/** The session as a rule ends it, at a moment that was found now. */
export const close = (session: Session, rule: Rule, at: Date, now: Date): Session =>
  withEnd({ ...session, closed: { at: latest(session.lastAt, at), rule, on: now }, updatedAt: now })

export const closedBy = ({ stoppedAt, closed }: Session): SessionCloser | null =>
  stoppedAt ? 'charger' : closed ? 'rule' : null

export const stopReasonOf = ({ stoppedAt, stopReason, closed }: Session): string | null =>
  stoppedAt ? stopReason : (closed?.rule ?? null)

/** Power and state of charge as they were last, in all phases or added up. */
function liveOf(before: Session | undefined, { readings }: Report): Pick<Session, 'powerW' | 'socPercent' | 'liveAt'> {
  const known = {
    powerW: before?.powerW ?? null,
    socPercent: before?.socPercent ?? null,
    liveAt: before?.liveAt ?? null,
  }
  const of = (measurand: string) => {
    const all = readings.filter(reading => reading.measurand === measurand && !reading.signed)
    const at = all.reduce((at, reading) => (reading.at > at ? reading.at : at), '')
    return all.filter(reading => reading.at === at)
  }
  const [power, soc] = [of('Power.Active.Import'), of('SoC')]
  const at = [...power, ...soc].reduce((at, reading) => (reading.at > at ? reading.at : at), '')
  if (!at || (known.liveAt && new Date(at) < known.liveAt)) return known
  const whole = power.find(({ phase }) => !phase)
  const each = power.filter(({ phase = '' }) => /^L[123](-N)?$/.test(phase))
  return {
    powerW: whole?.value ?? (each.length > 0 ? each.reduce((sum, { value }) => sum + value, 0) : known.powerW),
    socPercent: soc[0]?.value ?? known.socPercent,
    liveAt: new Date(at),
  }
}

/** What every event says of a session. */
export const told = (session: Session) => ({
  sessionId: session.id,
  chargerId: session.chargerId,
  stationId: session.stationId,
  evse: session.evse,
  connector: session.connector,
  owner: session.owner,
  driverId: session.driverId,
  token: session.token && { idToken: session.token.idToken, type: session.token.type },
  startedAt: session.startedAt.toISOString(),
  energyWh: session.energyWh,
  updatedAt: session.updatedAt.toISOString(),
})

export const toldEnd = (session: Session): EventData<typeof SessionEnded> => ({
  ...told(session),
  endedAt: session.endedAt!.toISOString(),
  stopReason: stopReasonOf(session),
  closedBy: closedBy(session)!,
})

/** What a change of a session has to be told as; nothing where nothing that anybody is told of has changed. */
export function tellingOf(before: Session | undefined, after: Session): 'updated' | 'ended' | 'corrected' | undefined {
  if (before?.endedAt) return isSame(before, after, ending) ? undefined : 'corrected'
  if (after.endedAt) return 'ended'
  return before && !isSame(before, after, progress) ? 'updated' : undefined
}

const ending = ({ startedAt, endedAt, energyWh }: Session) => [startedAt, endedAt, energyWh]
const progress = ({ startedAt, energyWh, driverId, chargingState, evse, connector, powerW, socPercent }: Session) => [
  [startedAt, energyWh, driverId, chargingState, evse, connector, powerW, socPercent],
]
const isSame = (one: Session, other: Session, of: (session: Session) => unknown): boolean =>
  JSON.stringify(of(one)) === JSON.stringify(of(other))

/** Who may see a session: who charges, operators the charger's owner belongs with (or nobody's yet), admins. */
export const mayRead = (actor: Actor, { driverId, owner }: Session): boolean =>
  actor.userId === driverId || manages(actor, owner)

/** An operator of these parties, or of what is nobody's; an admin. */
export const manages = (actor: Actor, owner: Owner | null): boolean =>
  actor.role === 'admin' || (actor.role === 'operator' && (!owner || partiesOf(actor).includes(owner.id)))
