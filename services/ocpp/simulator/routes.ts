import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Type, { type Static } from 'typebox'
import { ChargerId, ChargerRegistered, OcppVersion } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import { ownerFor, partiesOf, Problem, withRole, type Actor } from '#kernel'
import { openPasswords } from '../chargers/passwords.ts'
import { insertCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import type { Gateway } from '../rpc/gateway.ts'
import { letIn } from '../rpc/ports.ts'
import { searchTokens } from '../tokens/search.ts'
import { deeds, type openCharger, type View } from './charger.ts'

/** At once, of everybody: each has timers of its own. */
const most = 20

const Simulated = Type.Object(
  {
    id: ChargerId,
    version: OcppVersion,
    state: Type.Enum(['connecting', 'pending', 'online', 'offline'], { examples: ['online'] }),
    plugs: Type.Array(
      Type.Object({
        connector: Type.Integer({ examples: [1] }),
        state: Type.Enum(['free', 'plugged', 'charging', 'faulted'], { examples: ['charging'] }),
        powerW: Type.Number({ examples: [11_000] }),
        soc: Type.Number({ description: 'How full the battery is, from 0 to 1', examples: [0.42] }),
        sessionWh: Type.Number({ examples: [5_200] }),
      }),
    ),
    sessions: Type.Integer({ examples: [2] }),
    energyWh: Type.Number({ examples: [18_400] }),
    turnedAway: Type.Integer({ description: 'Cards that were refused', examples: [0] }),
    isClockWrong: Type.Boolean(),
  },
  { title: 'SimulatedCharger' },
)
const Some = Type.Object(
  { items: Type.Array(Simulated, { description: `Up to ${most}` }) },
  { title: 'SimulatedChargers' },
)

const viewOf = ({ id, version, state, plugs, sessions, energyWh, turnedAway, isClockWrong }: View) => ({
  id,
  version,
  state,
  plugs: plugs.map((plug, at) => ({ connector: at + 1, ...plug })),
  sessions,
  energyWh,
  turnedAway,
  isClockWrong,
})

interface Playing extends ReturnType<typeof openCharger> {
  readonly owner: Owner
  readonly ending: AbortController
}

const config = { access: withRole('operator') }

/** Chargers that exist in this process alone, for who tries the platform out; they come in by a door of the own machine. */
export function simulatorRoutes(host: OcppHost, gateway: Gateway): void {
  const { http, db, platform } = host
  const playing = new Map<string, Playing>()
  const start = openStarting(host, gateway, playing)

  /** Those that the actor may play with. */
  const of = (actor: Actor): Playing[] => {
    if (platform.mode !== 'evaluation') throw new Problem('not_found', 'simulator_off')
    return [...playing.values()].filter(({ owner }) => actor.role === 'admin' || partiesOf(actor).includes(owner.id))
  }
  const one = (actor: Actor, id: string): Playing => {
    const found = of(actor).find(({ view }) => view.id === id)
    if (!found) throw new Problem('not_found', 'charger_unknown')
    ownerFor(actor)
    return found
  }

  http.get(
    '/simulator',
    {
      config,
      schema: {
        summary: 'Simulated chargers that one plays with, in evaluation mode',
        refuses: ['simulator_off'],
        response: { 200: Some },
      },
    },
    async ({ actor }) => ({ items: of(actor).map(({ view }) => viewOf(view)) }),
  )

  http.post(
    '/simulator',
    {
      config,
      schema: {
        summary: 'Start simulated chargers, in evaluation mode',
        description:
          `They are chargers of whom one acts for, connect from this machine, and run until they are switched off or ` +
          `the platform stops; ${most} at once. No car comes by itself.`,
        refuses: ['simulator_off', 'simulator_full', 'editor_required'],
        body: Type.Object({
          count: Type.Optional(
            Type.Integer({ minimum: 1, maximum: most, description: 'One unless said', examples: [1] }),
          ),
          version: Type.Optional({ ...OcppVersion, examples: ['ocpp2.0.1'] }),
          speed: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 600,
              description: 'So many times as fast as life; 60 unless said',
              examples: [60],
            }),
          ),
        }),
        response: { 200: Some },
      },
    },
    async ({ actor, body: { count = 1, version = 'ocpp2.0.1', speed = 60 } }) => {
      of(actor)
      const owner = ownerFor(actor)
      // All or none, but where others start some at the same moment.
      if (playing.size + count > most) throw new Problem('conflict', 'simulator_full')
      const items: View[] = []
      while (items.length < count) items.push(await start(owner, version, speed))
      return { items: items.map(viewOf) }
    },
  )

  http.post(
    '/simulator/:id/:deed',
    {
      config,
      schema: {
        summary: 'Do something to a simulated charger: plug in, break it, cut its line',
        refuses: ['simulator_off', 'simulator_impossible', 'charger_unknown', 'editor_required'],
        params: Type.Object({ id: ChargerId, deed: Type.Enum([...deeds], { examples: ['plug-in'] }) }),
        body: Type.Object({
          connector: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 2, description: 'The first unless said', examples: [1] }),
          ),
          idToken: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 20,
              pattern: '^[\\x21-\\x7e]+$',
              description: 'The card that is held against it; unless said the latest of yours that may charge',
              examples: ['DEMO-CARD-1'],
            }),
          ),
        }),
        response: { 200: Simulated },
      },
    },
    async ({ actor, params: { id, deed }, body: { connector = 1, idToken } }) => {
      const found = one(actor, id)
      const [card] = (await searchTokens(db, actor, { status: 'accepted', limit: 1 })).items
      if (!found.deed(deed, connector, idToken ?? card?.idToken ?? 'SIM-CARD'))
        throw new Problem('conflict', 'simulator_impossible')
      return viewOf(found.view)
    },
  )

  http.delete(
    '/simulator/:id',
    {
      config,
      schema: {
        summary: 'Switch a simulated charger off; what it charged stays',
        refuses: ['simulator_off', 'charger_unknown', 'editor_required'],
        params: Type.Object({ id: ChargerId }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const { ending } = one(actor, params.id)
      playing.delete(params.id)
      ending.abort()
      return reply.code(204).send(null)
    },
  )
}

/** Makes a charger known, with a password that only its simulation has, and lets it live. Fails with `simulator_full`. */
function openStarting(host: OcppHost, gateway: Gateway, playing: Map<string, Playing>) {
  const { db, now, onStop } = host
  const passwords = openPasswords(host)
  const stopping = new AbortController()
  let door: Promise<string> | undefined
  // Opened for the first: at an address that nobody reaches from elsewhere.
  const openDoor = async (): Promise<string> => {
    const server = createServer()
    letIn(gateway, server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onStop(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  onStop(() => stopping.abort())

  let [last, begun] = [0, 0]
  const register = async (owner: Owner, password: string): Promise<string> => {
    for (;;) {
      const id = `SIM-${String(++last).padStart(3, '0')}`
      const about = { name: null, status: 'accepted', certificateSerial: null, createdAt: now() } as const
      const passwordDigest = passwords.digest(id, Buffer.from(password))
      const isNew = await db.transaction(async tx => {
        const added = await insertCharger(tx, { id, owner, passwordDigest, ...about })
        if (added) await tx.publish(ChargerRegistered, { chargerId: id, owner, status: 'accepted', version: 1 })
        return added
      })
      if (isNew) return id
    }
  }

  const start = async (owner: Owner, version: Static<typeof OcppVersion>, speed: number): Promise<View> => {
    const password = randomBytes(20).toString('hex')
    const [{ openCharger: open }, url, id] = await Promise.all([
      import('./charger.ts'),
      (door ??= openDoor()),
      register(owner, password),
    ])
    const ending = new AbortController()
    const plug = { current: 'AC', maxPowerW: 22_000 } as const
    const charger = open({
      url,
      files: host.platform.publicUrl,
      id,
      version,
      password,
      plugs: [plug, { current: 'DC', maxPowerW: 150_000 }],
      cards: [],
      speed,
      pauseMinutes: () => Infinity,
      chaos: false,
      random: Math.random,
      signal: AbortSignal.any([ending.signal, stopping.signal]),
      violated: violation => host.log.warn({ err: violation }, 'a simulated charger saw the protocol broken'),
    })
    playing.set(id, { ...charger, owner, ending })
    return charger.view
  }
  return async (...how: Parameters<typeof start>): Promise<View> => {
    if (playing.size + begun >= most) throw new Problem('conflict', 'simulator_full')
    begun++
    try {
      return await start(...how)
    } finally {
      begun--
    }
  }
}
