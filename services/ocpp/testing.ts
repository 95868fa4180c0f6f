import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { getChargerTariffs, getSessionCosts } from '#contracts/billing'
import { getDocumentFile } from '#contracts/documents'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import type { OcppVersion } from '#contracts/ocpp'
import { fail, newId, type Actor, type Service } from '#kernel'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import type { OcppHost } from './host.ts'
import { requireValid } from './messages/schemas.ts'
import { ocpp } from './service.ts'

/** What others answer where nobody is there. */
export const nobody = [
  answering(getPerson, async () => fail('not_found', 'user_unknown')),
  answering(listMembers, async () => ({ members: [] })),
  answering(findPerson, async ({ email }) => ({ email, userId: null })),
  answering(getChargerTariffs, async () => ({ tariffs: [] })),
  answering(getSessionCosts, async () => ({ costs: [] })),
  answering(getDocumentFile, async () => ({ state: 'unknown' as const, scanned: false, fileKey: null })),
]

/** One more process of the service, on the same database: where it listens. */
export async function gateway(p: TestPlatform, more: { periodic?: boolean } = {}): Promise<string> {
  const owners = [...Map.groupBy(nobody, ({ call }) => call.owner)]
  const others = owners.map(([name, answers]): Service => ({
    name,
    folder: import.meta.dirname,
    start: host => answers.forEach(({ call, handler }) => host.answer(call, handler as never)),
  }))
  // The first has the ports of chargers.
  const portless: Service = {
    ...ocpp,
    start(host: OcppHost) {
      const { OCPP_PORT: _, OCPP_TLS_PORT: _tls, ...settings } = host.settings
      return ocpp.start({ ...host, settings })
    },
  }
  return (await p.another([portless, ...others], more)).listen()
}

/** The service on a real socket, with nobody beside it; chargers connect by `charger`. */
export async function open(t: TestContext, options: TestOptions = {}) {
  const known = options.answers ?? []
  const others = nobody.filter(({ call }) => !known.some(answer => answer.call.name === call.name))
  const works = new Map<string, () => Promise<void>>()
  const observed: Service = {
    ...ocpp,
    start: (host: OcppHost) =>
      ocpp.start({
        ...host,
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      }),
  }
  const p = await start(t, [observed], { ...options, answers: [...others, ...known] })
  const url = await p.listen()
  const db = p.db('ocpp')
  return {
    p,
    url,
    db,
    /** Does the periodic work whose purpose this is. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
    },
    /** A card that may charge. */
    async card(idToken: string, more: { status?: string; expiresAt?: Date; groupId?: string; userId?: string } = {}) {
      await db`
        insert into tokens (id, id_token, type, owner_kind, owner_id, user_id, group_id, status, expires_at, created_at)
        values (${newId()}, ${idToken}, 'ISO14443', 'person', ${newId()}, ${more.userId ?? null},
          ${more.groupId ?? null}, ${more.status ?? 'accepted'}, ${more.expiresAt ?? null}, now())`
    },
    /** An operator, of nobody's organisation unless it is said whose. */
    as: (actor: Partial<Actor> = {}) => client(url, p.signedIn({ role: 'operator', ...actor })),
    charger: (id: string, version: OcppVersion = 'ocpp1.6', more: Connecting = {}) =>
      connect(t, `${url.replace('http', 'ws')}/ocpp/${encodeURIComponent(id)}`, version, more),
  }
}

