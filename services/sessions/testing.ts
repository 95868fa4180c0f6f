import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import type { OcppVersion } from '#contracts/ocpp'
import { fail, newId, type Service } from '#kernel'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import { ocpp } from '../ocpp/service.ts'
import { connect } from '../ocpp/testing.ts'
import { closeForgotten } from './forgotten.ts'
import type { SessionsHost } from './host.ts'
import { thinReadings } from './retention.ts'
import { sessions } from './service.ts'

export const minute = 60_000

/** Chargers on real sockets, and the sessions that come of what they say. */
export async function open(t: TestContext, options: TestOptions = {}) {
  let host!: SessionsHost
  const held: Service = {
    ...sessions,
    start: own => {
      host = own as SessionsHost
      return sessions.start(host)
    },
  }
  const p = await start(t, [ocpp, held], {
    ...options,
    answers: [
      answering(getPerson, async () => fail('not_found', 'user_unknown')),
      answering(listMembers, async () => ({ members: [] })),
      answering(findPerson, async ({ email }) => ({ email, userId: null })),
      ...(options.answers ?? []),
    ],
  })
  const url = await p.listen()
  // Anew each time: its token ends, and tests move the clock.
  const admin = () => p.signedIn({ role: 'admin' })
  const get = async (path: string, headers = admin()): Promise<any> => {
    await p.settle()
    const answer = await p.http.inject({ url: `/api/sessions${path}`, headers })
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json()
  }
  return {
    p,
    url,
    db: p.db('sessions'),
    charger: (id: string, version: OcppVersion = 'ocpp1.6') =>
      connect(t, `${url.replace('http', 'ws')}/ocpp/${encodeURIComponent(id)}`, version),
    /** A card that may charge; gives whose it is. */
    async card(idToken: string, userId = newId()): Promise<string> {
      await p.db('ocpp')`
        insert into tokens (id, id_token, type, owner_kind, owner_id, user_id, status, created_at)
        values (${newId()}, ${idToken}, 'ISO14443', 'person', ${userId}, ${userId}, 'accepted', now())`
      return userId
    },
    get,
    /** What is done now and then. */
    closeForgotten: () => closeForgotten(host),
    thinReadings: () => thinReadings(host),
    /** Sessions as a list has them, the newest first. */
    list: async (query = '', headers = admin()): Promise<any[]> => (await get(`/${query}`, headers)).items,
    /** The only one there is. */
    async only(): Promise<any> {
      const { items } = await get('/')
      assert.equal(items.length, 1)
      return await get(`/${items[0].id}`)
    },
    post: (path: string, payload?: object, headers = admin()) =>
      p.http.inject({ method: 'POST', url: `/api/sessions${path}`, headers, ...(payload && { payload }) }),
  }
}

export type Connected = Awaited<ReturnType<typeof connect>>

/** A charger of 1.6 that charges a car, as of a moment. */
export function charging16(it: Connected, from: number) {
  const at = (minutes: number): string => new Date(from + minutes * minute).toISOString()
  return {
    at,
    start: (meterStart: number, more: object = {}, minutes = 0): Promise<any> =>
      it.call('StartTransaction', { connectorId: 1, idTag: 'CARD-1', meterStart, timestamp: at(minutes), ...more }),
    values: (transactionId: number, minutes: number, ...sampledValue: object[]): Promise<any> =>
      it.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp: at(minutes), sampledValue }],
      }),
    stop: (transactionId: number, meterStop: number, minutes: number, more: object = {}): Promise<any> =>
      it.call('StopTransaction', { transactionId, meterStop, timestamp: at(minutes), ...more }),
  }
}

/** The same of 2.x. */
export function charging2(it: Connected, from: number, transactionId = 'T-1') {
  const at = (minutes: number): string => new Date(from + minutes * minute).toISOString()
  return {
    at,
    event: (eventType: string, seqNo: number, minutes: number, more: object = {}, info: object = {}): Promise<any> =>
      it.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp: at(minutes),
        triggerReason: 'MeterValuePeriodic',
        transactionInfo: { transactionId, ...info },
        evse: { id: 1, connectorId: 1 },
        ...more,
      }),
    /** Values of a moment, in Wh where nothing else is said. */
    meter: (minutes: number, ...sampledValue: object[]) => ({ meterValue: [{ timestamp: at(minutes), sampledValue }] }),
  }
}
