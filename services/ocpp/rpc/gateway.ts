import Type from 'typebox'
import { WebSocketServer, type WebSocket } from 'ws'
import {
  ChargerChanged,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRemoved,
  type ChargerStatus,
  type OcppVersion,
} from '#contracts/ocpp'
import { anyone, newId, type Knock } from '#kernel'
import { telling, type Batches } from '../batch.ts'
import { openPasswords } from '../chargers/passwords.ts'
import {
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
import { openConnection, sameness, type Connection } from './connection.ts'
import { identityOf, openAdmission, versionFor, type Proof } from './handshake.ts'

const seenMs = 2_000
/** A gateway that was not seen for so many seconds is gone. */
export const goneSeconds = 8
const heardMs = 10_000

/** Hears the wire of chargers, as it is. */
export type Overheard = (chargerId: string, direction: 'received' | 'sent', text: string) => void

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

export async function openGateway(options: {
  host: OcppHost
  batches: Batches
  means: Means
  handlers: Readonly<Record<OcppVersion, Handlers>>
  overheard: Overheard
}): Promise<Gateway> {
  const { host, batches, means, handlers, overheard } = options
  const { db, now, log, settings } = host
  const id = newId()
  const connections = new Map<string, Connection>()
  const admitted = openAdmission(host, openPasswords(host))
  const prefix = '/ocpp/'
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: settings.OCPP_MAX_MESSAGE,
    // 2.0.1 Part 4 §3.3 asks for it; without contexts a connection that is idle holds nothing.
    perMessageDeflate: {
      threshold: 1024,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      concurrencyLimit: 4,
    },
    handleProtocols: offered => versionFor(offered) ?? false,
  })

  async function peerFor(charger: Charger, ocppVersion: OcppVersion, certificateSerial?: string): Promise<Peer> {
    const [transactions, said] = await Promise.all([
      listTransactions(db, charger.id, remembered),
      lastAnswers(db, charger.id, remembered),
    ])
    return {
      id: charger.id,
      connectionId: newId(),
      ocppVersion,
      owner: charger.owner,
      status: charger.status,
      certificateSerial,
      transactions: new Map(transactions.map(transaction => [transaction.reference, transaction])),
      answers: new Map(
        said.map(({ messageId, ...message }) => [messageId, { call: sameness(message), answer: message.frame }]),
      ),
      lastHeardAt: now(),
    }
  }

  /** Once it is on disk that the charger is here, and no sooner, it is listened to. */
  function begin(socket: WebSocket, peer: Peer, ip: string): void {
    socket.pause()
    const connection = openConnection({
      socket,
      peer,
      host,
      batches,
      means,
      handlers: handlers[peer.ocppVersion],
      overheard,
      closed,
    })
    const at = now()
    const { id: chargerId, connectionId, ocppVersion } = peer
    batches.add({
      chargerId,
      decide: () => ({
        write: tx => noteConnected(tx, { id: chargerId, gatewayId: id, connectionId, ocppVersion, address: ip, at }),
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

  function closed({ peer }: Connection, reason: string, superseded: boolean): void {
    if (connections.get(peer.id)?.peer === peer) connections.delete(peer.id)
    if (!superseded) leave(peer.id, peer.connectionId, reason)
  }

  const leave = (chargerId: string, connectionId: string, reason: string): void =>
    batches.add({
      chargerId,
      decide: () => ({
        async write(tx) {
          const at = now()
          if (await noteDisconnected(tx, chargerId, connectionId, at))
            await tx.publish(ChargerDisconnected, { chargerId, connectionId, at: at.toISOString(), reason })
        },
      }),
      done: error =>
        void (error !== undefined && log.warn({ err: error, chargerId }, 'a charger that left is still noted')),
    })

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
    if (status === 'accepted' && before !== 'accepted')
      void here.call('TriggerMessage', { requestedMessage: 'BootNotification' }, settings.OCPP_CALL_TIMEOUT)
  })
  host.watch(ChargerRemoved, ({ chargerId }) => connections.get(chargerId)?.close(1000, 'removed'))

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
      leave(chargerId, connectionId, 'the gateway is gone')
    await db.transaction(forgetGateways)
  })
  host.metrics.gauge('ohmnibus_ocpp_connections', 'Chargers connected to this process', ['version'], gauge => {
    const counts = Map.groupBy(connections.values(), ({ peer }) => peer.ocppVersion)
    for (const [version, of] of counts) gauge.set({ version }, of.length)
  })

  const gateway: Gateway = {
    id,
    connectionOf: chargerId => connections.get(chargerId),
    async admit(url, proof, knock, raw) {
      const chargerId = identityOf(url, prefix)
      const charger = await admitted(chargerId, proof)
      const version = versionFor((proof.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim()))
      // Its identity may be right and its version not: the handshake is done and the connection closed (1.6J §3.2).
      const peer = version && (await peerFor(charger, version, proof.certificateSerial))
      const { socket, head } = knock()
      server.handleUpgrade(raw, socket, head, ws =>
        peer ? begin(ws, peer, proof.ip) : ws.close(1002, 'none of these versions is spoken here'),
      )
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      // Not all back at once: chargers wait a while of their own.
      for (const connection of connections.values()) connection.close(1012, 'the gateway restarts')
      for (let tries = 0; connections.size > 0 && tries < 300; tries++) await new Promise(done => setTimeout(done, 10))
      await batches.idle()
      await db.transaction(tx => removeGateway(tx, id)).catch(() => {})
    },
  }
  host.site.socket(
    '/ocpp/:chargerId',
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
  return gateway
}

function noteAllHeard({ db, log }: OcppHost, connections: ReadonlyMap<string, Connection>): void {
  const heard = [...connections.values()].map(({ peer }) => ({ id: peer.id, at: peer.lastHeardAt }))
  if (heard.length === 0) return
  db.transaction(tx => noteHeard(tx, heard)).catch(error => log.warn({ err: error }, 'it is not noted who was heard'))
}
