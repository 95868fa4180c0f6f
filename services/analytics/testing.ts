import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { SessionCharged } from '#contracts/billing'
import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { StationCreated } from '#contracts/stations'
import { newId, type Actor, type Service } from '#kernel'
import { start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import type { AnalyticsHost } from './host.ts'
import { analytics } from './service.ts'

export const at = (text: string): string => new Date(text).toISOString()

/** Figures with a clock that tests set; what others would tell is put into the log. */
export async function open(t: TestContext, options: TestOptions & { today?: string } = {}) {
  let today = new Date(options.today ?? '2027-03-15T12:00:00Z')
  const works = new Map<string, () => Promise<void>>()
  let database: AnalyticsHost['db']
  const observed: Service = {
    ...analytics,
    start(host: AnalyticsHost) {
      database = host.db
      return analytics.start({ ...host, every: (_, purpose, work) => void works.set(purpose, work) })
    },
  }
  const p = await start(t, [observed], { now: () => today, ...options })
  const ask =
    (actor: Partial<Actor>) =>
    async (path: string, method: 'GET' | 'POST' = 'GET') => {
      const headers = p.signedIn(actor)
      const { statusCode, ...answer } = await p.http.inject({
        method,
        url: `/api/analytics${path}`,
        headers,
        ...(method === 'POST' && { payload: {} }),
      })
      const isJson = /json/.test(String(answer.headers['content-type']))
      return {
        status: statusCode,
        headers: answer.headers,
        bytes: answer.rawPayload,
        text: answer.body,
        body: isJson ? JSON.parse(answer.body) : undefined,
      }
    }
  const admin = ask({ role: 'admin' })
  return {
    p,
    db: p.db('analytics'),
    /** As the service has it. */
    own: database!,
    setTime: (text: string) => void (today = new Date(text)),
    as: ask,
    admin,
    /** Does the periodic work whose purpose this is. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
    /** The answer to an admin, which must be one. */
    async read(path: string): Promise<any> {
      await p.settle()
      const { status, text, body } = await admin(path)
      assert.equal(status, 200, text)
      return body
    },
    /** The totals of the lines of a series, by their keys. */
    async totals(query: string): Promise<Record<string, number | null>> {
      const { series } = await this.read(`/series?${query}`)
      return Object.fromEntries(
        series.map((line: any) => [`${line.key}${line.currency ? ` ${line.currency}` : ''}`, line.total]),
      )
    },
    async station(
      owner: Owner | null,
      chargerId: string,
      standard: 'IEC_62196_T2' | 'IEC_62196_T2_COMBO',
      name = chargerId,
    ) {
      const station = { stationId: newId(), chargerId, owner, public: true, name, siteId: newId(), version: 1 }
      await p.publish(StationCreated, {
        ...station,
        connectors: [{ evse: 1, connector: 1, standard, maxPowerW: null }],
      })
      return station
    },
    session: (about: Partial<Course> & { startedAt: string; endedAt: string }) => course(p, about),
  }
}

interface Course {
  sessionId: string
  chargerId: string
  stationId: string | null
  owner: Owner | null
  driverId: string | null
  startedAt: string
  endedAt: string
  energyWh: number
  /** Readings in between. */
  readings: readonly (readonly [at: string, energyWh: number])[]
  /** When it was heard of; at once where it is not said. */
  heardAt: string
  price: { totalMinor: number; currency?: string; tariffId?: string }
}

/** What is told of a session that went so; each can be told again, and in any order. */
function course(p: TestPlatform, given: Partial<Course> & { startedAt: string; endedAt: string }) {
  const { startedAt, endedAt, energyWh = 10_000, readings = [], heardAt, price } = given
  const about = {
    sessionId: given.sessionId ?? newId(),
    chargerId: given.chargerId ?? 'CP-1',
    stationId: given.stationId ?? null,
    evse: 1,
    connector: 1,
    owner: given.owner ?? null,
    driverId: given.driverId ?? null,
    token: null,
    startedAt,
  }
  const ending = { ...about, endedAt, stopReason: null, closedBy: 'charger' as const }
  const ids = { begin: newId(), end: newId(), correct: newId(), charge: newId(), readings: readings.map(() => newId()) }
  const told = {
    begin: () =>
      p.publish(
        SessionStarted,
        { ...about, energyWh: 0, updatedAt: heardAt ?? startedAt, offline: false },
        undefined,
        ids.begin,
      ),
    async go() {
      for (const [index, [updatedAt, wh]] of readings.entries())
        await p.publish(
          SessionUpdated,
          { ...about, energyWh: wh, updatedAt, chargingState: 'Charging' },
          undefined,
          ids.readings[index],
        )
    },
    end: () => p.publish(SessionEnded, { ...ending, energyWh, updatedAt: heardAt ?? endedAt }, undefined, ids.end),
    correct: (to: { energyWh: number; endedAt?: string }, updatedAt: string) =>
      p.publish(
        SessionCorrected,
        { ...ending, ...to, updatedAt, former: { startedAt, endedAt, energyWh } },
        undefined,
        ids.correct,
      ),
    charge: (totalMinor = price?.totalMinor ?? 0, revision = 1) =>
      p.publish(SessionCharged, {
        ...about,
        revision,
        seller: given.owner ?? { kind: 'person', id: newId() },
        tariffId: price?.tariffId ?? null,
        energyWh,
        endedAt,
        currency: price?.currency ?? 'EUR',
        netMinor: totalMinor - Math.round(totalMinor * 0.19),
        taxMinor: Math.round(totalMinor * 0.19),
        totalMinor,
        owedMinor: 0,
        at: endedAt,
      }),
    async all() {
      await told.begin()
      await told.go()
      await told.end()
      if (price) await told.charge()
    },
  }
  return told
}