/** Somebody who sends requests. */
export function client(url: string, signedIn: Record<string, string>) {
  const send =
    (method: string) =>
    async (path: string, body?: object, headers: Record<string, string> = {}) => {
      const type = body && { 'content-type': 'application/json' }
      const answer = await fetch(`${url}/api/ocpp${path}`, {
        method,
        headers: { ...signedIn, ...type, ...headers },
        body: body && JSON.stringify(body),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined }
    }
  return { headers: signedIn, get: send('GET'), post: send('POST'), put: send('PUT'), delete: send('DELETE') }
}

interface Connecting {
  password?: string | Buffer
  user?: string
  headers?: Record<string, string>
  tls?: { ca?: Buffer; cert?: Buffer; key?: Buffer }
}

export type Frame = [number, string, ...unknown[]]

/** What a charger does at its end of the wire; answers of ours are held to their schemas. */
export async function connect(
  t: Pick<TestContext, 'after'>,
  url: string,
  version: OcppVersion | '',
  more: Connecting = {},
) {
  const user = more.user ?? (more.password && decodeURIComponent(url.split('/').at(-1)!))
  const basic = more.password && Buffer.concat([Buffer.from(`${user}:`), Buffer.from(more.password)]).toString('base64')
  const socket = new WebSocket(url, version || [], {
    ...more.tls,
    headers: { ...(basic && { authorization: `Basic ${basic}` }), ...more.headers },
  })
  const heard: Frame[] = []
  const waiting = new Map<string, (frame: Frame) => void>()
  /** What it answers when it is called; nothing where there is none. */
  const answers = new Map<string, (payload: any, id: string) => unknown>([
    // Asked after each start: it has nothing to say unless a test gives it something.
    ['GetConfiguration', () => ({})],
    ['GetBaseReport', () => ({ status: 'EmptyResultSet' })],
  ])
  const closed = new Promise<number>(resolve => socket.once('close', resolve))
  socket.on('message', data => {
    const frame = JSON.parse(data.toString()) as Frame
    heard.push(frame)
    const [type, id, action, payload] = frame
    if (type !== 2) return waiting.get(id)?.(frame)
    if (version) requireValid(version, String(action), 'request', payload)
    const answer = answers.get(String(action))?.(payload, id)
    if (answer !== undefined) socket.send(JSON.stringify([3, id, answer]))
  })
  t.after(() => socket.terminate())
  let below: Socket | undefined
  socket.once('upgrade', response => (below = response.socket))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_, response) => reject(new Error(String(response.statusCode))))
    socket.on('error', reject)
  })
  /** Sends a frame of any content; resolves with what is said to its id. */
  const frame = (text: string, id: string): Promise<Frame> =>
    new Promise(resolve => {
      waiting.set(id, resolve)
      socket.send(text)
    })
  return {
    socket,
    /** What the frames travel over. */
    below: below!,
    heard,
    answers,
    closed,
    frame,
    /** The answer to a call; fails with the code of an error. */
    async call(action: string, payload: object, id = newId()): Promise<any> {
      const [type, , first, ...rest] = await frame(JSON.stringify([2, id, action, payload]), id)
      if (type === 4) throw Object.assign(new Error(String(first)), { code: first, description: rest[0] })
      if (version) requireValid(version, action, 'answer', first)
      return first
    },
    async close(): Promise<void> {
      socket.close()
      await closed
    },
  }
}

export const boot16 = { chargePointVendor: 'Voltaic', chargePointModel: 'V2-22' }
export const boot2 = { reason: 'PowerUp', chargingStation: { vendorName: 'Voltaic', model: 'V2-22' } }

/**
 * A charger as most are: it sends a message until it is answered, over a new connection where the old one breaks, and
 * the next one then.
 */
export async function persistent(t: TestContext, url: string, more: Connecting = {}) {
  let line: Awaited<ReturnType<typeof connect>> | undefined
  /** What it answers on its next connections too. */
  const answers: Awaited<ReturnType<typeof connect>>['answers'] = new Map()
  let connections = 0
  async function call(action: string, payload: object): Promise<any> {
    for (;;) {
      try {
        if (!line) {
          line = await connect(t, url, 'ocpp1.6', more)
          for (const [action, answer] of answers) line.answers.set(action, answer)
          connections++
        }
        const gone = line.closed.then(() => {
          throw new Error('gone')
        })
        return await Promise.race([line.call(action, payload), gone])
      } catch {
        line = undefined
        await sleep(50)
      }
    }
  }
  await call('BootNotification', boot16)
  return {
    call,
    answer(action: string, answer: (payload: any, id: string) => unknown): void {
      answers.set(action, answer)
      line?.answers.set(action, answer)
    },
    /** How often it came. */
    connections: () => connections,
  }
}

// JSON schemas of any shape.
type Schema = any

/** The least that a schema takes. */
export function least(schema: Schema, root: Schema = schema): unknown {
  if (schema.$ref) return least(root.definitions[schema.$ref.split('/').at(-1)], root)
  if (schema.enum) return schema.enum[0]
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 1 }, () => least(schema.items, root))
  if (schema.type === 'object')
    return Object.fromEntries((schema.required ?? []).map((key: string) => [key, least(schema.properties[key], root)]))
  if (schema.format === 'date-time') return '2026-11-28T10:00:00Z'
  if (schema.format === 'uri') return 'https://files.example/1'
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1)
  return 'x'
}
