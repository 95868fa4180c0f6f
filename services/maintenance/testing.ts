import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { ChargerRegistered, ConnectorReported } from '#contracts/ocpp'
import type { ConnectorStatus, OrganisationRole, Owner } from '#contracts/shared'
import { listMembers } from '#contracts/identity'
import { getStation, StationCreated } from '#contracts/stations'
import { fail, newId, type Actor, type Service } from '#kernel'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import type { MaintenanceHost } from './host.ts'
import { maintenance } from './service.ts'

export const minute = 60_000

/** What others know of a station. */
export interface Known {
  stationId: string
  owner: Owner | null
  public?: boolean
  chargerId?: string | null
  name?: string
}

/** Maintenance with a clock that tests move; what chargers and stations would tell is put into the log. */
export async function open(t: TestContext, options: TestOptions = {}) {
  let at = new Date('2027-02-18T08:00:00.000Z').getTime()
  const works = new Map<string, () => Promise<void>>()
  const known = new Map<string, Known>()
  /** Members of organisations, with their roles. */
  const members = new Map<string, Map<string, OrganisationRole>>()
  const observed: Service = {
    ...maintenance,
    start: (host: MaintenanceHost) =>
      maintenance.start({ ...host, every: (_, purpose, work) => void works.set(purpose, work) }),
  }
  const p = await start(t, [observed], {
    now: () => new Date(at),
    ...options,
    answers: [
      answering(getStation, async ({ stationId }) => {
        const one = known.get(stationId ?? '')
        if (!one) return fail('not_found', 'station_unknown')
        const { owner, chargerId = null, name = 'Market square' } = one
        const place = {
          siteId: null,
          timeZone: 'Europe/Berlin',
          country: 'DEU',
          region: null,
          address: 'Marktplatz 1, 10178 Berlin',
          coordinates: { latitude: 52.52, longitude: 13.405 },
          tariff: null,
          online: true,
          deleted: false,
          version: 1,
        }
        return { stationId: one.stationId, owner, chargerId, name, public: one.public ?? true, ...place }
      }),
      answering(listMembers, async ({ organisationId }) => ({
        members: [...(members.get(organisationId) ?? [])].map(([userId, role]) => ({
          userId,
          email: `${userId}@example.com`,
          name: 'Member',
          firstName: 'Member',
          locale: 'en' as const,
          disabled: false,
          role,
        })),
      })),
      ...(options.answers ?? []),
    ],
  })
  const told = () => new Date(at).toISOString()
  return {
    p,
    members,
    db: p.db('maintenance'),
    pass: (ms: number) => void (at += ms),
    now: () => new Date(at),
    /** Does the periodic work whose purpose this is. */
    async periodically(purpose: RegExp): Promise<void> {
      await p.settle()
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
    as: (actor: Partial<Actor> = {}) => client(p, actor),
    operator: (actor: Partial<Actor> = {}) => client(p, { role: 'operator', ...actor }),
    /** A charger that is accepted, and whose it is. */
    async charger(chargerId: string, owner: Owner | null = null) {
      await p.publish(ChargerRegistered, { chargerId, owner, status: 'accepted', version: 1 })
      return await p.settle()
    },
    async station(station: Known) {
      known.set(station.stationId, station)
      const { stationId, owner, chargerId = null, name = 'Market square' } = station
      await p.publish(StationCreated, { stationId, owner, chargerId, name, public: station.public ?? true, version: 1 })
      await p.settle()
      return stationId
    },
    /** What a connector says now; settles only where nothing more is said to. */
    async says(chargerId: string, status: ConnectorStatus, more: Partial<{ errorCode: string; evse: number }> = {}) {
      const { errorCode = status === 'faulted' ? 'GroundFailure' : null, evse = 1 } = more
      const place = { evse, connector: evse && 1 }
      const event = { chargerId, ...place, status, errorCode, info: null, at: told(), receivedAt: told() }
      const eventId = newId(at++)
      await p.publish(ConnectorReported, event, undefined, eventId)
      return { event, eventId }
    },
  }
}

export type Client = ReturnType<typeof client>

/** Somebody who signs in anew for each request: tokens end, and tests move the clock. */
export function client(p: TestPlatform, actor: Partial<Actor>) {
  const who = { userId: newId(), ...actor }
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'DELETE', prefix = '/api/maintenance') =>
    async (path: string, payload?: object | string, headers: Record<string, string> = {}) => {
      const { statusCode, ...answer } = await p.http.inject({
        method,
        url: prefix + path,
        headers: { ...p.signedIn(who), ...headers },
        payload,
      })
      const isJson = /json/.test(String(answer.headers['content-type']))
      const body = isJson && answer.body ? JSON.parse(answer.body) : undefined
      return { status: statusCode, headers: answer.headers, text: answer.body, body }
    }
  const get = send('GET')
  return {
    userId: who.userId,
    get,
    post: send('POST'),
    put: send('PUT'),
    delete: send('DELETE'),
    page: send('GET', ''),
    submit: (path: string, fields: Record<string, string>) =>
      send('POST', '')(path, new URLSearchParams(fields).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
      }),
    /** Sends the one file of a form. */
    upload(path: string, name: string, content: Buffer, headers: Record<string, string> = {}) {
      const head = `--edge\r\ncontent-disposition: form-data; name="${name}"; filename="a/b.jpg"\r\n\r\n`
      const body = Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--edge--\r\n')])
      return send('POST', '')(path, body, { 'content-type': 'multipart/form-data; boundary=edge', ...headers })
    },
    /** What a list has. */
    async list(path: string): Promise<any[]> {
      await p.settle()
      const { status, text, body } = await get(path)
      assert.equal(status, 200, text)
      return body.items
    },
  }
}
