import Type from 'typebox'
import { WebSocketServer, type WebSocket } from 'ws'
import {
  CertificateRevoked,
  ChargerChanged,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRemoved,
  type ChargerStatus,
  type OcppVersion,
} from '#contracts/ocpp'
import { anyone, newId, type Knock } from '#kernel'
import { telling, type Batches } from '../batch.ts'
import { isGood } from '../certificates/store.ts'
import { openAttempts } from '../chargers/attempts.ts'
import { openPasswords } from '../chargers/passwords.ts'
import {
  findCharger,
  forgetGateways,
  listAbandoned,
  noteConnected,
  noteDisconnected,
  noteHeard,
  removeGateway,
  seeGateway,
  type Charger,
} from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import type { Handlers, Means } from '../messages/handler.ts'
import { remembered, type Peer } from '../peer.ts'
import { lastAnswers, listTransactions } from '../store.ts'
import { openConnection, type Connection, type Overheard } from './connection.ts'
import { messagesCounted } from './line.ts'
import { sameness } from './received.ts'
import { identityOf, openAdmission, unproven, versionFor, versions, type Proof } from './handshake.ts'

const seenMs = 2_000
/** A gateway that was not seen for so many seconds is gone. */
export const goneSeconds = 8
const heardMs = 10_000

/** The connections of this process. */
export interface Gateway {
  readonly id: string
  /** The connection of a charger, where it is here. */
  connectionOf(chargerId: string): Connection | undefined
  /** Takes somebody who wants to speak WebSocket. Fails as `openAdmission` does. */
  admit(
    url: string,
    proof: Proof,
    knock: () => Knock,
    raw: Parameters<WebSocketServer['handleUpgrade']>[0],
  ): Promise<void>
  close(): Promise<void>
}

interface GatewayOptions {
  readonly host: OcppHost
  readonly batches: Batches
  readonly means: Means
  readonly handlers: Readonly<Record<OcppVersion, Handlers>>
  readonly overheard: Overheard
}

/** What a gateway has of itself. */
interface Self extends GatewayOptions {
  readonly id: string
  readonly connections: Map<string, Connection>
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, batches } = options
  const self: Self = { ...options, id: newId(), connections: new Map() }
  const { id, connections } = self
  const admitted = openAdmission(host, openPasswords(host))
  const attempts = openAttempts(host)
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: host.settings.OCPP_MAX_MESSAGE,
    // 2.0.1 Part 4 §3.3 asks for it; without contexts a connection that is idle holds nothing.
    perMessageDeflate: {
      threshold: 1024,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      concurrencyLimit: 4,
    },
    handleProtocols: offered => versionFor(offered) ?? false,
  })
  followChanges(self)
  // From the start on, so that who watches it need not wait for the first message.
  messagesCounted(host)
  const stopPresence = await keepPresence(self)

  const gateway: Gateway = {
    id,
    connectionOf: chargerId => connections.get(chargerId),
    async admit(url, proof, knock, raw) {
      const refused = (error: unknown): never => {
        attempts.refused(url, prefix, proof.ip, error)
        throw error
      }
      const { charger, certificateId } = await (async () => await admitted(identityOf(url, prefix), proof))().catch(
        refused,
      )
      const offered = proof.headers['sec-websocket-protocol'] ?? ''
      const version = versionFor(offered.split(',').map(name => name.trim()))
      if (!version) attempts.unspoken(charger.id, proof.ip, offered, versions)
      // Its identity may be right and its version not: the handshake is done and the connection closed (1.6J §3.2).
      const peer = version && (await peerFor(host, charger, version, proof.certificate?.name, certificateId))
      const { socket, head } = knock()
      server.handleUpgrade(raw, socket, head, ws =>
        peer ? begin(self, ws, peer, proof.ip) : ws.close(1002, 'none of these versions is spoken here'),
      )
    },
    async close() {
      for (const connection of connections.values()) connection.close(1012, 'the gateway restarts')
      for (let tries = 0; connections.size > 0 && tries < 300; tries++) await new Promise(done => setTimeout(done, 10))
      await batches.idle()
      await stopPresence()
    },
  }
  serve(host, gateway)
  return gateway
}

const prefix = '/ocpp/'

function serve({ site }: OcppHost, gateway: Gateway): void {
  site.socket(
    `${prefix}:chargerId`,
    {
      config: { access: anyone },
      schema: {
        summary: 'Connect a charger over WebSocket',
        description:
          'Sub-protocols `ocpp1.6`, `ocpp2.0.1` and `ocpp2.1`. A charger that has a password sends it by HTTP Basic, ' +
          'its identity for a user.',
        tags: ['ocpp'],
        refuses: ['charger_unknown', 'charger_unproven', 'too_many_requests'],
        params: Type.Object({ chargerId: Type.String({ maxLength: 500 }) }),
      },
    },
    (request, knock) =>
      gateway.admit(request.raw.url ?? '', { headers: request.headers, ip: request.ip }, knock, request.raw),
    () => gateway.close(),
  )
}

async function peerFor(
  { db, now }: OcppHost,
  { id, owner, status, freeVend, timeZone }: Charger,
  ocppVersion: OcppVersion,
  certificateSerial: string | undefined,
  certificateId: string | undefined,
): Promise<Peer> {
  const [transactions, said] = await Promise.all([
    listTransactions(db, id, remembered),
    lastAnswers(db, id, remembered),
  ])
  return {
    id,
    connectionId: newId(),
    ocppVersion,
    owner,
    status,
    freeVend,
    timeZone,
    certificateSerial,
    certificateId,
    transactions: new Map(transactions.map(transaction => [transaction.reference, transaction])),
    costs: new Map(),
    answers: new Map(said.map(({ messageId, frame, ...call }) => [messageId, { call: sameness(call), answer: frame }])),
    lastHeardAt: now(),
  }
}

