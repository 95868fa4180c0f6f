import type { EventActor } from '#contracts/shared'
import { newId, Problem, type Once } from '#kernel'
import type { Charger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import type { Ended, Endings } from './endings.ts'
import type { Hurried } from './hurry.ts'
import { putOnWay, requireSendable } from './send.ts'

/** What who waits for a charger's answer may get instead. */
export const refusals = [
  'charger_not_accepted',
  'charger_offline',
  'command_unsupported',
  'command_invalid',
  'security_profile_lower',
  'command_rejected',
  'command_failed',
  'command_unanswered',
] as const

export type CallCharger = ReturnType<typeof openCalling>

/** Sends a charger a command for somebody, and waits for its end. Fails as `requireSendable` does. */
export const openCalling =
  (host: OcppHost, endings: Endings, waits: (gateway: string, command: Omit<Hurried, 'from'>) => void) =>
  async (request: Once & { actor: EventActor }, charger: Charger, action: string, payload: object) => {
    const { userId, role } = request.actor
    const asked = { chargerId: charger.id, action, payload, requestId: null, askedBy: { userId, role } }
    const id = newId()
    return await endings.after(charger.id, id, host.settings.OCPP_CALL_TIMEOUT + 2_000, async () => {
      const sent = await host.db.once(request, async tx => {
        await putOnWay(host, tx, requireSendable(charger, asked), asked, id)
        return id
      })
      const { gatewayId, connectionId } = charger
      if (sent === id) waits(gatewayId!, { id, chargerId: charger.id, connectionId: connectionId! })
      return sent
    })
  }

/** What a charger answered. Fails with why there is no answer, or none that it went along with. */
export function answerOf(commandId: string, ended: Ended | undefined): Record<string, unknown> {
  const { outcome, answer, errorCode, errorDescription } = ended ?? {}
  if (outcome === 'answered') {
    if ((answer as { status?: unknown }).status !== 'Rejected') return answer as Record<string, unknown>
    throw new Problem('conflict', 'command_rejected', { detail: 'The charger rejects it.', commandId, answer })
  }
  if (outcome === 'error')
    throw new Problem('conflict', 'command_failed', {
      detail: `The charger answers ${errorCode}${errorDescription ? `: ${errorDescription}` : ''}`,
      commandId,
      errorCode,
    })
  if (outcome === 'offline')
    throw new Problem('conflict', 'charger_offline', { detail: 'The charger has gone without an answer.', commandId })
  throw new Problem('unavailable', 'command_unanswered', {
    detail: 'The charger has not answered in time. It may have done it all the same.',
    commandId,
  })
}
