import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { getReservationTerms, type TariffTerms } from '#contracts/billing'
import { BookingHoldRequested } from '#contracts/booking'
import { CommandEnded, ConnectorReported } from '#contracts/ocpp'
import { SessionStarted } from '#contracts/sessions'
import type { ConnectorStatus, Owner } from '#contracts/shared'
import { getConnector, getStation } from '#contracts/stations'
import { fail, newId, type Actor, type Service } from '#kernel'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import type { BookingHost } from './host.ts'
import { booking } from './service.ts'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** Booking with a clock that tests move, and a station in Berlin with two EVSEs alike and one of another plug. */
export async function open(t: TestContext, options: TestOptions = {}) {
  let at = new Date('2027-02-18T08:00:00.000Z').getTime()
  const works = new Map<string, () => Promise<void>>()
  const owner: Owner = { kind: 'organisation', id: newId() }
  const stationId = newId()
  const known = { public: true, owner: owner as Owner | null, timeZone: 'Europe/Berlin', there: true }
  const priced: { terms: TariffTerms | null } = { terms: null }
  const observed: Service = {
    ...booking,
    start: (host: BookingHost) =>
      booking.start({ ...host, every: (_, purpose, work) => void works.set(purpose, work) }),
  }
  const about = () => ({ stationId, chargerId: 'CP-1', owner: known.owner, public: known.public })
  const p = await start(t, [observed], {
    now: () => new Date(at),
    ...options,
    answers: [
      answering(getStation, async asked =>
        asked.stationId === stationId
          ? {
              ...about(),
              name: 'Market square',
              siteId: null,
              timeZone: known.timeZone,
              country: 'DEU',
              region: null,
              tariff: null,
              online: true,
              deleted: !known.there,
              version: 1,
            }
          : fail('not_found', 'station_unknown'),
      ),
      answering(getReservationTerms, async () => priced),
      answering(getConnector, async asked => {
        if (asked.stationId !== stationId || !known.there) return fail('not_found', 'station_unknown')
        if (asked.evse > 3 || asked.connector > 1) return fail('not_found', 'connector_unknown')
        const standard = asked.evse === 3 ? ('CHADEMO' as const) : ('IEC_62196_T2' as const)
        const state = { status: null, online: true, available: true, startable: true }
        return { ...about(), ...asked, connectorId: newId(), standard, maxPowerW: null, ...state }
      }),
    ],
  })
  const told = (): string => new Date(at).toISOString()
  /** From so many milliseconds ahead on, for so long. */
  const span = (ahead: number, ms = hour) => ({
    from: new Date(at + ahead).toISOString(),
    to: new Date(at + ahead + ms).toISOString(),
  })
  return {
    p,
    db: p.db('booking'),
    owner,
    stationId,
    known,
    /** What the tariff says that it costs that a connector is kept. */
    priced,
    pass: (ms: number) => void (at += ms),
    set: (text: string) => void (at = Date.parse(text)),
    now: () => new Date(at),
    span,
    spot: (evse = 1) => ({ stationId, evse }),
    driver: (actor: Partial<Actor> = {}) => client(p, actor),
    operator: () => client(p, { role: 'operator', organisation: { id: owner.id, role: 'admin' } }),
    /** What time alone brings about, and what follows. */
    async turn(): Promise<void> {
      await p.settle()
      for (const work of works.values()) await work()
      await p.settle()
    },
    /** What the charger says of a connector. */
    async says(status: ConnectorStatus, evse = 1): Promise<void> {
      const place = { evse, connector: evse && 1 }
      const event = { chargerId: 'CP-1', ...place, status, errorCode: null, info: null, at: told(), receivedAt: told() }
      await p.publish(ConnectorReported, event, undefined, newId(at++))
      await p.settle()
    },
    /** Somebody begins to charge; `again` tells of the same session as before. */
    async begins(driverId: string | null, more: object = {}, evse = 1) {
      const session = {
        sessionId: newId(),
        chargerId: 'CP-1',
        stationId,
        evse,
        connector: 1,
        owner,
        driverId,
        token: null,
        startedAt: told(),
        energyWh: 0,
        updatedAt: told(),
        offline: false,
        ...more,
      }
      await p.publish(SessionStarted, session)
      await p.settle()
      return session
    },
    /** What the charger was asked to keep, or no longer to. */
    async asked(): Promise<[kept: boolean, evse: number][]> {
      return (await p.published(BookingHoldRequested)).map(({ kept, evse }) => [kept, evse])
    },
    /** What it answers to what it was asked last. */
    async answers(end: { outcome: 'answered' | 'error' | 'offline'; answer?: object; errorCode?: string }) {
      const { requestId, chargerId } = (await p.published(BookingHoldRequested)).at(-1)!
      await p.publish(CommandEnded, { commandId: newId(), chargerId, action: 'ReserveNow', requestId, ...end })
      await p.settle()
    },
  }
}

/** Somebody who signs in anew for each request: tokens end, and tests move the clock. */
export function client(p: TestPlatform, actor: Partial<Actor>) {
  const who = { userId: newId(), ...actor }
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
    async (path: string, payload?: object, headers: Record<string, string> = {}) => {
      const answer = await p.http.inject({
        method,
        url: `/api/bookings${path}`,
        headers: { ...p.signedIn(who), ...headers },
        ...(payload && { payload }),
      })
      const isJson = /json/.test(String(answer.headers['content-type']))
      const body = isJson && answer.body ? JSON.parse(answer.body) : undefined
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body }
    }
  const [get, post] = [send('GET'), send('POST')]
  return {
    userId: who.userId,
    get,
    post,
    put: send('PUT'),
    delete: send('DELETE'),
    /** A booking that is made. */
    async books(order: object): Promise<any> {
      const { status, text, body } = await post('', order)
      assert.equal(status, 201, text)
      return body
    },
    async read(id: string): Promise<any> {
      await p.settle()
      const { status, text, body } = await get(`/${id}`)
      assert.equal(status, 200, text)
      return body
    },
    /** What a list has. */
    async list(path = ''): Promise<any[]> {
      const { status, text, body } = await get(path)
      assert.equal(status, 200, text)
      return body.items
    },
  }
}
