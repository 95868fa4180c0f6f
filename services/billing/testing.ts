import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Static } from 'typebox'
import type { TariffTerms } from '#contracts/billing'
import type { CallContract } from '#contracts/define'
import { getPerson, listMembers } from '#contracts/identity'
import { getToken } from '#contracts/ocpp'
import { getSessionCourse, SessionCorrected, SessionEnded, SessionStarted } from '#contracts/sessions'
import { getConnector, getStation } from '#contracts/stations'
import type { OrganisationRole, Owner } from '#contracts/shared'
import { fail, newId, type Db, type Service } from '#kernel'
import { differencesIn } from '#money/ledger'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import type { BillingHost } from './host.ts'
import { billing } from './service.ts'

export const perKwh = (price: string, more: Partial<TariffTerms> = {}): TariffTerms => ({
  currency: 'EUR',
  taxIncluded: true,
  elements: [{ priceComponents: [{ type: 'ENERGY', price }] }],
  ...more,
})

/** A session as somebody tells of it; times are minutes from `begin`. */
export interface Charging {
  readonly sessionId: string
  readonly driverId: string | null
  readonly energyWh: number
  readonly minutes?: number
  /** When it starts; 0 unless said. */
  readonly from?: number
  /** Moments in between. */
  readonly course?: readonly (readonly [minutes: number, energyWh: number])[]
  /** What else is told otherwise. */
  readonly about?: object
}

