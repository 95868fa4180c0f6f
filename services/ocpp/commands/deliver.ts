import { CommandSent } from '#contracts/ocpp'
import { openPasswords } from '../chargers/passwords.ts'
import { learn } from '../device/learn.ts'
import type { OcppHost } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { Gateway } from '../rpc/gateway.ts'
import type { Written } from '../rpc/sent.ts'
import { rememberHurried, type Hurry } from './hurry.ts'
import { hasSecrets, withoutSecrets } from './secrets.ts'
import { noteEnd, tellEnd } from './send.ts'
import { endAbandoned, rewritePayload, takeCommands, type Command } from './store.ts'

/**
 * Sends what waits for chargers whose connection is here, to each one call after the other, and what people ask before
 * what the platform does. Commands of many are taken at once: after an outage all chargers start, and each is asked
 * what it is.
 */
export function deliverCommands(
  host: OcppHost,
  gateway: Pick<Gateway, 'connectionOf'>,
  ended: Hurry,
): { hurry: Hurry } {
  const { db, log, now, settings } = host
  const passwords = openPasswords(host)
  /** Chargers for which so many may wait. */
  const waiting = new Map<string, number>()
  /** Those that have one of a person under way, and those that have one of the platform's own. */
  const busy = { people: new Set<string>(), own: new Set<string>() }
  /** Those for which there are only the platform's own beside the one under way. */
  const resting = new Set<string>()
  let taking = false
  const hurried = rememberHurried()

  async function take(): Promise<void> {
    if (taking) return
    taking = true
    try {
      for (;;) {
        const lines = [...waiting.keys()]
          .filter(chargerId => !busy.people.has(chargerId) && !resting.has(chargerId))
          .flatMap(chargerId => {
            const peer = gateway.connectionOf(chargerId)?.peer
            if (!peer) waiting.delete(chargerId)
            const own = !busy.own.has(chargerId)
            return peer ? { chargerId, connectionId: peer.connectionId, own, known: waiting.get(chargerId) } : []
          })
        if (lines.length === 0) return
        const commands = await db.transaction(tx => takeCommands(tx, lines, now()))
        const taken = new Map(commands.map(command => [command.chargerId, command]))
        for (const { chargerId, own, known } of lines) {
          const isTaken = taken.has(chargerId)
          // Of one that waited before the charger came again nobody has told here.
          const left = (waiting.get(chargerId) ?? 1) - (taken.get(chargerId)?.isOlder ? 0 : 1)
          if (isTaken && left > 0) waiting.set(chargerId, left)
          else if (isTaken || own) waiting.delete(chargerId)
          // One that came meanwhile may be a person's, and one that ended meanwhile makes way.
          else if (waiting.get(chargerId) === known && busy.own.has(chargerId)) resting.add(chargerId)
        }
        for (const command of commands) send(command)
      }
    } catch (error) {
      log.warn({ err: error }, 'commands were not sent')
    } finally {
      taking = false
    }
  }

  function send(command: Command): void {
    const { id, chargerId, action, payload, askedBy } = command
    const connection = gateway.connectionOf(chargerId)
    // It left just now: the command is ended with those of gateways that are gone.
    if (!connection) return
    const own = askedBy.role === 'system'
    const mine = own ? busy.own : busy.people
    mine.add(chargerId)
    const written = endOf(connection.peer, command)
    const calling = { timeoutMs: settings.OCPP_CALL_TIMEOUT, own, written }
    void connection.call(action, passwords.unsealed(chargerId, payload), calling).finally(() => {
      mine.delete(chargerId)
      resting.delete(chargerId)
      hurried.ended(id, ended)
      void take()
    })
  }

  /** Ids grow with time: an older connection than the one that is meant has been replaced elsewhere. */
  function expect(chargerId: string, connectionId: string): void {
    const connection = gateway.connectionOf(chargerId)
    if (!connection || connection.peer.connectionId < connectionId) return
    waiting.set(chargerId, (waiting.get(chargerId) ?? 0) + 1)
    resting.delete(chargerId)
    void take()
  }

  host.watch(CommandSent, ({ commandId, chargerId, connectionId }) => {
    // It is taken up already.
    if (!hurried.has(commandId)) expect(chargerId, connectionId)
  })

  endCommands(host)
  return {
    hurry(command) {
      hurried.add(command)
      expect(command.chargerId, command.connectionId)
    },
  }
}

const endOf =
  (peer: Peer, { id, action, payload }: Command): Written =>
  (ending, endedAt) => ({
    async write(tx) {
      await noteEnd(tx, id, endedAt, ending)
      if (hasSecrets(action)) await rewritePayload(tx, id, withoutSecrets(action, payload))
      if (ending.outcome === 'answered') await learn(tx, { peer, action, payload, answer: ending.answer, at: endedAt })
    },
  })

function endCommands({ db, now, settings, every }: OcppHost): void {
  every('5 seconds', 'end commands that nobody answers any more', async () => {
    await db.transaction(async tx => {
      for (const command of await endAbandoned(tx, now(), settings.OCPP_CALL_TIMEOUT)) await tellEnd(tx, command)
    })
  })
}
