import { CommandEnded, CommandSent, type OcppVersion } from '#contracts/ocpp'
import type { EventActor } from '#contracts/shared'
import { newId, Problem, type Tx } from '#kernel'
import { findCharger, type Charger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import { faultsOf } from '../messages/schemas.ts'
import { commandOf } from './actions.ts'
import { profileSetBy } from './downgrade.ts'
import { endCommand, insertCommand, insertCommands, type Command, type End } from './store.ts'

/** A call to a charger that somebody wants. */
export interface Asked {
  readonly chargerId: string
  /** As the charger's version spells it, whatever the case. */
  readonly action: string
  readonly payload: object
  /** Of the event that asks for it: what comes twice is sent once, and `command.ended` names it. */
  readonly requestId: string | null
  readonly askedBy: EventActor
  /** Later it is not sent any more; unless said after the time that an answer may take. */
  readonly until?: Date | undefined
}

/** A call that can be sent, to a charger that is there. */
interface Ready {
  readonly action: string
  readonly connectionId: string
}

/** Transactions are begun and ended by who was accepted only (2.0.1 B02.FR.05). */
const forAccepted = new Set([
  'RemoteStartTransaction',
  'RemoteStopTransaction',
  'RequestStartTransaction',
  'RequestStopTransaction',
])

/**
 * Holds a call to what the charger's version takes. Fails with `charger_unknown`, `charger_not_accepted`,
 * `command_unsupported`, `command_invalid`, `security_profile_lower`, `charger_offline`.
 */
export function requireSendable(charger: Charger | undefined, { action: given, payload }: Asked): Ready {
  if (!charger) throw new Problem('not_found', 'charger_unknown')
  const { status, ocppVersion: version, connectionId } = charger
  if (!version || !connectionId) {
    if (!version && !isAnywhere(given)) throw unsupported(given, 'any version')
    throw new Problem('conflict', 'charger_offline', { detail: 'The charger is not connected.' })
  }
  const action = commandOf(version, given)
  if (!action) throw unsupported(given, version)
  if (status === 'rejected' || (status === 'pending' && forAccepted.has(action)))
    throw new Problem('conflict', 'charger_not_accepted', {
      detail: `The charger is ${status}: it has to be accepted first.`,
    })
  const errors = faultsOf(version, action, 'request', payload)
  if (errors.length > 0)
    throw new Problem('unprocessable', 'command_invalid', {
      detail: `${action} of ${version}: ${errors.map(({ pointer, detail }) => `${pointer || '/'} ${detail}`).join('; ')}`,
      errors,
    })
  requireNoDowngrade(charger, action, payload)
  return { action, connectionId }
}

/** Whoever gets at the platform is not to get at the wire of its chargers too (2.0.1 A00.FR.005). */
function requireNoDowngrade({ securityProfile }: Charger, action: string, payload: object): void {
  const wanted = profileSetBy(action, payload)
  if (wanted === undefined || securityProfile === null || !(wanted < securityProfile)) return
  throw new Problem('conflict', 'security_profile_lower', {
    detail:
      `The charger uses security profile ${securityProfile}, and no command takes it down to ${wanted}: ` +
      `set ${securityProfile} or a higher one, or change it at the charger itself.`,
  })
}

const versions: OcppVersion[] = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']
const isAnywhere = (action: string): boolean => versions.some(version => commandOf(version, action))

const unsupported = (action: string, version: string): Problem =>
  new Problem('unprocessable', 'command_unsupported', {
    detail: `${version} has no command ${action.slice(0, 50)} that a charger could be sent.`,
  })

/** Puts a call on its way; false where its request was taken up before. */
export async function putOnWay(
  { now, settings }: OcppHost,
  tx: Tx<'ocpp'>,
  { action, connectionId }: Ready,
  asked: Asked,
  id = newId(),
): Promise<boolean> {
  const { chargerId, payload, requestId, askedBy } = asked
  const askedAt = now()
  const until = asked.until ?? new Date(askedAt.getTime() + settings.OCPP_CALL_TIMEOUT)
  const command = { id, chargerId, action, payload, requestId, askedBy, askedAt, until, connectionId }
  if (!(await insertCommand(tx, command))) return false
  await tx.publish(CommandSent, { commandId: id, chargerId, action, connectionId, until: until.toISOString() })
  return true
}

/**
 * Sends a call that an event asks for; once, however often that is delivered. What cannot be sent has ended at once:
 * `command.ended` with the code of the problem.
 */
export async function sendCommand(host: OcppHost, tx: Tx<'ocpp'>, asked: Asked): Promise<void> {
  const charger = await findCharger(tx, asked.chargerId)
  try {
    await putOnWay(host, tx, requireSendable(charger, asked), asked)
  } catch (error) {
    if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
    await refuseCommand(host, tx, asked, error)
  }
}

/** Ends a call that an event asks for before it is sent. */
export async function refuseCommand(
  { now }: OcppHost,
  tx: Tx<'ocpp'>,
  asked: Asked,
  { code, message }: Problem,
): Promise<void> {
  const [id, at] = [newId(), now()]
  const outcome = code === 'charger_offline' ? 'offline' : 'error'
  const isNew = await insertCommand(tx, { ...asked, id, askedAt: at, until: at, connectionId: null })
  if (isNew) await noteEnd(tx, id, at, { outcome, errorCode: code, errorDescription: message })
}

/** Sends each of these, as far as it can be sent now, and forgets the others: for what comes by the thousand. Requests that were sent. */
export async function sendToAll(
  host: OcppHost,
  tx: Tx<'ocpp'>,
  asks: readonly (Asked & { charger: Charger })[],
): Promise<Set<string | null>> {
  const askedAt = host.now()
  const until = new Date(askedAt.getTime() + host.settings.OCPP_CALL_TIMEOUT)
  const commands = asks.flatMap(({ charger, ...asked }) => {
    try {
      return { id: newId(), askedAt, until, ...asked, ...requireSendable(charger, asked) }
    } catch (error) {
      if (error instanceof Problem) return []
      throw error
    }
  })
  if (commands.length === 0) return new Set()
  const added = await insertCommands(tx, commands)
  for (const { id, chargerId, action, connectionId } of commands)
    if (added.has(id))
      await tx.publish(CommandSent, { commandId: id, chargerId, action, connectionId, until: until.toISOString() })
  return new Set(commands.filter(({ id }) => added.has(id)).map(({ requestId }) => requestId))
}

/** Notes how a call ended, and tells it: the first who knows does. */
export async function noteEnd(tx: Tx<'ocpp'>, id: string, at: Date, end: End): Promise<void> {
  const command = await endCommand(tx, id, at, end)
  if (command) await tellEnd(tx, command)
}

export const tellEnd = async (tx: Tx<'ocpp'>, command: Command): Promise<void> => {
  const { id, chargerId, action, requestId, outcome, answer, errorCode, errorDescription } = command
  await tx.publish(CommandEnded, {
    commandId: id,
    chargerId,
    action,
    requestId,
    outcome: outcome!,
    ...(answer !== null && { answer }),
    ...(errorCode !== null && { errorCode }),
    ...(errorDescription !== null && { errorDescription }),
  })
}
