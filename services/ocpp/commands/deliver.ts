import { CommandSent } from '#contracts/ocpp'
import { openPasswords } from '../chargers/passwords.ts'
import { learn } from '../device/learn.ts'
import type { OcppHost } from '../host.ts'
import type { Gateway } from '../rpc/gateway.ts'
import { hasSecrets, withoutSecrets } from './secrets.ts'
import { noteEnd, tellEnd } from './send.ts'
import { endAbandoned, rewritePayload, takeCommands, type Command } from './store.ts'

/**
 * Sends what waits for chargers whose connection is here, to each one call after the other. Commands of many are taken
 * at once: after an outage all chargers start, and each is asked what it is.
 */
export function deliverCommands(host: OcppHost, gateway: Pick<Gateway, 'connectionOf'>): void {
  const { db, log, now, settings } = host
  const passwords = openPasswords(host)
  /** Chargers for which so many may wait. */
  const waiting = new Map<string, number>()
  /** Those that have one under way. */
  const busy = new Set<string>()
  let taking = false

  async function take(): Promise<void> {
    if (taking) return
    taking = true
    try {
      for (;;) {
        const lines = [...waiting.keys()]
          .filter(chargerId => !busy.has(chargerId))
          .flatMap(chargerId => {
            const peer = gateway.connectionOf(chargerId)?.peer
            if (!peer) waiting.delete(chargerId)
            return peer ? { chargerId, connectionId: peer.connectionId } : []
          })
        if (lines.length === 0) return
        const commands = await db.transaction(tx => takeCommands(tx, lines, now()))
        const taken = new Set(commands.map(({ chargerId }) => chargerId))
        for (const { chargerId } of lines) {
          const left = (waiting.get(chargerId) ?? 1) - 1
          if (taken.has(chargerId) && left > 0) waiting.set(chargerId, left)
          else waiting.delete(chargerId)
        }
        for (const command of commands) send(command)
      }
    } catch (error) {
      log.warn({ err: error }, 'commands were not sent')
    } finally {
      taking = false
    }
  }

  function send({ id, chargerId, action, payload }: Command): void {
    const connection = gateway.connectionOf(chargerId)
    // It left just now: the command is ended with those of gateways that are gone.
    if (!connection) return
    busy.add(chargerId)
    const { peer } = connection
    void connection
      .call(action, passwords.unsealed(chargerId, payload), settings.OCPP_CALL_TIMEOUT, (ending, endedAt) => ({
        async write(tx) {
          await noteEnd(tx, id, endedAt, ending)
          if (hasSecrets(action)) await rewritePayload(tx, id, withoutSecrets(action, payload))
          if (ending.outcome === 'answered')
            await learn(tx, { peer, action, payload, answer: ending.answer, at: endedAt })
        },
      }))
      .finally(() => {
        busy.delete(chargerId)
        void take()
      })
  }

  host.watch(CommandSent, ({ chargerId, connectionId }) => {
    const connection = gateway.connectionOf(chargerId)
    // Ids grow with time: an older connection is one that has been replaced elsewhere.
    if (!connection || connection.peer.connectionId < connectionId) return
    waiting.set(chargerId, (waiting.get(chargerId) ?? 0) + 1)
    void take()
  })

  host.every('5 seconds', 'end commands that nobody answers any more', async () => {
    await db.transaction(async tx => {
      for (const command of await endAbandoned(tx, now(), settings.OCPP_CALL_TIMEOUT)) await tellEnd(tx, command)
    })
  })
}
