import { CommandSent } from '#contracts/ocpp'
import type { Connection } from '../rpc/connection.ts'
import type { Gateway } from '../rpc/gateway.ts'
import type { OcppHost } from '../host.ts'
import { noteEnd, tellEnd } from './send.ts'
import { endAbandoned, takeCommand } from './store.ts'

/** Sends what waits for chargers whose connection is here, one call after the other. */
export function deliverCommands(host: OcppHost, gateway: Pick<Gateway, 'connectionOf'>): void {
  const { db, log } = host
  const working = new Map<string, { again: boolean }>()

  async function work(chargerId: string): Promise<void> {
    const mine = { again: true }
    working.set(chargerId, mine)
    try {
      while (mine.again) {
        mine.again = false
        // It may be another connection than that of the call before.
        while (await sendNext(host, gateway.connectionOf(chargerId)));
      }
    } catch (error) {
      log.warn({ err: error, chargerId }, 'a command was not sent')
    } finally {
      working.delete(chargerId)
    }
  }

  host.watch(CommandSent, ({ chargerId, connectionId }) => {
    const connection = gateway.connectionOf(chargerId)
    // Ids grow with time: an older connection is one that has been replaced elsewhere.
    if (!connection || connection.peer.connectionId < connectionId) return
    const under = working.get(chargerId)
    if (under) under.again = true
    else void work(chargerId)
  })

  host.every('5 seconds', 'end commands that nobody answers any more', async () => {
    await db.transaction(async tx => {
      for (const command of await endAbandoned(tx, host.now(), host.settings.OCPP_CALL_TIMEOUT))
        await tellEnd(tx, command)
    })
  })
}

/** False where nothing waits. */
async function sendNext({ db, now, settings }: OcppHost, connection: Connection | undefined): Promise<boolean> {
  if (!connection) return false
  const { peer, call } = connection
  const command = await db.transaction(tx => takeCommand(tx, peer.id, peer.connectionId, now()))
  if (!command) return false
  const { id, action, payload } = command
  await call(action, payload, settings.OCPP_CALL_TIMEOUT, ending => ({
    write: tx => noteEnd(tx, id, now(), ending),
  }))
  return true
}