/** Billing, a station of an operator's, and sessions there that are told as their service would. */
export async function open(t: TestContext, { begin: first, ...options }: TestOptions & { begin?: string } = {}) {
  const begin = Date.parse(first ?? '2027-03-01T10:00:00Z')
  const at = (minutes: number): string => new Date(begin + minutes * 60_000).toISOString()
  const seller: Owner = { kind: 'organisation', id: newId() }
  const stationId = newId()
  const courses = new Map<string, object>()
  const known: {
    station: boolean
    owner: Owner
    region: string | null
    country: string
    timeZone: string
    online: boolean
    startable: boolean
  } = {
    station: true,
    online: true,
    startable: true,
    owner: seller,
    region: null,
    country: 'DEU',
    timeZone: 'Europe/Berlin',
  }
  /** Members of organisations, with their roles, and whose each card is. */
  const members = new Map<string, Map<string, OrganisationRole>>()
  const cards = new Map<string, string>()
  const works = new Map<string, () => Promise<void>>()
  const answers = new Map<string, (input: any) => Promise<any>>()
  const held: Service = {
    ...billing,
    start: (host: BillingHost) =>
      billing.start({
        ...host,
        answer(call, handler) {
          answers.set(call.name, handler)
          host.answer(call, handler)
        },
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      }),
  }
  const p = await start(t, [held], {
    ...options,
    answers: [
      answering(getStation, async asked =>
        known.station && (asked.stationId === stationId || asked.chargerId === 'CP-1')
          ? {
              stationId,
              chargerId: 'CP-1',
              owner: known.owner,
              public: true,
              name: 'Market square',
              siteId: null,
              timeZone: known.timeZone,
              country: known.country,
              region: known.region,
              tariff: null,
              online: true,
              deleted: false,
              version: 1,
            }
          : fail('not_found', 'station_unknown'),
      ),
      answering(getConnector, async ({ evse, connector }) =>
        known.station && evse <= 2 && connector === 1
          ? {
              stationId,
              chargerId: 'CP-1',
              owner: known.owner,
              public: true,
              evse,
              connector,
              connectorId: newId(),
              standard: null,
              maxPowerW: 22_000,
              status: 'available' as const,
              online: known.online,
              available: known.startable,
              startable: known.startable,
            }
          : fail('not_found', 'connector_unknown'),
      ),
      answering(getPerson, async ({ userId }) => ({
        userId,
        email: 'ada@example.com',
        name: 'Ada',
        firstName: 'Ada',
        locale: 'en' as const,
        disabled: false,
      })),
      answering(listMembers, async ({ organisationId }) => ({
        members: [...(members.get(organisationId) ?? [])].map(([userId, role]) => ({
          userId,
          email: `${userId}@example.com`,
          name: `Employee ${userId.slice(-4)}`,
          firstName: 'Employee',
          locale: 'en' as const,
          disabled: false,
          role,
        })),
      })),
      answering(getToken, async ({ idToken, type }) => {
        const userId = cards.get(idToken.toUpperCase()) ?? fail('not_found', 'token_unknown')
        return { tokenId: tokenIdOf(idToken), idToken: idToken.toUpperCase(), type, owner: seller, userId }
      }),
      answering(
        getSessionCourse,
        async ({ sessionId }) => (courses.get(sessionId) as never) ?? fail('not_found', 'session_unknown'),
      ),
    ],
  })
  const as = (who: object = {}) => {
    // Signed in anew for each request: tokens end, and tests move the clock.
    const actor = { userId: newId(), ...who }
    const send =
      (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
      async (path: string, payload?: object, more: Record<string, string> = {}) => {
        const answer = await p.http.inject({
          method,
          url: `/api/billing${path}`,
          headers: { ...p.signedIn(actor), ...more },
          ...(payload && { payload }),
        })
        return { status: answer.statusCode, headers: answer.headers, body: answer.body ? answer.json() : undefined }
      }
    return { get: send('GET'), post: send('POST'), put: send('PUT'), delete: send('DELETE') }
  }
  const organisation = { id: seller.id, role: 'admin' as const }
  const operator = as({ role: 'operator', organisation })
  const told = (
    { sessionId, driverId, energyWh, minutes = 60, from = 0, course = [], about: more = {} }: Charging,
    updated: number,
    ended: boolean,
  ) => {
    const about = {
      sessionId,
      chargerId: 'CP-1',
      stationId,
      evse: 1,
      connector: 1,
      owner: seller,
      driverId,
      token: null,
      startedAt: at(from),
      energyWh: ended ? energyWh : 0,
      updatedAt: at(updated),
      ...more,
    }
    const moments = [[from, 0] as const, ...course, [minutes, energyWh] as const]
    courses.set(sessionId, {
      ...about,
      energyWh,
      endedAt: ended ? at(minutes) : null,
      course: moments.map(([minute, energyWh]) => ({ at: at(minute), energyWh })),
    })
    return { about, endedAt: at(minutes) }
  }
  const ending = { stopReason: null, closedBy: 'charger' as const }
  return {
    p,
    /** What anybody knows of the station. */
    known,
    members,
    cards,
    /** What is told of a session that goes on. */
    about: (session: Charging, updated: number) => told(session, updated, false).about,
    /** What whoever asks for it is told of one that has ended, though that is on its way. */
    isOver: (session: Charging): void => void told(session, 0, true),
    at,
    seller,
    stationId,
    operator,
    organisation,
    as,
    /** Says what charging costs there. */
    async tariff(terms: TariffTerms, uses: object[] = [{}]) {
      const { status, body } = await operator.post('/tariffs', { name: 'Standard', terms, uses })
      assert.equal(status, 201, JSON.stringify(body))
      return body
    },
    /** Puts money into a driver's wallet. */
    async fund(driverId: string | Owner, cents: bigint): Promise<void> {
      const { accounts } = await import('./wallets/accounts.ts')
      const { post } = await import('#money/ledger')
      await inBilling(p, async tx => {
        const [wallet, outside] = [await accounts.wallet(tx, driverId, 'EUR'), await accounts.outside(tx, 'EUR')]
        const transfers = [{ from: outside, to: wallet, minor: cents }]
        await post(tx, { cause: newId(), kind: 'top-up', at: new Date(begin), transfers })
      })
    },
    async started(session: Charging): Promise<void> {
      await p.publish(SessionStarted, { ...told(session, 0, false).about, offline: false })
      await p.settle()
    },
    async ended(session: Charging, updated = session.minutes ?? 60): Promise<void> {
      const { about, endedAt } = told(session, updated, true)
      await p.publish(SessionEnded, { ...about, endedAt, ...ending })
      await p.settle()
    },
    /** More is known of one that had ended; with `goesOn` it has not. */
    async corrected(session: Charging, updated: number, goesOn = false): Promise<void> {
      const { about, endedAt } = told(session, updated, !goesOn)
      const former = { startedAt: at(0), endedAt: at(60), energyWh: 0 }
      const end = goesOn ? { endedAt: null, stopReason: null, closedBy: null } : { endedAt, ...ending }
      await p.publish(SessionCorrected, { ...about, ...end, former })
      await p.settle()
    },
    async wallet(driverId: string) {
      const { body } = await as({ userId: driverId }).get('/wallet')
      return { ...body.balances[0], blocked: body.blocked }
    },
    /** What another service is answered. */
    asked: <C extends CallContract<'billing'>>(call: C, input: Static<C['input']>): Promise<Static<C['output']>> =>
      answers.get(call.name)!(input),
    /** Does the periodic work whose purpose this is, and what follows from it. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
    /** All that was booked adds up. */
    async isRight(): Promise<void> {
      const db = p.db('billing') as unknown as Db
      assert.deepEqual([...(await differencesIn(db))], [])
      const [row] = await db<{ sum: bigint }[]>`select sum(balance_minor)::bigint as sum from ledger_accounts`
      assert.equal(row!.sum ?? 0n, 0n)
    },
  }
}

const ids = new Map<string, string>()
const tokenIdOf = (idToken: string): string => ids.getOrInsertComputed(idToken.toUpperCase(), () => newId())

/** Work in a transaction of the service's own schema; `tx` is a superuser's, which has the statements of a `Tx` and no events. */
async function inBilling(p: { db(name: string): unknown }, work: (tx: any) => Promise<unknown>): Promise<void> {
  // A pool of a superuser is no `Tx`: it publishes nothing, and nothing here does.
  await (p.db('billing') as { begin(work: (tx: unknown) => Promise<unknown>): Promise<unknown> }).begin(work)
}
