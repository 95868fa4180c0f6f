import { accepted, type Answers, type Inside } from './inside.ts'

/** Of a card on the list that it keeps. */
interface Known {
  readonly accepted: boolean
  readonly until: number
}

interface Reservation {
  readonly id: number
  readonly idToken: string
  readonly group: string | undefined
}

export interface Plugs {
  stateOf(connector: number): 'free' | 'occupied' | 'faulted' | undefined
  /** It tells how the plug is. */
  show(connector: number): void
}

/** What a charger knows of cards without asking: a list, and for whom its plugs are reserved. */
export function openCards(it: Inside, plugs: Plugs) {
  const is16 = it.version === 'ocpp1.6'
  const known = new Map<string, Known>()
  let listVersion = 0
  const reserved = new Map<number, Reservation>()
  const keyOf = (idToken: string): string => idToken.toUpperCase()

  function take({ updateType, localAuthorizationList = [], ...list }: any) {
    const next = is16 ? list.listVersion : list.versionNumber
    if (updateType === 'Differential' && next <= listVersion) return { status: 'VersionMismatch' }
    if (updateType === 'Full') known.clear()
    for (const { idTag, idTagInfo, idToken, idTokenInfo } of localAuthorizationList) {
      const [key, info] = [keyOf(idTag ?? idToken.idToken), idTagInfo ?? idTokenInfo]
      const until = Date.parse(info?.expiryDate ?? info?.cacheExpiryDateTime ?? '') || Infinity
      if (info) known.set(key, { accepted: info.status === 'Accepted', until })
      else known.delete(key)
    }
    listVersion = next
    return accepted(true)
  }

  function reserve(connector: number | undefined, made: Reservation, until: Date): { status: string } {
    const state = connector ? plugs.stateOf(connector) : undefined
    // It keeps one that is named, and not any.
    if (!connector || !state) return accepted(false)
    if (state === 'faulted') return { status: 'Faulted' }
    const before = reserved.get(connector)
    if (state === 'occupied' || (before && before.id !== made.id)) return { status: 'Occupied' }
    reserved.set(connector, made)
    plugs.show(connector)
    void it.until(until).then(() => {
      if (it.isOver() || reserved.get(connector) !== made) return
      release(connector)
      if (!is16)
        void it.say(['ReservationStatusUpdate', { reservationId: made.id, reservationUpdateStatus: 'Expired' }])
    })
    return accepted(true)
  }

  function release(connector: number): void {
    reserved.delete(connector)
    plugs.show(connector)
  }

  const answers: Answers = {
    GetLocalListVersion: () => (is16 ? { listVersion } : { versionNumber: listVersion }),
    SendLocalList: take,
    ReserveNow: is16
      ? ({ connectorId, expiryDate, idTag, parentIdTag, reservationId }) =>
          reserve(connectorId, { id: reservationId, idToken: idTag, group: parentIdTag }, new Date(expiryDate))
      : ({ id, evseId, expiryDateTime, idToken, groupIdToken }) =>
          reserve(evseId, { id, idToken: idToken.idToken, group: groupIdToken?.idToken }, new Date(expiryDateTime)),
    CancelReservation({ reservationId }) {
      const [connector] = reserved.entries().find(([, { id }]) => id === reservationId) ?? []
      if (connector !== undefined) release(connector)
      return accepted(connector !== undefined)
    },
  }
  return {
    answers,
    isReserved: (connector: number): boolean => reserved.has(connector),
    /** Whether a card may begin at a plug, as far as that is kept for anybody. */
    mayBegin(connector: number, idToken: string, group?: string): boolean {
      const kept = reserved.get(connector)
      return !kept || keyOf(kept.idToken) === keyOf(idToken) || (group !== undefined && kept.group === group)
    },
    /** The reservation that a start at a plug uses up. */
    use(connector: number): number | undefined {
      const kept = reserved.get(connector)
      reserved.delete(connector)
      return kept?.id
    },
    /** Without anybody to ask: who is on its list, and where there is none, anybody (1.6 §3.5, 2.x C12, C13). */
    lets(idToken: string): boolean {
      const card = known.get(keyOf(idToken))
      return known.size === 0 || (card !== undefined && card.accepted && card.until > it.now().getTime())
    },
  }
}