/** Once it is on disk that the charger is here, and no sooner, it is listened to. */
function begin(self: Self, socket: WebSocket, peer: Peer, ip: string): void {
  const { id: gatewayId, host, batches, means, handlers, overheard, connections } = self
  socket.pause()
  const about = { peer, host, batches, means, handlers: handlers[peer.ocppVersion] }
  const connection = openConnection(socket, about, overheard, (_, reason, superseded) => {
    if (connections.get(peer.id) === connection) connections.delete(peer.id)
    if (!superseded) leave(self, peer.id, peer.connectionId, reason)
  })
  const at = host.now()
  const { id: chargerId, connectionId, ocppVersion, certificateId } = peer
  batches.add({
    chargerId,
    decide: () => ({
      async write(tx) {
        await noteConnected(tx, { id: chargerId, gatewayId, connectionId, ocppVersion, address: ip, at })
        if (certificateId && !(await isGood(tx, certificateId))) throw unproven('Its certificate was revoked.')
      },
      tells: [telling(ChargerConnected, { chargerId, connectionId, ocppVersion, at: at.toISOString() })],
    }),
    done(error) {
      if (error !== undefined) return socket.close(1013, 'try again later')
      connections.get(chargerId)?.close(1000, 'replaced by a newer connection', true)
      connections.set(chargerId, connection)
      socket.resume()
    },
  })
}

/** Notes that a connection has ended, unless another has taken its place. */
function leave({ batches, host }: Self, chargerId: string, connectionId: string, reason: string): void {
  batches.add({
    chargerId,
    decide: () => ({
      async write(tx) {
        const at = host.now()
        if (await noteDisconnected(tx, chargerId, connectionId, at))
          await tx.publish(ChargerDisconnected, { chargerId, connectionId, at: at.toISOString(), reason })
      },
    }),
    done(error) {
      if (error !== undefined) host.log.warn({ err: error, chargerId }, 'a charger that left is still noted')
    },
  })
}

/** What is decided elsewhere about chargers that are here. */
function followChanges({ host, connections }: Self): void {
  host.watch(ChargerConnected, ({ chargerId, connectionId }) => {
    const here = connections.get(chargerId)
    // Ids grow with time.
    if (here && here.peer.connectionId < connectionId) here.close(1000, 'replaced by a newer connection', true)
  })
  host.watch(ChargerChanged, ({ chargerId, owner, status }) => {
    const here = connections.get(chargerId)
    if (!here) return
    const before: ChargerStatus = here.peer.status
    Object.assign(here.peer, { owner, status })
    void learnPolicy(host, here.peer)
    if (status === 'accepted' && before !== 'accepted')
      void here.call(
        'TriggerMessage',
        { requestedMessage: 'BootNotification' },
        { timeoutMs: host.settings.OCPP_CALL_TIMEOUT, own: true },
      )
  })
  host.watch(CertificateRevoked, ({ chargerId, certificateId }) => {
    const here = connections.get(chargerId)
    if (here?.peer.certificateId === certificateId) here.close(1008, 'its certificate was revoked')
  })
  host.watch(ChargerRemoved, ({ chargerId }) => connections.get(chargerId)?.close(1000, 'removed'))
}

/** Where and when it lets anybody charge, which may have changed. */
async function learnPolicy({ db, log }: OcppHost, peer: Peer): Promise<void> {
  try {
    const charger = await findCharger(db, peer.id)
    if (charger) Object.assign(peer, { freeVend: charger.freeVend, timeZone: charger.timeZone })
  } catch (error) {
    log.warn({ err: error, chargerId: peer.id }, 'what changed of a charger holds from its next connection on')
  }
}

/** Lets everybody know that this process is there, and lets go of chargers whose process is not. */
async function keepPresence(self: Self): Promise<() => Promise<void>> {
  const { id, host, connections } = self
  const { db, log, settings, metrics } = host
  await db.transaction(tx => seeGateway(tx, id))
  const timers = [
    setInterval(() => {
      db.transaction(tx => seeGateway(tx, id)).catch(error => log.warn({ err: error }, 'this gateway may seem gone'))
    }, seenMs),
    setInterval(() => connections.forEach(connection => connection.ping()), settings.OCPP_PING),
    setInterval(() => noteAllHeard(host, connections), heardMs),
  ]
  host.every('5 seconds', 'let go of chargers whose gateway is gone', async () => {
    for (const { id: chargerId, connectionId } of await listAbandoned(db, goneSeconds))
      leave(self, chargerId, connectionId, 'the gateway is gone')
    await db.transaction(forgetGateways)
  })
  metrics.gauge('ohmnibus_ocpp_connections', 'Chargers connected to this process', ['version'], gauge => {
    const counts = Map.groupBy(connections.values(), ({ peer }) => peer.ocppVersion)
    // None is a figure too: who looks after them is told by it that all are gone.
    for (const version of versions) gauge.set({ version }, counts.get(version)?.length ?? 0)
  })
  return async () => {
    for (const timer of timers) clearInterval(timer)
    await db.transaction(tx => removeGateway(tx, id)).catch(() => {})
  }
}

function noteAllHeard({ db, log }: OcppHost, connections: ReadonlyMap<string, Connection>): void {
  const heard = [...connections.values()].map(({ peer }) => ({ id: peer.id, at: peer.lastHeardAt }))
  if (heard.length === 0) return
  db.transaction(tx => noteHeard(tx, heard)).catch(error => log.warn({ err: error }, 'it is not noted who was heard'))
}
